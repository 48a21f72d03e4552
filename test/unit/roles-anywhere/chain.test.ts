import { describe, expect, it } from 'vitest';
import type { Certificate } from '../../../src/main/roles-anywhere/certificate.ts';
import {
  buildChain,
  exceededPathLengths,
  isIssuedBy,
  wayUp,
} from '../../../src/main/roles-anywhere/chain.ts';
import { KeyUsageFlags, makeCertificate, towerOf, type Made } from './make-certificate.ts';
import { oddCertificate } from './odd-certificate.ts';

const root = await makeCertificate({ subject: 'CN=Root', ca: true });
const upper = await makeCertificate({ subject: 'CN=Upper', issuer: root, ca: true });
const lower = await makeCertificate({ subject: 'CN=Lower', issuer: upper, ca: true });
const leaf = await makeCertificate({ subject: 'CN=leaf', issuer: lower });
const tower = await towerOf(7);
const stranger = await makeCertificate({ subject: 'CN=Stranger', ca: true });
const strangersLeaf = await makeCertificate({ subject: 'CN=other', issuer: stranger });

const certificates = (made: readonly Made[]) => made.map(({ certificate }) => certificate);
const subjects = (chain: readonly Certificate[]) => chain.map(({ subject }) => subject);
const chainOf = (from: Made, ...candidates: Made[]) =>
  subjects(buildChain(from.certificate, certificates(candidates)));

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}

describe('the chain', () => {
  it.each(
    permutations([root, upper, lower, stranger]).map(
      (order) => [subjects(certificates(order)), order] as const,
    ),
  )('has the leaf’s issuer first and neither root nor strangers, given %s', (_, order) => {
    expect(chainOf(leaf, ...order)).toEqual(['CN=Lower', 'CN=Upper']);
  });

  it.each([
    ['without the root', [upper, lower], ['CN=Lower', 'CN=Upper']],
    ['with the issuer alone', [lower], ['CN=Lower']],
    ['with duplicates', [lower, lower, upper, upper], ['CN=Lower', 'CN=Upper']],
    ['with the leaf itself', [leaf, lower], ['CN=Lower']],
    ['with nothing but the leaf itself', [leaf], []],
    ['with nothing', [], []],
    ['with another leaf', [strangersLeaf, lower], ['CN=Lower']],
    ['with a gap: what is above it is not reached', [lower, root], ['CN=Lower']],
  ])('is built %s', (_, candidates, expected) => {
    expect(chainOf(leaf, ...candidates)).toEqual(expected);
  });

  it('is empty where a root issued the leaf', async () => {
    const direct = await makeCertificate({ subject: 'CN=direct', issuer: root });
    expect(chainOf(direct, root)).toEqual([]);
    expect(chainOf(direct, upper, root)).toEqual([]);
  });

  it('is empty where none of the candidates issued the leaf', () => {
    for (const candidates of [[stranger], [upper], [root], [strangersLeaf], [leaf, stranger]]) {
      expect(chainOf(leaf, ...candidates)).toEqual([]);
    }
  });

  it('has at most five certificates, of a way that may be longer', async () => {
    const deep = await makeCertificate({ subject: 'CN=deep', issuer: tower.at(-1)! });
    const way = ['CN=L7', 'CN=L6', 'CN=L5', 'CN=L4', 'CN=L3', 'CN=L2', 'CN=L1', 'CN=Root'];
    expect(chainOf(deep, ...tower)).toEqual(way.slice(0, 5));
    expect(subjects(wayUp(deep.certificate, certificates(tower)))).toEqual(way);
  });
});

describe('a path length', () => {
  const way = certificates(tower.slice(0, 4).toReversed());

  it.each([
    [[null, null, null, null], []],
    [[0, 1, 2, 3], []],
    [[0, 0, 2, 3], ['CN=L2']],
    [
      [null, 0, 1, 2],
      ['CN=L2', 'CN=L1', 'CN=Root'],
    ],
    [[null, null, null, 0], ['CN=Root']],
  ])('of %j from the leaf’s issuer up to the root is exceeded at %j', (lengths, expected) => {
    const limited = way.map((certificate, i) => ({ ...certificate, pathLength: lengths[i] ?? null }));
    expect(subjects(exceededPathLengths(limited))).toEqual(expected);
  });

  it('does not count a certificate that a CA gave itself', async () => {
    const renamed = await makeCertificate({ subject: 'CN=Root', issuer: root, ca: true });
    const limited = [renamed.certificate, { ...root.certificate, pathLength: 0 }];
    expect(exceededPathLengths(limited)).toEqual([]);
  });
});

