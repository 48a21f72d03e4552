import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/shared/errors.ts';
import type { Clock } from '../../../src/main/ports.ts';
import { HostClient } from '../../../src/main/tokens/host-client.ts';
import type { HostRequest } from '../../../src/main/tokens/host/protocol.ts';
import { silentLog } from './doubles.ts';

/** A process that does what the test says. */
class Puppet {
  readonly requests: HostRequest[] = [];
  ended = false;
  killed = false;
  say: (message: unknown) => void = () => undefined;
  die: (how: string) => void = () => undefined;

  /** Answers the request received last. */
  answer(result: unknown): void {
    this.say({ id: this.requests.at(-1)!.id, result });
  }
}

function setUp(start: () => void = () => undefined) {
  const puppets: Puppet[] = [];
  const timers = new Map<() => void, number>();
  const clock: Clock = {
    now: () => 0,
    sinceBoot: () => 0,
    after: (delayMs, action) => {
      timers.set(action, delayMs);
      return () => timers.delete(action);
    },
  };
  const ended: string[] = [];
  const told: unknown[] = [];
  const client = new HostClient({
    path: '/module.so',
    hosts: {
      start: () => {
        start();
        const puppet = new Puppet();
        puppets.push(puppet);
        const ends: ((how: string) => void)[] = [];
        puppet.die = (how) => {
          for (const listener of ends) listener(how);
        };
        return {
          send: (request) => puppet.requests.push(request),
          onMessage: (listener) => (puppet.say = listener),
          onEnd: (listener) => ends.push(listener),
          end: () => (puppet.ended = true),
          kill: () => (puppet.killed = true),
        };
      },
    },
    clock,
    log: silentLog,
    onEnd: () => ended.push('ended'),
    onTokens: (present) => told.push(present),
  });
  const expire = () => {
    for (const action of timers.keys()) action();
  };
  return { client, puppets, timers, expire, ended, told };
}

/** Lets promises run. */
const settle = () => new Promise((resolve) => setImmediate(resolve));
const counts = { sign: 1, login: 2 };

describe('asking a token host', () => {
  it('starts it with the first request', async () => {
    const { client, puppets } = setUp();
    expect(client.running).toBe(false);
    const answer = client.request('counts', {});
    await settle();
    expect(client.running).toBe(true);
    expect(puppets[0]!.requests).toEqual([{ id: 1, method: 'counts', params: {} }]);
    puppets[0]!.answer(counts);
    expect(await answer).toEqual(counts);
    expect(puppets[0]!.killed).toBe(false);
  });

  it('sends one request at a time, in their order', async () => {
    const { client, puppets } = setUp();
    const answers = [client.request('counts', {}), client.request('tokens', { fresh: true })];
    await settle();
    expect(puppets[0]!.requests.map(({ method }) => method)).toEqual(['counts']);
    expect(client.busy).toBe(true);
    puppets[0]!.answer(counts);
    await settle();
    expect(puppets[0]!.requests.map(({ method }) => method)).toEqual(['counts', 'tokens']);
    puppets[0]!.answer([]);
    expect(await Promise.all(answers)).toEqual([counts, []]);
    expect(client.busy).toBe(false);
  });

  it('says when the turn of a request has come, which may be refused then', async () => {
    const { client, puppets } = setUp();
    const said: string[] = [];
    const first = client.request('counts', {}, () => said.push('first'));
    const second = client.request('counts', {}, () => {
      throw new AppError('cancelled');
    });
    const third = client.request('counts', {}, () => said.push('third'));
    second.catch(() => undefined);
    await settle();
    expect(said).toEqual(['first']);
    puppets[0]!.answer(counts);
    await expect(second).rejects.toMatchObject({ code: 'cancelled' });
    await settle();
    expect(said).toEqual(['first', 'third']);
    expect(puppets[0]!.requests).toHaveLength(2);
    puppets[0]!.answer(counts);
    expect(await Promise.all([first, third])).toEqual([counts, counts]);
  });

  it('passes failures on by their code, with the detail where it helps', async () => {
    const { client, puppets } = setUp();
    const fail = async (code: string, detail: string) => {
      const answer = expect(client.request('counts', {})).rejects;
      await settle();
      puppets[0]!.say({ id: puppets[0]!.requests.at(-1)!.id, failure: { code, detail } });
      return answer;
    };
    await (
      await fail('pin-locked', 'C_Login: CKR_PIN_LOCKED')
    ).toMatchObject({ code: 'pin-locked', message: 'The PIN is locked.' });
    await (
      await fail('token-failed', 'C_Sign: CKR_DEVICE_ERROR')
    ).toMatchObject({
      code: 'token-failed',
      message: 'The token or its module did not answer as it should (C_Sign: CKR_DEVICE_ERROR).',
    });
    expect(puppets).toHaveLength(1);
  });

  it('ends the process of a file that is no module', async () => {
    const { client, puppets } = setUp();
    const answer = expect(client.request('open', {})).rejects.toMatchObject({
      code: 'module-not-pkcs11',
      message: '/module.so cannot be loaded as a PKCS#11 module: it exports no C_GetFunctionList.',
    });
    await settle();
    const failure = { code: 'module-not-pkcs11', detail: 'it exports no C_GetFunctionList' };
    puppets[0]!.say({ id: 1, failure });
    await answer;
    expect(puppets[0]!.killed).toBe(true);
  });

  it('fails where the process cannot be started, and tries again with the next request', async () => {
    let broken = true;
    const { client, puppets } = setUp(() => {
      if (broken) throw new AppError('cancelled');
    });
    await expect(client.request('counts', {})).rejects.toMatchObject({ code: 'cancelled' });
    broken = false;
    const answer = client.request('counts', {});
    await settle();
    puppets[0]!.answer(counts);
    expect(await answer).toEqual(counts);
  });
});

