/** What an agent left in an outlet: one that crashed, or one that could not empty it. */
import { formatTime, type Account, type HandedOver } from '../../shared/model.ts';
import type { Outlets } from '../outlets/outlets.ts';
import type { LiveSession } from './live-session.ts';
import type { SessionService } from './session-service.ts';

/**
 * Serves what is still good of it, and takes away what is no use any more or was to be gone before.
 * @param unemptied accounts whose credentials were to be taken away and could not be.
 * @param now milliseconds since the epoch.
 * @throws AppError what the outlets throw.
 */
export async function takeUpLeft(
  outlets: Pick<Outlets, 'left' | 'clear'>,
  sessions: Pick<SessionService, 'resume' | 'withdraw'>,
  accounts: readonly Account[],
  unemptied: readonly string[],
  now: number,
): Promise<void> {
  const outletOf = new Map(accounts.map(({ id, outlet }) => [id, outlet]));
  await sessions.withdraw(unemptied.filter((id) => outletOf.has(id)));
  const found = await outlets.left();
  // Of an account that writes there the session tells, and tries again, where nothing can be taken away.
  const ours = found.filter(({ accountId }) => outletOf.get(accountId) === 'credentials-file');
  const others = found.filter((each) => !ours.includes(each)).map(({ accountId }) => accountId);
  const wanted = ours.filter(({ accountId }) => !unemptied.includes(accountId));
  const live = wanted.filter(({ expiresAt }) => expiresAt > now);
  const expired = wanted.filter((each) => !live.includes(each)).map(({ accountId }) => accountId);
  sessions.resume(
    live.map(({ accountId, credentials, expiresAt }) => ({
      account: accountId,
      live: { credentials, expiresAt, issuedAt: now, assumedRoleArn: null },
    })),
  );
  await sessions.withdraw(expired);
  await outlets.clear(others);
}

/** What this agent serves, for the agent that lives on in its place. */
export function handOver({ account, live }: { account: string; live: LiveSession }): HandedOver {
  const { credentials, expiresAt, issuedAt, assumedRoleArn } = live;
  return {
    account,
    credentials: { ...credentials, expiration: formatTime(expiresAt) },
    issuedAt: formatTime(issuedAt),
    assumedRoleArn,
  };
}

/** Serves what the agent before handed over, as far as it is still good and the account is still there. */
export function takeHandedOver(
  sessions: Pick<SessionService, 'resume'>,
  accounts: readonly Account[],
  handedOver: readonly HandedOver[],
  now: number,
): void {
  const known = new Set(accounts.map(({ id }) => id));
  const live = handedOver.map(({ account, credentials: { expiration, ...credentials }, ...rest }) => ({
    account,
    live: {
      credentials,
      expiresAt: Date.parse(expiration),
      issuedAt: Date.parse(rest.issuedAt),
      assumedRoleArn: rest.assumedRoleArn,
    },
  }));
  sessions.resume(live.filter((each) => known.has(each.account) && each.live.expiresAt > now));
}
