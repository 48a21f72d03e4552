/** What accounts do when tokens come and go. */
import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/shared/errors.ts';
import { settle } from '../../support/fakes/clock.ts';
import { Gate } from '../../support/fakes/gate.ts';
import { faultOf, hour, minute, World } from './service-world.ts';

let world: World;

afterEach(() => {
  for (const { account, state } of world.told)
    expect(faultOf(state), `${account}: ${JSON.stringify(state)}`).toBeNull();
});

async function connected(tokenOf: Readonly<Record<string, string>> = { a: 'T' }): Promise<void> {
  world = new World(tokenOf);
  world.random = 0.99; // long pauses: what is tried at once is not tried by them
  await world.connect(...world.accounts.map(({ id }) => id));
}

const named = (label: string) => ({ label, serial: label, manufacturer: 'M', model: 'X' });
const came = (label: string): void => world.service.tokensChanged({ came: [named(label)], went: [] });
const went = (label: string): void => world.service.tokensChanged({ came: [], went: [named(label)] });

/** `a` serves, its renewal came upon its absent token, and the pause until the next try is minutes long. */
async function missing(): Promise<void> {
  await connected();
  world.token('a').unplug();
  await world.clock.advance(40 * minute);
  expect(world.state('a')).toMatchObject({ activity: 'needs-you', reason: 'token-absent' });
}

describe('a token that is back', () => {
  it('renews who waits for it at once and silently, where its PIN is held', async () => {
    await missing();
    world.token('a').present = true;
    world.token('a').unlocked = true;
    came('T');
    await settle();
    expect(world.state('a')).toMatchObject({ activity: 'idle', error: null });
    expect(world.serves('a')).toBe('key-2');
    expect(world.human.questions).toHaveLength(1);
  });

  it('says that its PIN is needed, where it is', async () => {
    await missing();
    world.token('a').present = true;
    came('T');
    await settle();
    expect(world.state('a')).toMatchObject({ activity: 'needs-you', reason: 'pin', retryAt: null });
    expect(world.serves('a')).toBe('key-1');
    expect(world.human.questions).toHaveLength(1);
  });

  it('connects who was never served: a click asked for it', async () => {
    world = new World({ a: 'x' });
    world.random = 0.99;
    world.token('a').present = false;
    await world.connect('a');
    world.token('a').present = true;
    world.token('a').unlocked = true;
    came('x'); // known by the account's own words alone
    await settle();
    expect(world.serves('a')).toBe('key-1');
  });

  it('is no signature for who does not wait', async () => {
    await connected();
    went('T');
    came('T');
    await settle();
    expect(world.requests).toEqual(['a']);
  });

  it('is tried once more where it came while it was looked for', async () => {
    await missing();
    world.token('a').present = true;
    world.token('a').unlocked = true;
    world.refused.set('a', 'token-absent');
    world.onTold = () => {
      world.onTold = () => undefined;
      queueMicrotask(() => {
        came('T'); // the look that is under way is too early
        queueMicrotask(() => world.refused.clear());
      });
    };
    world.service.lookForTokens();
    await settle();
    expect(world.serves('a')).toBe('key-2');
  });

  it('of another name is nothing', async () => {
    await missing();
    world.token('a').present = true;
    world.token('a').unlocked = true;
    came('U');
    await settle();
    expect(world.state('a')).toMatchObject({ reason: 'token-absent' });
  });

  it('tries at once who came upon a module that failed', async () => {
    await connected();
    world.failure = new AppError('token-failed');
    await world.clock.advance(31 * minute);
    expect(world.state('a').activity).toBe('retrying');
    world.failure = null;
    const { length } = world.requests;
    came('T');
    await settle();
    expect(world.requests.length).toBe(length + 1);
    expect(world.state('a').activity).toBe('idle');
  });
});

