/**
 * The canonical query written straight from RFC 3986 and AWS's page, over bytes: nothing here is an encoder of the
 * language's library.
 */

/** Section 2.3: ALPHA / DIGIT / "-" / "." / "_" / "~". */
function isUnreserved(byte: number): boolean {
  return (
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2d ||
    byte === 0x2e ||
    byte === 0x5f ||
    byte === 0x7e
  );
}

/** Section 2.1: percent, two upper-case hex digits, for every other octet of the UTF-8 form. */
export function percentEncodeOracle(text: string): string {
  const digits = '0123456789ABCDEF';
  let encoded = '';
  for (const byte of new TextEncoder().encode(text)) {
    encoded += isUnreserved(byte)
      ? String.fromCharCode(byte)
      : `%${digits.charAt(byte >> 4)}${digits.charAt(byte & 15)}`;
  }
  return encoded;
}

/** Encoded, then sorted by name and value as bytes, by insertion. */
export function canonicalQueryOracle(parameters: readonly (readonly [string, string])[]): string {
  const sorted: [string, string][] = [];
  for (const [name, value] of parameters) {
    const pair: [string, string] = [percentEncodeOracle(name), percentEncodeOracle(value)];
    let at = 0;
    while (at < sorted.length && comparePairs(sorted[at]!, pair) <= 0) at++;
    sorted.splice(at, 0, pair);
  }
  return sorted.map((pair) => pair.join('=')).join('&');
}

function comparePairs(a: [string, string], b: [string, string]): number {
  return (
    Buffer.compare(Buffer.from(a[0]), Buffer.from(b[0])) ||
    Buffer.compare(Buffer.from(a[1]), Buffer.from(b[1]))
  );
}
