import { generateKeyPairSync } from 'node:crypto';

export type KeyKind = 'P-256' | 'P-384' | 'P-521' | 'RSA-2048' | 'RSA-3072' | 'RSA-4096';

export interface KeyPair {
  /** PKCS#8, PEM. */
  readonly privatePem: string;
  /** SubjectPublicKeyInfo, PEM. */
  readonly publicPem: string;
}

/** A fresh key pair. An RSA key takes tenths of a second to seconds, an EC key a millisecond. */
export function generateKey(kind: KeyKind): KeyPair {
  const [family, size] = kind.split('-') as ['P' | 'RSA', string];
  const { privateKey, publicKey } =
    family === 'RSA'
      ? generateKeyPairSync('rsa', { modulusLength: Number(size) })
      : generateKeyPairSync('ec', { namedCurve: kind });
  return {
    privatePem: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
    publicPem: publicKey.export({ format: 'pem', type: 'spki' }) as string,
  };
}
