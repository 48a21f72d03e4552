/** The test authorities make what their options say; openssl and node:crypto are asked. */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Authority } from '../../support/pki/authority.ts';
import { deviations } from '../../support/pki/deviations.ts';
import { construct, parts, resigned } from '../../support/pki/resign.ts';

const directory = mkdtempSync(join(tmpdir(), 'rolekey-pki-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const at = (name: string): string => join(directory, name);
const openssl = (...args: string[]): string =>
  execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' });
const textOf = (file: string): string => openssl('x509', '-in', file, '-noout', '-text');

const root = Authority.root(at('root'), { key: 'RSA-2048' });
const intermediate = root.intermediate(at('intermediate'));
const ec = Authority.root(at('ec'));

describe('authorities', () => {
  it('chain up for openssl', () => {
    const leaf = intermediate.identity();
    const verified = openssl(
      ...['verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile', root.certificate.file],
      ...['-untrusted', intermediate.certificate.file, leaf.file],
    );
    expect(verified).toBe(`${leaf.file}: OK\n`);
  });

  it('answer files with what they answer as text', () => {
    const leaf = root.identity({ name: 'named' });
    expect(readFileSync(leaf.file, 'utf8')).toBe(leaf.pem);
    expect(readFileSync(leaf.privateKeyFile, 'utf8')).toBe(leaf.privateKeyPem);
    expect(new X509Certificate(leaf.pem).raw).toEqual(leaf.der);
  });

  it('certify a request, with the names of the request', () => {
    const key = at('own.key');
    writeFileSync(
      key,
      generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ format: 'pem', type: 'pkcs8' }),
    );
    const csr = openssl('req', '-new', '-key', key, '-subj', '/CN=from the request/OU=Z/O=A');
    const { pem, privateKeyPem } = root.issue({ holder: { csr } });
    const certificate = new X509Certificate(pem);
    expect(privateKeyPem).toBeNull();
    expect(certificate.subject).toBe('CN=from the request\nOU=Z\nO=A');
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'secp384r1' });
  });

  it('certify a bare public key', () => {
    const publicKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
    const pem = publicKey.export({ format: 'pem', type: 'spki' }) as string;
    const issued = intermediate.issue({ holder: { publicKey: pem }, subject: '/CN=bare', serial: 'abcdef' });
    const certificate = new X509Certificate(issued.pem);
    expect(certificate.publicKey.equals(publicKey)).toBe(true);
    expect(certificate).toMatchObject({ subject: 'CN=bare', serialNumber: 'ABCDEF' });
    expect(textOf(issued.file)).toContain('Digital Signature');
    expect(() => intermediate.issue({ holder: { publicKey: pem }, notAfter: new Date() })).toThrow(
      'cannot be chosen',
    );
  });

  it('revoke, and sign the list', () => {
    const [kept, lost] = [root.identity({ serial: '5a' }), root.identity({ serial: '5b' })];
    root.revoke(lost);
    const { file } = root.crl({ nextUpdate: new Date('2040-01-01T00:00:00Z') });
    const text = openssl('crl', '-in', file, '-noout', '-text');
    expect(text).toContain('Serial Number: 5B');
    expect(text).not.toContain('Serial Number: 5A');
    expect(text).toContain('Next Update: Jan  1 00:00:00 2040 GMT');
    const check = (certificate: string): string =>
      openssl('verify', '-crl_check', '-CAfile', root.certificate.file, '-CRLfile', file, certificate);
    expect(check(kept.file)).toContain('OK');
    expect(() => check(lost.file)).toThrow(/certificate revoked/);
  });

  it('do not count on from a serial that was asked for', () => {
    const serials = [root.identity(), root.identity({ serial: 'ffffff' }), root.identity()].map(({ der }) =>
      BigInt(`0x${new X509Certificate(der).serialNumber}`),
    );
    expect(serials[1]).toBe(0xffffffn);
    expect(serials[2]! - serials[0]!).toBe(1n);
  });
});

