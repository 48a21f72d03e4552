/** The gold contact: a command waits for a finger, and other things go on meanwhile. */

/** For how long one touch serves a key whose touch is cached. */
const cachedMs = 15_000;

export class TouchSensor {
  /** Milliseconds the card waits. A real YubiKey waits 15 s. */
  timeoutMs = 15_000;
  /** A finger that never leaves: whatever waits is touched at once. */
  isHeld = false;
  #lastTouch = -Infinity;
  #waiting: ((touched: boolean) => void) | null = null;

  get isWaiting(): boolean {
    return this.#waiting !== null;
  }

  /** Touches the card. @throws Error where nothing waits for it: the test is ahead of the card. */
  touch(): void {
    if (this.#waiting === null) throw new Error('the YubiKey waits for no touch');
    this.#end(true);
  }

  /** What a reset does to whatever waits. A touch that is remembered outlives it: programs come and go in 15 s. */
  clear(): void {
    this.#end(false);
  }

  /** What pulling the card out does. */
  forget(): void {
    this.#lastTouch = -Infinity;
  }

  /** @returns whether it was touched in time. */
  async wait(policy: 'always' | 'cached'): Promise<boolean> {
    if (policy === 'cached' && performance.now() - this.#lastTouch < cachedMs) return true;
    const touched =
      this.isHeld ||
      (await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => this.#end(false), this.timeoutMs);
        this.#waiting = (isTouched) => {
          clearTimeout(timer);
          resolve(isTouched);
        };
      }));
    if (touched) this.#lastTouch = performance.now();
    return touched;
  }

  #end(touched: boolean): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(touched);
  }
}
