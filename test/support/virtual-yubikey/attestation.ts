/**
 * Certificates as a YubiKey makes them: it attests that a key was made on it, in which firmware and with which policies
 * (https://developers.yubico.com/PIV/Introduction/PIV_attestation.html). The root is ours, not Yubico's.
 */
import { createPublicKey, randomBytes, sign, type KeyObject } from 'node:crypto';
import { algorithms, makeKey, type KeyPolicy } from './piv-key.ts';
import { pinPolicyNumbers, touchPolicyNumbers, type PivSlot } from './slots.ts';
import { derInteger, derOid, derSequence, tlv } from './tlv.ts';

const extensions = {
  firmware: '1.3.6.1.4.1.41482.3.3',
  serial: '1.3.6.1.4.1.41482.3.7',
  policy: '1.3.6.1.4.1.41482.3.8',
  formFactor: '1.3.6.1.4.1.41482.3.9',
};
const attestationName = 'Yubico PIV Attestation';

export interface Attester {
  readonly privateKey: KeyObject;
  readonly algorithm: number;
  /** DER. */
  readonly certificate: Buffer;
}

let attester: Attester | undefined;

/** The key of slot f9 with its certificate; one for all virtual YubiKeys of a process, since an RSA key takes long. */
export function sharedAttester(): Attester {
  if (attester === undefined) {
    const privateKey = makeKey('RSA-2048');
    const issuer = 'Yubico PIV Root CA Serial 263751';
    const certificate = makeCertificate({
      subject: attestationName,
      issuer,
      key: privateKey,
      signer: privateKey,
    });
    attester = { privateKey, algorithm: algorithms['RSA-2048'], certificate };
  }
  return attester;
}

export interface Attested extends KeyPolicy {
  readonly slot: PivSlot;
  readonly privateKey: KeyObject;
  readonly serial: number;
  readonly firmware: readonly number[];
}

/** DER. */
export function attest(attested: Attested): Buffer {
  const { slot, privateKey, serial, firmware, pinPolicy, touchPolicy } = attested;
  return makeCertificate({
    subject: `YubiKey PIV Attestation ${slot}`,
    issuer: attestationName,
    key: privateKey,
    signer: sharedAttester().privateKey,
    extensions: [
      [extensions.firmware, Buffer.from(firmware)],
      [extensions.serial, derInteger(bigEndian(serial))],
      [extensions.policy, Buffer.from([pinPolicyNumbers[pinPolicy], touchPolicyNumbers[touchPolicy]])],
      [extensions.formFactor, Buffer.from([0x01])], // a USB-A key for the key ring
    ],
  });
}

export function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

interface CertificateFields {
  readonly subject: string;
  readonly issuer: string;
  readonly key: KeyObject;
  /** An RSA key. */
  readonly signer: KeyObject;
  readonly extensions?: readonly (readonly [oid: string, value: Buffer])[];
}

function makeCertificate({ subject, issuer, key, signer, extensions = [] }: CertificateFields): Buffer {
  const sha256WithRsa = derSequence(derOid('1.2.840.113549.1.1.11'), tlv(0x05));
  const listed = extensions.map(([oid, value]) => derSequence(derOid(oid), tlv(0x04, value)));
  const toBeSigned = derSequence(
    tlv(0xa0, derInteger(Uint8Array.of(2))), // X.509 version 3
    derInteger(randomBytes(16)),
    sha256WithRsa,
    commonName(issuer),
    derSequence(generalizedTime('20160314000000'), generalizedTime('20520417000000')),
    commonName(subject),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    ...(listed.length === 0 ? [] : [tlv(0xa3, derSequence(...listed))]),
  );
  return derSequence(toBeSigned, sha256WithRsa, tlv(0x03, [0], sign('sha256', toBeSigned, signer)));
}

const commonName = (text: string): Buffer =>
  derSequence(tlv(0x31, derSequence(derOid('2.5.4.3'), tlv(0x0c, Buffer.from(text)))));
const generalizedTime = (digits: string): Buffer => tlv(0x18, Buffer.from(`${digits}Z`));
