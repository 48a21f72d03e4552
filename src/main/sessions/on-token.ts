/** Which accounts have to do with a token that came or went. */
import { isAppError } from '../../shared/errors.ts';
import type { TokenRef } from '../tokens/host/protocol.ts';
import type { SignerKey } from '../tokens/signer.ts';
import { isPkcs11Uri, matchesToken, parseUri } from '../tokens/uri.ts';

/**
 * @param used the key used last; null where none was.
 * @param keys the account's own words for its keys.
 * @returns whether one of the keys is, or may be, on the token.
 */
export function isOnToken(token: TokenRef, used: SignerKey | null, keys: readonly string[]): boolean {
  const last = used?.token ?? null;
  if (last !== null && last.serial === token.serial && last.label === token.label) return true;
  return keys.some((key) => mayBeOn(token, key));
}

function mayBeOn(token: TokenRef, key: string): boolean {
  if (!isPkcs11Uri(key)) return false;
  try {
    // Which slot it is in is not known here, and is no name of a token anyway.
    return matchesToken({ ...parseUri(key), slotId: null }, { ...token, slotId: '' });
  } catch (error) {
    if (isAppError(error)) return false;
    throw error;
  }
}
