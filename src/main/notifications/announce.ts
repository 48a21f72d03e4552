/**
 * What to show now and what to take back: a pure function of the time, the accounts and what was told before.
 *
 * Nothing is shown while the screen is locked, nothing twice, and nothing of an account that never served since it was
 * connected: whoever has just begun that is looking at it. Accounts in one situation share one notification, and one
 * that has just been shown is not shown anew at once: a hundred that expire within minutes are a few notifications.
 */
import { backAgain } from './back-again.ts';
import { certificateExpires } from './certificate-expires.ts';
import { clockWrong } from './clock-wrong.ts';
import { keyUnplugged } from './key-unplugged.ts';
import { followAll, viewsOf, type Memory } from './memory.ts';
import type { AccountView, Notification, Situation } from './notification.ts';
import { personNeeded } from './person-needed.ts';
import { pinLocked } from './pin-locked.ts';
import { Round } from './round.ts';
import { sessionExpired } from './session-expired.ts';

export { follow, nothingTold, type Memory } from './memory.ts';

/** Which accounts are owed another word is known before that is told. */
export const situations: readonly Situation[] = [
  sessionExpired,
  personNeeded,
  keyUnplugged,
  pinLocked,
  certificateExpires,
  clockWrong,
  backAgain,
];

export interface Announcement {
  readonly show: readonly Notification[];
  /** IDs of what is no longer true. */
  readonly withdraw: readonly string[];
  readonly memory: Memory;
  /** When to look again though no state changes, milliseconds since the epoch; null: never. */
  readonly wakeAt: number | null;
}

/**
 * @param now milliseconds since the epoch.
 * @param isLocked whether the screen is.
 * @param accounts all there are, as they are now.
 */
export function announce(
  now: number,
  isLocked: boolean,
  accounts: readonly AccountView[],
  before: Memory,
): Announcement {
  const round = new Round(now, isLocked, { ...before, accounts: followAll(before, accounts) });
  let views = viewsOf(round.accounts, accounts);
  for (const situation of situations) {
    round.tell(situation, views);
    if (situation.returns !== undefined) views = viewsOf(round.accounts, accounts); // with who is owed a word now
  }
  const looks = situations.map(({ nextLook }) => nextLook(views, now) ?? Infinity);
  const wakeAt = Math.min(round.nextShow, ...looks);
  return {
    show: round.show,
    withdraw: round.withdraw,
    memory: round.memory(situations, views),
    // Whoever unlocks the screen has it looked at anew.
    wakeAt: isLocked || wakeAt === Infinity ? null : wakeAt,
  };
}
