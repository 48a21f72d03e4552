/** Ports and people for tests of keys. */
import type {
  Clock,
  Files,
  Logger,
  NoAnswer,
  PromptQuestion,
  Prompts,
  SshAgent,
} from '../../../src/main/ports.ts';
import { AppError } from '../../../src/shared/errors.ts';
import type { Human } from '../../../src/main/tokens/signer.ts';

export const silentLog: Logger = { log: () => undefined };

/** The computer's clock whose timers run `speed` times as fast. */
export function fastClock(speed = 1): Clock {
  return {
    now: () => Date.now(),
    sinceBoot: () => performance.now(),
    after: (delayMs, action) => {
      const timer = setTimeout(action, delayMs / speed);
      return () => clearTimeout(timer);
    },
  };
}

/** The clock whose timers run out when the test says so: a deadline is not waited for. */
export class ManualClock implements Clock {
  readonly #timers = new Set<() => void>();
  now = (): number => Date.now();
  sinceBoot = (): number => performance.now();
  after(_: number, action: () => void): () => void {
    this.#timers.add(action);
    return () => this.#timers.delete(action);
  }
  expire(): void {
    for (const action of this.#timers) action();
  }
}

/** Somebody who is shown touches, and cancels the open one when the test says so. */
export class TouchScreen implements Prompts {
  readonly shown: PromptQuestion[] = [];
  /** How many are up. */
  up = 0;
  cancel: () => void = () => undefined;

  async ask(question: PromptQuestion, unneeded?: AbortSignal): Promise<NoAnswer | null> {
    this.shown.push(question);
    this.up += 1;
    const answer = await new Promise<NoAnswer | null>((resolve) => {
      this.cancel = () => resolve('cancelled');
      unneeded?.addEventListener('abort', () => resolve(null));
    });
    this.up -= 1;
    return answer;
  }
}

export interface ScriptedHuman extends Human {
  /** The questions asked so far. */
  readonly asked: PromptQuestion[];
}

/**
 * Answers each question with the next of `answers`: a PIN or passphrase, one to be remembered, true for "accept", null
 * for "cancel".
 */
export function human(...answers: (string | { keep: string } | true | null)[]): ScriptedHuman {
  const asked: PromptQuestion[] = [];
  return {
    asked,
    accounts: ['Work'],
    askedBy: 'a test',
    prompts: {
      ask: async (question) => {
        asked.push(question);
        await new Promise((resolve) => setImmediate(resolve));
        const answer = answers.shift() ?? null;
        if (answer === null) return null;
        if (answer === true) return { accept: true };
        return typeof answer === 'string' ? { secret: answer } : { secret: answer.keep, remember: true };
      },
    },
  };
}

/**
 * Types each of `answers`, then thinks until nobody needs an answer any more.
 * @returns who it is, and what makes the question void once that is open.
 */
export function pensiveHuman(
  ...answers: string[]
): ScriptedHuman & { readonly makeVoid: () => Promise<void> } {
  const unneeded = new AbortController();
  let think: () => void = () => undefined;
  const thinking = new Promise<void>((resolve) => (think = resolve));
  const typing = human(...answers);
  return {
    ...typing,
    unneeded: unneeded.signal,
    prompts: {
      ask: async (question, signal) => {
        const answer = await typing.prompts.ask(question);
        if (answer !== null) return answer;
        return new Promise((resolve) => {
          signal?.addEventListener('abort', () => resolve(null));
          think();
        });
      },
    },
    makeVoid: async () => {
      await thinking;
      unneeded.abort();
    },
  };
}

/** A human who must not be asked anything. */
export const nobody: Human = {
  accounts: [],
  askedBy: 'a test',
  prompts: { ask: () => Promise.reject(new Error('asked a question')) },
};

/** Nobody listens where an ssh-agent would. */
export const noSshAgent: SshAgent = {
  exchange: () => Promise.reject(new AppError('ssh-agent-missing')),
};

/** Files that are only read. */
export function filesOf(contents: Readonly<Record<string, string | Uint8Array>>): Files {
  return {
    read: async (path) => {
      const content = contents[path];
      return content === undefined ? null : Buffer.from(content);
    },
    edit: () => Promise.reject(new Error('nothing here writes')),
  };
}
