/**
 * The ssh-agent's protocol (draft-ietf-sshm-ssh-agent, as OpenSSH speaks it) and the keys and signatures in it
 * (RFC 4253, 5656, 8332). Messages are bodies: the length before them is the transport's. Pure. Whatever an agent says is
 * read with care: all readers throw RangeError for bytes that do not say what they should.
 */
import { createHash } from 'node:crypto';
import { derElement, derInteger, derSequence } from '../roles-anywhere/der.ts';

const messages = { failure: 5, requestIdentities: 11, identities: 12, signRequest: 13, signature: 14 };

/** Flag of a sign request: RSA with SHA-256, not with SHA-1 (RFC 8332). */
const rsaSha256Flag = 2;

/** As many as OpenSSH takes from an agent. */
const maxIdentities = 2048;

export interface Identity {
  /** The public key as SSH writes it. */
  readonly blob: Uint8Array;
  readonly comment: string;
}

export const identitiesRequest: Uint8Array = Uint8Array.of(messages.requestIdentities);

/** Asks for one signature; of an RSA key with SHA-256. */
export function signRequest(blob: Uint8Array, message: Uint8Array): Uint8Array {
  const flags = Buffer.alloc(4);
  flags.writeUInt32BE(rsaSha256Flag);
  return Buffer.concat([Uint8Array.of(messages.signRequest), stringOf(blob), stringOf(message), flags]);
}

/** @returns null where the agent says that it does not answer that. */
export function readIdentities(body: Uint8Array): Identity[] | null {
  const reader = new Reader(body);
  const type = reader.byte();
  if (type === messages.failure) return null;
  if (type !== messages.identities) throw new RangeError('another message than the list of keys');
  const count = reader.uint32();
  if (count > maxIdentities) throw new RangeError('more keys than an agent holds');
  const identities: Identity[] = [];
  for (let i = 0; i < count; i++) {
    const blob = reader.string();
    identities.push({ blob, comment: textOf(reader.string()) });
  }
  reader.end();
  return identities;
}

export interface SshSignature {
  /** `ecdsa-sha2-nistp256`, `rsa-sha2-256` ... */
  readonly format: string;
  readonly bytes: Uint8Array;
}

/** @returns null where the agent refuses. */
export function readSignature(body: Uint8Array): SshSignature | null {
  const reader = new Reader(body);
  const type = reader.byte();
  if (type === messages.failure) return null;
  if (type !== messages.signature) throw new RangeError('another message than a signature');
  const inner = new Reader(reader.string());
  reader.end();
  const signature = { format: textOf(inner.string()), bytes: inner.string() };
  inner.end();
  return signature;
}

/** As `ssh-add -l` prints it: `SHA256:` and 43 characters of Base64. */
export function fingerprint(blob: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

/** A public key of an agent. */
export interface SshKey {
  /** Its type in words of SSH. */
  readonly type: string;
  /** SubjectPublicKeyInfo, DER; null for a kind that no certificate of ours is for. */
  readonly spki: Uint8Array | null;
}

const curves: Readonly<Record<string, { readonly oid: string; readonly bytes: number }>> = {
  nistp256: { oid: '2a8648ce3d030107', bytes: 32 },
  nistp384: { oid: '2b81040022', bytes: 48 },
  nistp521: { oid: '2b81040023', bytes: 66 },
};
const ecPublicKey = '2a8648ce3d0201';
const rsaEncryption = '2a864886f70d010101';

/** What kind of key it is, and the key as certificates have it. */
export function readPublicKey(blob: Uint8Array): SshKey {
  const reader = new Reader(blob);
  const type = textOf(reader.string());
  if (type === 'ssh-rsa') {
    const exponent = reader.mpint();
    const modulus = reader.mpint();
    reader.end();
    const key = derSequence(derInteger(modulus), derInteger(exponent));
    return { type, spki: spki(derSequence(oid(rsaEncryption), derElement(0x05, new Uint8Array())), key) };
  }
  if (!/^ecdsa-sha2-nistp\d+$/.test(type)) return { type, spki: null };
  const name = textOf(reader.string());
  const point = reader.string();
  reader.end();
  const curve = curves[name];
  if (curve === undefined || type !== `ecdsa-sha2-${name}`) throw new RangeError('a curve unknown to SSH');
  const uncompressed = 0x04;
  if (point[0] !== uncompressed || point.length !== 1 + 2 * curve.bytes)
    throw new RangeError('no point of its curve');
  return { type, spki: spki(derSequence(oid(ecPublicKey), oid(curve.oid)), point) };
}

/** An ECDSA signature's r and s (RFC 5656, 3.1.2) as ECDSA-Sig-Value, DER. */
export function ecdsaSignature(bytes: Uint8Array): Uint8Array {
  const reader = new Reader(bytes);
  const r = reader.mpint();
  const s = reader.mpint();
  reader.end();
  return derSequence(derInteger(r), derInteger(s));
}

function spki(algorithm: Uint8Array, key: Uint8Array): Uint8Array {
  const noUnusedBits = Uint8Array.of(0);
  return derSequence(algorithm, derElement(0x03, Buffer.concat([noUnusedBits, key])));
}

function oid(content: string): Uint8Array {
  return derElement(0x06, Buffer.from(content, 'hex'));
}

function stringOf(bytes: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(): number {
    return this.#take(1).readUInt8();
  }

  uint32(): number {
    return this.#take(4).readUInt32BE();
  }

  string(): Uint8Array {
    return this.#take(this.uint32());
  }

  /** A number that is not negative, big-endian. */
  mpint(): Uint8Array {
    const bytes = this.string();
    const [first = 0] = bytes;
    if (bytes.length === 0 || first >= 0x80) throw new RangeError('no positive number');
    return bytes;
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new RangeError('more bytes than were announced');
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError('cut short');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}
