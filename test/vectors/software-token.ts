/** The two PKCS#11 mechanisms signing needs, in software: a token that signs what it is given and hashes nothing. */
import { constants, createECDH, privateEncrypt, type KeyObject } from 'node:crypto';
import type { TokenInput } from '../../src/main/roles-anywhere/signature.ts';

interface Curve {
  readonly openssl: string;
  readonly bytes: number;
  readonly order: bigint;
}

/** SEC 2; the orders are those of FIPS 186-5 too. */
const curves: Readonly<Record<string, Curve>> = {
  'P-256': {
    openssl: 'prime256v1',
    bytes: 32,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  'P-384': {
    openssl: 'secp384r1',
    bytes: 48,
    order:
      0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  'P-521': {
    openssl: 'secp521r1',
    bytes: 66,
    order:
      0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  },
};

/** C_Sign. */
export function softwareSign(key: KeyObject, { mechanism, data }: TokenInput): Uint8Array {
  return mechanism === 'CKM_RSA_PKCS'
    ? privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, data)
    : ecdsa(key, data);
}

/** r‖s over a digest no longer than the curve's order (SEC 1, section 4.1.3). */
function ecdsa(key: KeyObject, digest: Uint8Array): Uint8Array {
  const { crv = '', d = '' } = key.export({ format: 'jwk' });
  const curve = curves[crv];
  if (curve === undefined) throw new Error(`no curve ${crv}`);
  const { order, bytes } = curve;
  const once = createECDH(curve.openssl);
  const point = once.generateKeys();
  const r = number(point.subarray(1, 1 + bytes)) % order;
  const s = mod(
    inverse(number(once.getPrivateKey()), order) * (number(digest) + r * number(Buffer.from(d, 'base64url'))),
    order,
  );
  return Buffer.concat([bigEndian(r, bytes), bigEndian(s, bytes)]);
}

function number(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

function bigEndian(value: bigint, bytes: number): Buffer {
  return Buffer.from(value.toString(16).padStart(bytes * 2, '0'), 'hex');
}

function mod(value: bigint, modulus: bigint): bigint {
  return ((value % modulus) + modulus) % modulus;
}

/** By Fermat: the order is prime. */
function inverse(value: bigint, prime: bigint): bigint {
  let result = 1n;
  let square = mod(value, prime);
  for (let exponent = prime - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = mod(result * square, prime);
    square = mod(square * square, prime);
  }
  return result;
}
