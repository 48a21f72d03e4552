/**
 * What is due now and when to look again: a pure function of wall-clock time and the sessions' states.
 * It is called on a tick, so a clock that jumped or a laptop that slept is nothing special.
 */
import type { Activity } from '../../shared/model.ts';

/** Times are milliseconds since the epoch. */
export interface PlannedSession {
  readonly account: string;
  readonly activity: Activity;
  readonly serving: { readonly expiresAt: number; readonly renewAt: number } | null;
  readonly retryAt: number | null;
  /** The credentials being served are not yet where the outlet should have put them. */
  readonly unpublished: boolean;
  /** When to empty the outlet, which kept what it should have given up; null where it did not, or that is under way. */
  readonly withdrawAt: number | null;
}

export interface Action {
  /**
   * `renew`: sign and ask AWS, without a person. `publish`: give the outlet what it could not take. `withdraw`: take
   * from it what it could not give up. `expire`: it is over.
   */
  readonly kind: 'renew' | 'publish' | 'withdraw' | 'expire';
  readonly account: string;
}

export interface Plan {
  readonly actions: readonly Action[];
  /** When to plan again at the latest, milliseconds since the epoch. */
  readonly wakeAt: number;
}

/** The longest time between two looks: short enough that a jump of the clock is met soon. */
export const tickMs = 15_000;

/** While the computer is offline renewal is put off as long as credentials are good for more than this, milliseconds. */
const offlineReserveMs = 300_000;

/** @param isOnline false where it is known that no network is there. */
export function plan(now: number, sessions: readonly PlannedSession[], isOnline = true): Plan {
  const actions: Action[] = [];
  let wakeAt = now + tickMs;
  for (const session of sessions) {
    const due = dueOf(session, now, isOnline);
    for (const { at } of due) if (at > now) wakeAt = Math.min(wakeAt, at);
    const [action] = due.filter(({ at }) => at <= now);
    if (action !== undefined) actions.push({ kind: action.kind, account: session.account });
  }
  return { actions, wakeAt };
}

/** What will be due when, most urgent first. */
function dueOf(
  session: PlannedSession,
  now: number,
  isOnline: boolean,
): { kind: Action['kind']; at: number }[] {
  const { activity, serving, retryAt, unpublished, withdrawAt } = session;
  const due: { kind: Action['kind']; at: number }[] = [];
  if (serving !== null) due.push({ kind: 'expire', at: serving.expiresAt });
  // Whatever else the account does, and quickly done.
  if (withdrawAt !== null) due.push({ kind: 'withdraw', at: withdrawAt });
  if (activity === 'connecting' || activity === 'renewing') return due; // under way
  // An outlet that takes nothing must not cost the credentials themselves: once renewal is due, that goes first.
  const isEarly = serving !== null && serving.renewAt > now;
  if (retryAt !== null) due.push({ kind: unpublished && isEarly ? 'publish' : 'renew', at: retryAt });
  else if (serving !== null && activity === 'idle') {
    const { renewAt, expiresAt } = serving;
    due.push({ kind: 'renew', at: isOnline ? renewAt : Math.max(renewAt, expiresAt - offlineReserveMs) });
  }
  return due;
}

/**
 * Full-jitter back-off: a random part of 5 s doubling to 5 min, never more than 30 s while under 5 min are left.
 * @param failures how many in a row, from 1.
 * @param remaining milliseconds the credentials being served have left; null where there are none.
 * @param random from 0 to below 1.
 * @returns milliseconds, at least one second.
 */
export function backOff(failures: number, remaining: number | null, random: number): number {
  const ceiling = Math.min(5000 * 2 ** Math.min(failures - 1, 16), 300_000);
  const pressing = remaining !== null && remaining > 0 && remaining < 300_000;
  return Math.max(1000, random * (pressing ? Math.min(ceiling, 30_000) : ceiling));
}
