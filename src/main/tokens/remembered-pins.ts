/**
 * PINs the user chose to have kept in the desktop's keyring: when one may be used, and when it is gone for good.
 * Trouble with the keyring is told and never a stop: whoever needs the PIN asks a person for it instead.
 */
import { createHash } from 'node:crypto';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { Problem } from '../../shared/model.ts';
import type { Logger, SecretStore } from '../ports.ts';
import { refOf, tokenName, type TokenRef } from './host/protocol.ts';

/** A token whose PIN is in the keyring. */
export interface RememberedToken extends TokenRef {
  /** The PIN must not be used any more and is to be taken out of the keyring, which was not possible yet. */
  readonly isForgotten: boolean;
}

export interface RememberedPinsOptions {
  readonly store: SecretStore;
  /** Which tokens' PINs are in it; kept in the configuration. */
  readonly tokens: {
    list(): readonly RememberedToken[];
    /** In the place of what was listed of that token. */
    put(token: RememberedToken): void;
    delete(token: TokenRef): void;
  };
  /** What went wrong without being a stop. */
  readonly tell: (problem: Problem) => void;
  readonly log: Logger;
}

/** A PIN to try, or why there is none; `why` null: none is remembered, or it may not be used now. */
export type Taken = { readonly pin: string } | { readonly why: Problem | null };

/** The code of a {@link Problem}: the token refused what was remembered. */
export const refusedCode = 'remembered-pin-refused';

/** While it is not known what became of a try with it. */
const inDoubt = -1;

export class RememberedPins {
  readonly #options: RememberedPinsOptions | null;
  /** How often {@link lock} was called. */
  #locks = 0;
  /** By token: the count of locks up to which its PIN may be used without a person, or {@link inDoubt}. */
  readonly #usable = new Map<string, number>();
  /** Not to be used again, even where that could not be written down. */
  readonly #dead = new Set<string>();

  /** @param options null: there is no keyring, and nothing is ever remembered. */
  constructor(options: RememberedPinsOptions | null) {
    this.#options = options;
  }

  /** Whether there is a keyring a PIN could be kept in. */
  get isPossible(): boolean {
    return this.#options !== null;
  }

