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
  reason: null,
  serving: null,
  retryAt: null,
  unpublished: false,
  withdrawAt: null,
  touch: 'never',
  isWayClear: false,
  asked: null,
};
const offline = { isOnline: false, isLocked: false };
const locked = { isOnline: true, isLocked: true };

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
    ['no renewal where a person is needed', { activity: 'needs-you', serving: servingSince(44) }, []],
    ['the end where a person was needed', { activity: 'needs-you', serving: servingSince(60) }, ['expire']],
    ['renewal where the way is clear', { activity: 'needs-you', isWayClear: true }, ['renew']],
    ['nothing twice: the way is clear, and it is renewing', { activity: 'renewing', isWayClear: true }, []],
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
    const { actions } = plan(now, [{ ...idle, ...session }], offline);
    expect(actions.map(({ kind }) => kind)).toEqual(kinds);
  });

  it('credentials that never last longer are renewed as ever', () => {
    const serving = { expiresAt: now + 100_000, renewAt: now };
    expect(plan(now, [{ ...idle, serving }], offline).actions).toHaveLength(1);
  });
});

describe('a key that wants a touch', () => {
  it.each<[PlannedSession['touch'], Action['kind']]>([
    ['always', 'need'],
    ['cached', 'need'],
    ['never', 'renew'],
    ['unknown', 'renew'],
  ])('%s: at half of the lifetime %s', (touch, kind) => {
    expect(kindsOf({ serving: servingSince(29.999), touch })).toEqual([]);
    expect(kindsOf({ serving: servingSince(30), touch })).toEqual([kind]);
    // Whether there is a network makes no difference to a person.
    const session = { ...idle, serving: servingSince(30), touch };
    expect(plan(now, [session], offline).actions).toHaveLength(kind === 'need' ? 1 : 0);
  });

  it('is tried again as any other where something else went wrong', () => {
    expect(kindsOf({ activity: 'retrying', retryAt: now, touch: 'always' })).toEqual(['renew']);
  });
});

describe('a person who is needed', () => {
  const waiting = (left: number, asked: number | null = null): PlannedSession => ({
    ...idle,
    activity: 'needs-you',
    reason: 'pin',
    serving: servingSince(60 - left),
    asked,
  });
  const askedFor = (session: PlannedSession, surroundings = { isOnline: true, isLocked: false }) =>
    plan(now, [session], surroundings).actions.map((action) =>
      action.kind === 'ask' ? action.minutes : action.kind,
    );

  it.each<[string, PlannedSession, (number | string)[]]>([
    ['is not asked with more than 15 minutes left', waiting(15.001), []],
    ['is asked when 15 minutes are left', waiting(15), [15]],
    ['is not asked again', waiting(14, 15), []],
    ['is asked again when 5 minutes are left', waiting(5, 15), [5]],
    ['is not asked a third time', waiting(4, 5), []],
    ['is asked once for what was slept through', waiting(3), [5]],
    ['is not asked for what is over', waiting(0), ['expire']],
    ['is asked for a short session as soon as it waits', waiting(7.5), [15]],
    ['is not asked again with a clock that was set back', waiting(30, 5), []],
    ['is not asked where nothing is served', { ...waiting(10), serving: null }, []],
    ['is not asked for what is tried by itself', { ...waiting(10), activity: 'retrying' }, []],
    ['is not asked where a look for the token is due', { ...waiting(10), retryAt: now }, ['renew']],
    ['is asked until the next look for the token', { ...waiting(10), retryAt: now + 1 }, [15]],
    ['is not asked where the way is clear', { ...waiting(10), isWayClear: true }, ['renew']],
  ])('%s', (_, session, expected) => {
    expect(askedFor(session)).toEqual(expected);
  });

  it('is not asked while the screen is locked, and once when it is unlocked', () => {
    expect(askedFor(waiting(15), locked)).toEqual([]);
    expect(askedFor(waiting(2), locked)).toEqual([]);
    expect(askedFor(waiting(2))).toEqual([5]);
  });

  it('is asked also without a network', () => {
    expect(askedFor(waiting(15), offline)).toEqual([15]);
  });

  it.each<[string, PlannedSession, number]>([
    ['15 minutes', waiting(15 + 7 / 60), 7],
    ['5 minutes', waiting(5 + 7 / 60, 15), 7],
  ])('has the next look at %s', (_, session, seconds) => {
    expect(plan(now, [session]).wakeAt - now).toBeCloseTo(seconds * second, 3);
  });

  it('has no look of its own while the screen is locked', () => {
    expect(plan(now, [waiting(15 + 7 / 60)], locked).wakeAt).toBe(now + tickMs);
  });
});