describe('a token host that fails', () => {
  it.each([
    ['dies', (puppet: Puppet) => puppet.die('SIGSEGV'), 'its process ended: SIGSEGV'],
    ['answers another request', (puppet: Puppet) => puppet.say({ id: 99, result: counts }), 'makes no sense'],
    ['answers no object', (puppet: Puppet) => puppet.say('hello'), 'makes no sense'],
    ['answers nothing', (puppet: Puppet) => puppet.say(null), 'makes no sense'],
    ['answers neither result nor failure', (puppet: Puppet) => puppet.say({ id: 1 }), 'makes no sense'],
    ['answers another shape', (puppet: Puppet) => puppet.answer({ sign: 'many' }), 'makes no sense'],
    [
      'answers an impossible number',
      (puppet: Puppet) => puppet.answer({ sign: -1, login: 0 }),
      'makes no sense',
    ],
    [
      'answers an unknown code',
      (puppet: Puppet) => puppet.say({ id: 1, failure: { code: 'constructor', detail: '' } }),
      'makes no sense',
    ],
  ])('because it %s: token-failed, killed, and the next request starts another', async (_, act, detail) => {
    const { client, puppets, timers, ended } = setUp();
    const answer = expect(client.request('counts', {})).rejects.toMatchObject({
      code: 'token-failed',
      message: expect.stringContaining(detail) as string,
    });
    await settle();
    act(puppets[0]!);
    await answer;
    expect(puppets[0]!.killed).toBe(true);
    expect(client.running).toBe(false);
    expect(ended).toEqual(['ended']);
    expect(timers.size).toBe(0);
    const next = client.request('counts', {});
    await settle();
    puppets[1]!.answer(counts);
    expect(await next).toEqual(counts);
  });

  it('because it does not answer: killed at the deadline, which is the request’s alone', async () => {
    const { client, puppets, timers, expire } = setUp();
    const first = expect(client.request('sign', {} as never)).rejects.toMatchObject({
      code: 'token-failed',
      message: expect.stringContaining('no answer to “sign” within 75 s') as string,
    });
    const second = client.request('counts', {});
    await settle();
    expect(Array.from(timers.values())).toEqual([75_000]);
    expire();
    await first;
    await settle();
    expect(puppets[0]!.killed).toBe(true);
    expect(Array.from(timers.values())).toEqual([5_000]);
    puppets[1]!.answer(counts);
    expect(await second).toEqual(counts);
    expect(timers.size).toBe(0);
  });

  it.each([
    ['open', 15],
    ['tokens', 15],
    ['objects', 30],
    ['login', 30], // a YubiKey takes seconds for its first, and so does a TPM
    ['sign', 75],
    ['counts', 5],
  ] as const)('because it does not answer “%s” within %i s', async (method, seconds) => {
    const { client, puppets, timers, expire } = setUp();
    const answer = expect(client.request(method, {})).rejects.toMatchObject({
      code: 'token-failed',
    });
    await settle();
    expect(Array.from(timers.values())).toEqual([seconds * 1000]);
    expire();
    await answer;
    expect(puppets[0]!.killed).toBe(true);
  });

  it('is not listened to any more', async () => {
    const { client, puppets, expire } = setUp();
    const first = expect(client.request('counts', {})).rejects.toMatchObject({ code: 'token-failed' });
    await settle();
    expire();
    await first;
    const second = client.request('counts', {});
    await settle();
    puppets[0]!.say({ id: 2, result: { sign: 9, login: 9 } });
    puppets[0]!.die('SIGKILL');
    expect(client.running).toBe(true);
    puppets[1]!.answer(counts);
    expect(await second).toEqual(counts);
  });

  it('while nobody waits is noticed', async () => {
    const { client, puppets, ended } = setUp();
    const answer = client.request('counts', {});
    await settle();
    puppets[0]!.answer(counts);
    await answer;
    puppets[0]!.die('exit code 1');
    expect(client.running).toBe(false);
    expect(ended).toEqual(['ended']);
  });
});

