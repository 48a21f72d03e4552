import { describe, expect, it } from 'vitest';
import {
  backOff,
  plan,
  tickMs,
  type Action,
  type PlannedSession,
} from '../../../src/main/sessions/planner.ts';
import { renewalTime } from '../../../src/main/sessions/session-state.ts';

const now = 1_800_000_000_000;
const second = 1000;
const minute = 60 * second;

const idle: PlannedSession = {
  account: 'a',
  activity: 'idle',
  serving: null,
  retryAt: null,
  unpublished: false,
  withdrawAt: null,
};

/** Serves for an hour since `age` minutes. */
function servingSince(age: number): NonNullable<PlannedSession['serving']> {
  const issuedAt = now - age * minute;
  const expiresAt = issuedAt + 60 * minute;
  return { expiresAt, renewAt: renewalTime(issuedAt, expiresAt) };
}

function kindsOf(session: Partial<PlannedSession>): Action['kind'][] {
  return plan(now, [{ ...idle, ...session }]).actions.map(({ kind }) => kind);
}

describe('what is due', () => {
  it.each<[string, Partial<PlannedSession>, Action['kind'][]]>([
    ['nothing for an account nobody connected', {}, []],
    ['nothing before half of the lifetime is gone', { serving: servingSince(29.999) }, []],
    ['renewal when half of the lifetime is gone', { serving: servingSince(30) }, ['renew']],
    ['renewal later, after a sleep', { serving: servingSince(45) }, ['renew']],
    ['the end at its expiry', { serving: servingSince(60) }, ['expire']],
    ['the end alone, long after', { serving: servingSince(600) }, ['expire']],
    [
      'nothing a millisecond before its expiry while renewing',
      { activity: 'renewing', serving: { expiresAt: now + 1, renewAt: now - 1 } },
      [],
    ],
    ['nothing twice: it is renewing', { activity: 'renewing', serving: servingSince(45) }, []],
    ['nothing twice: it is connecting', { activity: 'connecting', retryAt: now - 1 }, []],
    ['the end also while renewing', { activity: 'renewing', serving: servingSince(60) }, ['expire']],
    ['no renewal where a person is needed', { activity: 'needs-you', serving: servingSince(45) }, []],
    ['the end where a person was needed', { activity: 'needs-you', serving: servingSince(60) }, ['expire']],
    ['no renewal where it failed', { activity: 'failed' }, []],
    ['nothing before an outlet is to be emptied again', { withdrawAt: now + 1 }, []],
    ['emptying an outlet that could not be emptied', { withdrawAt: now }, ['withdraw']],
    ['that also while it is connecting', { activity: 'connecting', withdrawAt: now }, ['withdraw']],
    ['that before a second try', { activity: 'retrying', retryAt: now, withdrawAt: now }, ['withdraw']],
    [
      'no second try before its time',
      { activity: 'retrying', serving: servingSince(45), retryAt: now + 1 },
      [],
    ],
    [
      'a second try at its time',
      { activity: 'retrying', serving: servingSince(45), retryAt: now },
      ['renew'],
    ],
    ['a second try with nothing served', { activity: 'retrying', retryAt: now - 1 }, ['renew']],
    ['a look whether the token is back', { activity: 'needs-you', retryAt: now }, ['renew']],
    [
      'the end before a second try',
      { activity: 'retrying', serving: servingSince(60), retryAt: now },
      ['expire'],
    ],
    [
      'what the outlet could not take',
      { activity: 'retrying', serving: servingSince(10), retryAt: now, unpublished: true },
      ['publish'],
    ],
    [
      'not yet what the outlet could not take',
      { activity: 'retrying', serving: servingSince(10), retryAt: now + 1, unpublished: true },
      [],
    ],
  ])('%s', (_, session, kinds) => {
    expect(kindsOf(session)).toEqual(kinds);
  });

  // An outlet that takes nothing (a full disk) must not cost the credentials themselves.
  it('renewal in place of another try at the outlet, when half of the lifetime is gone', () => {
    const session = { activity: 'retrying', serving: servingSince(45), unpublished: true } as const;
    expect(kindsOf({ ...session, retryAt: now })).toEqual(['renew']);
    expect(kindsOf({ ...session, retryAt: now + 1 })).toEqual([]);
  });

  it('is said for each account by its name, in order', () => {
    const due = { ...idle, serving: servingSince(30) };
    const sessions = ['c', 'a', 'b'].map((account) => ({ ...due, account }));
    expect(plan(now, sessions).actions).toEqual(
      ['c', 'a', 'b'].map((account) => ({ kind: 'renew', account })),
    );
  });
});

