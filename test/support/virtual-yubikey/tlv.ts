/** BER-TLV as smart cards speak it (ISO 7816-4, 5.2.2): tags of one or two bytes, definite lengths. DER is the same. */

type Content = Uint8Array | readonly number[];

/** One element: `tag` of one or two bytes, as a number, around the joined contents. */
export function tlv(tag: number, ...contents: readonly Content[]): Buffer {
  const value = Buffer.concat(contents.map((part) => Uint8Array.from(part)));
  const tagBytes = tag > 0xff ? [tag >> 8, tag & 0xff] : [tag];
  return Buffer.concat([Uint8Array.from([...tagBytes, ...lengthBytes(value.length)]), value]);
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

/** The elements one after the other in `bytes`, by tag; of two with the same tag the last. @throws Error where cut off. */
export function parseTlv(bytes: Uint8Array): Map<number, Buffer> {
  const elements = new Map<number, Buffer>();
  const buffer = Buffer.from(bytes);
  let at = 0;
  const next = (): number => buffer.readUInt8(at++);
  while (at < buffer.length) {
    const first = next();
    const hasSecondByte = (first & 0x1f) === 0x1f;
    const tag = hasSecondByte ? (first << 8) | next() : first;
    const short = next();
    const length = short === 0x81 ? next() : short === 0x82 ? (next() << 8) | next() : short;
    if (short > 0x82 || at + length > buffer.length) throw new Error('a TLV is cut off');
    elements.set(tag, buffer.subarray(at, at + length));
    at += length;
  }
  return elements;
}

/** A positive INTEGER (X.690, 8.3) out of big-endian bytes. */
export function derInteger(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const short = first < 0 ? Uint8Array.of(0) : bytes.subarray(first);
  return tlv(0x02, ((short[0] ?? 0) & 0x80) === 0 ? [] : [0], short);
}

/** An OBJECT IDENTIFIER (X.690, 8.19). @param dotted for example `1.2.840`. */
export function derOid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const base128 = (arc: number): number[] => {
    const bytes = [arc & 0x7f];
    for (let more = Math.floor(arc / 128); more > 0; more = Math.floor(more / 128)) {
      bytes.unshift((more & 0x7f) | 0x80);
    }
    return bytes;
  };
  return tlv(0x06, [first * 40 + second, ...rest.flatMap(base128)]);
}

export const derSequence = (...contents: readonly Content[]): Buffer => tlv(0x30, ...contents);
