/** Every rule of the lint, on certificates an authority of the tests' own issued. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseCertificate, parseCertificates } from '../../../src/main/roles-anywhere/certificate.ts';
import { lintCertificate, type LintOptions } from '../../../src/main/roles-anywhere/certificate-lint.ts';
import { errorTable } from '../../../src/shared/errors.ts';
import { Authority } from '../../support/pki/authority.ts';
import { deviations } from '../../support/pki/deviations.ts';
import { resigned } from '../../support/pki/resign.ts';
import { oddCertificate } from './odd-certificate.ts';

const folder = mkdtempSync(join(tmpdir(), 'lint-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const day = 86_400_000;
const now = Date.now();
const inDays = (days: number): Date => new Date(now + days * day);
const authority = Authority.root(join(folder, 'root'), { notAfter: inDays(3650) });
const rsaAuthority = Authority.root(join(folder, 'rsa'), { key: 'RSA-2048' });
const middle = authority.intermediate(join(folder, 'middle'), { notAfter: inDays(20) });
const root = parseCertificate(authority.certificate.der);
const odd = deviations();

type Options = NonNullable<Parameters<Authority['identity']>[0]>;

function issued(options: Options = {}, by = authority) {
  return parseCertificate(by.identity(options).der);
}

const good = issued();

function lint(change: Partial<LintOptions>) {
  const account = { sessionDuration: 3600, intermediates: null };
  return lintCertificate({ account, certificate: good, issuers: [], now, ...change });
}

const short = (change: Partial<LintOptions>): string[] =>
  lint(change).map(({ severity, code }) => `${severity} ${code}`);

it('finds nothing in a good certificate', () => {
  expect(lint({})).toEqual([]);
  expect(lint({ anchor: root, issuers: [root], spki: good.spki, store: 'yubikey' })).toEqual([]);
});

describe('of a certificate', () => {
  const san = (count: number): Options => ({
    extensions: {
      subjectAltName: Array.from(
        { length: count },
        (_, n) => `DNS:${'x'.repeat(40)}${String(n)}.test`,
      ).join(),
    },
  });
  const cases: [string, Options, string[]][] = [
    ['of version 1', odd.version1, ['problem cert-version']],
    ['of a CA', odd.authority, ['problem cert-is-ca']],
    ['without key usage', odd.withoutKeyUsage, ['problem cert-no-digital-signature']],
    ['for key agreement', odd.withoutDigitalSignature, ['problem cert-no-digital-signature']],
    ['for servers', odd.serverAuthOnly, ['warning cert-no-client-auth']],
    ['for no special use', odd.withoutExtendedKeyUsage, []],
    ['signed with SHA-1', odd.sha1, ['problem cert-sha1']],
    ['signed with SHA-224', odd.sha224, ['problem cert-sha1']],
    ['signed with SHA-384', odd.sha384, []],
    ['with RSA-2048', { holder: { key: 'RSA-2048' } }, []],
    ['with P-384', { holder: { key: 'P-384' } }, []],
    ['with P-521', { holder: { key: 'P-521' } }, []],
    ['without a subject', odd.emptySubject, ['problem cert-empty-subject']],
    ['with a name of 61 characters', { subject: `/CN=${'n'.repeat(61)}` }, []],
    ['with a name of 62 characters', { subject: `/CN=${'n'.repeat(62)}` }, ['warning cert-name-long']],
    ['with an apostrophe', odd.apostropheInSubject, ['warning cert-name-untaggable']],
    ['with a name STS takes', odd.nonAsciiSubject, []],
    ['that expired', odd.expired, ['problem cert-expired']],
    ['of tomorrow', odd.notYetValid, ['problem cert-not-yet-valid']],
    ['that ends soon', { notAfter: inDays(13) }, ['warning cert-ends-soon']],
    ['for 30 days', { notAfter: inDays(30) }, []],
    ['for 31 days', { notAfter: inDays(31) }, ['hint cert-validity-long']],
    ['for 398 days', { notAfter: inDays(398) }, ['hint cert-validity-long']],
    ['for 399 days', { notAfter: inDays(399) }, ['warning cert-validity-long']],
    ['with a serial of 19 bytes, high bit set', odd.highBitSerial, []],
    ['with a serial of 20 bytes', odd.twentyByteSerial, []],
    ['with a serial of 21 bytes', { serial: `f${'0'.repeat(38)}1` }, ['warning cert-serial-odd']],
    ['of a public CA, by its policy', policy('2.23.140.1.2.2'), ['warning cert-public-ca']],
    ['with a policy of its own', policy('1.3.6.1.4.1.99999.1'), []],
    ['of a public CA, by its timestamps', timestamps(), ['warning cert-public-ca']],
    ['too large for a YubiKey', san(70), ['problem cert-too-large']],
    ['just small enough for one', san(40), []],
  ];
  it.each(cases)('%s: %j', (_what, options, findings) => {
    expect(short({ certificate: issued(options), store: 'yubikey' })).toEqual(findings);
  });

  it.each<[string, number, string[]]>([
    ['negative', 0xff, ['warning cert-serial-odd']],
    ['zero', 0x00, ['warning cert-serial-odd']],
    ['one', 0x01, []],
  ])('with a serial number of %s: %j', (_what, byte, findings) => {
    const { pem } = authority.identity({});
    const serial = Buffer.from([0x02, 0x01, byte]);
    const changed = resigned(pem, authority.certificate.privateKeyPem, (fields) => fields.with(1, serial));
    const [certificate] = parseCertificates(Buffer.from(changed), 'changed');
    expect(short({ certificate: certificate! })).toEqual(findings);
  });

  it('signed with MD5', () => {
    expect(short({ certificate: issued(odd.md5, rsaAuthority) })).toEqual(['problem cert-sha1']);
  });

  it('with RSA-1024', () => {
    expect(short({ certificate: oddCertificate('rsa1024') })).toContain('problem key-unsupported');
  });

  it('too large elsewhere: nothing', () => {
    expect(short({ certificate: issued(san(70)) })).toEqual([]);
  });

  it('for another key', () => {
    expect(short({ spki: issued().spki })).toEqual(['problem cert-key-mismatch']);
  });
});

describe('of issuers and anchor', () => {
  const below = issued({}, middle);
  const issuer = parseCertificate(middle.certificate.der);

  it('one that ends before the certificate', () => {
    expect(short({ certificate: below, issuers: [issuer] })).toEqual(['warning issuer-ends-first']);
    const brief = issued({ notAfter: inDays(19) }, middle);
    expect(short({ certificate: brief, issuers: [issuer] })).toEqual([]);
  });

  it('an anchor that is reached, and one that is not', () => {
    const certificate = issued({ notAfter: inDays(19) }, middle);
    expect(short({ certificate, issuers: [issuer], anchor: root })).toEqual([]);
    expect(short({ certificate, issuers: [], anchor: root })).toEqual(['problem chain-broken']);
    const other = parseCertificate(rsaAuthority.certificate.der);
    expect(short({ anchor: other })).toEqual(['problem chain-broken']);
  });

  it('an anchor that may issue nothing', () => {
    expect(short({ anchor: good })).toEqual(['problem anchor-no-ca']);
    const mute = Authority.root(join(folder, 'mute'), { extensions: { keyUsage: 'critical,cRLSign' } });
    const anchor = parseCertificate(mute.certificate.der);
    expect(short({ anchor })).toEqual(['problem anchor-no-ca']);
  });

  it('six of them', () => {
    let last = authority;
    const issuers = Array.from({ length: 6 }, (_, n) => {
      last = last.intermediate(join(folder, `tower-${String(n)}`));
      return parseCertificate(last.certificate.der);
    });
    const certificate = issued({}, last);
    expect(short({ certificate, issuers: [root, ...issuers] })).toEqual(['warning chain-too-long']);
    expect(short({ certificate, issuers: [root, ...issuers.slice(1)] })).toEqual([]);
  });
});

it('says of each finding what to do, problems first', () => {
  const found = lint({
    certificate: issued({ ...odd.apostropheInSubject, notAfter: inDays(40) }),
    spki: good.spki,
    anchor: good,
    account: { sessionDuration: 3600, intermediates: '/x' },
    issuers: [root],
  });
  expect(found.map(({ severity }) => severity)).toEqual(['problem', 'problem', 'warning', 'hint']);
  for (const { message, remedy } of found) {
    expect(message).toMatch(/\.$/);
    expect(remedy).toMatch(/\.$/);
  }
  expect(errorTable).toHaveProperty(found[0]!.code);
});

function policy(oid: string): Options {
  return { extensions: { certificatePolicies: oid } };
}

/** An empty list: what is in it is no matter. */
function timestamps(): Options {
  return { extensions: { '1.3.6.1.4.1.11129.2.4.2': 'DER:04020000' } };
}
