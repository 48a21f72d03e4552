/**
 * The one clock of a window: beats once a second while somebody watches and the window can be seen. All rings read the
 * time of the same beat.
 */
export interface TickerSurroundings {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly isHidden: () => boolean;
  /** Hears that the window was hidden or shown. @returns its undo. */
  readonly onVisibility: (listener: () => void) => () => void;
  /** Runs every `ms` milliseconds. @returns its undo. */
  readonly every: (ms: number, run: () => void) => () => void;
}

const beatMs = 1000;

export class Ticker {
  readonly #surroundings: TickerSurroundings;
  readonly #listeners = new Set<() => void>();
  #now: number;
  #stop: (() => void) | null = null;
  #forget: (() => void) | null = null;

  constructor(surroundings: TickerSurroundings) {
    this.#surroundings = surroundings;
    this.#now = surroundings.now();
  }

  /** Milliseconds since the epoch at the last beat, or now where nothing beats. */
  readonly now = (): number => this.#now;

  /** For useSyncExternalStore. @returns its undo. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#begin();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#end();
    };
  };

  #begin(): void {
    this.#now = this.#surroundings.now();
    this.#forget = this.#surroundings.onVisibility(() => this.#adapt());
    this.#adapt();
  }

  #end(): void {
    this.#forget?.();
    this.#stop?.();
    this.#stop = null;
  }

  #adapt(): void {
    if (this.#surroundings.isHidden()) {
      this.#stop?.();
      this.#stop = null;
      return;
    }
    this.#stop ??= this.#surroundings.every(beatMs, () => this.#beat());
    this.#beat();
  }

  #beat(): void {
    this.#now = this.#surroundings.now();
    for (const listener of this.#listeners) listener();
  }
}
