/**
 * STS GetCallerIdentity with credentials an account serves: who AWS says they are.
 * (AWS STS API reference, GetCallerIdentity; IAM user guide, "Create a signed AWS API request".)
 */
import { createHmac } from 'node:crypto';
import type { CallOutput } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import type { Account } from '../../shared/model.ts';
import type { Http, HttpResponse } from '../ports.ts';
import { isSessionOf, parseAssumedRoleArn, parseRoleArn } from '../roles-anywhere/arn.ts';
import {
  authorization,
  canonicalRequest,
  credentialScope,
  formatAmzDate,
  stringToSign,
  type SigningScope,
} from '../roles-anywhere/canonical-request.ts';
import { parseEndpointUrl } from '../roles-anywhere/endpoint.ts';
import { quoted } from '../roles-anywhere/quoted.ts';
import { askOnce } from './ask-once.ts';
import type { SessionCredentials } from './create-session.ts';

const timeoutMs = 10_000;
const body = 'Action=GetCallerIdentity&Version=2011-06-15';

/** What the agent's environment says of STS. */
export interface StsEnvironment {
  /** AWS_ENDPOINT_URL_STS; null or empty: not set. */
  readonly stsUrl: string | null;
  readonly useFips: boolean;
  readonly useDualstack: boolean;
}

/**
 * The address of STS in the account's region and partition, as the AWS SDKs make it.
 * @throws AppError `endpoint-insecure`, `account-invalid` for an address in the environment that is none.
 */
export function stsOrigin(
  account: Pick<Account, 'roleArn' | 'region' | 'useFipsEndpoint' | 'useDualstackEndpoint'>,
  environment: StsEnvironment,
): string {
  if (environment.stsUrl !== null && environment.stsUrl !== '')
    return parseEndpointUrl(environment.stsUrl).origin;
  const { partition } = parseRoleArn(account.roleArn);
  const dualstack = account.useDualstackEndpoint || environment.useDualstack;
  // GovCloud's plain addresses are FIPS addresses: there are no others with FIPS in their name.
  const isNamed = partition.fips && (dualstack || partition.id !== 'aws-us-gov');
  const fips = (account.useFipsEndpoint || environment.useFips) && isNamed;
  const suffix = (dualstack ? partition.dualstackSuffix : null) ?? partition.suffix;
  return `https://sts${fips ? '-fips' : ''}.${account.region}.${suffix}`;
}

/**
 * @param origin scheme, host and port of STS, without a slash at the end.
 * @param now milliseconds since the epoch, by AWS's clock.
 * @throws AppError what the Http port throws, `aws-access-denied`, `response-invalid`.
 */
export async function callerIdentity(
  account: Pick<Account, 'roleArn' | 'region'>,
  credentials: SessionCredentials,
  origin: string,
  now: number,
  http: Http,
): Promise<CallOutput<'whoami'>> {
  const url = new URL(origin);
  const scope: SigningScope = {
    algorithm: 'AWS4-HMAC-SHA256',
    amzDate: formatAmzDate(now),
    region: account.region,
    service: 'sts',
  };
  const headers = {
    'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    host: url.host,
    'x-amz-date': scope.amzDate,
    'x-amz-security-token': credentials.sessionToken,
  };
  const canonical = canonicalRequest({ method: 'POST', path: '/', query: [], headers, body });
  const signature = hmac(
    signingKey(credentials.secretAccessKey, scope),
    stringToSign(scope, canonical),
  ).toString('hex');
  const request = {
    method: 'POST',
    url: `${origin}/`,
    headers: {
      ...headers,
      authorization: authorization(scope, credentials.accessKeyId, canonical.signedHeaders, signature),
    },
    body,
    timeoutMs,
  } as const;
  return identityIn(await askOnce(http, request), account);
}

/** Each part of the scope is hashed into the key of the next. */
function signingKey(secretAccessKey: string, scope: SigningScope): Buffer {
  return credentialScope(scope)
    .split('/')
    .reduce<Buffer>((key, part) => hmac(key, part), Buffer.from(`AWS4${secretAccessKey}`));
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function identityIn(
  { status, headers, body: xml }: HttpResponse,
  account: Pick<Account, 'roleArn'>,
): CallOutput<'whoami'> {
  if (status !== 200) throw refusal(status, xml, headers['x-amzn-requestid'] ?? null);
  const Account = textOf(xml, 'Account');
  const Arn = textOf(xml, 'Arn');
  const UserId = textOf(xml, 'UserId');
  if (Account === null || Arn === null || UserId === null) throw notOfSts();
  const identity = parseAssumedRoleArn(Arn);
  return {
    Account,
    Arn,
    UserId,
    matches: identity !== null && isSessionOf(parseRoleArn(account.roleArn), identity),
  };
}

function refusal(status: number, xml: string, headerId: string | null): AppError {
  const type = textOf(xml, 'Code');
  if (type === null) return notOfSts();
  const words = textOf(xml, 'Message') ?? type;
  const options = { requestId: textOf(xml, 'RequestId') ?? headerId };
  if (status === 429 || /^(Throttl|TooManyRequests|RequestLimitExceeded|SlowDown)/.test(type)) {
    return new AppError('aws-throttled', { ...options, remedy: 'Wait a little and ask again.' });
  }
  if (status >= 500)
    return new AppError('aws-failed', { ...options, message: `AWS STS failed: ${quoted(words, 500)}.` });
  return new AppError('aws-access-denied', {
    ...options,
    message: `AWS STS refused the credentials: ${quoted(words, 500)}.`,
    remedy: 'Disconnect the account and connect it again.',
  });
}

function notOfSts(): AppError {
  return new AppError('response-invalid', { message: 'The answer was not one of AWS STS.' });
}

/** The text of an element; null where there is none. STS answers in flat elements of plain text. */
function textOf(xml: string, element: string): string | null {
  const text = new RegExp(`<${element}>([^<>]{1,2048})</${element}>`).exec(xml)?.[1];
  return text === undefined ? null : decoded(text);
}

/** XML's own entities and character references (XML 1.0, sections 4.1 and 4.6). */
function decoded(text: string): string {
  const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
  return text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(lt|gt|amp|quot|apos));/gi,
    (entity, decimal, hex, name) => {
      if (typeof name === 'string') return named[name] ?? entity;
      const code = typeof decimal === 'string' ? Number(decimal) : Number.parseInt(String(hex), 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : entity;
    },
  );
}
