/** How often something may happen: a program, or a page that was taken over, could fill the screen with questions. */
import type { Clock } from '../ports.ts';

const minuteMs = 60_000;

export class Allowance {
  readonly #clock: Clock;
  readonly #perMinute: number;
  /** Milliseconds since the epoch. */
  #taken: number[] = [];

  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock;
    this.#perMinute = perMinute;
  }

  /** Takes one, where there is one left. @returns gives it back: it turned out to be no nuisance. Null: none is left. */
  take(): (() => void) | null {
    const now = this.#clock.now();
    // A clock that was set back must not keep anybody out for hours.
    this.#taken = this.#taken.filter((time) => time <= now && now - time < minuteMs);
    if (this.#taken.length >= this.#perMinute) return null;
    this.#taken.push(now);
    return () => {
      const at = this.#taken.indexOf(now);
      if (at !== -1) this.#taken.splice(at, 1);
    };
  }
}
