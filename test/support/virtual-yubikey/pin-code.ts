/** A PIN or PUK with its retry counter: 6 to 8 bytes, padded with FF to 8 (NIST SP 800-73-4, part 2, 2.4.3). */
import { status } from './apdu.ts';

export const pinFieldBytes = 8;

export class PinCode {
  value: string;
  maxTries = 3;
  triesLeft = 3;
  readonly #factoryValue: string;

  constructor(value: string) {
    this.value = value;
    this.#factoryValue = value;
  }

  get isDefault(): boolean {
    return this.value === this.#factoryValue;
  }

  restoreFactory(): void {
    this.value = this.#factoryValue;
    this.maxTries = 3;
    this.triesLeft = 3;
  }

  /** @returns the status word: a wrong one costs a try, one of a wrong form costs none. */
  try(field: Buffer): number {
    const shown = unpad(field);
    if (shown === null) return status.wrongData;
    if (this.triesLeft === 0) return status.blocked;
    if (shown.equals(Buffer.from(this.value))) {
      this.triesLeft = this.maxTries;
      return status.ok;
    }
    this.triesLeft -= 1;
    return this.left();
  }

  /** The status word that tells how many tries are left. */
  left(): number {
    return this.triesLeft === 0 ? status.blocked : status.wrongPin | this.triesLeft;
  }

  /** @returns the status word. */
  change(field: Buffer): number {
    const value = unpad(field);
    if (value === null) return status.wrongData;
    this.value = value.toString();
    this.triesLeft = this.maxTries;
    return status.ok;
  }
}

/** Null for what is no PIN: not 8 bytes, fewer than 6 before the padding, or something after it. */
function unpad(field: Buffer): Buffer | null {
  if (field.length !== pinFieldBytes) return null;
  const end = field.indexOf(0xff);
  const value = end < 0 ? field : field.subarray(0, end);
  const isPadded = field.subarray(value.length).every((byte) => byte === 0xff);
  return isPadded && value.length >= 6 ? value : null;
}
