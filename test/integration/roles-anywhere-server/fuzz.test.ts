/** Whatever bytes a certificate has, the server judges it: an answer of 599 is a defect of its own. */
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Authority } from '../../support/pki/authority.ts';
import { describedAccount } from '../../support/roles-anywhere/account.ts';
import { judgeCreateSession, nothingObserved } from '../../support/roles-anywhere/create-session.ts';
import { send, signRequest, type Draft } from '../../support/roles-anywhere/reference-client.ts';
import { Refusal } from '../../support/roles-anywhere/refusal.ts';
import { startServer, type RequestRecord, type RunningServer } from '../../support/roles-anywhere/server.ts';
import { deviceOf, goodDraft, makeWorld } from './world.ts';

const world = makeWorld();
const intermediate = world.root.intermediate(join(world.directory, 'fuzzed'));
const rsa = Authority.root(join(world.directory, 'fuzzed-rsa'), { key: 'RSA-2048' });
const over: RequestRecord[] = [];
let server: RunningServer;

beforeEach(async () => {
  over.length = 0;
  server = await startServer({
    account: describedAccount(world.describe()),
    onRequest: (record) => over.push(record),
  });
});
afterEach(() => server.close());
afterAll(() => world.remove());

/** One byte in `step` changed, in two ways, and everything cut off there. */
function* mutations(der: Buffer, step: number): Generator<Buffer> {
  for (let at = 0; at < der.length; at += step) {
    for (const change of [0x80, 0xff]) {
      const mutant = Buffer.from(der);
      mutant[at]! ^= change;
      yield mutant;
    }
    if (at % 8 === 0) yield der.subarray(0, at);
  }
}

/** Verdicts on the requests that carry each of these in that header; anything but a refusal is thrown. */
function judgeAll(draft: Draft, header: string, anchorPem: string, mutants: Iterable<Buffer>): Set<string> {
  const account = describedAccount(world.describe(anchorPem));
  const verdicts = new Set<string>();
  for (const mutant of mutants) {
    const signed = signRequest({ ...draft, extraHeaders: { [header]: mutant.toString('base64') } });
    const wire = { ...signed, headers: Object.entries(signed.headers), body: Buffer.from(signed.body) };
    try {
      judgeCreateSession(wire, { account, now: draft.time, skewSeconds: 300 }, nothingObserved());
      verdicts.add('accepted');
    } catch (error) {
      if (!(error instanceof Refusal)) throw new Error(mutant.toString('base64'), { cause: error });
      verdicts.add(error.reason);
    }
  }
  return verdicts;
}

describe('a certificate with any byte changed gets a verdict', () => {
  const leaf = intermediate.identity({ extensions: { subjectAltName: 'DNS:a.test,URI:urn:x' } });
  const withChain = (): Draft => ({
    ...goodDraft(server, deviceOf(leaf, [intermediate.certificate.pem])),
    time: Date.now(),
  });

  it('as the client’s own', () => {
    const verdicts = judgeAll(withChain(), 'X-Amz-X509', world.root.certificate.pem, mutations(leaf.der, 2));
    expect(verdicts).toContain('certificate-malformed');
    expect(verdicts).toContain('chain-untrusted');
    expect(verdicts).not.toContain('accepted');
  });

  it('in the chain', () => {
    const verdicts = judgeAll(
      withChain(),
      'X-Amz-X509-Chain',
      world.root.certificate.pem,
      mutations(intermediate.certificate.der, 2),
    );
    expect(verdicts).toContain('chain-malformed');
    expect(verdicts).toContain('chain-untrusted');
    expect(verdicts).not.toContain('accepted');
  });

  it('with keys of RSA', () => {
    const device = rsa.identity({ holder: { key: 'RSA-2048' } });
    const draft = { ...goodDraft(server, deviceOf(device)), time: Date.now() };
    const verdicts = judgeAll(draft, 'X-Amz-X509', rsa.certificate.pem, mutations(device.der, 5));
    expect(verdicts).toContain('signature-invalid');
    expect(verdicts).not.toContain('accepted');
  });
});

const derOf = (pem: string): Buffer => Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');

describe('over the wire', () => {
  it('text of a name that is not UTF-8 is a certificate that cannot be read', async () => {
    const der = Buffer.from(derOf(world.device.certificate));
    der[der.lastIndexOf('device')] = 0xff;
    for (const [header, reason] of [
      ['X-Amz-X509', 'certificate-malformed'],
      ['X-Amz-X509-Chain', 'chain-malformed'],
    ] as const) {
      const draft = {
        ...goodDraft(server, world.device),
        extraHeaders: { [header]: der.toString('base64') },
      };
      const reply = await send(server.url, signRequest(draft));
      expect(reply).toMatchObject({ status: 400, headers: { 'x-amzn-errortype': 'ValidationException' } });
      expect(server.requests.at(-1)).toMatchObject({
        verdict: 'refused',
        reason,
        detail: 'UTF8String is not UTF-8',
      });
    }
  });

  it.each([
    ['CreateSession', '/sessions'],
    ['STS', '/'],
  ])('a body over 1 MiB is refused by %s, and the request is over', async (_, target) => {
    const headers = { Host: new URL(server.url).host };
    const reply = await send(server.url, {
      method: 'POST',
      target,
      headers,
      body: Buffer.alloc(1024 * 1024 + 1),
    });
    expect(reply.status).toBe(413);
    expect(over).toMatchObject([{ verdict: 'refused', reason: 'body-too-long', status: 413 }]);
    const whole = await send(server.url, {
      method: 'POST',
      target,
      headers,
      body: Buffer.alloc(1024 * 1024),
    });
    expect(whole.status).not.toBe(413);
  });

  it('a body over 1 MiB is refused by the control path', async () => {
    const headers = { Host: new URL(server.url).host };
    const body = Buffer.alloc(1024 * 1024 + 1);
    const reply = await send(server.url, { method: 'POST', target: '/_control/faults', headers, body });
    expect([reply.status, reply.body]).toEqual([413, '{"message":"the body is too long"}\n']);
  });

  it('a request is over also where the client hangs up', async () => {
    const outgoing = request(`${server.url}/sessions`, {
      method: 'POST',
      headers: { 'Content-Length': '1000' },
    });
    outgoing.on('error', () => undefined);
    outgoing.flushHeaders();
    await expect.poll(() => server.requests.length).toBe(1);
    outgoing.destroy();
    await expect.poll(() => over).toMatchObject([{ verdict: 'unread', status: null }]);
  });
});
