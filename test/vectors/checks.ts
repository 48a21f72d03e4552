/** One check per kind of vector: it makes everything anew with the product's code and compares. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  authorization,
  canonicalPath,
  canonicalQuery,
  canonicalRequest,
  credentialScope,
  formatAmzDate,
  sha256Hex,
  stringToSign,
  type EqualsEncoding,
  type QueryParameter,
  type SigningScope,
} from '../../src/main/roles-anywhere/canonical-request.ts';
import {
  parseCertificates,
  type Certificate,
  type KeyType,
} from '../../src/main/roles-anywhere/certificate.ts';
import { createSessionRequest } from '../../src/main/roles-anywhere/create-session-request.ts';
import {
  ecdsaRawToDer,
  signatureFromToken,
  signingAlgorithm,
  tokenInput,
  verifySignature,
} from '../../src/main/roles-anywhere/signature.ts';
import { Comparison } from './comparison.ts';
import type { DerVector, MessageVector, RequestVector, SessionVector } from './shapes.ts';
import { softwareSign } from './software-token.ts';

/** @param folder paths in the vector are relative to it. */
export type Check<Vector> = (vector: Vector, folder: string) => Comparison;

const service = 'rolesanywhere';
const path = '/sessions';

export const checkSession: Check<SessionVector> = ({ input, expected }, folder) => {
  const comparison = new Comparison(expected);
  requireSome(comparison, ['canonical_request', 'string_to_sign']);
  const certificate = readCertificate(folder, input.certificate_pem_file);
  const keyType = keyTypeOf(certificate);
  const chain = input.chain_pem_files.flatMap((file) => readCertificates(folder, file));
  const x509 = base64(certificate);
  const x509Chain = chain.map(base64).join(',');
  comparison.field('serial_decimal', certificate.serial);
  comparison.field('x_amz_x509', x509);
  comparison.field('x_amz_x509_chain', x509Chain);

  const url = new URL(input.endpoint);
  const scope: SigningScope = {
    algorithm: signingAlgorithm(keyType),
    amzDate: input.x_amz_date,
    region: input.region,
    service,
  };
  const query = arnsOf(input);
  const equals = equalsEncodingOf(query, comparison, 'once');
  const canonical = canonicalRequest(
    {
      method: 'POST',
      path,
      query,
      headers: {
        'content-type': 'application/json',
        host: url.host,
        'x-amz-date': input.x_amz_date,
        'x-amz-x509': x509,
        ...(chain.length > 0 && { 'x-amz-x509-chain': x509Chain }),
        ...lowerCaseNames(input.extra_signed_headers),
      },
      body: input.body,
    },
    equals,
  );
  const toSign = stringToSign(scope, canonical);
  comparison.field('algorithm', scope.algorithm);
  comparison.field('scope', credentialScope(scope));
  comparison.field('canonical_query', canonicalQuery(query, equals));
  comparison.field('url', [`${url.origin}${path}`, canonicalQuery(query)].filter(Boolean).join('?'));
  comparison.field('payload_sha256', sha256Hex(input.body));
  comparison.field('signed_headers', canonical.signedHeaders);
  comparison.field('canonical_request', canonical.text);
  comparison.field('canonical_request_sha256', sha256Hex(canonical.text));
  comparison.field('string_to_sign', toSign);
  comparison.field('string_to_sign_sha256', sha256Hex(toSign));

  const listed = compareSignature(
    comparison,
    'signature_hex',
    Buffer.from(toSign),
    certificate,
    input.private_key_pem_file === null ? null : readKey(folder, input.private_key_pem_file),
  );
  comparison.field('signature_is_deterministic', keyType.type === 'RSA');
  comparison.field(
    'authorization',
    authorization(scope, certificate.serial, canonical.signedHeaders, listed),
  );
  compareProductRequest(comparison, input, certificate, chain, listed);
  return comparison;
};

export const checkRequest: Check<RequestVector> = (vector) => {
  const comparison = new Comparison(vector.expected);
  requireSome(comparison, ['canonical_request', 'string_to_sign']);
  const query = parseQuery(vector.query_string);
  const equals = equalsEncodingOf(query, comparison, 'twice');
  const canonical = canonicalRequest({ ...vector, path: vector.uri, query }, equals);
  const scope: SigningScope = {
    algorithm: vector.key_type.toLowerCase().startsWith('rsa')
      ? 'AWS4-X509-RSA-SHA256'
      : 'AWS4-X509-ECDSA-SHA256',
    amzDate: formatAmzDate(Date.parse(vector.timestamp)),
    region: vector.region,
    service,
  };
  comparison.field('algorithm', scope.algorithm);
  comparison.field('scope', credentialScope(scope));
  comparison.field('canonical_uri', canonicalPath(vector.uri));
  comparison.field('canonical_query', canonicalQuery(query, equals));
  comparison.field('payload_hash', sha256Hex(vector.body));
  comparison.field('signed_headers', canonical.signedHeaders);
  comparison.field('canonical_request', canonical.text);
  comparison.field('string_to_sign', stringToSign(scope, canonical));
  return comparison;
};

export const checkDer: Check<DerVector> = (vector) => {
  const comparison = new Comparison({ der_hex: vector.der_hex.toLowerCase() });
  comparison.field('der_hex', hex(ecdsaRawToDer(Buffer.from(vector.raw_r_s_hex, 'hex'))));
  return comparison;
};

