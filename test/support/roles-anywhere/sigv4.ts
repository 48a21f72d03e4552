/**
 * The parts of Signature Version 4 that signing with a certificate and signing with a secret share: grammar of the
 * Authorization header, canonical request, string to sign. Written from AWS's description, for a verifier.
 */
import { createHash } from 'node:crypto';
import { utcTime } from './calendar.ts';

/** An HTTP request as it came over the wire. */
export interface WireRequest {
  readonly method: string;
  /** Path and query, undecoded. */
  readonly target: string;
  /** In order of arrival; names as sent. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

export interface Authorization {
  readonly algorithm: string;
  /** Certificate serial or access key ID. */
  readonly id: string;
  /** `YYYYMMDD`. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  /** Lower-case hex. */
  readonly signature: string;
}

export const sha256Hex = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

/** All values of a header, in order of arrival. */
export function headerValues(request: WireRequest, name: string): string[] {
  return request.headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}

/** Names of all headers, lower case, each once. */
export const headerNames = (request: WireRequest): string[] => [
  ...new Set(request.headers.map(([name]) => name.toLowerCase())),
];

export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf('?');
  return mark < 0
    ? { path: target, query: '' }
    : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

/** Decoded parameters in order of arrival. @throws URIError where an escape is broken. */
export function queryParameters(query: string): (readonly [string, string])[] {
  if (query === '') return [];
  return query.split('&').map((pair) => {
    const mark = pair.indexOf('=');
    const [name, value] = mark < 0 ? [pair, ''] : [pair.slice(0, mark), pair.slice(mark + 1)];
    return [decode(name), decode(value)] as const;
  });
}

const decode = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

/** Null where the header does not follow the grammar; signed header names must be lower case, sorted and unique. */
export function parseAuthorization(header: string): Authorization | null {
  const parts =
    /^([A-Z0-9-]+) Credential=([^\s,/]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request, ?SignedHeaders=([^\s,]+), ?Signature=((?:[0-9a-f]{2})+)$/.exec(
      header,
    );
  if (parts === null) return null;
  const [, algorithm, id, date, region, service, names, signature] = parts;
  const signedHeaders = names!.split(';');
  const sorted = [...new Set(signedHeaders)].sort();
  if (names !== names!.toLowerCase() || sorted.join(';') !== names) return null;
  return {
    algorithm: algorithm!,
    id: id!,
    date: date!,
    region: region!,
    service: service!,
    signedHeaders,
    signature: signature!,
  };
}

/** Milliseconds since the epoch of a time `YYYYMMDDTHHMMSSZ`; null where it is none or in no calendar. */
export function parseAmzDate(text: string): number | null {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  return parts === null ? null : utcTime(parts.slice(1).map(Number));
}

/** RFC 3986: everything but unreserved characters becomes upper-case %XX of its UTF-8 bytes. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

function canonicalQuery(query: string, encodeValue: (text: string) => string): string {
  return queryParameters(query)
    .map(([name, value]) => [encode(name), encodeValue(value)] as const)
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * The strings to sign that prove the request. More than one where a query value contains `=`: AWS's guide encodes it
 * twice (%253D), aws_signing_helper once (%3D), and both are in the field.
 */
export function stringsToSign(request: WireRequest, authorization: Authorization, amzDate: string): string[] {
  const { path, query } = splitTarget(request.target);
  const queries = new Set([
    canonicalQuery(query, encode),
    canonicalQuery(query, (value) => encode(value).replaceAll('%3D', '%253D')),
  ]);
  const headers = authorization.signedHeaders.map((name) => {
    const values = headerValues(request, name).map((value) => value.trim().replace(/ +/g, ' '));
    return `${name}:${values.join(',')}\n`;
  });
  const { algorithm, date, region, service, signedHeaders } = authorization;
  return [...queries].map((canonical) => {
    const canonicalRequest = [
      ...[request.method, path, canonical, headers.join('')],
      ...[signedHeaders.join(';'), sha256Hex(request.body)],
    ].join('\n');
    const scope = `${date}/${region}/${service}/aws4_request`;
    return [algorithm, amzDate, scope, sha256Hex(canonicalRequest)].join('\n');
  });
}
