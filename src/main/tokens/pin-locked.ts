/** A locked PIN, with the way out of it that fits the kind of token. */
import { AppError } from '../../shared/errors.ts';
import type { TokenInfo } from '../../shared/model.ts';

/** What to do, as the makers' own tools have it. */
const waysOut: Readonly<Record<TokenInfo['kind'], string>> = {
  yubikey:
    'Unblock it with the PUK: ykman piv access unblock-pin, or: yubico-piv-tool -a unblock-pin. Then connect again.',
  tpm: 'Wait until the TPM takes tries again, or have its owner reset the count: tpm2_dictionarylockout --clear-lockout. Then connect again.',
  softhsm:
    'Set a new PIN with the SO PIN: pkcs11-tool --module MODULE --login --login-type so --init-pin. Then connect again.',
  other: 'Unlock it with the PUK or the tool of the token’s maker, then connect again.',
};

export function pinLocked(kind: TokenInfo['kind']): AppError {
  // Its count is common to all of its tokens and to other programs, so the right PIN is refused as well.
  const message = 'The TPM takes no PIN now: too many wrong ones were tried.';
  return new AppError('pin-locked', { remedy: waysOut[kind], ...(kind === 'tpm' ? { message } : {}) });
}
