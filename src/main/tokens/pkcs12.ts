/**
 * Opens PKCS#12 files (RFC 7292): keys and certificates, protected with a password or not at all. A bundle of its own,
 * read when there is such a file (pkcs12-file.ts): nothing else needs the library it stands on.
 */
import { EncryptedContentInfo } from '@peculiar/asn1-cms';
import {
  AuthenticatedSafe,
  CertBag,
  id_certBag,
  id_keyBag,
  id_pkcs8ShroudedKeyBag,
  id_SafeContents,
  id_x509Certificate,
  PFX,
  PKCS8ShroudedKeyBag,
  SafeContents,
} from '@peculiar/asn1-pfx';
import { AsnConvert, AsnProp, AsnPropTypes, AsnType, AsnTypeTypes } from '@peculiar/asn1-schema';
import { fromBER, OctetString } from 'asn1js';
import { decrypt, isPbes2, macIsRight, Rounds } from './pkcs12-crypto.ts';
import { Pkcs12Problem } from './pkcs12-problem.ts';

/** What is in a file. */
export interface Pkcs12Contents {
  /** PKCS#8, DER, not encrypted. */
  readonly keys: readonly Buffer[];
  /** X.509, DER, in the file's order. */
  readonly certificates: readonly Uint8Array[];
}

export type Pkcs12Answer =
  | { readonly contents: Pkcs12Contents }
  /** By its kind, because classes of another bundle are strangers. */
  | { readonly problem: Pkcs12Problem };

const contentTypes = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  envelopedData: '1.2.840.113549.1.7.3',
  encryptedData: '1.2.840.113549.1.7.6',
};

/** RFC 5652, section 8: the one structure the library lacks. Attributes that may follow are of no interest. */
class EncryptedData {
  version = 0;
  encryptedContentInfo = new EncryptedContentInfo();
  attributes?: ArrayBuffer;
}
AsnProp({ type: AsnPropTypes.Integer })(EncryptedData.prototype, 'version');
AsnProp({ type: EncryptedContentInfo })(EncryptedData.prototype, 'encryptedContentInfo');
AsnProp({ type: AsnPropTypes.Any, context: 1, implicit: true, optional: true })(
  EncryptedData.prototype,
  'attributes',
);
AsnType({ type: AsnTypeTypes.Sequence })(EncryptedData);

/** Bags may lie in bags. */
const maxDepth = 4;

/**
 * Opens a file.
 * @param password the empty one also stands for none.
 * @param pause lets others have their turn in the midst of long work.
 */
export async function openPkcs12(
  bytes: Uint8Array,
  password: string,
  pause: () => Promise<void>,
): Promise<Pkcs12Answer> {
  try {
    return { contents: await open(bytes, password, new Rounds(pause)) };
  } catch (error) {
    if (error instanceof Pkcs12Problem) return { problem: error };
    throw error;
  }
}

async function open(bytes: Uint8Array, password: string, rounds: Rounds): Promise<Pkcs12Contents> {
  const pfx = parse(bytes, PFX);
  const { contentType, content } = pfx.authSafe;
  if (contentType === contentTypes.signedData) throw new Pkcs12Problem('public-key');
  if (contentType !== contentTypes.data) throw new Pkcs12Problem('damaged');
  const safe = bytesOf(content);
  if (!hasMac(pfx)) return unpack(safe, password, rounds);
  const { mac, macSalt } = pfx.macData;
  const iterations: unknown = pfx.macData.iterations; // a text where it is large, whatever the library's type says
  const isRight = await macIsRight(
    {
      algorithm: mac.digestAlgorithm,
      digest: new Uint8Array(mac.digest.buffer),
      salt: new Uint8Array(macSalt.buffer),
      iterations: Number(iterations),
      content: safe,
    },
    password,
    rounds,
  );
  if (isRight) return unpack(safe, password, rounds, 'two-passwords');
  // Only the password? Where it opens what is inside, the file was changed.
  const { encrypted } = await unpack(safe, password, rounds);
  throw new Pkcs12Problem(encrypted ? 'altered' : 'password');
}

/** Where there is none, the library leaves an empty one. */
function hasMac({ macData }: PFX): boolean {
  return macData.mac.digestAlgorithm.algorithm !== '';
}

interface Unpacked extends Pkcs12Contents {
  /** Whether the password was needed for any of it. */
  readonly encrypted: boolean;
}

interface Unpacking {
  readonly password: string;
  readonly rounds: Rounds;
  /** What it means that the password does not decrypt. */
  readonly mismatch: 'password' | 'two-passwords';
  readonly keys: Buffer[];
  readonly certificates: Uint8Array[];
  encrypted: boolean;
}

