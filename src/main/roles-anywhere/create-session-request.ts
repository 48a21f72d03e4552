/** The CreateSession request (API reference, IAM Roles Anywhere): built, made ready to sign, and signed. */
import { AppError } from '../../shared/errors.ts';
import type { Account } from '../../shared/model.ts';
import {
  authorization,
  canonicalQuery,
  canonicalRequest,
  formatAmzDate,
  stringToSign,
} from './canonical-request.ts';
import type { QueryParameter } from './canonical-request.ts';
import type { Certificate } from './certificate.ts';
import type { Endpoint } from './endpoint.ts';
import { signingAlgorithm } from './signature.ts';

/** What of an account goes into the request. */
export type RequestFields = Pick<
  Account,
  'roleArn' | 'profileArn' | 'trustAnchorArn' | 'sessionDuration' | 'roleSessionName'
>;

export interface CreateSessionRequestOptions {
  readonly account: RequestFields;
  readonly certificate: Certificate;
  /** Its issuers, as `buildChain` gives them. */
  readonly chain: readonly Certificate[];
  readonly endpoint: Endpoint;
  /** Milliseconds since the epoch, by AWS's clock. */
  readonly time: number;
}

/** A POST that lacks its signature. */
export interface CreateSessionRequest {
  readonly url: string;
  readonly body: string;
  /** What the key signs: with SHA-256, once. */
  readonly stringToSign: string;
  /** The headers to send, Authorization among them; `host` is the HTTP client's to add. */
  headers(signature: Uint8Array): Record<string, string>;
}

const path = '/sessions';

/**
 * Signed are the body and exactly the headers IAM Roles Anywhere wants signed. The ARNs go in the query; where one has
 * a `=`, all go in the body, since two ways of encoding it there are documented.
 * @throws AppError `key-unsupported`.
 */
export function createSessionRequest(options: CreateSessionRequestOptions): CreateSessionRequest {
  const { account, certificate, chain, endpoint, time } = options;
  if (certificate.keyType === null) throw new AppError('key-unsupported');
  const arns: QueryParameter[] = [
    ['profileArn', account.profileArn],
    ['roleArn', account.roleArn],
    ['trustAnchorArn', account.trustAnchorArn],
  ];
  const inBody = arns.some(([, arn]) => arn.includes('='));
  const query = inBody ? [] : arns;
  const body = JSON.stringify({
    durationSeconds: account.sessionDuration,
    ...(account.roleSessionName !== null && { roleSessionName: account.roleSessionName }),
    ...(inBody && Object.fromEntries(arns)),
  });
  const amzDate = formatAmzDate(time);
  const headers = {
    'content-type': 'application/json',
    'x-amz-date': amzDate,
    'x-amz-x509': base64(certificate),
    ...(chain.length > 0 && { 'x-amz-x509-chain': chain.map(base64).join(',') }),
  };
  const canonical = canonicalRequest({
    method: 'POST',
    path,
    query,
    headers: { ...headers, host: endpoint.host },
    body,
  });
  const scope = {
    algorithm: signingAlgorithm(certificate.keyType),
    amzDate,
    region: endpoint.region,
    service: 'rolesanywhere',
  };
  return {
    url: `${endpoint.origin}${path}${inBody ? '' : `?${canonicalQuery(query)}`}`,
    body,
    stringToSign: stringToSign(scope, canonical),
    headers: (signature) => ({
      ...headers,
      authorization: authorization(
        scope,
        certificate.serial,
        canonical.signedHeaders,
        Buffer.from(signature).toString('hex'),
      ),
    }),
  };
}

function base64({ der }: Certificate): string {
  return Buffer.from(der).toString('base64');
}
