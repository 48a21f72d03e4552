/** Which key serves an account, as `status` shows it. */
import type { Account, AccountStatus } from '../../shared/model.ts';
import type { SignerKey } from '../tokens/signer.ts';
import { isPkcs11Uri, parseUri } from '../tokens/uri.ts';

/** @param used the key used last; null where none was: then the account's first, as far as its own words tell. */
export function keyStatus({ keys }: Pick<Account, 'keys'>, used: SignerKey | null): AccountStatus['key'] {
  if (used !== null) {
    const { uri, token, hardware } = used;
    return { uri, token: token?.label ?? null, serial: token?.serial ?? null, hardware };
  }
  const [uri = ''] = keys; // there is one, says the schema
  const { token, serial } = isPkcs11Uri(uri) ? parseUri(uri) : { token: null, serial: null };
  return { uri, token, serial, hardware: false };
}
