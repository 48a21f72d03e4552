import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseCertificate, parseCertificates } from '../../../src/main/roles-anywhere/certificate.ts';
import { isAppError } from '../../../src/shared/errors.ts';
import { oddCertificate, oddCertificatePem } from './odd-certificate.ts';

const all = [
  'ca',
  'directory-name',
  'ed25519',
  'empty-subject',
  'explicit-curve',
  'high-bit-serial',
  'md5',
  'names',
  'no-key-usage',
  'other-usage',
  'p256',
  'p521',
  'pss-key',
  'pss-signature',
  'rsa1024',
  'rsa2047',
  'rsa2049',
  'rsa4097',
  'secp256k1',
  'sha1',
  'sha224',
  'v1',
];

describe('against Node’s own reader', () => {
  it.each(all)('%s', (name) => {
    const certificate = oddCertificate(name);
    const node = new X509Certificate(oddCertificatePem(name));
    expect(Buffer.from(certificate.der)).toEqual(node.raw);
    expect(certificate.sha256).toBe(node.fingerprint256.replaceAll(':', '').toLowerCase());
    expect(certificate.serial).toBe(BigInt(`0x${node.serialNumber}`).toString());
    expect(certificate.notBefore).toBe(Date.parse(node.validFrom));
    expect(certificate.notAfter).toBe(Date.parse(node.validTo));
    expect(certificate.isCa).toBe(node.ca);
    expect(Buffer.from(certificate.spki)).toEqual(node.publicKey.export({ format: 'der', type: 'spki' }));
  });
});

describe('one property each', () => {
  it.each([
    ['p256', { version: 3, serial: '1', isCa: false, digitalSignature: true, keyCertSign: false }],
    ['p256', { keyType: { type: 'EC', curve: 'P-256' }, signatureHash: 'sha256', subject: 'CN=p256' }],
    ['p521', { keyType: { type: 'EC', curve: 'P-521' } }],
    ['rsa1024', { keyType: { type: 'RSA', bits: 1024 } }],
    ['rsa2047', { keyType: { type: 'RSA', bits: 2047 } }],
    ['rsa2049', { keyType: { type: 'RSA', bits: 2049 } }],
    ['rsa4097', { keyType: { type: 'RSA', bits: 4097 } }],
    [
      'directory-name',
      {
        directoryNames: [
          [
            { type: 'O', value: "O'Reilly, + Sons" },
            { type: 'OU', value: 'a' },
            { type: 'OU', value: 'b' },
          ],
          [{ type: 'CN', value: 'x' }],
        ],
      },
    ],
    ['directory-name', { alternativeNames: [{ type: 'DNS', value: 'a.example.org' }] }],
    ['directory-name', { isCa: true, pathLength: 3 }],
    ['names', { directoryNames: [], pathLength: null }],
    ['ca', { pathLength: null }],
    ['md5', { keyType: { type: 'RSA', bits: 2048 }, signatureHash: 'md5', issuerSignature: null }],
    ['sha1', { signatureHash: 'sha1' }],
    ['sha224', { signatureHash: 'sha224' }],
    ['pss-signature', { signatureHash: 'sha256', keyType: { type: 'RSA', bits: 2048 } }],
    ['pss-key', { keyType: null }],
    ['secp256k1', { keyType: null }],
    ['explicit-curve', { keyType: null }],
    ['ed25519', { keyType: null, signatureHash: null, issuerSignature: null }],
    ['v1', { version: 1, isCa: false, digitalSignature: null, keyCertSign: null, extendedKeyUsage: null }],
    ['ca', { isCa: true, keyCertSign: true }],
    ['no-key-usage', { digitalSignature: null }],
    ['other-usage', { digitalSignature: false }],
    ['empty-subject', { subjectIsEmpty: true, subject: '' }],
    ['names', { subjectIsEmpty: false, extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] }],
    ['high-bit-serial', { serial: BigInt('0xF0000000000000000000000000000000000001').toString() }],
  ])('%s: %j', (name, expected) => {
    expect(oddCertificate(name)).toMatchObject(expected);
  });

  it('reads every attribute of a name, in order', () => {
    const { subjectAttributes, alternativeNames } = oddCertificate('names');
    expect(subjectAttributes.map(({ type, value }) => `${type}=${value}`)).toEqual([
      'C=DE',
      'O=Ünited "R&D" (x)',
      'OU=a',
      'OU=b',
      "CN=O'Brien, Pat",
      '2.5.4.5=7',
    ]);
    expect(alternativeNames.map(({ type, value }) => `${type}=${value}`)).toEqual([
      'DNS=*.example.org',
      'DNS=plain.example.org',
      'URI=https://example.org/x?y',
    ]);
  });

  it('counts a serial number with the high bit set as positive, however it is encoded', () => {
    const { der } = oddCertificate('p256');
    // INTEGER 1 after the version becomes INTEGER 0x81, which strict readers would call negative.
    const at = Buffer.from(der).indexOf(Buffer.from('a003020102020101', 'hex'));
    const negative = Uint8Array.from(der);
    negative[at + 7] = 0x81;
    expect(parseCertificate(negative).serial).toBe('129');
  });
});

