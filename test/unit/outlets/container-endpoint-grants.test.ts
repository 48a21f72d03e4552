/** Who is given a token, how long it lasts, and when there is a port at all. */
import { describe, expect, it } from 'vitest';
import type { ContainerAnswer, ContainerRequest } from '../../../src/main/outlets/container-endpoint.ts';
import {
  ContainerEndpoints,
  type EndpointListener,
} from '../../../src/main/outlets/container-endpoint-grants.ts';
import type { Account } from '../../../src/shared/model.ts';
import { AppError } from '../../../src/shared/errors.ts';
import { FakeClock } from '../../support/fakes/clock.ts';
import { failureOf } from '../failure-of.ts';

/** A port that is one more each time it is opened. */
class FakeListener implements EndpointListener {
  opened = 0;
  answer: ((request: ContainerRequest, port: number) => ContainerAnswer) | null = null;
  /** Runs while a port is being opened. */
  meanwhile: () => void = () => undefined;

  async open(answer: (request: ContainerRequest, port: number) => ContainerAnswer): Promise<number> {
    if (this.answer === null) {
      this.opened += 1;
      this.answer = answer;
    }
    await Promise.resolve();
    this.meanwhile();
    return this.port;
  }

  async close(): Promise<void> {
    await Promise.resolve();
    this.answer = null;
  }

  get port(): number {
    return 4000 + this.opened;
  }

  get isOpen(): boolean {
    return this.answer !== null;
  }
}

const kept = (id: string, outlet: Account['outlet'] = 'credential-process') => ({ id, outlet });

function open() {
  const listener = new FakeListener();
  const clock = new FakeClock();
  const clients = new Set(['one', 'two']);
  const connected = new Set(['dev', 'ops']);
  const endpoints = new ContainerEndpoints({
    listener,
    clock,
    isThere: (client) => clients.has(client),
    serving: (account) => {
      if (!connected.has(account)) throw new AppError('not-connected');
      return {
        credentials: { accessKeyId: account, secretAccessKey: 'S', sessionToken: 'T' },
        expiresAt: clock.now() + 1000,
        roleArn: 'R',
      };
    },
  });
  /** The status of a request; null where there is no port. */
  const ask = (
    { url, token }: { url: string; token: string },
    path = new URL(url).pathname,
  ): number | null => {
    const headers = [
      ['host', new URL(url).host],
      ['authorization', token],
    ] as const;
    return listener.answer?.({ method: 'GET', target: path, headers }, listener.port).status ?? null;
  };
  const gone = (client: string) => {
    clients.delete(client);
    return endpoints.clientGone(client);
  };
  return { endpoints, listener, clients, connected, ask, gone };
}

describe('the port', () => {
  it('is closed until somebody asks, and again once nobody may', async () => {
    const { endpoints, listener, gone } = open();
    expect(listener.isOpen).toBe(false);
    await endpoints.open('dev', 'one');
    await endpoints.open('ops', 'two');
    expect([listener.isOpen, listener.opened]).toEqual([true, 1]);
    await gone('one');
    expect(listener.isOpen).toBe(true);
    await gone('two');
    expect(listener.isOpen).toBe(false);
  });

  it('is not opened for an account that does not serve', async () => {
    const { endpoints, listener } = open();
    expect(await failureOf(endpoints.open('idle', 'one'))).toMatchObject({ code: 'not-connected' });
    expect(listener.opened).toBe(0);
  });

  it('is not opened for a client that does not listen', async () => {
    const { endpoints, listener } = open();
    expect(await failureOf(endpoints.open('dev', 'three'))).toMatchObject({ code: 'usage-invalid' });
    expect(listener.opened).toBe(0);
  });

  it('is closed again where the client went away while it was opened', async () => {
    const { endpoints, listener, clients } = open();
    listener.meanwhile = () => clients.delete('one');
    expect(await failureOf(endpoints.open('dev', 'one'))).toMatchObject({ code: 'usage-invalid' });
    expect(listener.isOpen).toBe(false);
  });

  it('is closed with the agent, and not opened any more', async () => {
    const { endpoints, listener } = open();
    await endpoints.open('dev', null);
    await endpoints.close();
    expect(listener.isOpen).toBe(false);
    expect(await failureOf(endpoints.open('dev', 'one'))).toMatchObject({ code: 'agent-not-running' });
    expect(listener.isOpen).toBe(false);
  });

  it('stays closed where the agent ends while it is opened', async () => {
    const { endpoints, listener } = open();
    const opening = failureOf(endpoints.open('dev', 'one'));
    await endpoints.close();
    expect(await opening).toMatchObject({ code: 'agent-not-running' });
    expect(listener.isOpen).toBe(false);
  });

  it('is told in the URL also where it is opened and given up at once', async () => {
    const { endpoints, ask, gone } = open();
    await endpoints.open('dev', 'one');
    const [, second] = await Promise.all([gone('one'), endpoints.open('ops', 'two')]);
    expect(ask(second)).toBe(200);
  });
});

