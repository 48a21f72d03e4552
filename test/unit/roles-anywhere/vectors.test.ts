import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runVectors, type Outcome } from '../../vectors/run-vectors.ts';

const committed = join(import.meta.dirname, '../../vectors');
const scratch = mkdtempSync(join(tmpdir(), 'rolekey-vectors-'));
afterAll(() => rmSync(scratch, { recursive: true }));

type Json = Record<string, unknown>;
interface Vector extends Json {
  readonly name?: string;
  readonly input: Json;
  readonly expected: Json;
}

const read = (file: string) =>
  (JSON.parse(readFileSync(join(committed, file), 'utf8')) as { vectors: Vector[] }).vectors;
const sessions = read('peer-derived/vectors.json');
const messages = read('peer-derived/sign-string.json');
const ders = read('peer-derived/ecdsa-raw-to-der.json');
const requests = read('aws-samples-yubira/roles-anywhere-signing.json');

let folders = 0;

/** Runs vectors out of a folder and a file of other names than those kept here. */
function run(vectors: readonly unknown[]): Outcome[] {
  const folder = join(scratch, String(folders++), 'deep', 'er');
  mkdirSync(folder, { recursive: true });
  cpSync(join(committed, 'peer-derived/keys'), join(folder, 'keys'), { recursive: true });
  writeFileSync(join(folder, 'some.json'), JSON.stringify({ vectors }));
  return runVectors(join(folder, '../..'));
}

const passed = (outcomes: readonly Outcome[]) => outcomes.filter(({ failures }) => failures.length === 0);

/** The last character of a text made another one that looks the same kind. */
function corrupt(value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value !== 'string') throw new Error(`no corruption for ${JSON.stringify(value)}`);
  const last = value.at(-1) ?? '';
  return value.slice(0, -1) + (last === '0' ? '1' : '0');
}

it('every vector kept here passes, and nothing in them goes uncompared', () => {
  const outcomes = runVectors(committed);
  expect(outcomes.filter(({ failures }) => failures.length > 0)).toEqual([]);
  expect(outcomes.flatMap(({ uncompared }) => uncompared)).toEqual([]);
  expect(outcomes).toHaveLength(sessions.length + messages.length + ders.length + requests.length);
});

it('shapes are told by content, wherever the file is and whatever it is called', () => {
  const mixed = [requests[0], ders[0], messages[0], sessions[0]];
  expect(passed(run(mixed))).toHaveLength(4);
});

