/** The X-Amz-X509-Chain header: which issuers go with a certificate. */
import { constants, verify } from 'node:crypto';
import { AppError } from '../../shared/errors.ts';
import type { Certificate, IssuerSignature, NameAttribute } from './certificate.ts';
import { publicKeyOf } from './signature.ts';

/** IAM Roles Anywhere takes chains of at most five certificates (user guide, CreateSession). */
const maxIssuers = 5;

/** A certificate on the way up, and the one it was reached from. */
interface Step {
  readonly certificate: Certificate;
  readonly below: Step | null;
}

/**
 * The issuers to send with `leaf`, its own issuer first, at most five. Each signed the one before it, and is a CA of
 * the name that one gives. Nothing else of `candidates` is sent: self-signed roots are the server's business, others
 * are nobody's.
 *
 * Where an issuer is there several times (cross-signed), the shortest way to a self-signed root among the candidates
 * is taken; where no root is among them, the longest way there is. The order of the candidates does not matter.
 * @throws AppError `chain-broken` where there are candidates but none issued `leaf`.
 */
export function buildChain(leaf: Certificate, candidates: readonly Certificate[]): Certificate[] {
  const issuers = new Map(candidates.map((candidate) => [candidate.sha256, candidate]));
  issuers.delete(leaf.sha256);
  const pool = Array.from(issuers.values()).sort(latestFirst);
  // Breadth first, each certificate once: certificates that sign each other in a circle end nothing here.
  const start: Step = { certificate: leaf, below: null };
  const steps = [start];
  const seen = new Set<Certificate>([leaf]);
  for (const step of steps) {
    for (const issuer of pool.filter((candidate) => isIssuedBy(step.certificate, candidate))) {
      if (isIssuedBy(issuer, issuer)) return issuersOf(step).slice(0, maxIssuers);
      if (!seen.has(issuer)) steps.push({ certificate: issuer, below: step });
      seen.add(issuer);
    }
  }
  if (pool.length > 0 && steps.length === 1) {
    throw new AppError('chain-broken', {
      message: 'None of the intermediate certificates given issued the device’s certificate.',
    });
  }
  return issuersOf(steps.at(-1) ?? start).slice(0, maxIssuers);
}

/** Whether `issuer` is a CA by the name `certificate` gives as its issuer's, and signed it. */
export function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  return (
    issuer.isCa &&
    issuer.keyCertSign !== false &&
    comparable(certificate.issuerAttributes) === comparable(issuer.subjectAttributes) &&
    certificate.issuerSignature !== null &&
    isSignedBy(certificate.issuerSignature, issuer)
  );
}

function isSignedBy(signature: IssuerSignature, issuer: Certificate): boolean {
  if (issuer.keyType === null || (issuer.keyType.type === 'EC') !== (signature.scheme === 'ECDSA'))
    return false;
  try {
    return verify(
      signature.hash,
      signature.content,
      {
        key: publicKeyOf(issuer),
        ...(signature.scheme === 'RSASSA-PSS' && {
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: signature.saltLength ?? constants.RSA_PSS_SALTLEN_AUTO,
        }),
      },
      signature.value,
    );
  } catch {
    // A damaged key, or a hash this runtime refuses: not a link either way.
    return false;
  }
}

/** Names as RFC 5280, section 7.1, compares them: spelling of letters, spaces and string types aside. */
function comparable(attributes: readonly NameAttribute[]): string {
  return JSON.stringify(
    attributes.map(({ type, value }) => [
      type,
      value.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' '),
    ]),
  );
}

/** From the leaf's issuer up; the leaf itself left out. */
function issuersOf({ certificate, below }: Step): Certificate[] {
  return below === null ? [] : [...issuersOf(below), certificate];
}

/** Of several certificates of one issuer the one that holds longest comes first. */
function latestFirst(a: Certificate, b: Certificate): number {
  return b.notAfter - a.notAfter || (a.sha256 < b.sha256 ? -1 : 1);
}
