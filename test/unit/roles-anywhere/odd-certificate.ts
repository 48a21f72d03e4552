/** The certificates made by certificates/make.sh. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  parseCertificate,
  parseCertificates,
  type Certificate,
} from '../../../src/main/roles-anywhere/certificate.ts';
import { derElement, derSequence, readElements } from '../../../src/main/roles-anywhere/der.ts';

const folder = join(import.meta.dirname, 'certificates');

export function oddCertificatePem(name: string): string {
  return readFileSync(join(folder, `${name}.pem`), 'utf8');
}

export function oddCertificate(name: string): Certificate {
  const [certificate] = parseCertificates(Buffer.from(oddCertificatePem(name)), name);
  return certificate!;
}

/**
 * The certificate with another signature algorithm named in it, inside and outside; its signature stays what it was.
 * @param oid dotted. @param parameters DER.
 */
export function withSignatureAlgorithm(
  { der }: Certificate,
  oid: string,
  parameters = new Uint8Array(),
): Certificate {
  const algorithm = derSequence(derOid(oid), parameters);
  const [tbs, , signature] = readElements(readElements(der)[0]!.content);
  const fields = readElements(tbs!.content).map(({ whole }) => whole);
  return parseCertificate(
    derSequence(derSequence(...fields.with(2, algorithm)), algorithm, signature!.whole),
  );
}

/** OBJECT IDENTIFIER. */
function derOid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return derElement(0x06, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)));
}

function base128(number: number): number[] {
  const digits = [number % 128];
  for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128)) {
    digits.unshift((left % 128) + 128);
  }
  return digits;
}
