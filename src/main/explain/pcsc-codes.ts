/** PC/SC return values (pcsc-lite, PCSC/pcsclite.h; winscard.h on Windows), by name, with what libpcsclite prints for them. */
import { errorTable } from '../../shared/errors.ts';
import {
  allowReaderService,
  endOtherProgram,
  startReaderService,
  unlockPin,
  unplug,
  type Meaning,
} from './meaning.ts';

interface Row extends Meaning {
  /** By name: the value without its common part 0x80100000. */
  readonly names: Readonly<Record<string, number>>;
  /** libpcsclite's own words for them, without the full stop. */
  readonly texts: readonly string[];
}

export const scardBase = 0x80100000;

const rows: readonly Row[] = [
  {
    code: 'token-failed',
    cause: 'The smart card service (pcscd) does not run.',
    remedy: startReaderService,
    names: { SCARD_E_NO_SERVICE: 0x1d, SCARD_E_SERVICE_STOPPED: 0x1e, SCARD_P_SHUTDOWN: 0x18 },
    texts: ['Service not available', 'Service was stopped'],
  },
  {
    code: 'token-failed',
    cause:
      'The smart card service turns you away: polkit lets in who is logged in at the screen, and not over ssh.',
    remedy: allowReaderService,
    names: { SCARD_W_SECURITY_VIOLATION: 0x6a, SCARD_E_NO_ACCESS: 0x27 },
    texts: ['Access denied'],
  },
  {
    code: 'token-failed',
    cause: 'Another program has the key to itself; most often it is GnuPG’s scdaemon.',
    remedy: endOtherProgram,
    names: { SCARD_E_SHARING_VIOLATION: 0x0b },
    texts: ['Sharing violation'],
  },
  {
    code: 'token-absent',
    cause:
      'There is no reader: no key is plugged in, or its USB interface for smart cards (CCID) is turned off.',
    remedy: 'Plug it in; with a YubiKey see that PIV is on over USB: ykman config usb --list.',
    names: {
      SCARD_E_NO_READERS_AVAILABLE: 0x2e,
      SCARD_E_UNKNOWN_READER: 0x09,
      SCARD_E_READER_UNAVAILABLE: 0x17,
    },
    texts: ['Cannot find a smart card reader', 'Reader is unavailable', 'Unknown reader specified'],
  },
  {
    code: 'token-absent',
    cause: 'There is no card in the reader, or it was pulled out.',
    remedy: errorTable['token-absent'].remedy,
    names: { SCARD_E_NO_SMARTCARD: 0x0c, SCARD_W_REMOVED_CARD: 0x69 },
    texts: ['No smart card inserted', 'Card was removed'],
  },
  {
    code: 'pin-needed',
    cause: 'Another program, or waking from sleep, has reset the card, which has forgotten the PIN.',
    remedy: 'Connect again.',
    names: { SCARD_W_RESET_CARD: 0x68, SCARD_E_NOT_TRANSACTED: 0x16 },
    texts: ['Card was reset', 'Transaction failed'],
  },
  {
    code: 'token-failed',
    cause: 'The card does not answer.',
    remedy: unplug,
    names: {
      SCARD_W_UNRESPONSIVE_CARD: 0x66,
      SCARD_W_UNPOWERED_CARD: 0x67,
      SCARD_F_COMM_ERROR: 0x13,
      SCARD_E_TIMEOUT: 0x0a,
      SCARD_E_NOT_READY: 0x10,
      SCARD_F_WAITED_TOO_LONG: 0x07,
      SCARD_E_COMM_DATA_LOST: 0x2f,
    },
    texts: ['Card is unresponsive', 'Card is unpowered', 'Command timeout'],
  },
  {
    code: 'token-failed',
    cause: 'The card is of a kind that is not supported here.',
    remedy: 'Use the module of the card’s maker.',
    names: {
      SCARD_E_PROTO_MISMATCH: 0x0f,
      SCARD_E_UNKNOWN_CARD: 0x0d,
      SCARD_E_INVALID_ATR: 0x15,
      SCARD_E_CARD_UNSUPPORTED: 0x1c,
      SCARD_E_READER_UNSUPPORTED: 0x1a,
      SCARD_W_UNSUPPORTED_CARD: 0x65,
      SCARD_E_UNSUPPORTED_FEATURE: 0x22,
    },
    texts: ['Card protocol mismatch', 'Invalid ATR', 'Card is unsupported', 'Card is not supported'],
  },
  {
    code: 'pin-incorrect',
    cause: 'The PIN was wrong, and the card has counted it.',
    remedy: errorTable['pin-incorrect'].remedy,
    names: { SCARD_W_WRONG_CHV: 0x6b, SCARD_E_INVALID_CHV: 0x2a },
    texts: [],
  },
  {
    code: 'pin-locked',
    cause: 'The PIN is locked after too many wrong ones.',
    remedy: unlockPin,
    names: { SCARD_W_CHV_BLOCKED: 0x6c },
    texts: [],
  },
  {
    code: 'pin-needed',
    cause: 'The card wants the PIN first.',
    remedy: errorTable['pin-needed'].remedy,
    names: { SCARD_W_CARD_NOT_AUTHENTICATED: 0x6f },
    texts: [],
  },
  {
    code: 'cancelled',
    cause: 'It was called off, by a person or by the system.',
    remedy: 'Connect again.',
    names: { SCARD_E_CANCELLED: 0x02, SCARD_E_SYSTEM_CANCELLED: 0x12, SCARD_W_CANCELLED_BY_USER: 0x6e },
    texts: [],
  },
  {
    code: 'token-failed',
    cause:
      'The smart card service failed within; also where it and the library that asks it are of versions that do not fit.',
    remedy: 'Restart it: sudo systemctl restart pcscd.service; then unplug the key and plug it in again.',
    names: {
      SCARD_F_INTERNAL_ERROR: 0x01,
      SCARD_E_INVALID_HANDLE: 0x03,
      SCARD_E_INVALID_PARAMETER: 0x04,
      SCARD_E_NO_MEMORY: 0x06,
      SCARD_E_INSUFFICIENT_BUFFER: 0x08,
      SCARD_E_INVALID_VALUE: 0x11,
      SCARD_F_UNKNOWN_ERROR: 0x14,
      SCARD_E_UNEXPECTED: 0x1f,
      SCARD_E_SERVER_TOO_BUSY: 0x31,
    },
    texts: [],
  },
];

const all = rows.flatMap((row) =>
  Object.entries(row.names).map(([name, value]) => ({ ...row, name, value: scardBase + value })),
);

export interface NamedScard extends Meaning {
  readonly name: string;
  readonly value: number;
}

export function meaningOfScard(name: string): NamedScard | null {
  return all.find((entry) => entry.name === name) ?? null;
}

/** @param value unsigned. */
export function meaningOfScardValue(value: number): NamedScard | null {
  return all.find((entry) => entry.value === value) ?? null;
}

/** By what libpcsclite prints, which programs pass on: “SCardConnect: Sharing violation.”. */
export function meaningOfScardText(text: string): Meaning | null {
  const lower = text.toLowerCase();
  return rows.find(({ texts }) => texts.some((words) => lower.includes(words.toLowerCase()))) ?? null;
}
