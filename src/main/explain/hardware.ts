/**
 * What keys, readers, TPMs and their software say, and what it means. Pure, as the table of AWS's texts is
 * (roles-anywhere/explain.ts); names and codes first, which no other text has, then words.
 */
import { allowReaderService, endOtherProgram, unlockPin, unplug, type Meaning } from './meaning.ts';
import { meaningOfScard, meaningOfScardText, meaningOfScardValue } from './pcsc-codes.ts';
import { meaningOfCkr, meaningOfCkrValue } from './pkcs11-codes.ts';
import { meaningOfTpm, meaningOfTpmText } from './tpm-codes.ts';

/** Null where the text is of something else. */
export function explainHardware(text: string): Meaning | null {
  return byName(text) ?? byNumber(text) ?? byWords(text);
}

const hex = (value: number): string => `0x${value.toString(16)}`;

function named({
  name,
  value,
  code,
  cause,
  remedy,
}: Meaning & { name: string; value: number | null }): Meaning {
  return { code, cause: `${name}${value === null ? '' : ` (${hex(value)})`}: ${cause}`, remedy };
}

function byName(text: string): Meaning | null {
  const scard = /\bSCARD_[A-Z]_[A-Z_]+/.exec(text)?.[0];
  const scardMeaning = scard === undefined ? null : meaningOfScard(scard);
  if (scardMeaning !== null) return named(scardMeaning);
  const ckr = /\bCKR_[A-Z0-9_]+/.exec(text)?.[0];
  return ckr === undefined || ckr === 'CKR_OK' ? null : named(meaningOfCkr(ckr));
}

