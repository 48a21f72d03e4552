/** What stops nothing but is worth knowing: for who is at work with the account, and for the log. */
import type { Notice, Problem } from '../shared/model.ts';
import type { Logger } from './ports.ts';

type Listener = (notice: Notice) => void;

export class Notices {
  readonly #logger: Logger;
  readonly #logged = new Set<string>();
  readonly #listeners = new Set<Listener>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @param account null where it is about none in particular. */
  tell(account: string | null, { code, message }: Problem): void {
    const notice = { account, code, message };
    const name = JSON.stringify(notice);
    // A renewal finds the same again, every half an hour.
    if (!this.#logged.has(name)) this.#logger.log('warn', 'notice', notice);
    this.#logged.add(name);
    for (const listener of this.#listeners) listener(notice);
  }

  /** What is told during `work` of these accounts, or of none in particular: each thing once. @throws what `work` throws. */
  async during(accounts: readonly string[], work: Promise<void>): Promise<readonly Notice[]> {
    const heard = new Map<string, Notice>();
    const listener: Listener = (notice) => {
      if (notice.account === null || accounts.includes(notice.account)) {
        heard.set(JSON.stringify(notice), notice);
      }
    };
    this.#listeners.add(listener);
    try {
      await work;
      return [...heard.values()];
    } finally {
      this.#listeners.delete(listener);
    }
  }
}
