/** The part of the PIV applet that knows whether the PIN was shown, and the commands that change PIN and PUK. */
import { status } from './apdu.ts';
import { pinFieldBytes } from './pin-code.ts';
import type { PivCard } from './piv-card.ts';

/** Key references (NIST SP 800-73-4, part 1, table 4a). */
export const references = { pin: 0x80, puk: 0x81, managementKey: 0x9b };

export class PinSession {
  readonly #card: PivCard;
  /** The PIN was shown since power on. */
  isShown = false;
  /** The PIN was shown, and no other command came after it: what keys ask for that want it each time. */
  isJustShown = false;

  constructor(card: PivCard) {
    this.#card = card;
  }

  forget(): void {
    this.isShown = false;
    this.isJustShown = false;
  }

  verify(p1: number, p2: number, data: Buffer): number {
    if (p2 !== references.pin) return status.referenceNotFound;
    if (p1 === 0xff) {
      this.forget();
      return status.ok;
    }
    const { pin, counts } = this.#card;
    if (data.length === 0) return this.isShown ? status.ok : pin.left();
    counts.verify += 1;
    const answer = pin.try(data);
    this.isShown = answer === status.ok;
    this.isJustShown = this.isShown;
    return answer;
  }

  changeReference(p2: number, data: Buffer): number {
    const { pin, puk } = this.#card;
    if (p2 !== references.pin && p2 !== references.puk) return status.referenceNotFound;
    const code = p2 === references.pin ? pin : puk;
    const answer = code.try(data.subarray(0, pinFieldBytes));
    return answer === status.ok ? code.change(data.subarray(pinFieldBytes)) : answer;
  }

  resetRetryCounter(data: Buffer): number {
    const { pin, puk } = this.#card;
    const answer = puk.try(data.subarray(0, pinFieldBytes));
    return answer === status.ok ? pin.change(data.subarray(pinFieldBytes)) : answer;
  }

  setRetries(pinTries: number, pukTries: number): number {
    if (!this.isShown) return status.securityNotSatisfied;
    const { pin, puk } = this.#card;
    pin.restoreFactory();
    puk.restoreFactory();
    pin.maxTries = pin.triesLeft = pinTries;
    puk.maxTries = puk.triesLeft = pukTries;
    return status.ok;
  }
}
