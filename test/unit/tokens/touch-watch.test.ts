import { describe, expect, it } from 'vitest';
import type { Prompts } from '../../../src/main/ports.ts';
import type { Human, SignerKey } from '../../../src/main/tokens/signer.ts';
import { touchPromptMs, TouchWatch } from '../../../src/main/tokens/touch-watch.ts';
import { AppError } from '../../../src/shared/errors.ts';
import { FakeClock, settle } from '../../support/fakes/clock.ts';
import { Gate } from '../../support/fakes/gate.ts';
import { failureOf } from '../failure-of.ts';
import { TouchScreen } from './doubles.ts';

function keyOf(touch: SignerKey['touch'], uri = 'pkcs11:token=T'): SignerKey {
  return { uri, token: { label: 'T', serial: '1' }, hardware: true, touch, alwaysAuthenticate: false };
}

function setUp() {
  const clock = new FakeClock();
  const watch = new TouchWatch(clock);
  const screen = new TouchScreen();
  const told: string[] = [];
  const human = (account: string, prompts: Prompts = screen): Human & { leave: () => void } => {
    const unneeded = new AbortController();
    return {
      prompts,
      accounts: [account],
      askedBy: 'a test',
      unneeded: unneeded.signal,
      onTouch: (waits) => told.push(`${account} ${waits ? 'waits' : 'goes on'}`),
      leave: () => unneeded.abort(),
    };
  };
  /** Signatures of a token that has one of them at a time, in the order they were asked for; each ends at its gate. */
  const gates: Gate<string>[] = [];
  let token: Promise<unknown> = Promise.resolve();
  const sign = (who: Human | undefined, key = keyOf('always'), name = 'T'): Promise<string> =>
    watch.sign(name, key, who, (begin) => {
      const signature = token.then(() => {
        begin();
        const gate = new Gate<string>();
        gates.push(gate);
        return gate.promise;
      });
      token = signature.catch(() => undefined);
      return signature;
    });
  return { clock, watch, screen, told, human, gates, sign };
}

