import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import 'reflect-metadata';
import { KeyUsageFlags } from '@peculiar/x509';
import { beforeAll, describe, expect, it } from 'vitest';
import type { HostCertificate, HostKey, HostObjects } from '../../../src/main/tokens/host/protocol.ts';
import { bestCertificate, matchKeys } from '../../../src/main/tokens/key-matching.ts';
import { attest, sharedAttester } from '../../support/virtual-yubikey/attestation.ts';
import { makeCertificate, type Made } from '../roles-anywhere/make-certificate.ts';

const now = Date.parse('2026-06-01T00:00:00Z');
let a: Made;
let b: Made;

beforeAll(async () => {
  a = await makeCertificate({ subject: 'CN=a' });
  b = await makeCertificate({ subject: 'CN=b' });
});

const certificate = (made: Made, id = '01', label = 'certificate'): HostCertificate => ({
  id,
  label,
  value: Buffer.from(made.certificate.der).toString('base64'),
});

const publicKey = (made: Pick<Made, 'publicKey'>, fields: Partial<HostKey> = {}): HostKey => ({
  id: '01',
  label: 'public',
  type: 'EC',
  size: 'P-256',
  alwaysAuthenticate: false,
  signs: null,
  spki: made.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
  ...fields,
});

/** As SoftHSM shows the private key of an EC pair: without public numbers. */
const privateKey = (fields: Partial<HostKey> = {}): HostKey => ({
  id: '01',
  label: 'private',
  type: 'EC',
  size: null,
  alwaysAuthenticate: false,
  signs: true,
  spki: null,
  ...fields,
});

const match = (objects: Partial<HostObjects>) =>
  matchKeys(
    {
      certificates: [],
      publicKeys: [],
      privateKeys: [],
      privateVisible: (objects.privateKeys ?? []).length > 0,
      unreadable: [],
      ...objects,
    },
    now,
  );

/** What a key is, in short: CKA_ID, subject of its certificate, codes of its problems. */
const short = (objects: Partial<HostObjects>) =>
  match(objects).keys.map((key) => [
    key.id,
    key.certificate?.subject ?? null,
    key.problems.map(({ code }) => code).join(' '),
  ]);

describe('what a YubiKey attests', () => {
  const made = (keys: Made, pinPolicy: 'once' | 'always' = 'once'): HostCertificate => ({
    id: '01',
    label: 'X.509 Certificate for PIV Attestation 9a',
    value: attest({
      ...{ slot: '9a', privateKey: keys.privateKey, serial: 1, firmware: [5, 4, 3] },
      ...{ pinPolicy, touchPolicy: 'cached' },
    }).toString('base64'),
  });
  const attester = (): HostCertificate => ({
    id: '19',
    label: 'X.509 Certificate for PIV Attestation',
    value: sharedAttester().certificate.toString('base64'),
  });

  it('is no certificate of the key, but its policies', () => {
    const [key] = match({ publicKeys: [publicKey(a)], certificates: [made(a), certificate(a)] }).keys;
    expect(key).toMatchObject({
      certificate: { subject: 'CN=a' },
      policy: { pin: 'once', touch: 'cached' },
      alwaysAuthenticate: false,
    });
    expect(match({ publicKeys: [publicKey(a)], certificates: [made(a)] }).certificates).toEqual([]);
  });

  it('says that a key always authenticates, whatever the module says', () => {
    const objects = { publicKeys: [publicKey(a)], certificates: [made(a, 'always')] };
    expect(match(objects).keys).toMatchObject([{ alwaysAuthenticate: true }]);
    expect(match({ ...objects, privateKeys: [privateKey()] }).keys).toMatchObject([
      { alwaysAuthenticate: true },
    ]);
  });

  it('of another key says nothing', () => {
    const [key] = match({ publicKeys: [publicKey(a)], certificates: [made(b, 'always')] }).keys;
    expect(key).toMatchObject({ policy: null, alwaysAuthenticate: false });
  });

  it('is signed by a key that is not shown: it can do nothing else', () => {
    const publicPem = createPublicKey(sharedAttester().privateKey);
    const own = publicKey({ publicKey: publicPem }, { id: '19', type: 'RSA', size: '2048' });
    const hidden = privateKey({ id: '19', type: 'RSA', signs: false, spki: own.spki });
    const certificates = [attester(), certificate(a)];
    const keys = { publicKeys: [own, publicKey(a)], privateKeys: [hidden, privateKey()] };
    expect(short({ ...keys, certificates })).toEqual([['01', 'CN=a', '']]);
  });
});

