/** Makes the keys of several accounts ready together, so that one PIN entry serves all that wait for it. */
import { AppError } from '../../shared/errors.ts';
import type { Account } from '../../shared/model.ts';
import { needsTouch } from '../../shared/touch.ts';
import type { Prompts } from '../ports.ts';
import { isSealed, unsealed, type Human, type SealedKey, type Signer } from '../tokens/signer.ts';

/** Finds an account's key and refuses what AWS would refuse, as far as it can be told; asks nobody. */
export type PrepareSigner = (account: Account) => Promise<Signer | SealedKey>;

/** Somebody who clicked or typed a command. */
export interface Requester {
  readonly prompts: Prompts;
  /** Who the caller says it is. */
  readonly askedBy: string;
}

/** Those of a group that wait for one token. */
interface Waiting {
  readonly ids: Set<string>;
  /** Raised when the last of them was abandoned: nobody need be asked any more. */
  readonly unneeded: AbortController;
}

/** The accounts of one connect. Every one of them must either become ready or be skipped. */
export class PromptGroup {
  readonly requester: Requester;
  readonly #allPrepared: Promise<void>;
  readonly #accounts: readonly Account[];
  /** Who waits, by token. */
  readonly #waiting = new Map<string, Waiting>();
  #unprepared: number;
  #release: () => void = () => undefined;

  constructor(requester: Requester, accounts: readonly Account[]) {
    this.requester = requester;
    this.#accounts = accounts;
    this.#unprepared = accounts.length;
    this.#allPrepared = new Promise((resolve) => (this.#release = resolve));
  }

  /** One of the accounts needs nothing. */
  skip(): void {
    this.#arrived();
  }

  /**
   * The account's key, ready to sign. A person is asked only once every account of the group was checked, and is told
   * the labels of all that wait for that token, in the order they were named. The question is void once none of them
   * waits any more.
   * @param abandoned raised when the account need not become ready any more: nobody is asked for it then.
   * @param whileUnlocking runs what may ask a person.
   */
  async ready(
    prepare: PrepareSigner,
    account: Account,
    abandoned: AbortSignal,
    whileUnlocking: (unlock: () => Promise<void>) => Promise<void> = (unlock) => unlock(),
  ): Promise<Signer> {
    let signer: Signer | SealedKey;
    let waiting: Waiting;
    try {
      signer = await prepare(account);
      abandoned.throwIfAborted();
      waiting = this.#waitingFor(signer);
      waiting.ids.add(account.id);
    } finally {
      this.#arrived();
    }
    const abandon = (): void => this.#abandon(waiting, account.id);
    abandoned.addEventListener('abort', abandon);
    try {
      await this.#allPrepared;
      abandoned.throwIfAborted();
      if (isSealed(signer) || !signer.readyWithoutHuman()) {
        await whileUnlocking(() => signer.unlock(this.#human(waiting)));
      }
    } finally {
      abandoned.removeEventListener('abort', abandon);
      waiting.ids.delete(account.id);
    }
    if (!isSealed(signer)) return signer;
    const opened = await prepare(account);
    abandoned.throwIfAborted();
    return unsealed(opened);
  }

  #human({ ids, unneeded }: Waiting): Human {
    const accounts = this.#accounts.filter(({ id }) => ids.has(id)).map(({ label }) => label);
    return { ...this.requester, accounts, unneeded: unneeded.signal };
  }

  #waitingFor({ key }: Pick<Signer, 'key'>): Waiting {
    const token = key.token === null ? key.uri : `${key.token.serial} ${key.token.label}`;
    const waiting = this.#waiting.get(token) ?? { ids: new Set(), unneeded: new AbortController() };
    this.#waiting.set(token, waiting);
    return waiting;
  }

  #abandon({ ids, unneeded }: Waiting, id: string): void {
    ids.delete(id);
    // Before all were looked at, others may still come to wait for that token.
    if (ids.size === 0 && this.#unprepared === 0) unneeded.abort();
  }

  #arrived(): void {
    this.#unprepared -= 1;
    if (this.#unprepared === 0) this.#release();
  }
}

/**
 * The account's key if it can sign without a person: logged in, or with a PIN that is held or remembered.
 * @throws AppError `touch-needed`, and what {@link Signer.unlock} throws otherwise.
 */
export async function readyAlone(prepare: PrepareSigner, account: Account): Promise<Signer> {
  const signer = unsealed(await prepare(account));
  if (needsTouch(signer.key.touch)) throw touchNeeded();
  if (!signer.readyWithoutHuman()) await signer.unlock(null);
  return signer;
}

/** A renewal would want a touch, and nobody has said that he is there. */
export function touchNeeded(): AppError {
  return new AppError('touch-needed', {
    message: 'The token needs a touch.',
    remedy: 'Connect the account and touch the token when it blinks.',
  });
}
