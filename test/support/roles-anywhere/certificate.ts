/**
 * What the server has to know about a certificate and node:crypto does not tell. RFC 5280 section 4.1.
 */
import { X509Certificate, type KeyObject } from 'node:crypto';
import {
  boolean,
  context,
  contextPrimitive,
  DerError,
  DerReader,
  integer,
  namedBits,
  oid,
  readDer,
  tags,
  time,
  type Der,
} from './der.ts';
import { readName, type Name } from './names.ts';

export interface AlternativeNames {
  readonly dns: readonly string[];
  readonly uri: readonly string[];
  readonly directory: readonly Name[];
}

export interface Certificate {
  readonly der: Buffer;
  readonly version: number;
  readonly serial: bigint;
  /** Hash of the issuer's signature; null where the algorithm is none of RSA and ECDSA. */
  readonly signatureHash: string | null;
  readonly issuer: Name;
  readonly subject: Name;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly publicKey: KeyObject;
  /** Null where the extension is absent. */
  readonly basicConstraints: { readonly ca: boolean; readonly pathLength: number | null } | null;
  readonly keyUsage: ReadonlySet<number> | null;
  readonly extendedKeyUsage: ReadonlySet<string> | null;
  readonly alternativeNames: AlternativeNames;
  /** Whether the holder of this certificate's key signed `other`. Names are not looked at. */
  signed(other: Certificate): boolean;
}

/** Bits of keyUsage, RFC 5280 section 4.2.1.3. */
export const keyUsageBit = { digitalSignature: 0, keyCertSign: 5, crlSign: 6 } as const;
export const clientAuthOid = '1.3.6.1.5.5.7.3.2';

const hashes: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
  '2.16.840.1.101.3.4.2.4': 'sha224',
};

const signatureHashes: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.4': 'md5',
  '1.2.840.113549.1.1.5': 'sha1',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.113549.1.1.14': 'sha224',
  '1.2.840.10045.4.1': 'sha1',
  '1.2.840.10045.4.3.1': 'sha224',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
};

const rsassaPss = '1.2.840.113549.1.1.10';

/** Hash that an AlgorithmIdentifier of a signature names; null for an unknown algorithm. */
export function signatureHashOf(algorithm: Der): string | null {
  const reader = new DerReader(algorithm.content);
  const name = oid(reader.next(tags.oid));
  if (name !== rsassaPss) return signatureHashes[name] ?? null;
  // RFC 4055 section 3.1: the hash is [0] of the parameters, SHA-1 where absent.
  const hash = reader.enter(tags.sequence).optional(context(0));
  if (hash === null) return 'sha1';
  return hashes[oid(new DerReader(hash.content).enter(tags.sequence).next(tags.oid))] ?? null;
}

/** @throws DerError where the bytes are not exactly one certificate. */
export function parseCertificate(der: Buffer): Certificate {
  const outer = new DerReader(readDer(der, tags.sequence).content);
  const body = outer.enter(tags.sequence);
  const signatureAlgorithm = outer.next(tags.sequence);
  outer.next(tags.bitString);
  outer.end();

  const version = body.optional(context(0));
  const serial = integer(body.next(tags.integer));
  if (serial < 0n) throw new DerError('serial number is negative');
  if (!body.next(tags.sequence).bytes.equals(signatureAlgorithm.bytes)) {
    throw new DerError('signature algorithms inside and outside differ');
  }
  const issuer = readName(body.next(tags.sequence));
  const validity = body.enter(tags.sequence);
  const subject = readName(body.next(tags.sequence));
  body.next(tags.sequence); // the public key; node:crypto reads it
  body.optional(contextPrimitive(1));
  body.optional(contextPrimitive(2));
  const extensions = readExtensions(body.optional(context(3)));
  body.end();

  const parsed = parseWithNode(der);
  return {
    der,
    version: version === null ? 1 : Number(integer(readDer(version.content))) + 1,
    serial,
    signatureHash: signatureHashOf(signatureAlgorithm),
    issuer,
    subject,
    notBefore: time(validity.next()),
    notAfter: time(validity.next()),
    publicKey: parsed.publicKey,
    basicConstraints: extension(extensions, '2.5.29.19', readBasicConstraints),
    keyUsage: extension(extensions, '2.5.29.15', namedBits),
    extendedKeyUsage: extension(extensions, '2.5.29.37', readOids),
    alternativeNames: extension(extensions, '2.5.29.17', readAlternativeNames) ?? {
      dns: [],
      uri: [],
      directory: [],
    },
    signed: (other) => new X509Certificate(other.der).verify(parsed.publicKey),
  };
}

/** The certificates of a PEM text, in order. @throws DerError; Error where there is none. */
export function parsePemCertificates(pem: string): Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error('no PEM certificate found');
  return blocks.map((block) =>
    parseCertificate(Buffer.from(block.replace(/-----[^-]+-----/g, ''), 'base64')),
  );
}

function parseWithNode(der: Buffer): { readonly publicKey: KeyObject } {
  try {
    return { publicKey: new X509Certificate(der).publicKey };
  } catch (error) {
    throw new DerError('certificate or its public key cannot be read', { cause: error });
  }
}

function readExtensions(value: Der | null): Map<string, Der> {
  const found = new Map<string, Der>();
  if (value === null) return found;
  for (const item of new DerReader(readDer(value.content, tags.sequence).content).rest()) {
    const reader = new DerReader(item.content);
    const name = oid(reader.next(tags.oid));
    const critical = reader.optional(tags.boolean);
    if (critical !== null) boolean(critical);
    if (found.has(name)) throw new DerError(`extension ${name} occurs twice`);
    found.set(name, readDer(reader.next(tags.octetString).content));
    reader.end();
  }
  return found;
}

function extension<T>(all: Map<string, Der>, name: string, read: (value: Der) => T): T | null {
  const value = all.get(name);
  return value === undefined ? null : read(value);
}

function readBasicConstraints(value: Der): { ca: boolean; pathLength: number | null } {
  const reader = new DerReader(value.content);
  const ca = reader.optional(tags.boolean);
  const pathLength = reader.optional(tags.integer);
  reader.end();
  return {
    ca: ca !== null && boolean(ca),
    pathLength: pathLength === null ? null : Number(integer(pathLength)),
  };
}

const readOids = (value: Der): Set<string> => new Set(Array.from(new DerReader(value.content).rest(), oid));

function readAlternativeNames(value: Der): AlternativeNames {
  const names = [...new DerReader(value.content).rest()];
  const texts = (tag: number): string[] =>
    names.filter((name) => name.tag === tag).map((name) => name.content.toString('latin1'));
  return {
    dns: texts(contextPrimitive(2)),
    uri: texts(contextPrimitive(6)),
    directory: names.filter(({ tag }) => tag === context(4)).map(({ content }) => readName(readDer(content))),
  };
}
