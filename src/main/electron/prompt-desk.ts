/**
 * The questions that the app itself puts to its user: one at a time, the others in a queue behind it, each in a window
 * that only the main side opens. That a touch is waited for is no question: it is shown where nothing is asked, gives way to
 * whatever is, and counts for nothing.
 */
import type { EngineEvent } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import type { Prompt, PromptAnswer } from '../../shared/model.ts';
import type { Clock, Logger } from '../ports.ts';
import { Allowance } from './allowance.ts';

/** A window for secrets, open as long as there is something to ask. */
export interface PromptView {
  /** A new question in the same window. */
  ask(prompt: Prompt): void;
  close(): void;
}

export type ModulePrompt = Extract<Prompt, { kind: 'confirm-module' }>;

export interface PromptDeskOptions {
  /** Brings an answer to the engine. @throws AppError `usage-invalid` where the question is not open any more. */
  readonly answer: (id: string, answer: PromptAnswer) => Promise<void>;
  /** Opens the window, which asks for {@link PromptDesk.current}; `onClosed` tells when the user closed it. */
  readonly openView: (prompt: Prompt, onClosed: () => void) => PromptView;
  /** Asks in a dialog of the system; resolves with whether the user agreed. Raising `signal` takes the dialog away. */
  readonly confirm: (prompt: ModulePrompt, signal: AbortSignal) => Promise<boolean>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How many questions a minute may come up and be left without an answer, whoever asks. */
export const promptsPerMinute = 10;

/**
 * How long after an answer the next question waits: where the PIN was wrong it is asked again in a moment, in the same
 * window and before any other token's. Milliseconds.
 */
const pauseMs = 600;

export class PromptDesk {
  readonly #options: PromptDeskOptions;
  readonly #allowance: Allowance;
  /** Those that wait; the one that is shown is not among them. */
  #queue: Prompt[] = [];
  #current: Prompt | null = null;
  #view: PromptView | null = null;
  #dialog: AbortController | null = null;
  #cancelPause: (() => void) | null = null;
  /** Makes a question uncounted again, by its id. */
  readonly #giveBack = new Map<string, () => void>();

  constructor(options: PromptDeskOptions) {
    this.#options = options;
    this.#allowance = new Allowance(options.clock, promptsPerMinute);
  }

  /** What is asked now. */
  get current(): Prompt | null {
    return this.#current;
  }

  /** An event of the engine's, of those this desk is asked by. */
  hear(event: EngineEvent): void {
    if (event.name === 'prompt') this.#take(event.payload);
    else if (event.name === 'promptClosed') this.#drop(event.payload.id);
  }

  /** The answer that came from the window. @throws AppError `usage-invalid` where that was not asked. */
  async answer(id: string, answer: PromptAnswer): Promise<void> {
    if (this.#current?.id !== id || this.#current.kind === 'confirm-module') {
      throw new AppError('usage-invalid', { message: 'This question is not open any more.', remedy: '' });
    }
    if ('secret' in answer) this.#giveBack.get(id)?.(); // who answers is not bothered
    await this.#options.answer(id, answer);
  }

  #take(prompt: Prompt): void {
    // Nobody typed a remembered one.
    const followsWrong = 'previous' in prompt && prompt.previous !== null && prompt.previous !== 'remembered';
    if (prompt.kind !== 'touch' && !followsWrong && !this.#isAllowed(prompt)) {
      this.#options.logger.log('warn', 'prompt-refused', { kind: prompt.kind, askedBy: prompt.askedBy });
      this.#cancel(prompt.id);
      return;
    }
    if (followsWrong) this.#queue.unshift(prompt);
    else this.#queue.push(prompt);
    if (prompt.kind !== 'touch') this.#setTouchAside();
    const mayShow = this.#current === null && (this.#cancelPause === null || followsWrong);
    if (mayShow) this.#showNext();
  }

  /** What is asked comes before what is only told. */
  #setTouchAside(): void {
    if (this.#current?.kind !== 'touch') return;
    this.#queue.push(this.#current);
    this.#current = null;
  }

  /** The next one that waits: the first question, else the first touch. */
  #takeNext(): Prompt | null {
    const next = this.#queue.find(({ kind }) => kind !== 'touch') ?? this.#queue[0] ?? null;
    this.#queue = this.#queue.filter((prompt) => prompt !== next);
    return next;
  }

  #isAllowed({ id }: Prompt): boolean {
    const giveBack = this.#allowance.take();
    if (giveBack !== null) this.#giveBack.set(id, giveBack);
    return giveBack !== null;
  }

  #showNext(): void {
    this.#cancelPause?.();
    this.#cancelPause = null;
    const prompt = this.#takeNext();
    this.#current = prompt;
    if (prompt === null || prompt.kind === 'confirm-module') this.#closeView();
    if (prompt === null) return;
    if (prompt.kind === 'confirm-module') void this.#confirm(prompt);
    else if (this.#view === null) this.#view = this.#options.openView(prompt, () => this.#closedByUser());
    else this.#view.ask(prompt);
  }

  async #confirm(prompt: ModulePrompt): Promise<void> {
    const dialog = new AbortController();
    this.#dialog = dialog;
    const agreed = await this.#options.confirm(prompt, dialog.signal);
    if (dialog.signal.aborted) return; // nobody waits for it any more
    this.#dialog = null;
    await this.#send(prompt.id, agreed ? { accept: true } : { cancel: true });
  }

  #closedByUser(): void {
    this.#view = null;
    if (this.#current !== null) this.#cancel(this.#current.id);
  }

  #drop(id: string): void {
    this.#giveBack.delete(id);
    this.#queue = this.#queue.filter((prompt) => prompt.id !== id);
    if (this.#current?.id !== id) return;
    const { kind } = this.#current;
    this.#current = null;
    this.#dialog?.abort();
    this.#dialog = null;
    // Nothing follows upon a touch, and whoever gave it must not be asked for it a moment longer.
    if (kind === 'touch') this.#showNext();
    else this.#cancelPause = this.#options.clock.after(pauseMs, () => this.#showNext());
  }

  #closeView(): void {
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