export const checkMessage: Check<MessageVector> = (vector, folder) => {
  const comparison = new Comparison({ sha256_signature_hex: vector.sha256_signature_hex });
  const key = readKey(folder, vector.private_key_pem_file);
  const message = Buffer.from(vector.message_hex, 'hex');
  compareSignature(comparison, 'sha256_signature_hex', message, publicHalf(key), key);
  return comparison;
};

/**
 * RSA: ours has to be the listed one. ECDSA: both have to verify.
 * @returns the listed signature, else ours, hex.
 */
function compareSignature(
  comparison: Comparison,
  field: string,
  message: Uint8Array,
  signer: Pick<Certificate, 'spki' | 'keyType'>,
  key: KeyObject | null,
): string {
  const keyType = keyTypeOf(signer);
  const listed = comparison.expected(field);
  let ours = '';
  if (key !== null) {
    const signature = signatureFromToken(keyType, softwareSign(key, tokenInput(keyType, message)));
    ours = hex(signature);
    comparison.claim(
      `${field}: our own signature does not verify`,
      verifySignature(signer, message, signature),
    );
    if (keyType.type === 'RSA') comparison.field(field, ours);
  }
  if (typeof listed !== 'string') return ours;
  comparison.claim(
    `${field}: the listed signature does not verify`,
    verifySignature(signer, message, Buffer.from(listed, 'hex')),
  );
  return listed;
}

/** Where a vector is a request Rolekey itself would send, the product's builder has to come to the same. */
function compareProductRequest(
  comparison: Comparison,
  input: SessionVector['input'],
  certificate: Certificate,
  chain: readonly Certificate[],
  signature: string,
): void {
  const { role_arn: roleArn, profile_arn: profileArn, trust_anchor_arn: trustAnchorArn } = input;
  const body = /^\{"durationSeconds":(\d+)(?:,"roleSessionName":"([\w+=,.@-]+)")?\}$/.exec(input.body);
  if (body === null || roleArn === null || profileArn === null || trustAnchorArn === null) return;
  if (Object.keys(input.extra_signed_headers).length > 0 || roleArn.includes('=')) return;
  const url = new URL(input.endpoint);
  const request = createSessionRequest({
    account: {
      roleArn,
      profileArn,
      trustAnchorArn,
      sessionDuration: Number(body[1]),
      roleSessionName: body[2] ?? null,
    },
    certificate,
    chain,
    endpoint: { origin: url.origin, host: url.host, region: input.region, overridden: true },
    time: Date.parse(input.x_amz_date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z')),
  });
  comparison.claim('body: the product would send another', request.body === input.body);
  comparison.field('url', request.url);
  comparison.field('string_to_sign', request.stringToSign);
  comparison.field('authorization', request.headers(Buffer.from(signature, 'hex')).authorization ?? '');
}

/** So that a header given replaces the usual one, however it is spelled. */
function lowerCaseNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Both ways of encoding `=` are AWS's; the one that gives the expected query counts, else that of the shape's origin. */
function equalsEncodingOf(
  query: readonly QueryParameter[],
  comparison: Comparison,
  usual: EqualsEncoding,
): EqualsEncoding {
  const other: EqualsEncoding = usual === 'once' ? 'twice' : 'once';
  return canonicalQuery(query, other) === comparison.expected('canonical_query') ? other : usual;
}

function arnsOf(input: SessionVector['input']): QueryParameter[] {
  const arns: [name: string, arn: string | null][] = [
    ['trustAnchorArn', input.trust_anchor_arn],
    ['roleArn', input.role_arn],
    ['profileArn', input.profile_arn],
  ];
  return arns.flatMap(([name, arn]): QueryParameter[] => (arn === null ? [] : [[name, arn]]));
}

function parseQuery(text: string): QueryParameter[] {
  if (text === '') return [];
  return text.split('&').map((parameter) => {
    const [name = '', ...value] = parameter.split('=');
    return [decodeURIComponent(name), decodeURIComponent(value.join('='))];
  });
}

function requireSome(comparison: Comparison, fields: readonly string[]): void {
  comparison.claim(
    `expected: has none of ${fields.join(', ')}`,
    fields.some((field) => comparison.expected(field) !== undefined),
  );
}

function keyTypeOf({ keyType }: Pick<Certificate, 'keyType'>): KeyType {
  if (keyType === null) throw new Error('the certificate’s key is of no kind that can sign');
  return keyType;
}

function publicHalf(key: KeyObject): Pick<Certificate, 'spki' | 'keyType'> {
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return { spki, keyType: keyTypeOfKey(key) };
}

function keyTypeOfKey(key: KeyObject): KeyType | null {
  const { asymmetricKeyType, asymmetricKeyDetails } = key;
  if (asymmetricKeyType === 'rsa') return { type: 'RSA', bits: asymmetricKeyDetails?.modulusLength ?? 0 };
  const { crv } = key.export({ format: 'jwk' });
  return crv === 'P-256' || crv === 'P-384' || crv === 'P-521' ? { type: 'EC', curve: crv } : null;
}

function readCertificate(folder: string, file: string): Certificate {
  const [certificate, ...more] = readCertificates(folder, file);
  if (certificate === undefined || more.length > 0) throw new Error(`${file} is not one certificate`);
  return certificate;
}

function readCertificates(folder: string, file: string): Certificate[] {
  return parseCertificates(readFileSync(resolve(folder, file)), file);
}

function readKey(folder: string, file: string): KeyObject {
  return createPrivateKey(readFileSync(resolve(folder, file)));
}

function base64({ der }: Certificate): string {
  return Buffer.from(der).toString('base64');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
