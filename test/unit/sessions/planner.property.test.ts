import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backOff, plan, tickMs, type PlannedSession } from '../../../src/main/sessions/planner.ts';
import { activitySchema } from '../../../src/shared/model.ts';

const now = 1_800_000_000_000;
/** Around now more often than not, on whole and on half milliseconds; at times years away, as after a jump. */
const moment = fc.oneof(
  fc.integer({ min: -40, max: 40 }).map((halves) => now + halves / 2),
  fc.integer({ min: -7_200_000, max: 7_200_000 }).map((ms) => now + ms),
  fc.integer({ min: -1e12, max: 1e12 }).map((ms) => now + ms),
);
const servings = fc.tuple(moment, fc.integer({ min: 1, max: 43_200_000 })).map(([expiresAt, lifetime]) => ({
  expiresAt,
  renewAt: expiresAt - lifetime / 2,
}));
const session = fc.record({
  activity: fc.constantFrom(...activitySchema.options),
  serving: fc.option(servings),
  retryAt: fc.option(moment),
  unpublished: fc.boolean(),
  withdrawAt: fc.option(moment),
});
/** Any world, also those no service makes. */
const worlds = fc
  .array(session, { maxLength: 20 })
  .map((sessions) =>
    sessions.map((each, index): PlannedSession => ({ ...each, account: `a${String(index)}` })),
  );

const actionsOf = (sessions: readonly PlannedSession[], account: string) =>
  plan(now, sessions).actions.filter((action) => action.account === account);

it('no session gets two actions, none is invented, and the order is that of the sessions', () => {
  fc.assert(
    fc.property(worlds, (sessions) => {
      const acted = plan(now, sessions).actions.map(({ account }) => account);
      const known = sessions.map(({ account }) => account);
      expect(acted).toEqual(known.filter((account) => acted.includes(account)));
    }),
    { numRuns: 1000 },
  );
});

it('the next look is in the future, and never more than a tick away', () => {
  fc.assert(
    fc.property(worlds, (sessions) => {
      const { wakeAt } = plan(now, sessions);
      expect(wakeAt).toBeGreaterThan(now);
      expect(wakeAt).toBeLessThanOrEqual(now + tickMs);
    }),
    { numRuns: 1000 },
  );
});

it('what has expired is ended before anything else is done with it', () => {
  fc.assert(
    fc.property(worlds, (sessions) => {
      for (const { account, serving } of sessions) {
        const kinds = actionsOf(sessions, account).map(({ kind }) => kind);
        if (serving !== null && serving.expiresAt <= now) expect(kinds).toEqual(['expire']);
        else expect(kinds).not.toContain('expire');
      }
    }),
    { numRuns: 1000 },
  );
});

it('no session that is due is left undone, and none that is not is touched', () => {
  fc.assert(
    fc.property(worlds, (sessions) => {
      for (const { account, activity, serving, retryAt, unpublished, withdrawAt } of sessions) {
        if (serving !== null && serving.expiresAt <= now) continue; // ended
        const underWay = activity === 'connecting' || activity === 'renewing';
        const triesAgain = retryAt !== null && retryAt <= now;
        const halfGone = serving !== null && serving.renewAt <= now;
        const isDue = !underWay && (triesAgain || (halfGone && activity === 'idle' && retryAt === null));
        const [action] = actionsOf(sessions, account);
        if (withdrawAt !== null && withdrawAt <= now) expect(action?.kind).toBe('withdraw');
        else if (isDue) expect(action?.kind).toMatch(unpublished ? /^(publish|renew)$/ : /^renew$/);
        else if (underWay || !(halfGone && unpublished)) expect(action).toBeUndefined();
      }
    }),
    { numRuns: 1000 },
  );
});

it('whatever comes next is looked at in time: no later than it is due, if that is within a tick', () => {
  fc.assert(
    fc.property(worlds, (sessions) => {
      const { wakeAt } = plan(now, sessions);
      for (const { activity, serving, retryAt, withdrawAt } of sessions) {
        const times = [
          ...(serving === null ? [] : [serving.expiresAt]),
          ...(activity === 'idle' && retryAt === null && serving !== null ? [serving.renewAt] : []),
          ...(withdrawAt === null ? [] : [withdrawAt]),
          ...(activity === 'retrying' && retryAt !== null ? [retryAt] : []),
        ];
        for (const time of times) if (time > now) expect(wakeAt).toBeLessThanOrEqual(time);
      }
    }),
    { numRuns: 1000 },
  );
});

it('the order of sessions changes nothing but the order of actions', () => {
  fc.assert(
    fc.property(worlds, (sessions) => {
      const [plain, reversed] = [plan(now, sessions), plan(now, [...sessions].reverse())];
      expect(reversed.wakeAt).toBe(plain.wakeAt);
      expect([...reversed.actions].reverse()).toEqual(plain.actions);
    }),
  );
});

it('back-off stays within its bounds and grows with chance', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e6 }),
      fc.option(fc.integer({ min: -1e6, max: 1e8 })),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (failures, remaining, random) => {
        const pause = backOff(failures, remaining, random);
        const isPressing = remaining !== null && remaining > 0 && remaining < 300_000;
        expect(pause).toBeGreaterThanOrEqual(1000);
        expect(pause).toBeLessThanOrEqual(isPressing ? 30_000 : 300_000);
        expect(pause).toBeLessThanOrEqual(Math.max(1000, 5000 * 2 ** (failures - 1)));
        expect(backOff(failures, remaining, random / 2)).toBeLessThanOrEqual(pause);
      },
    ),
  );
});
