/** What an agent that crashed left in an outlet. */
import type { Account } from '../../shared/model.ts';
import type { Outlets } from '../outlets/outlets.ts';
import type { SessionService } from './session-service.ts';

/**
 * Serves what is still good of it, and takes away what is no use any more.
 * @param now milliseconds since the epoch.
 * @throws AppError what the outlets throw.
 */
export async function takeUpLeft(
  outlets: Pick<Outlets, 'left' | 'clear'>,
  sessions: Pick<SessionService, 'resume'>,
  accounts: readonly Account[],
  now: number,
): Promise<void> {
  const outletOf = new Map(accounts.map(({ id, outlet }) => [id, outlet]));
  const found = await outlets.left();
  const live = found.flatMap(({ accountId, credentials, expiresAt }) =>
    outletOf.get(accountId) === 'credentials-file' && expiresAt > now
      ? [{ account: accountId, live: { credentials, expiresAt, issuedAt: now, assumedRoleArn: null } }]
      : [],
  );
  const kept = new Set(live.map(({ account }) => account));
  await outlets.clear(found.map(({ accountId }) => accountId).filter((id) => !kept.has(id)));
  sessions.resume(live);
}