  /**
   * The PIN to try once. Whoever takes it says what became of it: {@link accepted}, {@link refused} or
   * {@link notTried}; until then it is not given out again without a person.
   * @param alone nobody asked for it: then it is given only where no lock came since somebody did.
   * @throws AppError `pin-needed` where a lock came meanwhile.
   */
  async take(token: TokenRef, alone: boolean): Promise<Taken> {
    const options = this.#options;
    const name = tokenName(token);
    if (options === null || !this.#isRemembered(token)) return { why: null };
    if (!alone) this.#usable.set(name, this.#locks);
    if ((this.#usable.get(name) ?? 0) !== this.#locks) return { why: null };
    const locks = this.#locks;
    let pin: string | null;
    try {
      pin = await options.store.get(secretName(token));
    } catch (error) {
      return { why: this.#told(problemOf(error, `The remembered PIN of “${token.label}” cannot be used.`)) };
    }
    if (pin === null) {
      this.#write(() => options.tokens.delete(token));
      const message = `The PIN of “${token.label}” is not in the keyring any more, so it counts as forgotten.`;
      return { why: this.#told({ code: 'keyring-empty', message }) };
    }
    if (locks !== this.#locks) throw new AppError('pin-needed');
    this.#usable.set(name, inDoubt);
    return { pin };
  }

  /** The token took it. */
  accepted(token: TokenRef): void {
    this.#usable.set(tokenName(token), this.#locks);
  }

  /** It did not get as far as the token. */
  notTried(token: TokenRef): void {
    this.#usable.set(tokenName(token), this.#locks);
  }

  /** The token refused it: it is gone, and never given out again. */
  async refused(token: TokenRef): Promise<Problem> {
    await this.#forget(token);
    const message = `The token “${token.label}” did not take the remembered PIN. It was tried once and is forgotten.`;
    return this.#told({ code: refusedCode, message });
  }

  /**
   * The token took a PIN that was typed.
   * @param remember the user wants it kept. If not, an older one that is kept stays, unless it is seen to be another.
   */
  async typed(token: TokenRef, pin: string, remember: boolean): Promise<void> {
    this.accepted(token);
    if (remember) await this.#keep(token, pin);
    else if (this.#isRemembered(token) && (await this.#differs(token, pin))) await this.#forget(token);
  }

  /** From now on a PIN is given out only once somebody asked for its token. */
  lock(): void {
    this.#locks += 1;
  }

  /**
   * None is used any more, and all are taken out of the keyring.
   * @throws AppError `keyring-missing`, `keyring-locked` where one is in there still; it is not used all the same.
   */
  async forgetAll(): Promise<void> {
    const failures: AppError[] = [];
    for (const token of this.#options?.tokens.list() ?? []) {
      const failure = await this.#forget(token);
      if (failure !== null) failures.push(failure);
    }
    const [first] = failures;
    if (first === undefined) return;
    throw new AppError(first.code, {
      message: `No remembered PIN is used any more, but ${String(failures.length)} could not be taken out of the keyring. ${first.message}`,
      remedy: `${first.remedy} Then: rolekey lock --forget-pins.`,
      cause: first,
    });
  }

  #isRemembered(token: TokenRef): boolean {
    const name = tokenName(token);
    if (this.#dead.has(name)) return false;
    const listed = this.#options?.tokens.list() ?? [];
    return listed.some((each) => tokenName(each) === name && !each.isForgotten);
  }

  async #keep(token: TokenRef, pin: string): Promise<void> {
    if (this.#options === null) return;
    const { store, tokens } = this.#options;
    try {
      await store.set(secretName(token), pin);
      try {
        tokens.put({ ...refOf(token), isForgotten: false });
        this.#dead.delete(tokenName(token));
      } catch (error) {
        await store.delete(secretName(token));
        throw error;
      }
    } catch (error) {
      this.#told(problemOf(error, `The PIN of “${token.label}” was not remembered.`));
    }
  }

  async #differs(token: TokenRef, pin: string): Promise<boolean> {
    try {
      const kept = await this.#options?.store.get(secretName(token));
      return kept !== pin;
    } catch (error) {
      problemOf(error, '');
      return false;
    }
  }

  /** Written down before the keyring is asked: a process that is killed in between must not use it again. */
  async #forget(token: TokenRef): Promise<AppError | null> {
    if (this.#options === null) return null;
    const { store, tokens } = this.#options;
    this.#dead.add(tokenName(token));
    this.#write(() => tokens.put({ ...refOf(token), isForgotten: true }));
    try {
      await store.delete(secretName(token));
    } catch (error) {
      if (isAppError(error)) return error;
      throw error;
    }
    this.#write(() => tokens.delete(token));
    return null;
  }

  /** A configuration that cannot be written stops nobody here. */
  #write(change: () => void): void {
    try {
      change();
    } catch (error) {
      if (!isAppError(error)) throw error;
      this.#options?.log.log('error', 'remembered-tokens-not-written', { error });
    }
  }

  #told(problem: Problem): Problem {
    this.#options?.tell(problem);
    return problem;
  }
}

/** @throws what is no trouble of the keyring or the configuration, but a fault. */
function problemOf(error: unknown, what: string): Problem {
  if (!isAppError(error)) throw error;
  return { code: error.code, message: `${what} ${error.message} ${error.remedy}`.trim() };
}

/** Under which the keyring has it: says which token to who looks in there, and is one per token. */
function secretName(token: TokenRef): string {
  const label = token.label.replace(/[^\w .-]/g, '_').slice(0, 60);
  return `${label} ${createHash('sha256').update(tokenName(token)).digest('hex').slice(0, 16)}`;
}
