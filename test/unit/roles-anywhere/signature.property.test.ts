import { createHash, generateKeyPairSync, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ecdsaRawToDer } from '../../../src/main/roles-anywhere/signature.ts';
import { softwareSign } from '../../vectors/software-token.ts';
import { readEcdsaSignature } from './der-oracle.ts';

const halfLengths = [32, 48, 66];
/** Often with zeros in front or a high first bit, where DER's integers have their corners. */
const half = (length: number) =>
  fc
    .tuple(fc.nat({ max: length }), fc.uint8Array({ minLength: length, maxLength: length }))
    .map(([zeros, bytes]) => bytes.fill(0, 0, zeros));

it.each(halfLengths)('r and s of %d bytes are the integers a strict DER reader finds', (length) => {
  const toBigInt = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  fc.assert(
    fc.property(half(length), half(length), (r, s) => {
      const der = ecdsaRawToDer(Buffer.concat([r, s]));
      expect(readEcdsaSignature(der)).toEqual({ r: toBigInt(r), s: toBigInt(s) });
    }),
    { numRuns: 300 },
  );
});

it.each(['P-256', 'P-384', 'P-521'])('raw signatures on %s verify as DER', (namedCurve) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  fc.assert(
    fc.property(fc.uint8Array(), (message) => {
      const byNode = sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      expect(verify('sha256', message, publicKey, ecdsaRawToDer(byNode))).toBe(true);
      const data = createHash('sha256').update(message).digest();
      const byToken = softwareSign(privateKey, { mechanism: 'CKM_ECDSA', data });
      expect(verify('sha256', message, publicKey, ecdsaRawToDer(byToken))).toBe(true);
    }),
    { numRuns: 25 },
  );
});
