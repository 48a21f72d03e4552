/**
 * Everything that can be said against a device's certificate before it is accepted or used, each with what to do: the
 * rules of IAM Roles Anywhere (preflight.ts has those), and what makes an enrolment a bad one. Pure.
 */
import 'reflect-metadata'; // @peculiar/x509 needs it to be there first
import { CertificatePolicyExtension, X509Certificate } from '@peculiar/x509';
import { formatTime } from '../../shared/model.ts';
import type { Account, Problem } from '../../shared/model.ts';
import type { Certificate } from './certificate.ts';
import { wayUp } from './chain.ts';
import { readElements } from './der.ts';
import { checkCertificate } from './preflight.ts';
import { quoted } from './quoted.ts';

export interface LintFinding {
  /** An error code, or one of the warnings' own such as `cert-ends-soon`. */
  readonly code: string;
  /** problem: it cannot be used. warning: it may be refused, or should be. hint: there is a better way. */
  readonly severity: 'problem' | 'warning' | 'hint';
  /** One sentence. */
  readonly message: string;
  /** What to do, one sentence. */
  readonly remedy: string;
}

export interface LintOptions {
  readonly account: Pick<Account, 'sessionDuration' | 'intermediates'>;
  readonly certificate: Certificate;
  /** CA certificates that may lead up from it. */
  readonly issuers: readonly Certificate[];
  /** Milliseconds since the epoch, corrected where AWS's clock is known. */
  readonly now: number;
  /** SubjectPublicKeyInfo (DER) of the key it is to be for; absent: not known, or compared already. */
  readonly spki?: Uint8Array;
  /** The trust anchor's certificate, where it is known. */
  readonly anchor?: Certificate;
  /** Where it is to be kept. */
  readonly store?: 'yubikey';
}

/** In the order of importance: problems, warnings, hints. */
export function lintCertificate(options: LintOptions): LintFinding[] {
  const { problems, warnings } = checkCertificate(options);
  const findings: LintFinding[] = [
    ...problems.map(({ code, message, remedy }) => ({ code, severity: 'problem' as const, message, remedy })),
    ...warnings.map(withRemedy),
    ...otherKey(options),
    ...oddSerial(options),
    ...tooLong(options),
    ...outlivesIssuer(options),
    ...fromPublicCa(options),
    ...unfitAnchor(options),
    ...tooLarge(options),
  ];
  const ranks = ['problem', 'warning', 'hint'];
  return findings.sort((a, b) => ranks.indexOf(a.severity) - ranks.indexOf(b.severity));
}

const issueAgain = 'Have it issued again';

/** What to do about each of the preflight's warnings. */
const remedies: Readonly<Record<string, string>> = {
  'cert-ends-soon': 'Renew the certificate of this device.',
  'cert-name-long': `${issueAgain} with a shorter common name.`,
  'cert-name-untaggable': `${issueAgain} without these characters; letters, digits, spaces and _ . : / = + - @ are safe.`,
  'cert-no-client-auth': `${issueAgain} with extended key usage clientAuth, or with none.`,
  'cert-signature-unusual': `${issueAgain} by a CA with an RSA or ECDSA key.`,
  'chain-too-long': 'Leave out what is not between the certificate and the trust anchor.',
  'issuer-expired': 'Ask whoever runs the CA for its present certificate.',
  'issuer-path-length': 'Ask whoever runs the CA for CA certificates that allow as many below them.',
  'issuer-sha1': 'Ask whoever runs the CA for certificates signed with SHA-256.',
  'issuers-unrelated': 'Name the right file: rolekey accounts edit ID --intermediates FILE.',
};

function withRemedy({ code, message }: Problem): LintFinding {
  const remedy = remedies[code] ?? 'Ask whoever runs the CA.';
  return { code, severity: 'warning', message, remedy };
}

function otherKey({ certificate, spki }: LintOptions): LintFinding[] {
  if (spki === undefined || Buffer.compare(certificate.spki, spki) === 0) return [];
  return [
    {
      code: 'cert-key-mismatch',
      severity: 'problem',
      message: 'The certificate is for another key.',
      remedy: 'Ask for a certificate for this key, or use the one that was issued for it.',
    },
  ];
}

/** Bytes of a serial number, the sign's included (RFC 5280, section 4.1.2.2). */
const maxSerialBytes = 20;

function oddSerial({ certificate }: LintOptions): LintFinding[] {
  const bytes = serialBytes(certificate);
  const negative = (bytes[0] ?? 0) >= 0x80;
  const zero = bytes.every((byte) => byte === 0);
  if (!negative && !zero && bytes.length <= maxSerialBytes) return [];
  const how = negative ? 'is negative' : zero ? 'is zero' : `has ${String(bytes.length)} bytes`;
  return [
    {
      code: 'cert-serial-odd',
      severity: 'warning',
      message: `The certificate’s serial number ${how}; it must be positive and of at most ${String(maxSerialBytes)} bytes, and AWS may refuse it.`,
      remedy: `${issueAgain} with a serial number the CA makes up itself.`,
    },
  ];
}

