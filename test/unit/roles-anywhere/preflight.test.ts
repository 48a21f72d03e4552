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
import { makeCertificate, towerOf } from './make-certificate.ts';
import { oddCertificate, withSignatureAlgorithm } from './odd-certificate.ts';

const environment: EndpointEnvironment = { rolesAnywhereUrl: null, useFips: false, useDualstack: false };
const p256 = oddCertificate('p256');
const day = 86_400_000;
// The certificates are not all of one day.
const now = Math.max(p256.notBefore, oddCertificate('rsa4097').notBefore) + day;

function findings(change: Partial<PreflightOptions>) {
  return preflight({ account: accountFields, certificate: p256, issuers: [], environment, now, ...change });
}

const codesOf = (change: Partial<PreflightOptions>) => findings(change).problems.map(({ code }) => code);
const warningsOf = (change: Partial<PreflightOptions>) => findings(change).warnings.map(({ code }) => code);
const tower = await towerOf(7);
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
    ['rsa2047', 'key-unsupported'],
    ['rsa4097', 'key-unsupported'],
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

  it.each([
    ['sha1WithRSASignature of OIW', '1.3.14.3.2.29', 'SHA-1'],
    ['md5WithRSA of OIW', '1.3.14.3.2.3', 'MD5'],
    ['dsa-with-sha1', '1.2.840.10040.4.3', 'SHA-1'],
    ['RIPEMD-160 with RSA', '1.3.36.3.3.1.2', 'RIPEMD160'],
    ['MD5 with RSA', '1.2.840.113549.1.1.4', 'MD5'],
    ['SHA-224 with ECDSA', '1.2.840.10045.4.3.1', 'SHA-224'],
    ['SHA-1 with ECDSA', '1.2.840.10045.4.1', 'SHA-1'],
    ['RSASSA-PSS without parameters', '1.2.840.113549.1.1.10', 'SHA-1'],
    ['ecdsa-with-Recommended', '1.2.840.10045.4.2', 'the algorithm 1.2.840.10045.4.2'],
    ['an algorithm of nobody’s', '1.2.3.4', 'the algorithm 1.2.3.4'],
  ])('a signature with %s', (_, oid, name) => {
    const { problems } = findings({ certificate: withSignatureAlgorithm(p256, oid) });
    expect(problems).toMatchObject([
      {
        code: 'cert-sha1',
        message: `The certificate is signed with ${name}; AWS takes SHA-256 or stronger.`,
      },
    ]);
  });

  it('a signature with RSASSA-PSS and a hash nobody knows', () => {
    // hashAlgorithm [0] { 1.2.3 }
    const parameters = Buffer.from('3008a006300406022a03', 'hex');
    const certificate = withSignatureAlgorithm(p256, '1.2.840.113549.1.1.10', parameters);
    expect(codesOf({ certificate })).toEqual(['cert-sha1']);
  });

  it.each([
    ['SHA-256 with RSA', '1.2.840.113549.1.1.11', []],
    ['SHA-384 with RSA', '1.2.840.113549.1.1.12', []],
    ['SHA-512 with RSA', '1.2.840.113549.1.1.13', []],
    ['SHA-384 with ECDSA', '1.2.840.10045.4.3.3', []],
    ['SHA-512 with ECDSA', '1.2.840.10045.4.3.4', []],
    ['ML-DSA-65', '2.16.840.1.101.3.4.3.18', []],
    ['Ed25519', '1.3.101.112', ['cert-signature-unusual']],
    ['Ed448', '1.3.101.113', ['cert-signature-unusual']],
  ])('no signature with %s', (_, oid, expected) => {
    const certificate = withSignatureAlgorithm(p256, oid);
    expect(codesOf({ certificate })).toEqual([]);
    expect(warningsOf({ certificate })).toEqual(expected);
  });

  it.each(['high-bit-serial', 'p521', 'pss-signature', 'rsa2049'])('not for being %s', (name) => {
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
    const change = { ...withAccount({ intermediates: '/i.pem' }), issuers: [oddCertificate('ca')] };
    expect(findings(change)).toMatchObject({
      problems: [
        {
          code: 'chain-broken',
          remedy: expect.stringContaining('no intermediates where the anchor itself') as string,
        },
      ],
      warnings: [],
    });
  });

  it.each([
    ['another leaf', [oddCertificate('p521')]],
    ['itself', [p256]],
    ['nothing', []],
  ])('no file of intermediates that has no CA in it: %s', (_, issuers) => {
    const change = { ...withAccount({ intermediates: '/i.pem' }), issuers };
    expect(findings(change)).toEqual({ problems: [], warnings: [] });
  });
});

