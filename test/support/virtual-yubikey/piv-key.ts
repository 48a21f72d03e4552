/** Private keys as the card has them: made, imported, shown and used by Node's crypto. */
import {
  constants,
  createECDH,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  privateDecrypt,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import type { PinPolicy, TouchPolicy } from './slots.ts';
import { derInteger, derSequence, tlv } from './tlv.ts';

export type PivKeyType = 'P-256' | 'P-384' | 'RSA-2048';

export interface KeyPolicy {
  readonly pinPolicy: PinPolicy;
  readonly touchPolicy: TouchPolicy;
}

export interface PivKey extends KeyPolicy {
  readonly type: PivKeyType;
  readonly privateKey: KeyObject;
  /** Only a key made on the card is attested. */
  readonly origin: 'generated' | 'imported';
}

/** Algorithm identifiers of PIV (NIST SP 800-78-4, table 6-2). */
export const algorithms: Readonly<Record<PivKeyType, number>> = {
  'RSA-2048': 0x07,
  'P-256': 0x11,
  'P-384': 0x14,
};

export function typeOfAlgorithm(algorithm: number): PivKeyType | undefined {
  return (['RSA-2048', 'P-256', 'P-384'] as const).find((type) => algorithms[type] === algorithm);
}

/** FIPS 186-4, D.1.2: group orders; `ecdh` is OpenSSL's name. */
const curves = {
  'P-256': {
    ecdh: 'prime256v1',
    bytes: 32,
    order: BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'),
  },
  'P-384': {
    ecdh: 'secp384r1',
    bytes: 48,
    order: BigInt(
      '0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
    ),
  },
} as const;
type Curve = keyof typeof curves;

export function makeKey(type: PivKeyType): KeyObject {
  if (type === 'RSA-2048') return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  return generateKeyPairSync('ec', { namedCurve: type }).privateKey;
}

/** A private key from outside: PKCS#8, PEM. @throws Error for a kind of key the card has not. */
export function readKey(pem: string): { type: PivKeyType; privateKey: KeyObject } {
  const privateKey = createPrivateKey(pem);
  const { asymmetricKeyType, asymmetricKeyDetails } = privateKey;
  if (asymmetricKeyType === 'rsa' && asymmetricKeyDetails?.modulusLength === 2048) {
    return { type: 'RSA-2048', privateKey };
  }
  const curve = (['P-256', 'P-384'] as const).find(
    (name) => curves[name].ecdh === asymmetricKeyDetails?.namedCurve,
  );
  if (curve === undefined) throw new Error(`a YubiKey takes no such key: ${String(asymmetricKeyType)}`);
  return { type: curve, privateKey };
}

/** A private key out of the elements of IMPORT ASYMMETRIC KEY: an EC scalar, or the five parts of an RSA key. */
export function assembleKey(type: PivKeyType, parts: ReadonlyMap<number, Buffer>): KeyObject {
  const part = (tag: number): Buffer => {
    const bytes = parts.get(tag);
    if (bytes === undefined) throw new Error(`part ${String(tag)} of the key is missing`);
    return bytes;
  };
  if (type !== 'RSA-2048') {
    const point = multiplyBase(type, toNumber(part(0x06)));
    const jwk = {
      kty: 'EC',
      crv: type,
      d: base64url(part(0x06)),
      x: base64url(point.x),
      y: base64url(point.y),
    };
    return createPrivateKey({ format: 'jwk', key: jwk });
  }
  const [p, q] = [toNumber(part(1)), toNumber(part(2))];
  const exponent = 65537n;
  const numbers = { n: p * q, e: exponent, d: inverse(exponent, (p - 1n) * (q - 1n)), p, q };
  const rest = { dp: toNumber(part(3)), dq: toNumber(part(4)), qi: toNumber(part(5)) };
  const members = Object.entries({ ...numbers, ...rest }).map(([name, value]) => [
    name,
    base64url(toBytes(value)),
  ]);
  return createPrivateKey({
    format: 'jwk',
    key: { kty: 'RSA', ...(Object.fromEntries(members) as Record<string, string>) },
  });
}

/** The public key as GENERATE and metadata show it, without their outer tag. */
export function publicTemplate(privateKey: KeyObject): Buffer {
  const { n, e, x, y } = createPublicKey(privateKey).export({ format: 'jwk' });
  const bytes = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64url');
  return n === undefined
    ? tlv(0x86, [0x04], bytes(x), bytes(y))
    : Buffer.concat([tlv(0x81, bytes(n)), tlv(0x82, bytes(e))]);
}

/**
 * What the card does with a challenge: RSA without any padding of its own, or ECDSA over a digest made by the caller.
 * @returns null where the challenge does not fit the key.
 */
export function signChallenge({ type, privateKey }: PivKey, challenge: Buffer): Buffer | null {
  if (type !== 'RSA-2048') {
    return challenge.length > 0 && challenge.length <= curves[type].bytes
      ? signDigest(type, privateKey, challenge)
      : null;
  }
  if (challenge.length !== 256) return null;
  return privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, challenge);
}

/** ECDSA (FIPS 186-4, 6.4) over a ready digest, which Node itself does not offer. */
function signDigest(curve: Curve, privateKey: KeyObject, digest: Buffer): Buffer {
  const { order, bytes } = curves[curve];
  const secret = toNumber(Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url'));
  for (;;) {
    const k = modulo(toNumber(randomBytes(bytes + 8)), order - 1n) + 1n;
    const r = modulo(toNumber(multiplyBase(curve, k).x), order);
    const s = modulo(inverse(k, order) * (toNumber(digest) + r * secret), order);
    if (r !== 0n && s !== 0n) return derSequence(derInteger(toBytes(r)), derInteger(toBytes(s)));
  }
}

function multiplyBase(curve: Curve, scalar: bigint): { x: Buffer; y: Buffer } {
  const { ecdh, bytes } = curves[curve];
  const group = createECDH(ecdh);
  group.setPrivateKey(toBytes(scalar, bytes));
  const point = group.getPublicKey();
  return { x: point.subarray(1, 1 + bytes), y: point.subarray(1 + bytes) };
}

const base64url = (bytes: Buffer): string => bytes.toString('base64url');
const toNumber = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex') || '0'}`);
const modulo = (value: bigint, base: bigint): bigint => ((value % base) + base) % base;

function toBytes(value: bigint, length = 0): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(Math.max(2 * length, hex.length + (hex.length % 2)), '0'), 'hex');
}

/** By Euclid's extended algorithm. */
function inverse(value: bigint, base: bigint): bigint {
  let [r0, r1, s0, s1] = [base, modulo(value, base), 0n, 1n];
  while (r1 !== 0n) {
    const quotient = r0 / r1;
    [r0, r1, s0, s1] = [r1, r0 - quotient * r1, s1, s0 - quotient * s1];
  }
  return modulo(s0, base);
}
