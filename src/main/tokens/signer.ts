/** What signs a CreateSession request: a key on a token or in a file, behind one face. */
import { AppError, type AppErrorOptions } from '../../shared/errors.ts';
import type { Account, KeyInfo } from '../../shared/model.ts';
import type { NoAnswer, Prompts } from '../ports.ts';
import type { Certificate } from '../roles-anywhere/certificate.ts';

/** Which key it is, as people and `status` are told. */
export interface SignerKey {
  /** RFC 7512 URI, file path or `ssh-agent:SHA256:...`: the account's own words made exact. */
  readonly uri: string;
  /** Token label and serial; null for a key that is in no token. */
  readonly token: { readonly label: string; readonly serial: string } | null;
  /** False for key files and software tokens: said wherever the key is shown. */
  readonly hardware: boolean;
  readonly touch: KeyInfo['touch'];
  readonly alwaysAuthenticate: boolean;
}

/**
 * A key with its certificate, found without asking anybody anything.
 */
export interface Signer {
  readonly key: SignerKey;
  readonly certificate: Certificate;
  /** CA certificates that may lead up from `certificate`: of the intermediates file, of a combined key file. */
  readonly issuers: readonly Certificate[];
  /**
   * Whether `sign` would go through now without a human: logged in or PIN held, no touch policy, file key open.
   */
  readyWithoutHuman(): boolean;
  /**
   * Makes the key ready: logs in with a PIN asked once from `prompts`; nothing where that is done already.
   * @param human null: nobody can be asked, and only what is held or was remembered may be used.
   * @throws AppError when nobody answers or the human gives up: `pin-incorrect` or `passphrase-incorrect` where one was
   * refused, `pin-final` before the last try, else `pin-needed`; `pin-locked` without asking; `token-absent`,
   * `token-failed`, `cert-key-mismatch`.
   */
  unlock(human: Human | null): Promise<void>;
  /**
   * Exactly one signature over `message` (SHA-256 digest made here): RSASSA-PKCS1-v1_5 bytes, or ECDSA as DER
   * (SEC 1 ECDSA-Sig-Value). It is verified with the certificate's key before it is returned.
   * @param human who is told where the token waits for a touch, and may end the waiting; absent: nobody.
   * @throws AppError `pin-needed` where it is not unlocked any more, `pin-locked`, `touch-needed`, `token-absent`,
   * `token-failed`, `key-unknown`, `key-ambiguous`, `key-unsupported`, `cert-key-mismatch`; `cancelled` where nobody waits
   * for it any more.
   */
  sign(message: Uint8Array, human?: Human): Promise<Uint8Array>;
}

/**
 * A key whose certificate is locked up with it, in a PKCS#12 file. Once it is unlocked, the account's key is found anew as
 * a {@link Signer}.
 */
export interface SealedKey {
  readonly sealed: true;
  readonly key: SignerKey;
  /** @throws AppError what {@link Signer.unlock} throws. */
  unlock(human: Human | null): Promise<void>;
}

export function isSealed(found: Signer | SealedKey): found is SealedKey {
  return 'sealed' in found;
}

/** @throws AppError `pin-needed` for a key that is sealed. */
export function unsealed<S extends Signer>(found: S | SealedKey): S {
  if (!('sealed' in found)) return found;
  throw new AppError('pin-needed', {
    message: `The key file ${found.key.uri} needs its passphrase, which its certificate is locked up with, too.`,
  });
}

/** Somebody who can be asked, and on whose behalf. */
export interface Human {
  readonly prompts: Prompts;
  /** Labels of the accounts that wait. */
  readonly accounts: readonly string[];
  /** Who the caller says it is. */
  readonly askedBy: string;
  /** Raised once none of the accounts waits any more: what is asked is void then. Absent: somebody always waits. */
  readonly unneeded?: AbortSignal;
  /** Told when a token begins to wait for a touch that these accounts wait for, and when it does not any more. */
  readonly onTouch?: (waits: boolean) => void;
}

/** What to say where a PIN or passphrase was asked for and not given; nothing where nobody could be asked. */
export function unanswered(why: NoAnswer | null, secret: 'PIN' | 'passphrase'): AppErrorOptions {
  if (why === null) return {};
  return {
    message: why === 'late' ? `Nobody typed the ${secret} in time.` : `You gave no ${secret}.`,
    remedy: 'Connect again with: rolekey connect ID.',
  };
}

/** What of an account says which key signs, and with which certificate. */
export type SignerAccount = Pick<Account, 'keys' | 'certificate' | 'intermediates' | 'pkcs11Lib'>;

/** One of an account's keys: ready to sign, or not there, for which the next one is looked at. */
export type Attempt = { readonly signer: Signer | SealedKey } | { readonly absent: AppError };
