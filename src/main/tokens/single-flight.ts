/** One question to a human at a time about the same thing, however many wait for it. */
import { isAppError, type ErrorCode } from '../../shared/errors.ts';
import type { Human } from './signer.ts';

interface Flight {
  readonly human: Human;
  readonly done: Promise<void>;
}

/** How it ends where a question was void: what was typed before it may have been wrong. */
const endsOfVoid: readonly ErrorCode[] = [
  'pin-needed',
  'pin-final',
  'pin-incorrect',
  'pin-length',
  'passphrase-incorrect',
];

export class SingleFlight {
  readonly #flights = new Map<string, Flight>();

  isUnderWay(name: string): boolean {
    return this.#flights.has(name);
  }

  /**
   * Runs `action` for `name`. Whoever comes while it runs shares its outcome, but asks anew where the first one's human
   * gave no answer, or need not any more, and there is another.
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
      if (!asksAnew(error, flight.human, human)) throw error;
      await this.run(name, human, action);
    }
  }
}

function asksAnew(error: unknown, first: Human, other: Human): boolean {
  if (!isAppError(error) || first.prompts === other.prompts || other.unneeded?.aborted) return false;
  return error.code === 'pin-needed' || (first.unneeded?.aborted === true && endsOfVoid.includes(error.code));
}
