/** Where a YubiKey's PIV applet keeps keys and certificates (NIST SP 800-73-4, part 1, table 4b; Yubico's PIV pages). */

const retired = [
  ...['82', '83', '84', '85', '86', '87', '88', '89', '8a', '8b'],
  ...['8c', '8d', '8e', '8f', '90', '91', '92', '93', '94', '95'],
];

/** `9a` authentication, `9c` signature, `9d` key management, `9e` card authentication, `82` to `95` retired keys. */
export type PivSlot = string;
/** Attests that keys were made on the YubiKey. */
export const attestationSlot = 'f9';
export const allSlots: readonly PivSlot[] = ['9a', '9c', '9d', '9e', ...retired, attestationSlot];

const certificateObjects: Readonly<Record<string, string>> = {
  '9a': '5fc105',
  '9c': '5fc10a',
  '9d': '5fc10b',
  '9e': '5fc101',
  f9: '5fff01',
  ...Object.fromEntries(retired.map((slot, index) => [slot, (0x5fc10d + index).toString(16)])),
};

/** The tag of the data object that holds a slot's certificate, hex. @throws Error for a slot there is not. */
export function certificateObject(slot: PivSlot): string {
  const tag = certificateObjects[slot];
  if (tag === undefined) throw new Error(`a YubiKey has no slot ${slot}`);
  return tag;
}

export const slotName = (number: number): PivSlot => number.toString(16).padStart(2, '0');

/** The CKA_ID, hex, that Yubico's module gives to what is in a slot. */
export function ykcs11Id(slot: PivSlot): string {
  const named: Readonly<Record<string, number>> = { '9a': 1, '9c': 2, '9d': 3, '9e': 4, f9: 25 };
  return slotName(named[slot] ?? 5 + retired.indexOf(slot));
}

/** When a key wants the PIN: never, once after each selection of the applet, or right before each signature. */
export type PinPolicy = 'never' | 'once' | 'always';
/** When a key wants a touch; `cached`: one touch serves for 15 s. */
export type TouchPolicy = 'never' | 'always' | 'cached';

/** As in GENERATE, IMPORT, metadata and attestation. */
export const pinPolicyNumbers = { never: 1, once: 2, always: 3 } as const;
export const touchPolicyNumbers = { never: 1, always: 2, cached: 3 } as const;

export function pinPolicyOf(number: number): PinPolicy | undefined {
  return (['never', 'once', 'always'] as const).find((policy) => pinPolicyNumbers[policy] === number);
}

export function touchPolicyOf(number: number): TouchPolicy | undefined {
  return (['never', 'always', 'cached'] as const).find((policy) => touchPolicyNumbers[policy] === number);
}

/** A key's policy where its maker asks for none. */
export function defaultPinPolicy(slot: PivSlot): PinPolicy {
  if (slot === '9c') return 'always';
  return slot === '9e' ? 'never' : 'once';
}
