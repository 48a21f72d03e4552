/** A signer whose module fails in few words, which are looked into before they are told. */
import { isAppError, type AppError } from '../../shared/errors.ts';
import type { Certificate } from '../roles-anywhere/certificate.ts';
import type { Human, Signer, SignerKey } from './signer.ts';

export class ExplainedSigner implements Signer {
  readonly #signer: Signer;
  readonly #explain: (error: AppError) => Promise<AppError>;

  /** @param explain the failure in better words, or as it is. */
  constructor(signer: Signer, explain: (error: AppError) => Promise<AppError>) {
    this.#signer = signer;
    this.#explain = explain;
  }

  get key(): SignerKey {
    return this.#signer.key;
  }

  get certificate(): Certificate {
    return this.#signer.certificate;
  }

  get issuers(): readonly Certificate[] {
    return this.#signer.issuers;
  }

  readyWithoutHuman(): boolean {
    return this.#signer.readyWithoutHuman();
  }

  unlock(human: Human | null): Promise<void> {
    return this.#explained(() => this.#signer.unlock(human));
  }

  sign(message: Uint8Array, human?: Human): Promise<Uint8Array> {
    return this.#explained(() => this.#signer.sign(message, human));
  }

  async #explained<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw isAppError(error) ? await this.#explain(error) : error;
    }
  }
}