describe('what is signed again', () => {
  const again = at('again.pem');

  it('is a certificate as good as before, but for the change', () => {
    const changed = resigned(ec.identity().pem, ec.certificate.privateKeyPem, (fields) =>
      fields.with(1, Buffer.from('020133', 'hex')),
    );
    writeFileSync(again, changed);
    expect(textOf(again)).toContain('Serial Number: 51 (0x33)');
    expect(openssl('verify', '-CAfile', ec.certificate.file, again)).toContain('OK');
  });

  it('is a list as good as before, but for the change', () => {
    const emptyName = construct([]);
    const changed = resigned(ec.crl().pem, ec.certificate.privateKeyPem, (fields) =>
      fields.with(2, emptyName),
    );
    writeFileSync(again, changed);
    expect(openssl('crl', '-in', again, '-noout', '-text')).toMatch(/Issuer: *\n/);
  });

  it.each([
    [0, '3000'],
    [127, '307f'],
    [128, '308180'],
    [255, '3081ff'],
    [256, '30820100'],
    [65_536, '3083010000'],
  ])('has lengths in DER: %s octets', (length, head) => {
    const value = construct([Buffer.alloc(length)]);
    expect(value.subarray(0, value.length - length).toString('hex')).toBe(head);
    expect(parts(construct([value, value]))).toEqual([value, value]);
  });
});

describe('deviations', () => {
  const shown: Record<Exclude<keyof ReturnType<typeof deviations>, 'expired' | 'notYetValid'>, RegExp> = {
    withoutKeyUsage: /^(?![\s\S]*Key Usage: critical)/,
    withoutDigitalSignature: /Key Usage: critical\s+Key Agreement\n/,
    authority: /CA:TRUE/,
    sha1: /Signature Algorithm: sha1WithRSAEncryption/,
    sha224: /Signature Algorithm: sha224WithRSAEncryption/,
    md5: /Signature Algorithm: md5WithRSAEncryption/,
    ripemd160: /Signature Algorithm: ripemd160WithRSA/,
    version1: /Version: 1 \(0x0\)/,
    emptySubject: /Subject: *\n/,
    apostropheInSubject: /CN = O'Neil/,
    unmappableName: /DNS:device.test, DNS:\*.device.test/,
    unmappableDirectoryName: /DirName:\/CN=desk \(1\)\n/,
    directoryName: /DirName:\/CN=desk\n/,
    sha384: /Signature Algorithm: sha384WithRSAEncryption/,
    sha512: /Signature Algorithm: sha512WithRSAEncryption/,
    pss: /Signature Algorithm: rsassaPss/,
    highBitSerial: /f1:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:01/,
    twentyByteSerial: /7f(:ff){18}:01/,
    withoutExtendedKeyUsage: /^(?![\s\S]*Extended Key Usage)/,
    serverAuthOnly: /Extended Key Usage: *\n *TLS Web Server Authentication\n/,
    withoutBasicConstraints: /^(?![\s\S]*Basic Constraints)/,
    withoutCommonName: /Subject: C = ZZ, O = Test, OU = Devices\n/,
    repeatedUnits: /OU = A, OU = B/,
    nonAsciiSubject: /CN = /,
  };

  it.each(Object.entries(shown))('%s', (name, expected) => {
    const key = name as keyof typeof shown;
    const certificate = root.identity(deviations()[key]);
    expect(textOf(certificate.file)).toMatch(expected);
  });

  it('of time are where they should be', () => {
    const { expired, notYetValid } = deviations();
    const late = new X509Certificate(root.identity(expired).pem);
    const early = new X509Certificate(root.identity(notYetValid).pem);
    expect(Date.parse(late.validTo)).toBeLessThan(Date.now());
    expect(Date.parse(early.validFrom)).toBeGreaterThan(Date.now());
  });
});
