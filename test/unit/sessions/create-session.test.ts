import { describe, expect, it } from 'vitest';
import { createSession } from '../../../src/main/sessions/create-session.ts';
import { ServerClock } from '../../../src/main/sessions/server-clock.ts';
import { AppError } from '../../../src/shared/errors.ts';
import { FakeClock as SlowClock, settle } from '../../support/fakes/clock.ts';
import { oddCertificate } from '../roles-anywhere/odd-certificate.ts';
import {
  account,
  breakDown,
  CountingSigner,
  FakeAws,
  FakeClock,
  grant,
  refuse,
  start,
  strictAboutTime,
  unreachable,
  type Reaction,
} from './create-session-world.ts';

const environment = { rolesAnywhereUrl: null, useFips: false, useDualstack: false };
const host = 'rolesanywhere.eu-west-2.amazonaws.com';
const minute = 60_000;
const hour = 60 * minute;

function world(...reactions: Reaction[]) {
  const clock = new FakeClock();
  const aws = new FakeAws(clock, ...reactions);
  const signer = new CountingSigner(clock);
  const serverClock = new ServerClock(clock);
  const run = (change: Partial<typeof account> = {}) =>
    createSession(
      { account: { ...account, ...change }, signer, environment },
      { clock, http: aws },
      serverClock,
    );
  return { clock, aws, signer, serverClock, run };
}

describe('one session', () => {
  it('costs one signature and one request', async () => {
    const { aws, signer, run } = world(grant);
    expect(await run()).toMatchObject({
      credentials: { accessKeyId: 'ASIAEXAMPLE', secretAccessKey: 'secret', sessionToken: 'token' },
      assumedRoleArn: 'arn:aws:sts::123456789012:assumed-role/Reader/leaf',
      expiresAt: start + hour,
    });
    expect(signer.signed).toHaveLength(1);
    expect(aws.requests).toHaveLength(1);
    const [request] = aws.requests;
    expect(request).toMatchObject({ method: 'POST', body: '{"durationSeconds":3600}', timeoutMs: 20_000 });
    expect(request!.url).toMatch(
      /^https:\/\/rolesanywhere\.eu-west-2\.amazonaws\.com\/sessions\?profileArn=/,
    );
    expect(request!.headers['x-amz-date']).toBe('20260312T103000Z');
    expect(signer.isIn(request!)).toBe(true);
  });

  it('goes where the account says', async () => {
    const { aws, run } = world(grant);
    await run({ endpoint: 'https://proxy.example.com:8443' });
    expect(aws.requests[0]!.url).toMatch(/^https:\/\/proxy\.example\.com:8443\/sessions\?/);
  });

  it('is not asked for where the signer fails', async () => {
    const { aws, signer, run } = world(grant);
    signer.failure = new AppError('touch-needed');
    await expect(run()).rejects.toMatchObject({ code: 'touch-needed' });
    expect(signer.signed).toHaveLength(1);
    expect(aws.requests).toEqual([]);
  });

  it('is asked for without CAs that did not issue the certificate', async () => {
    const { clock, aws, signer } = world(grant);
    const beside = {
      certificate: signer.certificate,
      issuers: [oddCertificate('ca')],
      sign: (message: Uint8Array) => signer.sign(message),
    };
    await createSession(
      { account, signer: beside, environment },
      { clock, http: aws },
      new ServerClock(clock),
    );
    expect(aws.requests[0]!.headers).not.toHaveProperty('x-amz-x509-chain');
  });
});

