import { describe, expect, it } from 'vitest';
import { createSessionRequest } from '../../../src/main/roles-anywhere/create-session-request.ts';
import { accountFields } from './account-fields.ts';
import { oddCertificate } from './odd-certificate.ts';

const certificate = oddCertificate('p256');
const issuer = oddCertificate('ca');
const endpoint = {
  origin: 'https://rolesanywhere.eu-west-2.amazonaws.com',
  host: 'rolesanywhere.eu-west-2.amazonaws.com',
  region: 'eu-west-2',
  overridden: false,
};
const options = {
  account: accountFields,
  certificate,
  chain: [],
  endpoint,
  time: Date.UTC(2026, 2, 12, 10, 30, 0),
};
const signature = Buffer.from('00ff', 'hex');
const base64 = (der: Uint8Array) => Buffer.from(der).toString('base64');

describe('a CreateSession request', () => {
  it('has the ARNs in its query and the duration in its body', () => {
    const { url, body } = createSessionRequest(options);
    const { origin, pathname, searchParams } = new URL(url);
    expect(origin + pathname).toBe('https://rolesanywhere.eu-west-2.amazonaws.com/sessions');
    expect(Object.fromEntries(searchParams)).toEqual({
      profileArn: accountFields.profileArn,
      roleArn: accountFields.roleArn,
      trustAnchorArn: accountFields.trustAnchorArn,
    });
    expect(body).toBe('{"durationSeconds":3600}');
  });

  it('has the ARNs in its body where one has a =', () => {
    const account = { ...accountFields, roleArn: 'arn:aws:iam::123456789012:role/a=b' };
    const { url, body } = createSessionRequest({ ...options, account });
    expect(url).toBe('https://rolesanywhere.eu-west-2.amazonaws.com/sessions');
    expect(JSON.parse(body)).toEqual({
      durationSeconds: 3600,
      profileArn: accountFields.profileArn,
      roleArn: 'arn:aws:iam::123456789012:role/a=b',
      trustAnchorArn: accountFields.trustAnchorArn,
    });
  });

  it('names the session only where the account does', () => {
    const account = { ...accountFields, sessionDuration: 900, roleSessionName: 'pat@example' };
    expect(createSessionRequest({ ...options, account }).body).toBe(
      '{"durationSeconds":900,"roleSessionName":"pat@example"}',
    );
  });

  it('carries the certificate, and its issuers where there are any', () => {
    expect(createSessionRequest(options).headers(signature)).toEqual({
      'content-type': 'application/json',
      'x-amz-date': '20260312T103000Z',
      'x-amz-x509': base64(certificate.der),
      authorization:
        'AWS4-X509-ECDSA-SHA256 Credential=1/20260312/eu-west-2/rolesanywhere/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-x509, Signature=00ff',
    });
    const headers = createSessionRequest({ ...options, chain: [issuer, certificate] }).headers(signature);
    expect(headers['x-amz-x509-chain']).toBe(`${base64(issuer.der)},${base64(certificate.der)}`);
    expect(headers.authorization).toContain(
      'SignedHeaders=content-type;host;x-amz-date;x-amz-x509;x-amz-x509-chain,',
    );
  });

  it('is signed over everything in it', () => {
    const strings = [
      options,
      { ...options, chain: [issuer] },
      { ...options, certificate: issuer },
      { ...options, time: options.time + 1000 },
      { ...options, endpoint: { ...endpoint, host: 'example.com' } },
      { ...options, endpoint: { ...endpoint, region: 'eu-west-1' } },
      { ...options, account: { ...accountFields, roleArn: `${accountFields.roleArn}x` } },
      { ...options, account: { ...accountFields, profileArn: `${accountFields.profileArn}x` } },
      { ...options, account: { ...accountFields, trustAnchorArn: `${accountFields.trustAnchorArn}x` } },
      { ...options, account: { ...accountFields, sessionDuration: 3601 } },
      { ...options, account: { ...accountFields, roleSessionName: 'pat' } },
    ].map((each) => createSessionRequest(each).stringToSign);
    expect(new Set(strings).size).toBe(strings.length);
  });

  it('is not made for a key that cannot sign it', () => {
    expect(() => createSessionRequest({ ...options, certificate: oddCertificate('ed25519') })).toThrow(
      expect.objectContaining({ code: 'key-unsupported' }),
    );
  });
});
