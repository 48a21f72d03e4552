import { afterEach, describe, expect, it } from 'vitest';
import type { SessionService } from '../../../src/main/sessions/session-service.ts';
import { AwsRefusal } from '../../../src/main/roles-anywhere/response.ts';
import { idleState } from '../../../src/shared/constants.ts';
import { AppError } from '../../../src/shared/errors.ts';
import { settle } from '../../support/fakes/clock.ts';
import { Gate } from '../../support/fakes/gate.ts';
import { faultOf, hour, minute, pin, second, World } from './service-world.ts';

let worlds: World[] = [];

function open(tokenOf: Readonly<Record<string, string>> = { a: 'T' }): World {
  const world = new World(tokenOf);
  worlds.push(world);
  return world;
}

/** A world where `a` serves since just now. */
async function connected(tokenOf?: Readonly<Record<string, string>>): Promise<World> {
  const world = open(tokenOf);
  await world.connect(...world.accounts.map(({ id }) => id));
  return world;
}

// Whatever a test is about: no state that the contract does not allow was ever told.
afterEach(() => {
  const told = worlds.flatMap((world) => world.told);
  worlds = [];
  for (const { account, state } of told)
    expect(faultOf(state), `${account}: ${JSON.stringify(state)}`).toBeNull();
});

/** Of every account, as far as its own words tell. */
const firstKey = { uri: 'pkcs11:token=x', token: 'x', serial: null, hardware: false };
const network = new AppError('network-unreachable');
const throttled = (retryAfterMs: number | null): AwsRefusal =>
  new AwsRefusal('aws-throttled', { retryAfterMs, clockMayBeTheCause: false });

describe('connect', () => {
  it('serves credentials and puts them where the outlet keeps them', async () => {
    const world = open();
    await world.connect('a');
    expect(world.state('a')).toEqual({
      activity: 'idle',
      reason: null,
      serving: { expiresAt: '2026-04-14T10:00:00Z', renewAt: '2026-04-14T09:30:00Z' },
      retryAt: null,
      error: null,
    });
    expect(world.serves('a')).toBe('key-1');
    expect(world.outlet.held).toEqual(new Map([['a', 'key-1']]));
    expect(world.activities('a')).toEqual(['connecting', 'idle']);
    expect(world.service.status(world.account('a'))).toMatchObject({
      account: 'a',
      label: 'Label a',
      assumedRoleArn: 'arn:aws:sts::123456789012:assumed-role/Reader/a',
      key: { uri: 'pkcs11:token=T', token: 'T', serial: 'T', hardware: true },
    });
  });

  it('of an unknown account begins nothing, for the known ones neither', async () => {
    const world = open();
    await expect(world.connect('a', 'b')).rejects.toMatchObject({ code: 'account-unknown' });
    expect([world.told, world.requests]).toEqual([[], []]);
  });

  it('leaves one as it is that serves and is not due', async () => {
    const world = await connected();
    await world.clock.advance(29 * minute);
    await world.connect('a');
    expect(world.requests).toEqual(['a']);
    expect(world.serves('a')).toBe('key-1');
  });

  it('renews one that is due and needed a person', async () => {
    const world = await connected();
    world.token('a').unlocked = false;
    await world.clock.advance(31 * minute);
    expect(world.state('a').activity).toBe('needs-you');
    await world.connect('a');
    expect(world.serves('a')).toBe('key-2');
    expect(world.state('a')).toMatchObject({ activity: 'idle', error: null });
  });

  it('twice at once is one: one question, one request, both told', async () => {
    const world = open();
    await Promise.all([world.connect('a'), world.connect('a')]);
    expect([world.requests, world.human.questions.length]).toEqual([['a'], 1]);
  });

  it('while renewing joins the renewal', async () => {
    const world = await connected();
    world.awsThinking = new Gate();
    await world.clock.advance(30 * minute);
    expect(world.state('a').activity).toBe('renewing');
    const connecting = world.connect('a');
    world.awsThinking.open();
    await connecting;
    expect(world.requests).toEqual(['a', 'a']);
    expect(world.serves('a')).toBe('key-2');
  });

  it('while a renewal fails tries anew', async () => {
    const world = await connected();
    world.awsThinking = new Gate();
    await world.clock.advance(30 * minute);
    const connecting = world.connect('a');
    world.failure = network;
    world.awsThinking.open();
    await settle();
    await connecting;
    expect(world.requests).toEqual(['a', 'a', 'a']);
  });

  // Whoever asks at the socket need not be the command line, which names each once.
  it('names an account twice and means it once', async () => {
    const world = open();
    const done = world.connect('a', 'a').then(() => 'done');
    expect(
      await Promise.race([
        done,
        settle()
          .then(settle)
          .then(() => 'waits for itself'),
      ]),
    ).toBe('done');
    expect(world.requests).toEqual(['a']);
  });

  it('keeps nobody waiting for an account that cannot be connected', async () => {
    const world = open({ a: 'T', b: 'T', c: 'T' });
    world.refused.set('b', 'cert-expired');
    await world.connect('a', 'b', 'c');
    expect([world.serves('a'), world.serves('b'), world.serves('c')]).toEqual([
      'key-1',
      'cert-expired',
      'key-2',
    ]);
    expect(world.state('b')).toMatchObject({ activity: 'needs-you', reason: 'certificate', serving: null });
  });

  it('of what fails for good says so, and does not try by itself', async () => {
    const world = open();
    world.failure = new AppError('identity-mismatch');
    await world.connect('a');
    expect(world.state('a')).toMatchObject({
      activity: 'failed',
      retryAt: null,
      error: { code: 'identity-mismatch' },
    });
    await world.clock.advance(2 * hour);
    expect(world.requests).toEqual(['a']);
  });

  it('of what may pass tries again by itself', async () => {
    const world = open();
    world.failure = network;
    await world.connect('a');
    expect(world.state('a')).toMatchObject({ activity: 'retrying', retryAt: '2026-04-14T09:00:02Z' });
    world.failure = null;
    await world.clock.advance(2500);
    expect(world.serves('a')).toBe('key-2');
  });

  it('logs what nobody expected, and says no more than that it was so', async () => {
    const world = open();
    world.failure = new TypeError('inner text');
    await world.connect('a');
    expect(world.state('a')).toMatchObject({ activity: 'failed', error: { code: 'internal' } });
    expect(JSON.stringify(world.told)).not.toContain('inner text');
    expect(world.logger.entries).toMatchObject([
      { level: 'error', event: 'session-failed', fields: { account: 'a' } },
    ]);
  });

  it('resets back-off: a user’s click begins anew', async () => {
    const world = open();
    world.failure = network;
    world.random = 1;
    await world.connect('a');
    await world.clock.advance(10 * minute);
    await world.connect('a');
    const retryAt = Date.parse(world.state('a').retryAt!);
    expect(retryAt - world.clock.now()).toBeLessThanOrEqual(5 * second);
  });
});