describe('after a network error', () => {
  it('the same signed request is sent again, byte for byte', async () => {
    const { clock, aws, signer, run } = world(breakDown, breakDown, breakDown, grant);
    await run();
    expect(signer.signed).toHaveLength(1);
    expect(aws.requests).toHaveLength(4);
    const sent = aws.requests.map((request) => JSON.stringify({ ...request, timeoutMs: 0 }));
    expect(new Set(sent).size).toBe(1);
    expect(clock.pauses).toHaveLength(3);
  });

  it('the pauses are short, grow and jitter', async () => {
    const pauses: number[][] = [];
    for (let i = 0; i < 20; i++) {
      const { clock, run } = world(breakDown, breakDown, breakDown, breakDown, breakDown, grant);
      await run();
      pauses.push(clock.pauses);
    }
    [250, 500, 1000, 2000, 2000].forEach((longest, i) => {
      const these = pauses.map((each) => each[i]!);
      expect(Math.min(...these)).toBeGreaterThanOrEqual(longest / 2);
      expect(Math.max(...these)).toBeLessThanOrEqual(longest);
      expect(new Set(these).size).toBeGreaterThan(1);
    });
  });

  it('it is given up after 20 seconds in all', async () => {
    const { clock, aws, signer, run } = world(breakDown);
    aws.latencyMs = 3_000;
    await expect(run()).rejects.toMatchObject({ code: 'network-unreachable' });
    expect(clock.time - start).toBeLessThanOrEqual(20_000);
    expect(clock.time - start).toBeGreaterThan(15_000);
    expect(signer.signed).toHaveLength(1);
    const timeouts = aws.requests.map(({ timeoutMs }) => timeoutMs);
    expect(timeouts).toEqual(timeouts.toSorted((a, b) => b - a));
    expect(timeouts.at(-1)).toBeLessThan(8_000);
  });

  it('a request that takes all the time is not sent again', async () => {
    const { aws, run } = world(breakDown);
    aws.latencyMs = 60_000;
    await expect(run()).rejects.toMatchObject({ code: 'network-unreachable' });
    expect(aws.requests).toHaveLength(1);
  });

  it('a touch that took long is not in the 20 seconds', async () => {
    const { aws, signer, run } = world(breakDown, grant);
    signer.touchMs = 45_000;
    await run();
    expect(aws.requests).toHaveLength(2);
    expect(aws.requests[0]!.timeoutMs).toBe(20_000);
  });

  it('a signature of nearly four minutes is not sent again', async () => {
    const { aws, signer, run } = world(breakDown);
    signer.touchMs = 4 * minute - 1_000;
    await expect(run()).rejects.toMatchObject({ code: 'network-unreachable' });
    expect(aws.requests.length).toBeLessThan(6);
    expect(signer.signed).toHaveLength(1);
  });

  it('time set back by somebody wins none', async () => {
    const { clock, aws, run } = world(() => {
      clock.time -= hour;
      return unreachable;
    });
    await expect(run()).rejects.toMatchObject({ code: 'network-unreachable' });
    expect(aws.requests.length).toBeLessThan(40);
  });

  it.each(['tls-untrusted', 'endpoint-insecure', 'response-invalid'] as const)('%s is none', async (code) => {
    const { aws, run } = world(() => new AppError(code));
    await expect(run()).rejects.toMatchObject({ code });
    expect(aws.requests).toHaveLength(1);
  });
});

