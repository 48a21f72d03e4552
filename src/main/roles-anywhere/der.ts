/** As much of DER (ITU-T X.690) as is needed around signatures. */

export interface DerElement {
  readonly tag: number;
  /** Tag, length and content. */
  readonly whole: Uint8Array;
  readonly content: Uint8Array;
}

/**
 * The elements of a constructed element's content, or of a file, in order.
 * @throws RangeError where the bytes are not a run of whole elements with definite lengths and one-byte tags.
 */
export function readElements(bytes: Uint8Array): DerElement[] {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length;) {
    const element = readElement(bytes, at);
    elements.push(element);
    at += element.whole.length;
  }
  return elements;
}

function readElement(bytes: Uint8Array, start: number): DerElement {
  const tag = byteAt(bytes, start);
  const first = byteAt(bytes, start + 1);
  const lengthBytes = first < 0x80 ? 0 : first - 0x80;
  if (first === 0x80 || lengthBytes > 4) throw new RangeError('not a definite DER length');
  let length = lengthBytes === 0 ? first : 0;
  for (let i = 0; i < lengthBytes; i++) length = length * 256 + byteAt(bytes, start + 2 + i);
  const from = start + 2 + lengthBytes;
  if (from + length > bytes.length) throw new RangeError('DER element is cut short');
  return {
    tag,
    whole: bytes.subarray(start, from + length),
    content: bytes.subarray(from, from + length),
  };
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new RangeError('DER element is cut short');
  return byte;
}

/** INTEGER of a number given as unsigned big-endian bytes. */
export function derInteger(unsigned: Uint8Array): Uint8Array {
  const start = unsigned.findIndex((byte) => byte !== 0);
  const digits = start < 0 ? Uint8Array.of(0) : unsigned.subarray(start);
  const negative = byteAt(digits, 0) >= 0x80;
  return derElement(0x02, negative ? Buffer.concat([Uint8Array.of(0), digits]) : digits);
}

export function derSequence(...elements: Uint8Array[]): Uint8Array {
  return derElement(0x30, Buffer.concat(elements));
}

/** Any element: tag, length, content. */
export function derElement(tag: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(tag, ...lengthBytes(content.length)), content]);
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  const digits: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return [0x80 + digits.length, ...digits];
}