/** The INTEGER as it stands, after the version where there is one. */
function serialBytes({ der }: Certificate): Uint8Array {
  const [certificate] = readElements(der);
  const [tbs] = readElements(certificate?.content ?? der);
  const integer = 0x02;
  return readElements(tbs?.content ?? der).find(({ tag }) => tag === integer)?.content ?? new Uint8Array();
}

const dayMs = 86_400_000;
/** What is good for a device whose certificate is renewed by itself, and what public CAs may give at most (days). */
const goodDays = 30;
const maxDays = 398;

function tooLong({ certificate: { notBefore, notAfter } }: LintOptions): LintFinding[] {
  // Whole days: a CA may date a certificate back by minutes.
  const days = Math.round((notAfter - notBefore) / dayMs);
  if (days <= goodDays) return [];
  const isLong = days > maxDays;
  return [
    {
      code: 'cert-validity-long',
      severity: isLong ? 'warning' : 'hint',
      message: `The certificate is valid for ${String(days)} days, during which a lost device keeps its access until it is revoked.`,
      remedy: isLong
        ? `Ask for one of at most ${String(maxDays)} days, better of ${String(goodDays)}.`
        : `One of ${String(goodDays)} days, renewed in time, is safer.`,
    },
  ];
}

function outlivesIssuer({ certificate, issuers }: LintOptions): LintFinding[] {
  return wayUp(certificate, issuers)
    .filter(({ notAfter }) => notAfter < certificate.notAfter)
    .slice(0, 1)
    .map(({ subject, notAfter }) => ({
      code: 'issuer-ends-first',
      severity: 'warning' as const,
      message: `The CA certificate ${quoted(subject)} ends on ${formatTime(notAfter)}, before the certificate does, which is of no use from then on.`,
      remedy: 'Ask whoever runs the CA for its next certificate before that day.',
    }));
}

/** Signed certificate timestamps (RFC 6962): a public CA logs what it issues. */
const timestamps = '1.3.6.1.4.1.11129.2.4.2';
/** Policies of the CA/Browser Forum, which public CAs must name one of. */
const forumPolicies = '2.23.140.1.';

function fromPublicCa({ certificate }: LintOptions): LintFinding[] {
  const x509 = new X509Certificate(Uint8Array.from(certificate.der));
  const policies = x509.getExtension(CertificatePolicyExtension)?.policies ?? [];
  const isPublic =
    x509.getExtension(timestamps) !== null || policies.some((policy) => policy.startsWith(forumPolicies));
  if (!isPublic) return [];
  return [
    {
      code: 'cert-public-ca',
      severity: 'warning',
      message: `The certificate is of a public CA (${quoted(certificate.issuer)}): with that CA as trust anchor, whoever gets a certificate from it may ask for the role.`,
      remedy: 'Use a CA of your own as trust anchor.',
    },
  ];
}

function unfitAnchor({ certificate, issuers, anchor }: LintOptions): LintFinding[] {
  if (anchor === undefined) return [];
  if (!anchor.isCa || anchor.keyCertSign !== true) {
    return [
      {
        code: 'anchor-no-ca',
        severity: 'problem',
        message: 'The trust anchor’s certificate is not one that may issue certificates.',
        remedy: 'Give the CA’s certificate (basicConstraints CA:TRUE, key usage keyCertSign) as the anchor.',
      },
    ];
  }
  const way = wayUp(certificate, [...issuers, anchor]);
  if (way.some(({ sha256 }) => sha256 === anchor.sha256)) return [];
  return [
    {
      code: 'chain-broken',
      severity: 'problem',
      message: 'There is no way from the certificate up to the trust anchor.',
      remedy: 'Give the CA certificates in between, or the anchor of the CA that issued it.',
    },
  ];
}

/** What a PIV object of a YubiKey holds, bytes, its own tags included. */
const maxYubikeyObject = 3052;
/** Tags and lengths of the certificate, of how it is compressed (not), and of its checksum (none): NIST SP 800-73. */
const objectFrame = 4 + 3 + 2;

function tooLarge({ certificate: { der }, store }: LintOptions): LintFinding[] {
  const size = der.length + objectFrame;
  if (store !== 'yubikey' || size <= maxYubikeyObject) return [];
  return [
    {
      code: 'cert-too-large',
      severity: 'problem',
      message: `The certificate takes ${String(size)} bytes on a YubiKey, which has room for ${String(maxYubikeyObject)}.`,
      remedy: `${issueAgain} with fewer names and extensions, or keep it in a file: rolekey accounts edit ID --certificate FILE.`,
    },
  ];
}
