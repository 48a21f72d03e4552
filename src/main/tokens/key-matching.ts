/**
 * Which certificate belongs to which key on a token, told by CKA_ID and public key: no test signature, no touch.
 * Before login only certificates and public keys are seen; that a private key is behind them is taken on trust then.
 */
import { AppError, isAppError } from '../../shared/errors.ts';
import { sessionDurationRange } from '../../shared/constants.ts';
import type { KeyInfo } from '../../shared/model.ts';
import { parseCertificate, type Certificate } from '../roles-anywhere/certificate.ts';
import { checkCertificate } from '../roles-anywhere/preflight.ts';
import { attestedPolicy, isAttestation, isAttester, type KeyPolicy } from './attestation.ts';
import type { HostCertificate, HostKey, HostObjects } from './host/protocol.ts';

/** A key with all objects of the token that are parts of it. */
export interface TokenKey {
  /** CKA_ID, lower-case hex. */
  readonly id: string;
  /** The labels of its objects, the private key's first where it is seen. */
  readonly labels: readonly string[];
  readonly type: KeyInfo['type'];
  /** Null for a size Rolekey does not list. */
  readonly size: KeyInfo['size'] | null;
  /** SubjectPublicKeyInfo, DER; null where nothing on the token shows it. */
  readonly spki: Uint8Array | null;
  /** Whether it wants the PIN for each signature, as far as its private key, an attestation or its place tells. */
  readonly alwaysAuthenticate: boolean;
  /** What the token attests of it; null where it attests nothing. */
  readonly policy: KeyPolicy | null;
  readonly certificate: Certificate | null;
  /** Why it cannot sign for IAM Roles Anywhere as it is, the lack of a certificate first; empty where it can. */
  readonly problems: readonly AppError[];
}

/** A certificate object that may be somebody's own: no CA's, no attestation. */
export interface TokenCertificate {
  readonly id: string;
  readonly label: string;
  readonly certificate: Certificate;
}

export interface TokenContents {
  readonly keys: readonly TokenKey[];
  readonly certificates: readonly TokenCertificate[];
  readonly privateVisible: boolean;
  /** Objects that were left out, and why. */
  readonly warnings: readonly string[];
}

/**
 * @param now milliseconds since the epoch.
 * @param alwaysAuthenticates whether the key of a CKA_ID always authenticates, where a token lets that be known before
 * its private keys are seen.
 */
export function matchKeys(
  objects: HostObjects,
  now: number,
  alwaysAuthenticates: (id: string) => boolean = () => false,
): TokenContents {
  const sorted = sortCertificates(objects.certificates);
  const drafts = collectKeys(objects, sorted.own, now).filter((draft) => !isAttestersKey(draft, sorted));
  return {
    keys: drafts.map((draft) => {
      const policy = policyOf(draft, sorted);
      const { privateKey } = draft;
      const known = privateKey === null ? alwaysAuthenticates(draft.id) : privateKey.alwaysAuthenticate;
      return {
        ...finish(draft, sorted, objects, now),
        alwaysAuthenticate: known || policy?.pin === 'always',
        policy,
      };
    }),
    certificates: sorted.own,
    privateVisible: objects.privateVisible,
    warnings: [...objects.unreadable, ...sorted.unparsable.map(({ warning }) => warning)],
  };
}

