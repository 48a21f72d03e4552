/** One token that several modules show, as Yubico's module and OpenSC do with a YubiKey. */
import { tokenName, type HostToken } from './host/protocol.ts';
import { samePublicKey, type TokenContents, type TokenKey } from './key-matching.ts';

/**
 * Whether two modules show one token: the card in one reader, whose name all of them have from PC/SC; or a token that
 * says the same of itself in both.
 */
export function isSameToken(one: HostToken, other: HostToken): boolean {
  const inOneReader = one.slotDescription !== '' && one.slotDescription === other.slotDescription;
  return inOneReader || (one.serial !== '' && tokenName(one) === tokenName(other));
}

/** A token as a module shows it. */
export interface Sighting {
  readonly token: HostToken;
  readonly contents: TokenContents;
}

/**
 * The keys of a token that other modules do not show, such as those of another application on the card.
 * @param earlier tokens of other modules.
 * @returns null where they show the token and all of its keys.
 */
export function keysShownFirst(
  { token, contents }: Sighting,
  earlier: readonly Sighting[],
): readonly TokenKey[] | null {
  const same = earlier.filter((other) => isSameToken(other.token, token));
  if (same.length === 0) return contents.keys;
  const shown = same.flatMap((other) => other.contents.keys);
  const keys = contents.keys.filter((key) => !shown.some((other) => isSameKey(key, other)));
  return keys.length === 0 ? null : keys;
}

/** By public key; by CKA_ID and kind where one is not seen. */
export function isSameKey(one: TokenKey, other: TokenKey): boolean {
  if (one.spki === null || other.spki === null) return one.id === other.id && one.type === other.type;
  return samePublicKey(one.spki, other.spki);
}
