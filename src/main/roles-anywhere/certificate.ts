/** Reading X.509 certificates (RFC 5280), whoever made them. */
import { createHash } from 'node:crypto';
import 'reflect-metadata'; // @peculiar/x509 needs it to be there first
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  Name,
  X509Certificate,
} from '@peculiar/x509';
import { AppError } from '../../shared/errors.ts';
import { readElements } from './der.ts';
import type { DerElement } from './der.ts';

/** An X.509 certificate as far as signing for IAM Roles Anywhere needs to know it. */
export interface Certificate {
  /** DER. */
  readonly der: Uint8Array;
  /** Lower-case hex of the DER's SHA-256: the certificate's name in Rolekey. */
  readonly sha256: string;
  /** X.509 version as counted from 1. */
  readonly version: number;
  /** Unsigned decimal, the form IAM Roles Anywhere wants in `Credential=`. */
  readonly serial: string;
  /** RFC 4514 text, for people; never compared. */
  readonly subject: string;
  readonly issuer: string;
  /** In the certificate's order. */
  readonly subjectAttributes: readonly NameAttribute[];
  readonly issuerAttributes: readonly NameAttribute[];
  /** The DNS names and URIs of subjectAltName, as types `DNS` and `URI`. */
  readonly alternativeNames: readonly NameAttribute[];
  /** The directory names of subjectAltName, each as its attributes. */
  readonly directoryNames: readonly (readonly NameAttribute[])[];
  readonly subjectIsEmpty: boolean;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly isCa: boolean;
  /** How many CA certificates may stand below this one (basicConstraints pathLenConstraint); null: any number. */
  readonly pathLength: number | null;
  /** Null where there is no keyUsage extension. */
  readonly digitalSignature: boolean | null;
  readonly keyCertSign: boolean | null;
  /** OIDs; null where there is no extendedKeyUsage extension. */
  readonly extendedKeyUsage: readonly string[] | null;
  /** WebCrypto's name of the algorithm the issuer signed with (`ECDSA`, `Ed25519` ...); the OID where it has none. */
  readonly signatureAlgorithm: string;
  /** Hash of the signature algorithm, lower case (`sha256`, `sha1`, `md5` ...); null where it has none or it is unknown. */
  readonly signatureHash: string | null;
  /** Null for a signature that cannot be verified here. */
  readonly issuerSignature: IssuerSignature | null;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** Null for a key IAM Roles Anywhere cannot take from us. */
  readonly keyType: KeyType | null;
}

export type KeyType =
  | { readonly type: 'RSA'; readonly bits: number }
  | { readonly type: 'EC'; readonly curve: 'P-256' | 'P-384' | 'P-521' };

/** One attribute of a distinguished name. */
export interface NameAttribute {
  /** `CN`, `OU` ..., or the OID where it has no short name. */
  readonly type: string;
  readonly value: string;
}

/** What the issuer signed, and how. */
export interface IssuerSignature {
  readonly scheme: 'RSASSA-PKCS1-v1_5' | 'RSASSA-PSS' | 'ECDSA';
  readonly hash: string;
  /** Bytes; only RSASSA-PSS has one. */
  readonly saltLength: number | null;
  /** TBSCertificate, DER. */
  readonly content: Uint8Array;
  readonly value: Uint8Array;
}

/**
 * @param name what to call the certificate in an error.
 * @throws AppError `cert-unreadable`.
 */
export function parseCertificate(der: Uint8Array, name = 'The certificate'): Certificate {
  try {
    const tbs = tbsOf(der);
    return describe(Uint8Array.from(der), tbs, new X509Certificate(Uint8Array.from(der)));
  } catch (cause) {
    throw new AppError('cert-unreadable', { message: `${name} cannot be read.`, cause });
  }
}

const pemBegin = /-----BEGIN ((?:X509 )?CERTIFICATE)-----/g;

/**
 * The certificates of a file, in its order: one in DER, or any number in PEM among other text (keys, comments). A PEM
 * file without one gives none.
 * @param name what to call the file in an error, for example its path.
 * @throws AppError `cert-unreadable` for the first that cannot be read or is cut short, and for what is neither PEM nor
 * DER.
 */
