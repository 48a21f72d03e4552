/** What a code or a text of the hardware side means, and what to do. */
import type { ErrorCode } from '../../shared/errors.ts';

export interface Meaning {
  /** The error of Rolekey's it amounts to; null for none. */
  readonly code: ErrorCode | null;
  /** One sentence or two. */
  readonly cause: string;
  /** What to do next. */
  readonly remedy: string;
}

export const unplug = 'Unplug the token, plug it in again and connect.';
export const unlockPin =
  'Set a new PIN with the PUK (YubiKey: yubico-piv-tool -a unblock-pin, or: ykman piv access unblock-pin); a TPM takes a try again after a while, or at once after its owner’s: sudo tpm2_dictionarylockout --clear-lockout.';
export const startReaderService =
  'Install it (on Debian: sudo apt install pcscd), then start it: sudo systemctl enable --now pcscd.socket; rolekey doctor tells whether it answers.';
export const allowReaderService =
  'Run: rolekey doctor, which names the polkit rule that lets you in; or log in at the screen.';
export const endOtherProgram =
  'Close the program that uses the key; where it is GnuPG: gpgconf --kill scdaemon, and for good a line “disable-ccid” and a line “pcsc-shared” in ~/.gnupg/scdaemon.conf.';
export const joinTss =
  'Join the group and log in again: sudo usermod -aG tss "$USER"; where there is no /dev/tpmrm0, turn the TPM on in the firmware’s settings.';
