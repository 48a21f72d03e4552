/**
 * Who waits for the signatures of tokens. No token tells that it waits for a touch: one that may want one, and has not
 * signed within a moment, is taken to. Whoever waits for it is told then, and may end the waiting.
 */
import { AppError, isAppError } from '../../shared/errors.ts';
import { mayWantTouch } from '../../shared/touch.ts';
import type { Clock, Prompts } from '../ports.ts';
import type { Human, SignerKey } from './signer.ts';

/** How long a signature may take before a person is told, milliseconds: longer than one takes that waits for nobody. */
export const touchPromptMs = 700;

export class TouchWatch {
  readonly #clock: Clock;
  readonly #lines = new Map<string, Line>();
  /** URIs of keys that did not sign for want of a touch. */
  readonly #wanting = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The key with what was learnt of it: one that once wanted a touch, whatever it says of itself, wants one again. */
  known(key: SignerKey): SignerKey {
    return key.touch === 'unknown' && this.#wanting.has(key.uri) ? { ...key, touch: 'always' } : key;
  }

  /**
   * A signature, for as long as somebody waits for it. Nobody can take it back from a token that has begun: it ends by
   * itself, and what it brings is dropped.
   * @param token names the token.
   * @param start asks for it, and calls `begin` when its turn has come; what that throws keeps it from being signed.
   * @throws AppError `touch-needed` at once where the human ends the waiting, `cancelled` where he need not wait any more;
   * and what `start` fails with.
   */
  async sign<T>(
    token: string,
    key: SignerKey,
    human: Human | undefined,
    start: (begin: () => void) => Promise<T>,
  ): Promise<T> {
    const line = this.#lines.get(token) ?? new Line();
    this.#lines.set(token, line);
    const waiter = new Waiter(key, human ?? null);
    line.join(waiter);
    try {
      return await Promise.race([this.#watched(line, waiter, start), waiter.gaveUp]);
    } finally {
      line.leave(waiter);
    }
  }

  async #watched<T>(line: Line, waiter: Waiter, start: (begin: () => void) => Promise<T>): Promise<T> {
    const { key } = waiter;
    let undo = (): void => undefined;
    try {
      return await start(() => {
        waiter.begin();
        if (mayWantTouch(key.touch)) undo = this.#clock.after(touchPromptMs, () => line.beginTouch());
      });
    } catch (error) {
      if (waiter.hasBegun && isAppError(error, 'touch-needed')) this.#wanting.add(key.uri);
      throw error;
    } finally {
      undo();
      if (waiter.hasBegun) line.endTouch();
    }
  }
}

/** Somebody who waits for one signature. */
class Waiter {
  readonly key: SignerKey;
  readonly human: Human | null;
  /** Rejects once he does not wait any more. */
  readonly gaveUp: Promise<never>;
  isTold = false;
  hasBegun = false;
  #why: AppError | null = null;
  #reject: (why: AppError) => void = () => undefined;

  constructor(key: SignerKey, human: Human | null) {
    this.key = key;
    this.human = human;
    this.gaveUp = new Promise((_, reject) => (this.#reject = reject));
    this.gaveUp.catch(() => undefined); // also where nobody looks at it any more
    human?.unneeded?.addEventListener('abort', this.#unneeded);
    if (human?.unneeded?.aborted) this.#unneeded();
  }

  giveUp(why: AppError): void {
    this.#why ??= why;
    this.#reject(this.#why);
  }

  /** The token is asked for his signature now. @throws AppError where he does not wait for it any more. */
  begin(): void {
    if (this.#why !== null) throw this.#why;
    this.hasBegun = true;
  }

  tell(waits: boolean): void {
    if (this.isTold === waits) return;
    this.isTold = waits;
    this.human?.onTouch?.(waits);
  }

  leave(): void {
    this.human?.unneeded?.removeEventListener('abort', this.#unneeded);
    this.giveUp(new AppError('cancelled'));
    this.tell(false);
  }

  readonly #unneeded = (): void => this.giveUp(new AppError('cancelled'));
}

/** All who wait for signatures of one token. */
class Line {
  readonly #waiters = new Set<Waiter>();
  /** Who is told, and what makes it void. */
  readonly #told = new Map<Prompts, AbortController>();
  #isTouch = false;

  join(waiter: Waiter): void {
    this.#waiters.add(waiter);
    if (this.#isTouch) this.#tell();
  }

  leave(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    waiter.leave();
    for (const prompts of this.#told.keys()) if (this.#of(prompts).length === 0) this.#takeBack(prompts);
  }

  beginTouch(): void {
    this.#isTouch = true;
    this.#tell();
  }

  endTouch(): void {
    this.#isTouch = false;
    for (const prompts of [...this.#told.keys()]) this.#takeBack(prompts);
    for (const waiter of this.#waiters) waiter.tell(false);
  }

  #tell(): void {
    for (const waiter of this.#waiters) {
      waiter.tell(true);
      const { human, key } = waiter;
      if (human === null || key.token === null || this.#told.has(human.prompts)) continue;
      void this.#ask(human, key.token);
    }
  }

  /** Those who wait by one connect are told once, and end their waiting together. */
  async #ask(
    { prompts, askedBy }: Human,
    { label, serial }: { label: string; serial: string },
  ): Promise<void> {
    const over = new AbortController();
    this.#told.set(prompts, over);
    const labels = this.#of(prompts).flatMap(({ human }) => human?.accounts ?? []);
    const accounts = [...new Set(labels)].sort((a, b) => a.localeCompare(b, 'en')); // whoever came first is chance
    const question = { kind: 'touch', token: { label, serial }, accounts, askedBy } as const;
    const answer = await prompts.ask(question, over.signal);
    if (answer === 'cancelled') for (const waiter of this.#of(prompts)) waiter.giveUp(waitingEnded());
  }

  #of(prompts: Prompts): Waiter[] {
    return [...this.#waiters].filter(({ human }) => human?.prompts === prompts);
  }

  #takeBack(prompts: Prompts): void {
    this.#told.get(prompts)?.abort();
    this.#told.delete(prompts);
  }
}

function waitingEnded(): AppError {
  return new AppError('touch-needed', { message: 'You ended the waiting for a touch.' });
}