export function parseCertificates(bytes: Uint8Array, name = 'The file'): Certificate[] {
  const text = Buffer.from(bytes).toString('latin1');
  // Text before the first block may begin with a 0, which is DER's tag as well.
  if (!text.includes('-----BEGIN ')) {
    if (bytes[0] === sequenceTag) return [parseCertificate(bytes, `The certificate of ${name}`)];
    throw new AppError('cert-unreadable', { message: `${name} holds no certificate in PEM or DER.` });
  }
  // Each beginning counts, so that a block without an end is not passed over.
  return Array.from(text.matchAll(pemBegin), ({ 0: begin, 1: label = '', index }, count) => {
    const which = `Certificate ${String(count + 1)} of ${name}`;
    const der = pemContent(text.slice(index + begin.length), label);
    if (der === null) throw new AppError('cert-unreadable', { message: `${which} is cut short or damaged.` });
    return parseCertificate(der, which);
  });
}

/** The bytes up to the block's end; null where that is missing, or more than base64 stands before it. */
function pemContent(text: string, label: string): Uint8Array | null {
  const [, base64, end] = /^([A-Za-z0-9+/\s]*(?:=\s*){0,2})-----END ([A-Z0-9 ]+)-----/.exec(text) ?? [];
  return base64 === undefined || end !== label ? null : Buffer.from(base64, 'base64');
}

const sequenceTag = 0x30;

/** TBSCertificate as it was signed. @throws RangeError for what is not one SEQUENCE, or has bytes after it. */
function tbsOf(der: Uint8Array): DerElement {
  const [certificate, ...rest] = readElements(der);
  if (certificate?.tag !== sequenceTag || rest.length > 0) throw new RangeError('not one certificate');
  const [tbs] = readElements(certificate.content);
  if (tbs === undefined) throw new RangeError('no TBSCertificate');
  return tbs;
}

function describe(der: Uint8Array, tbs: DerElement, x509: X509Certificate): Certificate {
  const keyUsage = x509.getExtension(KeyUsagesExtension);
  const basicConstraints = x509.getExtension(BasicConstraintsExtension);
  const subjectAttributes = attributesOf(x509.subjectName);
  const signatureHash = signatureHashOf(x509);
  return {
    der,
    sha256: createHash('sha256').update(der).digest('hex'),
    version: versionOf(tbs),
    serial: BigInt(`0x${x509.serialNumber}`).toString(),
    subject: x509.subject,
    issuer: x509.issuer,
    subjectAttributes,
    issuerAttributes: attributesOf(x509.issuerName),
    alternativeNames: alternativeNamesOf(x509),
    directoryNames: directoryNamesOf(x509),
    subjectIsEmpty: subjectAttributes.length === 0,
    notBefore: x509.notBefore.getTime(),
    notAfter: x509.notAfter.getTime(),
    isCa: basicConstraints?.ca ?? false,
    pathLength: basicConstraints?.pathLength ?? null,
    digitalSignature: keyUsage && (keyUsage.usages & KeyUsageFlags.digitalSignature) !== 0,
    keyCertSign: keyUsage && (keyUsage.usages & KeyUsageFlags.keyCertSign) !== 0,
    extendedKeyUsage: x509.getExtension(ExtendedKeyUsageExtension)?.usages.map(String) ?? null,
    signatureAlgorithm: algorithmOf(x509).name,
    signatureHash,
    issuerSignature: signatureHash === null ? null : issuerSignatureOf(x509, tbs.whole, signatureHash),
    spki: new Uint8Array(x509.publicKey.rawData),
    keyType: keyTypeOf(x509),
  };
}

/** `version [0] EXPLICIT`, left out for version 1; the number itself counts from 0. */
function versionOf(tbs: DerElement): number {
  const [first] = readElements(tbs.content);
  return first?.tag === 0xa0 ? (first.content.at(-1) ?? 0) + 1 : 1;
}

function attributesOf(name: Name): NameAttribute[] {
  return name
    .toJSON()
    .flatMap((rdn) =>
      Object.entries(rdn).flatMap(([type, values]) => values.map((value) => ({ type, value }))),
    );
}

const alternativeNameTypes = new Map([
  ['dns', 'DNS'],
  ['url', 'URI'],
]);

function alternativeNamesOf(x509: X509Certificate): NameAttribute[] {
  const names = x509.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  return names.flatMap(({ type, value }) => {
    const shown = alternativeNameTypes.get(type);
    return shown === undefined ? [] : [{ type: shown, value }];
  });
}

