import { describe, expect, it } from 'vitest';
import type { Certificate } from '../../../src/main/roles-anywhere/certificate.ts';
import type { EndpointEnvironment } from '../../../src/main/roles-anywhere/endpoint.ts';
import {
  preflight,
  refuse,
  type PreflightFields,
  type PreflightOptions,
} from '../../../src/main/roles-anywhere/preflight.ts';
import { isAppError } from '../../../src/shared/errors.ts';
import { accountFields } from './account-fields.ts';
import { makeCertificate } from './make-certificate.ts';
import { oddCertificate } from './odd-certificate.ts';

const environment: EndpointEnvironment = { rolesAnywhereUrl: null, useFips: false, useDualstack: false };
const p256 = oddCertificate('p256');
const day = 86_400_000;
const now = p256.notBefore + day;

function findings(change: Partial<PreflightOptions>) {
  return preflight({ account: accountFields, certificate: p256, issuers: [], environment, now, ...change });
}

const codesOf = (change: Partial<PreflightOptions>) => findings(change).problems.map(({ code }) => code);
const warningsOf = (change: Partial<PreflightOptions>) => findings(change).warnings.map(({ code }) => code);
const withAccount = (change: Partial<PreflightFields>) => ({ account: { ...accountFields, ...change } });

it('finds nothing wrong with a good account and certificate', () => {
  expect(findings({})).toEqual({ problems: [], warnings: [] });
  expect(() => refuse(findings({}))).not.toThrow();
});

describe('an account is refused for', () => {
  it.each([
    ['a malformed role', { roleArn: 'Reader' }, ['arn-malformed']],
    ['a malformed profile', { profileArn: 'x' }, ['arn-malformed']],
    ['a malformed trust anchor', { trustAnchorArn: 'x' }, ['arn-malformed']],
    ['a role of another account', { roleArn: 'arn:aws:iam::999999999999:role/Reader' }, ['arn-mismatch']],
    ['another region', { region: 'eu-west-1' }, ['arn-mismatch']],
    ['a FIPS pseudo-region', { region: 'fips-eu-west-2' }, ['arn-mismatch']],
    ['too short a session', { sessionDuration: 899 }, ['duration-range']],
    ['too long a session', { sessionDuration: 43_201 }, ['duration-range']],
    ['half a second', { sessionDuration: 900.5 }, ['duration-range']],
    ['no number', { sessionDuration: NaN }, ['duration-range']],
    ['an endpoint in the clear', { endpoint: 'http://example.com' }, ['endpoint-insecure']],
    ['an endpoint that is none', { endpoint: 'x' }, ['account-invalid']],
  ] satisfies [string, Partial<PreflightFields>, string[]][])('%s', (_, change, codes) => {
    expect(codesOf(withAccount(change))).toEqual(codes);
  });

  it('the environment’s endpoint too', () => {
    const insecure = { ...environment, rolesAnywhereUrl: 'http://example.com' };
    expect(codesOf({ environment: insecure })).toEqual(['endpoint-insecure']);
  });

  it('a FIPS endpoint its partition does not have', () => {
    const china = {
      roleArn: 'arn:aws-cn:iam::123456789012:role/Reader',
      profileArn: accountFields.profileArn.replace(
        'aws:rolesanywhere:eu-west-2',
        'aws-cn:rolesanywhere:cn-north-1',
      ),
      trustAnchorArn: accountFields.trustAnchorArn.replace(
        'aws:rolesanywhere:eu-west-2',
        'aws-cn:rolesanywhere:cn-north-1',
      ),
      region: 'cn-north-1',
    };
    expect(codesOf(withAccount(china))).toEqual([]);
    expect(codesOf(withAccount({ ...china, useFipsEndpoint: true }))).toEqual(['account-invalid']);
  });

  it.each([900, 43_200])('no session of %d seconds', (sessionDuration) => {
    expect(codesOf(withAccount({ sessionDuration }))).toEqual([]);
  });
});

