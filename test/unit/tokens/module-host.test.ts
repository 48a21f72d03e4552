import { beforeEach, describe, expect, it } from 'vitest';
import { ModuleHost, type TokenChange } from '../../../src/main/tokens/module-host.ts';
import type { TokenRef } from '../../../src/main/tokens/host/protocol.ts';
import { FakeClock, settle } from '../../support/fakes/clock.ts';
import { silentLog } from './doubles.ts';
import { fail, ScriptedCryptoki, scriptedHosts, ScriptedToken } from './scripted-cryptoki.ts';

const second = 1000;
let clock: FakeClock;
let tokens: ScriptedToken[];
let loaded: ScriptedCryptoki[];
let changes: TokenChange[];
let host: ModuleHost;
/** Runs before each function of every module loaded. */
let before: (name: string) => void;

beforeEach(() => {
  clock = new FakeClock();
  tokens = ['a', 'b'].map((label) => new ScriptedToken({ label }));
  loaded = [];
  changes = [];
  before = () => undefined;
  const load = (): ScriptedCryptoki => {
    const cryptoki = new ScriptedCryptoki(tokens);
    cryptoki.noticesPlugging = true;
    cryptoki.before = (name) => before(name);
    loaded.push(cryptoki);
    return cryptoki;
  };
  host = new ModuleHost({
    path: '/module.so',
    hosts: scriptedHosts(load, clock),
    clock,
    log: silentLog,
    onTokens: (change) => changes.push(change),
  });
});

const names = (refs: readonly TokenRef[]): string => refs.map(({ label }) => label).join();
const told = (): string[] => changes.map(({ came, went }) => `+${names(came)} -${names(went)}`);
const refOf = (index: number): TokenRef => tokens[index]!.describe(index);

describe('who listens to a module', () => {
  it('is told what is there first, and then what came and went', async () => {
    await host.tokens(false);
    tokens[0]!.present = false;
    await clock.advance(2 * second);
    tokens[0]!.present = true;
    await clock.advance(2 * second);
    expect(told()).toEqual(['+a,b -', '+ -a', '+a -']);
  });

  it('is told once what another process found as it was', async () => {
    await host.tokens(false);
    await host.end();
    await host.tokens(false);
    await settle();
    expect(loaded).toHaveLength(2);
    expect(told()).toEqual(['+a,b -']);
  });

  it('is told what changed from one process to the next', async () => {
    await host.tokens(false);
    await host.end();
    tokens[1]!.present = false;
    await host.tokens(false);
    await settle();
    expect(told()).toEqual(['+a,b -', '+ -b']);
  });
});

describe('the PIN of a token', () => {
  it('does not count as held any more once the token was pulled out', async () => {
    await host.login(refOf(0), '123456');
    await host.login(refOf(1), '123456');
    tokens[0]!.present = false;
    await clock.advance(2 * second);
    expect([host.isReady(refOf(0)), host.isReady(refOf(1))]).toEqual([false, true]);
    tokens[0]!.present = true;
    await clock.advance(2 * second);
    expect(host.isReady(refOf(0))).toBe(false);
  });

  it('counts as held while the card is let go', async () => {
    await host.login(refOf(0), '123456');
    await clock.advance(60 * second);
    expect(host.isReady(refOf(0))).toBe(true);
  });
});

describe('a module that fails every time', () => {
  const refuse = (): void => {
    before = (name) => {
      if (name === 'C_GetSlotList') throw fail(name, 'CKR_DEVICE_ERROR');
    };
  };
  const tryTimes = async (times: number): Promise<void> => {
    for (let n = 0; n < times; n += 1) {
      await expect(host.tokens(false)).rejects.toMatchObject({ code: 'token-failed' });
    }
  };

  it('is given up with its process after the second failure where no PIN is lost by it', async () => {
    refuse();
    await tryTimes(1);
    expect(host.running).toBe(true);
    await tryTimes(1);
    expect(host.running).toBe(false);
    before = () => undefined;
    expect(await host.tokens(false)).toHaveLength(2);
    expect(loaded).toHaveLength(2);
  });

  it('is given more time where a PIN is held, and keeps it when it works again', async () => {
    await host.login(refOf(0), '123456');
    refuse();
    await tryTimes(4);
    before = () => undefined;
    expect(await host.tokens(false)).toMatchObject([{ pinHeld: true }, { pinHeld: false }]);
    refuse();
    await tryTimes(4);
    expect(host.running).toBe(true);
    await tryTimes(1);
    expect(host.running).toBe(false);
    expect(host.isReady(refOf(0))).toBe(false);
  });

  it('is not given up for a token that is not there', async () => {
    tokens[0]!.present = false;
    for (let n = 0; n < 6; n += 1) {
      await expect(host.objects(refOf(0))).rejects.toMatchObject({ code: 'token-absent' });
    }
    expect(host.running).toBe(true);
  });
});

describe('a process that nobody uses', () => {
  it('ends once a token that is looked for had the time to be plugged in', async () => {
    for (const token of tokens) token.present = false;
    await host.tokens(false);
    host.endSoonIfUnused();
    await clock.advance(9 * second);
    expect(host.running).toBe(true);
    tokens[0]!.present = true;
    await clock.advance(0.9 * second);
    await clock.advance(0.2 * second);
    expect(host.running).toBe(false);
  });

  it('ends that long after what it was used for meanwhile', async () => {
    await host.tokens(false);
    host.endSoonIfUnused();
    await clock.advance(6 * second);
    await host.tokens(false);
    await clock.advance(6 * second);
    expect(host.running).toBe(true);
    await clock.advance(5 * second);
    expect(host.running).toBe(false);
  });

  it('does not end where it holds a login by then', async () => {
    await host.tokens(false);
    host.endSoonIfUnused();
    await clock.advance(5 * second);
    await host.login(refOf(0), '123456');
    await clock.advance(60 * second);
    expect(host.running).toBe(true);
    host.endSoonIfUnused();
    await clock.advance(60 * second);
    expect(host.running).toBe(true);
  });
});

describe('tokens that many ask for at once', () => {
  it('are asked for once, and what the module fails with is told to all', async () => {
    let asked = 0;
    before = (name) => {
      if (name !== 'C_GetSlotList') return;
      asked += 1;
      throw fail('C_GetSlotList', 'CKR_DEVICE_ERROR');
    };
    const many = await Promise.allSettled(Array.from({ length: 100 }, () => host.tokens(false)));
    expect(many.every(({ status }) => status === 'rejected')).toBe(true);
    expect(loaded).toHaveLength(1);
    expect(asked).toBeLessThan(5);
  });

  it('are asked for again by who comes later, and apart by who wants them anew', async () => {
    const [now, fresh] = await Promise.all([host.tokens(false), host.tokens(true)]);
    tokens[1]!.present = false;
    expect([now.length, fresh.length, (await host.tokens(false)).length]).toEqual([2, 2, 1]);
  });

  it('are not those of a process that was ended', async () => {
    const lost = host.tokens(false);
    const ended = host.end();
    await expect(lost).rejects.toMatchObject({ code: 'pin-needed' });
    await ended;
    expect(await host.tokens(false)).toHaveLength(2);
  });
});
