/** PKCS#12 files as key files: told by their content, opened by the bundle that can, explained in sentences. */
import { createHash, type KeyObject } from 'node:crypto';
import { AppError } from '../../shared/errors.ts';
import { parseCertificates } from '../roles-anywhere/certificate.ts';
import { shellWord } from '../shell-word.ts';
import { openPkcs8, spkiOf, type OpenKeyFile } from './key-file.ts';
import type { Pkcs12Contents } from './pkcs12.ts';
import type { Pkcs12Problem } from './pkcs12-problem.ts';

/** Whether the bytes begin as a PFX does: a sequence whose first element is the version 3, in DER or BER. */
export function isPkcs12(bytes: Uint8Array): boolean {
  const [tag, length = 0] = bytes;
  const header = 2 + (length > 0x80 ? length - 0x80 : 0);
  return tag === 0x30 && Buffer.from(bytes.subarray(header, header + 3)).toString('hex') === '020103';
}

export interface Pkcs12File {
  readonly bytes: Uint8Array;
  /** For messages. */
  readonly path: string;
  /** Lets others have their turn in the midst of long work. */
  readonly pause: () => Promise<void>;
  /** Whether there is something at a path already. */
  readonly isTaken: (path: string) => Promise<boolean>;
}

/**
 * What is in the file.
 * @param passphrase the empty one also stands for none.
 * @throws AppError `passphrase-incorrect`, `file-unreadable` for a damaged file, `key-unknown` for one without a key,
 * `key-ambiguous` for several, `key-unsupported`, `cert-unreadable`.
 */
export async function openPkcs12File(source: Pkcs12File, passphrase: string): Promise<OpenKeyFile> {
  const { bytes, path, pause } = source;
  const { openPkcs12 } = await import('./pkcs12.ts');
  const answer = await openPkcs12(bytes, passphrase, pause);
  if ('problem' in answer) throw await explain(answer.problem, source);
  const { contents } = answer;
  return {
    key: onlyKey(contents, path),
    certificates: contents.certificates.flatMap((der) => parseCertificates(der, path)),
  };
}

function onlyKey({ keys }: Pkcs12Contents, path: string): KeyObject {
  // The same key twice is one key.
  const distinct = new Map(
    keys.map((der): [string, KeyObject] => {
      const key = openPkcs8(der, path);
      return [createHash('sha256').update(spkiOf(key)).digest('hex'), key];
    }),
  );
  const [key, ...others] = distinct.values();
  if (key === undefined) {
    throw new AppError('key-unknown', {
      message: `${path} holds certificates, but no private key.`,
      remedy: `Name the file that holds the private key. To have a certificate file of this one: openssl pkcs12 -nokeys -in ${shellWord(path)} -out FILE.pem; then give that as --certificate.`,
    });
  }
  if (others.length === 0) return key;
  throw new AppError('key-ambiguous', {
    message: `${path} holds ${String(distinct.size)} private keys.`,
    remedy: 'Put each key into a file of its own.',
  });
}

async function explain(
  { kind, cause }: Pick<Pkcs12Problem, 'kind' | 'cause'>,
  source: Pkcs12File,
): Promise<AppError> {
  const { path } = source;
  switch (kind) {
    case 'password':
      return new AppError('passphrase-incorrect', { message: `The passphrase did not open ${path}.` });
    case 'damaged':
      return new AppError('file-unreadable', {
        message: `The PKCS#12 file ${path} is damaged or cut short.`,
        remedy: 'Have it made or copied again.',
        cause,
      });
    case 'altered':
      return new AppError('file-unreadable', {
        message: `The PKCS#12 file ${path} was changed after it was made: its checksum (MAC) is wrong.`,
        remedy: 'Do not use it; have it made again.',
      });
    case 'two-passwords':
      return new AppError('file-unreadable', {
        message: `The passphrase fits the checksum (MAC) of ${path}, but does not open its content.`,
        remedy: 'The file is damaged or has two passphrases; have it made again with one.',
      });
    case 'algorithm':
      return new AppError('key-unsupported', {
        message: `The PKCS#12 file ${path} is protected in an old or rare way that is not supported.`,
        remedy: await conversion(source),
      });
    case 'rounds':
      return new AppError('key-unsupported', {
        message: `The PKCS#12 file ${path} asks for more work to open it than any honest one.`,
        remedy: `If you trust it: ${await conversion(source)}`,
      });
    case 'public-key':
      return new AppError('key-unsupported', {
        message: `The PKCS#12 file ${path} is protected with a key, not with a passphrase.`,
        remedy: 'Have it made again with a passphrase.',
      });
  }
}

/**
 * OpenSSL asks for the file's passphrase and for one of the new file at the terminal. It writes over whatever is there
 * without a word: the new file gets a name that nothing has.
 */
async function conversion({ path, isTaken }: Pkcs12File): Promise<string> {
  const stem = `${path.replace(/\.(p12|pfx)$/i, '')}-converted`;
  let pem = `${stem}.pem`;
  // A name that is too long looks taken, whatever its number.
  for (let number = 2; number < 100 && (await isTaken(pem)); number += 1)
    pem = `${stem}-${String(number)}.pem`;
  return `Convert it with: openssl pkcs12 -legacy -in ${shellWord(path)} -out ${shellWord(pem)}; then name that file: rolekey accounts edit ID --private-key FILE.`;
}
