/** What accounts do when tokens come and go. */
import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/shared/errors.ts';
import { settle } from '../../support/fakes/clock.ts';
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
