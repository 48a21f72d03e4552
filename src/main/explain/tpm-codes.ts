/** Response codes of TPM 2.0 (TPM 2.0 Library, part 2, table 16) as far as who uses a key meets them; tpm2_rc_decode has all. */
import { joinTss, unlockPin, type Meaning } from './meaning.ts';

const lockout: Meaning = {
  code: 'pin-locked',
  cause:
    'The TPM takes no PIN for now: too many were wrong, counted over all its tokens (lockout against dictionary attacks).',
  remedy: unlockPin,
};
const wrongPin: Meaning = {
  code: 'pin-incorrect',
  cause: 'The PIN was wrong, and the TPM has counted it: after a few it takes none for a while.',
  remedy: 'Type the right one, which is tried once: rolekey connect ID.',
};
const noRoom: Meaning = {
  code: 'token-failed',
  cause:
    'The TPM has no room: it is used without a resource manager, or programs that died left their objects in it.',
  remedy:
    'Use /dev/tpmrm0 (unset TPM2_PKCS11_TCTI) or run tpm2-abrmd; what was left goes with: tpm2_flushcontext --transient-object.',
};
const unreachable: Meaning = {
  code: 'token-failed',
  cause:
    'The TPM cannot be reached: it is turned off, you are not of the group tss, or the resource manager does not run.',
  remedy: joinTss,
};
const busy: Meaning = {
  code: 'token-failed',
  cause: 'The TPM is busy and wants to be asked again.',
  remedy: 'Connect again in a moment.',
};
const broken: Meaning = {
  code: 'token-failed',
  cause: 'The TPM has failed and takes no commands.',
  remedy: 'Restart the computer; if it stays, its maker has to be asked.',
};
const otherTpm: Meaning = {
  code: 'key-unknown',
  cause: 'The key in the store is not of this TPM, or the TPM was cleared since.',
  remedy: 'Make a new key and have a certificate issued for it.',
};

/** By the code without its layer; those with a number of a session, handle or parameter in it without that. */
const warnings: ReadonlyMap<number, Meaning> = new Map([
  [0x101, broken],
  [0x902, noRoom],
  [0x903, noRoom],
  [0x904, noRoom],
  [0x905, noRoom],
  [0x908, busy],
  [0x921, lockout],
  [0x922, busy],
  [0x923, busy],
]);
const formatOne: ReadonlyMap<number, Meaning> = new Map([
  [0x8e, wrongPin], // TPM_RC_AUTH_FAIL
  [0xa2, wrongPin], // TPM_RC_BAD_AUTH
  [0x8b, otherTpm], // TPM_RC_HANDLE
  [0x9f, otherTpm], // TPM_RC_INTEGRITY
]);
/** Of the layer that carries commands to the TPM (TSS2_TCTI_RC_LAYER). */
const tctiLayer = 10;

/** @param code of the TPM software stack: 0x921, 0x98e, 0xa000a. Null: none of these. */
export function meaningOfTpm(code: number): Meaning | null {
  const layer = code >>> 16;
  if (layer === tctiLayer) return unreachable;
  const low = code & 0xffff;
  const isFormatOne = (low & 0x80) !== 0;
  // Bits 8 to 11 count the session or parameter, bit 6 tells which (part 2, section 6.6.2).
  return isFormatOne ? (formatOne.get(low & 0xbf) ?? null) : (warnings.get(low) ?? null);
}

interface TpmText {
  readonly pattern: RegExp;
  readonly meaning: Meaning;
}

/** In the words of tpm2-tss and tpm2-pkcs11. */
const texts: readonly TpmText[] = [
  { pattern: /DA lockout mode|dictionary.?attack/i, meaning: lockout },
  {
    pattern: /authorization HMAC check failed|authorization failure without DA implications/i,
    meaning: wrongPin,
  },
  { pattern: /out of memory for (?:object|session) contexts/i, meaning: noRoom },
  {
    pattern: /\/dev\/tpm(?:rm)?\d|Could not initialize TCTI|tcti:IO failure|dbus proxy object|\btabrmd\b/i,
    meaning: unreachable,
  },
  {
    pattern: /unable to open database file|F?API nor ESYSDB backends|ESYSDB backend was not initialized/i,
    meaning: {
      code: 'token-failed',
      cause: 'The store of tpm2-pkcs11 is not there or cannot be opened.',
      remedy:
        'Make one: tpm2_ptool init --path ~/.tpm2_pkcs11; where it is elsewhere, set TPM2_PKCS11_STORE and start the agent again.',
    },
  },
  {
    pattern: /no such table: schema/i,
    meaning: {
      code: null,
      cause: 'The store of tpm2-pkcs11 is new; it says so once and goes on.',
      remedy: 'There is nothing to do.',
    },
  },
];

export function meaningOfTpmText(text: string): Meaning | null {
  return texts.find(({ pattern }) => pattern.test(text))?.meaning ?? null;
}
