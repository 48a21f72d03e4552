/** Keys in files behind the same face as keys on tokens. They are not hardware, and said to be so wherever shown. */
import { sign, type KeyObject } from 'node:crypto';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { Clock, Files, PromptQuestion } from '../ports.ts';
import type { Certificate } from '../roles-anywhere/certificate.ts';
import { readContainer, type KeyContainer, type Looked } from './key-container.ts';
import { spkiOf, type OpenKeyFile } from './key-file.ts';
import { samePublicKey } from './key-matching.ts';
import {
  unanswered,
  type Attempt,
  type Human,
  type SealedKey,
  type Signer,
  type SignerAccount,
  type SignerKey,
} from './signer.ts';
import {
  maxKeyFileBytes,
  pickCertificate,
  readCertificates,
  type SigningCertificate,
} from './signing-certificate.ts';
import { SingleFlight } from './single-flight.ts';
import { isPkcs11Uri } from './uri.ts';

export interface FileKeysOptions {
  readonly files: Files;
  readonly clock: Clock;
}

export class FileKeys {
  readonly #options: FileKeysOptions;
  readonly #flights = new SingleFlight();
  /** What a passphrase opened, by path, each with the digest of the file it came out of. */
  readonly #opened = new Map<string, { readonly digest: string; readonly file: OpenKeyFile }>();
  readonly #looked: Looked = new Map();
  /** How often all was forgotten. */
  #locks = 0;

  constructor(options: FileKeysOptions) {
    this.#options = options;
  }

  /**
   * The key in the file at `path`, read anew.
   * @throws AppError what {@link readContainer} throws, `cert-missing`, `cert-unreadable`, `cert-key-mismatch`,
   * `file-unreadable`, `account-invalid` for a certificate on a token.
   */
  async find(path: string, account: SignerAccount): Promise<Attempt> {
    const { clock, files } = this.#options;
    const bytes = await files.read(path, maxKeyFileBytes);
    if (bytes === null) {
      return {
        absent: new AppError('file-unreadable', { message: `The key file ${path} was not found.` }),
      };
    }
    const pause = (): Promise<void> => new Promise((resolve) => clock.after(0, resolve));
    const isTaken = async (other: string): Promise<boolean> => {
      const there = await files.read(other, maxKeyFileBytes).catch(() => 'something else');
      return there !== null;
    };
    const container = await readContainer({ bytes, path, pause, isTaken }, this.#looked);
    const open = this.#openIn(container);
    const certificates = open?.certificates ?? container.certificates;
    const where = certificateFile(path, account);
    if (where === path && certificates === null) return { signer: this.#sealedKey(container) };
    const { certificate, issuers } = await this.#certificate(
      where === path ? certificates : null,
      where,
      open && spkiOf(open.key),
      account,
    );
    return {
      signer: new FileSigner({
        path,
        certificate,
        issuers,
        key: () => this.#openIn(container)?.key ?? null,
        unlock: (human) => this.#unlock(container, certificate, human),
      }),
    };
  }

  /** Closes every key a passphrase opened. */
  forget(): void {
    this.#locks += 1;
    this.#opened.clear();
  }

  /** Its certificate is read with the key, once a passphrase opens both. */
  #sealedKey(container: KeyContainer): SealedKey {
    return {
      sealed: true,
      key: signerKey(container.path),
      unlock: (human) => this.#unlock(container, null, human),
    };
  }

  async #certificate(
    inFile: readonly Certificate[] | null,
    where: string,
    spki: Uint8Array | null,
    account: SignerAccount,
  ): Promise<SigningCertificate> {
    const { files, clock } = this.#options;
    const certificates = inFile ?? (await readCertificates(files, where));
    const picked = pickCertificate(certificates, spki, clock.now(), where);
    const issuers =
      account.intermediates === null ? [] : await readCertificates(files, account.intermediates);
    return { certificate: picked.certificate, issuers: [...issuers, ...picked.issuers] };
  }

  /** Null where no passphrase was given yet, or the file holds something else since. */
  #openIn({ path, digest, open }: KeyContainer): OpenKeyFile | null {
    const opened = this.#opened.get(path);
    return open ?? (opened?.digest === digest ? opened.file : null);
  }

  async #unlock(
    container: KeyContainer,
    certificate: Certificate | null,
    human: Human | null,
  ): Promise<void> {
    if (this.#openIn(container) !== null) return;
    const { path, digest } = container;
    if (human === null) throw passphraseNeeded(path);
    await this.#flights.run(path, human, async () => {
      if (this.#openIn(container) !== null) return;
      const file = await this.#askPassphrase(container, human);
      if (certificate !== null && !samePublicKey(spkiOf(file.key), certificate.spki)) {
        throw new AppError('cert-key-mismatch');
      }
      this.#opened.set(path, { digest, file });
    });
  }

  async #askPassphrase(container: KeyContainer, human: Human): Promise<OpenKeyFile> {
    let previous: 'incorrect' | null = null;
    for (;;) {
      const question: PromptQuestion = {
        kind: 'passphrase',
        file: container.path,
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
          : passphraseNeeded(container.path);
      }
      try {
        const locks = this.#locks;
        const file = await container.unlock(answer.secret);
        if (locks !== this.#locks) throw passphraseNeeded(container.path); // it took a while
        return file;
      } catch (error) {
        if (!isAppError(error, 'passphrase-incorrect')) throw error;
        previous = 'incorrect';
      }
    }
  }
}

/** @throws AppError `account-invalid`. */
function certificateFile(path: string, { certificate }: SignerAccount): string {
  if (certificate === null || !isPkcs11Uri(certificate)) return certificate ?? path;
  throw new AppError('account-invalid', {
    message: 'A key in a file takes its certificate from a file, not from a token.',
  });
}

function signerKey(path: string): SignerKey {
  return { uri: path, token: null, hardware: false, touch: 'never', alwaysAuthenticate: false };
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
    this.key = signerKey(path);
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