describe('a PIN', () => {
  it('is asked once for all accounts on a token, by their labels', async () => {
    const world = open({ a: 'T', b: 'T', c: 'T' });
    await world.connect('a', 'b', 'c');
    expect(world.human.questions).toMatchObject([
      { kind: 'pin', accounts: ['Label a', 'Label b', 'Label c'], askedBy: 'rolekey connect' },
    ]);
    expect(world.token('a').tries).toBe(1);
    expect(['a', 'b', 'c'].map((id) => world.state(id).activity)).toEqual(['idle', 'idle', 'idle']);
  });

  it('is asked once for each token', async () => {
    const world = open({ a: 'T', b: 'U', c: 'T' });
    await world.connect('a', 'b', 'c');
    const asked = world.human.questions.map((question) => (question.kind === 'pin' ? question.accounts : []));
    expect(asked).toEqual([['Label a', 'Label c'], ['Label b']]);
  });

  it('is not asked before every account was looked at, nor for one that cannot be connected', async () => {
    const world = open({ a: 'T', b: 'T', c: 'U' });
    world.refused.set('b', 'cert-expired');
    world.token('c').unplug();
    await world.connect('a', 'b', 'c');
    expect(world.human.questions).toMatchObject([{ accounts: ['Label a'] }]);
    world.refused.set('a', 'cert-expired');
    world.human.questions.length = 0;
    await world.service.disconnect(['a', 'b', 'c']);
    await world.connect('a', 'b', 'c');
    expect(world.human.questions).toEqual([]);
  });

  it('is not asked where the token needs none', async () => {
    const world = open();
    world.token('a').unlocked = true;
    await world.connect('a');
    expect(world.human.questions).toEqual([]);
    expect(world.serves('a')).toBe('key-1');
  });

  it('that is wrong costs one try, says so, and is not tried by itself again', async () => {
    const world = open({ a: 'T', b: 'T' });
    world.human.answer = { secret: '000000' };
    await world.connect('a', 'b');
    for (const id of ['a', 'b']) {
      expect(world.state(id)).toMatchObject({
        activity: 'needs-you',
        reason: 'pin',
        retryAt: null,
        error: { code: 'pin-incorrect' },
      });
    }
    expect(world.token('a').tries).toBe(1);
    await world.clock.advance(2 * hour);
    expect([world.token('a').tries, world.human.questions.length, world.requests]).toEqual([1, 1, []]);
  });

  it('nobody gives leaves the account needing a person', async () => {
    const world = open();
    await world.connectAlone('a');
    expect(world.state('a')).toMatchObject({
      activity: 'needs-you',
      reason: 'pin',
      error: { code: 'pin-needed' },
    });
    expect(world.serves('a')).toBe('pin-needed');
  });

  it('is not asked by a renewal, ever', async () => {
    const world = await connected();
    world.human.questions.length = 0;
    world.token('a').unlocked = false;
    await world.clock.advance(2 * hour);
    expect(world.human.questions).toEqual([]);
  });

  it('is in no state, event or log', async () => {
    const world = open();
    await world.connect('a');
    await world.service.disconnect(['a']);
    expect(JSON.stringify([world.told, world.logger.entries])).not.toContain(pin);
  });
});

describe('renewal', () => {
  it('happens by itself when half of the lifetime is gone, and not before', async () => {
    const world = await connected();
    await world.clock.advance(30 * minute - 1);
    expect(world.requests).toHaveLength(1);
    await world.clock.advance(1);
    expect(world.serves('a')).toBe('key-2');
    expect(world.outlet.held.get('a')).toBe('key-2');
    expect(world.activities('a')).toEqual(['connecting', 'idle', 'renewing', 'idle']);
    await world.clock.advance(30 * minute);
    expect(world.serves('a')).toBe('key-3');
  });

  it('goes on for a day', async () => {
    const world = await connected();
    for (let step = 0; step < 24 * 60; step += 1) {
      await world.clock.advance(minute);
      expect(world.serves('a')).toMatch(/^key-/);
    }
    expect(world.requests).toHaveLength(1 + 48);
  });

  it('serves what it has while it lasts', async () => {
    const world = await connected();
    world.awsThinking = new Gate();
    await world.clock.advance(40 * minute);
    expect(world.serves('a')).toBe('key-1');
    expect(world.state('a')).toMatchObject({
      activity: 'renewing',
      serving: { expiresAt: '2026-04-14T10:00:00Z' },
    });
  });

  it('that needs a PIN asks for it once by its state, and keeps serving to the end', async () => {
    const world = await connected();
    world.token('a').unlocked = false;
    await world.clock.advance(30 * minute);
    expect(world.state('a')).toMatchObject({ activity: 'needs-you', reason: 'pin', retryAt: null });
    const told = world.told.length;
    await world.clock.advance(30 * minute - 1);
    expect(world.told).toHaveLength(told);
    expect(world.serves('a')).toBe('key-1');
    await world.clock.advance(1);
    expect(world.serves('a')).toBe('pin-needed');
    expect(world.outlet.held).toEqual(new Map());
  });

  it('that needs a touch says that it is a touch', async () => {
    const world = open();
    world.token('a').touch = 'always';
    await world.connect('a');
    await world.clock.advance(30 * minute);
    expect(world.state('a')).toMatchObject({
      activity: 'needs-you',
      reason: 'touch',
      error: { code: 'touch-needed' },
    });
    expect(world.requests).toHaveLength(1);
  });

  it.each([
    'network-unreachable',
    'aws-access-denied',
    'identity-mismatch',
    'internal',
    'token-failed',
  ] as const)('that fails with %s keeps the good credentials and tries again', async (code) => {
    const world = await connected();
    world.failure = new AppError(code);
    await world.clock.advance(30 * minute);
    expect(world.state('a')).toMatchObject({ activity: 'retrying', error: { code } });
    expect([world.serves('a'), world.outlet.held.get('a')]).toEqual(['key-1', 'key-1']);
    world.failure = null;
    await world.clock.advance(5 * second);
    expect(world.state('a')).toMatchObject({ activity: 'idle', error: null, retryAt: null });
    expect(world.serves('a')).toMatch(/^key-[2-9]$/);
  });

  it('that fails tries ever more seldom, but every 30 s at least when five minutes are left', async () => {
    const world = await connected();
    world.random = 0.999;
    world.failure = network;
    await world.clock.advance(30 * minute);
    const times: number[] = [];
    let seen = world.requests.length;
    for (let at = 30 * minute; at < 60 * minute; at += second) {
      await world.clock.advance(second);
      if (world.requests.length > seen) times.push(at / second);
      seen = world.requests.length;
    }
    const gaps = times.map((time, index) => time - (times[index - 1] ?? 1800));
    expect(gaps.slice(0, 6)).toEqual(
      [5, 10, 20, 40, 80, 160].map((gap) => expect.closeTo(gap, -0.5) as number),
    );
    const late = gaps.filter((_, index) => times[index]! > 55.6 * 60);
    expect(late.length).toBeGreaterThan(5);
    for (const gap of late) expect(gap).toBeLessThanOrEqual(31);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(301);
  });

  it('happens within a tick of a wake-up from sleep', async () => {
    const world = await connected();
    await world.clock.advance(minute);
    world.clock.sleep(40 * minute);
    await world.clock.advance(15 * second);
    expect(world.serves('a')).toBe('key-2');
  });

  it('that failed is not put off by a clock that is set back', async () => {
    const world = open();
    world.failure = network;
    await world.connect('a');
    world.failure = null;
    world.clock.jump(-2 * hour);
    await world.clock.advance(15 * second);
    expect(world.serves('a')).toBe('key-2');
  });

  it('lives with a clock that is set back', async () => {
    const world = await connected();
    await world.clock.advance(29 * minute);
    world.clock.jump(-25 * minute);
    await world.clock.advance(26 * minute);
    expect(world.requests).toHaveLength(2);
    expect(world.state('a').activity).toBe('idle');
  });
});

describe('Retry-After', () => {
  it.each([
    [120_000, 120],
    [1000, 2],
    [0, 2],
    [null, 2],
  ])('of %s ms is heeded where it is longer than back-off: %d s', async (retryAfterMs, seconds) => {
    const world = open();
    world.failure = throttled(retryAfterMs);
    await world.connect('a');
    expect(world.state('a').retryAt).toBe(
      `${new Date(world.clock.now() + seconds * second).toISOString().slice(0, 19)}Z`,
    );
    world.failure = null;
    await world.clock.advance(seconds * second - 1);
    expect(world.requests).toHaveLength(1);
    await world.clock.advance(second);
    expect(world.serves('a')).toBe('key-2');
  });

  it.each([1e15, 1e20, Infinity])('of %d ms, which no calendar has, breaks nothing', async (retryAfterMs) => {
    const world = open();
    world.failure = throttled(retryAfterMs);
    await world.connect('a');
    expect(world.state('a')).toMatchObject({ activity: 'retrying', error: { code: 'aws-throttled' } });
  });
});

