/** PKCS#12 files by the openssl command line, and what it cannot make out of those it made. */
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openssl } from './openssl.ts';

export interface Pkcs12Recipe {
  /** PEM; null leaves the key out. */
  readonly privatePem: string | null;
  /** PEM, the key's own first; none leaves them out. */
  readonly certificates: readonly string[];
  /** The empty one is what openssl writes for none. */
  readonly password: string;
  /** Of `openssl pkcs12 -export`: how it is protected. */
  readonly flags?: readonly string[];
}

export function pkcs12({ privatePem, certificates, password, flags = [] }: Pkcs12Recipe): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'rolekey-p12-'));
  const file = (name: string, content: string): string => {
    const path = join(directory, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  try {
    const out = join(directory, 'out.p12');
    openssl([
      ...['pkcs12', '-export', '-out', out, '-passout', `file:${file('password', `${password}\n`)}`],
      ...(privatePem === null ? ['-nokeys'] : ['-inkey', file('key.pem', privatePem)]),
      ...(certificates.length === 0
        ? ['-nocerts']
        : ['-in', file('certificates.pem', certificates.join(''))]),
      ...flags,
    ]);
    return readFileSync(out);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** An element of DER: its tag and where its content lies. */
export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  readonly whole: Buffer;
}

/** The elements in `bytes`, one after the other. */
export function elementsOf(bytes: Buffer): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const first = bytes.readUInt8(at + 1);
    const size = first < 0x80 ? 0 : first - 0x80;
    const length = size === 0 ? first : bytes.readUIntBE(at + 2, size);
    const start = at + 2 + size;
    elements.push({
      tag: bytes.readUInt8(at),
      content: bytes.subarray(start, start + length),
      whole: bytes.subarray(at, start + length),
    });
    at = start + length;
  }
  return elements;
}

export function element(tag: number, ...content: Uint8Array[]): Buffer {
  const bytes = Buffer.concat(content);
  const digits = bytes.length.toString(16);
  const length = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  const header = bytes.length < 0x80 ? [tag, bytes.length] : [tag, 0x80 + length.length, ...length];
  return Buffer.concat([Uint8Array.from(header), bytes]);
}

const sequence = (...content: Uint8Array[]): Buffer => element(0x30, ...content);
const oid = (hex: string): Buffer => element(0x06, Buffer.from(hex, 'hex'));
const integer = (value: number): Buffer => {
  const digits = value.toString(16);
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  return element(0x02, Buffer.from(parseInt(even.slice(0, 2), 16) >= 0x80 ? `00${even}` : even, 'hex'));
};
const octets = (bytes: Uint8Array): Buffer => element(0x04, bytes);

/**
 * A file without a MAC with one of RFC 9579 (PBMAC1) put on.
 * @param said how many iterations it says, where that is not what was done.
 */
export function withPbmac1(file: Buffer, password: string, said = 2048): Buffer {
  const iterations = 2048;
  const [version, authSafe] = elementsOf(elementsOf(file)[0]!.content);
  const content = elementsOf(elementsOf(authSafe!.content)[1]!.content)[0]!.content;
  const salt = Buffer.from('0123456789abcdef', 'hex');
  const hmacWithSha256 = sequence(oid('2a864886f70d0209'), element(0x05));
  const key = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const mac = createHmac('sha256', key).update(content).digest();
  const kdf = sequence(
    oid('2a864886f70d01050c'),
    sequence(octets(salt), integer(said), integer(32), hmacWithSha256),
  );
  const algorithm = sequence(oid('2a864886f70d01050e'), sequence(kdf, hmacWithSha256));
  const macData = sequence(sequence(algorithm, octets(mac)), octets(Buffer.from('NOT USED')), integer(1));
  return sequence(version!.whole, authSafe!.whole, macData);
}

/**
 * A file without a MAC with one made of no password at all (not of the empty one, which is two bytes), as Windows may
 * write it. RFC 7292, appendix B.2, with one iteration.
 */