it('is told of a key’s place where no private key says that it always authenticates', () => {
  const objects = { publicKeys: [publicKey(a)], certificates: [], unreadable: [] };
  const of = (privateKeys: HostKey[]) =>
    matchKeys({ ...objects, privateKeys, privateVisible: privateKeys.length > 0 }, now, (id) => id === '01')
      .keys[0]!.alwaysAuthenticate;
  expect(of([])).toBe(true);
  expect(of([privateKey()])).toBe(false);
  expect(of([privateKey({ alwaysAuthenticate: true })])).toBe(true);
});

describe('matching keys and certificates', () => {
  it('by CKA_ID and public key', () => {
    expect(short({ publicKeys: [publicKey(a)], certificates: [certificate(a)] })).toEqual([
      ['01', 'CN=a', ''],
    ]);
  });

  it('by public key alone where the CKA_ID differs', () => {
    expect(short({ publicKeys: [publicKey(a)], certificates: [certificate(a, '99')] })).toEqual([
      ['01', 'CN=a', ''],
    ]);
  });

  it('never by CKA_ID alone where both public keys are known', () => {
    expect(short({ publicKeys: [publicKey(a)], certificates: [certificate(b)] })).toEqual([
      ['01', null, 'cert-key-mismatch'],
    ]);
  });

  it('by CKA_ID where the token shows no public key', () => {
    const { keys } = match({ privateKeys: [privateKey()], certificates: [certificate(a)] });
    expect(keys).toMatchObject([{ size: 'P-256', labels: ['private', 'certificate'], problems: [] }]);
    expect(Buffer.from(keys[0]!.spki!).equals(Buffer.from(a.certificate.spki))).toBe(true);
  });

  it('takes the objects of a pair for one key, and the private one’s label first', () => {
    expect(
      match({
        publicKeys: [publicKey(a)],
        privateKeys: [privateKey({ alwaysAuthenticate: true })],
        certificates: [certificate(a)],
      }).keys,
    ).toMatchObject([
      { labels: ['private', 'public', 'certificate'], alwaysAuthenticate: true, problems: [] },
    ]);
  });

  it('tells two pairs with one CKA_ID apart by label', () => {
    const { keys } = match({
      publicKeys: [publicKey(a, { label: 'one' }), publicKey(b, { label: 'two' })],
      privateKeys: [privateKey({ label: 'two', alwaysAuthenticate: true }), privateKey({ label: 'one' })],
      certificates: [certificate(b), certificate(a)],
    });
    expect(keys).toMatchObject([
      { labels: ['one', 'certificate'], alwaysAuthenticate: false, certificate: { subject: 'CN=a' } },
      { labels: ['two', 'certificate'], alwaysAuthenticate: true, certificate: { subject: 'CN=b' } },
    ]);
  });

  it('does not take keys without CKA_ID for one', () => {
    expect(
      short({
        publicKeys: [publicKey(a, { id: '', label: 'one' }), publicKey(b, { id: '', label: 'two' })],
        privateKeys: [privateKey({ id: '', label: 'three' })],
        certificates: [certificate(b, '')],
      }),
    ).toEqual([
      ['', null, 'cert-missing key-unknown'],
      ['', 'CN=b', 'key-unknown'],
      ['', null, 'cert-missing'],
    ]);
  });

  it('does not take keys of two kinds with one CKA_ID for one', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    expect(
      match({
        publicKeys: [publicKey(a), publicKey(rsa, { type: 'RSA', size: '2048' })],
        privateKeys: [privateKey({ type: 'RSA', size: '2048', spki: publicKey(rsa).spki })],
      }).keys.map(({ type, labels }) => [type, ...labels]),
    ).toEqual([
      ['EC', 'public'],
      ['RSA', 'private', 'public'],
    ]);
  });

  it('takes a lone certificate for a key as long as private keys are hidden', () => {
    expect(short({ certificates: [certificate(a)] })).toEqual([['01', 'CN=a', '']]);
    expect(short({ certificates: [certificate(a)], privateVisible: true })).toEqual([
      ['01', 'CN=a', 'key-unknown'],
    ]);
  });

  it('says so where the token does not let a key sign', () => {
    expect(
      short({
        publicKeys: [publicKey(a)],
        privateKeys: [privateKey({ signs: false })],
        certificates: [certificate(a)],
      }),
    ).toEqual([['01', 'CN=a', 'key-unsupported']]);
    const untold = privateKey({ signs: null });
    expect(
      short({ publicKeys: [publicKey(a)], privateKeys: [untold], certificates: [certificate(a)] }),
    ).toEqual([['01', 'CN=a', '']]);
  });
});

