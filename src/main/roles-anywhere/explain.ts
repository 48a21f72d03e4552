/**
 * What AWS's words mean and what to do about them. This table is the one place that knows AWS's texts: they are no
 * contract of AWS's, so each row also stands for wordings seen in other versions.
 */
import { errorTable, isErrorCode } from '../../shared/errors.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { quoted } from './quoted.ts';

export interface Explanation {
  readonly code: ErrorCode;
  /** Why AWS said so, one sentence; for a text nobody knows AWS's own words. */
  readonly cause: string;
  /** What to do next, one sentence. */
  readonly remedy: string;
  /** Whether the text is one of the table. */
  readonly known: boolean;
  /** Whether signing again with the right time may cure it. */
  readonly clockMayBeTheCause: boolean;
}

/** What came with the text. */
export interface ExplainContext {
  /** AWS's error type, for example `AccessDeniedException`. */
  readonly type?: string | null;
  /** HTTP status. */
  readonly status?: number;
}

interface Row {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly cause: string | ((match: RegExpExecArray) => string);
  readonly remedy: string;
  readonly clock?: true;
}

/** Between two words of one sentence; a full stop inside a name ends none. */
const gap = String.raw`(?:[^\w.;]|\.(?!\s))+`;

/** From the particular to the general: the first that matches counts. */
const texts: readonly Row[] = [
  {
    pattern: /failed to be mapped into session tags\.?\s*(.*)/is,
    code: 'aws-access-denied',
    cause: ([, fields = '']) =>
      `A name in the certificate has characters AWS cannot carry as a session tag${unmappedFields(fields)}.`,
    remedy:
      'Have the certificate issued again without that name, or remove its attribute mapping from the profile.',
  },
  {
    pattern: /exceeds (?:the )?MaxSessionDuration/i,
    code: 'aws-access-denied',
    cause: 'The session duration is longer than the role’s MaxSessionDuration.',
    remedy: 'Ask for a shorter duration, lower the profile’s, or raise MaxSessionDuration of the role.',
  },
  {
    pattern:
      /(?:access denied|not (?:accept|allow|permit)\w*)\b.*role ?session ?name|role ?session ?name.*\bnot (?:accept|allow|permit)|accept ?role ?session ?name/is,
    code: 'aws-access-denied',
    cause: 'The profile does not take session names from clients.',
    remedy: 'Remove the account’s session name, or set acceptRoleSessionName in the profile.',
  },
  {
    pattern: /unable to (?:to )?perform one of sts:AssumeRole/i,
    code: 'aws-access-denied',
    cause:
      'The role’s trust policy does not allow sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity together, or one of its conditions does not fit this certificate, or a name in the certificate has a character AWS cannot carry as a session tag, such as an apostrophe.',
    remedy:
      'Allow rolesanywhere.amazonaws.com all three actions in the trust policy, and compare its conditions with the certificate’s subject, issuer and trust anchor.',
  },
  {
    pattern: /unable to assume role/i,
    code: 'aws-access-denied',
    cause:
      'The role’s trust policy refuses this certificate or trust anchor, the profile does not name the role, or a policy of the organization forbids it.',
    remedy:
      'Check that the profile lists the role, compare the trust policy’s conditions (tags, SourceArn) with the certificate, and look for a service control policy.',
  },
  {
    pattern: /incorrect basic constraints for CA/i,
    code: 'aws-invalid-request',
    cause: 'A certificate that is no CA’s was given as the trust anchor.',
    remedy: 'Give the CA’s certificate (basicConstraints CA:TRUE, key usage keyCertSign) as the anchor.',
  },
  {
    pattern: /insufficient certificate/i,
    code: 'aws-access-denied',
    cause:
      'AWS refuses the certificate itself: it lacks key usage digitalSignature, is a CA’s, or is not of this trust anchor.',
    remedy:
      'Use an end-entity certificate with key usage digitalSignature, issued under the CA of the trust anchor.',
  },
  {
    pattern: aboutCertificate('revoked'),
    code: 'aws-access-denied',
    cause: 'The certificate was revoked: it is on a list imported for the trust anchor.',
    remedy: 'Have a new certificate issued for this device.',
  },
  {
    pattern: aboutCertificate('expired'),
    code: 'cert-expired',
    cause: 'AWS says the certificate, or one above it, has expired.',
    remedy: errorTable['cert-expired'].remedy,
  },
  {
    pattern: aboutCertificate('not yet valid'),
    code: 'cert-not-yet-valid',
    cause: 'AWS says the certificate, or one above it, is not valid yet.',
    remedy: errorTable['cert-not-yet-valid'].remedy,
  },
  {
    pattern: /untrusted signing certificate|untrusted certificate/i,
    code: 'aws-access-denied',
    cause:
      'AWS finds no way from the certificate up to the trust anchor: intermediates are missing, the anchor is another CA’s, or anchor or profile is disabled or of another region.',
    remedy:
      'Check the trust anchor’s ARN, or give the CA certificates in between: rolekey accounts edit ID --intermediates FILE.',
  },
  {
    pattern:
      /signature (?:has )?expired|signature (?:is )?not yet (?:current|valid)|request (?:has )?expired|request ?time ?too ?skewed|clock ?skew/i,
    code: 'clock-skew',
    cause: 'AWS found the time of the request too far from its own.',
    remedy: errorTable['clock-skew'].remedy,
    clock: true,
  },
  {
    pattern: /invalid ?signature|signature(?: \w+){0,4} does ?n[o’']t match|SignatureDoesNotMatch/i,
    code: 'aws-invalid-signature',
    cause: 'AWS could not verify the signature with the certificate’s key.',
    remedy: errorTable['aws-invalid-signature'].remedy,
    clock: true,
  },
  {
    pattern: aboutResource('disabled|not enabled'),
    code: 'aws-access-denied',
    cause: ([, what]) => `The ${resourceName(what)} is disabled.`,
    remedy: 'Ask whoever runs the AWS account to enable it.',
  },
  {
    pattern: aboutResource('not found|does not exist|not exist'),
    code: 'aws-not-found',
    cause: ([, what]) => `AWS knows no such ${resourceName(what)} in this account and region.`,
    remedy: 'Check its ARN, account and region.',
  },
  {
    pattern: /rate exceeded|too ?many ?requests|throttl/i,
    code: 'aws-throttled',
    cause: 'There were more requests than the 10 a second AWS takes per account and region.',
    remedy: errorTable['aws-throttled'].remedy,
  },
  // The rest is not said by CreateSession but met while it is being set up or used.
  {
    pattern: /SourceData: expected type: JSONObject, found: String/i,
    code: 'aws-invalid-request',
    cause: 'In the CloudFormation template the anchor’s certificate stands directly under SourceData.',
    remedy: 'Put the PEM text under SourceData as X509CertificateData.',
  },
  {
    pattern: /extraneous key \[x509CertificateData\]|required key \[X509CertificateData\] not found/,
    code: 'aws-invalid-request',
    cause: 'The key X509CertificateData is spelled with a small x in the CloudFormation template.',
    remedy: 'Write X509CertificateData with a capital X.',
  },
  {
    pattern: /extraneous key \[SourceType\]/i,
    code: 'aws-invalid-request',
    cause: 'SourceType stands at the wrong depth of the CloudFormation template.',
    remedy: 'Indent SourceType so that it is under Source, beside SourceData.',
  },
  {
    pattern: /resource handler returned message: "null".*InternalFailure/is,
    code: 'aws-invalid-request',
    cause: 'CloudFormation fails like this on a profile without a duration.',
    remedy: 'Give the profile DurationSeconds, for example 3600.',
  },
  {
    pattern: /value null at 'name' failed to satisfy constraint/i,
    code: 'aws-invalid-request',
    cause: 'The trust anchor or profile was given no name.',
    remedy: 'Give it a Name.',
  },
  {
    pattern: /role can only be attached to a single profile/i,
    code: 'aws-invalid-request',
    cause: 'AWS documents no such limit: several profiles may name one role.',
    remedy: 'Check the profile’s other fields, and that the role’s ARN is spelled rightly.',
  },
  {
    pattern:
      /AccessDenied.*when calling the (?!CreateSession)(\w+) operation|not authorized to perform:? (?!sts:|rolesanywhere:CreateSession\b)([\w-]+:\w+)|\b(List\w+)\b.*Access ?Denied/is,
    code: 'aws-access-denied',
    cause: (match) =>
      `The session works, but the permissions of its role or profile do not allow ${match.slice(1).find(Boolean) ?? 'this'}.`,
    remedy: 'Ask whoever runs the AWS account for the permission, or use another role.',
  },
];

/** Characters that are compared. AWS's texts are shorter; a megabyte of a stranger's would keep the patterns busy. */
const longestText = 4000;

interface TypeRow {
  readonly code: ErrorCode;
  readonly clock?: true;
  /** Why CreateSession answers this type whatever its words are; absent where only the words tell. */
  readonly cause?: string;
}

/** AWS's error types, for texts the table above does not have. */
const types: ReadonlyMap<string, TypeRow> = new Map<string, TypeRow>([
  // The wording for a wrong clock is not documented: an unknown refusal may be one.
  ['AccessDeniedException', { code: 'aws-access-denied', clock: true }],
  [
    'ResourceNotFoundException',
    {
      code: 'aws-not-found',
      cause: 'AWS knows no such trust anchor or profile in this account and region.',
    },
  ],
  [
    'ValidationException',
    {
      code: 'aws-invalid-request',
      cause:
        'AWS could not take the request: an ARN is malformed, the duration is not between 900 and 43200 seconds, or the certificate cannot be read.',
    },
  ],
  ['ThrottlingException', { code: 'aws-throttled' }],
  ['TooManyRequestsException', { code: 'aws-throttled' }],
  ['InvalidSignatureException', { code: 'aws-invalid-signature', clock: true }],
  ['SignatureDoesNotMatch', { code: 'aws-invalid-signature', clock: true }],
  ['RequestExpired', { code: 'clock-skew', clock: true }],
  ['RequestTimeTooSkewed', { code: 'clock-skew', clock: true }],
]);

/**
 * @param text AWS's message; for a text pasted by a person its error type may be in it.
 */
export function explain(text: string, context: ExplainContext = {}): Explanation {
  const start = text.slice(0, longestText);
  for (const { pattern, code, cause, remedy, clock = false } of texts) {
    const match = pattern.exec(start);
    if (match === null) continue;
    return {
      code,
      cause: typeof cause === 'string' ? cause : cause(match),
      remedy,
      known: true,
      clockMayBeTheCause: clock,
    };
  }
  const { code, clock = false } = byType(context.type ?? typeIn(start)) ?? byStatus(context.status);
  const { message, remedy } = errorTable[code];
  return {
    code,
    cause: text.trim() === '' ? message : `AWS says: ${quoted(text.trim(), 500)}.`,
    remedy,
    known: false,
    clockMayBeTheCause: clock,
  };
}

/** What a person is told about a text, whoever wrote it. */
export interface PastedAnswer {
  /** Whether cause and remedy are of this very text. */
  readonly known: boolean;
  /** Null where nothing in the text tells. */
  readonly code: ErrorCode | null;
  readonly cause: string;
  readonly remedy: string;
}

/**
 * Explains what a person pasted: an error code or a message of Rolekey's own, or what AWS or a tool of AWS's printed.
 * Answers for every text and never throws.
 */
export function explainPasted(text: string): PastedAnswer {
  const start = text.slice(0, longestText).trim();
  const own = ownCode(start);
  if (own !== null) {
    const { message, remedy } = errorTable[own];
    return { known: true, code: own, cause: message, remedy };
  }
  const { known, code, cause, remedy } = explain(start);
  if (known) return { known, code, cause, remedy };
  const type = byType(typeIn(start));
  if (type?.cause !== undefined) return { known: true, code: type.code, cause: type.cause, remedy };
  return {
    known: false,
    code: type?.code ?? null,
    cause: 'Rolekey does not know this text.',
    remedy:
      type === null
        ? 'Paste the whole message, as AWS or Rolekey printed it, or look at this computer with: rolekey doctor.'
        : remedy,
  };
}

/** The code that is the text, stands in its JSON, or whose message the text begins with. */
function ownCode(text: string): ErrorCode | null {
  const named = /^[a-z0-9-]+$/.exec(text)?.[0] ?? /"code": ?"([a-z0-9-]+)"/.exec(text)?.[1] ?? '';
  if (isErrorCode(named)) return named;
  const told = text.replace(/^rolekey: /, '');
  const codes = Object.keys(errorTable).filter(isErrorCode);
  return (
    codes.find((code) => {
      const { message } = errorTable[code];
      return told.startsWith(message) || told.includes(`: ${message}`);
    }) ?? null
  );
}

function byType(type: string | null): TypeRow | null {
  return type === null ? null : (types.get(type) ?? null);
}

/** `AccessDeniedException` in "An error occurred (AccessDeniedException) when calling ...". */
function typeIn(text: string): string | null {
  return (
    /\b(\w+Exception|SignatureDoesNotMatch|RequestExpired|RequestTimeTooSkewed)\b/.exec(text)?.[1] ?? null
  );
}

function byStatus(status: number | undefined): TypeRow {
  if (status === undefined || status >= 500) return { code: 'aws-failed' };
  if (status === 429) return { code: 'aws-throttled' };
  if (status === 404) return { code: 'aws-not-found' };
  if (status === 401 || status === 403) return { code: 'aws-access-denied', clock: true };
  return { code: 'aws-invalid-request' };
}

/** ": SAN DNS/2" for "Issuer: []; Subject: [  ]; SAN: [ DNS/2 ]". */
function unmappedFields(text: string): string {
  const fields = Array.from(text.matchAll(/(Issuer|Subject|SAN): ?\[([^\]]*)\]/g))
    .map(([, part = '', names = '']) => ({ part, names: names.trim() }))
    .filter(({ names }) => names !== '')
    .map(({ part, names }) => `${part} ${names}`);
  return fields.length === 0 ? '' : `: ${fields.join(', ')}`;
}

/**
 * That `state` is said of a certificate, in the same sentence: "certificate has expired", "expired certificate". What
 * is denied of it, or said of a signature or request, does not count.
 */
function aboutCertificate(state: string): RegExp {
  const between = String.raw`(?:(?!not\b|never\b|signature\b|request\b)\w+${gap})`;
  const before = String.raw`certificate${gap}${between}{0,4}${state}`;
  const after = String.raw`(?<!\b(?:not|never) )\b${state}${gap}${between}{0,2}certificate`;
  return new RegExp(`${before}|${after}`, 'i');
}

/** That one of `states` is said of a trust anchor or profile, which group 1 is, in the same sentence. */
function aboutResource(states: string): RegExp {
  const between = String.raw`(?:(?!not\b)[^\s;]*[^\s;.]\s+)`;
  return new RegExp(String.raw`(trust[ -]?anchor|profile)${gap}${between}{0,4}(?:${states})`, 'i');
}

/** AWS writes `TrustAnchor` and `trust-anchor` too. */
function resourceName(found = ''): string {
  return /profile/i.test(found) ? 'profile' : 'trust anchor';
}
