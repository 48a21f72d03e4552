/** The certificate that goes with a key, out of a file. */
import { AppError } from '../../shared/errors.ts';
import type { Files } from '../ports.ts';
import { parseCertificates, type Certificate } from '../roles-anywhere/certificate.ts';
import { bestCertificate, samePublicKey } from './key-matching.ts';

export interface SigningCertificate {
  readonly certificate: Certificate;
  /** What else was there: CA certificates that may lead up from it. */
  readonly issuers: readonly Certificate[];
}

/** The most a key or certificate file may have, bytes: one with hundreds of certificates has a tenth of it. */
export const maxKeyFileBytes = 1 << 20;

/** @throws AppError `file-unreadable` also where there is no such file, `cert-unreadable`. */
export async function readCertificates(files: Files, path: string): Promise<Certificate[]> {
  const bytes = await files.read(path, maxKeyFileBytes);
  if (bytes === null) throw new AppError('file-unreadable', { message: `The file ${path} was not found.` });
  return parseCertificates(bytes, path);
}

/**
 * Tells the key's own certificate from its issuers'.
 * @param spki the key's; null where it is not known yet, which makes it the best that is no CA's.
 * @param where names the certificates' place in an error.
 * @throws AppError `cert-missing`, `cert-key-mismatch`.
 */
export function pickCertificate(
  certificates: readonly Certificate[],
  spki: Uint8Array | null,
  now: number,
  where: string,
): SigningCertificate {
  if (certificates.length === 0) {
    throw new AppError('cert-missing', {
      message: `There is no certificate in ${where}.`,
      remedy: 'Name what holds it: rolekey accounts edit ID --certificate FILE.',
    });
  }
  const fits = (certificate: Certificate): boolean =>
    spki === null ? !certificate.isCa : samePublicKey(certificate.spki, spki);
  const certificate = bestCertificate(certificates.filter(fits), now) ?? (spki === null && certificates[0]);
  if (!certificate) {
    throw new AppError('cert-key-mismatch', { message: `No certificate in ${where} belongs to the key.` });
  }
  return { certificate, issuers: certificates.filter((other) => other !== certificate && other.isCa) };
}
