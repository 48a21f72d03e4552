/**
 * CreateSession of IAM Roles Anywhere, judged: every rule AWS documents, one after the other, each with its own reason.
 */
import { verify } from 'node:crypto';
import type { Account, Profile, Role, TrustAnchor } from './account.ts';
import { mayExist, parseArn, type Arn, type ArnKind } from './arn.ts';
import { clientAuthOid, parseCertificate, type Certificate } from './certificate.ts';
import { DerError } from './der.ts';
import { defaultSessionName, sessionTags, unmappable } from './identity.ts';
import { Refusal, type Reason } from './refusal.ts';
import {
  headerNames,
  headerValues,
  parseAmzDate,
  parseAuthorization,
  queryParameters,
  sha256Hex,
  splitTarget,
  stringsToSign,
  type Authorization,
  type WireRequest,
} from './sigv4.ts';
import { checkLeaf, checkRevocation, findPath } from './trust.ts';

/** What was seen of a request, as far as checking came. */
export interface Observations {
  trustAnchorArn: string | null;
  profileArn: string | null;
  roleArn: string | null;
  /** Decimal, as the request claims it. */
  serial: string | null;
  algorithm: string | null;
  /** Lower-case hex. */
  signature: string | null;
  /** Null until the signature was looked at. */
  signatureValid: boolean | null;
  durationSeconds: number | null;
  roleSessionName: string | null;
  /** Oddities that are let pass; a well-made request has none. */
  readonly remarks: Remark[];
}

export type Remark =
  | 'headers-unsigned'
  | 'body-empty'
  | 'no-client-auth'
  | 'chain-has-leaf'
  | 'chain-has-anchor'
  | 'chain-has-unrelated'
  | 'chain-order';

export const nothingObserved = (): Observations => ({
  trustAnchorArn: null,
  profileArn: null,
  roleArn: null,
  serial: null,
  algorithm: null,
  signature: null,
  signatureValid: null,
  durationSeconds: null,
  roleSessionName: null,
  remarks: [],
});

export interface Grant {
  readonly trustAnchor: Arn;
  readonly role: Arn;
  readonly certificate: Certificate;
  readonly durationSeconds: number;
  readonly sessionName: string;
}

export interface Judgement {
  readonly account: Account;
  /** The server's time, milliseconds since the epoch. */
  readonly now: number;
  readonly skewSeconds: number;
}

/** Certificates in X-Amz-X509-Chain. */
const maxChain = 5;
/** Bytes of the DER of a client's certificate. */
const maxCertificateBytes = 16 * 1024;
const algorithms: Readonly<Record<string, string>> = {
  rsa: 'AWS4-X509-RSA-SHA256',
  ec: 'AWS4-X509-ECDSA-SHA256',
};
const curves = ['prime256v1', 'secp384r1', 'secp521r1'];
const requiredHeaders = ['host', 'content-type', 'x-amz-date', 'x-amz-x509'];
/** Headers aws_signing_helper leaves unsigned, and those that HTTP libraries and proxies add on their way. */
const mayBeUnsigned = new Set([
  ...['authorization', 'user-agent', 'x-amzn-trace-id', 'content-length', 'transfer-encoding', 'connection'],
  ...['keep-alive', 'te', 'accept', 'accept-encoding', 'accept-language', 'sec-fetch-mode', 'expect'],
]);

interface Proof {
  readonly authorization: Authorization;
  readonly amzDate: string;
  readonly leaf: Certificate;
  readonly chain: readonly Certificate[];
}

interface Wish {
  readonly trustAnchor: Arn;
  readonly profile: Arn;
  readonly role: Arn;
  /** Seconds; null where the request leaves it to the profile. */
  readonly durationSeconds: number | null;
  readonly roleSessionName: string | null;
}

/** @throws Refusal. Fills `seen` on the way, also where it refuses. */
export function judgeCreateSession(request: WireRequest, judgement: Judgement, seen: Observations): Grant {
  const { path } = splitTarget(request.target);
  if (path !== '/sessions') throw new Refusal('path-unknown', path);
  if (request.method !== 'POST') throw new Refusal('method-unknown', request.method);
  const proof = readProof(request, seen);
  const wish = readWish(request, seen);
  checkSignature(request, proof, wish, judgement, seen);
  checkTrust(proof, wish, judgement, seen);
  return authorise(proof.leaf, wish, judgement.account);
}

