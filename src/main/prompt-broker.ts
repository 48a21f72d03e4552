/** Puts questions to the client that began the work and brings the answers back. */
import { randomUUID } from 'node:crypto';
import { AppError } from '../shared/errors.ts';
import type { PromptAnswer } from '../shared/model.ts';
import type { EventHub } from './event-hub.ts';
import type { Clock, PromptQuestion, Prompts } from './ports.ts';

interface Pending {
  readonly kind: PromptQuestion['kind'];
  readonly client: string;
  readonly settle: (answer: PromptAnswer | 'late' | null) => void;
}

export class PromptBroker {
  readonly #clock: Clock;
  readonly #hub: EventHub;
  readonly #pending = new Map<string, Pending>();
  #fallback: string | null = null;
  #closed = false;

  constructor(clock: Clock, hub: EventHub) {
    this.#clock = clock;
    this.#hub = hub;
    hub.onGone((client) => {
      this.#void((pending) => pending.client === client);
    });
  }

  /** Who is asked where the client that began the work cannot be: the app's own window. */
  askThrough(client: string): void {
    this.#fallback = client;
  }

  /**
   * Prompts that reach one client, else the app's window. Where there is neither, or the client listened and went away,
   * every question is answered by null at once.
   * @param timeoutMs how long a person may take for all questions together, milliseconds from now. A touch is no question:
   * that a token waits for one is told for as long as it does.
   */
  promptsFor(client: string | null, timeoutMs: number): Prompts {
    const deadline = this.#clock.now() + timeoutMs;
    const listens = (): boolean => client !== null && this.#hub.hears(client);
    let hasListened = listens();
    return {
      ask: async (question, unneeded) => {
        const left = question.kind === 'touch' ? Infinity : Math.min(deadline - this.#clock.now(), timeoutMs);
        hasListened ||= listens();
        const asked = hasListened ? client : this.#fallback;
        if (asked === null || !this.#hub.hears(asked)) return null;
        if (left <= 0 || unneeded?.aborted || this.#closed) return null;
        const answer = await this.#ask(question, asked, left, unneeded);
        return isCancel(answer) ? 'cancelled' : answer;
      },
    };
  }

  /** Whether any question is open that somebody has to answer. */
  get isAsking(): boolean {
    return [...this.#pending.values()].some(({ kind }) => kind !== 'touch');
  }

  /**
   * Brings an answer. The id is known to the asked client alone.
   * @throws AppError `usage-invalid` for a question that is not open, or an answer of another kind than asked.
   */
  answer(id: string, answer: PromptAnswer): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) {
      throw new AppError('usage-invalid', { message: 'This question is not open any more.', remedy: '' });
    }
    if (!fits(pending.kind, answer))
      throw new AppError('usage-invalid', { message: 'The answer does not fit the question.' });
    pending.settle(answer);
  }

  /** Makes every open question void. Whatever is asked later is answered by null at once. */
  close(): void {
    this.#closed = true;
    this.#void(() => true);
  }

  #void(isMeant: (pending: Pending) => boolean): void {
    for (const pending of [...this.#pending.values()]) if (isMeant(pending)) pending.settle(null);
  }

  async #ask(
    question: PromptQuestion,
    client: string,
    /** Milliseconds; Infinity: it stays open until it is void. */
    timeoutMs: number,
    unneeded?: AbortSignal,
  ): Promise<PromptAnswer | 'late' | null> {
    const id = randomUUID();
    return new Promise((resolve) => {
      const cancelTimer = Number.isFinite(timeoutMs)
        ? this.#clock.after(timeoutMs, () => settle('late'))
        : () => undefined;
      const settleVoid = (): void => settle(null);
      const settle = (answer: PromptAnswer | 'late' | null): void => {
        if (!this.#pending.delete(id)) return;
        cancelTimer();
        unneeded?.removeEventListener('abort', settleVoid);
        this.#hub.emit({ name: 'promptClosed', payload: { id } });
        resolve(answer);
      };
      unneeded?.addEventListener('abort', settleVoid);
      this.#pending.set(id, { kind: question.kind, client, settle });
      this.#hub.emitTo(client, { name: 'prompt', payload: { ...question, id } });
    });
  }
}

function fits(kind: PromptQuestion['kind'], answer: PromptAnswer): boolean {
  if ('cancel' in answer) return true;
  return kind !== 'touch' && 'accept' in answer === (kind === 'confirm-module');
}

function isCancel(answer: PromptAnswer | 'late' | null): answer is { cancel: true } {
  return answer !== null && answer !== 'late' && 'cancel' in answer;
}
