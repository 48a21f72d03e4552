/** The state of a session inside the engine (milliseconds) and as the contract (docs/cli.md) shows it (RFC 3339). */
import type { ErrorCode, ErrorShape } from '../../shared/errors.ts';
import { formatTime, type Activity, type Reason, type State } from '../../shared/model.ts';

/** What the session is doing and what it can hand out. Times are milliseconds since the epoch. */
export interface SessionState {
  readonly activity: Activity;
  readonly reason: Reason | null;
  readonly serving: { readonly expiresAt: number; readonly renewAt: number } | null;
  readonly retryAt: number | null;
  readonly error: ErrorShape | null;
}

export const idle: SessionState = {
  activity: 'idle',
  reason: null,
  serving: null,
  retryAt: null,
  error: null,
};

/** The contract's `State`. */
export function toState({ activity, reason, serving, retryAt, error }: SessionState): State {
  return {
    activity,
    reason,
    serving:
      serving === null
        ? null
        : { expiresAt: formatTime(serving.expiresAt), renewAt: formatTime(serving.renewAt) },
    retryAt: retryAt === null ? null : formatTime(retryAt),
    error,
  };
}

/** What is told of a session whose outlet holds what it should have given up. @param error why it does. */
export function withUnemptied(state: SessionState, error: ErrorShape): SessionState {
  switch (state.activity) {
    case 'connecting':
    case 'renewing':
      return state; // something newer is on its way there
    case 'idle':
      return { ...state, activity: 'failed', error };
    case 'needs-you':
    case 'retrying':
    case 'failed': {
      const own = state.error;
      if (own === null) return { ...state, error };
      // What keeps it from serving decides what is to be done; the other trouble is told beside it.
      return { ...state, error: { ...own, message: `${own.message} ${error.message}` } };
    }
  }
}

/** A session is renewed when half of its lifetime is gone. */
export function renewalTime(issuedAt: number, expiresAt: number): number {
  return issuedAt + (expiresAt - issuedAt) / 2;
}

/** What a failure asks for: a person, patience, or nothing that would help by itself. */
export type Consequence =
  | { readonly activity: 'needs-you'; readonly reason: Reason }
  | { readonly activity: 'retrying' }
  | { readonly activity: 'failed' };

const needs: Partial<Record<ErrorCode, Reason>> = {
  'pin-needed': 'pin',
  'pin-incorrect': 'pin',
  'pin-final': 'pin',
  'pin-length': 'pin',
  'passphrase-incorrect': 'pin',
  'pin-locked': 'pin-locked',
  'touch-needed': 'touch',
  'token-absent': 'token-absent',
  'key-ambiguous': 'choose',
  'ssh-agent-refused': 'choose',
  'module-unconfirmed': 'choose',
};

/** Failures that pass by themselves. */
const passing = new Set<ErrorCode>([
  'network-unreachable',
  'aws-throttled',
  'aws-failed',
  'token-failed',
  'clock-skew',
]);

export function consequenceOf(code: ErrorCode): Consequence {
  const reason = needs[code] ?? (code.startsWith('cert-') ? 'certificate' : undefined);
  if (reason !== undefined) return { activity: 'needs-you', reason };
  return { activity: passing.has(code) ? 'retrying' : 'failed' };
}
