/** GetCallerIdentity of AWS STS for the sessions of this server: Signature Version 4 with a secret, verified. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Session, Sessions } from './sessions.ts';
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

/** STS allows a clock to be this wrong. */
const skewSeconds = 15 * 60;

const failures = {
  'action-unknown': [400, 'InvalidAction', 'Could not find operation for the requested action and version'],
  'body-too-long': [413, 'RequestEntityTooLarge', 'Request body is too long'],
  'authorization-missing': [403, 'MissingAuthenticationToken', 'Request is missing Authentication Token'],
  'authorization-malformed': [400, 'IncompleteSignature', 'Authorization header is malformed'],
  'header-unsigned': [403, 'SignatureDoesNotMatch', 'A header that must be signed is not'],
  'scope-mismatch': [
    403,
    'SignatureDoesNotMatch',
    'Credential should be scoped to a valid region and service',
  ],
  'key-unknown': [403, 'InvalidClientTokenId', 'The security token included in the request is invalid'],
  'token-mismatch': [403, 'InvalidClientTokenId', 'The security token included in the request is invalid'],
  'clock-skew': [403, 'SignatureDoesNotMatch', 'Signature expired or not yet current'],
  'signature-invalid': [
    403,
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  ],
  'session-expired': [403, 'ExpiredToken', 'The security token included in the request is expired'],
} as const;

export type StsReason = keyof typeof failures;

export class StsRefusal extends Error {
  override readonly name = 'StsRefusal';
  readonly reason: StsReason;

  constructor(reason: StsReason) {
    super(failures[reason][2]);
    this.reason = reason;
  }

  get status(): number {
    return failures[this.reason][0];
  }

  get code(): string {
    return failures[this.reason][1];
  }
}

/** The session that signed a GetCallerIdentity request. @throws StsRefusal. */
export function judgeGetCallerIdentity(request: WireRequest, sessions: Sessions, now: number): Session {
  checkAction(request);
  const [header] = headerValues(request, 'authorization');
  if (header === undefined) throw new StsRefusal('authorization-missing');
  const authorization = parseAuthorization(header);
  const [amzDate = ''] = headerValues(request, 'x-amz-date');
  const time = parseAmzDate(amzDate);
  if (authorization?.algorithm !== 'AWS4-HMAC-SHA256' || time === null) {
    throw new StsRefusal('authorization-malformed');
  }
  checkSignedHeaders(request, authorization);
  if (authorization.service !== 'sts' || authorization.date !== amzDate.slice(0, 8)) {
    throw new StsRefusal('scope-mismatch');
  }
  const session = sessions.find(authorization.id);
  if (session === undefined) throw new StsRefusal('key-unknown');
  const [token] = headerValues(request, 'x-amz-security-token');
  if (token !== session.sessionToken) throw new StsRefusal('token-mismatch');
  if (Math.abs(now - time) > skewSeconds * 1000) throw new StsRefusal('clock-skew');
  if (!isSignedBy(session.secretAccessKey, request, authorization, amzDate)) {
    throw new StsRefusal('signature-invalid');
  }
  if (now >= session.expiresAt) throw new StsRefusal('session-expired');
  return session;
}

function checkAction(request: WireRequest): void {
  const { query } = splitTarget(request.target);
  const form = request.method === 'POST' ? request.body.toString('utf8') : query;
  let parameters: Map<string, string>;
  try {
    parameters = new Map(queryParameters(form));
  } catch {
    throw new StsRefusal('action-unknown');
  }
  if (parameters.get('Action') !== 'GetCallerIdentity' || parameters.get('Version') !== '2011-06-15') {
    throw new StsRefusal('action-unknown');
  }
}

function checkSignedHeaders(request: WireRequest, { signedHeaders }: Authorization): void {
  const names = headerNames(request);
  const needed = names.filter((name) => name === 'host' || name.startsWith('x-amz-'));
  if (
    !needed.every((name) => signedHeaders.includes(name)) ||
    !signedHeaders.every((name) => names.includes(name))
  ) {
    throw new StsRefusal('header-unsigned');
  }
}

/** Signature Version 4: the key is derived from the secret for one day, region and service. */
function isSignedBy(
  secret: string,
  request: WireRequest,
  authorization: Authorization,
  amzDate: string,
): boolean {
  const [claimed] = headerValues(request, 'x-amz-content-sha256');
  if (claimed !== undefined && claimed !== sha256Hex(request.body)) return false;
  const { date, region, service } = authorization;
  const key = [date, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secret}`);
  const given = Buffer.from(authorization.signature, 'hex');
  return stringsToSign(request, authorization, amzDate).some((text) => {
    const expected = hmac(key, text);
    return expected.length === given.length && timingSafeEqual(expected, given);
  });
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/';

export function callerIdentityXml(session: Session, requestId: string): string {
  return `<GetCallerIdentityResponse xmlns="${namespace}">
  <GetCallerIdentityResult>
    <Arn>${escapeXml(session.assumedRoleArn)}</Arn>
    <UserId>${escapeXml(session.assumedRoleId)}</UserId>
    <Account>${session.account}</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>${requestId}</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
`;
}

export function stsErrorXml(code: string, message: string, requestId: string): string {
  return `<ErrorResponse xmlns="${namespace}">
  <Error>
    <Type>Sender</Type>
    <Code>${code}</Code>
    <Message>${escapeXml(message)}</Message>
  </Error>
  <RequestId>${requestId}</RequestId>
</ErrorResponse>
`;
}

const escapeXml = (text: string): string =>
  text.replace(/[<>&"']/g, (character) => `&#${String(character.charCodeAt(0))};`);