/** Whether two public keys are the same, as SubjectPublicKeyInfo in DER. */
export function samePublicKey(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Of several certificates for one key: one that is valid, for digital signatures, and the last to end. */
export function bestCertificate(certificates: readonly Certificate[], now: number): Certificate | null {
  return [...certificates].sort((a, b) => preference(a, b, now))[0] ?? null;
}

/** Negative where `a` is the better one. */
function preference(a: Certificate, b: Certificate, now: number): number {
  const isValid = ({ notBefore, notAfter }: Certificate): number =>
    Number(notBefore <= now && now <= notAfter);
  const signs = ({ digitalSignature }: Certificate): number => Number(digitalSignature === true);
  return isValid(b) - isValid(a) || signs(b) - signs(a) || b.notAfter - a.notAfter;
}

interface SortedCertificates {
  readonly own: readonly TokenCertificate[];
  readonly cas: readonly TokenCertificate[];
  readonly attestations: readonly TokenCertificate[];
  readonly unparsable: readonly { id: string; warning: string }[];
}

function sortCertificates(objects: readonly HostCertificate[]): SortedCertificates {
  const own: TokenCertificate[] = [];
  const cas: TokenCertificate[] = [];
  const attestations: TokenCertificate[] = [];
  const unparsable: { id: string; warning: string }[] = [];
  for (const { id, label, value } of objects) {
    const name = `certificate “${label}” (id ${id})`;
    try {
      const certificate = parseCertificate(Buffer.from(value, 'base64'), name);
      const kind = isAttestation(label, certificate) ? attestations : certificate.isCa ? cas : own;
      kind.push({ id, label, certificate });
    } catch (error) {
      if (!isAppError(error, 'cert-unreadable')) throw error;
      unparsable.push({ id, warning: `${name} cannot be read and is left out` });
    }
  }
  return { own, cas, attestations, unparsable };
}

/** The key that attests others signs nothing else: nobody can use it. */
function isAttestersKey({ spki }: Draft, { attestations }: SortedCertificates): boolean {
  return attestations.some(
    ({ label, certificate }) =>
      spki !== null && isAttester(label, certificate) && samePublicKey(certificate.spki, spki),
  );
}

/** By public key: an attestation of what was in the place before says nothing of what is there now. */
function policyOf({ spki }: Draft, { attestations }: SortedCertificates): KeyPolicy | null {
  const own = attestations.find(({ certificate }) => spki !== null && samePublicKey(certificate.spki, spki));
  return own === undefined ? null : attestedPolicy(own.certificate);
}

/** A key while its objects are gathered. */
interface Draft {
  readonly id: string;
  readonly type: KeyInfo['type'];
  size: KeyInfo['size'] | null;
  spki: Uint8Array | null;
  readonly labels: string[];
  privateKey: HostKey | null;
  readonly certificates: Certificate[];
}

function collectKeys(objects: HostObjects, certificates: readonly TokenCertificate[], now: number): Draft[] {
  const drafts: Draft[] = [];
  for (const key of objects.publicKeys) addKey(drafts, key);
  for (const key of objects.privateKeys) addKey(drafts, key).privateKey = key;
  // Where a certificate is all that tells the public key, the best one shall tell it.
  const best = [...certificates].sort((a, b) => preference(a.certificate, b.certificate, now));
  for (const certificate of best) addCertificate(drafts, certificate);
  return drafts;
}

function addKey(drafts: Draft[], key: HostKey): Draft {
  const spki = key.spki === null ? null : Buffer.from(key.spki, 'base64');
  const same = drafts.filter((draft) => isSameKey(draft, key, spki));
  let draft = same.find(({ labels }) => labels.includes(key.label)) ?? same[0];
  if (draft === undefined) {
    const { id, type, size } = key;
    draft = { id, type, size, spki, labels: [], privateKey: null, certificates: [] };
    drafts.push(draft);
  }
  draft.labels.push(key.label);
  return draft;
}

/** By public key where both show it; else by kind and CKA_ID, or by label where there is no CKA_ID. */
function isSameKey(draft: Draft, key: HostKey, spki: Uint8Array | null): boolean {
  if (draft.spki !== null && spki !== null) return samePublicKey(draft.spki, spki);
  if (draft.type !== key.type || draft.privateKey !== null) return false;
  return key.id === '' ? draft.labels.includes(key.label) : draft.id === key.id;
}

function addCertificate(drafts: Draft[], { id, label, certificate }: TokenCertificate): void {
  const { spki, keyType } = certificate;
  const draft =
    drafts.find((other) => other.spki !== null && samePublicKey(other.spki, spki)) ??
    drafts.find((other) => other.spki === null && other.id === id && other.type === keyType?.type);
  if (draft !== undefined) {
    draft.spki ??= spki;
    draft.size ??= sizeOf(certificate);
    draft.labels.push(label);
    draft.certificates.push(certificate);
  } else if (keyType !== null && (id === '' || !drafts.some((other) => other.id === id))) {
    const size = sizeOf(certificate);
    const { type } = keyType;
    drafts.push({ id, type, size, spki, labels: [label], privateKey: null, certificates: [certificate] });
  }
}

const rsaSizes: Readonly<Record<number, KeyInfo['size']>> = { 2048: '2048', 3072: '3072', 4096: '4096' };

function sizeOf({ keyType }: Certificate): KeyInfo['size'] | null {
  if (keyType === null) return null;
  return keyType.type === 'EC' ? keyType.curve : (rsaSizes[keyType.bits] ?? null);
}

function finish(
  draft: Draft,
  sorted: SortedCertificates,
  objects: HostObjects,
  now: number,
): Omit<TokenKey, 'alwaysAuthenticate' | 'policy'> {
  const certificate = bestCertificate(draft.certificates, now);
  const problems = [
    ...(certificate === null
      ? [noCertificate(draft, sorted)]
      : checkCertificate({ account: anyAccount, certificate, issuers: [], now }).problems),
    ...privateKeyProblems(draft, objects.privateVisible),
  ];
  return {
    id: draft.id,
    labels: Array.from(
      new Set([...(draft.privateKey === null ? [] : [draft.privateKey.label]), ...draft.labels]),
    ),
    type: draft.type,
    size: draft.size,
    spki: draft.spki,
    certificate,
    problems,
  };
}

/** Where there are no issuers only warnings depend on an account, and they are not asked for here. */
const anyAccount = { sessionDuration: sessionDurationRange.default, intermediates: null };

/** Why a key has no certificate, in the words that help most. */
function noCertificate({ id, spki }: Draft, { own, cas, unparsable }: SortedCertificates): AppError {
  if (unparsable.some((object) => object.id === id)) {
    return new AppError('cert-unreadable', { message: 'The certificate beside the key cannot be read.' });
  }
  if (id !== '' && own.some((object) => object.id === id)) {
    return new AppError('cert-key-mismatch', { message: 'The certificate beside the key is another key’s.' });
  }
  if (cas.some(({ certificate }) => spki !== null && samePublicKey(certificate.spki, spki))) {
    return new AppError('cert-is-ca');
  }
  return new AppError('cert-missing', { message: 'There is no certificate for the key on the token.' });
}

function privateKeyProblems({ privateKey }: Draft, privateVisible: boolean): AppError[] {
  if (privateKey?.signs === false) {
    return [new AppError('key-unsupported', { message: 'The token does not let this key sign.' })];
  }
  if (privateKey !== null || !privateVisible) return [];
  return [new AppError('key-unknown', { message: 'There is no private key for it on the token.' })];
}
