import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consoleUrl } from '../../../src/main/console/console-url.ts';
import { destinationUrl, signInAddress } from '../../../src/main/console/sign-in-address.ts';
import { AppError } from '../../../src/shared/errors.ts';
import { FakeHttp, type FakeRequest, type FakeResponse } from '../../support/fakes/http.ts';
import { parseArn } from '../../support/roles-anywhere/arn.ts';
import { Federation, FederationRefusal } from '../../support/roles-anywhere/federation.ts';
import { Sessions } from '../../support/roles-anywhere/sessions.ts';
import type { WireRequest } from '../../support/roles-anywhere/sigv4.ts';
import { failureOf } from '../failure-of.ts';

const now = Date.UTC(2026, 3, 14, 9);
const account = {
  roleArn: 'arn:aws:iam::123456789012:role/Reader',
  region: 'eu-west-2',
  profileRegion: null,
  sessionDuration: 3600,
};
const home = 'https://eu-west-2.console.aws.amazon.com/console/home?region=eu-west-2';
const nothingWanted = { destination: null, sessionDuration: null };

const answer = (status: number, body: string): FakeResponse => ({
  status,
  headers: {},
  body,
  verified: true,
});

const wire = ({ method, url, headers, body = '' }: FakeRequest): WireRequest => ({
  method,
  target: url.slice(new URL(url).origin.length),
  headers: Object.entries(headers),
  body: Buffer.from(body),
});

/** The reference endpoint behind the Http port. */
function world(takesDuration = true) {
  const sessions = new Sessions();
  const session = sessions.issue(parseArn(account.roleArn, 'role')!, 'leaf', now, 3600);
  const federation = new Federation();
  const judgement = { sessions, now, takesDuration };
  const durations: (number | null)[] = [];
  const http = new FakeHttp((request) => {
    try {
      const grant = federation.judge(wire(request), judgement);
      if (grant.kind !== 'token') throw new Error('no token was asked for');
      durations.push(grant.durationSeconds);
      return answer(200, JSON.stringify({ SigninToken: grant.token }));
    } catch (error) {
      if (!(error instanceof FederationRefusal)) throw error;
      return answer(error.status, '<html>Bad Request</html>');
    }
  });
  /** What a browser gets that opens the address. */
  const browse = (url: string) =>
    federation.judge(wire({ method: 'GET', url, headers: {}, timeoutMs: 1 }), judgement);
  return { http, session, browse, durations };
}

describe('an address', () => {
  it('signs in with the account’s session, to the console’s home in its region', async () => {
    const { http, session, browse, durations } = world();
    const { url, sessionDuration } = await consoleUrl(account, session, nothingWanted, null, http);
    expect(url).toMatch(/^https:\/\/signin\.aws\.amazon\.com\/federation\?Action=login&/);
    expect(browse(url)).toEqual({ kind: 'login', session, destination: home });
    expect([sessionDuration, durations]).toEqual([3600, [3600]]);
  });

  it('is had by POST, with no credential in the address', async () => {
    const { http, session } = world();
    await consoleUrl(account, session, nothingWanted, null, http);
    const [{ method, url, timeoutMs }] = http.requests as [FakeRequest];
    expect([method, url]).toEqual(['POST', 'https://signin.aws.amazon.com/federation']);
    expect(timeoutMs).toBeLessThanOrEqual(20_000);
  });

  it.each([900, 43_200])('is for %d seconds where those are wanted', async (sessionDuration) => {
    const { http, session, durations } = world();
    const wanted = { destination: null, sessionDuration };
    expect(await consoleUrl(account, session, wanted, null, http)).toMatchObject({ sessionDuration });
    expect(durations).toEqual([sessionDuration]);
  });

  it('is asked for once more without a duration where AWS takes none', async () => {
    const { http, session, browse } = world(false);
    const { url, sessionDuration } = await consoleUrl(account, session, nothingWanted, null, http);
    expect(sessionDuration).toBeNull();
    expect(http.requests.map(({ body }) => body?.includes('SessionDuration'))).toEqual([true, false]);
    expect(browse(url)).toMatchObject({ kind: 'login', session });
  });

  it('lands in the profile’s region', async () => {
    const { http, session, browse } = world();
    const elsewhere = { ...account, profileRegion: 'us-west-1' };
    const { url } = await consoleUrl(elsewhere, session, nothingWanted, null, http);
    expect(browse(url)).toMatchObject({
      destination: 'https://us-west-1.console.aws.amazon.com/console/home?region=us-west-1',
    });
  });
});

describe('in partition', () => {
  it.each([
    ['aws', 'eu-west-2', 'POST', 'https://signin.aws.amazon.com', 'eu-west-2.console.aws.amazon.com'],
    ['aws-cn', 'cn-north-1', 'POST', 'https://signin.amazonaws.cn', 'cn-north-1.console.amazonaws.cn'],
    [
      'aws-us-gov',
      'us-gov-west-1',
      'GET',
      'https://signin.amazonaws-us-gov.com',
      'us-gov-west-1.console.amazonaws-us-gov.com',
    ],
    [
      'aws-eusc',
      'eusc-de-east-1',
      'GET',
      'https://eusc-de-east-1.signin.amazonaws-eusc.eu',
      'eusc-de-east-1.console.amazonaws-eusc.eu',
    ],
  ])('%s it is asked for in the right place', async (partition, region, method, origin, host) => {
    const { http, session, browse } = world();
    const there = { ...account, roleArn: `arn:${partition}:iam::123456789012:role/Reader`, region };
    const { url } = await consoleUrl(there, session, nothingWanted, null, http);
    expect(http.requests.map((request) => [request.method, request.url.split('?')[0]])).toEqual([
      [method, `${origin}/federation`],
    ]);
    expect(url.startsWith(`${origin}/federation?Action=login&`)).toBe(true);
    expect(browse(url)).toMatchObject({ destination: `https://${host}/console/home?region=${region}` });
  });

  it.each(['aws-iso', 'aws-iso-b', 'aws-iso-e', 'aws-iso-f'])('%s there is none', async (partition) => {
    const { http, session } = world();
    const there = { ...account, roleArn: `arn:${partition}:iam::123456789012:role/Reader` };
    const error = await failureOf(consoleUrl(there, session, nothingWanted, null, http));
    expect(error).toMatchObject({ code: 'account-invalid' });
    expect(error.message).toContain(partition);
    expect(http.requests).toEqual([]);
  });

  it.each(['toString', '__proto__', ''])('%j there is none either', (partition) => {
    expect(() => signInAddress(partition, 'x', null)).toThrow(AppError);
  });
});

