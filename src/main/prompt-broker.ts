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

  constructor(clock: Clock, hub: EventHub) {
    this.#clock = clock;
    this.#hub = hub;
    hub.onGone((client) => {
      for (const pending of [...this.#pending.values()]) if (pending.client === client) pending.settle(null);
    });
  }

  /** Who is asked where the client that began the work cannot be: the app's own window. */
  askThrough(client: string): void {
    this.#fallback = client;
  }

  /**
   * Prompts that reach one client, else the app's window. Where there is neither, every question is answered by null at
   * once.
   * @param timeoutMs how long a person may take for all questions together, milliseconds from now.
   */
  promptsFor(client: string | null, timeoutMs: number): Prompts {
    const deadline = this.#clock.now() + timeoutMs;
    return {
      ask: async (question) => {
        const left = Math.min(deadline - this.#clock.now(), timeoutMs);
        const asked = [client, this.#fallback].find((each) => each !== null && this.#hub.hears(each)) ?? null;
        if (asked === null || left <= 0) return null;
        const answer = await this.#ask(question, asked, left);
        return isCancel(answer) ? 'cancelled' : answer;
      },
    };
  }

  /** Whether any question is open. */
  get isAsking(): boolean {
    return this.#pending.size > 0;
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
    const fits = 'cancel' in answer || 'accept' in answer === (pending.kind === 'confirm-module');
    if (!fits) throw new AppError('usage-invalid', { message: 'The answer does not fit the question.' });
    pending.settle(answer);
  }

  async #ask(
    question: PromptQuestion,
    client: string,
    timeoutMs: number,
  ): Promise<PromptAnswer | 'late' | null> {
    const id = randomUUID();
    return new Promise((resolve) => {
      const cancelTimer = this.#clock.after(timeoutMs, () => settle('late'));
      const settle = (answer: PromptAnswer | 'late' | null): void => {
        if (!this.#pending.delete(id)) return;
        cancelTimer();
        this.#hub.emit({ name: 'promptClosed', payload: { id } });
        resolve(answer);
      };
      this.#pending.set(id, { kind: question.kind, client, settle });
      this.#hub.emitTo(client, { name: 'prompt', payload: { ...question, id } });
    });
  }
}

function isCancel(answer: PromptAnswer | 'late' | null): answer is { cancel: true } {
  return answer !== null && answer !== 'late' && 'cancel' in answer;
}
