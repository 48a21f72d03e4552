/** Makes the keys of several accounts ready together, so that one PIN entry serves all that wait for it. */
import { AppError } from '../../shared/errors.ts';
import type { Account } from '../../shared/model.ts';
import type { Prompts } from '../ports.ts';
import type { Signer } from '../tokens/signer.ts';

/** Finds an account's key and refuses what AWS would refuse; asks nobody. */
export type PrepareSigner = (account: Account) => Promise<Signer>;

/** Somebody who clicked or typed a command. */
export interface Requester {
  readonly prompts: Prompts;
  /** Who the caller says it is. */
  readonly askedBy: string;
}

/** The accounts of one connect. Every one of them must either become ready or be skipped. */
export class PromptGroup {
  readonly #requester: Requester;
  readonly #allPrepared: Promise<void>;
  readonly #accounts: readonly Account[];
  /** Accounts that wait, by token. */
  readonly #waiting = new Map<string, Set<string>>();
  #unprepared: number;
  #release: () => void = () => undefined;

  constructor(requester: Requester, accounts: readonly Account[]) {
    this.#requester = requester;
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
   * the labels of all that wait for that token, in the order they were named.
   * @param whileUnlocking runs what may ask a person.
   */
  async ready(
    prepare: PrepareSigner,
    account: Account,
    whileUnlocking: (unlock: () => Promise<void>) => Promise<void> = (unlock) => unlock(),
  ): Promise<Signer> {
    let signer: Signer;
    try {
      signer = await prepare(account);
      this.#waitingFor(signer).add(account.id);
    } finally {
      this.#arrived();
    }
    await this.#allPrepared;
    if (!signer.readyWithoutHuman()) {
      const waiting = this.#waitingFor(signer);
      const accounts = this.#accounts.filter(({ id }) => waiting.has(id)).map(({ label }) => label);
      await whileUnlocking(() => signer.unlock({ ...this.#requester, accounts }));
    }
    return signer;
  }

  #waitingFor({ key }: Signer): Set<string> {
    const token = key.token === null ? key.uri : `${key.token.serial} ${key.token.label}`;
    const waiting = this.#waiting.get(token) ?? new Set();
    this.#waiting.set(token, waiting);
    return waiting;
  }

  #arrived(): void {
    this.#unprepared -= 1;
    if (this.#unprepared === 0) this.#release();
  }
}

/** The account's key if it can sign without a person. @throws AppError `pin-needed` or `touch-needed` otherwise. */
export async function readyAlone(prepare: PrepareSigner, account: Account): Promise<Signer> {
  const signer = await prepare(account);
  if (signer.readyWithoutHuman()) return signer;
  if (signer.key.touch !== 'always') throw new AppError('pin-needed');
  throw new AppError('touch-needed', {
    message: 'The token needs a touch.',
    remedy: 'Connect the account and touch the token when it blinks.',
  });
}