function directoryNamesOf(x509: X509Certificate): NameAttribute[][] {
  const names = x509.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  return names
    .filter(({ type }) => type === 'dn')
    .map(({ rawData }) => {
      // directoryName [4] EXPLICIT (RFC 5280, section 4.2.1.6)
      const [tagged] = readElements(new Uint8Array(rawData));
      return attributesOf(new Name(tagged?.content ?? new Uint8Array()));
    });
}

interface SignatureAlgorithm {
  readonly name: string;
  readonly hash?: { readonly name: string };
  readonly saltLength?: number;
}

/** The library's type tells less than its value. */
function algorithmOf(x509: X509Certificate): SignatureAlgorithm {
  return x509.signatureAlgorithm as unknown as SignatureAlgorithm;
}

/** Hashes of the signature algorithms the library leaves as OIDs: weak ones, to be named when they are refused. */
const oldSignatureHashes: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.2': 'md2',
  '1.2.840.113549.1.1.3': 'md4',
  '1.2.840.113549.1.1.4': 'md5',
  '1.2.840.113549.1.1.14': 'sha224',
  '1.2.840.10045.4.3.1': 'sha224',
  '1.2.840.10040.4.3': 'sha1', // dsa-with-sha1
  '1.3.14.3.2.3': 'md5', // md5WithRSA of OIW
  '1.3.14.3.2.27': 'sha1', // dsaWithSHA1 of OIW
  '1.3.14.3.2.29': 'sha1', // sha1WithRSASignature of OIW
  '1.3.36.3.3.1.2': 'ripemd160',
};

/** The library's names of hashes; SHA-224 is an OID to it. */
const hashes: Readonly<Record<string, string>> = {
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
  '2.16.840.1.101.3.4.2.4': 'sha224',
};

function signatureHashOf(x509: X509Certificate): string | null {
  const { name, hash } = algorithmOf(x509);
  if (hash !== undefined) return hashes[hash.name] ?? null;
  // RSASSA-PSS without parameters is with SHA-1 (RFC 4055, section 3.1).
  return name === 'RSA-PSS' ? 'sha1' : (oldSignatureHashes[name] ?? null);
}

const schemes: Readonly<Record<string, IssuerSignature['scheme']>> = {
  'RSASSA-PKCS1-v1_5': 'RSASSA-PKCS1-v1_5',
  'RSA-PSS': 'RSASSA-PSS',
  ECDSA: 'ECDSA',
};

function issuerSignatureOf(x509: X509Certificate, content: Uint8Array, hash: string): IssuerSignature | null {
  const algorithm = algorithmOf(x509);
  const scheme = schemes[algorithm.name];
  if (scheme === undefined) return null;
  return {
    scheme,
    hash,
    saltLength: algorithm.saltLength ?? null,
    content,
    value: new Uint8Array(x509.signature),
  };
}

function keyTypeOf(x509: X509Certificate): KeyType | null {
  const algorithm = x509.publicKey.algorithm as { name: string; namedCurve?: string };
  // The names of rsaEncryption and id-ecPublicKey; an RSASSA-PSS key has another.
  if (algorithm.name === 'RSASSA-PKCS1-v1_5') {
    return { type: 'RSA', bits: modulusBits(new Uint8Array(x509.publicKey.rawData)) };
  }
  const curve = algorithm.namedCurve;
  if (algorithm.name === 'ECDSA' && (curve === 'P-256' || curve === 'P-384' || curve === 'P-521')) {
    return { type: 'EC', curve };
  }
  return null;
}

/**
 * Bits of an RSA key's modulus; the library tells whole bytes only.
 * @throws RangeError for what is no RSAPublicKey (RFC 8017, section A.1.1) in a SubjectPublicKeyInfo.
 */
function modulusBits(spki: Uint8Array): number {
  const [info] = readElements(spki);
  const [, bitString] = readElements(info?.content ?? spki);
  // The first byte of a BIT STRING counts its unused bits.
  const [key] = readElements(bitString?.content.subarray(1) ?? spki);
  const [modulus] = readElements(key?.content ?? spki);
  if (modulus === undefined || modulus.content.length === 0) throw new RangeError('no modulus');
  const value = BigInt(`0x${Buffer.from(modulus.content).toString('hex')}`);
  return value === 0n ? 0 : value.toString(2).length;
}
