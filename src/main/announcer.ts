/** Shows and takes back what `notifications/` says, when something changes and when it is time. */
import type { State } from '../shared/model.ts';
import { announce, follow, nothingTold, type Memory } from './notifications/announce.ts';
import type { AccountView } from './notifications/notification.ts';
import type { Clock, Logger, Notifier } from './ports.ts';

export interface AnnouncerOptions {
  /** Null: nobody is told anything. */
  readonly notifier: Notifier | null;
  /** All there are, as they are now. May throw where they cannot be read. */
  readonly accounts: () => readonly AccountView[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The longest time between two looks while something is to come, milliseconds: short enough that a jump of the clock is met soon. */
const tickMs = 15_000;
/** The same while it is further off than a day: a certificate that expires next month needs no such haste. */
const farTickMs = 600_000;
const dayMs = 86_400_000;

export class Announcer {
  readonly #options: AnnouncerOptions;
  #memory: Memory = nothingTold;
  #isLocked = false;
  #cancelLook: () => void = () => undefined;
  #stopped = false;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  /** An account's state changed. What is true for a moment only is not told: it is looked at once all is done. */
  changed(account: string, state: State): void {
    this.#memory = follow(this.#memory, account, state);
    this.#lookIn(0);
  }

  /** The screen is locked, or is not any more. */
  setLocked(isLocked: boolean): void {
    this.#isLocked = isLocked;
    this.#lookIn(0);
  }

  /** What no state tells: the computer woke up, or the plan says that it is time to ask a person. */
  look(): void {
    this.#lookIn(0);
  }

  /** Takes back what is shown. Nothing is told any more. */
  stop(): void {
    this.#stopped = true;
    this.#cancelLook();
    for (const id of this.#memory.shown.keys()) this.#options.notifier?.withdraw(id);
    this.#memory = nothingTold;
  }

  #lookIn(ms: number): void {
    this.#cancelLook();
    if (this.#stopped || this.#options.notifier === null) return;
    this.#cancelLook = this.#options.clock.after(ms, () => this.#look());
  }

  #look(): void {
    const { notifier, accounts, clock, logger } = this.#options;
    const now = clock.now();
    try {
      const { show, withdraw, memory, wakeAt } = announce(now, this.#isLocked, accounts(), this.#memory);
      this.#memory = memory;
      for (const id of withdraw) notifier?.withdraw(id);
      for (const notification of show) notifier?.show(notification);
      if (wakeAt !== null) this.#lookIn(wakeAt - now > dayMs ? farTickMs : Math.min(wakeAt - now, tickMs));
    } catch (error) {
      // Accounts whose file cannot be read for a while are looked at again; nothing else ends for it.
      logger.log('warn', 'not-announced', { error });
      this.#lookIn(tickMs);
    }
  }
}
