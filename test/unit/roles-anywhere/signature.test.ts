import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { KeyType } from '../../../src/main/roles-anywhere/certificate.ts';
import {
  ecdsaRawToDer,
  signatureFromToken,
  signingAlgorithm,
  tokenInput,
  verifySignature,
} from '../../../src/main/roles-anywhere/signature.ts';
import { softwareSign } from '../../vectors/software-token.ts';
import { oddCertificate } from './odd-certificate.ts';

const message = Buffer.from('string to sign');
const digest = createHash('sha256').update(message).digest('hex');
const rsa = { type: 'RSA', bits: 2048 } as const;
const curves = ['P-256', 'P-384', 'P-521'] as const;

it('names the algorithm by the kind of key', () => {
  expect(signingAlgorithm(rsa)).toBe('AWS4-X509-RSA-SHA256');
  for (const curve of curves) expect(signingAlgorithm({ type: 'EC', curve })).toBe('AWS4-X509-ECDSA-SHA256');
});

it('has an RSA token sign DigestInfo and digest', () => {
  const { mechanism, data } = tokenInput(rsa, message);
  expect(mechanism).toBe('CKM_RSA_PKCS');
  expect(Buffer.from(data).toString('hex')).toBe(`3031300d060960864801650304020105000420${digest}`);
});

it.each(curves)('has a %s token sign the SHA-256 digest', (curve) => {
  const { mechanism, data } = tokenInput({ type: 'EC', curve }, message);
  expect(mechanism).toBe('CKM_ECDSA');
  expect(Buffer.from(data).toString('hex')).toBe(digest);
});

describe('a signature made of a token’s answer', () => {
  const rsaPair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keys: [string, KeyType, ReturnType<typeof generateKeyPairSync>][] = [
    ['RSA', rsa, rsaPair],
    ...curves.map((curve): (typeof keys)[number] => [
      curve,
      { type: 'EC', curve },
      generateKeyPairSync('ec', { namedCurve: curve }),
    ]),
  ];

  it.each(keys)(
    '%s: verifies, and for no other message, key or bytes',
    (_, keyType, { publicKey, privateKey }) => {
      const spki = publicKey.export({ format: 'der', type: 'spki' });
      const holder = { keyType, spki };
      const signature = signatureFromToken(keyType, softwareSign(privateKey, tokenInput(keyType, message)));
      expect(verifySignature(holder, message, signature)).toBe(true);
      expect(verifySignature(holder, Buffer.from('string to sigm'), signature)).toBe(false);
      const changed = Buffer.from(signature);
      changed[changed.length - 1]! ^= 1;
      expect(verifySignature(holder, message, changed)).toBe(false);
      expect(verifySignature(holder, message, Buffer.of())).toBe(false);
      expect(verifySignature(oddCertificate('p256'), message, signature)).toBe(false);
    },
  );

  it('RSA: is what node:crypto makes', () => {
    const ours = signatureFromToken(rsa, softwareSign(rsaPair.privateKey, tokenInput(rsa, message)));
    expect(Buffer.from(ours)).toEqual(sign('sha256', message, rsaPair.privateKey));
  });
});

it.each([0, 1, 63, 65])('refuses a raw ECDSA signature of %d bytes', (length) => {
  expect(() => ecdsaRawToDer(Buffer.alloc(length, 1))).toThrow(
    expect.objectContaining({
      code: 'token-failed',
      message: `The token answered ${String(length)} bytes where an ECDSA signature was due.`,
    }),
  );
});

it.each(['pss-key', 'secp256k1', 'explicit-curve', 'ed25519'])(
  'does not let a %s near node:crypto',
  (name) => {
    expect(() => verifySignature(oddCertificate(name), message, Buffer.alloc(64))).toThrow(
      expect.objectContaining({ code: 'key-unsupported' }),
    );
  },
);

it('refuses a key that is damaged', () => {
  const { spki, keyType } = oddCertificate('p256');
  const offCurve = Uint8Array.from(spki);
  offCurve[offCurve.length - 1]! ^= 1;
  expect(() => verifySignature({ spki: offCurve, keyType }, message, Buffer.alloc(8))).toThrow(
    expect.objectContaining({ code: 'key-unsupported' }),
  );
});