describe('expiry', () => {
  it('that was slept through empties the outlet and says so', async () => {
    const world = await connected();
    world.token('a').unlocked = false;
    world.clock.sleep(hour);
    await world.clock.advance(15 * second);
    expect(world.state('a')).toMatchObject({ serving: null });
    expect(world.state('a').error).not.toBeNull();
    expect(world.serves('a')).toMatch(/^(session-expired|pin-needed)$/);
    expect(world.outlet.held).toEqual(new Map());
  });

  it('is never served, not even in the moment before it is noticed', async () => {
    const world = await connected();
    world.clock.sleep(hour - 1);
    expect(world.serves('a')).toBe('key-1');
    world.clock.sleep(1);
    expect(world.serves('a')).not.toMatch(/^key-/);
  });

  it('that was slept through is made up for where no person is needed', async () => {
    const world = await connected();
    world.clock.sleep(9 * hour);
    await world.clock.advance(15 * second);
    expect([world.serves('a'), world.outlet.held.get('a')]).toEqual(['key-2', 'key-2']);
    expect(world.activities('a')).toEqual(['connecting', 'idle', 'connecting', 'idle']);
    expect(world.human.questions).toHaveLength(1);
  });

  it('that was slept through is made up for as soon as there is a network', async () => {
    const world = await connected();
    world.failure = network;
    world.clock.sleep(9 * hour);
    await world.clock.advance(15 * second);
    expect(world.state('a')).toMatchObject({ activity: 'retrying', serving: null });
    expect(world.outlet.held).toEqual(new Map());
    world.failure = null;
    world.service.nudge();
    await settle();
    expect(world.serves('a')).toMatch(/^key-/);
  });

  it.each(['aws-access-denied', 'response-invalid', 'internal'] as const)(
    'is no end of trying, whatever it fails with: %s',
    async (code) => {
      const world = await connected();
      world.failure = new AppError(code);
      await world.clock.advance(2 * hour);
      expect(world.state('a')).toMatchObject({ activity: 'retrying', serving: null, error: { code } });
      world.failure = null;
      await world.clock.advance(5 * minute);
      expect(world.serves('a')).toMatch(/^key-/);
    },
  );

  it('of what was disconnected is nothing to make up for', async () => {
    const world = await connected();
    await world.service.disconnect(['a']);
    world.clock.sleep(9 * hour);
    await world.clock.advance(hour);
    expect(world.requests).toHaveLength(1);
  });

  it('leaves what still has to be done: a token that is absent is looked for', async () => {
    const world = await connected();
    world.token('a').unplug();
    await world.clock.advance(hour);
    expect(world.state('a')).toMatchObject({ activity: 'needs-you', reason: 'token-absent', serving: null });
    expect(world.state('a').retryAt).not.toBeNull();
    expect(world.outlet.held).toEqual(new Map());
  });

  it('in the midst of a renewal: nothing is served, and the late answer is', async () => {
    const world = await connected();
    world.awsThinking = new Gate();
    await world.clock.advance(hour);
    expect(world.state('a')).toMatchObject({ activity: 'connecting', serving: null });
    expect(world.outlet.held).toEqual(new Map());
    world.awsThinking.open();
    await settle();
    expect(world.serves('a')).toBe('key-2');
    expect(world.outlet.held.get('a')).toBe('key-2');
  });

  it('takes away what has expired, and nothing that came meanwhile', async () => {
    const world = await connected();
    world.awsThinking = new Gate();
    world.outlet.withdrawing = new Gate();
    await world.clock.advance(hour);
    world.awsThinking.open(); // the answer comes while the file is being emptied
    await settle();
    world.outlet.withdrawing.open();
    await settle();
    expect(world.serves('a')).toBe('key-2');
    expect(world.outlet.held.get('a')).toBe('key-2');
  });

  it('whose outlet cannot be emptied says so', async () => {
    const world = await connected();
    world.token('a').unlocked = false;
    world.outlet.withdrawFailure = 'file-readonly';
    world.clock.sleep(hour);
    await world.clock.advance(15 * second);
    expect(world.state('a')).toMatchObject({
      activity: 'needs-you',
      serving: null,
      error: { message: 'The token needs its PIN. The file cannot be written.' },
    });
  });

  it('whose outlet cannot be emptied empties it as soon as that can be', async () => {
    const world = await connected();
    world.token('a').unlocked = false;
    world.outlet.withdrawFailure = 'file-readonly';
    await world.clock.advance(hour + second);
    expect(world.outlet.held.size).toBe(1);
    // A person is needed as well: both are told, and what to do about the PIN comes first.
    expect(world.state('a')).toMatchObject({
      activity: 'needs-you',
      reason: 'pin',
      error: { code: 'pin-needed' },
    });
    expect(world.state('a').error!.message).toBe('The token needs its PIN. The file cannot be written.');
    await world.clock.advance(10 * minute);
    const tries = world.outlet.withdrawals.length;
    expect(tries, 'ever more seldom').toBeLessThan(12);
    world.outlet.withdrawFailure = null;
    await world.clock.advance(5 * minute);
    expect(world.outlet.held.size).toBe(0);
    expect(world.outlet.withdrawals.length, 'and then no more').toBe(tries + 1);
    expect(world.state('a').error!.message).toBe('The token needs its PIN.');
  });
});

describe('an outlet that fails', () => {
  it('costs no credentials: they are served from memory, and published when it can take them', async () => {
    const world = open();
    world.outlet.publishFailure = 'disk-full';
    await world.connect('a');
    expect(world.serves('a')).toBe('key-1');
    expect(world.state('a')).toMatchObject({ activity: 'retrying', error: { code: 'disk-full' } });
    expect(world.state('a').serving).not.toBeNull();
    await world.clock.advance(minute);
    expect(world.outlet.publishes).toBeGreaterThan(2);
    world.outlet.publishFailure = null;
    await world.clock.advance(2 * minute);
    expect(world.outlet.held.get('a')).toBe('key-1');
    expect(world.state('a')).toMatchObject({ activity: 'idle', retryAt: null, error: null });
    expect(world.requests).toHaveLength(1);
  });

  it('leaves what it held before', async () => {
    const world = await connected();
    world.outlet.publishFailure = 'disk-full';
    await world.clock.advance(31 * minute);
    expect([world.serves('a'), world.outlet.held.get('a')]).toEqual(['key-2', 'key-1']);
  });

  it('does not keep from renewal: credentials in memory never run out for it', async () => {
    const world = open();
    world.outlet.publishFailure = 'disk-full';
    await world.connect('a');
    for (let step = 0; step < 180; step += 1) {
      await world.clock.advance(minute);
      expect(world.serves('a')).toMatch(/^key-/);
    }
  });

  it('is offered them again also while a person is needed', async () => {
    const world = open();
    world.outlet.publishFailure = 'disk-full';
    await world.connect('a');
    world.token('a').unlocked = false;
    await world.clock.advance(31 * minute);
    expect(world.state('a')).toMatchObject({ activity: 'needs-you', reason: 'pin', retryAt: null });
    world.outlet.publishFailure = null;
    await world.clock.advance(6 * minute);
    expect(world.outlet.held.get('a')).toBe('key-1');
    expect(world.state('a')).toMatchObject({ activity: 'needs-you', reason: 'pin' });
  });

  it('is offered them again by connect, without another signature', async () => {
    const world = open();
    world.outlet.publishFailure = 'disk-full';
    await world.connect('a');
    world.outlet.publishFailure = null;
    await world.connect('a');
    expect(world.outlet.held.get('a')).toBe('key-1');
    expect(world.requests).toHaveLength(1);
  });
});

