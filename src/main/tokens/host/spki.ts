/**
 * SubjectPublicKeyInfo (RFC 5280, 4.1) out of the attributes of a PKCS#11 key object, so that keys and certificates can
 * be compared byte by byte.
 */
import type { KeyInfo } from '../../../shared/model.ts';
import { derElement, derInteger, derSequence } from '../../roles-anywhere/der.ts';

export interface PublicNumbers {
  /** DER. */
  readonly spki: Buffer;
  /** Null for a curve or size Rolekey does not list. */
  readonly size: KeyInfo['size'] | null;
}

const rsaEncryption = Buffer.from('06092a864886f70d010101', 'hex');
const ecPublicKey = Buffer.from('06072a8648ce3d0201', 'hex');
const derNull = Buffer.from('0500', 'hex');

/** CKA_EC_PARAMS as hex: the curve's OID in DER (RFC 5480, 2.1.1.1). */
const curves: Readonly<Record<string, { size: KeyInfo['size']; coordinateBytes: number }>> = {
  '06082a8648ce3d030107': { size: 'P-256', coordinateBytes: 32 },
  '06052b81040022': { size: 'P-384', coordinateBytes: 48 },
  '06052b81040023': { size: 'P-521', coordinateBytes: 66 },
};

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
 * @param params CKA_EC_PARAMS.
 * @param point CKA_EC_POINT: a DER OCTET STRING as the standard says, or the bare uncompressed point as some modules do.
 * @returns null for a curve or a form of point unknown here.
 */
export function ecNumbers(params: Buffer, point: Buffer): PublicNumbers | null {
  const curve = curves[params.toString('hex')];
  if (curve === undefined) return null;
  const bareBytes = 1 + 2 * curve.coordinateBytes;
  const bare = point.subarray(-bareBytes);
  const uncompressed = 0x04;
  if (bare.length !== bareBytes || bare[0] !== uncompressed) return null;
  if (!point.equals(bare) && !point.equals(derElement(0x04, bare))) return null;
  return {
    spki: Buffer.from(derSequence(derSequence(ecPublicKey, params), bitString(bare))),
    size: curve.size,
  };
}
