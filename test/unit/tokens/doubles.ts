/** Ports and people for tests of keys. */
import type { Clock, Files, Logger, PromptQuestion } from '../../../src/main/ports.ts';
import type { Human } from '../../../src/main/tokens/signer.ts';

export const silentLog: Logger = { log: () => undefined };

/** The computer's clock whose timers run `speed` times as fast. */
export function fastClock(speed = 1): Clock {
  return {
    now: () => Date.now(),
    after: (delayMs, action) => {
      const timer = setTimeout(action, delayMs / speed);
      return () => clearTimeout(timer);
    },
  };
}

export interface ScriptedHuman extends Human {
  /** The questions asked so far. */
  readonly asked: PromptQuestion[];
}

/** Answers each question with the next of `answers`: a PIN or passphrase, true for "accept", null for "cancel". */
export function human(...answers: (string | true | null)[]): ScriptedHuman {
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
        return answer === true ? { accept: true } : { secret: answer };
      },
    },
  };
}

/** A human who must not be asked anything. */
export const nobody: Human = {
  accounts: [],
  askedBy: 'a test',
  prompts: { ask: () => Promise.reject(new Error('asked a question')) },
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