describe('disconnect', () => {
  it('takes credentials away, everywhere and at once', async () => {
    const world = await connected();
    await world.service.disconnect(['a']);
    expect(world.state('a')).toMatchObject({ activity: 'idle', serving: null, error: null });
    expect(world.serves('a')).toBe('not-connected');
    expect(world.outlet.held).toEqual(new Map());
    await world.clock.advance(2 * hour);
    expect(world.requests).toHaveLength(1);
  });

  it('can be said twice, and of what was never connected', async () => {
    const world = open();
    await world.service.disconnect(['a']);
    await world.service.disconnect(['a']);
    expect(world.state('a')).toMatchObject({ activity: 'idle', error: null });
  });

  it('of an unknown account ends nothing', async () => {
    const world = await connected();
    await expect(world.service.disconnect(['a', 'b'])).rejects.toMatchObject({ code: 'account-unknown' });
    expect(world.serves('a')).toBe('key-1');
  });

  it('while AWS thinks: the late answer is dropped', async () => {
    const world = open();
    world.awsThinking = new Gate();
    const connecting = world.connect('a');
    await settle();
    await world.service.disconnect(['a']);
    world.awsThinking.open();
    await connecting;
    expect(world.serves('a')).toBe('not-connected');
    expect([world.outlet.publishes, world.outlet.held.size]).toEqual([0, 0]);
    expect(world.state('a')).toMatchObject({ activity: 'idle', serving: null });
  });

  it('while AWS thinks: its late failure is dropped, too', async () => {
    const world = open();
    world.awsThinking = new Gate();
    const connecting = world.connect('a');
    await settle();
    await world.service.disconnect(['a']);
    world.failure = network;
    world.awsThinking.open();
    await connecting;
    expect(world.state('a')).toMatchObject({ activity: 'idle', error: null, retryAt: null });
  });

  it('while the outlet writes: what was written is taken away again', async () => {
    const world = open();
    world.outlet.publishing = new Gate();
    const connecting = world.connect('a');
    await settle();
    const disconnecting = world.service.disconnect(['a']);
    world.outlet.publishing.open();
    await Promise.all([connecting, disconnecting]);
    expect(world.outlet.held).toEqual(new Map());
    expect(world.serves('a')).toBe('not-connected');
  });

  it('is over only when nothing is left, however slow the write under way is', async () => {
    const world = open();
    world.outlet.publishing = new Gate();
    void world.connect('a');
    await settle();
    let isOver = false;
    const disconnecting = world.service.disconnect(['a']).then(() => (isOver = true));
    await settle();
    expect(isOver).toBe(false);
    world.outlet.publishing.open();
    await disconnecting;
    expect(world.outlet.held).toEqual(new Map());
  });

  it('while a person looks for the PIN: nothing is signed when it comes', async () => {
    const world = open();
    world.human.thinking = new Gate();
    const connecting = world.connect('a');
    await settle();
    await world.service.disconnect(['a']);
    world.human.thinking.open();
    await connecting;
    expect(world.requests).toEqual([]);
  });

  it.each<[string, (service: SessionService) => Promise<unknown>]>([
    ['disconnect', (service) => service.disconnect(['a', 'b'])],
    ['stop', (service) => service.stop()],
    ['release', (service) => service.release()],
  ])('while a person looks for the PIN: the question is void after %s', async (_, end) => {
    const world = open({ a: 'T', b: 'T' });
    world.human.thinking = new Gate();
    const connecting = world.connect('a', 'b');
    await settle();
    await end(world.service);
    await connecting;
    await settle();
    expect(world.human.voided).toBe(1);
    world.human.thinking.open();
    await settle();
    expect([world.token('a').tries, world.requests]).toEqual([0, []]);
    expect(world.service.isUnlocking('a')).toBe(false);
  });

  it('while a person looks for the PIN: the question stays for another account that waits', async () => {
    const world = open({ a: 'T', b: 'T' });
    world.human.thinking = new Gate();
    const connecting = world.connect('a', 'b');
    await settle();
    await world.service.disconnect(['a']);
    await settle();
    expect(world.human.voided).toBe(0);
    world.human.thinking.open();
    await connecting;
    expect(world.requests).toEqual(['b']);
    expect([world.state('a').activity, world.serves('a')]).toEqual(['idle', 'not-connected']);
    expect([world.token('a').tries, world.human.questions.length]).toEqual([1, 1]);
  });

  it('and connecting again asks again', async () => {
    const world = open();
    world.human.thinking = new Gate();
    const connecting = world.connect('a');
    await settle();
    await world.service.disconnect(['a']);
    await connecting;
    world.human.thinking = null;
    await world.connect('a');
    expect([world.human.questions.length, world.human.voided, world.requests]).toEqual([2, 1, ['a']]);
  });

  it('while a person looks for the PIN: until then it is known that somebody is asked', async () => {
    const world = open();
    world.human.thinking = new Gate();
    const connecting = world.connect('a');
    await settle();
    expect(world.service.isUnlocking('a')).toBe(true);
    world.human.thinking.open();
    await connecting;
    expect(world.service.isUnlocking('a')).toBe(false);
  });

  it('ends a connect that waits for another one, too', async () => {
    const world = open();
    world.awsThinking = new Gate();
    const connecting = [world.connect('a'), world.connect('a')];
    await settle();
    await world.service.disconnect(['a']);
    world.awsThinking.open();
    await Promise.all(connecting);
    expect(world.requests).toHaveLength(1);
    expect(world.serves('a')).toBe('not-connected');
    expect(world.outlet.held).toEqual(new Map());
  });

  it('ends whoever waits for the account at once, however long AWS or a person thinks', async () => {
    const world = open({ a: 'T', b: 'U' });
    world.awsThinking = new Gate();
    world.token('b').unlocked = false;
    const connecting = [world.connect('a'), world.connect('a')];
    await settle();
    world.human.thinking = new Gate();
    connecting.push(world.connect('b'));
    await settle();
    await world.service.disconnect(['a', 'b']);
    await Promise.all(connecting);
    expect([world.state('a').activity, world.state('b').activity]).toEqual(['idle', 'idle']);
  });

  it('of an account that is gone takes its credentials away all the same', async () => {
    const world = await connected();
    world.accounts = [];
    await world.service.disconnect(['a']);
    expect(world.outlet.held).toEqual(new Map());
  });

  it('and connect again while AWS thinks: the new session is served, not the old', async () => {
    const world = open();
    world.awsThinking = new Gate();
    const first = world.connect('a');
    await settle();
    await world.service.disconnect(['a']);
    const second = world.connect('a');
    world.awsThinking.open();
    await Promise.all([first, second]);
    expect(world.serves('a')).toBe('key-2');
    expect(world.outlet.held.get('a')).toBe('key-2');
  });

  it('and connect again while the outlet still tries to write: the new credentials stay', async () => {
    const world = open();
    world.outlet.publishFailure = 'disk-full';
    await world.connect('a');
    const slow = new Gate();
    world.outlet.publishing = slow;
    await world.clock.advance(5 * second); // it is offered them again, and takes its time
    world.outlet.publishFailure = null;
    const disconnecting = world.service.disconnect(['a']);
    world.outlet.publishing = null;
    const connecting = world.connect('a');
    await settle();
    slow.open();
    await Promise.all([disconnecting, connecting]);
    await settle();
    expect(world.serves('a')).toBe('key-2');
    expect(world.outlet.held.get('a')).toBe('key-2');
  });

  it('whose outlet cannot be emptied says so, and serves nothing', async () => {
    const world = await connected();
    world.outlet.withdrawFailure = 'file-readonly';
    await world.service.disconnect(['a']);
    expect(world.state('a')).toMatchObject({
      activity: 'failed',
      serving: null,
      error: { code: 'file-readonly' },
    });
    expect(world.serves('a')).toBe('file-readonly');
    world.outlet.withdrawFailure = null;
    await world.service.disconnect(['a']);
    expect(world.state('a')).toMatchObject({ activity: 'idle', error: null });
    expect(world.outlet.held).toEqual(new Map());
  });

  it('whose outlet cannot be emptied is remembered, and the outlet emptied as soon as that can be', async () => {
    const world = await connected();
    world.outlet.withdrawFailure = 'file-readonly';
    await world.service.disconnect(['a']);
    expect([...world.unemptied]).toEqual(['a']);
    expect(world.service.isBusy()).toBe(true);
    await world.clock.advance(minute);
    expect(world.outlet.held.size).toBe(1);
    world.outlet.withdrawFailure = null;
    await world.clock.advance(2 * minute);
    expect(world.outlet.held.size).toBe(0);
    expect([...world.unemptied]).toEqual([]);
    expect(world.state('a')).toMatchObject({ activity: 'idle', error: null });
    expect(world.service.isBusy()).toBe(false);
  });

  it('whose outlet could not be emptied is nothing to a connect after it', async () => {
    const world = await connected();
    world.outlet.withdrawFailure = 'file-readonly';
    await world.service.disconnect(['a']);
    await world.connect('a');
    expect(world.state('a')).toMatchObject({ activity: 'idle', error: null });
    expect([...world.unemptied]).toEqual([]);
    world.outlet.withdrawFailure = null;
    await world.clock.advance(10 * minute);
    expect(world.outlet.held).toEqual(new Map([['a', 'key-2']]));
  });
});