describe('a world on the clock', () => {
  /** What is done from `start` on, by the minute it is done in, with a plan every 15 s or as it says. */
  function live(
    lifetime: number,
    minutes: number,
    jumps: Readonly<Record<number, number>> = {},
    touch: PlannedSession['touch'] = 'never',
    start = now,
  ): string[] {
    let wall = start;
    let session: PlannedSession = { ...idle, touch };
    const serve = (): void => {
      const expiresAt = wall + lifetime * minute;
      const serving = { expiresAt, renewAt: renewalTime(wall, expiresAt) };
      session = { ...idle, touch, serving };
    };
    serve();
    const done: string[] = [];
    for (let running = 0; running <= minutes * minute;) {
      const { actions, wakeAt } = plan(wall, [session]);
      for (const action of actions) {
        done.push(`${String(Math.floor(running / minute))} ${action.kind}`);
        if (action.kind === 'renew') serve();
        if (action.kind === 'expire') session = { ...idle, touch };
        if (action.kind === 'need') session = { ...session, activity: 'needs-you', reason: 'touch' };
        if (action.kind === 'ask') session = { ...session, asked: action.minutes };
      }
      const step = Math.max(1, wakeAt - wall);
      const next = running + step;
      const jump = jumps[Math.floor(next / minute)] ?? 0;
      const isNow = Math.floor(running / minute) < Math.floor(next / minute);
      running = next;
      wall += step + (isNow ? jump * minute : 0);
    }
    return done;
  }

  it.each<[string, Parameters<typeof live>, string[]]>([
    ['15 minutes: every 7.5', [15, 31], ['7 renew', '15 renew', '22 renew', '30 renew']],
    ['an hour: every half', [60, 95], ['30 renew', '60 renew', '90 renew']],
    ['11 hours: every 5.5', [660, 670], ['330 renew', '660 renew']],
    ['12 hours: every 6', [720, 725], ['360 renew', '720 renew']],
    [
      'a touch each time: asked twice, then over',
      [60, 70, {}, 'always'],
      ['30 need', '45 ask', '55 ask', '60 expire'],
    ],
    [
      'a touch, 15 minutes: asked at once',
      [15, 20, {}, 'always'],
      ['7 need', '7 ask', '10 ask', '15 expire'],
    ],
    ['nine hours of sleep across expiry', [60, 30, { 10: 540 }], ['10 expire']],
    ['forty minutes of sleep', [60, 15, { 10: 40 }], ['10 renew']],
    ['a clock set forward by an hour', [60, 15, { 10: 60 }], ['10 expire']],
    ['a clock set back by ten minutes', [60, 45, { 10: -10 }], ['40 renew']],
  ])('a session of %s', (_, world, expected) => {
    expect(live(...world)).toEqual(expected);
  });

  it.each([
    ['the night clocks go forward', '2027-03-28T00:45:00Z'],
    ['the night clocks go back', '2027-10-31T00:45:00Z'],
    ['the eve of a leap day', '2028-02-28T23:45:00Z'],
    ['a leap day', '2028-02-29T23:45:00Z'],
    ['the last evening of a year', '2027-12-31T23:45:00Z'],
  ])('knows no local time: %s', (_, start) => {
    expect(live(60, 95, {}, 'never', Date.parse(start))).toEqual(['30 renew', '60 renew', '90 renew']);
  });

  it.each([
    ['expire', 60],
    ['renew', 30],
  ] as const)('a hundred accounts %s together', (kind, age) => {
    const sessions = Array.from({ length: 100 }, (__, index) => ({
      ...idle,
      account: `a${String(index)}`,
      serving: servingSince(age),
    }));
    expect(plan(now, sessions).actions).toEqual(sessions.map(({ account }) => ({ kind, account })));
  });
});
