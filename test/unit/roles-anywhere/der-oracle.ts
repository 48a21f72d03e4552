/** A strict reader of ECDSA-Sig-Value (SEC 1, C.5) in DER (X.690, section 10), for nothing else. */

/** @throws where one byte is not as DER has it. */
export function readEcdsaSignature(der: Uint8Array): { r: bigint; s: bigint } {
  const [content, after] = element(der, 0, 0x30);
  if (after !== der.length) throw new Error('bytes after the sequence');
  const [r, afterR] = element(content, 0, 0x02);
  const [s, afterS] = element(content, afterR, 0x02);
  if (afterS !== content.length) throw new Error('bytes after the second integer');
  return { r: positive(r), s: positive(s) };
}

function element(bytes: Uint8Array, at: number, tag: number): [content: Uint8Array, next: number] {
  if (bytes[at] !== tag) throw new Error(`no tag ${String(tag)} at ${String(at)}`);
  const first = bytes[at + 1]!;
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    if (first !== 0x81) throw new Error('a longer length than any signature has');
    length = bytes[start]!;
    if (length < 0x80) throw new Error('a length in long form that fits the short one');
    start += 1;
  }
  if (start + length > bytes.length) throw new Error('cut short');
  return [bytes.slice(start, start + length), start + length];
}

function positive(content: Uint8Array): bigint {
  if (content.length === 0) throw new Error('an empty integer');
  if (content[0]! >= 0x80) throw new Error('a negative integer');
  if (content.length > 1 && content[0] === 0 && content[1]! < 0x80) throw new Error('a needless zero');
  return BigInt(`0x${Buffer.from(content).toString('hex')}`);
}
