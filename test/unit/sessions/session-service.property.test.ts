/** Random lives of a few accounts: whatever people, tokens, clocks, disks and AWS do, what is promised holds. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AppError, type ErrorCode } from '../../../src/shared/errors.ts';
import { settle } from '../../support/fakes/clock.ts';
import { Gate } from '../../support/fakes/gate.ts';
import { faultOf, hour, minute, pin, second, World } from './service-world.ts';

const ids = ['a', 'b', 'c'] as const;
const tokenOf = { a: 'T', b: 'T', c: 'U' };

/** What has been promised so far, by watching from outside. */
class Promises {
  /** Until when each account must serve something, milliseconds since the epoch. */
  readonly until = new Map<string, number>();
  /** When each access key ends, by a clock that nobody sets back. */
  readonly ends = new Map<string, number>();

  /** The clock is set. */
  jump(ms: number): void {
    for (const [id, until] of this.until) this.until.set(id, until + ms);
  }

  notice(world: World): void {
    for (const id of ids) {
      const { serving } = world.state(id);
      if (serving === null) continue;
      const expiresAt = Date.parse(serving.expiresAt);
      this.until.set(id, Math.max(this.until.get(id) ?? 0, expiresAt));
      const key = world.serves(id);
      const end = this.#time(world) + expiresAt - world.clock.now();
      if (!this.ends.has(key)) this.ends.set(key, end);
    }
  }

  #time({ clock }: World): number {
    return clock.sinceBoot();
  }

  drop(id: string): void {
    this.until.delete(id);
  }

  check(world: World): void {
    for (const id of ids) {
      const good = (this.until.get(id) ?? 0) > world.clock.now();
      if (good) expect(world.serves(id), `${id} was good`).toMatch(/^key-/);
      else this.drop(id); // by the clock of now; it may be set back later
      const end = this.ends.get(world.serves(id)) ?? Infinity;
      expect(end + second, `${id} is served after its end`).toBeGreaterThan(this.#time(world));
    }
  }
}

interface Model {
  readonly promises: Promises;
  /** How far the clock was set back from where it has been, milliseconds. */
  behind: number;
}

interface Real {
  readonly world: World;
  /** Calls that are under way. */
  readonly pending: Promise<unknown>[];
}

/** A step of somebody's; after each of them what must hold is looked at. */
class Step implements fc.AsyncCommand<Model, Real> {
  readonly #name: string;
  readonly #act: (model: Model, real: Real) => unknown;

  constructor(name: string, act: (model: Model, real: Real) => unknown) {
    this.#name = name;
    this.#act = act;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    const { world } = real;
    await this.#act(model, real);
    await settle();
    expect(world.inFlight).toBeLessThanOrEqual(8);
    for (const { account, state } of world.told.splice(0)) {
      expect(faultOf(state), `${account}: ${JSON.stringify(state)}`).toBeNull();
    }
    for (const id of ids) {
      expect(faultOf(world.state(id)), `${id}: ${JSON.stringify(world.state(id))}`).toBeNull();
      // What is served and what the state says are one, but for the moment between AWS's answer and the outlet's.
      const { activity, serving } = world.state(id);
      if (world.serves(id).startsWith('key-') && activity !== 'connecting')
        expect(serving, id).not.toBeNull();
    }
    model.promises.check(world);
    model.promises.notice(world);
  }

  toString(): string {
    return this.#name;
  }
}

const some = fc.subarray([...ids], { minLength: 1 });
const oneOf = fc.constantFrom(...ids);
const failures: readonly (ErrorCode | null)[] = [
  ...[null, null, 'network-unreachable', 'aws-throttled', 'aws-access-denied', 'identity-mismatch'],
  ...['internal', 'token-failed', 'clock-skew'],
] as (ErrorCode | null)[];

function open(gate: Gate | null): null {
  gate?.open();
  return null;
}

