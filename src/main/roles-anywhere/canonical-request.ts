/**
 * The text a Signature Version 4 signature covers: canonical request and string to sign.
 * It serves both key kinds: X.509 (IAM Roles Anywhere, "Signing process for authentication") and the secret access key
 * of the ordinary SigV4 (IAM user guide, "Create a signed AWS API request").
 */
import { createHash } from 'node:crypto';

export type QueryParameter = readonly [name: string, value: string];

export interface SignableRequest {
  readonly method: string;
  /** Not encoded. */
  readonly path: string;
  /** Not encoded; in any order. */
  readonly query: readonly QueryParameter[];
  /** Every header to be signed, `host` among them; names in any case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/**
 * How often a `=` in a query value is encoded. AWS's page on the X.509 form says twice (`%253D`), AWS's own helper does
 * it once (`%3D`) like every SigV4 client. Requests of Rolekey hold none: such ARNs go in the body.
 */
export type EqualsEncoding = 'once' | 'twice';

export interface CanonicalRequest {
  readonly text: string;
  /** Names, lower case, sorted, joined by `;`. */
  readonly signedHeaders: string;
}

/** When and for whom a request is signed. */
export interface SigningScope {
  /** `AWS4-X509-RSA-SHA256`, `AWS4-HMAC-SHA256` ... */
  readonly algorithm: string;
  /** As {@link formatAmzDate} writes it. */
  readonly amzDate: string;
  readonly region: string;
  readonly service: string;
}

export function canonicalRequest(
  request: SignableRequest,
  equals: EqualsEncoding = 'once',
): CanonicalRequest {
  const headers = canonicalHeaders(request.headers);
  const signedHeaders = headers.map(([name]) => name).join(';');
  const text = [
    request.method.toUpperCase(),
    canonicalPath(request.path),
    canonicalQuery(request.query, equals),
    ...headers.map(([name, value]) => `${name}:${value}`),
    '',
    signedHeaders,
    sha256Hex(request.body),
  ].join('\n');
  return { text, signedHeaders };
}

/** What is signed. No newline at the end. */
export function stringToSign(scope: SigningScope, canonical: CanonicalRequest): string {
  return [scope.algorithm, scope.amzDate, credentialScope(scope), sha256Hex(canonical.text)].join('\n');
}

/** `YYYYMMDD/REGION/SERVICE/aws4_request`. */
export function credentialScope({ amzDate, region, service }: SigningScope): string {
  return `${amzDate.slice(0, 8)}/${region}/${service}/aws4_request`;
}

/** The value of X-Amz-Date, `YYYYMMDDTHHMMSSZ`. @param time milliseconds since the epoch. */
export function formatAmzDate(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d+/g, '');
}

/** The value of the Authorization header. @param credential serial number or access key ID, without the scope. */
export function authorization(
  scope: SigningScope,
  credential: string,
  signedHeaders: string,
  signature: string,
): string {
  return `${scope.algorithm} Credential=${credential}/${credentialScope(scope)}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
}

/** The path with each segment encoded twice, as all of SigV4 but S3 wants it. */
export function canonicalPath(path: string): string {
  const encoded = path
    .split('/')
    .map((segment) => percentEncode(percentEncode(segment)))
    .join('/');
  return encoded.startsWith('/') ? encoded : `/${encoded}`;
}

/** Sorted by encoded name, then value. It is also a valid query to send, except with `=` encoded twice. */
export function canonicalQuery(
  parameters: readonly QueryParameter[],
  equals: EqualsEncoding = 'once',
): string {
  return parameters
    .map(([name, value]): QueryParameter => [percentEncode(name), encodeValue(value, equals)])
    .sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** Lower-case hex. */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

function encodeValue(value: string, equals: EqualsEncoding): string {
  const encoded = percentEncode(value);
  return equals === 'twice' ? encoded.replaceAll('%3D', '%253D') : encoded;
}

/** RFC 3986: all but unreserved characters. */
function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Headers that a client or a proxy may change on the way; no AWS client signs them. */
const neverSigned = new Set(['authorization', 'user-agent', 'x-amzn-trace-id']);

/** Of names that differ in their letters' case alone one is left, with the values joined by commas. */
function canonicalHeaders(headers: Readonly<Record<string, string>>): [name: string, value: string][] {
  const joined = new Map<string, string>();
  for (const [anyCase, raw] of Object.entries(headers)) {
    const name = anyCase.toLowerCase();
    const value = raw.trim().replace(/\s+/g, ' ');
    const before = joined.get(name);
    joined.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Array.from(joined)
    .filter(([name]) => !neverSigned.has(name))
    .sort((a, b) => compare(a[0], b[0]));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
