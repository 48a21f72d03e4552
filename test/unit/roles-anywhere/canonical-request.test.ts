import { describe, expect, it } from 'vitest';
import {
  authorization,
  canonicalPath,
  canonicalQuery,
  canonicalRequest,
  credentialScope,
  formatAmzDate,
  stringToSign,
} from '../../../src/main/roles-anywhere/canonical-request.ts';

const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

describe('canonical path', () => {
  it.each([
    ['', '/'],
    ['/', '/'],
    ['/sessions', '/sessions'],
    ['sessions', '/sessions'],
    ['/a b', '/a%2520b'],
    ['/a%2Fb/', '/a%25252Fb/'],
    ['/ü', '/%25C3%25BC'],
    ["/~-._!'()*", '/~-._%2521%2527%2528%2529%252A'],
  ])('%j is %s', (path, expected) => {
    expect(canonicalPath(path)).toBe(expected);
  });
});

describe('canonical query', () => {
  it.each([
    [[], ''],
    [[['a', '']], 'a='],
    [
      [
        ['b', '1'],
        ['a', '2'],
        ['a', '1'],
      ],
      'a=1&a=2&b=1',
    ],
    // By name first: as one text `a-b=` would stand before `a=`.
    [
      [
        ['a-b', '1'],
        ['a', '2'],
      ],
      'a=2&a-b=1',
    ],
    [[['k', 'arn:aws/x+y z@,~']], 'k=arn%3Aaws%2Fx%2By%20z%40%2C~'],
    [[['k', '(a=1)']], 'k=%28a%3D1%29'],
  ] satisfies [[string, string][], string][])('%j is %s', (parameters, expected) => {
    expect(canonicalQuery(parameters)).toBe(expected);
  });

  it('encodes = twice where asked, in values only', () => {
    expect(canonicalQuery([['a=b', '1=2=']], 'twice')).toBe('a%3Db=1%253D2%253D');
  });
});

describe('canonical request', () => {
  it('has names in lower case, sorted, values trimmed with single spaces', () => {
    const { text, signedHeaders } = canonicalRequest({
      method: 'post',
      path: '/',
      query: [],
      headers: { Host: 'h', 'X-B': '  a   b\t c ', 'x-a': '' },
      body: '',
    });
    expect(signedHeaders).toBe('host;x-a;x-b');
    expect(text).toBe(`POST\n/\n\nhost:h\nx-a:\nx-b:a b c\n\nhost;x-a;x-b\n${empty}`);
  });

  it.each([
    [{ 'X-A': 'b', host: 'h', 'x-a': 'a' }, 'host:h\nx-a:b,a\n\nhost;x-a'],
    [{ 'x-a': ' 1  2 ', 'X-a': '', 'X-A': ' 3' }, 'x-a:1 2,,3\n\nx-a'],
    [{ Authorization: 'x', AUTHORIZATION: 'y', host: 'h' }, 'host:h\n\nhost'],
  ])('has each name once, its values joined by commas: %j', (headers, expected) => {
    const { text } = canonicalRequest({ method: 'GET', path: '/', query: [], headers, body: '' });
    expect(text).toBe(`GET\n/\n\n${expected}\n${empty}`);
  });

  it('leaves out the headers no client signs', () => {
    const headers = { Host: 'h', Authorization: 'x', 'USER-AGENT': 'x', 'x-amzn-trace-id': 'x' };
    expect(canonicalRequest({ method: 'GET', path: '/', query: [], headers, body: '' }).signedHeaders).toBe(
      'host',
    );
  });

  it('hashes the exact bytes of the body', () => {
    const hashOf = (body: string | Uint8Array) =>
      canonicalRequest({ method: 'GET', path: '/', query: [], headers: {}, body }).text.split('\n').at(-1);
    expect(hashOf('')).toBe(empty);
    expect(hashOf('ü')).toBe(hashOf(Buffer.from('ü')));
    // printf abc | sha256sum
    expect(hashOf('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});

describe('string to sign', () => {
  // The GetSessionToken-like example of AWS's documentation, "Create a signed AWS API request" (ListUsers, 2015-08-30).
  const scope = {
    algorithm: 'AWS4-HMAC-SHA256',
    amzDate: '20150830T123600Z',
    region: 'us-east-1',
    service: 'iam',
  };
  const canonical = canonicalRequest({
    method: 'GET',
    path: '/',
    query: [
      ['Action', 'ListUsers'],
      ['Version', '2010-05-08'],
    ],
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8',
      Host: 'iam.amazonaws.com',
      'X-Amz-Date': '20150830T123600Z',
    },
    body: '',
  });

  it('is that of AWS’s published example', () => {
    expect(stringToSign(scope, canonical)).toBe(
      [
        'AWS4-HMAC-SHA256',
        '20150830T123600Z',
        '20150830/us-east-1/iam/aws4_request',
        'f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59',
      ].join('\n'),
    );
  });

  it('goes with scope and Authorization header', () => {
    expect(credentialScope(scope)).toBe('20150830/us-east-1/iam/aws4_request');
    expect(authorization(scope, 'AKIDEXAMPLE', canonical.signedHeaders, 'ab')).toBe(
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=ab',
    );
  });

  it.each([
    [Date.UTC(2026, 2, 12, 10, 30, 0), '20260312T103000Z'],
    [Date.UTC(2026, 11, 31, 23, 59, 59, 999), '20261231T235959Z'],
    [Date.UTC(2027, 0, 1), '20270101T000000Z'],
  ])('writes %s as %s', (time, text) => {
    expect(formatAmzDate(time)).toBe(text);
  });
});
