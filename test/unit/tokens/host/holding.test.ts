import { beforeEach, describe, expect, it } from 'vitest';
import type { Channel } from '../../../../src/main/tokens/host/channel.ts';
import type { HostMessage, HostRequest } from '../../../../src/main/tokens/host/protocol.ts';
import { serve } from '../../../../src/main/tokens/host/server.ts';
import { TokenModule } from '../../../../src/main/tokens/host/token-module.ts';
import { FakeClock, settle } from '../../../support/fakes/clock.ts';
import { Gate } from '../../../support/fakes/gate.ts';
import { ScriptedCryptoki, ScriptedToken } from '../scripted-cryptoki.ts';

const second = 1000;
let clock: FakeClock;
let tokens: { a: ScriptedToken; b: ScriptedToken };
let cryptoki: ScriptedCryptoki;
let said: HostMessage[];
let ask: (request: HostRequest) => void;
let close: () => void;
let lastId: number;

beforeEach(() => {
  clock = new FakeClock();
  tokens = { a: new ScriptedToken({ label: 'a' }), b: new ScriptedToken({ label: 'b' }) };
  tokens.b.present = false;
  cryptoki = new ScriptedCryptoki([tokens.a, tokens.b]);
  cryptoki.noticesPlugging = true;
  said = [];
  lastId = 0;
  const channel: Channel = {
    send: (message) => said.push(message),
    onRequest: (listener) => (ask = listener),
    onClose: (listener) => (close = listener),
  };
  serve(channel, new TokenModule(() => cryptoki), () => undefined, clock);
});

async function list(): Promise<void> {
  lastId += 1;
  ask({ id: lastId, method: 'tokens', params: { fresh: false } });
  await settle();
}

/** Labels of the tokens that were said to be there, event by event. */
const told = (): string[][] =>
  said.flatMap((message) => ('event' in message ? [message.present.map(({ label }) => label)] : []));
const times = (name: string): number => cryptoki.calls.filter((call) => call === name).length;

describe('a card', () => {
  it('is not taken before it is asked for', async () => {
    await clock.advance(60 * second);
    expect(cryptoki.calls).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('is let go ten seconds after the last use, and then left alone', async () => {
    await list();
    await clock.advance(9.9 * second);
    expect(times('C_Finalize')).toBe(0);
    await clock.advance(0.2 * second);
    expect(times('C_Finalize')).toBe(1);
    cryptoki.calls.length = 0;
    await clock.advance(3600 * second);
    expect(cryptoki.calls).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('is held longer by another use, not by looks or by a question for counts', async () => {
    await list();
    await clock.advance(6 * second);
    await list();
    await clock.advance(6 * second);
    ask({ id: 99, method: 'counts', params: {} });
    await settle();
    expect(times('C_Finalize')).toBe(0);
    await clock.advance(4.1 * second);
    expect(times('C_Finalize')).toBe(1);
  });

  it('is taken again with the next use', async () => {
    await list();
    await clock.advance(11 * second);
    await list();
    expect(said.at(-1)).toMatchObject({ id: 2, result: [{ label: 'a' }] });
    expect(times('C_Initialize')).toBe(2);
  });

  it('that was held while the computer slept is taken anew', async () => {
    await list();
    await clock.advance(2 * second);
    clock.sleep(3600 * second);
    cryptoki.calls.length = 0;
    await list();
    expect(cryptoki.calls.slice(0, 2)).toEqual(['C_Finalize', 'C_Initialize']);
  });

  it('is neither looked at nor let go during a request, however long that takes', async () => {
    await list();
    const gate = new Gate();
    const signing = gate.promise.then(() => Buffer.alloc(64));
    cryptoki.sign = () => signing;
    tokens.a.facts = { loginRequired: false };
    tokens.a.objects.push({
      class: 'CKO_PRIVATE_KEY',
      keyType: 'CKK_EC',
      id: '01',
      label: 'k',
      attributes: {},
    });
    const params = {
      token: tokens.a.describe(0),
      key: { id: '01', label: null, type: 'EC' },
      mechanism: 'CKM_ECDSA',
      data: '',
    } as const;
    ask({ id: 50, method: 'sign', params });
    await settle();
    cryptoki.calls.length = 0;
    await clock.advance(60 * second);
    expect(cryptoki.calls).toEqual([]);
    gate.open();
    await settle();
    expect(said).toContainEqual({ id: 50, result: { signature: Buffer.alloc(64).toString('base64') } });
    expect(times('C_Finalize')).toBe(0);
    await clock.advance(11 * second);
    expect(times('C_Finalize')).toBe(1);
  });

  it('is not looked at any more once the engine has gone', async () => {
    await list();
    close();
    cryptoki.calls.length = 0;
    await clock.advance(20 * second);
    expect(cryptoki.calls).toEqual([]);
  });
});

describe('tokens', () => {
  it('are told with the first use, after its answer, and then when they change', async () => {
    await list();
    expect(said.map((message) => 'event' in message)).toEqual([false, true]);
    await clock.advance(3 * second);
    expect(told()).toEqual([['a']]);
    tokens.b.present = true;
    await clock.advance(1 * second);
    expect(told()).toEqual([['a'], ['a', 'b']]);
    tokens.a.present = false;
    await clock.advance(1 * second);
    expect(told().at(-1)).toEqual(['b']);
  });

  it('are seen within three seconds to the end of the hold, also those that went and came again', async () => {
    await list();
    tokens.a.present = false;
    await clock.advance(3 * second);
    expect(told().at(-1)).toEqual([]);
    tokens.a.present = true;
    await clock.advance(3 * second);
    expect(told().at(-1)).toEqual(['a']);
  });

  it('are told none where none is there', async () => {
    tokens.a.present = false;
    await list();
    expect(told()).toEqual([[]]);
  });

  it('that changed while the card was let go are told with the next use', async () => {
    await list();
    await clock.advance(20 * second);
    tokens.a.present = false;
    tokens.b.present = true;
    await clock.advance(20 * second);
    expect(told()).toEqual([['a']]);
    await list();
    expect(told().at(-1)).toEqual(['b']);
  });
});
