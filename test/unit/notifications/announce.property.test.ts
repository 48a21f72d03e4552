/** Whatever accounts, tokens, screens and clocks do: what is promised of notifications holds. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { announce, nothingTold, type Memory } from '../../../src/main/notifications/announce.ts';
import type { AccountView, Notification } from '../../../src/main/notifications/notification.ts';
import type { Reason, State } from '../../../src/shared/model.ts';
import { connecting, day, disconnected, expired, failed, minute, needs, now } from './states.ts';
import { refusedForClock, renewing, retrying, second, serving } from './states.ts';

const ids = ['a', 'b', 'c'] as const;
type Id = (typeof ids)[number];
/** Of `a` and `b` one, of `c` another. */
const tokens: Record<Id, AccountView['token']> = {
  a: { label: 'T', serial: '1' },
  b: { label: 'T', serial: '1' },
  c: { label: 'U', serial: '2' },
};
/** Few, so that one thing comes up again and again. */
const end = fc.constantFrom(10, 40, 60).map((minutes) => now + minutes * minute);
const endOrNone = fc.option(end);
const state: fc.Arbitrary<State> = fc.oneof(
  fc.constantFrom(disconnected, connecting, failed, expired, refusedForClock),
  { arbitrary: end.map(serving), weight: 3 },
  end.map(renewing),
  endOrNone.map(retrying),
  {
    arbitrary: fc
      .tuple(fc.constantFrom<Reason[]>('pin', 'touch', 'token-absent', 'pin-locked'), endOrNone)
      .map(([reason, until]) => needs(reason, until)),
    weight: 3,
  },
);
const states = fc.record({ a: fc.option(state), b: fc.option(state), c: fc.option(state) });
const step = fc.record({
  /** Null: as before. */
  states: fc.option(states),
  /** The clock may be set back, too. */
  passes: fc.oneof(
    fc.integer({ min: 0, max: 90 }).map((seconds) => seconds * second),
    fc.integer({ min: -2, max: 12 }).map((minutes) => minutes * minute),
  ),
  isLocked: fc.boolean(),
  certificate: fc.constantFrom(
    null,
    { sha256: 'x', notBefore: 0, notAfter: now + 7 * day + 20 * minute },
    { sha256: 'y', notBefore: 0, notAfter: now + 20 * minute },
  ),
  offset: fc.constantFrom(0, 0, 0, 90 * second, 3 * minute, -10 * minute),
});

const isDisconnected = (each: State | null): boolean =>
  each === null || (each.activity === 'idle' && each.serving === null && each.error === null);

/** An account of a world, with all its states so far. */
interface Lived extends AccountView {
  readonly history: readonly (State | null)[];
}

/** Whether anything may be told, by the states so far and nothing else. */
function serves({ history }: Lived): boolean {
  return history.slice(history.findLastIndex(isDisconnected) + 1).some((each) => each?.serving);
}

/** The last reason while nothing was under way. */
function settledReason({ history }: Lived): Reason | null {
  const settled = history.findLast(
    (each) => each === null || !['connecting', 'renewing'].includes(each.activity),
  );
  return settled?.reason ?? null;
}

/** Whether what is shown of an account is true of it at this moment. */
function isTrueOf(id: string, view: Lived, all: readonly Lived[], at: number): boolean {
  const [name = '', group = ''] = id.split(':');
  const { activity, reason, serving: served, error } = view.state;
  const says = (wanted: Reason) => (each: Lived) => serves(each) && settledReason(each) === wanted;
  switch (name) {
    case 'session-expired':
      return served === null;
    case 'person-needed':
      return activity === 'needs-you' && served !== null && group.startsWith(`${String(reason)} `);
    case 'key-unplugged':
      return all.filter(({ token }) => token?.serial === view.token?.serial).some(says('token-absent'));
    case 'pin-locked':
      return says('pin-locked')(view);
    case 'back-again':
      return served !== null && error === null && ['idle', 'renewing'].includes(activity);
    case 'certificate-expires': {
      const left = (view.certificate?.notAfter ?? 0) - at;
      return left > 0 && left <= 30 * day;
    }
    default:
      return false;
  }
}

