/**
 * What a YubiKey says of a key it made: when the key wants the PIN and when a touch. PKCS#11 has no word for a touch, and
 * shows the rest only after login; Yubico's module shows these certificates to everybody.
 * Source: https://developers.yubico.com/PIV/Introduction/PIV_attestation.html
 */
import type { KeyInfo } from '../../shared/model.ts';
import type { Certificate } from '../roles-anywhere/certificate.ts';
import { readElements, type DerElement } from '../roles-anywhere/der.ts';

/** Null for what this YubiKey says in numbers unknown here. */
export interface KeyPolicy {
  /** `once`: after each time the card was taken; `always`: right before each signature. */
  readonly pin: 'never' | 'once' | 'always' | null;
  readonly touch: Exclude<KeyInfo['touch'], 'unknown'> | null;
}

/** What Yubico's module calls the certificate of slot f9; the labels of attestations go on with their slot. */
const attestersLabel = 'X.509 Certificate for PIV Attestation';
/** 1.3.6.1.4.1.41482.3.8, DER. */
const policyExtension = '060a2b0601040182c40a0308';
const pinPolicies = new Map<number | undefined, KeyPolicy['pin']>([
  [1, 'never'],
  [2, 'once'],
  [3, 'always'],
]);
const touchPolicies = new Map<number | undefined, KeyPolicy['touch']>([
  [1, 'never'],
  [2, 'always'],
  [3, 'cached'],
]);

/**
 * Yubico's module shows an attestation certificate beside each key, with the key's own CKA_ID and public key; and the
 * certificate that issued them, beside a key that does nothing else.
 */
export function isAttestation(label: string, certificate: Certificate): boolean {
  return (
    label.startsWith(attestersLabel) ||
    isAttester(label, certificate) ||
    certificate.issuerAttributes.some(isAttestersName)
  );
}

/** Whether it is the certificate of the key that attests others; an organisation may have put its own in its place. */
export function isAttester(label: string, { subjectAttributes }: Certificate): boolean {
  return label === attestersLabel || subjectAttributes.some(isAttestersName);
}

function isAttestersName({ value }: { readonly value: string }): boolean {
  return value.startsWith('Yubico PIV Attestation');
}

/** The policies that an attestation certificate tells; null where it tells none. */
export function attestedPolicy({ der }: Certificate): KeyPolicy | null {
  const value = extensionsOf(der).find(({ oid }) => oid === policyExtension)?.value;
  if (value?.length !== 2) return null;
  return { pin: pinPolicies.get(value[0]) ?? null, touch: touchPolicies.get(value[1]) ?? null };
}

/** Extensions of a certificate that was parsed before (RFC 5280, 4.1). */
function extensionsOf(der: Uint8Array): { oid: string; value: Uint8Array }[] {
  const [certificate] = readElements(der);
  const [tbs] = childrenOf(certificate);
  const explicitExtensions = 0xa3;
  const [list] = childrenOf(childrenOf(tbs).find(({ tag }) => tag === explicitExtensions));
  return childrenOf(list).map((extension) => {
    const parts = childrenOf(extension);
    return {
      oid: Buffer.from(parts[0]?.whole ?? []).toString('hex'),
      value: parts.at(-1)?.content ?? Uint8Array.of(),
    };
  });
}

function childrenOf(element: DerElement | undefined): DerElement[] {
  return element === undefined ? [] : readElements(element.content);
}
