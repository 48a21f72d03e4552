import { expect, it } from 'vitest';
import { pinLocked } from '../../../src/main/tokens/pin-locked.ts';

it.each([
  ['yubikey', 'ykman piv access unblock-pin'],
  ['yubikey', 'yubico-piv-tool -a unblock-pin'],
  ['tpm', 'tpm2_dictionarylockout --clear-lockout'],
  ['softhsm', 'pkcs11-tool --module MODULE --login --login-type so --init-pin'],
  ['other', 'the tool of the token’s maker'],
] as const)('the way out of a locked PIN of a %s names %s', (kind, way) => {
  const error = pinLocked(kind);
  expect(error.code).toBe('pin-locked');
  expect(error.remedy).toContain(way);
});
