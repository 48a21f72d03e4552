import { describe, expect, it } from 'vitest';
import { redact } from '../../src/main/redact.ts';

const gone = '[redacted]';

describe('a value under a name that holds secrets', () => {
  it.each([
    ...['pin', 'PIN', 'pinValue', 'pin-value', 'password', 'Passphrase', 'passwd', 'secret'],
    ...['secretAccessKey', 'SecretAccessKey', 'aws_secret_access_key', 'client_secret'],
    ...['sessionToken', 'session-token', 'x-amz-security-token', 'aws_session_token', 'accessToken'],
    ...['authorization', 'Authorization', 'credential', 'credentials'],
  ])('%s is taken out', (name) => {
    expect(redact({ [name]: 'x1' })).toEqual({ [name]: gone });
  });

  it.each([
    ...['token', 'credentialsFile', 'account', 'message', 'opinion', 'spin', 'mapping', 'path', 'code'],
    ...['tokenLabel', 'event', 'region'],
  ])('%s stays', (name) => {
    expect(redact({ [name]: 'x1' })).toEqual({ [name]: 'x1' });
  });

  it.each([
    ['a number', 123_456],
    ['a list', ['123456']],
    ['an object', { value: '123456' }],
    ['a list of objects', [{ value: '123456' }]],
  ])('is taken out whole, also where it is %s', (_, value) => {
    expect(JSON.stringify(redact({ pin: value }))).not.toContain('123456');
    expect(JSON.stringify(redact({ outer: { secret: value } }))).not.toContain('123456');
  });

  it.each([null, true, false])('stays where it is %j: it says that, and not what', (value) => {
    expect(redact({ pinNeeded: value })).toEqual({ pinNeeded: value });
  });

  it('is found at any depth', () => {
    expect(redact({ a: [{ b: { pin: '1' } }, 'x'] })).toEqual({ a: [{ b: { pin: gone } }, 'x'] });
  });
});

describe('text that looks like a secret', () => {
  const sessionToken = `${'IQoJb3JpZ2luX2VjE'.repeat(20)}+/==`;

  it.each([
    ['an access key ID', 'key ASIAIOSFODNN7EXAMPLE.', `key ${gone}.`],
    ['a long-term access key ID', 'AKIAIOSFODNN7EXAMPLE', gone],
    ['a session token', `token=${sessionToken}&x=1`, `token=${gone}&x=1`],
    ['a PIN in a URI', 'pkcs11:token=a?pin-value=1234&x=y', `pkcs11:token=a?${gone}&x=y`],
    [
      'a private key',
      'a\n-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----\nb',
      `a\n${gone}\nb`,
    ],
    [
      'an Authorization header',
      '"AWS4-X509-ECDSA-SHA256 Credential=1/20260414/eu-west-2/rolesanywhere/aws4_request, Signature=aa"',
      `"${gone}"`,
    ],
  ])('%s is taken out', (_, text, without) => {
    expect(redact({ message: text })).toEqual({ message: without });
    expect(redact(text)).toBe(without);
  });

  // RFC 7512, pk11-qchar: unreserved, and : [ ] @ ! $ ' ( ) * + , = / ? |
  it.each(["12'34", '12(34)', '12,34', '12|34', '12%2034', '12=34'])(
    'a PIN %s in a URI is taken out to its end',
    (pin) => {
      expect(redact(`pkcs11:?pin-value=${pin}`)).not.toMatch(/34/);
    },
  );

  it.each([
    ['a secret access key in JSON', '{"secretAccessKey":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}'],
    ['one in a file', 'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'],
    ['a PIN in JSON', '{"secret":"wJalrXUtnFEMI"}'],
    ['one in JSON within JSON', String.raw`{"body":"{\"pin\": \"wJalrXUtnFEMI\"}"}`],
    ['one with a quote in it', String.raw`{"pin":"12\"wJalrXUtnFEMI"}`],
    ['a password in an assignment', "password='wJalrXUtnFEMI'"],
    ['a private key that is cut off', '-----BEGIN PRIVATE KEY-----\nMHcC\nwJalrXUtnFEMI'],
  ])('%s that is text itself is taken out', (_, text) => {
    expect(redact({ message: text })).not.toMatchObject({
      message: expect.stringContaining('wJalrXUtnFEMI') as string,
    });
  });

  it.each([
    ['an ARN', 'arn:aws:iam::123456789012:role/Reader'],
    ['a digest', 'ab'.repeat(32)],
    ['a request id', '1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d'],
    ['a URI', 'pkcs11:token=Work;id=%01;type=private'],
    ['a sentence', 'The PIN was wrong.'],
  ])('%s stays', (_, text) => {
    expect(redact(text)).toBe(text);
  });
});

it.each([null, true, 0, 1.5, 'x', [], {}, [null, { a: [] }]])('%j stays as it is', (value) => {
  expect(redact(value)).toEqual(value);
});

it.each(['secret', 'a'.repeat(79), '\\"', 'pin: "', '-----BEGIN PRIVATE KEY-----'])(
  'takes no longer for %j over and over',
  (piece) => {
    const text = `${piece} `.repeat(1_000_000 / (piece.length + 1));
    const started = performance.now();
    redact({ text, more: text.replaceAll(' ', '') });
    expect(performance.now() - started).toBeLessThan(2000);
  },
);

it('leaves what it was given as it was', () => {
  const given = { a: { pin: '1234' } };
  redact(given);
  expect(given).toEqual({ a: { pin: '1234' } });
});
