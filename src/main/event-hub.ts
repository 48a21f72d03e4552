/** Carries the engine's events to whoever listens: to all, or to the one client that is asked something. */
import type { EngineEvent } from '../shared/api.ts';

type Listener = (event: EngineEvent) => void;

export class EventHub {
  readonly #listeners = new Map<Listener, string | null>();
  readonly #goneListeners = new Set<(client: string) => void>();

  /**
   * @param client the name this listener can be asked by; null: it only listens.
   * @returns the undo.
   */
  subscribe(client: string | null, listener: Listener): () => void {
    this.#listeners.set(listener, client);
    return () => {
      if (!this.#listeners.delete(listener) || client === null || this.hears(client)) return;
      for (const gone of this.#goneListeners) gone(client);
    };
  }

  /** Whether anyone listens under that name. */
  hears(client: string): boolean {
    return [...this.#listeners.values()].includes(client);
  }

  emit(event: EngineEvent): void {
    for (const listener of [...this.#listeners.keys()]) listener(event);
  }

  emitTo(client: string, event: EngineEvent): void {
    for (const [listener, name] of [...this.#listeners]) if (name === client) listener(event);
  }

  /** Called when the last listener of a name has gone. */
  onGone(listener: (client: string) => void): void {
    this.#goneListeners.add(listener);
  }
}
