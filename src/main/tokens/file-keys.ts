/** Keys in files behind the same face as keys on tokens. They are not hardware, and said to be so wherever shown. */
import { sign, type KeyObject } from 'node:crypto';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { Clock, Files, PromptQuestion } from '../ports.ts';
import type { Certificate } from '../roles-anywhere/certificate.ts';
import { openKey, readKeyFile, spkiOf, type KeyFile } from './key-file.ts';
import { samePublicKey } from './key-matching.ts';
import {
  unanswered,
  type Attempt,
  type Human,
  type Signer,
  type SignerAccount,
  type SignerKey,
} from './signer.ts';
import { pickCertificate, readCertificates, type SigningCertificate } from './signing-certificate.ts';
import { SingleFlight } from './single-flight.ts';
import { isPkcs11Uri } from './uri.ts';

export interface FileKeysOptions {
  readonly files: Files;
  readonly clock: Clock;
}

export class FileKeys {
  readonly #options: FileKeysOptions;
  readonly #flights = new SingleFlight();
  /** Keys a passphrase opened, by path, each with the PEM it came out of. */
  readonly #opened = new Map<string, { readonly pem: string; readonly key: KeyObject }>();

  constructor(options: FileKeysOptions) {
    this.#options = options;
  }

  /**
   * The key in the file at `path`, read anew.
   * @throws AppError what {@link readKeyFile} throws, `cert-missing`, `cert-unreadable`, `cert-key-mismatch`,
   * `file-unreadable`, `account-invalid` for a certificate on a token.
   */
  async find(path: string, account: SignerAccount): Promise<Attempt> {
    const bytes = await this.#options.files.read(path);
    if (bytes === null) {
      return {
        absent: new AppError('file-unreadable', { message: `The key file ${path} was not found.` }),
      };
    }
    const file = readKeyFile(bytes, path);
    const key = file.encrypted ? this.#openedKey(file) : openKey(file, null);
    const { certificate, issuers } = await this.#certificate(file, key && spkiOf(key), account);
    return {
      signer: new FileSigner({
        path,
        certificate,
        issuers,
        key: () => (file.encrypted ? this.#openedKey(file) : key),
        unlock: async (human) => {
          if (!file.encrypted || this.#openedKey(file) !== null) return;
          if (human === null) throw passphraseNeeded(path);
          await this.#flights.run(path, human, () => this.#unlock(file, certificate, human));
        },
      }),
    };
  }

  /** Closes every key a passphrase opened. */
  forget(): void {
    this.#opened.clear();
  }

  async #certificate(
    file: KeyFile,
    spki: Uint8Array | null,
    account: SignerAccount,
  ): Promise<SigningCertificate> {
    if (account.certificate !== null && isPkcs11Uri(account.certificate)) {
      throw new AppError('account-invalid', {
        message: 'A key in a file takes its certificate from a file, not from a token.',
      });
    }
    const { files, clock } = this.#options;
    const path = account.certificate ?? file.path;
    const certificates = path === file.path ? file.certificates : await readCertificates(files, path);
    const picked = pickCertificate(certificates, spki, clock.now(), path);
    const issuers =
      account.intermediates === null ? [] : await readCertificates(files, account.intermediates);
    return { certificate: picked.certificate, issuers: [...issuers, ...picked.issuers] };
  }

  /** Null where no passphrase was given yet, or the file holds another key since. */
  #openedKey({ path, pem }: KeyFile): KeyObject | null {
    const opened = this.#opened.get(path);
    return opened?.pem === pem ? opened.key : null;
  }

  async #unlock(file: KeyFile, certificate: Certificate, human: Human): Promise<void> {
    if (!file.encrypted || this.#openedKey(file) !== null) return;
    const key = await this.#askPassphrase(file, human);
    if (!samePublicKey(spkiOf(key), certificate.spki)) throw new AppError('cert-key-mismatch');
    this.#opened.set(file.path, { pem: file.pem, key });
  }

  async #askPassphrase(file: KeyFile, human: Human): Promise<KeyObject> {
    let previous: 'incorrect' | null = null;
    for (;;) {
      const question: PromptQuestion = {
        kind: 'passphrase',
        file: file.path,
        accounts: [...human.accounts],
        askedBy: human.askedBy,
        previous,
      };
      const answer = await human.prompts.ask(question, human.unneeded);
      if (answer === null || typeof answer === 'string' || !('secret' in answer)) {
        if (previous !== null) {
          throw new AppError('passphrase-incorrect', {
            message: 'The passphrase was wrong, and no other one was tried.',
          });
        }
        throw typeof answer === 'string'
          ? new AppError('pin-needed', unanswered(answer, 'passphrase'))
          : passphraseNeeded(file.path);
      }
      try {
        return openKey(file, answer.secret);
      } catch (error) {
        if (!isAppError(error, 'passphrase-incorrect')) throw error;
        previous = 'incorrect';
      }
    }
  }
}

function passphraseNeeded(path: string): AppError {
  return new AppError('pin-needed', { message: `The key file ${path} needs its passphrase.` });
}

interface FileSignerOptions {
  readonly path: string;
  readonly certificate: Certificate;
  readonly issuers: readonly Certificate[];
  /** Null while it is not open. */
  readonly key: () => KeyObject | null;
  readonly unlock: (human: Human | null) => Promise<void>;
}

class FileSigner implements Signer {
  readonly key: SignerKey;
  readonly certificate: Certificate;
  readonly issuers: readonly Certificate[];
  readonly #options: FileSignerOptions;

  constructor(options: FileSignerOptions) {
    const { path, certificate, issuers } = options;
    this.key = { uri: path, token: null, hardware: false, touch: 'never', alwaysAuthenticate: false };
    this.certificate = certificate;
    this.issuers = issuers;
    this.#options = options;
  }

  readyWithoutHuman(): boolean {
    return this.#options.key() !== null;
  }

  unlock(human: Human | null): Promise<void> {
    return this.#options.unlock(human);
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    const key = this.#options.key();
    if (key === null) throw passphraseNeeded(this.#options.path);
    // node:crypto answers PKCS#1 v1.5 for RSA and DER for ECDSA by itself.
    return sign('sha256', message, key);
  }
}
