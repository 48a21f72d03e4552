import { describe, expect, it } from 'vitest';
import {
  callerIdentity,
  stsOrigin,
  type StsEnvironment,
} from '../../../src/main/sessions/caller-identity.ts';
import { AppError } from '../../../src/shared/errors.ts';
import { FakeHttp, type FakeRequest } from '../../support/fakes/http.ts';
import { parseArn } from '../../support/roles-anywhere/arn.ts';
import { Sessions, type Session } from '../../support/roles-anywhere/sessions.ts';
import { headerValues, parseAuthorization, type WireRequest } from '../../support/roles-anywhere/sigv4.ts';
import {
  callerIdentityXml,
  judgeGetCallerIdentity,
  stsErrorXml,
  StsRefusal,
} from '../../support/roles-anywhere/sts.ts';
import { failureOf } from '../failure-of.ts';

const now = Date.UTC(2026, 3, 14, 9, 0, 0);
const roleArn = 'arn:aws:iam::123456789012:role/team/Reader';
const origin = 'https://sts.eu-west-2.amazonaws.com';

/** The reference STS behind the Http port, at its own time. */
class ReferenceSts {
  readonly sessions = new Sessions();
  readonly session: Session;
  readonly http: FakeHttp;

  constructor(time = now, sessionName = 'leaf') {
    this.session = this.sessions.issue(parseArn(roleArn, 'role')!, sessionName, now, 3600);
    this.http = new FakeHttp((request) => {
      try {
        const caller = judgeGetCallerIdentity(wire(request), this.sessions, time);
        return answer(200, callerIdentityXml(caller, 'q-1'));
      } catch (error) {
        if (!(error instanceof StsRefusal)) throw error;
        return answer(error.status, stsErrorXml(error.code, error.message, 'q-1'));
      }
    });
  }
}

const answer = (status: number, body: string, headers: Record<string, string> = {}) => ({
  status,
  headers: { 'content-type': 'text/xml', ...headers },
  body,
  verified: true,
});

function wire({ method, url, headers, body = '' }: FakeRequest): WireRequest {
  const { pathname, search } = new URL(url);
  return { method, target: pathname + search, headers: Object.entries(headers), body: Buffer.from(body) };
}

const ask = (
  http: FakeHttp,
  session: Session,
  change: Partial<{ roleArn: string; region: string; at: string; now: number }> = {},
) =>
  callerIdentity(
    { roleArn: change.roleArn ?? roleArn, region: change.region ?? 'eu-west-2' },
    session,
    change.at ?? origin,
    change.now ?? now,
    http,
  );

describe('a request', () => {
  it('is one a strict verifier accepts, and tells who the credentials are', async () => {
    const { http, session } = new ReferenceSts();
    expect(await ask(http, session)).toEqual({
      Account: '123456789012',
      Arn: 'arn:aws:sts::123456789012:assumed-role/Reader/leaf',
      UserId: session.assumedRoleId,
      matches: true,
    });
  });

  it.each(['https://sts.eu-west-2.amazonaws.com', 'http://127.0.0.1:4566', 'https://[::1]:8443'])(
    'goes to %s and signs its host with the port',
    async (at) => {
      const { http, session } = new ReferenceSts();
      await ask(http, session, { at });
      const [request] = http.requests;
      expect(request!.url).toBe(`${at}/`);
      expect(headerValues(wire(request!), 'host')).toEqual([new URL(at).host]);
    },
  );

  it.each(['eu-west-2', 'us-gov-west-1', 'cn-north-1'])('is signed for the region %s', async (region) => {
    const { http, session } = new ReferenceSts();
    await ask(http, session, { region });
    const [header] = headerValues(wire(http.requests[0]!), 'authorization');
    expect(parseAuthorization(header!)).toMatchObject({ region, service: 'sts', date: '20260414' });
  });

  it('holds no secret but the token, and ends in time', async () => {
    const { http, session } = new ReferenceSts();
    await ask(http, session);
    const [request] = http.requests;
    expect(JSON.stringify(request)).not.toContain(session.secretAccessKey);
    expect(request!.timeoutMs).toBeGreaterThan(0);
    expect(request!.timeoutMs).toBeLessThanOrEqual(20_000);
  });

  it('with another secret is refused: the judge is one', async () => {
    const { http, session } = new ReferenceSts();
    const error = await failureOf(ask(http, { ...session, secretAccessKey: 'x' }));
    expect(error.code).toBe('aws-access-denied');
  });

  it('of sessions with any name is understood', async () => {
    const name = '3f+a=b,c.d@e-f_1';
    const { http, session } = new ReferenceSts(now, name);
    const { Arn, matches } = await ask(http, session);
    expect([Arn, matches]).toEqual([`arn:aws:sts::123456789012:assumed-role/Reader/${name}`, true]);
  });
});

