/** Does something often enough and not more often: asked for ten thousand times a second it is done four times. */
import type { Clock } from '../ports.ts';

export class Pace {
  readonly #clock: Clock;
  readonly #pauseMs: number;
  readonly #act: () => void;
  #cancel: (() => void) | null = null;
  #isResting = false;
  #isWanted = false;

  /** @param pauseMs between two times, milliseconds. */
  constructor(clock: Clock, pauseMs: number, act: () => void) {
    this.#clock = clock;
    this.#pauseMs = pauseMs;
    this.#act = act;
  }

  /** Wants it done: now, or when the pause is over. */
  ask(): void {
    this.#isWanted = true;
    if (!this.#isResting) this.#do();
  }

  /** Wants it done after a while at the latest, where nobody asks before. @param delayMs at least the pause. */
  askLater(delayMs: number): void {
    if (this.#isResting && this.#isWanted) return;
    this.#cancel?.();
    this.#isResting = true;
    this.#cancel = this.#clock.after(this.#pauseMs, () => {
      this.#isResting = false;
      if (this.#isWanted) this.#do();
      else this.#cancel = this.#clock.after(delayMs - this.#pauseMs, () => this.ask());
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#isResting = true;
    this.#isWanted = false;
  }

  #do(): void {
    this.#isWanted = false;
    this.#isResting = true;
    this.#cancel?.();
    this.#cancel = this.#clock.after(this.#pauseMs, () => {
      this.#isResting = false;
      if (this.#isWanted) this.#do();
    });
    this.#act();
  }
}
