/** Progress a person can read: each step with a tick and its time. */

export class Steps {
  #done = 0;
  #failed = false;

  title(text: string): void {
    console.log(`\n${text}`);
  }

  /** Runs one step; `work` may answer a note that is shown behind the name. @throws what the step throws, told already. */
  async step<T>(name: string, work: () => Promise<T> | T, note?: (result: T) => string): Promise<T> {
    const started = performance.now();
    const result = await work();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    this.#done += 1;
    console.log(`  ✓ ${name} (${seconds} s)${note === undefined ? '' : `\n      ${note(result)}`}`);
    return result;
  }

  broken(error: unknown): void {
    this.#failed = true;
    console.log(`  ✗ ${error instanceof Error ? error.message : String(error)}`);
  }

  /** The last line. @returns whether every step held. */
  summary(): boolean {
    console.log(
      this.#failed
        ? `\nThe demo failed after ${String(this.#done)} steps.`
        : `\nAll ${String(this.#done)} steps held.`,
    );
    return !this.#failed;
  }
}

/** @throws Error saying what does not hold. */
export function hold(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}