describe('a token', () => {
  it('is 256 random bits, another one each time, and not in the URL', async () => {
    const { endpoints } = open();
    const all = await Promise.all(Array.from({ length: 50 }, () => endpoints.open('dev', 'one')));
    expect(new Set(all.map(({ token }) => token)).size).toBe(50);
    for (const { url, token } of all) {
      expect(Buffer.from(token, 'base64url')).toHaveLength(32);
      expect(token).toMatch(/^[\w-]{43}$/);
      expect(url).toBe('http://127.0.0.1:4001/accounts/dev');
    }
  });

  it('opens its own account only', async () => {
    const { endpoints, ask } = open();
    const [dev, ops] = await Promise.all([endpoints.open('dev', 'one'), endpoints.open('ops', 'one')]);
    expect([ask(dev), ask(ops)]).toEqual([200, 200]);
    expect([ask(dev, '/accounts/ops'), ask(ops, '/accounts/dev')]).toEqual([403, 403]);
  });

  it('ends with the client it was given to; those of others go on', async () => {
    const { endpoints, ask, gone } = open();
    const [one, two, lasting] = await Promise.all([
      endpoints.open('dev', 'one'),
      endpoints.open('dev', 'two'),
      endpoints.open('dev', null),
    ]);
    await gone('one');
    expect([ask(one), ask(two), ask(lasting)]).toEqual([403, 200, 200]);
  });

  it('that lasts is one for all who ask, and does not end with a client', async () => {
    const { endpoints, ask, gone } = open();
    const [first, again] = [await endpoints.open('dev', null), await endpoints.open('dev', null)];
    expect(again).toEqual(first);
    await gone('one');
    expect(ask(first)).toBe(200);
  });

  it('answers that nothing is served while the account is disconnected, and goes on afterwards', async () => {
    const { endpoints, connected, ask } = open();
    const opened = await endpoints.open('dev', 'one');
    connected.delete('dev');
    expect(ask(opened)).toBe(404);
    connected.add('dev');
    expect(ask(opened)).toBe(200);
  });

  it('ends with its account, also where one of that ID is added again', async () => {
    const { endpoints, listener, ask } = open();
    const [dev, ops] = await Promise.all([endpoints.open('dev', 'one'), endpoints.open('ops', 'one')]);
    await endpoints.accountsChanged([kept('ops')]);
    await endpoints.accountsChanged([kept('ops'), kept('dev')]);
    expect([ask(dev), ask(ops)]).toEqual([403, 200]);
    await endpoints.accountsChanged([]);
    expect(listener.isOpen).toBe(false);
  });

  it('that lasts ends with the outlet; one of a running program does not', async () => {
    const { endpoints, ask } = open();
    const [running, lasting] = [await endpoints.open('dev', 'one'), await endpoints.open('dev', null)];
    await endpoints.accountsChanged([kept('dev', 'container-endpoint')]);
    expect([ask(running), ask(lasting)]).toEqual([200, 200]);
    await endpoints.accountsChanged([kept('dev', 'none')]);
    expect([ask(running), ask(lasting)]).toEqual([200, 403]);
    const next = await endpoints.open('dev', null);
    expect(next.token).not.toBe(lasting.token);
  });

  it('of one client in a thousand is too many', async () => {
    const { endpoints, gone } = open();
    for (let count = 0; count < 1000; count += 1) await endpoints.open('dev', 'one');
    expect(await failureOf(endpoints.open('dev', 'two'))).toMatchObject({ code: 'usage-invalid' });
    await gone('one');
    await endpoints.open('dev', 'two');
  });
});

it('is in use while a program runs, not for a token that only lasts', async () => {
  const { endpoints, gone } = open();
  expect(endpoints.isInUse).toBe(false);
  await endpoints.open('dev', null);
  expect(endpoints.isInUse).toBe(false);
  await endpoints.open('dev', 'one');
  expect(endpoints.isInUse).toBe(true);
  await gone('one');
  expect(endpoints.isInUse).toBe(false);
});
