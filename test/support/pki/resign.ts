/** Certificates and lists that no tool would issue: taken apart, changed, and signed again. */
import { sign } from 'node:crypto';

/** The DER of the values inside a constructed one. Knows what openssl writes: one-octet tags, definite lengths. */
export function parts(der: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = headerLength(der, 0); at < der.length; at += found.at(-1)!.length) {
    const head = headerLength(der, at);
    found.push(der.subarray(at, at + head + contentLength(der, at)));
  }
  return found;
}

/** A constructed value of these; a SEQUENCE where no tag is given. */
export function construct(values: readonly Buffer[], tag = 0x30): Buffer {
  const content = Buffer.concat(values);
  const length = content.length;
  const head = length < 0x80 ? [length] : [0x84, length >>> 24, length >>> 16, length >>> 8, length];
  // The fewest octets: leading zeros of the length go, and the first octet counts the others.
  while (head.length > 2 && (head[1]! & 0xff) === 0) head.splice(1, 1);
  if (head.length > 1) head[0] = 0x80 | (head.length - 1);
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}

/**
 * The PEM of a certificate or a list with the fields of its signed part changed, signed with SHA-256 by `key` (PEM).
 * The algorithm it names outside stays, so it must have been SHA-256 with a key of that kind before.
 */
export function resigned(pem: string, key: string, change: (fields: Buffer[]) => Buffer[]): string {
  const [, label = '', base64 = ''] = /-----BEGIN ([^-]+)-----([^-]+)-----END/.exec(pem) ?? [];
  const [signed, algorithm] = parts(Buffer.from(base64, 'base64'));
  const changed = construct(change(parts(signed!)));
  const signature = Buffer.concat([Buffer.alloc(1), sign('sha256', changed, key)]);
  const der = construct([changed, algorithm!, construct([signature], 0x03)]);
  return `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`;
}

const headerLength = (der: Buffer, at: number): number => {
  const first = der[at + 1]!;
  return first < 0x80 ? 2 : 2 + (first & 0x7f);
};

const contentLength = (der: Buffer, at: number): number => {
  const first = der[at + 1]!;
  return first < 0x80 ? first : der.readUIntBE(at + 2, first & 0x7f);
};