describe('a token that is lost whenever it is used', () => {
  /** It comes back within a second of each failure; `counted` says how often it was used in a minute. */
  async function flaps(code: 'token-absent' | 'token-failed', comes: () => void): Promise<number> {
    await connected();
    world.failure = new AppError(code);
    await world.clock.advance(30 * minute);
    const { length } = world.requests;
    for (let n = 0; n < 120; n += 1) {
      await world.clock.advance(minute / 120);
      comes();
      await settle();
    }
    return world.requests.length - length;
  }

  it.each([
    ['token-absent', 'its module', () => came('T')],
    ['token-failed', 'its module', () => came('T')],
    ['token-absent', 'the computer', () => world.service.plugged()],
  ] as const)(
    'is hurried for once (%s, seen by %s), then tried by the back-off',
    async (code, _by, comes) => {
      // 5, 10, 20, 40 s at the most
      const uses = await flaps(code, comes);
      expect(uses).toBeGreaterThan(1);
      expect(uses).toBeLessThanOrEqual(5);
    },
  );

  it('is hurried for again where somebody is there, and once it has worked', async () => {
    await flaps('token-absent', () => came('T'));
    const { length } = world.requests;
    world.service.lookForTokens();
    await settle();
    expect(world.requests.length).toBe(length + 1);
    world.failure = null;
    world.service.lookForTokens();
    await settle();
    expect(world.state('a').activity).toBe('idle');
    world.failure = new AppError('token-absent');
    await world.clock.advance(30 * minute + 1000);
    expect(world.state('a').reason).toBe('token-absent');
    world.failure = null;
    came('T');
    await settle();
    expect(world.state('a').activity).toBe('idle');
  });

  it('does not make two accounts with keys on it hurry each other', async () => {
    world = new World({ a: 'T', b: 'T' });
    world.random = 0.99;
    await world.connect('a');
    await world.clock.advance(2000);
    await world.connect('b');
    world.failure = new AppError('token-absent');
    await world.clock.advance(30 * minute - 2000);
    came('T');
    await settle();
    expect(world.requests.slice(2)).toEqual(['a', 'a']);
    await world.clock.advance(2000);
    expect(world.requests.slice(4)).toEqual(['b']); // which opened the key
  });

  it('is no token that was looked for and not found: that uses nothing', async () => {
    await missing();
    for (let n = 0; n < 3; n += 1) {
      came('T');
      await settle();
      expect(world.state('a').reason).toBe('token-absent');
    }
    world.token('a').present = true;
    world.token('a').unlocked = true;
    came('T');
    await settle();
    expect(world.serves('a')).toBe('key-2');
  });
});

describe('a token that is pulled out while its PIN is asked for', () => {
  it('voids the question, and is what its accounts wait for', async () => {
    world = new World({ a: 'x', b: 'x', c: 'U' });
    world.random = 0.99;
    world.human.thinking = new Gate();
    const connecting = world.connect('a', 'b', 'c');
    await settle();
    expect(world.human.questions).toHaveLength(2);
    came('x'); // its module was first looked at for this
    world.token('a').unplug();
    went('x');
    for (const id of ['a', 'b'])
      expect(world.state(id)).toMatchObject({
        activity: 'needs-you',
        reason: 'token-absent',
        error: { message: 'The token “x” was unplugged.' },
      });
    await settle();
    expect(world.human.voided).toBe(1);
    expect(world.state('c').activity).toBe('connecting');
    world.human.thinking.open();
    await connecting;
    expect(['a', 'b', 'c'].map((id) => world.serves(id))).toEqual(['token-absent', 'token-absent', 'key-1']);
    expect(world.token('a').tries).toBe(0);
    world.token('a').present = true;
    came('x');
    await settle();
    expect(world.state('a').reason).toBe('pin');
  });
});

describe('a token that was pulled out', () => {
  it('leaves alone what is served and not due', async () => {
    await connected();
    const before = world.state('a');
    world.token('a').unplug();
    went('T');
    await settle();
    expect(world.state('a')).toEqual(before);
  });

  it('is what those wait for now who waited for its PIN, and is looked for', async () => {
    await connected({ a: 'T', b: 'U' });
    for (const id of ['a', 'b']) world.token(id).unlocked = false;
    await world.clock.advance(31 * minute);
    expect([world.state('a').reason, world.state('b').reason]).toEqual(['pin', 'pin']);
    world.token('a').unplug();
    went('T');
    expect(world.state('a')).toMatchObject({
      activity: 'needs-you',
      reason: 'token-absent',
      error: { code: 'token-absent', message: 'The token “T” was unplugged.' },
    });
    expect(world.state('a').retryAt).not.toBeNull();
    expect(world.state('a').serving).not.toBeNull();
    expect(world.state('b').reason).toBe('pin');
    world.token('a').present = true;
    came('T');
    await settle();
    expect(world.state('a').reason).toBe('pin');
  });
});

describe('a look for tokens', () => {
  it('tries at once who waits for one, and nobody else', async () => {
    await connected({ a: 'T', b: 'U' });
    world.token('a').unplug();
    await world.clock.advance(40 * minute);
    const { length } = world.requests;
    world.token('a').present = true;
    world.token('a').unlocked = true;
    world.service.lookForTokens();
    await settle();
    expect(world.requests.slice(length)).toEqual(['a']);
  });

  it('is nothing where nobody waits', async () => {
    await connected();
    world.service.lookForTokens();
    await world.clock.advance(hour / 4);
    expect(world.requests).toEqual(['a']);
  });
});
