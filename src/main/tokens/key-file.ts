/**
 * Private keys in PEM files: PKCS#1, SEC 1, PKCS#8, encrypted PKCS#8 and the older `Proc-Type: 4,ENCRYPTED`. A file may
 * hold certificates beside the key (leaf, issuers); all else in it is left alone.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { AppError, isAppError } from '../../shared/errors.ts';
import { parseCertificates, type Certificate } from '../roles-anywhere/certificate.ts';
import { readElements } from '../roles-anywhere/der.ts';

export interface KeyFile {
  readonly path: string;
  /** The key's PEM block alone. */
  readonly pem: string;
  readonly encrypted: boolean;
  /** Those of the same file, in its order. */
  readonly certificates: readonly Certificate[];
}

/** What is in a key file of any kind, once it is open. */
export interface OpenKeyFile {
  readonly key: KeyObject;
  /** Those of the same file, in its order. */
  readonly certificates: readonly Certificate[];
}

/** Labels of PEM blocks that hold a key we can take (RFC 7468, RFC 1421). */
const keyLabels = ['PRIVATE KEY', 'ENCRYPTED PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY'];

/** PrivateKeyInfo's algorithms (RFC 5208): rsaEncryption and id-ecPublicKey as DER content, hex. */
const keyAlgorithms = ['2a864886f70d010101', '2a8648ce3d0201'];

interface PemBlock {
  readonly label: string;
  readonly text: string;
}

/**
 * Takes a file apart.
 * @throws AppError `file-unreadable` for a file without a key, `key-ambiguous` for several, `key-unsupported` for kinds
 * of key and of file that cannot be used, `cert-unreadable`.
 */
export function readKeyFile(bytes: Uint8Array, path: string): KeyFile {
  const blocks = pemBlocks(bytes);
  const [key, ...others] = blocks.filter(({ label }) => label.endsWith('PRIVATE KEY'));
  if (key === undefined) throw noKey(bytes, path);
  if (others.length > 0) {
    throw new AppError('key-ambiguous', {
      message: `${path} holds ${String(others.length + 1)} private keys.`,
      remedy: 'Put each key into a file of its own.',
    });
  }
  if (!keyLabels.includes(key.label) || (key.label === 'PRIVATE KEY' && !isKnownAlgorithm(derOf(key.text)))) {
    throw unknownKind(path);
  }
  const certificates = parseCertificates(bytes, path);
  const encrypted = key.label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type: *4, *ENCRYPTED/m.test(key.text);
  return { path, pem: key.text, encrypted, certificates };
}

function pemBlocks(bytes: Uint8Array): PemBlock[] {
  const text = Buffer.from(bytes).toString('latin1');
  return Array.from(
    text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----/gs),
    ([block, label = '']) => ({ label, text: block }),
  );
}

function unknownKind(path: string): AppError {
  return new AppError('key-unsupported', { message: `The key in ${path} is of a kind that cannot be used.` });
}

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]*-----/g, ''), 'base64');
}

function noKey(bytes: Uint8Array, path: string): AppError {
  const derSequence = 0x30;
  if (bytes[0] !== derSequence) {
    return new AppError('file-unreadable', {
      message: `${path} holds no private key in PEM.`,
      remedy: 'Name a PEM file with a private key.',
    });
  }
  return new AppError('key-unsupported', {
    message: `${path} is a binary file (DER) that is not PKCS#12, which is not supported.`,
    remedy: 'Convert it to PEM, for example with: openssl pkey -inform DER.',
  });
}

/**
 * Whether a PKCS#8 key is of a kind we sign with. Told before node:crypto sees it: BoringSSL aborts the process on some
 * others.
 */
function isKnownAlgorithm(der: Uint8Array): boolean {
  try {
    const [, algorithm] = readElements(readElements(der)[0]?.content ?? der);
    const [oid] = readElements(algorithm?.content ?? der);
    return oid !== undefined && keyAlgorithms.includes(Buffer.from(oid.content).toString('hex'));
  } catch (error) {
    if (error instanceof RangeError) return true; // damaged: opening it says so
    throw error;
  }
}

/**
 * Opens the key.
 * @param passphrase null for a key that is not encrypted.
 * @throws AppError `passphrase-incorrect`, `file-unreadable` for a damaged key, `key-unsupported`.
 */
export function openKey(file: KeyFile, passphrase: string | null): KeyObject {
  return supported(decode(file, passphrase), file.path);
}

/**
 * A key in PKCS#8, DER, not encrypted.
 * @throws AppError `file-unreadable` for a damaged key, `key-unsupported`.
 */
export function openPkcs8(der: Buffer, path: string): KeyObject {
  if (!isKnownAlgorithm(der)) throw unknownKind(path);
  try {
    return supported(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }), path);
  } catch (cause) {
    if (isAppError(cause)) throw cause;
    throw damaged(path, cause);
  }
}

function damaged(path: string, cause: unknown): AppError {
  return new AppError('file-unreadable', { message: `The private key in ${path} is damaged.`, cause });
}

/** @throws AppError `key-unsupported`. */
function supported(key: KeyObject, path: string): KeyObject {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const curves = ['prime256v1', 'secp384r1', 'secp521r1'];
  const bits = details?.modulusLength ?? 0;
  const isSupported =
    type === 'rsa'
      ? bits >= 2048 && bits <= 4096
      : type === 'ec' && curves.includes(details?.namedCurve ?? '');
  if (isSupported) return key;
  throw new AppError('key-unsupported', {
    message: `The key in ${path} cannot sign for IAM Roles Anywhere.`,
  });
}

function decode({ path, pem, encrypted }: KeyFile, passphrase: string | null): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(passphrase !== null && { passphrase }) });
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_OSSL_EVP_UNSUPPORTED') {
      throw new AppError('key-unsupported', {
        message: `The key in ${path} is encrypted in a way that is not supported.`,
        remedy: 'Encrypt it again with: openssl pkcs8 -topk8 -v2 aes-256-cbc.',
        cause,
      });
    }
    // A wrong passphrase is told in several ways: by chance it may even decrypt to what looks like padding.
    if (encrypted) throw new AppError('passphrase-incorrect', { cause });
    throw damaged(path, cause);
  }
}

/** SubjectPublicKeyInfo of a private key, DER. */
export function spkiOf(key: KeyObject): Uint8Array {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}
