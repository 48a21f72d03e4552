/**
 * What AWS SDKs ask at AWS_CONTAINER_CREDENTIALS_FULL_URI (AWS SDKs and Tools Reference Guide, container credential
 * provider): one request in, one answer out. Any user of this computer can reach the port, so nothing is told before
 * the token fits.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { toErrorShape } from '../../shared/errors.ts';
import { formatTime, type Credentials } from '../../shared/model.ts';

export interface ContainerRequest {
  readonly method: string;
  /** As it was sent, nothing decoded or resolved: what is not exactly a path of ours is none. */
  readonly target: string;
  /** Every header line, in order, names in any case: a second line of one name is told apart from the first. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export interface ContainerAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
}

/** Who may ask for an account's credentials: whoever has the token with this digest. */
export interface Grant {
  readonly account: string;
  readonly tokenDigest: Uint8Array;
}

/** What an account serves. */
export interface ServedByContainer {
  readonly credentials: Omit<Credentials, 'expiration'>;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly roleArn: string;
}

export interface ContainerEndpoint {
  readonly port: number;
  readonly grants: Iterable<Grant>;
  /** From memory, at once. @throws AppError what keeps the account from serving. */
  readonly serving: (account: string) => ServedByContainer;
}

/** The one address that is listened on; SDKs take it with plain http. */
export const loopback = '127.0.0.1';

/** @param account its ID, which needs no encoding. */
export function containerPath(account: string): string {
  return `/accounts/${account}`;
}

/** SHA-256 of a token. Digests are compared in place of tokens: they are all of one length. */
export function tokenDigest(token: string): Uint8Array {
  return createHash('sha256').update(token, 'utf8').digest();
}

/**
 * Sent by browsers for a page, or added by whatever passes a request on. An SDK asks by itself and directly, and the
 * token alone should not decide where something else is in between.
 */
const passedOn = /^(origin|sec-fetch-site|forwarded|via|x-forwarded-.*|x-real-ip)$/;

/**
 * Answers one request; never throws.
 *
 * Every refusal is a 4xx: SDKs repeat a 5xx, some for seconds, and none of these passes by itself.
 * @param now milliseconds since the epoch.
 */
export function answerContainerRequest(
  request: ContainerRequest,
  endpoint: ContainerEndpoint,
  now: number,
): ContainerAnswer {
  const headers = headerLines(request);
  const only = (name: string): string | null => {
    const values = headers.get(name) ?? [];
    return values.length === 1 ? (values[0] ?? null) : null;
  };
  // A name that leads here from elsewhere (DNS rebinding) is in the Host header; an SDK sends what its variable says.
  const host = only('host')?.toLowerCase();
  if (host !== `${loopback}:${String(endpoint.port)}` && host !== `localhost:${String(endpoint.port)}`) {
    return refusal(403, 'host-refused', 'The Host header does not name this endpoint.');
  }
  if ([...headers.keys()].some((name) => passedOn.test(name))) {
    return refusal(
      403,
      'origin-refused',
      'Requests of web pages, and requests that were passed on, are refused.',
    );
  }
  if (request.method !== 'GET') {
    return {
      ...refusal(405, 'method-refused', 'Only GET is answered.'),
      headers: { ...common, allow: 'GET' },
    };
  }
  if (hasBody(headers)) return refusal(400, 'body-refused', 'A request has no body here.');
  const account = accountOf(only('authorization') ?? '', endpoint.grants);
  if (account === null || request.target !== containerPath(account)) {
    return refusal(403, 'token-refused', 'The token does not open this path.');
  }
  return credentialsOf(account, endpoint, now);
}

function credentialsOf(account: string, { serving }: ContainerEndpoint, now: number): ContainerAnswer {
  let served: ServedByContainer;
  try {
    served = serving(account);
  } catch (error) {
    const { code, message, remedy } = toErrorShape(error);
    return refusal(code === 'internal' ? 500 : 404, code, `${message} ${remedy}`.trimEnd());
  }
  const { credentials, expiresAt, roleArn } = served;
  if (expiresAt <= now) return refusal(404, 'session-expired', 'The session has expired.');
  return answer(200, {
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey,
    Token: credentials.sessionToken,
    Expiration: formatTime(expiresAt),
    RoleArn: roleArn,
  });
}

/** The account the token opens. Every grant is compared, whichever fits, so that the time taken tells nothing. */
function accountOf(token: string, grants: Iterable<Grant>): string | null {
  const digest = tokenDigest(token);
  let account: string | null = null;
  for (const grant of grants) {
    if (timingSafeEqual(grant.tokenDigest, digest)) account = grant.account;
  }
  return account;
}

function headerLines({ headers }: ContainerRequest): ReadonlyMap<string, readonly string[]> {
  const lines = new Map<string, string[]>();
  for (const [name, value] of headers) {
    const known = lines.get(name.toLowerCase());
    if (known === undefined) lines.set(name.toLowerCase(), [value]);
    else known.push(value);
  }
  return lines;
}

function hasBody(headers: ReadonlyMap<string, readonly string[]>): boolean {
  return (
    headers.has('transfer-encoding') || (headers.get('content-length') ?? []).some((value) => value !== '0')
  );
}

/** Of every answer. No CORS header: no web page may read one. */
const common = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  connection: 'close',
} as const;

/** A failure in the words SDKs read (`code` and `message`). */
export function refusal(status: number, code: string, message: string): ContainerAnswer {
  return answer(status, { code, message });
}

function answer(status: number, body: unknown): ContainerAnswer {
  return { status, headers: common, body: JSON.stringify(body) };
}
