/**
 * What can be known to fail before anything is asked of a person: a pure look at account, certificate and issuers.
 * All findings are given, so that a form can show them while it is being filled in.
 */
import { AppError } from '../../shared/errors.ts';
import { sessionDurationRange } from '../../shared/constants.ts';
import { formatTime } from '../../shared/model.ts';
import type { Account, Problem } from '../../shared/model.ts';
import { disagreements, parseProfileArn, parseRoleArn, parseTrustAnchorArn } from './arn.ts';
import type { Arns } from './arn.ts';
import type { Certificate, NameAttribute } from './certificate.ts';
import { exceededPathLengths, intermediates, maxIssuers, otherCas, wayUp } from './chain.ts';
import { overrideOf, resolveEndpoint, wantsFips } from './endpoint.ts';
import type { EndpointEnvironment } from './endpoint.ts';
import { quoted } from './quoted.ts';

/** What of an account decides whether a session can be had. */
export type PreflightFields = Pick<
  Account,
  | 'roleArn'
  | 'profileArn'
  | 'trustAnchorArn'
  | 'region'
  | 'sessionDuration'
  | 'endpoint'
  | 'useFipsEndpoint'
  | 'useDualstackEndpoint'
  | 'intermediates'
>;

export interface Findings {
  /** Each makes a session impossible, or unsafe to ask for. */
  readonly problems: readonly AppError[];
  /** Worth saying; a session may well be had. */
  readonly warnings: readonly Problem[];
}

export interface PreflightOptions {
  readonly account: PreflightFields;
  readonly certificate: Certificate;
  /** CA certificates that may lead up from it. */
  readonly issuers: readonly Certificate[];
  readonly environment: EndpointEnvironment;
  /** Milliseconds since the epoch, corrected where AWS's clock is known. */
  readonly now: number;
}

/** All there is to find: {@link checkAccount} and {@link checkCertificate}. */
export function preflight(options: PreflightOptions): Findings {
  const account = checkAccount(options.account, options.environment);
  const certificate = checkCertificate(options);
  return {
    problems: [...account.problems, ...certificate.problems],
    warnings: [...account.warnings, ...certificate.warnings],
  };
}

/** @throws AppError the first problem, where there is one. */
export function refuse({ problems: [first] }: Findings): void {
  if (first !== undefined) throw first;
}

/** What an account's own fields tell, no key needed. */
export function checkAccount(account: PreflightFields, environment: EndpointEnvironment): Findings {
  const problems: AppError[] = [];
  const trustAnchor = collect(problems, () => parseTrustAnchorArn(account.trustAnchorArn));
  const profile = collect(problems, () => parseProfileArn(account.profileArn));
  const role = collect(problems, () => parseRoleArn(account.roleArn));
  if (role !== null && profile !== null && trustAnchor !== null) {
    problems.push(...disagreements({ role, profile, trustAnchor }, account.region));
  }
  const { min, max } = sessionDurationRange;
  const duration = account.sessionDuration;
  if (!Number.isInteger(duration) || duration < min || duration > max) {
    problems.push(
      new AppError('duration-range', {
        message: `A session duration of ${String(duration)} seconds is out of range.`,
      }),
    );
  }
  if (trustAnchor !== null) {
    collect(problems, () => resolveEndpoint(account, trustAnchor.partition, environment));
  }
  return {
    problems,
    warnings: [...unusualIds({ profile, trustAnchor }), ...overriddenFips(account, environment)],
  };
}

/**
 * What the certificate and its issuers tell. Of the account count the duration, for a warning only, and whether it names
 * a file of intermediates.
 */
export function checkCertificate({
  account,
  certificate,
  issuers,
  now,
}: Pick<PreflightOptions, 'certificate' | 'issuers' | 'now'> & {
  readonly account: Pick<Account, 'sessionDuration' | 'intermediates'>;
}): Findings {
  const problems = certificateRules
    .filter(({ broken }) => broken(certificate, now))
    .map(({ code, message }) => new AppError(code, message && { message: message(certificate) }));
  const way = wayUp(certificate, issuers);
  const chain = intermediates(way);
  const isLost = way.length === 0 && otherCas(certificate, issuers).length > 0;
  // A file named as intermediates is meant to lead up. What merely lies beside the certificate need not.
  const isBroken = isLost && account.intermediates !== null;
  return {
    problems: [...problems, ...(isBroken ? [brokenChain()] : [])],
    warnings: [
      ...endsSoon(account, certificate, now),
      ...(isLost && !isBroken ? [unrelatedIssuers] : []),
      ...tooManyIssuers(chain),
      ...exceededPathLengths(way).map(pathTooLong),
      ...expiredIssuers(chain, now),
      ...chain.filter(isWeaklySigned).map(weakIssuer),
      ...unusualSignature(certificate),
      ...noClientAuth(certificate),
      ...longCommonName(certificate),
      ...untaggable(certificate),
    ],
  };
}

