/** Answers the agent's questions to this command: from standard input once, or from the person at the terminal. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { AgentClient } from '../agent-client/agent-client.ts';
import type { EngineEvent } from '../shared/api.ts';
import { isAppError } from '../shared/errors.ts';
import type { Prompt, PromptAnswer } from '../shared/model.ts';
import { firstLineOfStdin } from './stdin.ts';
import { promptText } from './text.ts';

/** Answers one prompt; `cancelled` is raised when the question became void meanwhile. */
export type Answerer = (prompt: Prompt, cancelled: AbortSignal) => Promise<PromptAnswer>;

const cancel: PromptAnswer = { cancel: true };

/** Listens for prompts and answers them one at a time. Returns the undo. */
export async function answerPrompts(agent: AgentClient, answer: Answerer): Promise<() => void> {
  const open = new Map<string, AbortController>();
  let queue = Promise.resolve();

  async function handle(prompt: Prompt, abort: AbortController): Promise<void> {
    if (abort.signal.aborted) return;
    try {
      await agent.answer(prompt.id, await answer(prompt, abort.signal));
    } catch (error) {
      // The call that asked ends with the same error, and tells it.
      if (!isAppError(error)) throw error;
    } finally {
      open.delete(prompt.id);
    }
  }

  return agent.events((event: EngineEvent) => {
    if (event.name === 'prompt') {
      const abort = new AbortController();
      open.set(event.payload.id, abort);
      queue = queue.then(() => handle(event.payload, abort));
    } else if (event.name === 'promptClosed') {
      open.get(event.payload.id)?.abort();
    }
  });
}

/** The first line of standard input, for one token, once: every further question is cancelled. */
export async function answererFromStdin(): Promise<Answerer> {
  let secret: string | null = await firstLineOfStdin();
  return async (prompt) => {
    if (prompt.kind === 'confirm-module' || secret === null || secret === '') return cancel;
    // Nobody reads the warning: the last try is left to a person.
    if (prompt.kind === 'pin' && prompt.finalTry) return cancel;
    const answer = { secret };
    secret = null;
    return answer;
  };
}

/** The person at the terminal; questions go to standard error, so that standard output stays the document's. */
export function answererAtTerminal(): Answerer {
  return async (prompt, cancelled) => {
    const question = promptText(prompt);
    if (prompt.kind === 'confirm-module') {
      return (await ask(question, cancelled, true)) === 'yes' ? { accept: true } : cancel;
    }
    const secret = await ask(question, cancelled, false);
    return secret === null || secret === '' ? cancel : { secret };
  };
}

/** Asks at the terminal for the word `yes`. */
export async function confirmAtTerminal(question: string): Promise<boolean> {
  return (await ask(`${question} Type yes to go on: `, new AbortController().signal, true)) === 'yes';
}

/** One line from the terminal; null when it was given up (Ctrl-C, Ctrl-D) or became void. */
async function ask(question: string, cancelled: AbortSignal, echo: boolean): Promise<string | null> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({
    input: process.stdin,
    output: echo ? process.stderr : nowhere,
    terminal: true, // raw mode: the terminal itself echoes nothing
    historySize: 0,
    prompt: '',
  });
  // Only now: who sees the question may type at once, and it must not be seen.
  process.stderr.write(question);
  try {
    return await new Promise<string | null>((resolve) => {
      reader.once('line', resolve);
      reader.once('close', () => resolve(null));
      cancelled.addEventListener('abort', () => resolve(null), { once: true });
      if (cancelled.aborted) resolve(null);
    });
  } finally {
    reader.close();
    process.stderr.write('\n');
  }
}
