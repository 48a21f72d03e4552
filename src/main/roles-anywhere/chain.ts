/** The X-Amz-X509-Chain header: which issuers go with a certificate. */
import { constants, verify } from 'node:crypto';
import type { Certificate, IssuerSignature, NameAttribute } from './certificate.ts';
import { publicKeyOf } from './signature.ts';

/** IAM Roles Anywhere takes chains of at most five certificates (user guide, CreateSession). */
export const maxIssuers = 5;

/** A certificate on the way up, and the one it was reached from. */
interface Step {
  readonly certificate: Certificate;
  readonly below: Step | null;
}

/**
 * The issuers to send with `leaf`, its own issuer first, at most five: the way up without the root, which is the
 * server's business. None where none is known: the trust anchor itself may have issued the leaf.
 */
export function buildChain(leaf: Certificate, candidates: readonly Certificate[]): Certificate[] {
  return intermediates(wayUp(leaf, candidates)).slice(0, maxIssuers);
}

/**
 * The whole known way up from `leaf`, its own issuer first, up to a self-signed root where one is among the candidates.
 * Each signed the one before it, and is a CA of the name that one gives. Nothing else of `candidates` is in it.
 *
 * Where an issuer is there several times (cross-signed), the shortest way to a self-signed root among the candidates
 * is taken; where no root is among them, the longest way there is. The order of the candidates does not matter.
 */
export function wayUp(leaf: Certificate, candidates: readonly Certificate[]): Certificate[] {
  const pool = otherCas(leaf, candidates).sort(latestFirst);
  // Breadth first, each certificate once: certificates that sign each other in a circle end nothing here.
  const start: Step = { certificate: leaf, below: null };
  const steps = [start];
  const seen = new Set<Certificate>([leaf]);
  for (const step of steps) {
    for (const issuer of pool.filter((candidate) => isIssuedBy(step.certificate, candidate))) {
      const next = { certificate: issuer, below: step };
      if (isRoot(issuer)) return issuersOf(next);
      if (!seen.has(issuer)) steps.push(next);
      seen.add(issuer);
    }
  }
  return issuersOf(steps.at(-1) ?? start);
}

/** The CA certificates among `candidates`, each once; they alone can be issuers. */
export function otherCas(leaf: Certificate, candidates: readonly Certificate[]): Certificate[] {
  const cas = new Map(
    candidates.filter(({ isCa }) => isCa).map((candidate) => [candidate.sha256, candidate]),
  );
  cas.delete(leaf.sha256);
  return Array.from(cas.values());
}

/** A way up without its root. */
export function intermediates(way: readonly Certificate[]): Certificate[] {
  return way.filter((issuer) => !isRoot(issuer));
}

/** Those of a way up that allow fewer CA certificates below them than it has there (RFC 5280, section 4.2.1.9). */
export function exceededPathLengths(way: readonly Certificate[]): Certificate[] {
  return way.filter(({ pathLength }, index) => {
    const below = way.slice(0, index).filter((issuer) => !isSelfIssued(issuer));
    return pathLength !== null && below.length > pathLength;
  });
}

function isRoot(certificate: Certificate): boolean {
  return isIssuedBy(certificate, certificate);
}

function isSelfIssued({ issuerAttributes, subjectAttributes }: Certificate): boolean {
  return comparable(issuerAttributes) === comparable(subjectAttributes);
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