it('gives every finding, not the first alone', () => {
  const found = findings({
    account: {
      ...accountFields,
      roleArn: 'x',
      sessionDuration: 1,
      endpoint: 'http://example.com',
      intermediates: '/i.pem',
    },
    certificate: { ...oddCertificate('sha1'), subjectIsEmpty: true, notAfter: now - 1 },
    issuers: [oddCertificate('ca')],
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

  const many = (type: string, count: number) =>
    Array.from({ length: count }, (_, i) => ({ type, value: `unit ${String(i + 10)}` }));

  it.each([
    // 40 of 7 characters and 39 slashes are 319, 32 and 31 are 255, 33 and 32 are 263.
    ['40 OUs of the subject', { subjectAttributes: many('OU', 40) }, 'The subject’s OU “unit 10/unit 11/'],
    ['40 OUs of the issuer', { issuerAttributes: many('OU', 40) }, 'The issuer’s OU “unit 10/unit 11/'],
    ['33 OUs', { subjectAttributes: many('OU', 33) }, 'is too long in a session tag'],
    ['32 OUs', { subjectAttributes: many('OU', 32) }, null],
    ['20 OUs and 20 Os', { subjectAttributes: [...many('OU', 20), ...many('O', 20)] }, null],
    [
      'one of two OUs',
      {
        subjectAttributes: [
          { type: 'OU', value: 'a' },
          { type: 'CN', value: 'x' },
          { type: 'OU', value: "b'" },
        ],
      },
      "The subject’s OU “a/b'” has “'”",
    ],
    [
      '40 OUs of a directory name',
      { directoryNames: [many('OU', 40)] },
      'alternative name’s Name/OU “unit 10/',
    ],
    ['20 OUs of two directory names', { directoryNames: [many('OU', 20), many('OU', 20)] }, null],
  ])('a tag of names that are there several times: %s', (_, change, message) => {
    const { warnings } = findings({ certificate: { ...p256, ...change } });
    expect(warnings.map(({ code }) => code)).toEqual(message === null ? [] : ['cert-name-untaggable']);
    if (message !== null) expect(warnings[0]?.message).toContain(message);
  });

  it('a directory name STS cannot carry', () => {
    const { directoryNames } = oddCertificate('directory-name');
    expect(findings({ certificate: { ...p256, directoryNames } }).warnings).toMatchObject([
      {
        code: 'cert-name-untaggable',
        message: expect.stringContaining("alternative name’s Name/O “O'Reilly, + Sons” has “' ,”") as string,
      },
    ]);
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

  it('an issuer that is signed with SHA-1', async () => {
    const [root, weak] = await towerOf(1, { hash: 'SHA-1' });
    const { certificate } = await makeCertificate({ subject: 'CN=x', issuer: weak! });
    const issuers = [weak!.certificate, root!.certificate];
    const expected = {
      problems: [],
      warnings: [
        {
          code: 'issuer-sha1',
          message:
            'The CA certificate “CN=L1” is signed with SHA-1; AWS takes SHA-256 or stronger and will probably refuse it.',
        },
      ],
    };
    expect(findings({ certificate, issuers })).toEqual(expected);
    expect(findings({ certificate, issuers: issuers.slice(0, 1) })).toEqual(expected);
  });

  it('not how a root is signed: it is not sent', async () => {
    const root = await makeCertificate({ subject: 'CN=Root', ca: true, hash: 'SHA-1' });
    const { certificate } = await makeCertificate({ subject: 'CN=x', issuer: root });
    expect(findings({ certificate, issuers: [root.certificate] })).toEqual({ problems: [], warnings: [] });
  });

  describe('of the way up', () => {
    const certificates = tower.map((made) => made.certificate);
    const under = async (level: number) =>
      (await makeCertificate({ subject: 'CN=x', issuer: tower[level]! })).certificate;

    it.each([
      [5, true, null],
      [6, true, 'There are 6 intermediate certificates, of which AWS takes 5'],
      [7, true, 'There are 7 intermediate certificates, of which AWS takes 5'],
      [5, false, null],
      [6, false, 'There are 6 intermediate certificates, of which AWS takes 5'],
    ])('that it has %d intermediates, root there: %s', async (level, withRoot, message) => {
      const issuers = certificates.slice(withRoot ? 0 : 1, level + 1);
      const { problems, warnings } = findings({ certificate: await under(level), issuers });
      expect(problems).toEqual([]);
      expect(warnings.map(({ code }) => code)).toEqual(message === null ? [] : ['chain-too-long']);
      if (message !== null) expect(warnings[0]?.message).toContain(message);
    });

    it.each([
      [2, 0, []],
      [2, 1, []],
      [1, 0, ['issuer-path-length']],
      [0, 1, ['issuer-path-length']],
    ])('that number %d of three CAs has a path length of %d: %j', async (at, pathLength, expected) => {
      const issuers = certificates
        .slice(0, 3)
        .map((issuer, i) => (i === at ? { ...issuer, pathLength } : issuer));
      const found = findings({ certificate: await under(2), issuers });
      expect(found.problems).toEqual([]);
      expect(found.warnings.map(({ code }) => code)).toEqual(expected);
    });

    it('that what lies beside the certificate did not issue it', async () => {
      const certificate = await under(0);
      const stranger = await makeCertificate({ subject: 'CN=Stranger', ca: true });
      expect(findings({ certificate, issuers: [stranger.certificate] })).toMatchObject({
        problems: [],
        warnings: [{ code: 'issuers-unrelated' }],
      });
      for (const issuers of [[], [p256], [certificate], [stranger.certificate, ...certificates]]) {
        expect(findings({ certificate, issuers })).toEqual({ problems: [], warnings: [] });
      }
    });
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
