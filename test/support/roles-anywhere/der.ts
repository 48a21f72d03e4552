/**
 * A strict reader of DER (X.690): definite, minimal lengths, no leftovers. Knows what certificates and CRLs are made of.
 */
import { utcTime } from './calendar.ts';

export class DerError extends Error {
  override readonly name = 'DerError';
}

export interface Der {
  /** Identifier octet: class, constructed bit and number. */
  readonly tag: number;
  readonly content: Buffer;
  /** Identifier, length and content. */
  readonly bytes: Buffer;
}

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** `[n]`, constructed: EXPLICIT tags and IMPLICIT ones of constructed types. */
export const context = (number: number): number => 0xa0 | number;
/** `[n]` IMPLICIT of a primitive type. */
export const contextPrimitive = (number: number): number => 0x80 | number;

/** Walks over the values inside a constructed value, in order. */
export class DerReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The next value; of `tag` where one is given. */
  next(tag?: number): Der {
    const value = readAt(this.#bytes, this.#at);
    if (tag !== undefined && value.tag !== tag) {
      throw new DerError(`tag 0x${tag.toString(16)} expected, found 0x${value.tag.toString(16)}`);
    }
    this.#at += value.bytes.length;
    return value;
  }

  /** The next value if it has `tag`, else null and nothing is consumed. */
  optional(tag: number): Der | null {
    return this.#bytes[this.#at] === tag ? this.next(tag) : null;
  }

  /** A reader of the content of the next value, which must have `tag`. */
  enter(tag: number): DerReader {
    return new DerReader(this.next(tag).content);
  }

  end(): void {
    if (!this.done) throw new DerError('bytes left over');
  }

  /** All values that are left. */
  *rest(): Generator<Der> {
    while (!this.done) yield this.next();
  }
}

/** The one value that `bytes` is made of. */
export function readDer(bytes: Buffer, tag?: number): Der {
  const reader = new DerReader(bytes);
  const value = reader.next(tag);
  reader.end();
  return value;
}

function readAt(bytes: Buffer, at: number): Der {
  const tag = octet(bytes, at);
  if ((tag & 0x1f) === 0x1f) throw new DerError('high tag numbers are not used here');
  const first = octet(bytes, at + 1);
  let length = first;
  let start = at + 2;
  if (first >= 0x80) {
    const octets = first & 0x7f;
    if (octets === 0 || octets > 4) throw new DerError('length is indefinite or absurd');
    length = 0;
    for (let i = 0; i < octets; i += 1) length = length * 256 + octet(bytes, start + i);
    start += octets;
    if (length < 0x80 || octet(bytes, start - octets) === 0) throw new DerError('length is not minimal');
  }
  if (start + length > bytes.length) throw new DerError('value is cut short');
  return {
    tag,
    content: bytes.subarray(start, start + length),
    bytes: bytes.subarray(at, start + length),
  };
}

function octet(bytes: Buffer, at: number): number {
  const value = bytes[at];
  if (value === undefined) throw new DerError('value is cut short');
  return value;
}

function content(value: Der, tag: number, what: string): Buffer {
  if (value.tag !== tag) throw new DerError(`${what} expected`);
  return value.content;
}

/** INTEGER, signed. */
export function integer(value: Der): bigint {
  const bytes = content(value, tags.integer, 'INTEGER');
  const [first, second] = bytes;
  if (first === undefined) throw new DerError('INTEGER is empty');
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw new DerError('INTEGER is not minimal');
  }
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`));
}

export function boolean(value: Der): boolean {
  const bytes = content(value, tags.boolean, 'BOOLEAN');
  if (bytes.length !== 1 || (bytes[0] !== 0 && bytes[0] !== 0xff)) throw new DerError('BOOLEAN is not DER');
  return bytes[0] === 0xff;
}

/** OBJECT IDENTIFIER in dotted form. */
export function oid(value: Der): string {
  const bytes = content(value, tags.oid, 'OBJECT IDENTIFIER');
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const [index, byte] of bytes.entries()) {
    if (arc === 0n && byte === 0x80) throw new DerError('OBJECT IDENTIFIER is not minimal');
    arc = arc * 128n + BigInt(byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0n;
    } else if (index === bytes.length - 1) throw new DerError('OBJECT IDENTIFIER is cut short');
  }
  const [first, ...others] = arcs;
  if (first === undefined) throw new DerError('OBJECT IDENTIFIER is empty');
  const root = first < 80n ? first / 40n : 2n;
  return [root, first - root * 40n, ...others].join('.');
}

/** BIT STRING of whole octets, as signatures are. */
export function bitString(value: Der): Buffer {
  const bytes = content(value, tags.bitString, 'BIT STRING');
  if (bytes[0] !== 0) throw new DerError('BIT STRING of whole octets expected');
  return bytes.subarray(1);
}

/** BIT STRING with named bits: the numbers of those that are set. */
export function namedBits(value: Der): Set<number> {
  const bytes = content(value, tags.bitString, 'BIT STRING');
  const set = new Set<number>();
  for (let bit = 0; bit < (bytes.length - 1) * 8; bit += 1) {
    if ((octet(bytes, 1 + (bit >> 3)) & (0x80 >> (bit & 7))) !== 0) set.add(bit);
  }
  return set;
}

/** UTCTime or GeneralizedTime as RFC 5280 section 4.1.2.5 restricts them; milliseconds since the epoch. */
export function time(value: Der): number {
  const text = value.content.toString('latin1');
  const short = value.tag === tags.utcTime;
  if (!short && value.tag !== tags.generalizedTime) throw new DerError('time expected');
  const century = short ? (Number(text.slice(0, 2)) < 50 ? '20' : '19') : '';
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(century + text);
  const found = parts === null ? null : utcTime(parts.slice(1).map(Number));
  if (found === null) throw new DerError(`not a time of RFC 5280: ${text}`);
  return found;
}

/** Any of the string types of a name. */
export function text(value: Der): string {
  switch (value.tag) {
    case tags.utf8String:
      return utf8(value.content);
    case tags.printableString:
    case tags.ia5String:
    case tags.teletexString:
      return value.content.toString('latin1');
    case tags.bmpString:
      return String.fromCharCode(...units(value.content, 2));
    case tags.universalString: {
      const points = units(value.content, 4);
      if (points.some((point) => point > 0x10ffff)) throw new DerError('UniversalString is no Unicode');
      return String.fromCodePoint(...points);
    }
    default:
      throw new DerError(`string expected, found tag 0x${value.tag.toString(16)}`);
  }
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new DerError('UTF8String is not UTF-8', { cause: error });
  }
}

/** The big-endian numbers of `size` octets that `bytes` is made of. */
function units(bytes: Buffer, size: 2 | 4): number[] {
  if (bytes.length % size !== 0) throw new DerError(`string is not made of units of ${String(size)} octets`);
  return Array.from({ length: bytes.length / size }, (_, index) => bytes.readUIntBE(index * size, size));
}
