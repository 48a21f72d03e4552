import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backOff, plan, tickMs, type PlannedSession } from '../../../src/main/sessions/planner.ts';
import { activitySchema, reasonSchema, touchSchema } from '../../../src/shared/model.ts';

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
  reason: fc.option(fc.constantFrom(...reasonSchema.options)),
  touch: fc.constantFrom(...touchSchema.options),
  isWayClear: fc.boolean(),
  asked: fc.constantFrom(null, 15, 5),
});
const surroundings = fc.record({ isOnline: fc.boolean(), isLocked: fc.boolean() });
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
      for (const session of sessions) {
        const { account, activity, serving, retryAt, unpublished, withdrawAt, touch, isWayClear } = session;
        if (serving !== null && serving.expiresAt <= now) continue; // ended
        const underWay = activity === 'connecting' || activity === 'renewing';
        const waits = activity === 'needs-you';
        const triesAgain = retryAt !== null && retryAt <= now;
        const halfGone = serving !== null && serving.renewAt <= now;
        const isFirst = halfGone && activity === 'idle' && retryAt === null;
        const kind = actionsOf(sessions, account)[0]?.kind;
        if (withdrawAt !== null && withdrawAt <= now) expect(kind).toBe('withdraw');
        else if (underWay) expect(kind).toBeUndefined();
        else if (waits && isWayClear) expect(kind).toBe('renew');
        else if (triesAgain)
          expect(kind).toBe(unpublished && serving !== null && !halfGone ? 'publish' : 'renew');
        else if (isFirst) expect(kind).toBe(touch === 'always' || touch === 'cached' ? 'need' : 'renew');
        else expect([undefined, 'ask']).toContain(kind);
      }
    }),
    { numRuns: 1000 },
  );
});

