/** What a screen reader is told: at most one sentence a moment, however much happens in it. */
import { changesSpoken } from './text.ts';
import type { Timers } from './timers.ts';

/** Changes within this time are told together, milliseconds. */
const gatherMs = 500;

export class Announcer {
  readonly #timers: Timers;
  readonly #listeners = new Set<() => void>();
  readonly #changes = new Map<string, { readonly label: string; readonly headline: string }>();
  #said: string[] = [];
  #text = '';
  #isGathering = false;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** For useSyncExternalStore. @returns its undo. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly getSnapshot = (): string => this.#text;

  /** Something that happened, as a sentence. */
  say(text: string): void {
    this.#said.push(text);
    this.#gather();
  }

  /** An account’s new state; of several within a moment, the last. */
  changed(account: string, label: string, headline: string): void {
    this.#changes.set(account, { label, headline });
    this.#gather();
  }

  #gather(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    this.#timers.after(gatherMs, () => {
      this.#isGathering = false;
      const text = [...this.#said, changesSpoken([...this.#changes.values()])].filter(Boolean).join(' ');
      this.#said = [];
      this.#changes.clear();
      // A region that does not change is not read again: the same words twice differ by a space nobody hears.
      this.#text = text === this.#text ? `${text}\u00A0` : text;
      for (const listener of this.#listeners) listener();
    });
  }
}
