/** Every state there can be, for tests that must hold for each. */
import { activitySchema, reasonSchema, type State } from '../../../src/shared/model.ts';

/** 12:00 of a day, milliseconds since the epoch. */
export const noon = Date.parse('2026-11-24T12:00:00Z');

/** @param minutes from {@link noon}. */
export function at(minutes: number): string {
  return `${new Date(noon + minutes * 60_000).toISOString().slice(0, 19)}Z`;
}

/** Of a session of an hour. @param minutesLeft at {@link noon}. */
export function servingFor(minutesLeft: number): NonNullable<State['serving']> {
  return { expiresAt: at(minutesLeft), renewAt: at(minutesLeft - 30) };
}

export function state(rest: Partial<State> = {}): State {
  return { activity: 'idle', reason: null, serving: null, retryAt: null, error: null, ...rest };
}

/** Every activity with every reason, serving, served until a moment ago, and not. */
export const everyState: readonly State[] = activitySchema.options.flatMap((activity) =>
  [null, ...reasonSchema.options].flatMap((reason) =>
    [null, servingFor(42), servingFor(-1)].map((serving) => state({ activity, reason, serving })),
  ),
);
