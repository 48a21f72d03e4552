/** Answers the agent's questions to this command: from standard input once, or from the person at the terminal. */
import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import type { AgentClient } from '../agent-client/agent-client.ts';
import type { EngineEvent } from '../shared/api.ts';
import { isAppError } from '../shared/errors.ts';
import type { Prompt, PromptAnswer } from '../shared/model.ts';
import { firstLineOfStdin } from './stdin.ts';
import { promptText, rememberWarning, touchText } from './text.ts';

/**
 * Answers one prompt; `cancelled` is raised when the question became void meanwhile. That a touch is waited for is told until
 * then, and answered only by who ends the waiting.
 */
export type Answerer = (prompt: Prompt, cancelled: AbortSignal) => Promise<PromptAnswer>;

const cancel: PromptAnswer = { cancel: true };

/**
 * Listens for prompts and answers them one at a time; a touch that is told gives way to whatever comes, and is told again.
 * Returns the undo, over when the terminal is left alone.
 */
export async function answerPrompts(agent: AgentClient, answer: Answerer): Promise<() => Promise<void>> {
  const open = new Map<string, AbortController>();
  let queue = Promise.resolve();
  /** Makes a touch that is told give way. */
  let giveWay: () => void = () => undefined;

  function enqueue(prompt: Prompt, abort: AbortController): void {
    giveWay();
    queue = queue.then(() => handle(prompt, abort));
  }

  async function handle(prompt: Prompt, abort: AbortController): Promise<void> {
    const isVoid = (): boolean => abort.signal.aborted;
    const aside = new AbortController();
    if (isVoid()) return;
    if (prompt.kind === 'touch') giveWay = () => aside.abort();
    try {
      const given = await answer(prompt, AbortSignal.any([abort.signal, aside.signal]));
      giveWay = () => undefined;
      if (isVoid()) return;
      if (aside.signal.aborted) queue = queue.then(() => handle(prompt, abort));
      else await agent.answer(prompt.id, given);
    } catch (error) {
      // The call that asked ends with the same error, and tells it.
      if (!isAppError(error)) throw error;
    }
  }

  const stop = await agent.events((event: EngineEvent) => {
    if (event.name === 'prompt') {
      const abort = new AbortController();
      open.set(event.payload.id, abort);
      enqueue(event.payload, abort);
    } else if (event.name === 'promptClosed') {
      open.get(event.payload.id)?.abort();
      open.delete(event.payload.id);
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
  return async (prompt, cancelled) => {
    if (prompt.kind === 'touch') {
      process.stderr.write(`rolekey: ${touchText(prompt)}\n`);
      return untilRaised(cancelled);
    }
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
    if (prompt.kind === 'touch') return tellTouch(question, cancelled);
    const secret = await ask(question, cancelled, false);
    if (secret === null || secret === '') return cancel;
    return isKept ? { secret, remember: true } : { secret };
  };
}

/** Resolves once the signal is raised, with what nobody looks at any more then. */
async function untilRaised(signal: AbortSignal): Promise<PromptAnswer> {
  if (!signal.aborted) {
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
  return cancel;
}

/**
 * Tells of a touch until it is over, and then takes the line back; Ctrl-C ends the waiting. Whatever else is typed goes
 * nowhere: a YubiKey that does not blink answers a touch by typing a one-time password.
 */
async function tellTouch(text: string, over: AbortSignal): Promise<PromptAnswer> {
  const reader = silentReader(false);
  process.stderr.write(text);
  try {
    await Promise.race([untilRaised(over), new Promise((resolve) => reader.once('close', resolve))]);
    return cancel;
  } finally {
    reader.close();
    process.stderr.write(over.aborted ? takenBack(text) : '\n');
  }
}

/** What removes a text that was written last, where the terminal can. */
function takenBack(text: string): string {
  const { isTTY, columns } = process.stderr;
  if (!isTTY || process.env.TERM === 'dumb') return '\n';
  const rowsUp = Math.ceil(text.length / (columns || 80)) - 1; // one that does not know its width says 0
  return `${rowsUp > 0 ? `\u001b[${String(rowsUp)}A` : ''}\r\u001b[J`;
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
  const reader = silentReader(echo);
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

/** Reads what is typed in raw mode, in which the terminal itself echoes nothing. */
function silentReader(echo: boolean): Interface {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  return createInterface({
    input: process.stdin,
    output: echo ? process.stderr : nowhere,
    terminal: true,
    historySize: 0,
    prompt: '',
  });
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