describe('a file of certificates', () => {
  const p256 = oddCertificatePem('p256');
  const ca = oddCertificatePem('ca');
  const key = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAA\n-----END PRIVATE KEY-----\n';
  const subjects = (text: string | Uint8Array) =>
    parseCertificates(Buffer.from(text), 'x.pem').map(({ subject }) => subject);

  it.each([
    ['one', p256],
    ['with CRLF', p256.replaceAll('\n', '\r\n')],
    ['with a byte order mark', `\ufeff${p256}`],
    ['with text around', `Bag Attributes\n  friendlyName: x – y\n${p256}trailing`],
    ['without a final newline', p256.trimEnd()],
    ['with the old label', p256.replaceAll('CERTIFICATE', 'X509 CERTIFICATE')],
    ['with a key before it', key + p256],
    ['after text that begins like DER', `0 s:CN = x\n${p256}`],
    ['with blank lines and spaces in it', p256.replaceAll('\n', ' \n\n')],
  ])('%s', (_, text) => {
    expect(subjects(text)).toEqual(['CN=p256']);
  });

  it('gives several in the order of the file', () => {
    expect(subjects(ca + key + p256)).toEqual(['CN=ca', 'CN=p256']);
    expect(subjects(p256 + ca)).toEqual(['CN=p256', 'CN=ca']);
  });

  it('may be DER', () => {
    expect(subjects(oddCertificate('p256').der)).toEqual(['CN=p256']);
  });

  it('may hold none', () => {
    expect(subjects(key)).toEqual([]);
  });

  it.each([
    ['an empty file', '', 'x.pem holds no certificate in PEM or DER.'],
    ['text', 'hello', 'x.pem holds no certificate in PEM or DER.'],
    ['a damaged second', p256 + ca.replace(/\nMII/, '\nMIJ'), 'Certificate 2 of x.pem cannot be read.'],
    ['a block without its end', p256 + ca.slice(0, -40), 'Certificate 2 of x.pem is cut short or damaged.'],
    ['nothing but such a block', p256.slice(0, -40), 'Certificate 1 of x.pem is cut short or damaged.'],
    ['such a block first', p256.slice(0, -40) + ca, 'Certificate 1 of x.pem is cut short or damaged.'],
    [
      'a block that ends as another',
      p256.replace('END CERTIFICATE', 'END X509 CERTIFICATE'),
      'Certificate 1 of x.pem is cut short or damaged.',
    ],
    [
      'characters that are not base64',
      ca + p256.replace(/\nMII/, '\n!MI*I'),
      'Certificate 2 of x.pem is cut short or damaged.',
    ],
    [
      'dots in place of a line',
      p256.replace(/\n[^\n]{64}\n/, '\n...\n'),
      'Certificate 1 of x.pem is cut short or damaged.',
    ],
    ['an empty block', p256.replace(/-----\n[^-]*/, '-----\n'), 'Certificate 1 of x.pem cannot be read.'],
    ['DER cut short', oddCertificate('p256').der.slice(0, -1), 'The certificate of x.pem cannot be read.'],
    [
      'DER and more',
      Buffer.concat([oddCertificate('p256').der, Buffer.of(0)]),
      'The certificate of x.pem cannot be read.',
    ],
    [
      'two in DER',
      Buffer.concat([oddCertificate('p256').der, oddCertificate('ca').der]),
      'The certificate of x.pem cannot be read.',
    ],
    ['another SEQUENCE', Buffer.from('3003020101', 'hex'), 'The certificate of x.pem cannot be read.'],
  ])('cannot be %s', (_, content, message) => {
    expect(() => subjects(content)).toThrow(expect.objectContaining({ code: 'cert-unreadable', message }));
  });

  it('is refused with the code for any damage, or read', () => {
    const { der } = oddCertificate('names');
    let refused = 0;
    for (let at = 0; at < der.length; at++) {
      const damaged = Uint8Array.from(der);
      damaged[at]! ^= 0xff;
      try {
        parseCertificate(damaged);
      } catch (error) {
        if (!isAppError(error, 'cert-unreadable')) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(50);
  });
});