describe('a corrupted vector fails', () => {
  it.each(sessions.map((vector) => [vector.name!, vector] as const))(
    '%s: in any one expected field',
    (_, vector) => {
      const corrupted = Object.keys(vector.expected).map((field) => ({
        ...vector,
        name: field,
        expected: { ...vector.expected, [field]: corrupt(vector.expected[field]) },
      }));
      expect(corrupted.length).toBeGreaterThan(10);
      expect(passed(run(corrupted))).toEqual([]);
    },
  );

  const input = sessions[0]!.input;
  it.each([
    ['region', { region: 'us-east-2' }],
    ['endpoint', { endpoint: 'https://rolesanywhere.us-east-1.amazonaws.com:8443' }],
    ['x_amz_date', { x_amz_date: '20260312T103001Z' }],
    ['role_arn', { role_arn: corrupt(input.role_arn) }],
    ['profile_arn', { profile_arn: corrupt(input.profile_arn) }],
    ['trust_anchor_arn', { trust_anchor_arn: corrupt(input.trust_anchor_arn) }],
    ['no trust anchor', { trust_anchor_arn: null }],
    ['body', { body: '{"durationSeconds":3601}' }],
    ['body by a newline', { body: '{"durationSeconds":3600}\n' }],
    ['an extra header', { extra_signed_headers: { 'X-Extra': '1' } }],
    ['an extra intermediate', { chain_pem_files: ['keys/int1.pem'] }],
    ['another certificate', { certificate_pem_file: 'keys/p256.pem' }],
    ['another key', { private_key_pem_file: 'keys/rsa4096-highbit-serial-key.pem' }],
    ['a missing key file', { private_key_pem_file: 'keys/none.pem' }],
    ['a file outside of PEM', { certificate_pem_file: '../er/some.json' }],
  ])('in its input: %s', (_, change) => {
    expect(passed(run([{ ...sessions[0], input: { ...input, ...change } }]))).toEqual([]);
  });

  it('by an ECDSA signature over another text', () => {
    const ecdsa = sessions.filter(({ name }) => name!.startsWith('ecdsa-'));
    const swapped = ecdsa.map((vector, i) => ({
      ...vector,
      expected: { ...vector.expected, signature_hex: ecdsa.at(i - 1)!.expected.signature_hex },
    }));
    expect(swapped.length).toBeGreaterThan(3);
    expect(passed(run(swapped))).toEqual([]);
  });

  it('by the wrong order of intermediates', () => {
    const vector = sessions.find(({ name }) => name!.includes('two-intermediates'))!;
    const files = vector.input.chain_pem_files as string[];
    const reversed = { ...vector, input: { ...vector.input, chain_pem_files: files.toReversed() } };
    expect(passed(run([vector, reversed]))).toHaveLength(1);
  });

  it.each(requests.map((vector) => [vector.name!, vector] as const))('%s: in any one field', (_, vector) => {
    const expected = Object.keys(vector.expected).map((field) => ({
      ...vector,
      expected: { ...vector.expected, [field]: corrupt(vector.expected[field]) },
    }));
    const inputs = ['method', 'uri', 'body', 'region'].map((field) => ({
      ...vector,
      [field]: corrupt(vector[field]),
    }));
    const others = [
      { ...vector, timestamp: '2020-01-01T00:00:00Z' },
      { ...vector, key_type: vector.key_type === 'rsa' ? 'ec256' : 'rsa' },
      { ...vector, query_string: `${String(vector.query_string)}&x=y` },
      { ...vector, headers: { ...(vector.headers as Json), 'x-more': '1' } },
    ];
    expect(passed(run([...expected, ...inputs, ...others]))).toEqual([]);
  });

  it('in either side of an encoded signature', () => {
    const corrupted = ders.flatMap((vector) => [
      { ...vector, der_hex: corrupt(vector.der_hex) },
      { ...vector, raw_r_s_hex: corrupt(vector.raw_r_s_hex) },
    ]);
    expect(passed(run(corrupted))).toEqual([]);
  });

  it('in a signed text, its key or its signature', () => {
    const [rsa] = messages;
    const corrupted = [
      { ...rsa, message_hex: corrupt(rsa!.message_hex) },
      { ...rsa, sha256_signature_hex: corrupt(rsa!.sha256_signature_hex) },
      { ...rsa, private_key_pem_file: 'keys/p256-key.pem' },
      { ...messages.at(-1), sha256_signature_hex: '3006020101020101' },
    ];
    expect(passed(run(corrupted))).toEqual([]);
  });
});

describe('what cannot be checked fails', () => {
  it.each([
    ['an unknown vector', [{ name: 'x', something: 'else' }]],
    ['no object', ['x']],
    ['nothing expected', [{ ...sessions[0], expected: {} }]],
    ['nothing that matters expected', [{ ...sessions[0], expected: { algorithm: 'AWS4-X509-RSA-SHA256' } }]],
    ['no expectation', [{ ...sessions[0], expected: undefined }]],
    ['a field of another type', [{ ...sessions[0], input: { ...sessions[0]!.input, region: 1 } }]],
    ['no vectors', []],
  ])('%s', (_, vectors) => {
    const outcomes = run(vectors);
    expect(outcomes).toHaveLength(1);
    expect(passed(outcomes)).toEqual([]);
  });

  it.each([
    ['text', 'hello'],
    ['half a file', '{"vectors": ['],
    ['another document', '{"name": "x"}'],
  ])('a file of %s', (_, content) => {
    const folder = mkdtempSync(join(scratch, 'file-'));
    writeFileSync(join(folder, 'x.json'), content);
    expect(runVectors(folder)).toMatchObject([
      { failures: [expect.stringContaining('not a file of vectors')] },
    ]);
  });

  it('an empty folder, and one that is not there', () => {
    const folder = mkdtempSync(join(scratch, 'empty-'));
    expect(runVectors(folder)).toMatchObject([{ failures: ['no vectors in this folder'] }]);
    expect(runVectors(join(folder, 'none'))).toMatchObject([
      { failures: [expect.stringContaining('ENOENT')] },
    ]);
  });
});

it('a field no check knows is told, and does no harm', () => {
  const [outcome] = run([{ ...sessions[0], expected: { ...sessions[0]!.expected, remark: 'x' } }]);
  expect(outcome).toMatchObject({ failures: [], uncompared: ['remark'] });
});

it('both encodings of = are taken, each in itself consistent', () => {
  const [vector] = requests.filter(({ expected }) => String(expected.canonical_query).includes('%253D'));
  const once = String(vector!.expected.canonical_query).replaceAll('%253D', '%3D');
  const half = { ...vector, expected: { ...vector!.expected, canonical_query: once } };
  expect(passed(run([vector, half]))).toHaveLength(1);
});
