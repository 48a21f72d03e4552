/**
 * How long a host keeps the card. After the last use it is held for a while, since one use seldom comes alone; meanwhile
 * the host looks which tokens are there. Then it is let go, and nothing is looked at any more: looking would take it again.
 */
import { lookEveryMs, releaseAfterMs, type TokenRef } from './protocol.ts';

export interface HostClock {
  /** Wall-clock time, milliseconds: it goes on while the computer sleeps. */
  now(): number;
  /** Runs `action` once, about `delayMs` milliseconds of running time from now. Returns its undo. */
  after(delayMs: number, action: () => void): () => void;
}

/** What is held. */
export interface Held {
  readonly isHeld: boolean;
  readonly present: readonly TokenRef[] | null;
  release(): void;
  look(): void;
}

export const hostClock: HostClock = {
  now: () => Date.now(),
  after: (delayMs, action) => {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};

const looksPerHold = releaseAfterMs / lookEveryMs;
/** What a timer may come late by, milliseconds, before it is taken for a computer that slept. */
const latenessMs = 5000;

export class Holding {
  readonly #held: Held;
  readonly #clock: HostClock;
  readonly #tell: (present: readonly TokenRef[]) => void;
  /** What was told last, as text. */
  #told: string | null = null;
  #looksLeft = 0;
  #lastUse: number;
  #isStopped = false;
  #cancel: () => void = () => undefined;

  /** @param tell which tokens are there, the first time that is known and whenever it changes. */
  constructor(held: Held, clock: HostClock, tell: (present: readonly TokenRef[]) => void) {
    this.#held = held;
    this.#clock = clock;
    this.#tell = tell;
    this.#lastUse = clock.now();
  }

  /** A use begins; until it ends nothing is looked at and nothing let go. */
  begin(): void {
    this.#cancel();
    // Timers stand still while the computer sleeps, and what was held through a sleep is seldom any good.
    const age = Math.abs(this.#clock.now() - this.#lastUse);
    if (this.#held.isHeld && age > releaseAfterMs + latenessMs) this.#held.release();
  }

  /** @param isUse whether it was one that asked for the card. */
  end(isUse: boolean): void {
    if (this.#isStopped) return;
    if (isUse) {
      this.#looksLeft = looksPerHold;
      this.#lastUse = this.#clock.now();
    }
    this.#sayWhatChanged();
    this.#wait();
  }

  stop(): void {
    this.#cancel();
    this.#isStopped = true;
  }

  #wait(): void {
    if (this.#looksLeft > 0) this.#cancel = this.#clock.after(lookEveryMs, () => this.#look());
  }

  #look(): void {
    this.#looksLeft -= 1;
    if (this.#looksLeft <= 0) {
      this.#held.release();
      return;
    }
    this.#held.look();
    this.#sayWhatChanged();
    this.#wait();
  }

  #sayWhatChanged(): void {
    const { present } = this.#held;
    if (present === null) return;
    const text = JSON.stringify(present);
    if (text === this.#told) return;
    this.#told = text;
    this.#tell(present);
  }
}
