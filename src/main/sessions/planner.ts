/**
 * What is due now and when to look again: a pure function of wall-clock time, the sessions' states, the network, the
 * screen lock, and what is known of keys and tokens. It is called on a tick, so a clock that jumped or a laptop that slept
 * is nothing special.
 */
import { askingAtMinutes } from '../../shared/constants.ts';
import type { Activity, KeyInfo, Reason } from '../../shared/model.ts';
import { needsTouch } from '../../shared/touch.ts';

/** Times are milliseconds since the epoch. */
export interface PlannedSession {
  readonly account: string;
  readonly activity: Activity;
  /** What a person is needed for; null where none is. */
  readonly reason: Reason | null;
  readonly serving: { readonly expiresAt: number; readonly renewAt: number } | null;
  readonly retryAt: number | null;
  /** The credentials being served are not yet where the outlet should have put them. */
  readonly unpublished: boolean;
  /** When to empty the outlet, which kept what it should have given up; null where it did not, or that is under way. */
  readonly withdrawAt: number | null;
  /** The touch policy of the key that will sign; `unknown` also where it may be another key than last time. */
  readonly touch: KeyInfo['touch'];
  /** What it waits for a person for is there meanwhile: the token is plugged in again, or its PIN is held. */
  readonly isWayClear: boolean;
  /** For which of {@link askingAtMinutes} a person was asked, since it serves what it serves; null: for none. */
  readonly asked: number | null;
}

/** What is known of the computer. */
export interface Surroundings {
  /** False where it is known that no network is there. */
  readonly isOnline: boolean;
  /** Whether the screen is. */
  readonly isLocked: boolean;
}

/**
 * `renew`: sign and ask AWS, without a person. `need`: wait for a person, since the key wants a touch. `ask`: tell a person
 * that he is waited for. `publish`: give the outlet what it could not take. `withdraw`: take from it what it could not give
 * up. `expire`: it is over.
 */
export type Action =
  | { readonly kind: 'renew' | 'need' | 'publish' | 'withdraw' | 'expire'; readonly account: string }
  | {
      readonly kind: 'ask';
      readonly account: string;
      /** How much of the session is left at most, minutes: one of {@link askingAtMinutes}. */
      readonly minutes: number;
    };

export interface Plan {
  /** At most one for each session, in their order. */
  readonly actions: readonly Action[];
  /** When to plan again at the latest, milliseconds since the epoch. */
  readonly wakeAt: number;
}

/** The longest time between two looks: short enough that a jump of the clock is met soon. */
export const tickMs = 15_000;

/** While the computer is offline renewal is put off as long as credentials are good for more than this, milliseconds. */
const offlineReserveMs = 300_000;

const minuteMs = 60_000;

interface Due {
  readonly action: Action;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export function plan(
  now: number,
  sessions: readonly PlannedSession[],
  surroundings: Surroundings = { isOnline: true, isLocked: false },
): Plan {
  const actions: Action[] = [];
  let wakeAt = now + tickMs;
  for (const session of sessions) {
    const due = dueOf(session, now, surroundings);
    for (const { at } of due) if (at > now) wakeAt = Math.min(wakeAt, at);
    const [first] = due.filter(({ at }) => at <= now);
    if (first !== undefined) actions.push(first.action);
  }
  return { actions, wakeAt };
}

/** What will be due when, most urgent first. */
function dueOf(session: PlannedSession, now: number, { isOnline, isLocked }: Surroundings): Due[] {
  const { account, activity, serving, withdrawAt } = session;
  const due: Due[] = [];
  const add = (kind: Exclude<Action['kind'], 'ask'>, at: number): void => {
    due.push({ action: { kind, account }, at });
  };
  if (serving !== null) add('expire', serving.expiresAt);
  // Whatever else the account does, and quickly done.
  if (withdrawAt !== null) add('withdraw', withdrawAt);
  if (activity === 'connecting' || activity === 'renewing') return due; // under way
  const attempt = attemptOf(session, now, isOnline);
  if (attempt !== null) add(attempt.kind, attempt.at);
  // Who unlocks the screen is asked then.
  if (activity === 'needs-you' && serving !== null && !isLocked) {
    const asking = askingOf(session, serving.expiresAt, now);
    if (asking !== null)
      due.push({ action: { kind: 'ask', account, minutes: asking.minutes }, at: asking.at });
  }
  return due;
}

/** What is to be tried next for the session, and when; null: nothing, until somebody or something comes. */
function attemptOf(
  { activity, serving, retryAt, unpublished, touch, isWayClear }: PlannedSession,
  now: number,
  isOnline: boolean,
): { readonly kind: 'renew' | 'need' | 'publish'; readonly at: number } | null {
  if (activity === 'needs-you' && isWayClear) return { kind: 'renew', at: now };
  // An outlet that takes nothing must not cost the credentials themselves: once renewal is due, that goes first.
  const isEarly = serving !== null && serving.renewAt > now;
  if (retryAt !== null) return { kind: unpublished && isEarly ? 'publish' : 'renew', at: retryAt };
  if (serving === null || activity !== 'idle') return null;
  const { renewAt, expiresAt } = serving;
  // A key that wants a touch is left alone until a person is there.
  if (needsTouch(touch)) return { kind: 'need', at: renewAt };
  return { kind: 'renew', at: isOnline ? renewAt : Math.max(renewAt, expiresAt - offlineReserveMs) };
}

/** For how many minutes' rest a person is to be asked next, and when; null: not again. */
function askingOf(
  { asked }: PlannedSession,
  expiresAt: number,
  now: number,
): { readonly minutes: number; readonly at: number } | null {
  const left = (expiresAt - now) / minuteMs;
  // What was missed, with the screen locked or the computer asleep, is not made up for: the latest counts.
  const minutes =
    askingAtMinutes.findLast((each) => left <= each) ?? askingAtMinutes.find((each) => left > each);
  if (minutes === undefined) return null;
  if (asked === null || minutes < asked) return { minutes, at: expiresAt - minutes * minuteMs };
  const next = askingAtMinutes.find((each) => each < asked);
  return next === undefined ? null : { minutes: next, at: expiresAt - next * minuteMs };
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