function readProof(request: WireRequest, seen: Observations): Proof {
  const header = onlyHeader(request, 'authorization', 'authorization-missing');
  const authorization = parseAuthorization(header);
  if (authorization === null) throw new Refusal('authorization-malformed', 'see the grammar in the guide');
  seen.algorithm = authorization.algorithm;
  seen.serial = authorization.id;
  seen.signature = authorization.signature;

  for (const name of requiredHeaders) onlyHeader(request, name, 'header-missing');
  checkSignedHeaders(request, authorization.signedHeaders, seen);
  const amzDate = onlyHeader(request, 'x-amz-date', 'header-missing');
  const leaf = readCertificate(onlyHeader(request, 'x-amz-x509', 'header-missing'), 'certificate-malformed');
  if (leaf.der.length > maxCertificateBytes) {
    throw new Refusal('certificate-too-long', `${String(leaf.der.length)} bytes`);
  }
  return { authorization, amzDate, leaf, chain: readChain(request) };
}

/** The value of a header that must be there once, with something in it. */
function onlyHeader(request: WireRequest, name: string, missing: Reason): string {
  const [value = '', second] = headerValues(request, name);
  if (value === '') throw new Refusal(missing, name);
  if (second !== undefined) throw new Refusal('header-duplicated', name);
  return value;
}

/** The guide names four headers and the chain; Signature Version 4 adds every `x-amz-` header that is sent. */
function checkSignedHeaders(request: WireRequest, signed: readonly string[], seen: Observations): void {
  const sent = headerNames(request);
  for (const name of signed) {
    if (!sent.includes(name)) throw new Refusal('signed-header-absent', name);
  }
  const unsigned = sent.filter((name) => !signed.includes(name));
  for (const name of unsigned) {
    if (requiredHeaders.includes(name) || name.startsWith('x-amz-'))
      throw new Refusal('header-unsigned', name);
  }
  if (unsigned.some((name) => !mayBeUnsigned.has(name))) seen.remarks.push('headers-unsigned');
}

function readChain(request: WireRequest): Certificate[] {
  if (headerValues(request, 'x-amz-x509-chain').length === 0) return [];
  const parts = onlyHeader(request, 'x-amz-x509-chain', 'chain-malformed').split(',');
  if (parts.length > maxChain) throw new Refusal('chain-too-long', `${String(parts.length)} certificates`);
  return parts.map((part) => readCertificate(part, 'chain-malformed'));
}

/** Standard base64 with padding and nothing else, of exactly one certificate. */
function readCertificate(base64: string, malformed: Reason): Certificate {
  const der = Buffer.from(base64, 'base64');
  if (der.toString('base64') !== base64) throw new Refusal(malformed, 'not standard base64');
  try {
    return parseCertificate(der);
  } catch (error) {
    if (error instanceof DerError) throw new Refusal(malformed, error.message);
    throw error;
  }
}

/**
 * The guide encodes `=` in a query value twice, for the signature. A client that also sends it so means `=`: a `%3D` that
 * is left in an ARN of the query stands for that.
 */
function readWish(request: WireRequest, seen: Observations): Wish {
  const body = readBody(request.body, seen);
  const parameters = readQuery(splitTarget(request.target).query);
  const arn = (name: string, kind: ArnKind): string => {
    const given = [
      ...parameters.filter(([key]) => key === name).map(([, value]) => value.replaceAll('%3D', '=')),
      body[name],
    ].filter((value) => value !== undefined && value !== null);
    const [value] = given;
    if (value === undefined) throw new Refusal('arn-missing', name);
    if (typeof value !== 'string') throw new Refusal('arn-malformed', `${name} is not a string`);
    if (given.some((other) => other !== value)) throw new Refusal('arn-ambiguous', name);
    if (parseArn(value, kind) === null) throw new Refusal('arn-malformed', `${name}: ${value}`);
    return value;
  };
  seen.trustAnchorArn = arn('trustAnchorArn', 'trust-anchor');
  seen.profileArn = arn('profileArn', 'profile');
  seen.roleArn = arn('roleArn', 'role');
  seen.durationSeconds = readDuration(body.durationSeconds);
  // The newer member counts before the deprecated one; AWS does not say what it makes of two names.
  const deprecatedName = readSessionName(body.sessionName);
  seen.roleSessionName = readSessionName(body.roleSessionName) ?? deprecatedName;
  checkInstanceProperties(body.instanceProperties);
  return {
    trustAnchor: parseArn(seen.trustAnchorArn, 'trust-anchor')!,
    profile: parseArn(seen.profileArn, 'profile')!,
    role: parseArn(seen.roleArn, 'role')!,
    durationSeconds: seen.durationSeconds,
    roleSessionName: seen.roleSessionName,
  };
}

