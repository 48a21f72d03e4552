/** The certificates made by certificates/make.sh. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCertificates, type Certificate } from '../../../src/main/roles-anywhere/certificate.ts';

const folder = join(import.meta.dirname, 'certificates');

export function oddCertificatePem(name: string): string {
  return readFileSync(join(folder, `${name}.pem`), 'utf8');
}

export function oddCertificate(name: string): Certificate {
  const [certificate] = parseCertificates(Buffer.from(oddCertificatePem(name)), name);
  return certificate!;
}