describe('a wrong clock', () => {
  it('is mended with a signature whose touch is asked of the same person', async () => {
    const { clock, aws, signer, serverClock } = world(strictAboutTime);
    aws.aheadMs = 2 * hour;
    const human = { prompts: { ask: () => Promise.resolve(null) }, accounts: ['Reader'], askedBy: 'x' };
    await createSession({ account, signer, environment, human }, { clock, http: aws }, serverClock);
    expect(signer.signedFor).toEqual([human, human]);
  });

  it.each([
    ['behind', 2 * hour],
    ['ahead', -2 * hour],
    ['barely too far behind', 6 * minute],
    ['a day behind', 24 * hour - minute],
  ])('%s: is mended with one more signature', async (_, aheadMs) => {
    const { aws, signer, serverClock, run } = world(strictAboutTime);
    aws.aheadMs = aheadMs;
    const session = await run();
    expect(signer.signed).toHaveLength(2);
    expect(aws.requests).toHaveLength(2);
    expect(signer.isIn(aws.requests[1]!)).toBe(true);
    expect(Math.abs(session.clockOffsetMs - aheadMs)).toBeLessThanOrEqual(1_000);
    expect(serverClock.offset(host)).toBe(session.clockOffsetMs);
    // By AWS's clock both.
    expect(Math.abs(session.expiresAt - session.issuedAt - hour)).toBeLessThanOrEqual(2_000);
  });

  it('is known the next time', async () => {
    const { aws, signer, run } = world(strictAboutTime);
    aws.aheadMs = 2 * hour;
    await run();
    await run();
    expect(signer.signed).toHaveLength(3);
  });

  it('learnt of a success costs nothing', async () => {
    const { aws, signer, run } = world(strictAboutTime);
    aws.aheadMs = 3 * minute;
    const session = await run();
    expect(signer.signed).toHaveLength(1);
    expect(Math.abs(session.clockOffsetMs - 3 * minute)).toBeLessThanOrEqual(1_000);
    await run();
    expect(aws.requests[1]!.headers['x-amz-date']).toBe('20260312T103300Z');
  });

  it('that somebody mends meanwhile is no reason to refuse again', async () => {
    const { clock, aws, signer, run } = world((request, self) => {
      // This computer's clock was 2 hours behind when it signed and is right now.
      if (self.requests.length === 1) clock.time += 2 * hour;
      return strictAboutTime(request, self);
    });
    await run();
    expect(signer.signed).toHaveLength(2);
    expect(aws.requests[1]!.headers['x-amz-date']).toMatch(/^20260312T1230/);
  });

  it('is blamed once only', async () => {
    const { aws, signer, run } = world(refuse(403, 'Invalid signature'));
    aws.aheadMs = 2 * hour;
    await expect(run()).rejects.toMatchObject({ code: 'aws-invalid-signature', requestId: 'request-1' });
    expect(signer.signed).toHaveLength(2);
  });

  it('is blamed once only, also where the host’s own wanders', async () => {
    const { aws, signer, run } = world((request, self) => {
      self.aheadMs += 2 * hour;
      return refuse(403, 'Invalid signature')(request, self);
    });
    await expect(run()).rejects.toMatchObject({ code: 'aws-invalid-signature' });
    expect(signer.signed).toHaveLength(2);
    expect(aws.requests).toHaveLength(2);
  });

  it.each([
    ['that is right', 0],
    ['that is a minute off', 59_000],
  ])('is not blamed: one %s', async (_, aheadMs) => {
    const { aws, signer, run } = world(refuse(403, 'Invalid signature'));
    aws.aheadMs = aheadMs;
    await expect(run()).rejects.toMatchObject({ code: 'aws-invalid-signature' });
    expect(signer.signed).toHaveLength(1);
  });

  it.each([
    [403, 'Untrusted signing certificate', 'aws-access-denied'],
    [403, 'Unable to assume role for arn:x', 'aws-access-denied'],
    [400, 'odd', 'aws-invalid-request'],
    [404, 'odd', 'aws-not-found'],
    [429, 'odd', 'aws-throttled'],
    [500, 'odd', 'aws-failed'],
  ])('is not blamed for %d %s', async (status, message, code) => {
    const { aws, signer, run } = world(refuse(status, message));
    aws.aheadMs = 2 * hour;
    await expect(run()).rejects.toMatchObject({ code });
    expect(signer.signed).toHaveLength(1);
    expect(aws.requests).toHaveLength(1);
  });

  it('is blamed for a refusal nobody knows', async () => {
    const { aws, signer, run } = world(refuse(403, 'odd'), grant);
    aws.aheadMs = 2 * hour;
    await run();
    expect(signer.signed).toHaveLength(2);
  });

  it('is not mended by an answer that is not verified', async () => {
    const { aws, signer, serverClock, run } = world(strictAboutTime);
    aws.aheadMs = 2 * hour;
    aws.verified = false;
    await expect(run()).rejects.toMatchObject({ code: 'aws-invalid-signature' });
    expect(signer.signed).toHaveLength(1);
    expect(serverClock.offset(host)).toBe(0);
  });

  it.each([
    [25 * hour, 'The clock of this computer is 25 hours behind AWS’s.'],
    [-48 * hour, 'The clock of this computer is 48 hours ahead of AWS’s.'],
  ])('is told, not mended, by more than a day: %d', async (aheadMs, message) => {
    const { aws, signer, run } = world(strictAboutTime);
    aws.aheadMs = aheadMs;
    await expect(run()).rejects.toMatchObject({ code: 'clock-skew', message, requestId: 'request-1' });
    expect(signer.signed).toHaveLength(1);
  });

  it('leaves both tries one common time-out', async () => {
    const { aws, run } = world(strictAboutTime);
    aws.aheadMs = 2 * hour;
    aws.latencyMs = 8_000;
    await run();
    expect(aws.requests.map(({ timeoutMs }) => timeoutMs)).toEqual([20_000, 12_000]);
  });

  it('in the answer alone takes no good credentials away', async () => {
    const { run } = world((request, aws) => {
      const { status, body, verified } = grant(request, aws);
      return { status, body, verified, headers: { date: new Date(start + 3 * hour).toUTCString() } };
    });
    expect(await run()).toMatchObject({
      expiresAt: start + hour,
      issuedAt: start + 100,
      clockOffsetMs: 0,
    });
  });
});

