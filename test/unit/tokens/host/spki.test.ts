import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ecNumbers, rsaNumbers } from '../../../../src/main/tokens/host/spki.ts';

const bytes = (text = ''): Buffer => Buffer.from(text, 'base64url');
const spkiOf = (key: KeyObject): string => key.export({ format: 'der', type: 'spki' }).toString('hex');

describe('SubjectPublicKeyInfo of an RSA key', () => {
  it.each([1024, 2048, 3072, 4096])('of %d bits is openssl’s', (modulusLength) => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength });
    const { n, e } = publicKey.export({ format: 'jwk' });
    const numbers = rsaNumbers(bytes(n), bytes(e));
    expect(numbers.spki.toString('hex')).toBe(spkiOf(publicKey));
    expect(numbers.size).toBe(modulusLength === 1024 ? null : String(modulusLength));
  });

  it('does not mind leading zeros', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 });
    const { n, e } = publicKey.export({ format: 'jwk' });
    const padded = (text?: string): Buffer => Buffer.concat([Buffer.alloc(3), bytes(text)]);
    const numbers = rsaNumbers(padded(n), padded(e));
    expect(numbers.spki.toString('hex')).toBe(spkiOf(publicKey));
    expect(numbers.size).toBe('2048');
  });
});

describe('SubjectPublicKeyInfo of an EC key', () => {
  const curves = [
    ['P-256', '06082a8648ce3d030107'],
    ['P-384', '06052b81040022'],
    ['P-521', '06052b81040023'],
  ] as const;
  const point = (key: KeyObject): Buffer => {
    const { x, y } = key.export({ format: 'jwk' });
    return Buffer.concat([Buffer.of(4), bytes(x), bytes(y)]);
  };

  it.each(curves)('on %s is openssl’s, whichever way the module tells the point', (namedCurve, oid) => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve });
    const bare = point(publicKey);
    const length = bare.length < 0x80 ? [bare.length] : [0x81, bare.length];
    const params = Buffer.from(oid, 'hex');
    for (const told of [bare, Buffer.concat([Buffer.of(4, ...length), bare])]) {
      const numbers = ecNumbers(params, told)!;
      expect(numbers.size).toBe(namedCurve);
      expect(numbers.spki.toString('hex')).toBe(spkiOf(publicKey));
      expect(createPublicKey({ key: numbers.spki, format: 'der', type: 'spki' }).asymmetricKeyType).toBe(
        'ec',
      );
    }
  });

  it.each(['P-256', 'P-384'])('names a curve that the module told by its numbers: %s', (namedCurve) => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve });
    const explicit = generateKeyPairSync('ec', { namedCurve, paramEncoding: 'explicit' }).publicKey;
    const spki = explicit.export({ format: 'der', type: 'spki' });
    const params = spki.subarray(
      spki.indexOf('2a8648ce3d0201', 'hex') + 7,
      spki.length - point(explicit).length - 3,
    );
    const numbers = ecNumbers(params, point(publicKey))!;
    expect(numbers.size).toBe(namedCurve);
    expect(numbers.spki.toString('hex')).toBe(spkiOf(publicKey));
    const lastOfOrder = params.length - 4; // the cofactor comes after it
    params[lastOfOrder]! ^= 1;
    expect(ecNumbers(params, point(publicKey))).toBeNull();
    expect(ecNumbers(params.subarray(0, 40), point(publicKey))).toBeNull();
  });

  it.each([
    ['another curve', '06052b8104000a', (bare: Buffer) => bare],
    ['a point of another curve', '06052b81040022', (bare: Buffer) => bare],
    [
      'a compressed point',
      '06082a8648ce3d030107',
      (bare: Buffer) => Buffer.concat([Buffer.of(2), bare.subarray(1, 33)]),
    ],
    [
      'something after the point',
      '06082a8648ce3d030107',
      (bare: Buffer) => Buffer.concat([bare, Buffer.of(0)]),
    ],
    [
      'something before the point',
      '06082a8648ce3d030107',
      (bare: Buffer) => Buffer.concat([Buffer.of(4, 0x42), bare]),
    ],
    ['no point', '06082a8648ce3d030107', () => Buffer.alloc(0)],
  ])('is not made of %s', (_, params, told) => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(ecNumbers(Buffer.from(params, 'hex'), told(point(publicKey)))).toBeNull();
  });
});