describe('a certificate is refused for', () => {
  it.each([
    ['ca', 'cert-is-ca'],
    ['no-key-usage', 'cert-no-digital-signature'],
    ['other-usage', 'cert-no-digital-signature'],
    ['md5', 'cert-sha1'],
    ['sha1', 'cert-sha1'],
    ['sha224', 'cert-sha1'],
    ['v1', 'cert-version'],
    ['empty-subject', 'cert-empty-subject'],
    ['rsa1024', 'key-unsupported'],
    ['pss-key', 'key-unsupported'],
    ['secp256k1', 'key-unsupported'],
    ['ed25519', 'key-unsupported'],
    ['explicit-curve', 'key-unsupported'],
  ])('%s: %s', (name, code) => {
    const found = findings({ certificate: oddCertificate(name) });
    expect(found.problems.map((problem) => problem.code)).toEqual([code]);
    expect(() => refuse(found)).toThrow(expect.objectContaining({ code }));
  });

  it.each([
    [2047, ['key-unsupported']],
    [2048, []],
    [4096, []],
    [8192, ['key-unsupported']],
  ])('an RSA key of %d bits: %j', (bits, codes) => {
    expect(codesOf({ certificate: { ...p256, keyType: { type: 'RSA', bits } } })).toEqual(codes);
  });

  it.each(['high-bit-serial', 'p521', 'pss-signature'])('not for being %s', (name) => {
    expect(codesOf({ certificate: oddCertificate(name) })).toEqual([]);
  });

  it('its dates, to the second', () => {
    const { notBefore, notAfter } = p256;
    expect(codesOf({ now: notBefore })).toEqual([]);
    expect(codesOf({ now: notBefore - 1 })).toEqual(['cert-not-yet-valid']);
    expect(codesOf({ now: notAfter })).toEqual([]);
    expect(codesOf({ now: notAfter + 1 })).toEqual(['cert-expired']);
    expect(findings({ now: notAfter + 1 }).problems[0]?.message).toBe(
      `The certificate expired on ${new Date(notAfter).toISOString().replace('.000', '')}.`,
    );
  });

  it('intermediates that do not lead up from it', () => {
    expect(codesOf({ issuers: [oddCertificate('ca')] })).toEqual(['chain-broken']);
  });
});

it('gives every finding, not the first alone', () => {
  const found = findings({
    account: { ...accountFields, roleArn: 'x', sessionDuration: 1, endpoint: 'http://example.com' },
    certificate: { ...oddCertificate('sha1'), subjectIsEmpty: true, notAfter: now - 1 },
    issuers: [p256],
  });
  expect(found.problems.every((error) => isAppError(error))).toBe(true);
  expect(found.problems.map(({ code }) => code)).toEqual([
    'arn-malformed',
    'duration-range',
    'endpoint-insecure',
    'cert-expired',
    'cert-sha1',
    'cert-empty-subject',
    'chain-broken',
  ]);
});

