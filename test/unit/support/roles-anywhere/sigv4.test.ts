import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  parseAmzDate,
  parseAuthorization,
  queryParameters,
  stringsToSign,
  type WireRequest,
} from '../../../support/roles-anywhere/sigv4.ts';

interface Vector {
  readonly name: string;
  readonly method: string;
  readonly uri: string;
  readonly query_string: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly region: string;
  readonly key_type: string;
  readonly expected: { readonly signed_headers: string; readonly string_to_sign: string };
}

const file = join(import.meta.dirname, '../../../vectors/aws-samples-yubira/roles-anywhere-signing.json');
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { readonly vectors: readonly Vector[] };
/** The path of the others is one this server does not have. */
const known = vectors.filter(({ uri }) => uri.replace(/^\//, '') === 'sessions');

describe('AWS’s own vectors', () => {
  it('are there', () => {
    expect(known.length).toBeGreaterThanOrEqual(2);
  });

  it.each(known.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const amzDate = vector.headers['x-amz-date']!;
    const request: WireRequest = {
      method: vector.method,
      target: `/sessions?${vector.query_string}`,
      headers: Object.entries(vector.headers),
      body: Buffer.from(vector.body),
    };
    const authorization = {
      algorithm: vector.key_type === 'rsa' ? 'AWS4-X509-RSA-SHA256' : 'AWS4-X509-ECDSA-SHA256',
      id: '1',
      date: amzDate.slice(0, 8),
      region: vector.region,
      service: 'rolesanywhere',
      signedHeaders: vector.expected.signed_headers.split(';'),
      signature: '00',
    };
    expect(stringsToSign(request, authorization, amzDate)).toContain(vector.expected.string_to_sign);
  });
});

describe('what may be signed', () => {
  const request = (target: string, headers: readonly (readonly [string, string])[]): WireRequest => ({
    method: 'POST',
    target,
    headers,
    body: Buffer.alloc(0),
  });
  const authorization = {
    algorithm: 'A',
    id: '1',
    date: '20260101',
    region: 'r',
    service: 's',
    signedHeaders: ['a', 'host'],
    signature: '00',
  };
  const texts = (target: string, headers: readonly (readonly [string, string])[] = []): string[] =>
    stringsToSign(request(target, headers), authorization, '20260101T000000Z');

  it('is one text, or two where a value holds =', () => {
    expect(texts('/?a=b')).toHaveLength(1);
    expect(texts('/?a=b%3Dc')).toHaveLength(2);
  });

  it.each([
    ['order of parameters', '/?b=1&a=2', '/?a=2&b=1'],
    ['order of the values of one', '/?a=2&a=1', '/?a=1&a=2'],
    ['escapes that need not be', '/?%61=%7E', '/?a=~'],
    ['case of escapes', '/?a=%2f', '/?a=%2F'],
    ['characters that need an escape', "/?a=(x)!*'", '/?a=%28x%29%21%2A%27'],
    ['a missing =', '/?a', '/?a='],
    ['plus for space', '/?a=b+c', '/?a=b%20c'],
  ])('does not depend on: %s', (_, one, other) => {
    expect(texts(one)).toEqual(texts(other));
  });

  it.each([
    ['a plus', '/?a=b%2Bc', '/?a=b%20c'],
    ['the path', '/?a', '/x?a'],
    ['a value', '/?a=1', '/?a=2'],
  ])('depends on: %s', (_, one, other) => {
    expect(texts(one)).not.toEqual(texts(other));
  });

  it('joins, trims and collapses the values of headers', () => {
    const plain = texts('/', [
      ['a', 'x y,z'],
      ['host', 'h'],
    ]);
    const odd = texts('/', [
      ['A', '  x   y '],
      ['Host', 'h'],
      ['a', 'z'],
      ['unsigned', '1'],
    ]);
    expect(odd).toEqual(plain);
  });

  it('refuses broken escapes', () => {
    expect(() => queryParameters('a=%zz')).toThrow(URIError);
  });
});

describe('grammar of Authorization', () => {
  const good =
    'AWS4-X509-RSA-SHA256 Credential=123/20260312/us-east-1/rolesanywhere/aws4_request, SignedHeaders=a;b, Signature=0aff';

  it('is read', () => {
    expect(parseAuthorization(good)).toEqual({
      algorithm: 'AWS4-X509-RSA-SHA256',
      id: '123',
      date: '20260312',
      region: 'us-east-1',
      service: 'rolesanywhere',
      signedHeaders: ['a', 'b'],
      signature: '0aff',
    });
    expect(parseAuthorization(good.replaceAll(', ', ','))).not.toBeNull();
  });

  it.each([
    ['', ' '],
    ['123/', '/'],
    ['20260312', '2026031'],
    ['/aws4_request', ''],
    ['a;b', 'b;a'],
    ['a;b', 'a;a'],
    ['a;b', 'A;b'],
    ['0aff', '0AFF'],
    ['0aff', '0af'],
    ['0aff', ''],
    [', Signature', '; Signature'],
    ['SignedHeaders=a;b, ', ''],
  ])('is strict: %j as %j', (from, to) => {
    expect(parseAuthorization(good.replace(from, to))).toBeNull();
  });
});

it.each([
  ['20260312T103000Z', Date.UTC(2026, 2, 12, 10, 30)],
  ['20260312T103000', null],
  ['2026-03-12T10:30:00Z', null],
  ['20261312T103000Z', null],
  ['20260312T253000Z', null],
  ['20260231T100000Z', null],
  ['20260229T100000Z', null],
  ['20240229T100000Z', Date.UTC(2024, 1, 29, 10)],
  ['20260312T240000Z', null],
  ['20260312T106000Z', null],
  ['20260312T100060Z', null],
  ['20260300T100000Z', null],
])('time %s', (text, value) => {
  expect(parseAmzDate(text)).toBe(value);
});