const steps = [
  some.map(
    (which) =>
      new Step(`connect(${which.join()})`, ({}, { world, pending }) => {
        pending.push(world.connect(...which));
      }),
  ),
  some.map(
    (which) =>
      new Step(`connectAlone(${which.join()})`, ({}, { world, pending }) => {
        pending.push(world.connectAlone(...which));
      }),
  ),
  some.map(
    (which) =>
      new Step(`disconnect(${which.join()})`, ({ promises }, { world, pending }) => {
        for (const id of which) promises.drop(id);
        pending.push(world.service.disconnect(which));
        for (const id of which) expect(world.serves(id)).not.toMatch(/^key-/);
      }),
  ),
  oneOf.map(
    (id) =>
      new Step(`republish(${id})`, ({}, { world, pending }) => {
        pending.push(world.service.republish(id));
      }),
  ),
  fc
    .oneof(
      fc.integer({ min: 1, max: 60 }).map((n) => n * second),
      fc.integer({ min: 1, max: 70 }).map((n) => n * minute),
      fc.constantFrom(30 * minute, hour, hour - 1),
    )
    .map((ms) => new Step(`pass(${String(ms)})`, ({}, { world }) => world.clock.advance(ms))),
  fc.constantFrom(minute, 31 * minute, hour, 8 * hour, -minute, -2 * hour).map(
    (ms) =>
      new Step(`jump(${String(ms)})`, (model, { world }) => {
        model.behind = Math.max(0, model.behind - ms);
        model.promises.jump(ms);
        world.clock.jump(ms);
      }),
  ),
  fc.constantFrom(minute, 31 * minute, hour, 8 * hour).map(
    (ms) =>
      new Step(`sleep(${String(ms)})`, ({}, { world }) => {
        world.clock.sleep(ms);
      }),
  ),
  fc.constantFrom(...failures).map(
    (code) =>
      new Step(`aws(${String(code)})`, ({}, { world }) => {
        world.failure = code === null ? null : new AppError(code);
      }),
  ),
  fc.boolean().map(
    (slow) =>
      new Step(`awsSlow(${String(slow)})`, ({}, { world }) => {
        world.awsThinking = slow ? (world.awsThinking ?? new Gate()) : open(world.awsThinking);
      }),
  ),
  fc.constantFrom<(ErrorCode | null)[]>(null, 'disk-full', 'file-busy').map(
    (code) =>
      new Step(`disk(${String(code)})`, ({}, { world }) => {
        world.outlet.publishFailure = code;
      }),
  ),
  fc.boolean().map(
    (slow) =>
      new Step(`diskSlow(${String(slow)})`, ({}, { world }) => {
        const { outlet } = world;
        outlet.publishing = slow ? (outlet.publishing ?? new Gate()) : open(outlet.publishing);
        outlet.withdrawing = slow ? (outlet.withdrawing ?? new Gate()) : open(outlet.withdrawing);
      }),
  ),
  fc.tuple(oneOf, fc.boolean()).map(
    ([id, present]) =>
      new Step(`${present ? 'plug' : 'unplug'}(${id})`, ({}, { world }) => {
        if (present) world.token(id).present = true;
        else world.token(id).unplug();
      }),
  ),
  oneOf.map(
    (id) =>
      new Step(`lock(${id})`, ({}, { world }) => {
        world.token(id).unlocked = false;
      }),
  ),
  fc.constantFrom(null, true, false).map(
    (isOnline) =>
      new Step(isOnline === null ? 'wakeUp' : `online(${String(isOnline)})`, ({}, { world: { service } }) => {
        if (isOnline === null) service.nudge();
        else service.setOnline(isOnline);
      }),
  ),
  fc.constantFrom(pin, '000000', null).map(
    (secret) =>
      new Step(`types(${String(secret)})`, ({}, { world }) => {
        world.human.answer = secret === null ? null : { secret };
      }),
  ),
];

/** Everything that was slow is quick now, and everybody waits. */
async function calmDown({ world, pending }: Real): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    world.failure = null;
    world.outlet.publishFailure = null;
    world.awsThinking = open(world.awsThinking);
    world.outlet.publishing = open(world.outlet.publishing);
    world.outlet.withdrawing = open(world.outlet.withdrawing);
    await settle();
  }
  await Promise.all(pending);
}

it(
  'good credentials last to their expiry, and every state is one of the contract',
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands(steps, { maxCommands: 40 }), async (commands) => {
        const real: Real = { world: new World(tokenOf), pending: [] };
        const model: Model = { promises: new Promises(), behind: 0 };
        await fc.asyncModelRun(() => ({ model, real }), commands);
        const { world } = real;
        await calmDown(real);

        // A PIN that was typed costs at most one try.
        const questions = world.human.questions.length;
        expect(world.token('a').tries + world.token('c').tries).toBeLessThanOrEqual(questions);

        // When all is quiet and the clock not behind, the outlet holds what is served, and nothing else.
        world.clock.jump(model.behind);
        await world.clock.advance(5 * minute + 15 * second);
        for (const id of ids) {
          const served = world.serves(id);
          expect(world.outlet.held.get(id) ?? null, id).toBe(served.startsWith('key-') ? served : null);
        }

        // Whoever stops leaves nothing behind.
        await world.service.stop();
        await settle();
        expect(world.outlet.held).toEqual(new Map());
        expect(world.clock.pending).toBe(0);
      }),
      { numRuns: 400 },
    );
  },
);
