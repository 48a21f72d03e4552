/** Certificates with keys for tests, made on the spot. */
import { generateKeyPairSync, type KeyObject, randomBytes, webcrypto } from 'node:crypto';
import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { parseCertificate, type Certificate } from '../../../src/main/roles-anywhere/certificate.ts';

export { KeyUsageFlags };

export interface Made {
  readonly certificate: Certificate;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export interface Recipe {
  readonly subject: string;
  /** Null: self-signed. */
  readonly issuer?: Made | null;
  /** The name the certificate gives as its issuer's, where it lies about it. */
  readonly issuerName?: string;
  readonly ca?: boolean;
  readonly keyUsage?: KeyUsageFlags | null;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Certify these keys instead of new ones. */
  readonly keys?: Pick<Made, 'privateKey' | 'publicKey'>;
  readonly rsa?: boolean;
  /** Of basicConstraints; none where it is left out. */
  readonly pathLength?: number;
  readonly hash?: 'SHA-1' | 'SHA-256';
}

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const rsassa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };

export async function makeCertificate(recipe: Recipe): Promise<Made> {
  const { subject, issuer = null, ca = false } = recipe;
  const { privateKey, publicKey } =
    recipe.keys ??
    (recipe.rsa === true
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  const signer = issuer?.privateKey ?? privateKey;
  const signingAlgorithm = {
    ...(signer.asymmetricKeyType === 'rsa' ? rsassa : ecdsa),
    hash: recipe.hash ?? 'SHA-256',
  };
  const keyUsage = recipe.keyUsage ?? (ca ? KeyUsageFlags.keyCertSign : KeyUsageFlags.digitalSignature);
  const x509 = await X509CertificateGenerator.create(
    {
      serialNumber: randomBytes(8).toString('hex'),
      subject,
      issuer: recipe.issuerName ?? issuer?.certificate.subject ?? subject,
      notBefore: recipe.notBefore ?? new Date('2026-01-01T00:00:00Z'),
      notAfter: recipe.notAfter ?? new Date('2036-01-01T00:00:00Z'),
      publicKey: await importKey('spki', publicKey, ['verify']),
      signingKey: await importKey('pkcs8', signer, ['sign']),
      signingAlgorithm,
      extensions: [
        new BasicConstraintsExtension(ca, recipe.pathLength, true),
        ...(recipe.keyUsage === null ? [] : [new KeyUsagesExtension(keyUsage, true)]),
      ],
    },
    webcrypto,
  );
  return { certificate: parseCertificate(new Uint8Array(x509.rawData)), privateKey, publicKey };
}

/** A root `CN=Root` and, below it, so many intermediates `CN=L1`, `CN=L2` ...; the root first. */
export async function towerOf(levels: number, recipe: Partial<Recipe> = {}): Promise<Made[]> {
  const tower = [await makeCertificate({ subject: 'CN=Root', ca: true })];
  for (let level = 1; level <= levels; level++) {
    const issuer = tower.at(-1)!;
    tower.push(await makeCertificate({ subject: `CN=L${String(level)}`, issuer, ca: true, ...recipe }));
  }
  return tower;
}

function importKey(
  format: 'spki' | 'pkcs8',
  key: KeyObject,
  usages: ('sign' | 'verify')[],
): Promise<webcrypto.CryptoKey> {
  const algorithm = key.asymmetricKeyType === 'rsa' ? rsassa : ecdsa;
  const der = key.export({ format: 'der', type: format } as { format: 'der'; type: 'spki' });
  return webcrypto.subtle.importKey(format, der, algorithm, true, usages);
}
