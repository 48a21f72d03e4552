/** Whether a certificate is one AWS lets in: the rules of an end entity, the chain to the anchor, revocation. */
import { isAuthority, type TrustAnchor } from './account.ts';
import { keyUsageBit, type Certificate } from './certificate.ts';
import { Refusal, type Reason } from './refusal.ts';

const strongHashes = ['sha256', 'sha384', 'sha512'];
const isStrong = ({ signatureHash }: Certificate): boolean =>
  signatureHash !== null && strongHashes.includes(signatureHash);

/** IAM Roles Anywhere user guide, "Signature validation". @throws Refusal. */
export function checkLeaf(leaf: Certificate, now: number): void {
  if (leaf.version !== 3) throw new Refusal('leaf-version', `X.509 version ${String(leaf.version)}`);
  if (leaf.basicConstraints?.ca === true) throw new Refusal('leaf-is-ca', 'basicConstraints says CA:TRUE');
  if (leaf.keyUsage?.has(keyUsageBit.digitalSignature) !== true) {
    throw new Refusal('leaf-no-digital-signature', 'keyUsage is absent or lacks digitalSignature');
  }
  if (!isStrong(leaf)) {
    throw new Refusal('leaf-weak-signature', `signed with ${leaf.signatureHash ?? 'an unknown algorithm'}`);
  }
  if (leaf.subject.attributes.length === 0) throw new Refusal('leaf-empty-subject', 'subject is empty');
  if (now < leaf.notBefore) throw new Refusal('leaf-not-yet-valid', `from ${isoTime(leaf.notBefore)}`);
  if (now > leaf.notAfter) throw new Refusal('leaf-expired', `until ${isoTime(leaf.notAfter)}`);
}

const isoTime = (milliseconds: number): string => new Date(milliseconds).toISOString();

/**
 * The way from `leaf` up to a certificate of the anchor: leaf first, anchor last. Certificates of `offered` may come in
 * any order and some may be of no use. Path rules of RFC 5280 section 6.1 as far as AWS documents them.
 * @throws Refusal with the first rule that closed a way.
 */
export function findPath(
  leaf: Certificate,
  offered: readonly Certificate[],
  anchor: TrustAnchor,
  now: number,
): Certificate[] {
  const obstacles: Refusal[] = [];
  const climb = (path: readonly Certificate[]): Certificate[] | null => {
    const child = path.at(-1)!;
    for (const issuer of [...anchor.certificates, ...offered]) {
      if (path.includes(issuer) || !issued(issuer, child)) continue;
      const broken = brokenLink(path, issuer, now);
      if (broken !== null) {
        obstacles.push(new Refusal(...broken));
        continue;
      }
      const longer = [...path, issuer];
      const complete = anchor.certificates.includes(issuer) ? longer : climb(longer);
      if (complete !== null) return complete;
    }
    return null;
  };
  const found = climb([leaf]);
  if (found !== null) return found;
  throw obstacles[0] ?? new Refusal('chain-untrusted', 'no way from the certificate to the trust anchor');
}

const issued = (issuer: Certificate, child: Certificate): boolean =>
  issuer.subject.der.equals(child.issuer.der) && issuer.signed(child);

/** Why `issuer` may not have signed the last certificate of `path`, or null. */
function brokenLink(path: readonly Certificate[], issuer: Certificate, now: number): [Reason, string] | null {
  const child = path.at(-1)!;
  if (!isAuthority(issuer)) return ['chain-issuer-not-ca', 'an issuer lacks CA:TRUE or keyCertSign'];
  if (!isStrong(child)) return ['chain-weak-signature', 'an intermediate is signed with a weak hash'];
  const below = path.length - 1; // intermediates between this issuer and the leaf
  const { pathLength } = issuer.basicConstraints!;
  if (pathLength !== null && below > pathLength) {
    return ['chain-path-length', `path length ${String(pathLength)} but ${String(below)} below`];
  }
  if (now < issuer.notBefore || now > issuer.notAfter) {
    return ['chain-validity', 'an issuer is expired or not yet valid'];
  }
  return null;
}

/**
 * Imported lists only: AWS asks no distribution point and no OCSP. A list counts for the certificates of its issuer.
 * @throws Refusal `certificate-revoked`.
 */
export function checkRevocation(path: readonly Certificate[], anchor: TrustAnchor): void {
  for (const [index, issuer] of path.slice(1).entries()) {
    const certificate = path[index]!;
    const lists = anchor.crls.filter(
      (crl) => crl.issuer.der.equals(issuer.subject.der) && crl.signedBy(issuer),
    );
    if (lists.some((crl) => crl.revoked.has(certificate.serial))) {
      throw new Refusal('certificate-revoked', `serial ${certificate.serial.toString(16)} is on a list`);
    }
  }
}
