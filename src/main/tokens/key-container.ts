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

/** What PKCS#12 files are without a passphrase, by path: finding that out may cost a second, and many may ask at once. */
export type Looked = Map<string, { readonly digest: string; readonly open: Promise<OpenKeyFile | null> }>;

/**
 * @param looked what was found out before; is added to.
 * @throws AppError what {@link readKeyFile}, {@link openKey} and {@link openPkcs12File} throw.
 */
export async function readContainer(source: Pkcs12File, looked: Looked): Promise<KeyContainer> {
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
  const before = looked.get(path);
  const now = before?.digest === digest ? before : { digest, open: openWithoutPassphrase(source) };
  looked.set(path, now);
  const open = await now.open.catch((error: unknown) => {
    looked.delete(path); // what it says to do depends on what is there by then
    throw error;
  });
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