describe('a token', () => {
  it('that is not there is looked for, and used when it is back and needs no PIN', async () => {
    const world = open();
    world.token('a').present = false;
    await world.connect('a');
    expect(world.state('a')).toMatchObject({ activity: 'needs-you', reason: 'token-absent' });
    world.token('a').present = true;
    world.token('a').unlocked = true;
    await world.clock.advance(5 * second);
    expect(world.serves('a')).toBe('key-1');
  });

  it('that is not there is what keeps from serving, also while it is looked for again', async () => {
    const world = open();
    world.token('a').present = false;
    await world.connect('a');
    const served: string[] = [];
    world.onTold = (account) => served.push(world.serves(account));
    await world.clock.advance(10 * minute);
    expect(served.length).toBeGreaterThan(2); // looked for, and not found, more than once
    expect(new Set(served)).toEqual(new Set(['token-absent']));
  });

  it('that is back and needs its PIN asks for that', async () => {
    const world = await connected();
    world.token('a').unplug();
    await world.clock.advance(35 * minute);
    expect(world.state('a')).toMatchObject({ reason: 'token-absent' });
    expect(world.serves('a')).toBe('key-1');
    world.token('a').present = true;
    await world.clock.advance(5 * minute);
    expect(world.state('a')).toMatchObject({ activity: 'needs-you', reason: 'pin', retryAt: null });
  });
});

describe('many accounts', () => {
  const many = Object.fromEntries(
    Array.from({ length: 100 }, (_, n) => [`a${String(n)}`, `T${String(n % 3)}`]),
  );

  it('are connected with one question per token and at most eight requests at once', async () => {
    const world = open(many);
    world.awsThinking = new Gate();
    const connecting = world.connect(...Object.keys(many));
    for (let turn = 0; turn < 5; turn += 1) await settle();
    expect(world.inFlight).toBe(8);
    world.awsThinking.open();
    await connecting;
    expect(world.mostInFlight).toBe(8);
    expect(world.human.questions).toHaveLength(3);
    expect(world.requests).toHaveLength(100);
    expect(new Set(Object.keys(many).map((id) => world.serves(id))).size).toBe(100);
  });

  it('are renewed likewise', async () => {
    const world = open(many);
    await world.connect(...Object.keys(many));
    await world.clock.advance(30 * minute + 15 * second);
    expect(world.requests).toHaveLength(200);
    expect(world.mostInFlight).toBeLessThanOrEqual(8);
  });
});

describe('what a crashed agent left', () => {
  const live = (world: World) => ({
    credentials: { accessKeyId: 'left', secretAccessKey: 's', sessionToken: 't' },
    issuedAt: world.clock.now(),
    expiresAt: world.clock.now() + 20 * minute,
    assumedRoleArn: null,
  });

  it('is served as it is, and renewed when half of what is left is gone', async () => {
    const world = open();
    world.token('a').unlocked = true;
    world.service.resume([{ account: 'a', live: live(world) }]);
    expect(world.serves('a')).toBe('left');
    expect(world.state('a')).toMatchObject({
      activity: 'idle',
      serving: { expiresAt: '2026-04-14T09:20:00Z', renewAt: '2026-04-14T09:10:00Z' },
    });
    expect(world.service.status(world.account('a'))).toMatchObject({ assumedRoleArn: null, key: firstKey });
    expect([world.outlet.publishes, world.service.isBusy()]).toEqual([0, true]);
    await world.clock.advance(10 * minute);
    expect(world.serves('a')).toBe('key-1');
  });

  it('needs a person where the token does', async () => {
    const world = open();
    world.service.resume([{ account: 'a', live: live(world) }]);
    await world.clock.advance(10 * minute);
    expect(world.state('a')).toMatchObject({ activity: 'needs-you', reason: 'pin' });
    expect(world.serves('a')).toBe('left');
  });
});

describe('an outlet that was changed', () => {
  it('is handed what is served', async () => {
    const world = await connected();
    world.outlet.held.clear();
    await world.service.republish('a');
    expect(world.outlet.held.get('a')).toBe('key-1');
    expect(world.state('a')).toMatchObject({ activity: 'idle', error: null });
  });

  it('is handed nothing where nothing is served', async () => {
    const world = open();
    await world.service.republish('a');
    await world.service.disconnect(['a']);
    await world.service.republish('a');
    expect(world.outlet.publishes).toBe(0);
    expect(world.state('a')).toMatchObject({ activity: 'idle' });
  });

  it('meanwhile: credentials that come late go where the account says now', async () => {
    const world = open();
    world.awsThinking = new Gate();
    const connecting = world.connect('a');
    await settle();
    world.accounts = world.accounts.map((account) => ({ ...account, awsProfile: 'renamed' }));
    await world.service.republish('a');
    world.awsThinking.open();
    await connecting;
    expect(world.outlet.profiles.get('a')).toBe('renamed');
  });

  it('while a renewal is under way is handed what is served, and does not wait for AWS', async () => {
    const world = await connected();
    world.awsThinking = new Gate();
    await world.clock.advance(30 * minute);
    world.outlet.held.clear();
    await world.service.republish('a');
    expect(world.outlet.held.get('a')).toBe('key-1');
    expect(world.state('a').activity).toBe('renewing');
    world.outlet.publishFailure = 'file-busy';
    await world.service.republish('a');
    world.outlet.publishFailure = null;
    world.awsThinking.open();
    await settle();
    expect(world.outlet.held.get('a')).toBe('key-2');
  });

  it('by hand: what the one held is taken away before the other gets it', async () => {
    const world = await connected();
    const { outlet } = world.account('a');
    world.accounts = world.accounts.map((account) => ({ ...account, outlet: 'credentials-file' }));
    await world.clock.advance(30 * minute);
    expect(world.outlet.withdrawals).toEqual([outlet]);
    expect(world.outlet.held.get('a')).toBe('key-2');
    await world.service.disconnect(['a']);
    expect(world.outlet.withdrawals).toEqual([outlet, 'credentials-file']);
  });

  it('that cannot take it is offered it again', async () => {
    const world = await connected();
    world.outlet.publishFailure = 'file-busy';
    world.outlet.held.clear();
    await world.service.republish('a');
    expect(world.state('a')).toMatchObject({ activity: 'retrying', error: { code: 'file-busy' } });
    world.outlet.publishFailure = null;
    await world.clock.advance(15 * second);
    expect(world.outlet.held.get('a')).toBe('key-1');
  });
});