async function unpack(
  safe: Uint8Array,
  password: string,
  rounds: Rounds,
  mismatch: Unpacking['mismatch'] = 'password',
): Promise<Unpacked> {
  const into: Unpacking = { password, rounds, mismatch, keys: [], certificates: [], encrypted: false };
  const contents = parse(safe, AuthenticatedSafe);
  refuseOld(contents);
  for (const { contentType, content } of contents) {
    if (contentType === contentTypes.data) {
      await unpackBags(bytesOf(content), into, 0);
    } else if (contentType === contentTypes.encryptedData) {
      const { encryptedContentInfo: info } = parse(new Uint8Array(content), EncryptedData);
      const parts = [info.encryptedContent?.value, ...(info.encryptedContent?.constructedValue ?? [])];
      const encrypted = Buffer.concat(parts.flatMap((part) => (part ? [new Uint8Array(part.buffer)] : [])));
      await unpackBags(await decrypted(info.contentEncryptionAlgorithm, encrypted, into), into, 0);
    } else {
      throw new Pkcs12Problem(contentType === contentTypes.envelopedData ? 'public-key' : 'damaged');
    }
  }
  return into;
}

/** Nobody shall type a password for what cannot be decrypted. Bags that are encrypted themselves show later. */
function refuseOld(contents: AuthenticatedSafe): void {
  const algorithms = Array.from(contents).flatMap(({ contentType, content }) => {
    if (contentType === contentTypes.encryptedData) {
      return [
        parse(new Uint8Array(content), EncryptedData).encryptedContentInfo.contentEncryptionAlgorithm
          .algorithm,
      ];
    }
    if (contentType !== contentTypes.data) return [];
    return Array.from(parse(bytesOf(content), SafeContents))
      .filter(({ bagId }) => bagId === id_pkcs8ShroudedKeyBag)
      .map(
        ({ bagValue }) => parse(new Uint8Array(bagValue), PKCS8ShroudedKeyBag).encryptionAlgorithm.algorithm,
      );
  });
  if (!algorithms.every(isPbes2)) throw new Pkcs12Problem('algorithm');
}

async function unpackBags(bytes: Uint8Array, into: Unpacking, depth: number): Promise<void> {
  if (depth > maxDepth) throw new Pkcs12Problem('damaged');
  for (const { bagId, bagValue } of parse(bytes, SafeContents)) {
    const value = new Uint8Array(bagValue);
    if (bagId === id_keyBag) {
      into.keys.push(Buffer.from(value));
    } else if (bagId === id_pkcs8ShroudedKeyBag) {
      const { encryptionAlgorithm, encryptedData } = parse(value, PKCS8ShroudedKeyBag);
      into.keys.push(await decrypted(encryptionAlgorithm, new Uint8Array(encryptedData.buffer), into));
    } else if (bagId === id_certBag) {
      const { certId, certValue } = parse(value, CertBag);
      if (certId === id_x509Certificate) into.certificates.push(bytesOf(certValue));
    } else if (bagId === id_SafeContents) {
      await unpackBags(value, into, depth + 1);
    }
    // CRLs and secrets are nothing to us.
  }
}

async function decrypted(
  algorithm: Parameters<typeof decrypt>[0],
  bytes: Uint8Array,
  into: Unpacking,
): Promise<Buffer> {
  const { password, rounds, mismatch } = into;
  const plain = await decrypt(algorithm, bytes, password, rounds);
  // One wrong password in 256 leaves what looks like padding, but hardly ever a sequence of just that length.
  if (plain === null || !isOneSequence(plain)) throw new Pkcs12Problem(mismatch);
  into.encrypted = true;
  return plain;
}

function isOneSequence(bytes: Buffer): boolean {
  const [tag, length = 0] = bytes;
  if (tag !== 0x30) return false;
  if (length <= 0x80) return length === 0x80 || length === bytes.length - 2; // 0x80: its end is marked (BER)
  const size = length - 0x80;
  return size <= 4 && bytes.length > 2 + size && bytes.readUIntBE(2, size) === bytes.length - 2 - size;
}

/** What an OCTET STRING holds, also one in parts. */
function bytesOf(content: ArrayBuffer): Uint8Array {
  const { result } = fromBER(content);
  if (!(result instanceof OctetString)) throw new Pkcs12Problem('damaged');
  return new Uint8Array(result.getValue());
}

function parse<T>(bytes: Uint8Array, type: new () => T): T {
  try {
    return AsnConvert.parse(bytes, type);
  } catch (cause) {
    throw new Pkcs12Problem('damaged', cause);
  }
}
