/** What a window is told of the engine's events: never more often than it can show, and always the last word. */
import type { EngineEvent, EventAt } from '../../shared/api.ts';
import type { Clock } from '../ports.ts';

/** Between two deliveries, milliseconds. */
const pauseMs = 50;

/** Keeps of each account the newest state, and delivers at once what comes after a quiet moment. */
export class StateFeed {
  readonly #clock: Clock;
  readonly #deliver: (event: EventAt<'window'>) => void;
  readonly #waiting = new Map<string, EventAt<'window'>>();
  #cancelPause: (() => void) | null = null;

  constructor(clock: Clock, deliver: (event: EventAt<'window'>) => void) {
    this.#clock = clock;
    this.#deliver = deliver;
  }

  /** An event of the engine; those that are not for a window are left out. */
  hear(event: EngineEvent): void {
    switch (event.name) {
      case 'state':
      case 'reveal':
        this.#add(`${event.name} ${event.payload.account}`, event);
        break;
      case 'accounts':
        this.#add(event.name, event);
        break;
      case 'prompt':
      case 'promptClosed':
    }
  }

  /** Forgets what waits; nothing is delivered any more until the next event. */
  stop(): void {
    this.#cancelPause?.();
    this.#cancelPause = null;
    this.#waiting.clear();
  }

  #add(key: string, event: EventAt<'window'>): void {
    this.#waiting.delete(key); // the order is that of the last word
    this.#waiting.set(key, event);
    if (this.#cancelPause === null) this.#flush();
  }

  #flush(): void {
    const events = [...this.#waiting.values()];
    this.#waiting.clear();
    if (events.length === 0) {
      this.#cancelPause = null;
      return;
    }
    for (const event of events) this.#deliver(event);
    this.#cancelPause = this.#clock.after(pauseMs, () => this.#flush());
  }
}
