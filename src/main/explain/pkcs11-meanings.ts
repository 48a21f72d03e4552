/** What PKCS#11 return values amount to that have more than one name. */
import { errorTable } from '../../shared/errors.ts';
import type { Meaning } from './meaning.ts';

const report = 'Connect again; if it stays, report it with the log.';

/** A fault of who calls: Rolekey, or the program that printed it. */
export const callersFault: Meaning = {
  code: 'token-failed',
  cause:
    'The module was not called as it wants to be: a fault of the program that called it, not of the key.',
  remedy: report,
};
export const sessionLost: Meaning = {
  code: 'token-failed',
  cause: 'The session with the token is gone: it was pulled out, reset, or taken by another program.',
  remedy: 'Connect again; the PIN may be asked for once more.',
};
export const otherKind: Meaning = {
  code: 'key-unsupported',
  cause: 'The key, or the module it is used through, cannot do what was asked of it.',
  remedy: errorTable['key-unsupported'].remedy,
};
export const keyGone: Meaning = {
  code: 'key-unknown',
  cause: 'The key is not on the token any more, or is not shown before the PIN is typed.',
  remedy: 'See what is on it: rolekey tokens --login.',
};
export const badAttributes: Meaning = {
  code: 'token-failed',
  cause: 'The module does not take the attributes it was given, as Yubico’s does with all it has no use for.',
  remedy: 'Make keys with the tool of the token’s maker, such as yubico-piv-tool or tpm2_ptool.',
};
export const absent: Meaning = {
  code: 'token-absent',
  cause: 'The token was pulled out, or was never there.',
  remedy: errorTable['token-absent'].remedy,
};
export const noMemory: Meaning = {
  code: 'token-failed',
  cause: 'The token or the computer has no room for it.',
  remedy: 'Close what uses the token and connect again.',
};
export const refusedPin: Meaning = {
  code: 'pin-length',
  cause: 'The PIN has a length or characters the token does not take; no try was used.',
  remedy: 'Type the whole PIN: 6 to 8 characters with a YubiKey.',
};
export const loggedInAlready: Meaning = {
  code: 'token-failed',
  cause: 'Somebody is logged in to the token already, in this process.',
  remedy: 'Run: rolekey lock, then connect again.',
};
export const notWanted: Meaning = {
  code: 'token-failed',
  cause: 'The module does not support what was asked of it, which Rolekey does not need.',
  remedy: report,
};