/** IAM Roles Anywhere's rules for end-entity certificates (user guide, "Signature validation"). */
const certificateRules: readonly {
  readonly code: AppError['code'];
  readonly broken: (certificate: Certificate, now: number) => boolean;
  readonly message?: (certificate: Certificate) => string;
}[] = [
  {
    code: 'cert-expired',
    broken: ({ notAfter }, now) => now > notAfter,
    message: ({ notAfter }) => `The certificate expired on ${formatTime(notAfter)}.`,
  },
  {
    code: 'cert-not-yet-valid',
    broken: ({ notBefore }, now) => now < notBefore,
    message: ({ notBefore }) => `The certificate is valid from ${formatTime(notBefore)} on.`,
  },
  { code: 'cert-version', broken: ({ version }) => version !== 3 },
  { code: 'cert-is-ca', broken: ({ isCa }) => isCa },
  // Version 1 cannot have the extension: that is told already.
  {
    code: 'cert-no-digital-signature',
    broken: ({ digitalSignature, version }) => digitalSignature !== true && version === 3,
  },
  {
    code: 'cert-sha1',
    broken: isWeaklySigned,
    message: (certificate) =>
      `The certificate is signed with ${signatureName(certificate)}; AWS takes SHA-256 or stronger.`,
  },
  { code: 'cert-empty-subject', broken: ({ subjectIsEmpty }) => subjectIsEmpty },
  { code: 'key-unsupported', broken: ({ keyType }) => !isSupported(keyType) },
];

const strongHashes = ['sha256', 'sha384', 'sha512'];
/** AWS documents ML-DSA keys; of the others it says neither yes nor no. */
const mlDsa = ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'];
/** WebCrypto's names of Ed25519 and Ed448, as the certificate's reader gives them. */
const edDsa = ['Ed25519', 'EdDSA'];

/** Whether a signature is with less than SHA-256, or with an algorithm nobody knows to be as strong. */
function isWeaklySigned({ signatureHash, signatureAlgorithm }: Certificate): boolean {
  if (signatureHash !== null) return !strongHashes.includes(signatureHash);
  // These need no hash of another name.
  return ![...mlDsa, ...edDsa].includes(signatureAlgorithm);
}

/** `SHA-1`, or `the algorithm 1.2.3.4`. */
function signatureName({ signatureHash, signatureAlgorithm }: Certificate): string {
  return signatureHash === null
    ? `the algorithm ${signatureAlgorithm}`
    : signatureHash.toUpperCase().replace('SHA', 'SHA-');
}

