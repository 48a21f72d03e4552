/** Files a key can be in, of either kind, behind one face. */
import { createHash } from 'node:crypto';
import { isAppError } from '../../shared/errors.ts';
import type { Certificate } from '../roles-anywhere/certificate.ts';
import { openKey, readKeyFile, type OpenKeyFile } from './key-file.ts';
import { isPkcs12, openPkcs12File, type Pkcs12File } from './pkcs12-file.ts';

/** A key file as far as it can be read without asking anybody. */
export interface KeyContainer {
  readonly path: string;
  /** SHA-256 of its content, hex. */
  readonly digest: string;
  /** Null where a passphrase is needed. */
  readonly open: OpenKeyFile | null;
  /** Null where they are locked up with the key. */
  readonly certificates: readonly Certificate[] | null;
  /** @throws AppError `passphrase-incorrect`, `file-unreadable`, `key-*`, `cert-unreadable`. */
  unlock(passphrase: string): Promise<OpenKeyFile>;
}

/**
 * @param sealed digests of files that are known to need a passphrase: finding that out anew may cost a second.
 * @throws AppError what {@link readKeyFile}, {@link openKey} and {@link openPkcs12File} throw.
 */
export async function readContainer(source: Pkcs12File, sealed: Set<string>): Promise<KeyContainer> {
  const { bytes, path } = source;
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (!isPkcs12(bytes)) {
    const file = readKeyFile(bytes, path);
    const { certificates } = file;
    const open = (passphrase: string | null): OpenKeyFile => ({
      key: openKey(file, passphrase),
      certificates,
    });
    return {
      path,
      digest,
      certificates,
      open: file.encrypted ? null : open(null),
      unlock: (passphrase) => Promise.resolve(passphrase).then(open),
    };
  }
  const open = sealed.has(digest) ? null : await openWithoutPassphrase(source);
  if (open === null) sealed.add(digest);
  return {
    path,
    digest,
    open,
    certificates: open?.certificates ?? null,
    unlock: (passphrase) => openPkcs12File(source, passphrase),
  };
}

/** A file has no counter of wrong tries: nothing is lost by looking whether it needs a passphrase. */
async function openWithoutPassphrase(source: Pkcs12File): Promise<OpenKeyFile | null> {
  try {
    return await openPkcs12File(source, '');
  } catch (error) {
    if (isAppError(error, 'passphrase-incorrect')) return null;
    throw error;
  }
}
