import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Batcher } from '../../../src/main/outlets/batcher.ts';
import { settle } from '../../support/fakes/clock.ts';
import { Gate } from '../../support/fakes/gate.ts';

/** A batcher whose writes are remembered, and refused where one of their items is refused. */
function world(isRefused: (item: number) => boolean = () => false) {
  const writes: number[][] = [];
  let writing = 0;
  let most = 0;
  const gates: Gate[] = [];
  const batcher = new Batcher<number>(async (items) => {
    writes.push([...items]);
    writing += 1;
    most = Math.max(most, writing);
    await gates.shift()?.promise;
    writing -= 1;
    const refused = items.find(isRefused);
    if (refused !== undefined) throw new Error(`refused ${String(refused)}`);
  });
  return { batcher, writes, gates, most: () => most };
}

const outcome = (work: Promise<void>): Promise<string> =>
  work.then(
    () => 'written',
    (error: unknown) => String(error),
  );

describe('a batcher', () => {
  it('writes what is asked for in one turn at once, in order', async () => {
    const { batcher, writes } = world();
    await Promise.all([batcher.add(1), batcher.add(2), batcher.add(3)]);
    expect(writes).toEqual([[1, 2, 3]]);
  });

  it('gathers what is asked for while it writes', async () => {
    const { batcher, writes, gates } = world();
    const gate = new Gate();
    gates.push(gate);
    const first = batcher.add(1);
    await settle();
    const later = [batcher.add(2), batcher.add(3)];
    await settle();
    expect(writes).toEqual([[1]]);
    gate.open();
    await Promise.all([first, ...later]);
    expect(writes).toEqual([[1], [2, 3]]);
  });

  it('never writes twice at once', async () => {
    const { batcher, most } = world();
    await Promise.all(
      Array.from({ length: 50 }, async (_, n) => {
        for (let turn = 0; turn < n % 5; turn += 1) await settle();
        await batcher.add(n);
      }),
    );
    expect(most()).toBe(1);
  });

  it('answers only when an item was written', async () => {
    const { batcher, gates } = world();
    const gate = new Gate();
    gates.push(gate);
    let isWritten = false;
    const adding = batcher.add(1).then(() => (isWritten = true));
    await settle();
    expect(isWritten).toBe(false);
    gate.open();
    await adding;
  });

  it('is ready for more after a rest and after a refusal', async () => {
    const { batcher, writes } = world((item) => item === 2);
    await batcher.add(1);
    expect(await outcome(batcher.add(2))).toBe('Error: refused 2');
    await batcher.add(3);
    expect(writes).toEqual([[1], [2], [3]]);
  });

  it('tells the refusal to whom it is about, and writes the others', async () => {
    const { batcher } = world((item) => item % 2 === 0);
    const outcomes = await Promise.all([1, 2, 3, 4].map((item) => outcome(batcher.add(item))));
    expect(outcomes).toEqual(['written', 'Error: refused 2', 'written', 'Error: refused 4']);
  });

  it('keeps the order of what is tried alone', async () => {
    const { batcher, writes } = world((item) => item === 2);
    await Promise.all([1, 2, 3].map((item) => outcome(batcher.add(item))));
    expect(writes).toEqual([[1, 2, 3], [1], [2], [3]]);
  });

  it('whatever is added when: each item is written once and in order, or refused', async () => {
    const plans = fc.array(fc.record({ turns: fc.nat(4), refused: fc.boolean() }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const { batcher, writes, most } = world((item) => plan[item]!.refused);
        const outcomes: Promise<string>[] = [];
        for (const [item, { turns }] of plan.entries()) {
          for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
          outcomes.push(outcome(batcher.add(item)));
        }
        const said = await Promise.all(outcomes);
        expect(said.map((each) => each === 'written')).toEqual(plan.map(({ refused }) => !refused));
        const written = writes.filter((items) => !items.some((item) => plan[item]!.refused)).flat();
        expect(written).toEqual(plan.flatMap(({ refused }, item) => (refused ? [] : [item])));
        expect(most()).toBeLessThanOrEqual(1);
      }),
      { numRuns: 300 },
    );
  });
});