describe('certificates that are no device’s own', () => {
  it('are set aside: attestations, by label or by name, with the key’s own CKA_ID', async () => {
    const attestation = await makeCertificate({ subject: 'CN=attestation', keys: a });
    const issuer = await makeCertificate({ subject: 'CN=Yubico PIV Attestation' });
    const byName = await makeCertificate({ subject: 'CN=YubiKey PIV Attestation 9a', keys: a, issuer });
    const certificates = [
      certificate(attestation, '01', 'X.509 Certificate for PIV Attestation 9a'),
      certificate(byName),
      certificate(issuer, '19'),
    ];
    const objects = { publicKeys: [publicKey(a)], certificates };
    expect(short(objects)).toEqual([['01', null, 'cert-missing']]);
    expect(short({ ...objects, certificates: [...certificates, certificate(a)] })).toEqual([
      ['01', 'CN=a', ''],
    ]);
    expect(match(objects).certificates).toEqual([]);
  });

  it('are set aside: CAs', async () => {
    const ca = await makeCertificate({ subject: 'CN=ca', ca: true });
    const { keys, certificates } = match({ certificates: [certificate(ca, '05'), certificate(a)] });
    expect(keys).toMatchObject([{ certificate: { subject: 'CN=a' } }]);
    expect(certificates).toHaveLength(1);
  });

  it('are named where there is nothing better: a key’s own CA certificate', async () => {
    const ca = await makeCertificate({ subject: 'CN=ca', ca: true, keys: a });
    expect(short({ publicKeys: [publicKey(a)], certificates: [certificate(ca)] })).toEqual([
      ['01', null, 'cert-is-ca'],
    ]);
  });
});

describe('objects that cannot be read', () => {
  it('are skipped, named, and told at the key they are beside', () => {
    const broken = { id: '01', label: 'broken', value: 'AAAA' };
    const contents = match({
      publicKeys: [publicKey(a), publicKey(b, { id: '02' })],
      certificates: [broken, certificate(b, '02')],
      unreadable: ['public key “odd” (id 07): C_GetAttributeValue: CKR_GENERAL_ERROR'],
    });
    expect(contents.warnings).toEqual([
      'public key “odd” (id 07): C_GetAttributeValue: CKR_GENERAL_ERROR',
      'certificate “broken” (id 01) cannot be read and is left out',
    ]);
    expect(contents.keys.map(({ problems }) => problems.map(({ code }) => code))).toEqual([
      ['cert-unreadable'],
      [],
    ]);
  });

  it('do not hide a readable certificate of the same key', () => {
    const broken = { id: '01', label: 'broken', value: 'AAAA' };
    expect(short({ publicKeys: [publicKey(a)], certificates: [broken, certificate(a)] })).toEqual([
      ['01', 'CN=a', ''],
    ]);
  });
});

describe('several certificates of one key', () => {
  const made = (subject: string, from: string, to: string, keyUsage?: KeyUsageFlags | null) =>
    makeCertificate({
      subject: `CN=${subject}`,
      keys: a,
      notBefore: new Date(`${from}T00:00:00Z`),
      notAfter: new Date(`${to}T00:00:00Z`),
      ...(keyUsage === undefined ? {} : { keyUsage }),
    });

  it('give the one that is valid, signs, and is the last to end', async () => {
    const candidates = [
      await made('ended', '2025-01-01', '2026-01-01'),
      await made('begins later', '2027-01-01', '2040-01-01'),
      await made('does not sign', '2026-01-01', '2039-01-01', KeyUsageFlags.keyAgreement),
      await made('has no usage', '2026-01-01', '2039-01-01', null),
      await made('ends sooner', '2026-01-01', '2027-01-01'),
      await made('right', '2026-01-01', '2028-01-01'),
      await made('ends sooner too', '2026-01-01', '2027-06-01'),
    ];
    for (const order of [candidates, [...candidates].reverse()]) {
      const certificates = order.map((each) => certificate(each));
      expect(short({ publicKeys: [publicKey(a)], certificates })).toEqual([['01', 'CN=right', '']]);
      expect(short({ certificates })).toEqual([['01', 'CN=right', '']]);
      expect(short({ privateKeys: [privateKey()], certificates })).toEqual([['01', 'CN=right', '']]);
    }
    expect(bestCertificate([], now)).toBeNull();
  });

  it('give what there is where none is good, and say what is wrong', async () => {
    const ended = await made('ended', '2025-01-01', '2026-01-01');
    expect(short({ publicKeys: [publicKey(a)], certificates: [certificate(ended)] })).toEqual([
      ['01', 'CN=ended', 'cert-expired'],
    ]);
  });

  it('of two keys with one CKA_ID give the better one’s where nothing else tells', async () => {
    const ended = await makeCertificate({ subject: 'CN=ended', notAfter: new Date('2026-02-01T00:00:00Z') });
    expect(short({ certificates: [certificate(ended), certificate(a)] })).toEqual([['01', 'CN=a', '']]);
  });
});
