import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { openKey, readKeyFile, spkiOf } from '../../../src/main/tokens/key-file.ts';
import { makeCertificate, type Made } from '../roles-anywhere/make-certificate.ts';
import { keyPem, pem } from './world.ts';

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const secret = { cipher: 'aes-256-cbc', passphrase: 'right' };
const path = '/key.pem';
let device: Made;

beforeAll(async () => {
  device = await makeCertificate({ subject: 'CN=device' });
});

type Encoding = Record<string, string>;
const encode = (key: KeyObject, encoding: Encoding): string =>
  key.export({ format: 'pem', ...encoding } as never) as unknown as string;
const read = (text: string | Uint8Array) => readKeyFile(Buffer.from(text), path);
const spki = (key: KeyObject): string =>
  createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('hex');

describe('a key file', () => {
  it.each<[string, KeyObject, Encoding]>([
    ['PKCS#8', ec, { type: 'pkcs8' }],
    ['PKCS#8 with RSA', rsa, { type: 'pkcs8' }],
    ['PKCS#1', rsa, { type: 'pkcs1' }],
    ['SEC 1', ec, { type: 'sec1' }],
  ])('opens: %s', (_, key, encoding) => {
    const file = read(encode(key, encoding));
    expect(file.encrypted).toBe(false);
    expect(Buffer.from(spkiOf(openKey(file, null))).toString('hex')).toBe(spki(key));
  });

  it.each<[string, KeyObject, Encoding]>([
    ['PKCS#8', ec, { type: 'pkcs8', ...secret }],
    ['PKCS#8 with AES-128', rsa, { type: 'pkcs8', ...secret, cipher: 'aes-128-cbc' }],
    ['PKCS#1, Proc-Type', rsa, { type: 'pkcs1', ...secret }],
    ['SEC 1, Proc-Type', ec, { type: 'sec1', ...secret, cipher: 'des-ede3-cbc' }],
  ])('opens with its passphrase alone: encrypted %s', (_, key, encoding) => {
    const file = read(encode(key, encoding));
    expect(file.encrypted).toBe(true);
    expect(Buffer.from(spkiOf(openKey(file, 'right'))).toString('hex')).toBe(spki(key));
    for (const wrong of ['wrong', '', null]) {
      expect(() => openKey(file, wrong)).toThrow(
        expect.objectContaining({ code: 'passphrase-incorrect' }) as Error,
      );
    }
  });

  it('tells every wrong passphrase, also one that decrypts to something by chance', () => {
    const file = read(encode(ec, { type: 'pkcs8', ...secret }));
    const codes = new Set(
      Array.from({ length: 600 }, (_, index) => {
        try {
          return openKey(file, `wrong ${String(index)}`).type;
        } catch (error) {
          return (error as { code: string }).code;
        }
      }),
    );
    expect(Array.from(codes)).toEqual(['passphrase-incorrect']);
  }, 30_000);

  it('is split from the certificates around it, whatever stands between', async () => {
    const authority = await makeCertificate({ subject: 'CN=authority', ca: true });
    const text = `Bag Attributes: x\n${pem(authority)}\nkey:\n${keyPem(device)}# end\n${pem(device)}`;
    for (const variant of [text, text.replace(/\n/g, '\r\n'), `\ufeff${text}`]) {
      const file = read(variant);
      expect(file.certificates.map(({ subject }) => subject)).toEqual(['CN=authority', 'CN=device']);
      expect(file.pem).not.toContain('CERTIFICATE');
      expect(Buffer.from(spkiOf(openKey(file, null)))).toEqual(Buffer.from(device.certificate.spki));
    }
  });

  it('may name the curve in a block of its own, as openssl ecparam does', () => {
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    expect(openKey(read(parameters + encode(ec, { type: 'sec1' })), null).asymmetricKeyType).toBe('ec');
  });

  it.each([
    ['nothing', '', 'file-unreadable'],
    ['other text', 'hello', 'file-unreadable'],
    [
      'a certificate cut short',
      `${encode(ec, { type: 'pkcs8' })}-----BEGIN CERTIFICATE-----\nAAAA\n`,
      'cert-unreadable',
    ],
    ['only certificates', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', 'file-unreadable'],
    ['two keys', encode(ec, { type: 'pkcs8' }) + encode(rsa, { type: 'pkcs1' }), 'key-ambiguous'],
    ['PKCS#12', Buffer.from('3082', 'hex'), 'key-unsupported'],
    [
      'OpenSSH’s own form',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----',
      'key-unsupported',
    ],
    ['Ed25519', encode(generateKeyPairSync('ed25519').privateKey, { type: 'pkcs8' }), 'key-unsupported'],
    [
      'RSASSA-PSS',
      encode(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey, { type: 'pkcs8' }),
      'key-unsupported',
    ],
    [
      'a damaged certificate beside the key',
      `${encode(ec, { type: 'pkcs8' })}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----`,
      'cert-unreadable',
    ],
  ])('is refused: %s', (_, content, code) => {
    expect(() => read(content)).toThrow(expect.objectContaining({ code }) as Error);
  });

  it.each([
    [
      'RSA-1024',
      encode(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey, { type: 'pkcs1' }),
      'key-unsupported',
    ],
    [
      'secp256k1',
      encode(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey, { type: 'sec1' }),
      'key-unsupported',
    ],
    ['damaged', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----', 'file-unreadable'],
    [
      'damaged inside',
      '-----BEGIN EC PRIVATE KEY-----\nMAMCAQE=\n-----END EC PRIVATE KEY-----',
      'file-unreadable',
    ],
  ])('cannot be opened: %s', (_, content, code) => {
    expect(() => openKey(read(content), null)).toThrow(expect.objectContaining({ code }) as Error);
  });

  it('is never repeated in an error', () => {
    const content = encode(ec, { type: 'pkcs8' }).replace('MIG', 'MIF');
    let shown = '';
    try {
      openKey(read(content), null);
    } catch (error) {
      shown = `${String(error)} ${JSON.stringify(error)} ${String((error as Error).cause)}`;
    }
    expect(shown).toContain(path);
    expect(shown).not.toContain(content.slice(40, 60));
  });
});
