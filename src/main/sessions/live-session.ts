/** Credentials that are served, by this computer's clock. */
import type { IssuedSession, SessionCredentials } from './create-session.ts';

/** Times are milliseconds since the epoch. */
export interface LiveSession {
  readonly credentials: SessionCredentials;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Null where it was taken up from an outlet, which does not keep it. */
  readonly assumedRoleArn: string | null;
}

/** Offsets below this are the blur of a header that tells whole seconds, milliseconds. */
const clockBlurMs = 5000;

/**
 * AWS tells times by its own clock. All who read them here, SDKs among them, compare them with this computer's, so they
 * are moved to that where it is wrong.
 */
export function byLocalClock(issued: IssuedSession): LiveSession {
  const { credentials, assumedRoleArn, clockOffsetMs } = issued;
  const shift = Math.abs(clockOffsetMs) < clockBlurMs ? 0 : clockOffsetMs;
  return {
    credentials,
    assumedRoleArn,
    issuedAt: issued.issuedAt - shift,
    expiresAt: issued.expiresAt - shift,
  };
}