describe('an answer that is none', () => {
  it.each([
    ['a redirect', 302, { location: 'https://evil.example/' }],
    ['an empty set', 201, {}],
  ])('%s: is refused and not asked for again', async (_, status, headers) => {
    const { aws, signer, run } = world((_request, self) =>
      self.answer(status, { credentialSet: [] }, headers),
    );
    await expect(run()).rejects.toMatchObject({ code: 'response-invalid', requestId: 'request-1' });
    expect(aws.requests).toHaveLength(1);
    expect(signer.signed).toHaveLength(1);
  });

  it('throttled says how long to wait', async () => {
    const { aws, run } = world(refuse(429, 'Rate exceeded', { 'retry-after': '3' }));
    await expect(run()).rejects.toMatchObject({ code: 'aws-throttled', retryAfterMs: 3_000 });
    expect(aws.requests).toHaveLength(1);
  });
});

describe('cut short', () => {
  /** A network that never answers. */
  const silence = { send: () => new Promise<never>(() => undefined) };

  it('it waits for no answer', async () => {
    const { clock, signer, serverClock } = world(grant);
    const abort = new AbortController();
    const options = { account, signer, environment, signal: abort.signal };
    const session = createSession(options, { clock, http: silence }, serverClock);
    await settle();
    abort.abort();
    await expect(session).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('while it is signed, it sends nothing', async () => {
    const { clock, aws, signer, serverClock } = world(grant);
    const abort = new AbortController();
    const slow = {
      certificate: signer.certificate,
      issuers: [],
      sign: (message: Uint8Array) => (abort.abort(), signer.sign(message)),
    };
    await expect(
      createSession(
        { account, signer: slow, environment, signal: abort.signal },
        { clock, http: aws },
        serverClock,
      ),
    ).rejects.toMatchObject({ code: 'cancelled' });
    expect(aws.requests).toEqual([]);
  });

  it('between two tries, it leaves no timer', async () => {
    const clock = new SlowClock();
    const { aws, signer } = world(breakDown);
    const abort = new AbortController();
    const session = createSession(
      { account, signer, environment, signal: abort.signal },
      { clock, http: aws },
      new ServerClock(clock),
    );
    await settle();
    expect([aws.requests.length, clock.pending]).toEqual([1, 1]);
    abort.abort();
    await expect(session).rejects.toMatchObject({ code: 'cancelled' });
    expect(clock.pending).toBe(0);
  });
});
