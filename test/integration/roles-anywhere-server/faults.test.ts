import { request } from 'node:http';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { credentialFields, type FaultInput } from '../../support/roles-anywhere/faults.ts';
import {
  send,
  signRequest,
  type Reply,
  type SessionReply,
} from '../../support/roles-anywhere/reference-client.ts';
import type { RequestRecord, RunningServer } from '../../support/roles-anywhere/server.ts';
import { arns, exchange, goodDraft, makeWorld } from './world.ts';

const world = makeWorld();
let server: RunningServer;

beforeEach(async () => {
  server = await world.start();
});
afterEach(() => server.close());
afterAll(() => world.remove());

const good = () => goodDraft(server, world.device);
const sessionOf = (reply: Reply): SessionReply => JSON.parse(reply.body) as SessionReply;

describe('answers in place of the good one', () => {
  it.each([
    [{ kind: 'throttle' }, 429, { 'x-amzn-errortype': 'ThrottlingException' }, '{"message":"Rate exceeded"}'],
    [{ kind: 'throttle', retryAfterSeconds: 7 }, 429, { 'retry-after': '7' }, /./],
    [{ kind: 'error' }, 500, { 'x-amzn-errortype': 'InternalServerException' }, /^\{"message":".+"\}$/],
    [
      { kind: 'error', status: 503 },
      503,
      { 'x-amzn-errortype': 'ServiceUnavailableException' },
      /^\{"message"/,
    ],
    [{ kind: 'error', status: 504 }, 504, {}, /^\{"message"/],
    [{ kind: 'redirect', location: 'http://127.0.0.1:1/' }, 307, { location: 'http://127.0.0.1:1/' }, /^$/],
    [{ kind: 'redirect', status: 302, location: '/x' }, 302, { location: '/x' }, /^$/],
    [{ kind: 'garbage' }, 201, { 'content-type': 'application/json' }, /^[^{]/],
    [{ kind: 'html' }, 200, { 'content-type': 'text/html; charset=utf-8' }, /^<!DOCTYPE html>/],
    [{ kind: 'nothing' }, 200, {}, /^$/],
  ] as const satisfies [FaultInput, number, object, string | RegExp][])(
    '%o',
    async (fault, status, headers, body) => {
      server.faults.add(fault);
      const { reply, record } = await exchange(server, good());
      expect(reply.status).toBe(status);
      expect(reply.headers).toMatchObject(headers);
      expect(reply.body).toMatch(body);
      expect(record).toMatchObject({ verdict: 'accepted', status, faults: [fault.kind] });
    },
  );

  it('throttle with Retry-After as a date of the server’s own', async () => {
    server.faults.add({ kind: 'throttle', retryAfterSeconds: 90, asDate: true });
    const { reply } = await exchange(server, good());
    expect(Date.parse(reply.headers['retry-after']!) - Date.parse(reply.headers.date!)).toBe(90_000);
  });

  it('are judged nevertheless, and a bad request stays refused in the record', async () => {
    server.faults.add({ kind: 'error', status: 503 });
    const { reply, record } = await exchange(server, { ...good(), serial: '1' });
    expect(reply.status).toBe(503);
    expect(record).toMatchObject({ verdict: 'refused', reason: 'serial-mismatch', status: 503 });
  });
});

describe('dropped connections', () => {
  it.each([
    ['before-reading', 'unread'],
    ['before-answer', 'accepted'],
    ['mid-answer', 'accepted'],
  ] as const)('%s: the record says %s', async (when, verdict) => {
    server.faults.add({ kind: 'drop', when });
    const request = signRequest(good());
    await expect(send(server.url, request)).rejects.toMatchObject({ code: 'ECONNRESET' });
    const record = server.requests.at(-1)!;
    expect(record).toMatchObject({ verdict, status: null });
    expect(request.headers.Authorization).toContain(`Signature=${record.signature!}`);

    expect((await send(server.url, request)).status).toBe(201);
    expect(server.requests.map(({ signature }) => signature)).toEqual([record.signature, record.signature]);
  });

  it('mid-answer has sent the head and half of the body', async () => {
    server.faults.add({ kind: 'drop', when: 'mid-answer' });
    const { headers, method, target, body } = signRequest(good());
    const response = await fetchHead(server.url + target, method, headers, body);
    expect(response.status).toBe(201);
    expect(response.received).toBeGreaterThan(0);
    expect(response.received).toBeLessThan(response.promised);
  });
});

describe('good answers, spoiled', () => {
  it('with an empty credential set', async () => {
    server.faults.add({ kind: 'empty-credential-set' });
    const { reply } = await exchange(server, good());
    expect(reply.status).toBe(201);
    expect(sessionOf(reply)).toMatchObject({ credentialSet: [], subjectArn: /./ });
  });

  it.each(credentialFields)('%s absent, null or empty', async (field) => {
    const flat = async (as: 'absent' | 'null' | 'empty'): Promise<string> => {
      server.faults.add({ kind: 'spoiled-field', field, as });
      return (await exchange(server, good())).reply.body;
    };
    expect(await flat('absent')).not.toContain(`"${field}":`);
    expect(await flat('null')).toContain(`"${field}":null`);
    expect(await flat('empty')).toMatch(new RegExp(`"${field}":(""|\\[\\]|\\{\\})`));
    expect((await exchange(server, good())).reply.body).toMatch(new RegExp(`"${field}":.{3,}`));
  });

  it('with another role, of another account', async () => {
    const roleArn = 'arn:aws:iam::999999999999:role/path/other';
    server.faults.add({ kind: 'other-role', roleArn });
    const [set] = sessionOf((await exchange(server, good())).reply).credentialSet;
    expect(set).toMatchObject({
      roleArn,
      assumedRoleUser: { arn: 'arn:aws:sts::999999999999:assumed-role/other/1000' },
    });
  });
});

describe('modifiers', () => {
  it('latency: the answer comes late and is good', async () => {
    server.faults.add({ kind: 'latency', milliseconds: 150 });
    const begin = performance.now();
    expect((await exchange(server, good())).reply.status).toBe(201);
    expect(performance.now() - begin).toBeGreaterThan(140);
  });

  it.each([-7200, 600])('a Date header %i seconds off, nothing else', async (offsetSeconds) => {
    server.faults.add({ kind: 'date', offsetSeconds });
    const { reply } = await exchange(server, good());
    expect(reply.status).toBe(201);
    expect(Date.parse(reply.headers.date!) - server.now()).toBe(offsetSeconds * 1000);
  });

  it.each([60, 0, -5])('sessions of %i seconds', async (seconds) => {
    server.faults.add({ kind: 'session-seconds', seconds });
    const { reply, record } = await exchange(server, good());
    const { expiration } = sessionOf(reply).credentialSet[0]!.credentials;
    expect(Date.parse(expiration) - server.now()).toBe(seconds * 1000);
    expect(record.expiration).toBe(expiration);
  });
});

describe('how long and whom they hit', () => {
  const next = async (): Promise<RequestRecord> => (await exchange(server, good())).record;

  it('one request, unless said otherwise', async () => {
    server.faults.add({ kind: 'throttle' });
    expect([(await next()).status, (await next()).status]).toEqual([429, 201]);
  });

  it('several, then the next in the queue', async () => {
    server.faults.add({ kind: 'throttle', times: 2 });
    server.faults.add({ kind: 'error', status: 503 });
    const statuses = [];
    for (let i = 0; i < 4; i += 1) statuses.push((await next()).status);
    expect(statuses).toEqual([429, 429, 503, 201]);
  });

  it('all until they are cleared', async () => {
    server.faults.add({ kind: 'throttle', times: 'until-cleared' });
    for (let i = 0; i < 3; i += 1) expect((await next()).status).toBe(429);
    server.faults.clear();
    expect((await next()).status).toBe(201);
  });

  it('modifiers add up with what else is due', async () => {
    server.faults.add({ kind: 'date', offsetSeconds: 600 });
    server.faults.add({ kind: 'error', status: 503 });
    const { reply, record } = await exchange(server, good());
    expect(record.faults).toEqual(['date', 'error']);
    expect(reply.status).toBe(503);
    expect(Date.parse(reply.headers.date!) - server.now()).toBe(600_000);
  });

  it('only the operation they name', async () => {
    server.faults.add({ kind: 'throttle', operation: 'get-caller-identity' });
    expect((await next()).status).toBe(201);
    const reply = await send(server.url, { method: 'POST', target: '/', headers: { Host: 'x' }, body: '' });
    expect(reply.status).toBe(429);
    expect(reply.body).toContain('<Code>Throttling</Code>');
  });

  it('are refused where they are none', () => {
    expect(() => server.faults.add({ kind: 'throttle', times: 0 })).toThrow();
    expect(() => server.faults.add({ kind: 'other-role', roleArn: 'reader' })).toThrow();
    expect(() => server.faults.add({ kind: 'typo' } as unknown as FaultInput)).toThrow();
  });
});

it('the role of the account is what a good request gets', async () => {
  expect(sessionOf((await exchange(server, good())).reply).credentialSet[0]!.roleArn).toBe(arns.roleArn);
});

/** What arrives of an answer that breaks off. */
async function fetchHead(
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
) {
  return new Promise<{ status: number; promised: number; received: number }>((resolve, reject) => {
    const outgoing = request(url, { method, headers, setHost: false, agent: false }, (response) => {
      let received = 0;
      response.on('data', (chunk: Buffer) => (received += chunk.length));
      response.on('error', () => undefined);
      response.on('close', () => {
        resolve({
          status: response.statusCode ?? 0,
          promised: Number(response.headers['content-length']),
          received,
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
