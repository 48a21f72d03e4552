/** Keys for whoever needs a signature, and the list of all keys there are. */
import { AppError } from '../../shared/errors.ts';
import type { Tokens } from '../../shared/model.ts';
import type { Clock, Files, Logger, ModuleFiles, ReaderService, SshAgent, TokenHosts } from '../ports.ts';
import { FileKeys } from './file-keys.ts';
import type { HostCounts, HostToken } from './host/protocol.ts';
import { matchKeys, type TokenContents } from './key-matching.ts';
import { createModuleFinder, type ConfirmedModules, type ModuleFinder } from './module-finder.ts';
import type { ModuleHost, TokenChange } from './module-host.ts';
import { ModuleHosts } from './module-hosts.ts';
import { RememberedPins, type RememberedPinsOptions } from './remembered-pins.ts';
import type { Computer } from './shared-library.ts';
import {
  unsealed,
  type Attempt,
  type Human,
  type SealedKey,
  type Signer,
  type SignerAccount,
} from './signer.ts';
import { isSshAgentKey, SshAgentKeys } from './ssh-agent-keys.ts';
import { alwaysAuthenticatesById } from './token-info.ts';
import { TokenKeys } from './token-keys.ts';
import { TokenList } from './token-list.ts';
import { TokenLogins } from './token-login.ts';
import { TouchWatch } from './touch-watch.ts';
import { isPkcs11Uri } from './uri.ts';

export interface TokenServiceOptions {
  readonly hosts: TokenHosts;
  readonly moduleFiles: ModuleFiles;
  readonly confirmedModules: ConfirmedModules;
  readonly files: Files;
  readonly sshAgent: SshAgent;
  readonly clock: Clock;
  readonly log: Logger;
  readonly computer: Computer;
  /** Of smart cards; asked why a module that needs it fails. Absent: nobody is asked. */
  readonly readerService?: ReaderService;
  /** Tokens came or went, as far as a module that is in use showed it. Absent: nobody listens. */
  readonly onTokens?: (change: TokenChange) => void;
  /** What the hosts are started with: where the TPM's module looks for its store. Absent: nothing. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** The keyring, and which tokens' PINs are in it. Absent: no PIN can be remembered. */
  readonly remembered?: Omit<RememberedPinsOptions, 'log'>;
}

export interface TokenService {
  /**
   * The first of the account's keys that is there, with its certificate as it is now, or sealed. Asks nobody anything.
   * @throws AppError where none is there what the first one lacks (`token-absent`, `key-unknown`, `module-missing`,
   * `file-unreadable`, `ssh-agent-missing`, `ssh-key-missing`); else `account-invalid`, `key-ambiguous`, `key-unsupported`, `module-*`,
   * `cert-missing`, `cert-unreadable`, `cert-key-mismatch`, `token-failed`.
   */
  find(account: SignerAccount): Promise<Signer | SealedKey>;
  /** @throws AppError what {@link find} throws, and `pin-needed` for a key that is sealed. */
  signer(account: SignerAccount): Promise<Signer>;
  /**
   * Modules, tokens and keys: of the one module named, else of all that need no confirmation or have it.
   * @param query `pkcs11Lib` absolute; `login` asks a PIN for each token that takes one, so that private keys are seen.
   * @param human null: nobody can be asked.
   * @throws AppError of a module that was named, and of a login; what other modules fail with is in the list.
   */
  tokens(query: { pkcs11Lib: string | null; login: boolean }, human: Human | null): Promise<Tokens>;
  /**
   * Loads nothing. A module of the built-in list need not be there.
   * @throws AppError `module-unconfirmed`, `module-missing`, `module-not-pkcs11`, `module-unsafe`.
   */
  refuseUnconfirmed(modulePath: string): Promise<void>;
  /** How often keys on tokens signed and tokens were logged in to, in the hosts that run. */
  counts(): Promise<HostCounts>;
  /**
   * Something was plugged in or pulled out: looks whether the tokens are still there whose PINs are held. Loads no module.
   */
  lookAtHeld(): Promise<void>;
  /**
   * Forgets every PIN and passphrase: no host is used any more. What was waiting for one of them fails with `pin-needed`
   * at once. A PIN in the keyring is used again once a human asks for its token.
   * @returns when their processes are gone, each after the call it was in, or killed.
   */
  lock(): Promise<void>;
  /** Takes every remembered PIN out of the keyring. @throws AppError `keyring-missing`, `keyring-locked`. */
  forgetRemembered(): Promise<void>;
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
  readonly #remembered: RememberedPins;
  readonly #logins: TokenLogins;
  readonly #fileKeys: FileKeys;
  readonly #sshAgentKeys: SshAgentKeys;
  readonly #tokenKeys: TokenKeys;
  readonly #tokenList: TokenList;
  /** Warnings said already. */
  readonly #warned = new Set<string>();

  constructor(options: TokenServiceOptions) {
    this.#options = options;
    this.#finder = createModuleFinder({ environment: {}, ...options });
    const { hosts, remembered, log, onTokens = () => undefined } = options;
    this.#remembered = new RememberedPins(remembered === undefined ? null : { ...remembered, log });
    this.#hosts = new ModuleHosts({
      ...{ hosts, clock: options.clock, log, onTokens },
      onHeldPinRefused: (token) => this.#remembered.heldRefused(token),
    });
    this.#logins = new TokenLogins(this.#remembered);
    this.#fileKeys = new FileKeys(options);
    this.#sshAgentKeys = new SshAgentKeys({ ...options, agent: options.sshAgent });
    const shared = {
      finder: this.#finder,
      hosts: this.#hosts,
      logins: this.#logins,
      readContents: (host: ModuleHost, token: HostToken) => this.#readContents(host, token),
    };
    const { files, clock } = options;
    this.#tokenKeys = new TokenKeys({ ...shared, files, clock, touches: new TouchWatch(clock) });
    this.#tokenList = new TokenList(shared);
  }

  async signer(account: SignerAccount): Promise<Signer> {
    return unsealed(await this.find(account));
  }

  async find(account: SignerAccount): Promise<Signer | SealedKey> {
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

  refuseUnconfirmed(modulePath: string): Promise<void> {
    return this.#finder.refuseUnconfirmed(modulePath);
  }

  counts(): Promise<HostCounts> {
    return this.#hosts.counts();
  }

  lookAtHeld(): Promise<void> {
    return this.#hosts.lookAtHeld();
  }

  lock(): Promise<void> {
    this.#remembered.lock();
    this.#fileKeys.forget();
    return this.#hosts.endAll();
  }

  forgetRemembered(): Promise<void> {
    return this.#remembered.forgetAll();
  }

  close(): Promise<void> {
    this.#fileKeys.forget();
    return this.#hosts.close();
  }

  async #find(key: string, account: SignerAccount): Promise<Attempt> {
    if (isPkcs11Uri(key)) return this.#tokenKeys.find(key, account);
    if (isSshAgentKey(key)) return this.#sshAgentKeys.find(key, account);
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
