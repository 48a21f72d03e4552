/** From a key's raw signature to what IAM Roles Anywhere reads, and back to a check of it. */
import { createHash, createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { AppError } from '../../shared/errors.ts';
import type { Certificate, KeyType } from './certificate.ts';
import { derInteger, derSequence } from './der.ts';

export type X509SigningAlgorithm = 'AWS4-X509-RSA-SHA256' | 'AWS4-X509-ECDSA-SHA256';

/** The input of one C_Sign. */
export interface TokenInput {
  readonly mechanism: 'CKM_RSA_PKCS' | 'CKM_ECDSA';
  readonly data: Uint8Array;
}

// DigestInfo of SHA-256 up to the digest (RFC 8017, section 9.2, note 1).
const sha256DigestInfo = Buffer.from('3031300d060960864801650304020105000420', 'hex');

/** The algorithm's name in string to sign and Authorization header. */
export function signingAlgorithm(key: KeyType): X509SigningAlgorithm {
  return key.type === 'RSA' ? 'AWS4-X509-RSA-SHA256' : 'AWS4-X509-ECDSA-SHA256';
}

/**
 * What a token has to sign so that the signature covers `message`: DigestInfo and SHA-256 for RSA, the bare SHA-256
 * digest for each of the three curves. Both mechanisms are those every module has.
 */
export function tokenInput(key: KeyType, message: Uint8Array): TokenInput {
  const digest = createHash('sha256').update(message).digest();
  return key.type === 'RSA'
    ? { mechanism: 'CKM_RSA_PKCS', data: Buffer.concat([sha256DigestInfo, digest]) }
    : { mechanism: 'CKM_ECDSA', data: digest };
}

/** What a token answered in the form IAM Roles Anywhere reads: RSA as it is, ECDSA as DER. */
export function signatureFromToken(key: KeyType, answer: Uint8Array): Uint8Array {
  return key.type === 'RSA' ? answer : ecdsaRawToDer(answer);
}

/**
 * r‖s as PKCS#11 answers it, both halves of the order's length, to ECDSA-Sig-Value (SEC 1, C.5).
 * @throws AppError `token-failed` for bytes that have no two halves.
 */
export function ecdsaRawToDer(raw: Uint8Array): Uint8Array {
  const half = raw.length / 2;
  if (half === 0 || !Number.isInteger(half)) {
    throw new AppError('token-failed', {
      message: `The token answered ${String(raw.length)} bytes where an ECDSA signature was due.`,
    });
  }
  return derSequence(derInteger(raw.subarray(0, half)), derInteger(raw.subarray(half)));
}

/**
 * Whether `signature` (PKCS#1 v1.5, or ECDSA as DER) over `message` with SHA-256 is by the certificate's key.
 * @throws AppError `key-unsupported`.
 */
export function verifySignature(
  certificate: Pick<Certificate, 'spki' | 'keyType'>,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  return verify('sha256', message, publicKeyOf(certificate), signature);
}

/**
 * The certificate's key for node:crypto. Only kinds we sign with get that far: BoringSSL aborts the process on some
 * others (an RSASSA-PSS key).
 * @throws AppError `key-unsupported`.
 */
export function publicKeyOf(certificate: Pick<Certificate, 'spki' | 'keyType'>): KeyObject {
  if (certificate.keyType === null) throw new AppError('key-unsupported');
  try {
    return createPublicKey({ key: Buffer.from(certificate.spki), format: 'der', type: 'spki' });
  } catch (cause) {
    // For example a point that is not on its curve.
    throw new AppError('key-unsupported', { message: 'The certificate’s public key is damaged.', cause });
  }
}