function isSupported(key: Certificate['keyType']): boolean {
  return key !== null && (key.type === 'EC' || (key.bits >= 2048 && key.bits <= 4096));
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function unusualIds(arns: { [Part in 'profile' | 'trustAnchor']: Arns[Part] | null }): Problem[] {
  return [arns.profile, arns.trustAnchor]
    .filter((arn) => arn !== null)
    .filter(({ id }) => !uuid.test(id))
    .map(({ text }) => ({
      code: 'arn-unusual',
      message: `${quoted(text)} does not end in a UUID as AWS’s do; a part of it may be missing.`,
    }));
}

function overriddenFips(account: PreflightFields, environment: EndpointEnvironment): Problem[] {
  if (overrideOf(account, environment) === null || !wantsFips(account, environment)) return [];
  return [
    {
      code: 'endpoint-overridden',
      message: 'FIPS endpoints are asked for, but the endpoint named takes their place.',
    },
  ];
}

const dayMs = 86_400_000;
const soonDays = 14;

function endsSoon(
  account: Pick<Account, 'sessionDuration'>,
  { notAfter }: Certificate,
  now: number,
): Problem[] {
  if (now > notAfter) return [];
  const end = formatTime(notAfter);
  if (notAfter < now + account.sessionDuration * 1000) {
    return [
      {
        code: 'cert-ends-soon',
        message: `The certificate ends on ${end}, before the session would; the session cannot be renewed then.`,
      },
    ];
  }
  if (notAfter >= now + soonDays * dayMs) return [];
  return [
    {
      code: 'cert-ends-soon',
      message: `The certificate ends on ${end}, in less than ${String(soonDays)} days.`,
    },
  ];
}

function expiredIssuers(chain: readonly Certificate[], now: number): Problem[] {
  return chain
    .filter(({ notAfter }) => now > notAfter)
    .map(({ subject, notAfter }) => ({
      code: 'issuer-expired',
      message: `The CA certificate ${quoted(subject)} expired on ${formatTime(notAfter)}; AWS will probably refuse it.`,
    }));
}

function brokenChain(): AppError {
  return new AppError('chain-broken', {
    message: 'None of the intermediate certificates given issued the device’s certificate.',
    remedy:
      'Give the CA certificates between the device’s certificate and the trust anchor, or no intermediates where the anchor itself issued it.',
  });
}

const unrelatedIssuers: Problem = {
  code: 'issuers-unrelated',
  message:
    'None of the CA certificates beside the device’s issued it, so none is sent; AWS takes it only where the trust anchor itself issued it.',
};

function tooManyIssuers(chain: readonly Certificate[]): Problem[] {
  if (chain.length <= maxIssuers) return [];
  return [
    {
      code: 'chain-too-long',
      message: `There are ${String(chain.length)} intermediate certificates, of which AWS takes ${String(maxIssuers)}; a trust anchor above those is not reached.`,
    },
  ];
}

function pathTooLong({ subject, pathLength }: Certificate): Problem {
  return {
    code: 'issuer-path-length',
    message: `The CA certificate ${quoted(subject)} allows ${String(pathLength)} CA certificates below it, and there are more; AWS will probably refuse them.`,
  };
}

function weakIssuer(issuer: Certificate): Problem {
  return {
    code: 'issuer-sha1',
    message: `The CA certificate ${quoted(issuer.subject)} is signed with ${signatureName(issuer)}; AWS takes SHA-256 or stronger and will probably refuse it.`,
  };
}

function unusualSignature({ signatureAlgorithm }: Certificate): Problem[] {
  if (!edDsa.includes(signatureAlgorithm)) return [];
  return [
    {
      code: 'cert-signature-unusual',
      message: 'The certificate is signed with EdDSA, which AWS does not document to take.',
    },
  ];
}

/** id-kp-clientAuth and anyExtendedKeyUsage (RFC 5280, section 4.2.1.12). */
const clientUsages = ['1.3.6.1.5.5.7.3.2', '2.5.29.37.0'];

function noClientAuth({ extendedKeyUsage }: Certificate): Problem[] {
  if (extendedKeyUsage?.some((usage) => clientUsages.includes(usage)) ?? true) return [];
  return [
    {
      code: 'cert-no-client-auth',
      message:
        'The certificate’s extended key usage lacks clientAuth; AWS does not document that it wants it, but some were refused without.',
    },
  ];
}

/** Up to here AWS makes `CN=...` the source identity, above it the bare name (user guide, "Trust model"). */
const maxCommonName = 61;

function longCommonName({ subjectAttributes }: Certificate): Problem[] {
  return subjectAttributes
    .filter(({ type, value }) => type === 'CN' && Array.from(value).length > maxCommonName)
    .map(({ value }) => ({
      code: 'cert-name-long',
      message: `The common name ${quoted(value)} is longer than ${String(maxCommonName)} characters; AWS shortens the source identity made of it.`,
    }));
}

const maxTagValue = 256;

/** Names that cannot become session tags: STS takes `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`, at most 256 characters. */
function untaggable(certificate: Certificate): Problem[] {
  const directoryNames = certificate.directoryNames.flatMap((name) =>
    asTags(name).map(({ type, value }) => ({ type: `Name/${type}`, value })),
  );
  return [
    ...untaggableOf('subject', asTags(certificate.subjectAttributes)),
    ...untaggableOf('issuer', asTags(certificate.issuerAttributes)),
    ...untaggableOf('alternative name', [...certificate.alternativeNames, ...directoryNames]),
  ];
}

/** A name's attributes as AWS makes tags of them: one of each type, the values of a repeated one joined by `/`. */
function asTags(attributes: readonly NameAttribute[]): NameAttribute[] {
  const types = Array.from(new Set(attributes.map(({ type }) => type)));
  return types.map((type) => ({
    type,
    value: attributes
      .filter((attribute) => attribute.type === type)
      .map(({ value }) => value)
      .join('/'),
  }));
}

function untaggableOf(where: string, tags: readonly NameAttribute[]): Problem[] {
  return tags.flatMap(({ type, value }) => {
    const bad = new Set(value.match(/[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu));
    const tooLong = Array.from(value).length > maxTagValue;
    if (bad.size === 0 && !tooLong) return [];
    const reason =
      bad.size === 0 ? 'is too long' : `has ${quoted(Array.from(bad).join(' '))}, which is not allowed`;
    return [
      {
        code: 'cert-name-untaggable',
        message: `The ${where}’s ${type} ${quoted(value)} ${reason} in a session tag; AWS may refuse the certificate for it.`,
      },
    ];
  });
}

function collect<T>(problems: AppError[], read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    problems.push(error);
    return null;
  }
}