describe('ending a token host', () => {
  it('fails what is under way with pin-needed at once, since its PIN is gone, and does not cut it', async () => {
    const { client, puppets, timers } = setUp();
    const answer = expect(client.request('counts', {})).rejects.toMatchObject({ code: 'pin-needed' });
    await settle();
    const gone = Promise.all([client.end(), client.end()]);
    await answer;
    expect(puppets[0]).toMatchObject({ ended: true, killed: false });
    expect(Array.from(timers.values())).toEqual([2000]);
    puppets[0]!.die('SIGKILL');
    await gone;
    expect(puppets[0]!.killed).toBe(false);
    expect(timers.size).toBe(0);
  });

  it('kills it where it has not ended within the grace', async () => {
    const { client, puppets, expire } = setUp();
    const answer = expect(client.request('login', {} as never)).rejects.toMatchObject({ code: 'pin-needed' });
    await settle();
    const gone = client.end();
    await answer;
    expire();
    await gone;
    expect(puppets[0]!.killed).toBe(true);
  });

  it('starts the next only when it is gone', async () => {
    const { client, puppets } = setUp();
    const first = expect(client.request('counts', {})).rejects.toMatchObject({ code: 'pin-needed' });
    await settle();
    void client.end();
    await first;
    const second = client.request('counts', {});
    await settle();
    expect(puppets).toHaveLength(1);
    puppets[0]!.die('SIGKILL');
    await settle();
    puppets[1]!.answer(counts);
    expect(await second).toEqual(counts);
  });

  it('fails what waits for its turn or for the process to be gone: a PIN in it was typed before', async () => {
    const { client, puppets } = setUp();
    const fails = () =>
      expect(client.request('login', {} as never)).rejects.toMatchObject({ code: 'pin-needed' });
    const both = Promise.all([fails(), fails()]);
    await settle();
    void client.end();
    await both;
    const third = fails();
    await settle();
    void client.end();
    puppets[0]!.die('SIGKILL');
    await third;
    expect(puppets).toHaveLength(1);
  });

  it('is nothing where none runs', async () => {
    const { client, ended } = setUp();
    await client.end();
    expect(ended).toEqual([]);
  });
});

describe('what a token host says unasked', () => {
  const present = [{ serial: '1', label: 'token', manufacturer: 'Scripts', model: 'Scripted' }];

  it('is passed on, between requests and in the midst of one', async () => {
    const { client, puppets, told } = setUp();
    const answer = client.request('counts', {});
    await settle();
    puppets[0]!.say({ event: 'tokens', present });
    puppets[0]!.answer(counts);
    expect(await answer).toEqual(counts);
    puppets[0]!.say({ event: 'tokens', present: [] });
    expect(told).toEqual([present, []]);
    expect(puppets[0]!.killed).toBe(false);
  });

  it.each([
    ['of another kind', { event: 'pins', present }],
    ['without tokens', { event: 'tokens' }],
    ['with nonsense for a token', { event: 'tokens', present: [{ serial: 1 }] }],
  ])('%s ends it', async (_, message) => {
    const { client, puppets, told } = setUp();
    const answer = expect(client.request('counts', {})).rejects.toMatchObject({ code: 'token-failed' });
    await settle();
    puppets[0]!.say(message);
    await answer;
    expect(puppets[0]!.killed).toBe(true);
    expect(told).toEqual([]);
  });

  it('is not listened to once the process was given up', async () => {
    const { client, puppets, told } = setUp();
    const answer = expect(client.request('counts', {})).rejects.toMatchObject({ code: 'pin-needed' });
    await settle();
    void client.end();
    await answer;
    puppets[0]!.say({ event: 'tokens', present });
    expect(told).toEqual([]);
  });
});