describe('the agent', () => {
  it('is busy while accounts are connected, connecting or trying again', async () => {
    const world = open();
    expect(world.service.isBusy()).toBe(false);
    world.failure = network;
    const connecting = world.connect('a');
    expect(world.service.isBusy()).toBe(true);
    await connecting;
    expect(world.service.isBusy()).toBe(true);
    world.failure = null;
    await world.clock.advance(15 * second);
    expect(world.service.isBusy()).toBe(true);
    await world.service.disconnect(['a']);
    expect(world.service.isBusy()).toBe(false);
  });

  it.each([
    ['failed for good', 'identity-mismatch'],
    ['needs a person, and serves nothing', 'pin-locked'],
    ['waits for its token, and serves nothing', 'token-absent'],
  ] as const)('is not busy with an account that %s', async (_, code) => {
    const world = open();
    world.failure = new AppError(code);
    await world.connect('a');
    expect(world.service.isBusy()).toBe(false);
  });

  it('knows whether an account is connected', async () => {
    const world = open();
    expect(world.service.isConnected('a')).toBe(false);
    await world.connect('a');
    expect(world.service.isConnected('a')).toBe(true);
    await world.service.disconnect(['a']);
    expect(world.service.isConnected('a')).toBe(false);
  });

  it('ends every session when it stops, and does nothing more', async () => {
    const world = await connected({ a: 'T', b: 'T' });
    await world.service.stop();
    expect(world.outlet.held).toEqual(new Map());
    expect([world.serves('a'), world.serves('b')]).toEqual(['not-connected', 'not-connected']);
    expect(world.clock.pending).toBe(0);
    await world.clock.advance(2 * hour);
    expect(world.requests).toHaveLength(2);
  });

  it('that stops says what could not be taken away', async () => {
    const world = await connected({ a: 'T', b: 'T' });
    await world.service.disconnect(['a']);
    expect(await world.service.stop()).toEqual([]);
    const other = await connected({ a: 'T', b: 'T' });
    await other.service.disconnect(['a']);
    other.outlet.withdrawFailure = 'file-readonly';
    expect(await other.service.stop()).toMatchObject([
      { account: 'a', error: { code: 'file-readonly' } },
      { account: 'b', error: { code: 'file-readonly' } },
    ]);
  });

  it('takes away what the one before it could not', async () => {
    const world = open();
    world.outlet.held.set('a', 'old');
    world.unemptied.add('a');
    world.outlet.withdrawFailure = 'file-readonly';
    await world.service.withdraw(['a']);
    expect(world.state('a')).toMatchObject({ activity: 'failed', error: { code: 'file-readonly' } });
    world.outlet.withdrawFailure = null;
    await world.clock.advance(15 * second);
    expect([world.outlet.held.size, world.unemptied.size, world.state('a').activity]).toEqual([0, 0, 'idle']);
  });

  it('that has stopped connects nothing any more', async () => {
    const world = open();
    await world.service.stop();
    await expect(world.connect('a')).rejects.toMatchObject({ code: 'agent-not-running' });
    expect(world.requests).toEqual([]);
  });

  it('that stops while AWS thinks leaves nothing behind', async () => {
    const world = open();
    world.awsThinking = new Gate();
    const connecting = world.connect('a');
    await settle();
    await world.service.stop();
    world.awsThinking.open();
    await connecting;
    expect([world.outlet.held.size, world.clock.pending]).toEqual([0, 0]);
  });

  it('forgets an account that was removed', async () => {
    const world = await connected();
    await world.service.disconnect(['a']);
    world.service.forget('a');
    expect(world.service.status(world.account('a'))).toMatchObject({ key: firstKey, assumedRoleArn: null });
  });

  // Accounts are read from a file that a person may edit at any time.
  describe('lives with a configuration that changes under it', () => {
    it('an account that is gone: the others are renewed, and it is served no more than it was', async () => {
      const world = await connected({ a: 'T', b: 'T' });
      world.accounts = world.accounts.filter(({ id }) => id !== 'a');
      await world.clock.advance(31 * minute);
      expect(world.serves('b')).toBe('key-3');
      expect(world.requests).toEqual(['a', 'b', 'b']);
    });

    it('an account that is gone: its credentials are taken away when the agent stops', async () => {
      const world = await connected({ a: 'T', b: 'T' });
      world.accounts = world.accounts.filter(({ id }) => id !== 'a');
      await world.service.stop();
      expect(world.outlet.held).toEqual(new Map());
    });

    it('a file that cannot be read: the agent stops all the same', async () => {
      const world = await connected();
      Object.defineProperty(world, 'accounts', {
        get: () => {
          throw new AppError('config-unreadable');
        },
      });
      await world.service.stop();
      expect(world.outlet.held).toEqual(new Map());
    });
  });
});

it('every state is told as it is', async () => {
  const world = await connected();
  expect(world.told.at(-1)).toEqual({ account: 'a', state: world.state('a') });
  await world.service.disconnect(['a']);
  expect(world.told.at(-1)).toEqual({ account: 'a', state: world.state('a') });
});

describe('the computer', () => {
  /** A world where `a` waits for a second try, for as long as that can be. */
  async function waiting(failure: Error): Promise<World> {
    const world = open();
    world.random = 0.999;
    world.failure = failure;
    await world.connect('a');
    await world.clock.advance(6 * minute);
    expect(Date.parse(world.state('a').retryAt!) - world.clock.now()).toBeGreaterThan(minute);
    world.failure = null;
    world.requests.length = 0;
    return world;
  }

  it.each([
    ['network-unreachable', ['a']],
    ['aws-failed', ['a']],
    ['aws-throttled', []],
    ['clock-skew', []],
    ['token-failed', []],
  ] as const)('that wakes up tries at once what waits for %s: %j', async (code, requests) => {
    const world = await waiting(new AppError(code));
    world.service.nudge();
    await settle();
    expect(world.requests).toEqual(requests);
  });

  it.each(['aws-throttled', 'aws-failed'] as const)(
    'keeps a pause that AWS asked for with %s',
    async (code) => {
      const refusal = new AwsRefusal(code, { retryAfterMs: 10 * minute, clockMayBeTheCause: false });
      const world = open();
      world.failure = refusal;
      await world.connect('a');
      world.failure = null;
      world.service.nudge();
      await world.clock.advance(10 * minute - 1);
      expect(world.requests).toEqual(['a']);
      await world.clock.advance(1);
      expect(world.requests).toEqual(['a', 'a']);
    },
  );

  it('that wakes up plans at once what is due', async () => {
    const world = await connected();
    world.clock.sleep(40 * minute);
    world.service.nudge();
    await settle();
    expect(world.serves('a')).toBe('key-2');
  });

  it('that wakes up after all is over says so at once', async () => {
    const world = await connected();
    world.awsThinking = new Gate();
    world.told.length = 0;
    world.clock.sleep(8 * hour);
    world.service.nudge();
    await settle();
    expect(world.told[0]!.state).toMatchObject({ serving: null, error: { code: 'session-expired' } });
    expect(world.state('a')).toMatchObject({ activity: 'connecting', serving: null });
    expect(world.outlet.held.size).toBe(0);
  });

  it('that wakes up asks nobody: what needs a PIN waits on', async () => {
    const world = await connected();
    world.human.questions.length = 0;
    world.token('a').unlocked = false;
    await world.clock.advance(31 * minute);
    world.service.nudge();
    await settle();
    expect([world.state('a').activity, world.human.questions, world.requests]).toEqual([
      'needs-you',
      [],
      ['a'],
    ]);
  });

  it('that wakes up begins nothing twice', async () => {
    const world = await waiting(network);
    world.awsThinking = new Gate();
    world.service.nudge();
    world.service.nudge();
    await settle();
    world.service.nudge();
    world.awsThinking.open();
    await settle();
    expect(world.requests).toEqual(['a']);
  });

  it('that is offline renews nothing until five minutes are left', async () => {
    const world = await connected();
    world.service.setOnline(false);
    await world.clock.advance(55 * minute - 1);
    expect(world.requests).toHaveLength(1);
    await world.clock.advance(1);
    expect(world.serves('a')).toBe('key-2');
  });

  it('that is offline does what somebody asks for', async () => {
    const world = open();
    world.service.setOnline(false);
    await world.connect('a');
    expect(world.serves('a')).toBe('key-1');
  });

  it('that is online again renews at once what was put off', async () => {
    const world = await connected();
    world.service.setOnline(false);
    await world.clock.advance(40 * minute);
    world.service.setOnline(true);
    await settle();
    expect(world.serves('a')).toBe('key-2');
  });

  it('that wakes up after the agent stopped starts nothing', async () => {
    const world = await connected();
    await world.service.stop();
    world.service.nudge();
    world.service.setOnline(true);
    expect(world.clock.pending).toBe(0);
  });
});

