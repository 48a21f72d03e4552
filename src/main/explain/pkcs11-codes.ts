/** PKCS#11 return values (OASIS PKCS#11 3.0, pkcs11t.h), by name: what they amount to, as modules that people use mean them. */
import { errorTable } from '../../shared/errors.ts';
import { unlockPin, unplug, type Meaning } from './meaning.ts';
import {
  absent,
  badAttributes,
  callersFault,
  keyGone,
  loggedInAlready,
  noMemory,
  notWanted,
  otherKind,
  refusedPin,
  sessionLost,
} from './pkcs11-meanings.ts';

/** Names and values of those that amount to the same. */
const groups: readonly (readonly [Meaning, Readonly<Record<string, number>>])[] = [
  [
    {
      code: 'pin-incorrect',
      cause: 'The PIN was wrong, and the token has counted it: YubiKeys lock after three, TPMs mostly too.',
      remedy: 'Type the right one, which is tried once: rolekey connect ID.',
    },
    { CKR_PIN_INCORRECT: 0xa0 },
  ],
  [refusedPin, { CKR_PIN_INVALID: 0xa1, CKR_PIN_LEN_RANGE: 0xa2, CKR_PIN_TOO_WEAK: 0x1b8 }],
  [
    {
      code: 'pin-needed',
      cause: 'The token wants a new PIN before it does anything else.',
      remedy: 'Change the PIN with the tool of the token’s maker.',
    },
    { CKR_PIN_EXPIRED: 0xa3 },
  ],
  [
    { code: 'pin-locked', cause: 'The PIN is locked after too many wrong ones.', remedy: unlockPin },
    { CKR_PIN_LOCKED: 0xa4 },
  ],
  [
    {
      code: 'pin-needed',
      cause:
        'The token wants the PIN: none was given, it was lost with a reset, or the key wants it for each signature (slot 9c). Yubico’s module says the same where a touch did not come in time.',
      remedy: 'Connect again, type the PIN, and touch the key where it blinks.',
    },
    { CKR_USER_NOT_LOGGED_IN: 0x101 },
  ],
  [
    {
      code: 'pin-needed',
      cause: 'The token has no PIN yet.',
      remedy: 'Set one with the tool of the token’s maker.',
    },
    { CKR_USER_PIN_NOT_INITIALIZED: 0x102 },
  ],
  [
    loggedInAlready,
    {
      CKR_USER_ALREADY_LOGGED_IN: 0x100,
      CKR_USER_ANOTHER_ALREADY_LOGGED_IN: 0x104,
      CKR_USER_TOO_MANY_TYPES: 0x105,
    },
  ],
  [
    {
      code: 'token-failed',
      cause:
        'Only who shows the token’s administration key (the SO PIN) may do this, such as making keys on a YubiKey.',
      remedy: 'Use the tool of the token’s maker, such as yubico-piv-tool.',
    },
    { CKR_USER_TYPE_INVALID: 0x103 },
  ],
  [
    {
      code: 'token-absent',
      cause: 'There is no such slot: the token was pulled out, or its slots were counted anew.',
      remedy: 'See what is plugged in: rolekey tokens; and name a token by label or serial, not by slot.',
    },
    { CKR_SLOT_ID_INVALID: 0x3 },
  ],
  [absent, { CKR_DEVICE_REMOVED: 0x32, CKR_TOKEN_NOT_PRESENT: 0xe0 }],
  [
    {
      code: 'token-failed',
      cause: 'The module does not know this kind of token.',
      remedy: 'Use the module of the token’s maker.',
    },
    { CKR_TOKEN_NOT_RECOGNIZED: 0xe1 },
  ],
  [
    {
      code: 'token-failed',
      cause:
        'The device did not answer: it was pulled out, or the smart card service (pcscd) does not run or turns you away.',
      remedy: 'Run: rolekey doctor, which looks at the service; then unplug the token and plug it in again.',
    },
    { CKR_DEVICE_ERROR: 0x30 },
  ],
  [noMemory, { CKR_HOST_MEMORY: 0x2, CKR_DEVICE_MEMORY: 0x31 }],
  [
    {
      code: 'token-failed',
      cause:
        'The module failed and does not say why. That of TPMs says so where its store is missing, the TPM is gone or you are not of the group tss.',
      remedy: 'Run: rolekey doctor, which tells these apart.',
    },
    { CKR_GENERAL_ERROR: 0x5, CKR_FUNCTION_FAILED: 0x6 },
  ],
  [
    {
      code: 'pin-length',
      cause:
        'The module was given something it cannot take; Yubico’s says so of a PIN that has not 6 to 8 characters, and counts no try.',
      remedy: 'Type the whole PIN.',
    },
    { CKR_ARGUMENTS_BAD: 0x7 },
  ],
  [
    sessionLost,
    { CKR_SESSION_CLOSED: 0xb0, CKR_SESSION_HANDLE_INVALID: 0xb3, CKR_OPERATION_NOT_INITIALIZED: 0x91 },
  ],
  [
    {
      code: 'token-failed',
      cause: 'More sessions are open than the token allows.',
      remedy: 'Close other programs that use it.',
    },
    { CKR_SESSION_COUNT: 0xb1 },
  ],
  [keyGone, { CKR_OBJECT_HANDLE_INVALID: 0x82, CKR_KEY_HANDLE_INVALID: 0x60 }],
  [
    otherKind,
    {
      CKR_KEY_SIZE_RANGE: 0x62,
      CKR_KEY_TYPE_INCONSISTENT: 0x63,
      CKR_KEY_FUNCTION_NOT_PERMITTED: 0x68,
      CKR_MECHANISM_INVALID: 0x70,
      CKR_MECHANISM_PARAM_INVALID: 0x71,
      CKR_DATA_INVALID: 0x20,
      CKR_DATA_LEN_RANGE: 0x21,
      CKR_DOMAIN_PARAMS_INVALID: 0x130,
      CKR_CURVE_NOT_SUPPORTED: 0x140,
    },
  ],
  [
    badAttributes,
    {
      CKR_ATTRIBUTE_READ_ONLY: 0x10,
      CKR_ATTRIBUTE_SENSITIVE: 0x11,
      CKR_ATTRIBUTE_TYPE_INVALID: 0x12,
      CKR_ATTRIBUTE_VALUE_INVALID: 0x13,
      CKR_TEMPLATE_INCOMPLETE: 0xd0,
      CKR_TEMPLATE_INCONSISTENT: 0xd1,
    },
  ],
  [
    {
      code: 'touch-needed',
      cause: 'The token gave up: a touch or a key on it was waited for, and did not come.',
      remedy: errorTable['touch-needed'].remedy,
    },
    { CKR_CANCEL: 0x1, CKR_FUNCTION_CANCELED: 0x50, CKR_FUNCTION_REJECTED: 0x200 },
  ],
  [
    {
      code: 'module-not-pkcs11',
      cause: 'The module could not load a library it needs.',
      remedy: 'Install the software of the token’s maker again.',
    },
    { CKR_LIBRARY_LOAD_FAILED: 0x1b7 },
  ],
  [
    {
      code: 'token-failed',
      cause: 'The token refuses to be written to.',
      remedy: 'Use the tool of the token’s maker.',
    },
    { CKR_TOKEN_WRITE_PROTECTED: 0xe2, CKR_SESSION_READ_ONLY: 0xb5, CKR_ACTION_PROHIBITED: 0x1b },
  ],
  [
    { code: 'token-failed', cause: 'The token’s own test of itself failed.', remedy: unplug },
    { CKR_FIPS_SELF_TEST_FAILED: 0x1b6, CKR_RANDOM_NO_RNG: 0x121 },
  ],
  [
    notWanted,
    {
      CKR_NO_EVENT: 0x8,
      CKR_FUNCTION_NOT_PARALLEL: 0x51,
      CKR_FUNCTION_NOT_SUPPORTED: 0x54,
      CKR_RANDOM_SEED_NOT_SUPPORTED: 0x120,
      CKR_SESSION_PARALLEL_NOT_SUPPORTED: 0xb4,
      CKR_STATE_UNSAVEABLE: 0x180,
    },
  ],
  [
    callersFault,
    {
      CKR_NEED_TO_CREATE_THREADS: 0x9,
      CKR_CANT_LOCK: 0xa,
      CKR_OPERATION_ACTIVE: 0x90,
      CKR_BUFFER_TOO_SMALL: 0x150,
      CKR_CRYPTOKI_NOT_INITIALIZED: 0x190,
      CKR_CRYPTOKI_ALREADY_INITIALIZED: 0x191,
      CKR_MUTEX_BAD: 0x1a0,
      CKR_MUTEX_NOT_LOCKED: 0x1a1,
    },
  ],
];

export interface NamedMeaning extends Meaning {
  readonly name: string;
  readonly value: number;
}

const all: readonly NamedMeaning[] = groups.flatMap(([meaning, names]) =>
  Object.entries(names).map(([name, value]) => ({ ...meaning, name, value })),
);
const byNames = new Map(all.map((entry) => [entry.name, entry]));
const byValues = new Map(all.map((entry) => [entry.value, entry]));

/** @param name as `CKR_PIN_LOCKED`. Every other name of that kind is known for what it is, if not for what it means. */
export function meaningOfCkr(
  name: string,
): Meaning & { readonly name: string; readonly value: number | null } {
  return byNames.get(name) ?? { ...callersFault, code: 'token-failed', name, value: null, cause: unnamed };
}

const unnamed =
  'A failure of the PKCS#11 module or the token that has nothing to do with how they are usually used.';

export function meaningOfCkrValue(value: number): NamedMeaning | null {
  return byValues.get(value) ?? null;
}

/** Every name with its value. */
export const ckrValues: ReadonlyMap<string, number> = new Map(all.map(({ name, value }) => [name, value]));