describe('the next look', () => {
  it.each<[string, Partial<PlannedSession>[], number]>([
    ['after a tick where there is nothing', [], 15 * second],
    ['after a tick where nothing comes soon', [{ serving: servingSince(1) }], 15 * second],
    ['at a renewal', [{ serving: servingSince(30 - 5 / 60) }], 5 * second],
    [
      'at an expiry',
      [{ activity: 'needs-you', serving: { expiresAt: now + 3000, renewAt: now - 1 } }],
      3 * second,
    ],
    ['at a second try', [{ activity: 'retrying', retryAt: now + 7000 }], 7 * second],
    [
      'at the first of several',
      [
        { activity: 'retrying', retryAt: now + 7000 },
        { activity: 'retrying', retryAt: now + 2000 },
        { serving: servingSince(1) },
      ],
      2 * second,
    ],
    ['not at what is due already', [{ serving: servingSince(45) }], 15 * second],
    [
      'after a tick for a second try that is far away',
      [{ activity: 'retrying', retryAt: now + 300_000 }],
      15 * second,
    ],
  ])('is %s', (_, sessions, ms) => {
    expect(tickMs).toBe(15_000);
    expect(
      plan(
        now,
        sessions.map((session) => ({ ...idle, ...session })),
      ).wakeAt - now,
    ).toBeCloseTo(ms, 3);
  });
});

describe('a session is renewed when half of its lifetime is gone', () => {
  it.each([
    [0, 3_600_000, 1_800_000],
    [now, now + 900_000, now + 450_000],
    [now, now + 43_200_000, now + 21_600_000],
    [now, now + 60_000, now + 30_000],
    [now, now, now],
  ])('issued at %d, good until %d: at %d', (issuedAt, expiresAt, at) => {
    expect(renewalTime(issuedAt, expiresAt)).toBe(at);
  });
});

describe('back-off', () => {
  const ceilings = [5, 10, 20, 40, 80, 160, 300, 300, 300].map((s) => s * second);

  it.each(ceilings.map((ceiling, index) => [index + 1, ceiling] as const))(
    'after %d failures is up to %d ms, by chance',
    (failures, ceiling) => {
      expect(backOff(failures, null, 1)).toBe(ceiling);
      expect(backOff(failures, null, 0.5)).toBe(ceiling / 2);
      expect(backOff(failures, null, 0)).toBe(1000);
    },
  );

  it.each([1, 5, 50, 1000, 1e9])(
    'is never less than a second nor more than five minutes: %d failures',
    (failures) => {
      for (const random of [0, 1e-9, 0.3, 0.999999]) {
        const pause = backOff(failures, null, random);
        expect(pause).toBeGreaterThanOrEqual(1000);
        expect(pause).toBeLessThanOrEqual(300_000);
      }
    },
  );

  it.each([
    [300_000, 300_000],
    [299_999, 30_000],
    [1, 30_000],
    [0, 300_000],
    [-1, 300_000],
    [3_600_000, 300_000],
  ])('with %d ms left is at most %d ms', (remaining, most) => {
    expect(backOff(50, remaining, 1)).toBe(most);
  });

  it('is shorter than 30 s where it would be anyway', () => {
    expect(backOff(1, 60_000, 1)).toBe(5000);
    expect(backOff(3, 60_000, 1)).toBe(20_000);
  });
});

describe('while the computer is offline', () => {
  it.each<[string, Partial<PlannedSession>, Action['kind'][]]>([
    ['renewal is put off', { serving: servingSince(30) }, []],
    ['renewal is put off until five minutes are left', { serving: servingSince(54.999) }, []],
    ['renewal is tried when five minutes are left', { serving: servingSince(55) }, ['renew']],
    ['the end is the end', { serving: servingSince(60) }, ['expire']],
    [
      'a second try keeps its time, which its state tells',
      { activity: 'retrying', serving: servingSince(45), retryAt: now },
      ['renew'],
    ],
    ['a first session is tried for', { activity: 'retrying', retryAt: now }, ['renew']],
    [
      'an outlet still gets what it could not take',
      { activity: 'retrying', serving: servingSince(10), retryAt: now, unpublished: true },
      ['publish'],
    ],
    ['an outlet is still emptied', { withdrawAt: now }, ['withdraw']],
  ])('%s', (_, session, kinds) => {
    const { actions } = plan(now, [{ ...idle, ...session }], false);
    expect(actions.map(({ kind }) => kind)).toEqual(kinds);
  });

  it('credentials that never last longer are renewed as ever', () => {
    const serving = { expiresAt: now + 100_000, renewAt: now };
    expect(plan(now, [{ ...idle, serving }], false).actions).toHaveLength(1);
  });
});