/** SCARD values stand out wherever they are; others are meant only where little else is there, or what they are is said. */
function byNumber(text: string): Meaning | null {
  const scard = /(?:\b0x|\brc=)(8010[0-9a-f]{4})\b/i.exec(text)?.[1];
  const scardMeaning = scard === undefined ? null : meaningOfScardValue(Number.parseInt(scard, 16));
  if (scardMeaning !== null) return named(scardMeaning);
  const [, digits = ''] = /^(0x[0-9a-f]{1,8}|-?\d{1,10})$/i.exec(text.trim()) ?? [];
  if (digits !== '') return alone(Number(digits));
  const [, tpm = ''] = /\b(?:tpm|tss|esys|tcti)\w*\b.*?\b(0x[0-9a-f]{3,8})\b/is.exec(text) ?? [];
  const tpmMeaning = tpm === '' ? null : meaningOfTpm(Number(tpm));
  if (tpmMeaning !== null) return tpmMeaning;
  const [, returned = ''] = /\b(?:rv|CKR|pkcs ?#?11)\b[^\w]{1,4}(0x[0-9a-f]{1,3})\b/i.exec(text) ?? [];
  const ckr = returned === '' ? null : meaningOfCkrValue(Number(returned));
  return ckr === null ? null : named(ckr);
}

/** A number is all there is: of PKCS#11 it is small, of PC/SC it may be printed signed, of a TPM it is in between. */
function alone(number: number): Meaning | null {
  const value = number < 0 ? number + 2 ** 32 : number;
  const meaning = meaningOfCkrValue(value) ?? meaningOfScardValue(value);
  return meaning === null ? meaningOfTpm(value) : named(meaning);
}

interface Row extends Meaning {
  readonly pattern: RegExp;
}

const plugIn = 'Plug the key in, and see what is there: rolekey tokens.';

const rows: readonly Row[] = [
  {
    pattern: /NOT authorized for action: access_(?:pcsc|card)|Rejected unauthorized (?:PC\/SC )?client/i,
    code: 'token-failed',
    cause:
      'The smart card service turns you away: polkit lets in who is logged in at the screen, and not over ssh.',
    remedy: allowReaderService,
  },
  {
    pattern:
      /\bscdaemon\b|selecting card failed|OpenPGP card not available|Reader in use by another application/i,
    code: 'token-failed',
    cause: 'GnuPG’s scdaemon and another program want the same key: whoever has it keeps the other out.',
    remedy: endOtherProgram,
  },
  {
    pattern: /pin verification failed|verification failed, \d+ tr(?:y|ies) left|PIN code or key incorrect/i,
    code: 'pin-incorrect',
    cause: 'The PIN was wrong, and the key has counted it.',
    remedy: 'Type the right one, which is tried once: rolekey connect ID.',
  },
  {
    pattern: /pin (?:code )?(?:is )?blocked|pin is locked/i,
    code: 'pin-locked',
    cause: 'The PIN is locked after too many wrong ones.',
    remedy: unlockPin,
  },
  {
    pattern:
      /Failed to connect to (?:the )?yubikey|Failed selecting (?:yk )?application|PIV application not found/i,
    code: 'token-failed',
    cause:
      'No YubiKey with PIV answers: none is plugged in, the smart card service does not run, or another program has it.',
    remedy: 'Run: rolekey doctor, which looks at the service; then unplug the key and plug it in again.',
  },
  {
    pattern: /^Failed signing (?:request|certificate)\.?$/im,
    code: null,
    cause: 'yubico-piv-tool 2.2 cannot make requests with OpenSSL 3; the key is as it should be.',
    remedy: 'Make the request with certtool, as the README shows, or with a newer tool of Yubico’s.',
  },
  {
    pattern: /no such slot|no slots?\b(?: named| with)?|slot (?:\S+ )?(?:was )?not found|slot not available/i,
    code: 'token-absent',
    cause: 'The module shows no such slot: the token is not plugged in, or its slots were counted anew.',
    remedy: 'See what is plugged in: rolekey tokens; and name a token by label or serial, not by slot.',
  },
  {
    pattern: /no (?:smart ?card )?readers? (?:found|available)|Card not present|No card present/i,
    code: 'token-absent',
    cause: 'No key is plugged in, or the smart card service does not see it.',
    remedy: `${plugIn} Whether the service runs tells: rolekey doctor.`,
  },
  {
    pattern: /sign_and_send_pubkey: signing failed|agent refused operation/i,
    code: 'token-failed',
    cause:
      'The ssh-agent has the key and did not sign: it wants a confirmation, a touch or a PIN that nobody gave.',
    remedy: 'Answer what it asks for, or add the key anew: ssh-add.',
  },
  {
    pattern: /could not open a connection to your authentication agent|error connecting to agent/i,
    code: 'token-failed',
    cause: 'No ssh-agent runs, or SSH_AUTH_SOCK names none.',
    remedy:
      'Start one and the agent of Rolekey from the same shell: eval "$(ssh-agent)", then: rolekey agent stop.',
  },
  {
    pattern:
      /wrong ELF class|invalid ELF header|mach-o, but wrong architecture|not a valid Win32 application/i,
    code: 'module-not-pkcs11',
    cause: 'The module was built for another kind of computer.',
    remedy: 'Install the one for this computer’s architecture.',
  },
  {
    pattern: /Security status not satisfied|\bSW(?:1SW2)?[ =:]*(?:0x)?6982\b/i,
    code: 'touch-needed',
    cause: 'The card wants the PIN or a touch, which did not come in time.',
    remedy: 'Connect again, type the PIN, and touch the key where it blinks.',
  },
  {
    pattern: /Reader detached|device has been removed/i,
    code: 'token-absent',
    cause: 'The key was pulled out.',
    remedy: unplug,
  },
];

function byWords(text: string): Meaning | null {
  const found = meaningOfTpmText(text) ?? rows.find(({ pattern }) => pattern.test(text)) ?? pcscText(text);
  if (found === null) return null;
  const { code, cause, remedy } = found;
  return { code, cause, remedy };
}

/** The words of libpcsclite are everyday ones: they count only where they are alone, or PC/SC is spoken of. */
function pcscText(text: string): Meaning | null {
  if (/SCard|PC\/?SC|smart ?card|pcscd|yubikey|opensc/i.test(text)) return meaningOfScardText(text);
  const isAlone = /^[\w\s]{0,40}\.?$/.test(text.trim());
  // AWS says that as well, and more often.
  return isAlone && !/access denied/i.test(text) ? meaningOfScardText(text) : null;
}
