/**
 * A clock moved by hand. Running time drives the timers, as a computer's monotonic clock does; wall-clock time is
 * running time and whatever it was set to meanwhile, so that it can jump or a night be slept through.
 */

interface Timer {
  /** Running time, milliseconds. */
  readonly due: number;
  readonly action: () => void;
}

/** Some Tuesday in spring, on a whole second. */
export const someTime = Date.UTC(2026, 3, 14, 9, 0, 0);

export class FakeClock {
  #wall: number;
  #running = 0;
  #slept = 0;
  #timers: Timer[] = [];

  /** @param wall milliseconds since the epoch. */
  constructor(wall = someTime) {
    this.#wall = wall;
  }

  now(): number {
    return this.#wall;
  }

  sinceBoot(): number {
    return this.#running + this.#slept;
  }

  after(delayMs: number, action: () => void): () => void {
    if (!Number.isFinite(delayMs)) throw new Error(`A timer cannot run for ${String(delayMs)} ms.`);
    const timer = { due: this.#running + Math.max(0, delayMs), action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Milliseconds until the next timer fires; null where none is set. */
  get next(): number | null {
    return this.#timers.length === 0 ? null : Math.min(...this.#timers.map(({ due }) => due)) - this.#running;
  }

  /** The wall clock is set. @param ms may be negative. */
  jump(ms: number): void {
    this.#wall += ms;
  }

  /** The computer sleeps: time passes, and no timer fires. */
  sleep(ms: number): void {
    this.#wall += ms;
    this.#slept += ms;
  }

  /** Time passes: timers fire in the order of their times, those of one time in the order they were set. */
  async advance(ms: number): Promise<void> {
    const end = this.#running + ms;
    await settle();
    for (;;) {
      const timer = this.#earliest();
      if (timer === undefined || timer.due > end) break;
      this.#timers = this.#timers.filter((other) => other !== timer);
      this.#pass(timer.due - this.#running);
      timer.action();
      await settle();
    }
    this.#pass(end - this.#running);
  }

  #earliest(): Timer | undefined {
    return this.#timers.reduce<Timer | undefined>(
      (best, timer) => (best === undefined || timer.due < best.due ? timer : best),
      undefined,
    );
  }

  #pass(ms: number): void {
    this.#running += ms;
    this.#wall += ms;
  }
}

/** Lets everything happen that waits for nothing but promises. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