describe('the answer’s role', () => {
  it.each([
    ['arn:aws:iam::123456789012:role/Reader', true],
    ['arn:aws:iam::123456789012:role/other/path/Reader', true],
    ['arn:aws:iam::123456789012:role/Writer', false],
    ['arn:aws:iam::123456789012:role/reader', false],
    ['arn:aws:iam::210987654321:role/Reader', false],
    ['arn:aws-cn:iam::123456789012:role/Reader', false],
  ])('is that of %s: %s', async (asked, matches) => {
    const { http, session } = new ReferenceSts();
    expect((await ask(http, session, { roleArn: asked })).matches).toBe(matches);
  });

  it.each(['arn:aws:iam::123456789012:user/ann', 'arn:aws:sts::123456789012:federated-user/ann', 'nonsense'])(
    'is none of %s',
    async (arn) => {
      const xml = `<GetCallerIdentityResponse><Arn>${arn}</Arn><UserId>U</UserId><Account>123456789012</Account></GetCallerIdentityResponse>`;
      const { session } = new ReferenceSts();
      expect((await ask(new FakeHttp(() => answer(200, xml)), session)).matches).toBe(false);
    },
  );
});

describe('a refusal', () => {
  it('keeps AWS’s words and its request id', async () => {
    const { http, session } = new ReferenceSts(now + 7_200_000);
    const error = await failureOf(ask(http, session, { now: now + 7_200_000 }));
    expect(error).toMatchObject({ code: 'aws-access-denied', requestId: 'q-1' });
    expect(error.message).toContain('expired');
    expect(error.message).not.toContain(session.secretAccessKey);
  });

  it('takes the request id of a header where the body has none', async () => {
    const xml = '<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>';
    const { session } = new ReferenceSts();
    const http = new FakeHttp(() => answer(403, xml, { 'x-amzn-requestid': 'h-1' }));
    expect(await failureOf(ask(http, session))).toMatchObject({
      requestId: 'h-1',
      code: 'aws-access-denied',
    });
  });

  // Not a word about the credentials: disconnecting would cure nothing.
  it.each([
    [500, 'InternalFailure', 'aws-failed'],
    [503, 'ServiceUnavailable', 'aws-failed'],
    [400, 'Throttling', 'aws-throttled'],
  ])('of %d %s is %s', async (status, code, expected) => {
    const { session } = new ReferenceSts();
    const http = new FakeHttp(() => answer(status, stsErrorXml(code, 'Words.', 'q')));
    expect((await failureOf(ask(http, session))).code).toBe(expected);
  });

  it('is worded in text, not in XML', async () => {
    const { session } = new ReferenceSts();
    const http = new FakeHttp(() => answer(403, stsErrorXml('AccessDenied', 'It is <not> "allowed".', 'q')));
    expect((await failureOf(ask(http, session))).message).toContain('It is <not> "allowed".');
  });
});

it.each([
  ['&lt;b&gt; &amp;lt; &quot;&apos;', `<b> &lt; "'`],
  ['&#x2014;&#8212;', '——'],
  ['&nbsp; &#xffffff; & &;', '&nbsp; &#xffffff; & &;'],
  ['a&#27;[31mb&#10;c', 'a?[31mb?c'],
])('%s in a refusal is read as %s, on one line', async (xml, text) => {
  const { session } = new ReferenceSts();
  const body = `<E><Code>AccessDenied</Code><Message>${xml}</Message></E>`;
  expect((await failureOf(ask(new FakeHttp(() => answer(403, body)), session))).message).toBe(
    `AWS STS refused the credentials: “${text}”.`,
  );
});

describe('no answer of STS is', () => {
  it.each([
    ['nothing', 200, ''],
    ['garbage', 200, '\u0000\u0001'],
    ['a web page', 200, '<html><body>Sign in</body></html>'],
    ['JSON', 200, '{"Account":"123456789012"}'],
    ['one without Arn', 200, '<R><Account>1</Account><UserId>U</UserId></R>'],
    ['one with an empty Arn', 200, '<R><Account>1</Account><UserId>U</UserId><Arn></Arn></R>'],
    ['one that nests', 200, '<R><Arn><Arn>x</Arn></Arn><Account><b>1</b></Account><UserId>U</UserId></R>'],
    ['an endless one', 200, `<R><Account>${'1'.repeat(5000)}</Account><UserId>U</UserId><Arn>a</Arn></R>`],
    ['a redirect', 302, ''],
    ['another success', 204, ''],
    ['a proxy’s refusal', 403, '<html>Forbidden</html>'],
    ['a proxy’s failure', 502, 'Bad Gateway'],
  ])('%s', async (_, status, body) => {
    const { session } = new ReferenceSts();
    expect((await failureOf(ask(new FakeHttp(() => answer(status, body)), session))).code).toBe(
      'response-invalid',
    );
  });

  it('an error of the network, which is handed on; it is not tried again by itself', async () => {
    const { session } = new ReferenceSts();
    const http = new FakeHttp(() => {
      throw new AppError('network-unreachable');
    });
    const { code, remedy } = await failureOf(ask(http, session));
    expect([code, remedy]).toEqual(['network-unreachable', 'Check the network connection and try again.']);
  });
});