describe('another address of AWS sign-in', () => {
  it('is used as it stands', () => {
    expect(signInAddress('aws', 'eu-west-2', 'http://127.0.0.1:8080').origin).toBe('http://127.0.0.1:8080');
    expect(signInAddress('aws', 'eu-west-2', '').origin).toBe('https://signin.aws.amazon.com');
  });

  it.each(['http://signin.example.org', 'https://example.org/federation', 'signin'])(
    'is not %s',
    (override) => {
      expect(() => signInAddress('aws', 'eu-west-2', override)).toThrow(AppError);
    },
  );
});

describe('a destination', () => {
  const address = signInAddress('aws', 'eu-west-2', null);
  const to = (wanted: string) => destinationUrl(wanted, address, 'eu-west-2');

  it.each([
    ['ec2', 'https://eu-west-2.console.aws.amazon.com/go/view?service=ec2&region=eu-west-2'],
    [
      'secretsmanager',
      'https://eu-west-2.console.aws.amazon.com/go/view?service=secretsmanager&region=eu-west-2',
    ],
    ['https://console.aws.amazon.com/s3/home', 'https://console.aws.amazon.com/s3/home'],
    [
      'https://us-east-1.console.aws.amazon.com/ec2/home?region=us-east-1#Instances:',
      'https://us-east-1.console.aws.amazon.com/ec2/home?region=us-east-1#Instances:',
    ],
  ])('may be %s', (wanted, url) => {
    expect(to(wanted)).toBe(url);
  });

  it.each([
    '',
    'EC2',
    'ec2/home',
    '../x',
    'http://console.aws.amazon.com/',
    'https://console.aws.amazon.com.example.org/',
    'https://notconsole.aws.amazon.com/',
    'https://.console.aws.amazon.com/',
    'https://console.aws.amazon.com@example.org/',
    'https://me:x@console.aws.amazon.com/',
    'https://console.aws.amazon.com:8443/',
    'https://console.amazonaws.cn/',
    'javascript:alert(1)',
    'https://',
  ])('may not be %j', (wanted) => {
    expect(() => to(wanted)).toThrow(expect.objectContaining({ code: 'usage-invalid' }) as Error);
  });

  it('is the console’s, whatever is asked for', () => {
    const piece = fc.constantFrom(
      'https://',
      'console.aws.amazon.com',
      '.',
      '@',
      '/',
      '\\',
      '?',
      '#',
      ':',
      'x',
      '%2f',
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        let url: string;
        try {
          url = to(pieces.join(''));
        } catch (error) {
          expect(error).toMatchObject({ code: 'usage-invalid' });
          return;
        }
        expect(new URL(url).host).toMatch(/^([a-z0-9-]+\.)*console\.aws\.amazon\.com$/);
      }),
    );
  });
});

describe('no address comes of', () => {
  it.each([
    ['credentials AWS does not take', 400, '<html>', 'aws-access-denied', 2],
    ['the same with another status', 403, '', 'aws-access-denied', 1],
    ['too many requests', 429, '', 'aws-throttled', 1],
    ['a failure of AWS', 503, '', 'aws-failed', 1],
    ['a redirect', 302, '', 'response-invalid', 1],
    ['a web page', 200, '<html>', 'response-invalid', 1],
    ['nothing', 200, '', 'response-invalid', 1],
    ['no token', 200, '{}', 'response-invalid', 1],
    ['an empty token', 200, '{"SigninToken":""}', 'response-invalid', 1],
    ['a token that is none', 200, '{"SigninToken":"a b"}', 'response-invalid', 1],
    ['a token that is a number', 200, '{"SigninToken":7}', 'response-invalid', 1],
  ])('%s', async (_what, status, body, code, requests) => {
    const { session } = world();
    const http = new FakeHttp(() => answer(status, body));
    const error = await failureOf(consoleUrl(account, session, nothingWanted, null, http));
    expect(error.code).toBe(code);
    expect(http.requests).toHaveLength(requests);
    for (const secret of [session.secretAccessKey, session.sessionToken]) {
      expect(`${error.message} ${error.remedy}`).not.toContain(secret);
    }
  });

  it('a network that is down; what else its error advises stays', async () => {
    const { session } = world();
    const ask = (error: AppError) =>
      failureOf(
        consoleUrl(
          account,
          session,
          nothingWanted,
          null,
          new FakeHttp(() => {
            throw error;
          }),
        ),
      );
    expect((await ask(new AppError('network-unreachable'))).remedy).toBe(
      'Check the network connection and try again.',
    );
    const wise = new AppError('network-unreachable', { remedy: 'Give the proxy a password.' });
    expect((await ask(wise)).remedy).toBe('Give the proxy a password.');
  });
});