describe('an issuer that is there twice', () => {
  it('is taken with the way that ends at a root of the candidates, in any order', async () => {
    const oldRoot = await makeCertificate({ subject: 'CN=Old Root', ca: true });
    const crossSigned = await makeCertificate({
      subject: 'CN=Lower',
      issuer: oldRoot,
      ca: true,
      keys: lower,
    });
    for (const order of permutations([crossSigned, lower, upper, root])) {
      expect(chainOf(leaf, ...order)).toEqual(['CN=Lower', 'CN=Upper']);
    }
    for (const order of permutations([crossSigned, lower, upper, oldRoot])) {
      const chain = buildChain(leaf.certificate, certificates(order));
      expect(chain.map(({ sha256 }) => sha256)).toEqual([crossSigned.certificate.sha256]);
    }
  });

  it('is taken in the certificate that holds longest where the ways are alike', async () => {
    const renewed = await makeCertificate({
      subject: 'CN=Lower',
      issuer: upper,
      ca: true,
      keys: lower,
      notAfter: new Date('2040-01-01T00:00:00Z'),
    });
    for (const order of permutations([renewed, lower, upper])) {
      const [issuer] = buildChain(leaf.certificate, certificates(order));
      expect(issuer?.sha256).toBe(renewed.certificate.sha256);
    }
  });

  it('may sign in a circle', async () => {
    const lowerAgain = await makeCertificate({ subject: 'CN=Upper', issuer: lower, ca: true, keys: upper });
    for (const order of permutations([lower, lowerAgain])) {
      expect(chainOf(leaf, ...order)).toEqual(['CN=Lower', 'CN=Upper']);
    }
  });
});

describe('a link', () => {
  it('holds for RSA, ECDSA and RSASSA-PSS', async () => {
    const rsaCa = await makeCertificate({ subject: 'CN=RSA CA', ca: true, rsa: true });
    const ofRsa = await makeCertificate({ subject: 'CN=x', issuer: rsaCa });
    expect(isIssuedBy(ofRsa.certificate, rsaCa.certificate)).toBe(true);
    expect(isIssuedBy(lower.certificate, upper.certificate)).toBe(true);
    const pss = oddCertificate('pss-signature');
    expect(isIssuedBy(pss, { ...pss, isCa: true, keyCertSign: true })).toBe(true);
  });

  it('needs the name', async () => {
    const liar = await makeCertificate({ subject: 'CN=x', issuer: root, issuerName: 'CN=Somebody Else' });
    expect(isIssuedBy(liar.certificate, root.certificate)).toBe(false);
  });

  it('compares names as RFC 5280 does: letter case and spaces aside', async () => {
    const ca = await makeCertificate({ subject: 'CN=Device  CA, O=Ünited', ca: true });
    const child = await makeCertificate({
      subject: 'CN=x',
      issuer: ca,
      issuerName: 'CN=device ca, O=ünited',
    });
    expect(isIssuedBy(child.certificate, ca.certificate)).toBe(true);
    const swapped = await makeCertificate({
      subject: 'CN=x',
      issuer: ca,
      issuerName: 'O=Ünited, CN=Device CA',
    });
    expect(isIssuedBy(swapped.certificate, ca.certificate)).toBe(false);
  });

  it('needs the signature', async () => {
    const namesake = await makeCertificate({ subject: 'CN=Lower', issuer: upper, ca: true });
    expect(isIssuedBy(leaf.certificate, namesake.certificate)).toBe(false);
    expect(chainOf(leaf, namesake)).toEqual([]);
  });

  it('needs a CA with keyCertSign', async () => {
    const notCa = await makeCertificate({ subject: 'CN=Lower', issuer: upper, keys: lower });
    const notCaThatMaySign = await makeCertificate({
      subject: 'CN=Lower',
      issuer: upper,
      keys: lower,
      keyUsage: KeyUsageFlags.keyCertSign,
    });
    const noCertSign = await makeCertificate({
      subject: 'CN=Lower',
      issuer: upper,
      ca: true,
      keys: lower,
      keyUsage: KeyUsageFlags.digitalSignature,
    });
    const noKeyUsage = await makeCertificate({
      subject: 'CN=Lower',
      issuer: upper,
      ca: true,
      keys: lower,
      keyUsage: null,
    });
    for (const made of [notCa, notCaThatMaySign]) {
      expect(isIssuedBy(leaf.certificate, made.certificate)).toBe(false);
    }
    expect(isIssuedBy(leaf.certificate, noCertSign.certificate)).toBe(false);
    expect(isIssuedBy(leaf.certificate, noKeyUsage.certificate)).toBe(true);
  });

  it.each(['pss-key', 'secp256k1', 'ed25519', 'explicit-curve'])(
    'never reaches node:crypto with a %s',
    (name) => {
      const issuer = { ...oddCertificate(name), isCa: true, keyCertSign: true };
      const { issuerSignature } = leaf.certificate;
      const child = { ...oddCertificate(name), issuerSignature };
      expect(isIssuedBy(child, issuer)).toBe(false);
    },
  );
});