describe('an agent that gives up what it serves', () => {
  it('leaves it in the outlet, and says what it is', async () => {
    const world = await connected({ a: 'T', b: 'T', c: 'T' });
    await world.service.disconnect(['b']);
    world.outlet.withdrawals.length = 0;
    const served = ['a', 'c'].map((account) => ({ account, live: world.service.serving(account) }));
    expect(await world.service.release()).toEqual(served);
    expect(world.outlet.withdrawals).toEqual([]);
    expect([...world.outlet.held.keys()]).toEqual(['a', 'c']);
  });

  it('renews nothing and connects nothing afterwards, and takes nothing away when it stops', async () => {
    const world = await connected();
    await world.service.release();
    expect(world.clock.pending).toBe(0);
    await world.clock.advance(2 * hour);
    await expect(world.connect('a')).rejects.toMatchObject({ code: 'agent-not-running' });
    expect(await world.service.stop()).toEqual([]);
    expect(world.requests).toEqual(['a']);
    expect(world.outlet.held).toEqual(new Map([['a', 'key-1']]));
  });

  it('abandons a renewal under way: the old credentials go, the late answer is dropped', async () => {
    const world = await connected();
    world.awsThinking = new Gate();
    await world.clock.advance(30 * minute);
    expect(world.state('a').activity).toBe('renewing');
    const released = await world.service.release();
    expect(released).toMatchObject([{ account: 'a', live: { credentials: { accessKeyId: 'key-1' } } }]);
    world.awsThinking.open();
    await settle();
    expect(world.outlet.held).toEqual(new Map([['a', 'key-1']]));
  });

  it('does not go before what is being written is there', async () => {
    const world = open();
    world.outlet.publishing = new Gate();
    const connecting = world.connect('a');
    await settle();
    let isReleased = false;
    const releasing = world.service.release().then((released) => {
      isReleased = true;
      return released;
    });
    await settle();
    expect(isReleased).toBe(false);
    world.outlet.publishing.open();
    expect(await releasing).toMatchObject([
      { account: 'a', live: { credentials: { accessKeyId: 'key-1' } } },
    ]);
    expect(world.outlet.held).toEqual(new Map([['a', 'key-1']]));
    await connecting;
  });
});

describe('a token that waits for a touch', () => {
  it('keeps no other token from AWS, however many accounts it has', async () => {
    const tokens = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`t${String(index)}`, 'T']));
    const world = new World({ ...tokens, a: 'U' });
    world.token('t0').touching = new Gate();
    const waiting = world.connect(...Object.keys(tokens));
    await settle();
    await world.connect('a');
    expect(world.serves('a')).toMatch(/^key-/);
    world.token('t0').touching!.open();
    await waiting;
    expect(world.serves('t19')).toMatch(/^key-/);
    expect(world.mostInFlight).toBeLessThanOrEqual(8);
  });

  it.each(['always', 'cached'] as const)('%s is not bothered at half of the lifetime', async (touch) => {
    const world = open();
    world.token('a').touch = touch;
    await world.connect('a');
    await world.clock.advance(30 * minute);
    expect(world.state('a')).toMatchObject({ activity: 'needs-you', reason: 'touch' });
    expect(world.requests).toHaveLength(1);
  });

  it('is told by the state for as long as it does, and the state goes on from there', async () => {
    const world = open();
    world.token('a').touching = new Gate();
    const connecting = world.connect('a');
    await settle();
    expect(world.state('a')).toMatchObject({ activity: 'connecting', reason: 'touch', error: null });
    world.token('a').touching!.open();
    await connecting;
    expect(world.state('a')).toMatchObject({ activity: 'idle', reason: null });
    expect(world.told.map(({ state }) => `${state.activity} ${String(state.reason)}`)).toEqual([
      'connecting null',
      'connecting touch',
      'connecting null',
      'idle null',
    ]);
  });

  it('is waited for by who began the connect, with the account’s label', async () => {
    const world = open();
    await world.connect('a');
    expect(world.signedFor).toMatchObject([
      { prompts: world.human, askedBy: 'rolekey connect', accounts: ['Label a'] },
    ]);
  });

  it('is given up by who disconnects, and says nothing afterwards', async () => {
    const world = open();
    world.token('a').touching = new Gate();
    const connecting = world.connect('a');
    await settle();
    await world.service.disconnect(['a']);
    await connecting;
    expect(world.signedFor[0]!.unneeded!.aborted).toBe(true);
    world.token('a').touching!.open();
    await settle();
    expect(world.state('a')).toEqual(idleState);
  });

  it.each(['touch-needed', 'cancelled'] as const)(
    '%s is what it says where it was not given',
    async (code) => {
      const world = open();
      world.token('a').touching = new Gate();
      const connecting = world.connect('a');
      await settle();
      world.token('a').touching!.fail(new AppError(code));
      await connecting;
      expect(world.state('a')).toMatchObject({ error: { code }, serving: null });
      if (code === 'touch-needed')
        expect(world.state('a')).toMatchObject({ activity: 'needs-you', reason: 'touch' });
    },
  );

  it('which nobody knew of is told whoever is there at a renewal, and not tried again without a person', async () => {
    const world = open();
    const token = world.token('a');
    token.touch = 'unknown';
    await world.connect('a');
    token.touching = new Gate();
    await world.clock.advance(30 * minute);
    expect(world.state('a')).toMatchObject({ activity: 'renewing', reason: 'touch' });
    expect(world.signedFor[1]).toMatchObject({ prompts: world.bystander, accounts: ['Label a'] });
    token.touching.fail(new AppError('touch-needed'));
    await world.clock.advance(5 * hour);
    expect(world.requests).toHaveLength(2);
    expect(world.state('a')).toMatchObject({ activity: 'needs-you', reason: 'touch', serving: null });
    token.touching = null;
    await world.connect('a');
    expect(world.serves('a')).toBe('key-3');
  });

  it('may not be the one that is plugged in at renewal, where the account has several keys', async () => {
    const world = open();
    world.accounts = world.accounts.map((account) => ({ ...account, keys: [...account.keys, '/key.pem'] }));
    world.token('a').touch = 'always';
    await world.connect('a');
    world.token('a').touch = 'never';
    await world.clock.advance(30 * minute);
    expect(world.serves('a')).toBe('key-2');
  });
});

