/** Answers the agent's questions to this command: from standard input once, or from the person at the terminal. */
import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import type { AgentClient } from '../agent-client/agent-client.ts';
import type { EngineEvent } from '../shared/api.ts';
import { isAppError } from '../shared/errors.ts';
import type { Prompt, PromptAnswer } from '../shared/model.ts';
import { firstLineOfStdin } from './stdin.ts';
import { promptText, rememberWarning } from './text.ts';

/** Answers one prompt; `cancelled` is raised when the question became void meanwhile. */
export type Answerer = (prompt: Prompt, cancelled: AbortSignal) => Promise<PromptAnswer>;

const cancel: PromptAnswer = { cancel: true };

/** Listens for prompts and answers them one at a time. Returns the undo, over when the terminal is left alone. */
export async function answerPrompts(agent: AgentClient, answer: Answerer): Promise<() => Promise<void>> {
  const open = new Map<string, AbortController>();
  let queue = Promise.resolve();

  async function handle(prompt: Prompt, abort: AbortController): Promise<void> {
    const isVoid = (): boolean => abort.signal.aborted;
    if (isVoid()) return;
    try {
      const given = await answer(prompt, abort.signal);
      if (!isVoid()) await agent.answer(prompt.id, given);
    } catch (error) {
      // The call that asked ends with the same error, and tells it.
      if (!isAppError(error)) throw error;
    } finally {
      open.delete(prompt.id);
    }
  }

  const stop = await agent.events((event: EngineEvent) => {
    if (event.name === 'prompt') {
      const abort = new AbortController();
      open.set(event.payload.id, abort);
      queue = queue.then(() => handle(event.payload, abort));
    } else if (event.name === 'promptClosed') {
      open.get(event.payload.id)?.abort();
    }
  });
  return async () => {
    stop();
    for (const abort of open.values()) abort.abort();
    await queue;
  };
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

/**
 * The person at the terminal; questions go to standard error, so that standard output stays the document's.
 * @param remember PINs are to be kept in the keyring, which is said with each question.
 */
export function answererAtTerminal(remember = false): Answerer {
  return async (prompt, cancelled) => {
    const isKept = remember && prompt.kind === 'pin' && prompt.mayRemember;
    const question = `${isKept ? rememberWarning : ''}${promptText(prompt)}`;
    if (prompt.kind === 'confirm-module') {
      return (await ask(question, cancelled, true)) === 'yes' ? { accept: true } : cancel;
    }
    const secret = await ask(question, cancelled, false);
    if (secret === null || secret === '') return cancel;
    return isKept ? { secret, remember: true } : { secret };
  };
}

/** Asks at the terminal for the word `yes`. */
export async function confirmAtTerminal(question: string): Promise<boolean> {
  return (await ask(`${question} Type yes to go on: `, new AbortController().signal, true)) === 'yes';
}

/** Asks at the terminal for one word exactly. */
export async function typedAtTerminal(question: string, word: string): Promise<boolean> {
  return (await ask(question, new AbortController().signal, true)) === word;
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
    const line = await new Promise<string | null>((resolve) => {
      reader.once('line', resolve);
      reader.once('close', () => resolve(null));
      cancelled.addEventListener('abort', () => resolve(null), { once: true });
      if (cancelled.aborted) resolve(null);
    });
    if (cancelled.aborted && reader.line !== '') await restTyped(reader);
    return line;
  } finally {
    reader.close();
    process.stderr.write('\n');
  }
}

/** How long nothing is typed before it is taken for all there is, milliseconds. */
const silenceMs = 2000;

/** Takes the rest of a PIN whose question is closed: left to itself it would go to the shell, and into its history. */
async function restTyped(reader: Interface): Promise<void> {
  process.stderr.write('\nNobody answered in time; what is typed up to Enter is dropped.');
  await new Promise<void>((resolve) => {
    let timer = setTimeout(resolve, silenceMs);
    process.stdin.on('data', () => {
      clearTimeout(timer);
      timer = setTimeout(resolve, silenceMs);
    });
    reader.once('line', () => resolve());
    reader.once('close', () => resolve());
  });
}
