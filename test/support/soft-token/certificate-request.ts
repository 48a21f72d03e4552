/** A certification request (PKCS#10, RFC 2986) for a P-256 key that never leaves its token. */
import { createHash } from 'node:crypto';
import type { ObjectName, SoftToken } from './soft-hsm.ts';

/** Attribute types of X.520 that a device's subject has. */
const attributeTypes = { O: '060355040a', OU: '060355040b', CN: '0603550403' };
const ecdsaWithSha256 = '06082a8648ce3d040302';

export type Subject = readonly (readonly [type: keyof typeof attributeTypes, value: string])[];

/** PEM. The token signs it, which proves that it holds the key. */
export function certificateRequest(token: SoftToken, key: Pick<ObjectName, 'id'>, subject: Subject): string {
  const info = der(0x30, der(0x02, [0]), name(subject), token.publicKey(key), der(0xa0));
  const signature = token.signDigest(createHash('sha256').update(info).digest(), key);
  const request = der(
    0x30,
    info,
    der(0x30, Buffer.from(ecdsaWithSha256, 'hex')),
    der(0x03, [0], signature), // BIT STRING without unused bits
  );
  const lines = request.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE REQUEST-----', ...lines, '-----END CERTIFICATE REQUEST-----', ''].join(
    '\n',
  );
}

function name(subject: Subject): Buffer {
  const parts = subject.map(([type, value]) => {
    const attribute = der(0x30, Buffer.from(attributeTypes[type], 'hex'), der(0x0c, Buffer.from(value)));
    return der(0x31, attribute);
  });
  return der(0x30, ...parts);
}

function der(tag: number, ...contents: (Uint8Array | readonly number[])[]): Buffer {
  const content = Buffer.concat(contents.map((part) => Uint8Array.from(part)));
  const { length } = content;
  const prefix =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Uint8Array.of(tag, ...prefix), content]);
}