function readQuery(query: string): (readonly [string, string])[] {
  try {
    return queryParameters(query);
  } catch {
    throw new Refusal('query-malformed', 'broken %-escape');
  }
}

function readBody(bytes: Buffer, seen: Observations): Record<string, unknown> {
  if (bytes.length === 0) {
    seen.remarks.push('body-empty');
    return {};
  }
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // refused below, as JSON of another type is
  }
  throw new Refusal('body-malformed', 'not a JSON object');
}

function readDuration(value: unknown): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new Refusal('duration-malformed', JSON.stringify(value));
  }
  if (value < 900 || value > 43_200) throw new Refusal('duration-range', String(value));
  return value;
}

function readSessionName(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string' || !/^[\w+=,.@-]{2,64}$/.test(value)) {
    throw new Refusal('session-name-malformed', JSON.stringify(value));
  }
  return value;
}

function checkInstanceProperties(value: unknown): void {
  if (value === undefined || value === null) return;
  const isMap = typeof value === 'object' && !Array.isArray(value);
  if (!isMap || !Object.values(value).every((one) => typeof one === 'string')) {
    throw new Refusal('instance-properties-malformed', JSON.stringify(value));
  }
}

function checkSignature(
  request: WireRequest,
  { authorization, amzDate, leaf }: Proof,
  wish: Wish,
  { now, skewSeconds }: Judgement,
  seen: Observations,
): void {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = leaf.publicKey;
  const algorithm = algorithms[type ?? ''];
  if (algorithm === undefined || (type === 'ec' && !curves.includes(details?.namedCurve ?? ''))) {
    throw new Refusal('key-unsupported', `${String(type)} ${details?.namedCurve ?? ''}`);
  }
  if (!Object.values(algorithms).includes(authorization.algorithm)) {
    throw new Refusal('algorithm-unknown', authorization.algorithm);
  }
  if (authorization.algorithm !== algorithm)
    throw new Refusal('algorithm-mismatch', `the key is ${algorithm}`);
  if (authorization.id !== leaf.serial.toString(10)) {
    throw new Refusal('serial-mismatch', `the certificate has ${leaf.serial.toString(10)}`);
  }

  const time = parseAmzDate(amzDate);
  if (time === null) throw new Refusal('date-malformed', amzDate);
  if (authorization.date !== amzDate.slice(0, 8)) throw new Refusal('scope-date', authorization.date);
  if (authorization.region !== wish.trustAnchor.region)
    throw new Refusal('scope-region', authorization.region);
  if (authorization.service !== 'rolesanywhere') throw new Refusal('scope-service', authorization.service);
  const skew = Math.abs(now - time) / 1000;
  if (skew > skewSeconds) throw new Refusal('clock-skew', `${skew.toFixed()} s off`);

  if (headerValues(request, 'x-amz-content-sha256').some((claimed) => claimed !== sha256Hex(request.body))) {
    throw new Refusal('body-hash-mismatch', 'X-Amz-Content-Sha256 is not the hash of the body');
  }
  seen.signatureValid = stringsToSign(request, authorization, amzDate).some((text) =>
    verify('sha256', Buffer.from(text), leaf.publicKey, Buffer.from(authorization.signature, 'hex')),
  );
  if (!seen.signatureValid)
    throw new Refusal('signature-invalid', 'not over this request, or by another key');
}

