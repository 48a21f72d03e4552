/**
 * SubjectPublicKeyInfo (RFC 5280, 4.1) out of the attributes of a PKCS#11 key object, so that keys and certificates can
 * be compared byte by byte.
 */
import type { KeyInfo } from '../../../shared/model.ts';
import { derElement, derInteger, derSequence, readElements } from '../../roles-anywhere/der.ts';

export interface PublicNumbers {
  /** DER. */
  readonly spki: Buffer;
  /** Null for a curve or size Rolekey does not list. */
  readonly size: KeyInfo['size'] | null;
}

const rsaEncryption = Buffer.from('06092a864886f70d010101', 'hex');
const ecPublicKey = Buffer.from('06072a8648ce3d0201', 'hex');
const derNull = Buffer.from('0500', 'hex');

interface Curve {
  readonly size: KeyInfo['size'];
  /** The curve's OID in DER (RFC 5480, 2.1.1.1), hex. */
  readonly oid: string;
  readonly coordinateBytes: number;
  /** Prime, coefficient b and order (SEC 2, 2.4.2 and 2.5.1), hex, where modules are known to tell a curve by them. */
  readonly numbers?: readonly [prime: string, b: string, order: string];
}

const curves: readonly Curve[] = [
  {
    ...{ size: 'P-256', oid: '06082a8648ce3d030107', coordinateBytes: 32 },
    numbers: [
      'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff',
      '5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b',
      'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
    ],
  },
  {
    ...{ size: 'P-384', oid: '06052b81040022', coordinateBytes: 48 },
    numbers: [
      'fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff',
      'b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef',
      'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
    ],
  },
  { size: 'P-521', oid: '06052b81040023', coordinateBytes: 66 },
];

/** @param params CKA_EC_PARAMS: the curve's OID, or its numbers as libykcs11 2.2 tells the curve of an imported key. */
function curveOf(params: Buffer): Curve | undefined {
  const hex = params.toString('hex');
  const named = curves.find(({ oid }) => oid === hex);
  if (named !== undefined) return named;
  const told = numbersOf(params)?.join();
  return told === undefined ? undefined : curves.find(({ numbers }) => numbers?.join() === told);
}

/** Prime, b and order out of explicit parameters (X9.62 ECParameters, as in SEC 1, C.2); null for anything else. */
function numbersOf(params: Buffer): string[] | null {
  try {
    const [sequence] = readElements(params);
    const [, field, coefficients, , order] = readElements(sequence?.content ?? Buffer.alloc(0));
    const [, prime] = readElements(field?.content ?? Buffer.alloc(0));
    const [, b] = readElements(coefficients?.content ?? Buffer.alloc(0));
    return [prime, b, order].map((number) =>
      Buffer.from(number?.content ?? [])
        .toString('hex')
        .replace(/^(00)+/, ''),
    );
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

const rsaSizes: Readonly<Record<number, KeyInfo['size']>> = { 2048: '2048', 3072: '3072', 4096: '4096' };

const bitString = (content: Uint8Array): Uint8Array =>
  derElement(0x03, Buffer.concat([Uint8Array.of(0), content]));

function bitLength(unsigned: Buffer): number {
  const first = unsigned.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (unsigned.length - first) * 8 - Math.clz32(unsigned[first] ?? 0) + 24;
}

/** @param modulus CKA_MODULUS. @param exponent CKA_PUBLIC_EXPONENT; both big-endian, leading zeros allowed. */
export function rsaNumbers(modulus: Buffer, exponent: Buffer): PublicNumbers {
  const key = derSequence(derInteger(modulus), derInteger(exponent));
  return {
    spki: Buffer.from(derSequence(derSequence(rsaEncryption, derNull), bitString(key))),
    size: rsaSizes[bitLength(modulus)] ?? null,
  };
}

/**
 * @param params CKA_EC_PARAMS: the OID of the curve, or all its numbers.
 * @param point CKA_EC_POINT: a DER OCTET STRING as the standard says, or the bare uncompressed point as some modules do.
 * @returns null for a curve or a form of point unknown here.
 */
export function ecNumbers(params: Buffer, point: Buffer): PublicNumbers | null {
  const curve = curveOf(params);
  if (curve === undefined) return null;
  const bareBytes = 1 + 2 * curve.coordinateBytes;
  const bare = point.subarray(-bareBytes);
  const uncompressed = 0x04;
  if (bare.length !== bareBytes || bare[0] !== uncompressed) return null;
  if (!point.equals(bare) && !point.equals(derElement(0x04, bare))) return null;
  return {
    spki: Buffer.from(derSequence(derSequence(ecPublicKey, Buffer.from(curve.oid, 'hex')), bitString(bare))),
    size: curve.size,
  };
}
