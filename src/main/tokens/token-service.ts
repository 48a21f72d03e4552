/** Keys for whoever needs a signature, and the list of all keys there are. */
import { AppError } from '../../shared/errors.ts';
import type { Tokens } from '../../shared/model.ts';
import type { Clock, Files, Logger, ModuleFiles, TokenHosts } from '../ports.ts';
import { FileKeys } from './file-keys.ts';
import type { HostCounts, HostToken } from './host/protocol.ts';
import { matchKeys, type TokenContents } from './key-matching.ts';
import { createModuleFinder, type ConfirmedModules, type ModuleFinder } from './module-finder.ts';
import type { ModuleHost } from './module-host.ts';
import { ModuleHosts } from './module-hosts.ts';
import type { Computer } from './shared-library.ts';
import type { Attempt, Human, Signer, SignerAccount } from './signer.ts';
import { SingleFlight } from './single-flight.ts';
import { alwaysAuthenticatesById } from './token-info.ts';
import { TokenKeys } from './token-keys.ts';
import { TokenList } from './token-list.ts';
import { isPkcs11Uri } from './uri.ts';

export interface TokenServiceOptions {
  readonly hosts: TokenHosts;
  readonly moduleFiles: ModuleFiles;
  readonly confirmedModules: ConfirmedModules;
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Logger;
  readonly computer: Computer;
}

export interface TokenService {
  /**
   * The first of the account's keys that is there, with its certificate as it is now. Asks nobody anything.
   * @throws AppError where none is there what the first one lacks (`token-absent`, `key-unknown`, `module-missing`,
   * `file-unreadable`); else `account-invalid`, `key-ambiguous`, `key-unsupported`, `module-*`, `cert-missing`,
   * `cert-unreadable`, `cert-key-mismatch`, `token-failed`.
   */
  signer(account: SignerAccount): Promise<Signer>;
  /**
   * Modules, tokens and keys: of the one module named, else of all built-in ones.
   * @param query `pkcs11Lib` absolute; `login` asks a PIN for each token that takes one, so that private keys are seen.
   * @param human null: nobody can be asked.
   * @throws AppError of a module that was named, and of a login; what other modules fail with is in the list.
   */
  tokens(query: { pkcs11Lib: string | null; login: boolean }, human: Human | null): Promise<Tokens>;
  /** How often keys on tokens signed and tokens were logged in to, in the hosts that run. */
  counts(): Promise<HostCounts>;
  /**
   * Forgets every PIN and passphrase: no host is used any more. What was waiting for one of them fails with `pin-needed`
   * at once.
   * @returns when their processes are gone, each after the call it was in, or killed.
   */
  lock(): Promise<void>;
  /** Locks for good. */
  close(): Promise<void>;
}

export function createTokenService(options: TokenServiceOptions): TokenService {
  return new Service(options);
}

class Service implements TokenService {
  readonly #options: TokenServiceOptions;
  readonly #finder: ModuleFinder;
  readonly #hosts: ModuleHosts;
  readonly #logins = new SingleFlight();
  readonly #fileKeys: FileKeys;
  readonly #tokenKeys: TokenKeys;
  readonly #tokenList: TokenList;
  /** Warnings said already. */
  readonly #warned = new Set<string>();

  constructor(options: TokenServiceOptions) {
    this.#options = options;
    this.#finder = createModuleFinder(options);
    this.#hosts = new ModuleHosts(options);
    this.#fileKeys = new FileKeys(options);
    const shared = {
      finder: this.#finder,
      hosts: this.#hosts,
      logins: this.#logins,
      readContents: (host: ModuleHost, token: HostToken) => this.#readContents(host, token),
    };
    this.#tokenKeys = new TokenKeys({ ...shared, files: options.files, clock: options.clock });
    this.#tokenList = new TokenList(shared);
  }

  async signer(account: SignerAccount): Promise<Signer> {
    let firstAbsent: AppError | null = null;
    for (const key of account.keys) {
      const attempt = await this.#find(key, account);
      if ('signer' in attempt) return attempt.signer;
      firstAbsent ??= attempt.absent;
    }
    throw firstAbsent ?? new AppError('key-unknown');
  }

  tokens(query: { pkcs11Lib: string | null; login: boolean }, human: Human | null): Promise<Tokens> {
    return this.#tokenList.read(query, human);
  }

  counts(): Promise<HostCounts> {
    return this.#hosts.counts();
  }

  lock(): Promise<void> {
    this.#fileKeys.forget();
    return this.#hosts.endAll();
  }

  close(): Promise<void> {
    this.#fileKeys.forget();
    return this.#hosts.close();
  }

  async #find(key: string, account: SignerAccount): Promise<Attempt> {
    if (isPkcs11Uri(key)) return this.#tokenKeys.find(key, account);
    if (key.startsWith('ssh-agent:')) {
      const message = 'Keys of an ssh-agent are not supported yet.';
      const remedy =
        'Name a key on a token or in a PEM file instead: rolekey accounts edit ID --private-key KEY.';
      return { absent: new AppError('key-unsupported', { message, remedy }) };
    }
    return this.#fileKeys.find(key, account);
  }

  async #readContents(host: ModuleHost, token: HostToken): Promise<TokenContents> {
    const contents = matchKeys(await host.objects(token), this.#options.clock.now(), (id) =>
      alwaysAuthenticatesById(token, id),
    );
    for (const warning of contents.warnings) {
      const line = `${token.label}: ${warning}`;
      if (!this.#warned.has(line)) this.#options.log.log('warn', 'token-object-skipped', { object: line });
      this.#warned.add(line);
    }
    return contents;
  }
}