describe('a signature that takes longer than a moment', () => {
  it.each([
    ['always', 1],
    ['cached', 1],
    ['unknown', 1],
    ['never', 0],
  ] as const)('of a key whose policy is %s is told %i times', async (touch, times) => {
    const { clock, screen, human, gates, sign } = setUp();
    const signing = sign(human('A'), keyOf(touch));
    await clock.advance(touchPromptMs - 1);
    expect(screen.shown).toEqual([]);
    await clock.advance(60_000);
    expect([screen.shown.length, screen.up]).toEqual([times, times]);
    gates[0]!.open('signature');
    expect(await signing).toBe('signature');
    await settle();
    expect(screen.up).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('is 700 milliseconds', () => expect(touchPromptMs).toBe(700));

  it('says which token, for which accounts and who asked', async () => {
    const { clock, screen, human, sign } = setUp();
    void sign(human('A'));
    void sign(human('B'));
    await clock.advance(touchPromptMs);
    expect(screen.shown).toEqual([
      {
        kind: 'touch',
        token: { label: 'T', serial: '1' },
        accounts: ['A', 'B'],
        askedBy: 'a test',
      },
    ]);
  });

  it('is no longer told when it fails, and the failure is its own', async () => {
    const { clock, screen, told, human, gates, sign } = setUp();
    const signing = failureOf(sign(human('A')));
    await clock.advance(touchPromptMs);
    gates[0]!.fail(new AppError('token-absent'));
    expect(await signing).toMatchObject({ code: 'token-absent' });
    await settle();
    expect(screen.up).toBe(0);
    expect(told).toEqual(['A waits', 'A goes on']);
  });

  it('is told on where another one fails before its turn', async () => {
    const { clock, watch, screen, human, sign } = setUp();
    void sign(human('A'));
    await clock.advance(touchPromptMs);
    const failing = () => Promise.reject(new AppError('pin-needed'));
    expect(await failureOf(watch.sign('T', keyOf('always'), human('B'), failing))).toMatchObject({
      code: 'pin-needed',
    });
    await settle();
    expect(screen.up).toBe(1);
  });

  it('is told nobody where nobody is there, and goes on', async () => {
    const { clock, screen, gates, sign } = setUp();
    const signing = sign(undefined);
    await clock.advance(60_000);
    expect(screen.shown).toEqual([]);
    gates[0]!.open('signature');
    expect(await signing).toBe('signature');
  });

  it('counts from when its turn has come', async () => {
    const { clock, screen, human, gates, sign } = setUp();
    void sign(undefined);
    const second = sign(human('B', screen), keyOf('unknown', 'pkcs11:token=T;id=2'));
    await clock.advance(500);
    gates[0]!.open('first');
    await clock.advance(500);
    expect(screen.shown).toEqual([]);
    gates[1]!.open('second');
    expect(await second).toBe('second');
  });
});

it('of several signatures each is told anew, with those that still wait', async () => {
  const { clock, screen, told, human, gates, sign } = setUp();
  const all = [sign(human('A')), sign(human('B')), sign(human('C'))];
  for (const gate of [0, 1, 2]) {
    await clock.advance(touchPromptMs);
    expect(screen.up).toBe(1);
    gates[gate]!.open(String(gate));
    await clock.advance(1);
    expect(screen.up).toBe(0);
  }
  expect(await Promise.all(all)).toEqual(['0', '1', '2']);
  expect(screen.shown.map((question) => ('accounts' in question ? question.accounts : []))).toEqual([
    ['A', 'B', 'C'],
    ['B', 'C'],
    ['C'],
  ]);
  expect(told.filter((line) => line.startsWith('C'))).toEqual([
    'C waits',
    'C goes on',
    'C waits',
    'C goes on',
    'C waits',
    'C goes on',
  ]);
});

it('two tokens wait each for its own touch', async () => {
  const { clock, watch, screen, human } = setUp();
  const [one, two] = [new Gate<string>(), new Gate<string>()];
  const wait = (gate: Gate<string>) => (begin: () => void) => {
    begin();
    return gate.promise;
  };
  const first = watch.sign('one', keyOf('always'), human('A'), wait(one));
  const second = watch.sign('two', keyOf('always'), human('B'), wait(two));
  await clock.advance(touchPromptMs);
  expect(screen.up).toBe(2);
  one.open('one');
  await first;
  await settle();
  expect(screen.up).toBe(1);
  two.open('two');
  expect(await second).toBe('two');
});

describe('who ends the waiting', () => {
  it('waits no longer, and the signature that comes late is dropped', async () => {
    const { clock, screen, told, human, gates, sign } = setUp();
    const signing = failureOf(sign(human('A')));
    await clock.advance(touchPromptMs);
    screen.cancel();
    expect(await signing).toMatchObject({
      code: 'touch-needed',
      message: 'You ended the waiting for a touch.',
    });
    expect(told).toEqual(['A waits', 'A goes on']);
    gates[0]!.open('late');
    await clock.advance(60_000);
    expect([screen.up, screen.shown.length, gates.length]).toEqual([0, 1, 1]);
  });

  it('ends it for all his accounts, of which no other is signed for', async () => {
    const { clock, screen, human, gates, sign } = setUp();
    const all = ['A', 'B', 'C'].map((account) => failureOf(sign(human(account))));
    await clock.advance(touchPromptMs);
    screen.cancel();
    expect((await Promise.all(all)).map(({ code }) => code)).toEqual(Array(3).fill('touch-needed'));
    gates[0]!.open('late');
    await clock.advance(60_000);
    expect(gates).toHaveLength(1);
  });

  it('ends nobody else’s; that is signed for after what the token had begun', async () => {
    const { clock, screen, human, gates, sign } = setUp();
    const other = new TouchScreen();
    const first = failureOf(sign(human('A')));
    const second = sign(human('B', other));
    await clock.advance(touchPromptMs);
    expect([screen.up, other.up]).toEqual([1, 1]);
    screen.cancel();
    expect(await first).toMatchObject({ code: 'touch-needed' });
    expect(gates).toHaveLength(1);
    gates[0]!.open('late');
    await clock.advance(touchPromptMs);
    expect([other.up, other.shown.length]).toEqual([1, 2]);
    gates[1]!.open('second');
    expect(await second).toBe('second');
  });

  it('may come back while the token still blinks, and is told at once', async () => {
    const { clock, screen, human, gates, sign } = setUp();
    const first = failureOf(sign(human('A')));
    await clock.advance(touchPromptMs);
    screen.cancel();
    await first;
    const again = sign(human('A'));
    await settle();
    expect([screen.up, gates.length]).toEqual([1, 1]);
    gates[0]!.open('late');
    await settle();
    gates[1]!.open('again');
    expect(await again).toBe('again');
    await settle();
    expect(screen.up).toBe(0);
  });
});

describe('a signature nobody needs any more', () => {
  it('is not waited for, and no longer told', async () => {
    const { clock, screen, human, sign } = setUp();
    const who = human('A');
    const signing = failureOf(sign(who));
    await clock.advance(touchPromptMs);
    who.leave();
    expect(await signing).toMatchObject({ code: 'cancelled' });
    await settle();
    expect(screen.up).toBe(0);
  });

  it.each(['before it was asked for', 'while it waits its turn'])('%s is never begun', async (when) => {
    const { clock, human, gates, sign } = setUp();
    void sign(human('A'));
    const who = human('B');
    if (when === 'before it was asked for') who.leave();
    const signing = failureOf(sign(who));
    await settle();
    who.leave();
    expect(await signing).toMatchObject({ code: 'cancelled' });
    gates[0]!.open('first');
    await clock.advance(60_000);
    expect(gates).toHaveLength(1);
  });
});

describe('a key of which it is not known whether it wants a touch', () => {
  async function failing(code: 'touch-needed' | 'pin-needed', touch: SignerKey['touch'] = 'unknown') {
    const { watch, human, gates, sign } = setUp();
    const signing = failureOf(sign(human('A'), keyOf(touch)));
    await settle();
    gates[0]!.fail(new AppError(code));
    await signing;
    return watch;
  }

  it('is known to once it did not sign for want of one', async () => {
    const watch = await failing('touch-needed');
    expect(watch.known(keyOf('unknown')).touch).toBe('always');
    expect(watch.known(keyOf('unknown', 'pkcs11:token=other')).touch).toBe('unknown');
    expect(watch.known(keyOf('cached')).touch).toBe('cached');
  });

  it('is not where it failed otherwise, or where the waiting was ended before its turn', async () => {
    expect((await failing('pin-needed')).known(keyOf('unknown')).touch).toBe('unknown');
    const { clock, watch, screen, human, gates, sign } = setUp();
    const first = failureOf(sign(human('A'), keyOf('unknown', 'pkcs11:id=1')));
    const second = failureOf(sign(human('B'), keyOf('unknown', 'pkcs11:id=2')));
    await clock.advance(touchPromptMs);
    screen.cancel();
    await Promise.all([first, second]);
    gates[0]!.open('late');
    await settle();
    expect(watch.known(keyOf('unknown', 'pkcs11:id=1')).touch).toBe('unknown');
    expect(watch.known(keyOf('unknown', 'pkcs11:id=2')).touch).toBe('unknown');
  });
});