describe('the address', () => {
  const none: StsEnvironment = { stsUrl: null, useFips: false, useDualstack: false };
  const at = (partition: string, region: string, change: Partial<StsEnvironment> = {}, fields = {}) =>
    stsOrigin(
      {
        roleArn: `arn:${partition}:iam::123456789012:role/R`,
        region,
        useFipsEndpoint: false,
        useDualstackEndpoint: false,
        ...fields,
      },
      { ...none, ...change },
    );

  // As botocore 1.43 resolves sts with its endpoint rule set: plain, FIPS, dual-stack, both.
  const addresses: readonly (readonly [string, string, string, string, string, string])[] = [
    [
      ...(['aws', 'eu-west-2', 'sts.eu-west-2.amazonaws.com', 'sts-fips.eu-west-2.amazonaws.com'] as const),
      ...(['sts.eu-west-2.api.aws', 'sts-fips.eu-west-2.api.aws'] as const),
    ],
    [
      ...(['aws', 'us-east-1', 'sts.us-east-1.amazonaws.com', 'sts-fips.us-east-1.amazonaws.com'] as const),
      ...(['sts.us-east-1.api.aws', 'sts-fips.us-east-1.api.aws'] as const),
    ],
    // GovCloud's plain addresses are FIPS addresses: there is no sts-fips there.
    [
      ...(['aws-us-gov', 'us-gov-west-1', 'sts.us-gov-west-1.amazonaws.com'] as const),
      ...(['sts.us-gov-west-1.amazonaws.com', 'sts.us-gov-west-1.api.aws'] as const),
      'sts-fips.us-gov-west-1.api.aws',
    ],
    [
      ...(['aws-eusc', 'eusc-de-east-1', 'sts.eusc-de-east-1.amazonaws.eu'] as const),
      ...(['sts-fips.eusc-de-east-1.amazonaws.eu', 'sts.eusc-de-east-1.api.amazonwebservices.eu'] as const),
      'sts-fips.eusc-de-east-1.api.amazonwebservices.eu',
    ],
  ];

  it.each(addresses)('in %s, %s', (partition, region, plain, fips, dualstack, both) => {
    expect(at(partition, region)).toBe(`https://${plain}`);
    expect(at(partition, region, { useFips: true })).toBe(`https://${fips}`);
    expect(at(partition, region, { useDualstack: true })).toBe(`https://${dualstack}`);
    expect(at(partition, region, { useFips: true, useDualstack: true })).toBe(`https://${both}`);
    expect(at(partition, region, {}, { useFipsEndpoint: true })).toBe(`https://${fips}`);
    expect(at(partition, region, {}, { useDualstackEndpoint: true })).toBe(`https://${dualstack}`);
  });

  it.each([
    ['aws-cn', 'cn-north-1', 'sts.cn-north-1.amazonaws.com.cn'],
    ['aws-iso', 'us-iso-east-1', 'sts.us-iso-east-1.c2s.ic.gov'],
    ['aws-iso-b', 'us-isob-east-1', 'sts.us-isob-east-1.sc2s.sgov.gov'],
    ['aws-iso-e', 'eu-isoe-west-1', 'sts.eu-isoe-west-1.cloud.adc-e.uk'],
    ['aws-iso-f', 'us-isof-south-1', 'sts.us-isof-south-1.csp.hci.ic.gov'],
  ])('in %s, %s', (partition, region, host) => {
    expect(at(partition, region)).toBe(`https://${host}`);
  });

  it('is that of the environment where there is one', () => {
    const stsUrl = 'http://127.0.0.1:4566/';
    expect(at('aws', 'eu-west-2', { stsUrl, useFips: true })).toBe('http://127.0.0.1:4566');
    expect(at('aws', 'eu-west-2', { stsUrl: '' })).toBe(origin);
  });

  it.each([
    ['http://sts.example.org', 'endpoint-insecure'],
    ['https://user:secret@sts.example.org', 'account-invalid'],
    ['https://sts.example.org/path', 'account-invalid'],
    ['nonsense', 'account-invalid'],
  ])('is not %s', (stsUrl, code) => {
    try {
      at('aws', 'eu-west-2', { stsUrl });
    } catch (error) {
      expect(error).toMatchObject({ code });
      expect(String(error)).not.toContain('secret');
      return;
    }
    throw new Error('It was taken.');
  });
});