/** What one notification says, beside the words: of which credentials. Said twice it is one too many. */
function saying({ id, title, body, accounts }: Notification, all: readonly Lived[]): string {
  const lives = accounts.map((account) => {
    const its = all.find((each) => each.account === account);
    return its?.history.filter(isNew).length;
  });
  return JSON.stringify([id, title, body, accounts, lives]);
}

/** Credentials that differ from those before begin everything anew, and so do a disconnect and a removal. */
function isNew(each: State | null, index: number, history: readonly (State | null)[]): boolean {
  if (isDisconnected(each)) return true;
  const before = history.slice(0, index).findLast((other) => other?.serving !== null);
  const until = each?.serving?.expiresAt;
  return until !== undefined && until !== before?.serving?.expiresAt;
}

/** These may come again once they were over, whatever credentials there were: tokens and clocks have lives of their own. */
const isOfToken = (id: string): boolean => /^(key-unplugged|pin-locked|clock-wrong)/.test(id);

it('never the same twice, never while locked, never of who is disconnected, and nothing untrue stays', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let memory: Memory = nothingTold;
      let at = now;
      let current: Record<Id, State | null> = { a: null, b: null, c: null };
      const told = new Set<string>();
      const tellings = new Map<string, number>();
      const shown = new Map<string, Notification>();
      const histories: Record<Id, (State | null)[]> = { a: [], b: [], c: [] };
      for (const { states: next, passes, isLocked, certificate, offset } of steps) {
        at += passes;
        if (passes < 0) tellings.clear(); // no pause outlasts a clock that is set back
        current = next ?? current;
        const all = ids.flatMap((account): Lived[] => {
          const its = current[account];
          histories[account].push(its);
          if (its === null) return [];
          const history = [...histories[account]];
          const label = account.toUpperCase();
          const token = tokens[account];
          return [{ account, label, state: its, token, certificate, clockOffsetMs: offset, history }];
        });
        const isTrue = (id: string, account: string): boolean => {
          const view = all.find((each) => each.account === account);
          return view !== undefined && serves(view) && isTrueOf(id, view, all, at);
        };
        const said = announce(at, isLocked, all, memory);
        memory = said.memory;

        if (isLocked) expect([said.show, said.wakeAt]).toEqual([[], null]);
        if (said.wakeAt !== null) expect(said.wakeAt).toBeGreaterThan(at);
        for (const id of said.withdraw) expect(shown.delete(id), id).toBe(true);
        for (const each of said.show) {
          const { id, title, body } = each;
          seen.set(id.split(':')[0] ?? '', (seen.get(id.split(':')[0] ?? '') ?? 0) + 1);
          const last = tellings.get(id) ?? -Infinity;
          expect(at - last, `${id} again`).toBeGreaterThanOrEqual(shown.has(id) ? minute : 10 * second);
          tellings.set(id, at);
          shown.set(id, each);
          const text = saying(each, all);
          expect(told.has(text), text).toBe(false);
          told.add(text);
          expect(`${title}${body}`).toMatch(/“[ABCTU]”|clock/);
        }
        for (const { id, accounts } of shown.values()) {
          for (const account of accounts) expect(isTrue(id, account), `${id} of ${account}`).toBe(true);
          if (id === 'clock-wrong') expect(all.some(serves)).toBe(true);
        }
        for (const text of told) {
          const [id, , , accounts] = JSON.parse(text) as [string, string, string, string[]];
          if (!isOfToken(id)) continue;
          const isOver =
            id === 'clock-wrong' ? Math.abs(offset) < minute : !accounts.some((each) => isTrue(id, each));
          if (isOver) told.delete(text);
        }
      }
    }),
    { numRuns: 300 },
  );
  // A world in which one of them never comes up proves nothing of it.
  const names = ['back-again', 'certificate-expires', 'clock-wrong', 'key-unplugged', 'person-needed'];
  expect([...seen.keys()].sort()).toEqual([...names, 'pin-locked', 'session-expired']);
});
