/** Something under way for one account. Whoever abandons it need not wait until it has noticed. */
export class Attempt {
  /** Resolves when it is over or was abandoned, whichever comes first. */
  readonly ended: Promise<void>;
  readonly #abort = new AbortController();

  /** @param work begins at once; must not throw, and has no effect any more once the signal is raised. */
  constructor(work: (signal: AbortSignal) => Promise<void>) {
    const { signal } = this.#abort;
    const abandoned = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    this.ended = Promise.race([work(signal), abandoned]);
  }

  abandon(): void {
    this.#abort.abort();
  }
}