function checkTrust({ leaf, chain }: Proof, wish: Wish, judgement: Judgement, seen: Observations): void {
  const { account, now } = judgement;
  const anchor = account.trustAnchor(wish.trustAnchor.text);
  if (anchor === undefined) throw new Refusal('anchor-unknown', wish.trustAnchor.text);
  if (!anchor.enabled) throw new Refusal('anchor-disabled', wish.trustAnchor.text);
  checkLeaf(leaf, now);
  const path = findPath(leaf, chain, anchor, now);
  checkRevocation(path, anchor);
  if (leaf.extendedKeyUsage?.has(clientAuthOid) === false) seen.remarks.push('no-client-auth');
  seen.remarks.push(...chainRemarks(leaf, chain, path, anchor));
}

/** What is odd about a chain header that leads to the anchor nevertheless. */
function chainRemarks(
  leaf: Certificate,
  chain: readonly Certificate[],
  path: readonly Certificate[],
  anchor: TrustAnchor,
): Remark[] {
  const among = (list: readonly Certificate[], one: Certificate): boolean =>
    list.some((other) => other.der.equals(one.der));
  const useful = chain.filter((one) => path.includes(one));
  const needless = chain.filter((one) => !path.includes(one) && !one.der.equals(leaf.der));
  const remarks: Remark[] = [];
  if (among(chain, leaf)) remarks.push('chain-has-leaf');
  if (needless.some((one) => among(anchor.certificates, one))) remarks.push('chain-has-anchor');
  if (needless.some((one) => !among(anchor.certificates, one))) remarks.push('chain-has-unrelated');
  if (useful.some((one, index) => path[index + 1] !== one)) remarks.push('chain-order');
  return remarks;
}

function authorise(leaf: Certificate, wish: Wish, account: Account): Grant {
  const { trustAnchor, role } = wish;
  checkAgreement(wish);
  const profile = account.profile(wish.profile.text);
  if (profile === undefined) throw new Refusal('profile-unknown', wish.profile.text);
  if (!profile.enabled) throw new Refusal('profile-disabled', wish.profile.text);
  const target = account.role(role.text);
  if (target === undefined || !mayExist(role)) {
    throw new Refusal('role-unknown', role.text, cannotAssume(role));
  }
  if (!profile.allows(role.text)) throw new Refusal('role-not-in-profile', role.text, cannotAssume(role));

  if (wish.roleSessionName !== null && !profile.acceptRoleSessionName) {
    throw new Refusal('session-name-not-accepted', wish.roleSessionName);
  }
  const durationSeconds = grantedDuration(wish, profile, target);
  const failed = unmappable(leaf);
  if (failed !== null) throw new Refusal('attributes-unmappable', failed, cannotAssume(role, failed));
  checkCondition(leaf, wish, target);
  const sessionName = wish.roleSessionName ?? defaultSessionName(leaf);
  return { trustAnchor, role, certificate: leaf, durationSeconds, sessionName };
}

const cannotAssume = (role: Arn, why = ''): string =>
  `Unable to assume role for ${role.text}. ${why}`.trimEnd();

/** One partition, one account, and one region for what has a region. */
function checkAgreement({ trustAnchor, profile, role }: Wish): void {
  for (const field of ['partition', 'account'] as const) {
    if (profile[field] !== trustAnchor[field] || role[field] !== trustAnchor[field]) {
      throw new Refusal('arn-mismatch', `${field}s differ`);
    }
  }
  if (profile.region !== trustAnchor.region) throw new Refusal('arn-mismatch', 'regions differ');
}

function grantedDuration(wish: Wish, profile: Profile, role: Role): number {
  const duration = Math.min(profile.durationSeconds, wish.durationSeconds ?? profile.durationSeconds);
  if (duration > role.maxSessionDuration) {
    const why = 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.';
    throw new Refusal('duration-exceeds-role', `${String(duration)} s`, cannotAssume(wish.role, why));
  }
  return duration;
}

function checkCondition(leaf: Certificate, wish: Wish, role: Role): void {
  const facts = sessionTags(leaf).set('SourceArn', wish.trustAnchor.text);
  for (const [key, allowed] of Object.entries(role.condition)) {
    const value = facts.get(key);
    if (value === undefined || !allowed.includes(value)) {
      throw new Refusal(
        'role-condition',
        `${key} is ${value ?? 'absent'}`,
        'Unable to to perform one of sts:AssumeRole, sts:TagSession, or sts:SetSourceIdentity on provided role',
      );
    }
  }
}
