/** What keys, readers, TPMs and their software say: codes in every spelling, and the words of the real tools. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainHardware } from '../../../src/main/explain/hardware.ts';
import { explainPasted } from '../../../src/main/explain/pasted.ts';
import { ckrValues } from '../../../src/main/explain/pkcs11-codes.ts';

describe('a return value of PKCS#11', () => {
  it.each([
    ['CKR_PIN_INCORRECT', 'pin-incorrect'],
    ['CKR_PIN_LOCKED', 'pin-locked'],
    ['CKR_PIN_LEN_RANGE', 'pin-length'],
    ['CKR_USER_NOT_LOGGED_IN', 'pin-needed'],
    ['CKR_TOKEN_NOT_PRESENT', 'token-absent'],
    ['CKR_DEVICE_REMOVED', 'token-absent'],
    ['CKR_SLOT_ID_INVALID', 'token-absent'],
    ['CKR_DEVICE_ERROR', 'token-failed'],
    ['CKR_GENERAL_ERROR', 'token-failed'],
    ['CKR_SESSION_HANDLE_INVALID', 'token-failed'],
    ['CKR_OBJECT_HANDLE_INVALID', 'key-unknown'],
    ['CKR_MECHANISM_INVALID', 'key-unsupported'],
    ['CKR_ARGUMENTS_BAD', 'pin-length'],
    ['CKR_FUNCTION_CANCELED', 'touch-needed'],
  ])('%s is %s, in every spelling', (name, code) => {
    const value = ckrValues.get(name)!;
    const hex = value.toString(16);
    const spellings = [
      name,
      `0x${hex}`,
      `0x${hex.toUpperCase().padStart(8, '0')}`,
      String(value),
      `error: PKCS11 function C_Login failed: rv = ${name} (0x${hex})`,
      `rv = 0x${hex}`,
      `pkcs11: 0x${hex.toUpperCase()}: ${name}`,
      `${name}:${String(value)}`,
    ];
    for (const text of spellings) {
      expect(explainPasted(text), text).toMatchObject({ known: true, code });
      expect(explainPasted(text).cause).toContain(name);
    }
  });

  it.each(Array.from(ckrValues.keys()))('%s says what to do', (name) => {
    const { known, cause, remedy } = explainPasted(name);
    expect(known).toBe(true);
    expect(cause).toMatch(/^CKR_\w+ \(0x[0-9a-f]+\): .*\.$/);
    expect(remedy).toMatch(/\.$/);
  });

  it('that is not in the table is known for what it is', () => {
    expect(explainPasted('CKR_VENDOR_DEFINED:2147483648')).toMatchObject({
      known: true,
      code: 'token-failed',
    });
  });

  it('values are each of one name', () => {
    expect(new Set(ckrValues.values()).size).toBe(ckrValues.size);
  });

  it.each(['CKR_OK', '0', '0x0', '0xffff'])('%s is none', (text) => {
    expect(explainHardware(text)).toBeNull();
  });
});

describe('a return value of PC/SC', () => {
  it.each([
    ['SCARD_E_NO_SERVICE', 0x8010001d, 'token-failed', /pcscd\) does not run/],
    ['SCARD_E_SHARING_VIOLATION', 0x8010000b, 'token-failed', /scdaemon/],
    ['SCARD_W_SECURITY_VIOLATION', 0x8010006a, 'token-failed', /polkit/],
    ['SCARD_E_NO_READERS_AVAILABLE', 0x8010002e, 'token-absent', /no reader/],
    ['SCARD_E_NO_SMARTCARD', 0x8010000c, 'token-absent', /no card/],
    ['SCARD_W_REMOVED_CARD', 0x80100069, 'token-absent', /pulled out/],
    ['SCARD_W_RESET_CARD', 0x80100068, 'pin-needed', /reset/],
    ['SCARD_W_CHV_BLOCKED', 0x8010006c, 'pin-locked', /locked/],
    ['SCARD_E_CANCELLED', 0x80100002, 'cancelled', /called off/],
  ] as const)('%s is told in every spelling', (name, value, code, cause) => {
    const hex = value.toString(16);
    const spellings = [
      ...[name, `0x${hex}`, `0x${hex.toUpperCase()}`, String(value), String(value - 2 ** 32)],
      `SCardConnect failed for 'x', rc=${hex}`,
      `pcsc_connect failed: error (0x${hex})`,
    ];
    for (const text of spellings) {
      expect(explainPasted(text), text).toMatchObject({ known: true, code });
      expect(explainPasted(text).cause, text).toMatch(cause);
    }
  });
});

describe('a response code of a TPM', () => {
  it.each([
    ['0x921', 'pin-locked'],
    ['0xb0921', 'pin-locked'],
    ['0x98e', 'pin-incorrect'],
    ['0x9a2', 'pin-incorrect'],
    ['0x902', 'token-failed'],
    ['0x922', 'token-failed'],
    ['0x101', 'pin-needed'], // alone it is one of PKCS#11
    ['WARNING:esys: Received TPM Error (0x00000921)', 'pin-locked'],
    [
      'ERROR:esys:src/tss2-esys/api/Esys_Unseal.c:98:Esys_Unseal() Esys Finish ErrorCode (0x0000098e)',
      'pin-incorrect',
    ],
    ['0xa000a', 'token-failed'],
    ['tpm:handle(1):0x18b', 'key-unknown'],
    ['0x1df', 'key-unknown'], // of a parameter, which bit 6 says
  ])('%s is %s', (text, code) => {
    expect(explainPasted(text)).toMatchObject({ known: true, code });
  });
});

describe('the words of', () => {
  it.each([
    // tpm2-tools and tpm2-pkcs11
    ['tpm:session(1):the authorization HMAC check failed and DA counter incremented', 'pin-incorrect'],
    [
      'tpm:warn(2.0): authorizations for objects subject to DA protection are not allowed at this time because the TPM is in DA lockout mode',
      'pin-locked',
    ],
    ['tpm:warn(2.0): out of memory for object contexts', 'token-failed'],
    [
      'ERROR:tcti:src/tss2-tcti/tcti-device.c:452:Tss2_Tcti_Device_Init() Failed to open specified TCTI device file /dev/tpmrm0: Permission denied',
      'token-failed',
    ],
    ['ERROR: Cannot open database: unable to open database file', 'token-failed'],
    ['WARNING: Cannot prepare version query: no such table: schema', null],
    // pcscd and libpcsclite
    ['SCardEstablishContext: Service not available.', 'token-failed'],
    ['Sharing violation.', 'token-failed'],
    ['Card was removed.', 'token-absent'],
    ['Cannot find a smart card reader.', 'token-absent'],
    ['SCardConnect: Access denied.', 'token-failed'],
    [
      'auth.c:137:IsClientAuthorized() Process 7 (user: 1000) is NOT authorized for action: access_pcsc',
      'token-failed',
    ],
    ['winscard_svc.c:355:ContextThread() Rejected unauthorized PC/SC client', 'token-failed'],
    // yubico-piv-tool, opensc-tool, pkcs11-tool
    ['Failed to connect to yubikey.\nTry removing and reconnecting the device.', 'token-failed'],
    ['Pin verification failed, 2 tries left before pin is blocked.', 'pin-incorrect'],
    ['Pin code blocked, use unblock-pin action to unblock.', 'pin-locked'],
    ['Successfully verified PIN.\nFailed signing request.', null],
    ['No smart card readers found.', 'token-absent'],
    ['error: Reader in use by another application', 'token-failed'],
    ['No slots.', 'token-absent'],
    ['No slot named "x" found', 'token-absent'],
    ['no such slot', 'token-absent'],
    ['Card not present.', 'token-absent'],
    ['Security status not satisfied', 'touch-needed'],
    // GnuPG and OpenSSH
    ['gpg: selecting card failed: No such device', 'token-failed'],
    ['scdaemon[7]: pcsc_connect failed: sharing violation (0x8010000b)', 'token-failed'],
    [
      'sign_and_send_pubkey: signing failed for ECDSA "x" from agent: agent refused operation',
      'token-failed',
    ],
    // the loader
    ['libykcs11.so: wrong ELF class: ELFCLASS32', 'module-not-pkcs11'],
  ])('the tools: %s', (text, code) => {
    const { known, code: found, cause, remedy } = explainPasted(text);
    expect([known, found]).toEqual([true, code]);
    expect(`${cause} ${remedy}`).toMatch(/\.$/);
  });

  it.each([
    'Access Denied',
    'An error occurred (AccessDeniedException) when calling the CreateSession operation: Untrusted signing certificate',
    'Unable to assume role for arn:aws:iam::123456789012:role/Reader: Access denied',
    'Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z',
    'Rate exceeded',
    'Command failed',
    'Trust anchor not found',
    'InternalFailure 0x',
    'HTTP 403',
    'pin-locked',
    '{"error":{"code":"pin-locked","message":"CKR_PIN_LOCKED"}}',
  ])('others are left to others: %s', (text) => {
    const isOwn = text.includes('pin-locked');
    if (isOwn) expect(explainPasted(text)).toMatchObject({ code: 'pin-locked', cause: 'The PIN is locked.' });
    else expect(explainHardware(text)).toBeNull();
  });
});

it('answers for every text, and in time', () => {
  const words = fc.constantFrom(
    'CKR_',
    'SCARD_E_',
    '0x',
    'tpm',
    'rv = ',
    '8010',
    'slot ',
    'no ',
    'pin ',
    ':',
    ' ',
  );
  const text = fc.array(fc.oneof(words, fc.string())).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (any) => {
      const { cause, remedy } = explainPasted(any);
      return cause !== '' && remedy !== '';
    }),
  );
  expect(explainPasted('no slot tpm '.repeat(100_000)).known).toBe(true);
});
