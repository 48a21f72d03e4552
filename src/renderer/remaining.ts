/** How much of a session is left, in the steps in which it is shown. Pure. */
import type { State } from '../shared/model.ts';

type Serving = NonNullable<State['serving']>;

/** Whole seconds until a time of the model, none below 0. @param now milliseconds since the epoch. */
export function secondsLeft(expiresAt: string, now: number): number {
  return Math.max(0, Math.floor((Date.parse(expiresAt) - now) / 1000));
}

/** Finer steps cannot be seen on a ring of this size, and each would paint it again. */
const ringSteps = 360;

/**
 * The part of its lifetime a session has left, from 0 to 1. It is renewed at half of its life, which tells how long that
 * is.
 * @param now milliseconds since the epoch.
 */
export function fractionLeft({ expiresAt, renewAt }: Serving, now: number): number {
  const end = Date.parse(expiresAt);
  const lifetime = 2 * (end - Date.parse(renewAt));
  if (end <= now) return 0;
  if (lifetime <= 0) return 1;
  return Math.min(1, Math.ceil(((end - now) / lifetime) * ringSteps) / ringSteps);
}

/** Whether credentials are handed out at that moment: an agent that sleeps tells of their end too late. */
export function servesAt(state: State, now: number): state is State & { serving: Serving } {
  return state.serving !== null && Date.parse(state.serving.expiresAt) > now;
}
