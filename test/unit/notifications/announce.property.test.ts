/** Whatever accounts, screens and clocks do: what is promised of notifications holds. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { announce, nothingTold, type Memory } from '../../../src/main/notifications/announce.ts';
import type { Reason, State } from '../../../src/shared/model.ts';
import { connecting, disconnected, expired, failed, minute, needs, now, renewing } from './states.ts';
import { retrying, serving } from './states.ts';

const ids = ['a', 'b'] as const;
/** Few, so that one thing comes up again and again. */
const end = fc.constantFrom(10, 40, 60).map((minutes) => now + minutes * minute);
const endOrNone = fc.option(end);
const state: fc.Arbitrary<State> = fc.oneof(
  fc.constantFrom(disconnected, connecting, failed, expired),
  end.map(serving),
  end.map(renewing),
  endOrNone.map(retrying),
  fc
    .tuple(fc.constantFrom<Reason[]>('pin', 'token-absent'), endOrNone)
    .map(([reason, until]) => needs(reason, until)),
);
const step = fc.record({
  states: fc.record({ a: fc.option(state), b: fc.option(state) }),
  /** The clock may be set back, too. */
  passes: fc.integer({ min: -2, max: 12 }).map((minutes) => minutes * minute),
  isLocked: fc.boolean(),
});

/** Whether anything may be told, by the states so far and nothing else. */
function serves(history: readonly (State | null)[]): boolean {
  const since = history.findLastIndex(
    (each) => each === null || (each.activity === 'idle' && each.serving === null && each.error === null),
  );
  return history.slice(since + 1).some((each) => each?.serving);
}

it('never the same twice, never while locked, never of who is disconnected, and nothing untrue stays', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let memory: Memory = nothingTold;
      let at = now;
      const told = new Set<string>();
      const shown = new Map<string, string>();
      const histories = new Map(ids.map((id): [string, (State | null)[]] => [id, []]));
      for (const { states, passes, isLocked } of steps) {
        at += passes;
        const views = ids.flatMap((account) => {
          const its = states[account];
          histories.get(account)!.push(its);
          return its === null ? [] : [{ account, label: account.toUpperCase(), state: its }];
        });
        const said = announce(at, isLocked, views, memory);
        memory = said.memory;

        if (isLocked) expect([said.show, said.wakeAt]).toEqual([[], null]);
        for (const id of said.withdraw) expect(shown.delete(id), id).toBe(true);
        for (const { id, title, body, account } of said.show) {
          shown.set(id, account);
          const history = histories.get(account)!;
          expect(serves(history), account).toBe(true);
          const until = history.findLast((each) => each?.serving)?.serving?.expiresAt;
          const text = JSON.stringify([id, until, histories.get(account)!.filter(isNew).length, title, body]);
          expect(told.has(text), text).toBe(false);
          told.add(text);
          expect(title + body).toContain(`“${account.toUpperCase()}”`);
        }
        for (const [id, account] of shown) {
          const current = states[account as 'a' | 'b'];
          expect(serves(histories.get(account)!), id).toBe(true);
          expect(id.endsWith('session-expired'), id).toBe(current?.serving === null);
        }
        if (said.wakeAt !== null) expect(said.wakeAt).toBeGreaterThan(at);
      }
    }),
    { numRuns: 1000 },
  );
});

/** Credentials that differ from those before begin everything anew, and so do a disconnect and a removal. */
function isNew(each: State | null, index: number, history: readonly (State | null)[]): boolean {
  if (each === null || (each.activity === 'idle' && each.serving === null && each.error === null))
    return true;
  const before = history.slice(0, index).findLast((other) => other?.serving !== null);
  const until = each.serving?.expiresAt;
  return until !== undefined && until !== before?.serving?.expiresAt;
}
