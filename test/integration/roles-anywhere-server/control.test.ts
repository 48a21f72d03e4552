import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { send } from '../../support/roles-anywhere/reference-client.ts';
import type { RequestRecord, RunningServer } from '../../support/roles-anywhere/server.ts';
import { arns, exchange, goodDraft, makeWorld } from './world.ts';

const world = makeWorld();
let server: RunningServer;

beforeEach(async () => {
  server = await world.start();
});
afterEach(() => server.close());
afterAll(() => world.remove());

async function ask(
  method: string,
  path: string,
  value?: unknown,
): Promise<{ status: number; value: unknown }> {
  const body = value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  const headers = { Host: new URL(server.url).host, 'Content-Length': String(Buffer.byteLength(body)) };
  const reply = await send(server.url, { method, target: `/_control${path}`, headers, body });
  return { status: reply.status, value: JSON.parse(reply.body) as unknown };
}

const next = async (): Promise<RequestRecord> =>
  (await exchange(server, goodDraft(server, world.device))).record;

describe('faults over HTTP', () => {
  it('one', async () => {
    expect(await ask('POST', '/faults', { kind: 'throttle' })).toEqual({
      status: 200,
      value: { faults: [{ kind: 'throttle', times: 1, operation: 'create-session' }] },
    });
    expect((await next()).status).toBe(429);
    expect((await ask('GET', '/faults')).value).toEqual({ faults: [] });
  });

  it('a list', async () => {
    const faults = [
      { kind: 'error', status: 503, times: 2 },
      { kind: 'date', offsetSeconds: 60, times: 'until-cleared' },
    ];
    expect((await ask('POST', '/faults', faults)).status).toBe(200);
    expect((await next()).faults).toEqual(['date', 'error']);
    expect((await ask('DELETE', '/faults')).value).toEqual({ faults: [] });
    expect((await next()).faults).toEqual([]);
  });

  it.each([
    ['an unknown kind', { kind: 'typo' }],
    ['an unknown member', { kind: 'throttle', retryAfter: 1 }],
    ['a bad value', { kind: 'error', status: 404 }],
    ['a bad one in a list', [{ kind: 'throttle' }, { kind: 'error', status: 404 }]],
    ['no JSON', '{'],
  ])('%s is 400 with a message, and nothing is changed', async (_, body) => {
    const { status, value } = await ask('POST', '/faults', body);
    expect(status).toBe(400);
    expect(value).toEqual({ message: expect.stringMatching(/./) as string });
    expect(server.faults.active).toEqual([]);
  });
});

it('requests over HTTP: what was seen, without secrets', async () => {
  const { reply } = await exchange(server, goodDraft(server, world.device));
  const { secretAccessKey, sessionToken } = (
    JSON.parse(reply.body) as {
      credentialSet: [{ credentials: { secretAccessKey: string; sessionToken: string } }];
    }
  ).credentialSet[0].credentials;

  const { value } = await ask('GET', '/requests');
  expect(value).toMatchObject({
    requests: [{ number: 1, ...arns, verdict: 'accepted', status: 201, operation: 'create-session' }],
  });
  expect(JSON.stringify(value)).not.toContain(secretAccessKey);
  expect(JSON.stringify(value)).not.toContain(sessionToken);

  expect((await ask('DELETE', '/requests')).value).toEqual({ requests: [] });
  expect((await next()).number).toBe(2);
  expect(server.requests).toHaveLength(1);
});

it('the clock over HTTP', async () => {
  expect(await ask('PUT', '/clock', { offsetSeconds: 400 })).toEqual({
    status: 200,
    value: { offsetSeconds: 400 },
  });
  const { record } = await exchange(server, {
    ...goodDraft(server, world.device),
    time: server.now() - 400_000,
  });
  expect(record.reason).toBe('clock-skew');
  expect((await ask('GET', '/clock')).value).toEqual({ offsetSeconds: 400 });
  expect((await ask('PUT', '/clock', { offset: 1 })).status).toBe(400);
});

it.each([
  ['GET', '/nothing'],
  ['PATCH', '/faults'],
])('%s %s is 404', async (method, path) => {
  expect((await ask(method, path)).status).toBe(404);
});