export function withPasswordlessMac(file: Buffer): Buffer {
  const [version, authSafe] = elementsOf(elementsOf(file)[0]!.content);
  const content = elementsOf(elementsOf(authSafe!.content)[1]!.content)[0]!.content;
  const salt = Buffer.from('0123456789abcdef', 'hex');
  const key = createHash('sha256').update(Buffer.alloc(64, 3)).update(Buffer.alloc(64, salt)).digest();
  const mac = createHmac('sha256', key).update(content).digest();
  const sha256 = sequence(oid('608648016503040201'), element(0x05));
  const macData = sequence(sequence(sha256, octets(mac)), octets(salt));
  return sequence(version!.whole, authSafe!.whole, macData);
}

/** The MAC's number of iterations set to another one: its last element. */
export function withIterations(file: Buffer, iterations: number): Buffer {
  const [version, authSafe, macData] = elementsOf(elementsOf(file)[0]!.content);
  const [digest, salt] = elementsOf(macData!.content);
  return sequence(version!.whole, authSafe!.whole, sequence(digest!.whole, salt!.whole, integer(iterations)));
}

const open = (tag: number, ...content: Uint8Array[]): Buffer =>
  Buffer.concat([Uint8Array.of(tag, 0x80), ...content, Buffer.alloc(2)]);
/** An octet string of that tag in two parts. */
const inParts = (tag: number, bytes: Buffer): Buffer => {
  const half = Math.floor(bytes.length / 2);
  return open(tag, octets(bytes.subarray(0, half)), octets(bytes.subarray(half)));
};

/** The same file as Mozilla's NSS and old Windows write them: lengths left open, and octet strings in parts (BER). */
export function asBer(file: Buffer): Buffer {
  const [version, authSafe, ...mac] = elementsOf(elementsOf(file)[0]!.content);
  const [type, explicit] = elementsOf(authSafe!.content);
  const [safe] = elementsOf(explicit!.content);
  return open(
    0x30,
    version!.whole,
    open(0x30, type!.whole, open(0xa0, inParts(0x24, safe!.content))),
    ...mac.map(({ whole }) => whole),
  );
}

/** The same for what is inside, which no MAC is then right for: the file must have none. */
export function asBerInside(file: Buffer): Buffer {
  const [version, authSafe] = elementsOf(elementsOf(file)[0]!.content);
  const [type, explicit] = elementsOf(authSafe!.content);
  const [safe] = elementsOf(explicit!.content);
  const contents = elementsOf(elementsOf(safe!.content)[0]!.content).map(({ content }) => {
    const [contentType, inner] = elementsOf(content);
    const [value] = elementsOf(inner!.content);
    if (value!.tag === 0x04) return open(0x30, contentType!.whole, open(0xa0, inParts(0x24, value!.content)));
    const [encryptedVersion, info] = elementsOf(value!.content);
    const [infoType, algorithm, encrypted] = elementsOf(info!.content);
    const infoOpen = open(0x30, infoType!.whole, algorithm!.whole, inParts(0xa0, encrypted!.content));
    return open(0x30, contentType!.whole, open(0xa0, open(0x30, encryptedVersion!.whole, infoOpen)));
  });
  return sequence(version!.whole, sequence(type!.whole, element(0xa0, octets(open(0x30, ...contents)))));
}

/** What is in two files without a MAC, in one. */
export function merged(one: Buffer, other: Buffer): Buffer {
  const contents = (file: Buffer): Buffer => {
    const [, authSafe] = elementsOf(elementsOf(file)[0]!.content);
    const [safe] = elementsOf(elementsOf(authSafe!.content)[1]!.content);
    return elementsOf(safe!.content)[0]!.content;
  };
  const [version, authSafe] = elementsOf(elementsOf(one)[0]!.content);
  const [type] = elementsOf(authSafe!.content);
  const safe = octets(sequence(contents(one), contents(other)));
  return sequence(version!.whole, sequence(type!.whole, element(0xa0, safe)));
}

/** The MAC of one file on the content of another. */
export function withMacOf(content: Buffer, mac: Buffer): Buffer {
  const [version, authSafe] = elementsOf(elementsOf(content)[0]!.content);
  const [, , macData] = elementsOf(elementsOf(mac)[0]!.content);
  return sequence(version!.whole, authSafe!.whole, macData!.whole);
}
