/**
 * The questions that the app itself puts to its user: one at a time, the others in a queue behind it, each in a window
 * that only the main side opens.
 */
import type { EngineEvent } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import type { Prompt, PromptAnswer } from '../../shared/model.ts';
import type { Clock, Logger } from '../ports.ts';

/** A window for secrets, open as long as there is something to ask. */
export interface PromptView {
  /** A new question in the same window. */
  ask(prompt: Prompt): void;
  close(): void;
}

export interface PromptDeskOptions {
  /** Brings an answer to the engine. @throws AppError `usage-invalid` where the question is not open any more. */
  readonly answer: (id: string, answer: PromptAnswer) => Promise<void>;
  /** Opens the window, which asks for {@link PromptDesk.current}; `onClosed` tells when the user closed it. */
  readonly openView: (onClosed: () => void) => PromptView;
  /** Asks in a dialog of the system; resolves with whether the user agreed. */
  readonly confirm: (prompt: Extract<Prompt, { kind: 'confirm-module' }>) => Promise<boolean>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * How many questions a minute may come up, whoever asks: a program, or a page that was taken over, could fill the screen
 * with them. More than a person answers.
 */
export const promptsPerMinute = 10;

/**
 * How long the window stays after an answer: where the PIN was wrong the next question comes in a moment, and should not
 * come in another window. Milliseconds.
 */
const lingerMs = 600;

export class PromptDesk {
  readonly #options: PromptDeskOptions;
  #queue: Prompt[] = [];
  #view: PromptView | null = null;
  #cancelLinger: (() => void) | null = null;
  /** When questions came up, milliseconds since the epoch. */
  #recent: number[] = [];

  constructor(options: PromptDeskOptions) {
    this.#options = options;
  }

  /** What the window should ask now. */
  get current(): Prompt | null {
    return this.#queue[0] ?? null;
  }

  /** An event of the engine's, of those this desk is asked by. */
  hear(event: EngineEvent): void {
    if (event.name === 'prompt') this.#take(event.payload);
    else if (event.name === 'promptClosed') this.#drop(event.payload.id);
  }

  /** The answer that came from the window. @throws AppError `usage-invalid` where that was not asked. */
  async answer(id: string, answer: PromptAnswer): Promise<void> {
    if (this.current?.id !== id || this.current.kind === 'confirm-module') {
      throw new AppError('usage-invalid', { message: 'This question is not open any more.', remedy: '' });
    }
    await this.#options.answer(id, answer);
  }

  #take(prompt: Prompt): void {
    if (!this.#mayAsk(prompt)) {
      this.#options.logger.log('warn', 'prompt-refused', { kind: prompt.kind, askedBy: prompt.askedBy });
      this.#cancel(prompt.id);
      return;
    }
    this.#queue.push(prompt);
    if (this.#queue.length === 1) this.#show(prompt);
  }

  /** One that follows a wrong PIN follows what a person did. */
  #mayAsk(prompt: Prompt): boolean {
    if ('previous' in prompt && prompt.previous !== null) return true;
    const now = this.#options.clock.now();
    this.#recent = this.#recent.filter((time) => time <= now && now - time < 60_000);
    if (this.#recent.length >= promptsPerMinute) return false;
    this.#recent.push(now);
    return true;
  }

  #show(prompt: Prompt): void {
    if (prompt.kind === 'confirm-module') {
      void this.#confirm(prompt);
      return;
    }
    this.#cancelLinger?.();
    this.#cancelLinger = null;
    if (this.#view === null) this.#view = this.#options.openView(() => this.#closedByUser());
    else this.#view.ask(prompt);
  }

  async #confirm(prompt: Extract<Prompt, { kind: 'confirm-module' }>): Promise<void> {
    this.#closeView();
    const agreed = await this.#options.confirm(prompt);
    await this.#send(prompt.id, agreed ? { accept: true } : { cancel: true });
  }

  #closedByUser(): void {
    this.#view = null;
    const { current } = this;
    if (current !== null) this.#cancel(current.id);
  }

  #drop(id: string): void {
    const wasShown = this.current?.id === id;
    this.#queue = this.#queue.filter((prompt) => prompt.id !== id);
    if (!wasShown) return;
    const { current } = this;
    if (current !== null) this.#show(current);
    else this.#cancelLinger = this.#options.clock.after(lingerMs, () => this.#closeView());
  }

  #closeView(): void {
    this.#cancelLinger?.();
    this.#cancelLinger = null;
    const view = this.#view;
    this.#view = null;
    view?.close();
  }

  #cancel(id: string): void {
    void this.#send(id, { cancel: true });
  }

  /** The question may be void by now, which is as good as answered. */
  async #send(id: string, answer: PromptAnswer): Promise<void> {
    try {
      await this.#options.answer(id, answer);
    } catch (error) {
      this.#options.logger.log('info', 'prompt-void', { error });
    }
  }
}