describe('a warning, not a refusal, is', () => {
  it('a name STS cannot carry as a session tag', () => {
    const { problems, warnings } = findings({ certificate: oddCertificate('names') });
    expect(problems).toEqual([]);
    const texts = warnings
      .filter(({ code }) => code === 'cert-name-untaggable')
      .map(({ message }) => message);
    const tail = 'which is not allowed in a session tag; AWS may refuse the certificate for it.';
    expect(texts).toEqual([
      `The subject’s O “Ünited "R&D" (x)” has “" & ( )”, ${tail}`,
      `The subject’s CN “O'Brien, Pat” has “' ,”, ${tail}`,
      `The issuer’s O “Ünited "R&D" (x)” has “" & ( )”, ${tail}`,
      `The issuer’s CN “O'Brien, Pat” has “' ,”, ${tail}`,
      `The alternative name’s DNS “*.example.org” has “*”, ${tail}`,
      `The alternative name’s URI “https://example.org/x?y” has “?”, ${tail}`,
    ]);
  });

  it.each([
    ['Zoë Ångström-Łuk 42', true],
    ['漢字 _.:/=+-@', true],
    ["O'Brien", false],
    ['a*b', false],
    ['a,b', false],
    ['tab\there', false],
    ['x'.repeat(61), true],
  ])('%j in the common name: %s', (value, fine) => {
    const certificate: Certificate = { ...p256, subjectAttributes: [{ type: 'CN', value }] };
    expect(warningsOf({ certificate })).toEqual(fine ? [] : ['cert-name-untaggable']);
  });

  it('a name longer than a tag', () => {
    const certificate = { ...p256, issuerAttributes: [{ type: 'O', value: 'x'.repeat(257) }] };
    expect(findings({ certificate }).warnings[0]?.message).toContain('is too long in a session tag');
  });

  it('a common name AWS shortens', () => {
    const certificate = { ...p256, subjectAttributes: [{ type: 'CN', value: 'x'.repeat(62) }] };
    expect(warningsOf({ certificate })).toEqual(['cert-name-long']);
  });

  it.each([
    [null, []],
    [['1.3.6.1.5.5.7.3.2'], []],
    [['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'], []],
    [['2.5.29.37.0'], []],
    [['1.3.6.1.5.5.7.3.1'], ['cert-no-client-auth']],
  ])('an extended key usage %j: %j', (extendedKeyUsage, expected) => {
    expect(warningsOf({ certificate: { ...p256, extendedKeyUsage } })).toEqual(expected);
  });

  it.each([
    [14 * day, []],
    [14 * day - 1, ['in less than 14 days']],
    [3_600_000, ['in less than 14 days']],
    [3_599_999, ['before the session would']],
  ])('a certificate that ends in %d ms: %j', (left, expected) => {
    const { warnings, problems } = findings({ certificate: { ...p256, notAfter: now + left } });
    expect(problems).toEqual([]);
    expect(warnings).toHaveLength(expected.length);
    for (const part of expected)
      expect(warnings[0]).toMatchObject({
        code: 'cert-ends-soon',
        message: expect.stringContaining(part) as string,
      });
  });

  it('an issuer that has expired', async () => {
    const root = await makeCertificate({ subject: 'CN=Root', ca: true });
    const notAfter = new Date('2026-06-01T00:00:00Z');
    const issuer = await makeCertificate({ subject: 'CN=Old', issuer: root, ca: true, notAfter });
    const { certificate } = await makeCertificate({ subject: 'CN=x', issuer });
    const issuers = [issuer.certificate];
    expect(warningsOf({ certificate, issuers, now: notAfter.getTime() })).toEqual([]);
    const { warnings } = findings({ certificate, issuers, now: notAfter.getTime() + 1 });
    expect(warnings).toEqual([
      {
        code: 'issuer-expired',
        message: 'The CA certificate “CN=Old” expired on 2026-06-01T00:00:00Z; AWS will probably refuse it.',
      },
    ]);
  });

  it('an ARN that does not end in a UUID', () => {
    const cut = { profileArn: accountFields.profileArn.slice(0, -3) };
    const { problems, warnings } = findings(withAccount(cut));
    expect(problems).toEqual([]);
    expect(warnings).toEqual([
      {
        code: 'arn-unusual',
        message: `“${cut.profileArn}” does not end in a UUID as AWS’s do; a part of it may be missing.`,
      },
    ]);
  });

  it('FIPS asked for beside an endpoint of one’s own', () => {
    const endpoint = 'https://proxy.example.com';
    expect(warningsOf(withAccount({ endpoint }))).toEqual([]);
    expect(warningsOf(withAccount({ useFipsEndpoint: true }))).toEqual([]);
    expect(warningsOf(withAccount({ endpoint, useFipsEndpoint: true }))).toEqual(['endpoint-overridden']);
    const rolesAnywhereUrl = endpoint;
    expect(warningsOf({ environment: { ...environment, rolesAnywhereUrl, useFips: true } })).toEqual([
      'endpoint-overridden',
    ]);
  });
});