it('nobody is asked with a locked screen, for what serves nothing, twice for the same, or early', () => {
  fc.assert(
    fc.property(worlds, surroundings, (sessions, around) => {
      const known = new Map(sessions.map((each) => [each.account, each]));
      for (const action of plan(now, sessions, around).actions) {
        if (action.kind !== 'ask') continue;
        const { activity, serving, asked } = known.get(action.account)!;
        expect(around.isLocked).toBe(false);
        expect(activity).toBe('needs-you');
        expect([15, 5]).toContain(action.minutes);
        expect(serving!.expiresAt - now).toBeLessThanOrEqual(action.minutes * 60_000);
        if (asked !== null) expect(action.minutes).toBeLessThan(asked);
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

/** A world in which time passes: what happens in it, some seconds apart. */
const happenings = fc.array(
  fc.record({
    afterS: fc.integer({ min: 1, max: 1800 }),
    what: fc.constantFrom(
      ...(['lock', 'unlock', 'online', 'offline', 'jump', 'forget-pin', 'type-pin'] as const),
    ),
    jumpS: fc.oneof(fc.integer({ min: -7200, max: 36_000 }), fc.constantFrom(-31, 31, 32_400)),
  }),
  { maxLength: 8 },
);
const lives = fc.record({
  lifetimesS: fc.array(fc.integer({ min: 900, max: 43_200 }), { minLength: 1, maxLength: 4 }),
  touch: fc.constantFrom(...touchSchema.options),
  /** What AWS does, one after the other and over again. */
  answers: fc.array(fc.record({ afterS: fc.integer({ min: 0, max: 20 }), works: fc.boolean() }), {
    minLength: 1,
    maxLength: 6,
  }),
  happenings,
});
type LifeOptions = typeof lives extends fc.Arbitrary<infer T> ? T : never;

/** Does what the plan says and nothing else; time passes in seconds, and every look is in the second it was asked for. */
class Life {
  readonly options: LifeOptions;
  wall = now;
  isLocked = false;
  isOnline = true;
  isPinHeld = true;
  readonly sessions: PlannedSession[] = [];
  /** Seconds until what is under way ends, by the session's place. */
  readonly underWay = new Map<number, { leftS: number; works: boolean }>();
  wakeAt = now;
  answers = 0;
  /** For how many minutes' rest a person was asked since it serves what it serves, by the session's place. */
  asks: number[][] = [];

  constructor(options: LifeOptions) {
    this.options = options;
    for (const place of options.lifetimesS.keys()) this.serve(place);
  }

  serve(place: number): void {
    const expiresAt = this.wall + this.options.lifetimesS[place]! * 1000;
    this.asks[place] = [];
    this.sessions[place] = {
      ...{ account: `a${String(place)}`, activity: 'idle', reason: null, retryAt: null },
      ...{ unpublished: false, withdrawAt: null, isWayClear: false, asked: null },
      touch: this.options.touch,
      serving: { expiresAt, renewAt: (this.wall + expiresAt) / 2 },
    };
  }

  change(place: number, change: Partial<PlannedSession>): void {
    this.sessions[place] = { ...this.sessions[place]!, ...change };
  }

  happen({ what, jumpS }: LifeOptions['happenings'][number]): void {
    if (what === 'lock' || what === 'unlock') this.isLocked = what === 'lock';
    if (what === 'online' || what === 'offline') this.isOnline = what === 'online';
    if (what === 'jump') this.wall += jumpS * 1000;
    if (what === 'forget-pin') this.isPinHeld = false;
    if (what !== 'type-pin') return;
    this.isPinHeld = true;
    for (const [place, { reason }] of this.sessions.entries()) {
      if (reason === 'pin') this.change(place, { isWayClear: true });
    }
  }

  /** One second; a look only where one was asked for, or at what happened. */
  second(mustLook: boolean): void {
    this.wall += 1000;
    let isLook = mustLook || this.wall >= this.wakeAt;
    for (const [place, attempt] of this.underWay) {
      attempt.leftS -= 1;
      if (attempt.leftS >= 0) continue;
      this.underWay.delete(place);
      this.end(place, attempt.works);
      isLook = true;
    }
    if (isLook) this.look();
  }

  end(place: number, works: boolean): void {
    if (!this.isPinHeld) this.change(place, { activity: 'needs-you', reason: 'pin' });
    else if (works && this.isOnline) this.serve(place);
    else this.change(place, { activity: 'retrying', retryAt: this.wall + 30_000 });
  }

  look(): void {
    const { actions, wakeAt } = plan(this.wall, this.sessions, this);
    this.wakeAt = wakeAt;
    for (const action of actions) {
      const place = Number(action.account.slice(1));
      const { activity, serving } = this.sessions[place]!;
      switch (action.kind) {
        case 'renew': {
          expect(this.underWay.has(place), 'none is renewed twice').toBe(false);
          const answer = this.options.answers[this.answers % this.options.answers.length]!;
          this.answers += 1;
          this.underWay.set(place, { leftS: answer.afterS, works: answer.works });
          const next = serving === null ? 'connecting' : 'renewing';
          this.change(place, { activity: next, reason: null, retryAt: null, isWayClear: false });
          break;
        }
        case 'need':
          this.change(place, { activity: 'needs-you', reason: 'touch' });
          break;
        case 'ask':
          expect(this.isLocked, 'nobody is asked with a locked screen').toBe(false);
          this.asks[place]!.push(action.minutes);
          expect([[15], [5], [15, 5]]).toContainEqual(this.asks[place]);
          this.change(place, { asked: action.minutes });
          break;
        case 'expire':
          this.asks[place] = [];
          this.change(place, {
            ...{ serving: null, asked: null },
            ...(activity === 'idle' ? { retryAt: this.wall } : {}),
            ...(activity === 'renewing' ? { activity: 'connecting' as const } : {}),
          });
          break;
        default:
          throw new Error(`Nothing here wants ${action.kind}.`);
      }
    }
  }
}

/** What may be left undone for no longer than two ticks. @returns what it is, or null. */
function leftUndone(
  { wall, isOnline, isLocked, underWay }: Life,
  place: number,
  session: PlannedSession,
): string | null {
  const { activity, serving, retryAt, isWayClear, asked } = session;
  if (serving !== null && serving.expiresAt <= wall) return 'expiry';
  if (underWay.has(place)) return null;
  if (activity === 'connecting' || activity === 'renewing') return 'an attempt that is none';
  if (activity === 'retrying' || (activity === 'idle' && serving === null)) {
    return retryAt === null ? 'a try nobody plans' : retryAt <= wall ? 'a second try' : null;
  }
  if (activity === 'idle') return serving!.renewAt <= wall && isOnline ? 'renewal' : null;
  if (isWayClear) return 'a way that is clear';
  const left = serving === null ? Infinity : (serving.expiresAt - wall) / 60_000;
  const isMissing = (left <= 5 && asked !== 5) || (left <= 15 && asked === null);
  return isMissing && !isLocked ? 'asking a person' : null;
}

it('in random worlds no state starves, none is renewed twice, and nobody is asked more than twice for a session', () => {
  fc.assert(
    fc.property(lives, (options) => {
      const life = new Life(options);
      const undoneS = new Map<number, number>();
      const pass = (mustLook: boolean): void => {
        life.second(mustLook);
        for (const [place, session] of life.sessions.entries()) {
          const undone = leftUndone(life, place, session);
          const seconds = undone === null ? 0 : (undoneS.get(place) ?? 0) + 1;
          undoneS.set(place, seconds);
          // Two ticks; said by hand, since it is looked at millions of times.
          if (seconds > 30) throw new Error(`${String(undone)} is left undone: ${JSON.stringify(session)}`);
        }
      };
      for (const happening of options.happenings) {
        for (let second = 1; second < happening.afterS; second += 1) pass(false);
        life.happen(happening);
        pass(happening.what !== 'jump'); // of a jump nothing tells but the clock
      }
      for (let second = 0; second < 3600; second += 1) pass(false);
    }),
    { numRuns: 100 },
  );
});
