/** Which module, and which service, a key that was not found may be behind. Pure. */
import { isAppError, type AppError, type ErrorCode } from '../../shared/errors.ts';
import type { Account } from '../../shared/model.ts';
import { isMeant, moduleKind, type ModuleKind } from '../tokens/module-kind.ts';
import type { Signer } from '../tokens/signer.ts';
import { isPkcs11Uri, parseUri, type Pkcs11Uri } from '../tokens/uri.ts';

/** Whether a key is missed that must be behind it, or may be: also where there are no accounts yet. */
export type Need = 'missed' | 'maybe' | 'none';

/** A key that was looked for. */
export interface Search {
  readonly account: Account;
  readonly found: Pick<Signer, 'key' | 'certificate' | 'issuers'> | AppError;
}

/** What the search for a key ends with where what would have shown it is not there, or does not work. */
const otherFaults: readonly ErrorCode[] = [
  'account-invalid',
  'key-ambiguous',
  'key-unsupported',
  'pin-needed',
];

/** Whether any of the keys that were looked for is missed, and may be behind the module at `path`; '': behind any. */
export function needOf(searches: readonly Search[], path: string): Need {
  if (searches.length === 0) return 'maybe';
  const needs = searches.map(({ account, found }) => {
    if (!isAppError(found) || found.code.startsWith('cert-') || otherFaults.includes(found.code))
      return 'none';
    return account.keys.some(isPkcs11Uri) ? needOfAccount(account, path) : 'none';
  });
  return worstOf(needs);
}

export function worstOf(needs: readonly Need[]): Need {
  return needs.includes('missed') ? 'missed' : needs.includes('maybe') ? 'maybe' : 'none';
}

/** Which module a key that is missed may be behind, told by what the account says of it. */
export function needOfAccount(account: Account, path: string): Need {
  if (path === '') return 'missed'; // there is none at all
  const named = namedModules(account);
  if (named.length > 0) return named.includes(path) ? 'missed' : 'none';
  const kind = moduleKind(path);
  const uris = account.keys.filter(isPkcs11Uri).flatMap((key) => uriOf(key) ?? []);
  if (uris.some((uri) => isMeant(kind, uri))) return 'missed';
  const means = (other: ModuleKind): boolean => uris.some((uri) => isMeant(other, uri));
  // Another module shows the key by these words; but OpenSC may show a YubiKey too.
  if (kind !== 'opensc' && (['yubikey', 'tpm', 'opensc', 'softhsm'] as const).some(means)) return 'none';
  return kind === 'opensc' && (means('tpm') || means('softhsm')) ? 'none' : 'maybe';
}

/** The modules an account names, itself or in the URIs of its keys. */
export function namedModules({ keys, pkcs11Lib }: Account): string[] {
  const inUris = keys.filter(isPkcs11Uri).flatMap((key) => uriOf(key)?.modulePath ?? []);
  return pkcs11Lib === null ? inUris : [pkcs11Lib, ...inUris];
}

function uriOf(key: string): Pkcs11Uri | null {
  try {
    return parseUri(key);
  } catch (error) {
    if (isAppError(error)) return null; // told where the key is looked for
    throw error;
  }
}
