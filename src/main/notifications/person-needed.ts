/** A session that is still served cannot be renewed without a person. Told when little time is left, and once more. */
import type { Reason } from '../../shared/model.ts';
import type { AccountView, Situation } from './notification.ts';

const minuteMs = 60_000;
/** When it is told, minutes before the end. */
const thresholds = [15, 5] as const;

/** What is needed, as a title, and what to do about it. */
const needs: Readonly<
  Record<Reason, (label: string) => { readonly title: string; readonly remedy: string }>
> = {
  pin: (label) => ({
    title: `“${label}” needs its PIN or passphrase`,
    remedy: 'Connect it and type the PIN or passphrase.',
  }),
  touch: (label) => ({
    title: `“${label}” needs a touch of its token`,
    remedy: 'Connect it and touch the token when it blinks.',
  }),
  'token-absent': (label) => ({
    title: `“${label}” needs its token`,
    remedy: 'Plug the token in and connect.',
  }),
  'pin-locked': (label) => ({
    title: `The PIN for “${label}” is locked`,
    remedy: 'Unlock it with the PUK or the tool of the token’s maker, then connect.',
  }),
  certificate: (label) => ({
    title: `“${label}” needs another certificate`,
    remedy: 'Open Rolekey to see what is wrong with the one it has.',
  }),
  choose: (label) => ({
    title: `“${label}” needs a decision of yours`,
    remedy: 'Open Rolekey to see what it is about.',
  }),
};

export const personNeeded: Situation = {
  name: 'person-needed',
  tell: ({ label, state }, now) => {
    const left = leftOf(state, now);
    const minutes = thresholds.findLast((each) => left !== null && left <= each * minuteMs);
    if (left === null || left <= 0 || minutes === undefined || state.reason === null) return null;
    const { title, remedy } = needs[state.reason](label);
    return {
      key: `${state.reason} ${String(minutes)}`,
      title,
      body: `The session of “${label}” ends within ${String(minutes)} minutes. ${remedy}`,
      isDue: true,
    };
  },
  nextLook: ({ state }, now) => {
    const left = leftOf(state, now);
    const next = thresholds.find((each) => left !== null && left > each * minuteMs);
    return left === null || next === undefined ? null : now + left - next * minuteMs;
  },
};

/** What is left of a session that waits for a person, milliseconds; null where there is none. */
function leftOf({ activity, serving }: AccountView['state'], now: number): number | null {
  if (activity !== 'needs-you' || serving === null) return null;
  return Date.parse(serving.expiresAt) - now;
}
