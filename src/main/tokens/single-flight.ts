/** One question to a human at a time about the same thing, however many wait for it. */
import { isAppError } from '../../shared/errors.ts';
import type { Human } from './signer.ts';

interface Flight {
  readonly human: Human;
  readonly done: Promise<void>;
}

export class SingleFlight {
  readonly #flights = new Map<string, Flight>();

  /**
   * Runs `action` for `name`. Whoever comes while it runs shares its outcome, but asks anew where the first one's human
   * gave no answer and there is another.
   */
  async run(name: string, human: Human, action: () => Promise<void>): Promise<void> {
    const flight = this.#flights.get(name);
    if (flight === undefined) {
      const done = action().finally(() => this.#flights.delete(name));
      this.#flights.set(name, { human, done });
      return done;
    }
    try {
      await flight.done;
    } catch (error) {
      if (flight.human.prompts === human.prompts || !isAppError(error, 'pin-needed')) throw error;
      await this.run(name, human, action);
    }
  }
}
