/** A module from C_Initialize to C_Finalize, again and again, and which tokens are there meanwhile. */
import type { Cryptoki, Handle, TokenFacts } from './cryptoki.ts';
import { HostError, quietly } from './host-error.ts';
import { refOf, tokenName, type TokenRef } from './protocol.ts';

export interface PresentToken {
  readonly slot: Handle;
  readonly facts: TokenFacts;
}

export interface PresenceOptions {
  /** Loads the module anew; called on first use and again after a failed start. */
  readonly load: () => Cryptoki;
  /** The module is not initialised any more: its sessions and logins are gone. */
  readonly onRelease: () => void;
  /** A token that was there is not any more. */
  readonly onAway: (token: string) => void;
}

/**
 * What modules say when nothing works any more until they are initialised anew: the card was reset under them, the
 * computer slept, the reader's service or the TPM went away and came back.
 */
const brokenStates: ReadonlySet<string> = new Set([
  'CKR_CRYPTOKI_NOT_INITIALIZED',
  'CKR_DEVICE_ERROR',
  'CKR_DEVICE_MEMORY',
  'CKR_DEVICE_REMOVED',
  'CKR_FUNCTION_FAILED',
  'CKR_GENERAL_ERROR',
  'CKR_HOST_MEMORY',
  'CKR_SESSION_CLOSED',
  'CKR_SESSION_COUNT',
  'CKR_SESSION_HANDLE_INVALID',
]);

/** Whether a failure means that the module must be initialised anew before it is of any use. */
export function isBroken(error: unknown): boolean {
  return error instanceof HostError && error.rv !== null && brokenStates.has(error.rv);
}

/**
 * How many looks after a failure tokens may be missing before they are taken for pulled out: a reader's service that has
 * just been started has its readers, and what is in them, a moment later.
 */
const doubtfulLooks = 3;

export class Presence {
  readonly #options: PresenceOptions;
  #cryptoki: Cryptoki | null = null;
  #initialised = false;
  /** Tokens by name, as they were there last; null before the first look. */
  #seen: ReadonlyMap<string, TokenRef> | null = null;
  /** The slots they were in. */
  #slotsSeen = '';
  /** Looks to come in which a token that is missing may still be there. */
  #doubt = 0;
  /** Tokens that are missing, and not yet taken for pulled out. */
  readonly #missed = new Set<string>();

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /** Whether the card is, or may be, in this program's hand. */
  get isHeld(): boolean {
    return this.#initialised;
  }

  /** The module, loaded and initialised where that is not done yet. */
  module(): Cryptoki {
    this.#cryptoki ??= this.#options.load();
    if (!this.#initialised) {
      this.#cryptoki.initialize();
      this.#initialised = true;
    }
    return this.#cryptoki;
  }

  /** How often it was asked to sign and to log in. */
  get counts(): Cryptoki['counts'] {
    return { ...(this.#cryptoki?.counts ?? { sign: 0, login: 0 }) };
  }

  /** Which tokens were there last; null before the first look. */
  get present(): readonly TokenRef[] | null {
    return this.#seen && [...this.#seen.values()];
  }

  /** Gives the card up. Ends every session and login; the next use initialises the module again. */
  release(): void {
    this.#options.onRelease();
    if (this.#initialised) quietly(() => this.#cryptoki?.finalize());
    this.#initialised = false;
  }

  /** Sees which tokens came and went, with as little as can be: on some, asking for a token's state costs its login. */
  look(): void {
    quietly(() => {
      if (namesOf(this.#slots()) !== this.#slotsSeen || this.#missed.size > 0) this.survey();
    });
    if (this.#doubt > 0) this.#doubt -= 1;
    if (this.#doubt === 0) this.#giveUpMissed();
  }

  /**
   * The tokens that are there. Where one of before is missing, or the one that is wanted, the module is initialised
   * again: some see new tokens only then, and some keep what they read of a token for the next one in its place.
   * @param wanted the name of a token.
   */
  survey(wanted: string | null = null): readonly PresentToken[] {
    const isNew = !this.#initialised;
    const expected = new Set([...(this.#seen?.keys() ?? []), ...(wanted === null ? [] : [wanted])]);
    const missing = (present: readonly PresentToken[]): string[] => {
      const names = new Set(present.map(({ facts }) => tokenName(facts)));
      return [...expected].filter((name) => !names.has(name));
    };
    let present = this.#present();
    if (missing(present).length > 0 && !isNew) {
      this.release();
      present = this.#present();
    }
    this.#seen = new Map(present.map(({ facts }) => [tokenName(facts), refOf(facts)]));
    for (const name of this.#seen.keys()) this.#missed.delete(name);
    for (const name of missing(present)) this.#missed.add(name);
    if (this.#missed.size === 0) this.#doubt = 0;
    if (this.#doubt === 0) this.#giveUpMissed();
    return present;
  }

  #giveUpMissed(): void {
    for (const name of this.#missed) this.#options.onAway(name);
    this.#missed.clear();
  }

  /** Tokens that can be used. One that cannot be asked for its name is as good as gone. */
  #present(): PresentToken[] {
    const slots = this.#slots();
    const present = slots.flatMap((slot) => {
      try {
        const facts = this.module().token(slot);
        return facts.initialised ? [{ slot, facts }] : [];
      } catch (error) {
        if (error instanceof HostError) return [];
        throw error;
      }
    });
    this.#slotsSeen = namesOf(slots);
    return present;
  }

  #slots(): Handle[] {
    const wasInitialised = this.#initialised;
    try {
      return this.module().slots();
    } catch (error) {
      // Whatever is behind the module is gone; only a new start finds it when it is back.
      this.release();
      this.#doubt = doubtfulLooks;
      if (!wasInitialised) throw error;
    }
    try {
      return this.module().slots();
    } catch (error) {
      this.release();
      throw error;
    }
  }
}

/** Of slots, to compare. */
function namesOf(slots: readonly Handle[]): string {
  return slots.map((slot) => slot.toString('hex')).join(' ');
}