describe('a person who is needed', () => {
  /** Serves, and cannot be renewed without a PIN. */
  async function waiting(): Promise<World> {
    const world = await connected();
    world.token('a').unlocked = false;
    return world;
  }
  const asks = (world: World): string[] =>
    world.asked.map(({ account, minutes }) => `${account} ${String(minutes)}`);

  it('is asked when 15 minutes are left, and when 5 are', async () => {
    const world = await waiting();
    const start = world.clock.now();
    await world.clock.advance(2 * hour);
    expect(asks(world)).toEqual(['a 15', 'a 5']);
    expect(world.asked.map(({ at }) => (at - start) / minute)).toEqual([45, 55]);
  });

  it('is asked for each session anew', async () => {
    const world = await waiting();
    await world.clock.advance(50 * minute);
    await world.connect('a');
    world.token('a').unlocked = false;
    await world.clock.advance(50 * minute);
    expect(asks(world)).toEqual(['a 15', 'a 15']);
  });

  it('is not asked while the screen is locked, and then once', async () => {
    const world = await waiting();
    world.service.setLocked(true);
    await world.clock.advance(57 * minute);
    expect(asks(world)).toEqual([]);
    world.service.setLocked(false);
    await settle();
    expect(asks(world)).toEqual(['a 5']);
  });

  it('is not asked for what he disconnected', async () => {
    const world = await waiting();
    await world.clock.advance(31 * minute);
    await world.service.disconnect(['a']);
    await world.clock.advance(hour);
    expect(asks(world)).toEqual([]);
  });

  it('types one PIN for all accounts that wait for that token', async () => {
    const world = new World({ a: 'T', b: 'T', c: 'U' });
    await world.connect('a', 'b', 'c');
    world.token('a').unlocked = false;
    world.token('c').unlocked = false;
    await world.clock.advance(31 * minute);
    for (const id of ['a', 'b', 'c']) expect(world.state(id).activity).toBe('needs-you');
    world.human.questions.length = 0;
    await world.connect('a');
    await settle();
    expect(world.human.questions).toHaveLength(1);
    expect([world.state('a').activity, world.state('b').activity, world.state('c').activity]).toEqual([
      'idle',
      'idle',
      'needs-you',
    ]);
  });

  it('who gave no PIN for one account is not connected to it by the PIN for another', async () => {
    const world = new World({ a: 'T', b: 'T' });
    await world.connectAlone('b');
    expect(world.state('b').reason).toBe('pin');
    await world.connect('a');
    await settle();
    expect(world.state('b')).toMatchObject({ activity: 'needs-you', serving: null });
  });

  it('plugs one token in for all accounts that wait for it', async () => {
    const world = new World({ a: 'T', b: 'T' });
    world.random = 0.999;
    await world.connect('a', 'b');
    world.token('a').unplug();
    await world.clock.advance(50 * minute);
    expect(world.state('b').reason).toBe('token-absent');
    world.token('a').present = true;
    await world.connect('a');
    await settle();
    expect(world.state('b')).toMatchObject({ activity: 'idle', error: null });
  });
});

describe('a clock that is set', () => {
  it('back takes the expiry with it: nothing is served after its end', async () => {
    const world = await connected();
    world.token('a').unlocked = false;
    await world.clock.advance(50 * minute);
    world.clock.jump(-3 * hour);
    expect(world.serves('a')).toBe('key-1');
    expect(world.state('a').serving!.expiresAt).toBe('2026-04-14T07:00:00Z');
    await world.clock.advance(10 * minute);
    expect(world.serves('a')).toBe('pin-needed');
    expect(world.outlet.held).toEqual(new Map());
  });

  it('back tells the outlet when what it has ends now', async () => {
    const world = await connected();
    await world.clock.advance(minute);
    world.clock.jump(-hour);
    const before = world.outlet.publishes;
    await world.clock.advance(15 * second);
    expect(world.outlet.publishes).toBe(before + 1);
    expect(world.state('a')).toMatchObject({ activity: 'idle', error: null });
  });

  it.each([-hour, hour])(
    'by %d ms while AWS thinks: the new session has its times by the clock of now',
    async (ms) => {
      const world = await connected();
      world.awsThinking = new Gate();
      await world.clock.advance(30 * minute);
      world.clock.jump(ms);
      world.awsThinking.open();
      await settle();
      await world.clock.advance(15 * second);
      expect(world.serves('a')).toBe('key-2');
      const { expiresAt } = world.state('a').serving!;
      expect(Date.parse(expiresAt) - world.clock.now()).toBe(hour - 15 * second);
    },
  );

  it.each([-hour, hour])('by %d ms leaves one alarm set, not two', async (ms) => {
    const world = await connected();
    world.clock.jump(ms);
    await world.clock.advance(15 * second);
    expect(world.clock.pending).toBe(1);
  });

  it.each([-30 * second, 30 * second])('by %d ms is none that was set', async (ms) => {
    const world = await connected();
    world.clock.jump(ms);
    await world.clock.advance(minute);
    expect(world.state('a').serving!.expiresAt).toBe('2026-04-14T10:00:00Z');
    expect(world.requests).toHaveLength(1);
  });

  it('forward takes the expiry with it: what is good is not given up', async () => {
    const world = await connected();
    world.token('a').unlocked = false;
    world.clock.jump(3 * hour);
    expect(world.serves('a')).toBe('key-1');
    expect(world.state('a').serving!.expiresAt).toBe('2026-04-14T13:00:00Z');
    await world.clock.advance(hour - second);
    expect([world.serves('a'), world.outlet.held.get('a')]).toEqual(['key-1', 'key-1']);
    await world.clock.advance(second);
    expect(world.serves('a')).toBe('pin-needed');
  });

  it('forward and back again is as it was', async () => {
    const world = await connected();
    world.token('a').unlocked = false;
    const { serving } = world.state('a');
    world.clock.jump(3 * hour);
    await world.clock.advance(15 * second);
    world.clock.jump(-3 * hour);
    await world.clock.advance(15 * second);
    expect(world.state('a').serving).toEqual(serving);
  });

  it('forward may be right again after standing still: new credentials are tried for at once', async () => {
    const world = await connected();
    world.clock.jump(8 * hour);
    await world.clock.advance(15 * second);
    expect([world.serves('a'), world.requests.length]).toEqual(['key-2', 2]);
  });

  it('forward, and a connect whose PIN nobody types: what is good is kept', async () => {
    const world = await connected();
    world.token('a').unlocked = false;
    world.human.answer = null;
    world.clock.jump(3 * hour);
    await world.connect('a');
    expect([world.serves('a'), world.outlet.held.get('a')]).toEqual(['key-1', 'key-1']);
  });

  it('forward, and an agent that ends and leaves what the outlets have', async () => {
    const world = await connected();
    world.clock.jump(3 * hour);
    await world.service.stop(true);
    expect(world.outlet.held.get('a')).toBe('key-1');
  });

  it('back, and an agent that hands over: the times are those of the clock as it is', async () => {
    const world = await connected();
    world.clock.jump(-3 * hour);
    const [released] = await world.service.release();
    expect(new Date(released!.live.expiresAt).toISOString()).toBe('2026-04-14T07:00:00.000Z');
  });

  it('back by many small steps adds up', async () => {
    const world = await connected();
    world.token('a').unlocked = false;
    for (let step = 0; step < 240; step += 1) {
      world.clock.jump(-10 * second);
      await world.clock.advance(15 * second);
    }
    await world.clock.advance(minute);
    expect(world.serves('a')).toBe('pin-needed');
  });

  it.each([-hour, hour])('by %d ms keeps the pause that AWS asked for', async (ms) => {
    const world = open();
    world.failure = throttled(10 * minute);
    await world.connect('a');
    world.failure = null;
    world.clock.jump(ms);
    await world.clock.advance(10 * minute - second);
    expect(world.requests).toHaveLength(1);
    await world.clock.advance(second);
    expect(world.requests).toHaveLength(2);
  });
});

describe('a sleep', () => {
  it('ends with what waits for the network tried at once', async () => {
    const world = open();
    world.random = 0.999;
    world.failure = network;
    await world.connect('a');
    await world.clock.advance(6 * minute);
    world.failure = null;
    world.clock.sleep(31 * second);
    await world.clock.advance(15 * second);
    expect(world.serves('a')).toMatch(/^key-/);
  });
});

describe('an agent that ends and leaves what the outlets have', () => {
  it('takes nothing away that is still good, and does nothing more', async () => {
    const world = await connected();
    expect(await world.service.stop(true)).toEqual([]);
    await world.service.stop(true); // ending is asked for twice: by the call, and by the end of the process
    await world.service.stop();
    expect(world.outlet.held.get('a')).toBe('key-1');
    expect(world.serves('a')).toBe('not-connected');
    expect(world.clock.pending).toBe(0);
  });

  it('takes away what has expired', async () => {
    const world = await connected();
    world.clock.sleep(hour);
    await world.service.stop(true);
    expect(world.outlet.held).toEqual(new Map());
  });

  it('lets a write that is under way end', async () => {
    const world = open();
    world.outlet.publishing = new Gate();
    void world.connect('a');
    await settle();
    const stopping = world.service.stop(true);
    world.outlet.publishing.open();
    await stopping;
    expect(world.outlet.held.get('a')).toBe('key-1');
  });
});
