/**
 * What PKCS#12 files are protected with, as far as node:crypto does not know it by itself: PBES2 (RFC 8018), the key
 * derivation of RFC 7292's MAC, and PBMAC1 (RFC 9579). The file says how much work that is, so that is bounded.
 */
import { createDecipheriv, createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { readElements, type DerElement } from '../roles-anywhere/der.ts';
import { Pkcs12Problem } from './pkcs12-problem.ts';

const derive = promisify(pbkdf2);

/** An AlgorithmIdentifier: what it is, and its parameters as they are in the file. */
export interface Algorithm {
  readonly algorithm: string;
  readonly parameters?: ArrayBuffer | null | undefined;
}

/** How many rounds of key derivation one file may cost; the strongest known programs ask for 600,000 thrice. */
export const maxRounds = 5_000_000;

/** Counts the rounds a file asks for. */
export class Rounds {
  /** Lets others have their turn. */
  readonly pause: () => Promise<void>;
  #left = maxRounds;

  constructor(pause: () => Promise<void>) {
    this.pause = pause;
  }

  /** @throws Pkcs12Problem `rounds`. */
  take(count: number): number {
    if (!Number.isSafeInteger(count) || count < 1) throw new Pkcs12Problem('damaged');
    this.#left -= count;
    if (this.#left < 0) throw new Pkcs12Problem('rounds');
    return count;
  }
}

const hashes: Readonly<Record<string, Hash>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** By the DER content of the OID. */
const prfs: Readonly<Record<string, Hash>> = {
  '2a864886f70d0207': 'sha1',
  '2a864886f70d0208': 'sha224',
  '2a864886f70d0209': 'sha256',
  '2a864886f70d020a': 'sha384',
  '2a864886f70d020b': 'sha512',
};
type Hash = 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';

const ciphers: Readonly<Record<string, { readonly name: string; readonly keyLength: number }>> = {
  '608648016503040102': { name: 'aes-128-cbc', keyLength: 16 },
  '608648016503040116': { name: 'aes-192-cbc', keyLength: 24 },
  '60864801650304012a': { name: 'aes-256-cbc', keyLength: 32 },
};

const pbes2 = '1.2.840.113549.1.5.13';
const pbmac1 = '1.2.840.113549.1.5.14';
const pbkdf2Oid = '2a864886f70d01050c';
const tags = { integer: 0x02, octetString: 0x04, oid: 0x06, sequence: 0x30 };

/** @param algorithm an OID. */
export function isPbes2(algorithm: string): boolean {
  return algorithm === pbes2;
}

/**
 * Decrypts what PBES2 with PBKDF2 and AES-CBC encrypted. The work is done off the event loop.
 * @returns null where the password is not the one it was encrypted with.
 * @throws Pkcs12Problem `algorithm`, `rounds`, `damaged`.
 */
export async function decrypt(
  { algorithm, parameters }: Algorithm,
  encrypted: Uint8Array,
  password: string,
  rounds: Rounds,
): Promise<Buffer | null> {
  if (!isPbes2(algorithm)) throw new Pkcs12Problem('algorithm');
  const [kdf, scheme] = sequence(parameters);
  const [oid, iv] = elements(scheme, tags.sequence);
  const cipher = ciphers[hexOf(oid, tags.oid)];
  if (cipher === undefined) throw new Pkcs12Problem('algorithm');
  const vector = contentOf(iv, tags.octetString);
  if (vector.length !== 16) throw new Pkcs12Problem('damaged');
  const key = await deriveKey(kdf, password, cipher.keyLength, rounds);
  try {
    const decipher = createDecipheriv(cipher.name, key, vector);
    return Buffer.concat([decipher.update(encrypted), decipher.final()]);
  } catch {
    return null; // its padding is wrong
  } finally {
    key.fill(0);
  }
}

/** What a MAC is made of, and over what. */
export interface Mac {
  readonly algorithm: Algorithm;
  readonly digest: Uint8Array;
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly content: Uint8Array;
}

/**
 * Whether the MAC is right. For an empty password RFC 7292's two ways to write it are tried.
 * @throws Pkcs12Problem `algorithm`, `rounds`, `damaged`.
 */
export async function macIsRight(mac: Mac, password: string, rounds: Rounds): Promise<boolean> {
  if (mac.algorithm.algorithm === pbmac1) return pbmac1IsRight(mac, password, rounds);
  const hash = hashes[mac.algorithm.algorithm];
  if (hash === undefined) throw new Pkcs12Problem('algorithm');
  const { salt, iterations, content, digest } = mac;
  const written = [Buffer.concat([Buffer.from(password, 'utf16le').swap16(), Buffer.alloc(2)])];
  if (password === '') written.push(Buffer.alloc(0));
  for (const bytes of written) {
    const key = await macKey({ hash, password: bytes, salt, iterations }, rounds);
    if (same(createHmac(hash, key).update(content).digest(), digest)) return true;
  }
  return false;
}

async function pbmac1IsRight(mac: Mac, password: string, rounds: Rounds): Promise<boolean> {
  const [kdf, scheme] = sequence(mac.algorithm.parameters);
  const [oid] = elements(scheme, tags.sequence);
  const hash = prfs[hexOf(oid, tags.oid)];
  if (hash === undefined) throw new Pkcs12Problem('algorithm');
  const key = await deriveKey(kdf, password, null, rounds);
  return same(createHmac(hash, key).update(mac.content).digest(), mac.digest);
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

/** PBKDF2 as its parameters say. @param length null: the parameters must say it. */
async function deriveKey(
  kdf: DerElement | undefined,
  password: string,
  length: number | null,
  rounds: Rounds,
): Promise<Buffer> {
  const [oid, parameters] = elements(kdf, tags.sequence);
  if (hexOf(oid, tags.oid) !== pbkdf2Oid) throw new Pkcs12Problem('algorithm');
  const [salt, iterations, ...rest] = elements(parameters, tags.sequence);
  const [keyLength] = rest.filter(({ tag }) => tag === tags.integer);
  const [prf] = rest.filter(({ tag }) => tag === tags.sequence);
  const hash = prf === undefined ? 'sha1' : prfs[hexOf(elements(prf, tags.sequence)[0], tags.oid)];
  if (hash === undefined) throw new Pkcs12Problem('algorithm');
  const bytes = length ?? integerOf(keyLength);
  if (bytes < 1 || bytes > 128) throw new Pkcs12Problem('damaged');
  const count = rounds.take(integerOf(iterations));
  return derive(password, contentOf(salt, tags.octetString), count, bytes, hash);
}

/** How many rounds are made before others get their turn: some milliseconds' worth. */
const roundsAtOnce = 5000;

interface MacKeyOptions {
  readonly hash: Hash;
  /** UTF-16, big-endian, with a final zero. */
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

/** The key of the MAC: RFC 7292, appendix B.2 with ID 3, and of one digest's length, which makes it one block. */
async function macKey({ hash, password, salt, iterations }: MacKeyOptions, rounds: Rounds): Promise<Buffer> {
  const count = rounds.take(iterations);
  const blockSize = hash === 'sha384' || hash === 'sha512' ? 128 : 64;
  const start = [Buffer.alloc(blockSize, 3), repeated(salt, blockSize), repeated(password, blockSize)];
  let digest = createHash(hash).update(Buffer.concat(start)).digest();
  for (let round = 1; round < count; round++) {
    digest = createHash(hash).update(digest).digest();
    if (round % roundsAtOnce === 0) await rounds.pause();
  }
  return digest;
}

/** The bytes as often as fill whole blocks. */
function repeated(bytes: Uint8Array, blockSize: number): Buffer {
  return Buffer.alloc(Math.ceil(bytes.length / blockSize) * blockSize, bytes);
}

function sequence(parameters: ArrayBuffer | null | undefined): DerElement[] {
  try {
    return elements(readElements(new Uint8Array(parameters ?? new ArrayBuffer(0)))[0], tags.sequence);
  } catch (cause) {
    throw asDamaged(cause);
  }
}

function elements(element: DerElement | undefined, tag: number): DerElement[] {
  try {
    return readElements(contentOf(element, tag));
  } catch (cause) {
    throw asDamaged(cause);
  }
}

function contentOf(element: DerElement | undefined, tag: number): Uint8Array {
  if (element?.tag !== tag) throw new Pkcs12Problem('damaged');
  return element.content;
}

function hexOf(element: DerElement | undefined, tag: number): string {
  return Buffer.from(contentOf(element, tag)).toString('hex');
}

/** A number; one too long to be exact is more than anything here allows. */
function integerOf(element: DerElement | undefined): number {
  return Number(`0x${hexOf(element, tags.integer) || '0'}`);
}

function asDamaged(cause: unknown): unknown {
  return cause instanceof RangeError ? new Pkcs12Problem('damaged', cause) : cause;
}
