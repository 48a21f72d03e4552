/**
 * Sessions over real modules: everything of the engine from an account to its signature, without AWS. The sessions' clock
 * is moved by hand, so that nothing is tried by a pause that is over, but what the computer, its tokens or a test cause.
 */
import type { TokenHosts } from '../../../src/main/ports.ts';
import { SessionService } from '../../../src/main/sessions/session-service.ts';
import type { Signer } from '../../../src/main/tokens/signer.ts';
import type { TokenService } from '../../../src/main/tokens/token-service.ts';
import type { Account, State } from '../../../src/shared/model.ts';
import { FakeClock } from '../../support/fakes/clock.ts';
import { account as sample } from '../../unit/sessions/create-session-world.ts';
import { human, nobody, silentLog, type ScriptedHuman } from '../../unit/tokens/doubles.ts';
import { realService } from './real-service.ts';

const minute = 60_000;

export interface KeyEngineOptions {
  readonly hosts: TokenHosts;
  /** The module all accounts use. */
  readonly module: string;
  /** PKCS#11 URIs of keys, by account. */
  readonly accounts: Readonly<Record<string, string>>;
}

export class KeyEngine {
  readonly tokens: TokenService;
  readonly sessions: SessionService;
  /** Accounts in the order their requests were signed. */
  readonly signed: string[] = [];
  readonly #clock = new FakeClock();
  readonly #accounts: Account[];
  /** The last of each account. */
  readonly #signers = new Map<string, Signer>();

  constructor({ hosts, module, accounts }: KeyEngineOptions) {
    this.#accounts = Object.entries(accounts).map(([id, uri]) => ({
      ...sample,
      ...{ id, label: id, awsProfile: id, keys: [uri], pkcs11Lib: module },
    }));
    this.tokens = realService({
      hosts,
      confirmedModules: { has: () => true, knows: () => true, paths: () => [], add: () => undefined },
      onTokens: (change) => this.sessions.tokensChanged(change),
    });
    this.sessions = new SessionService({
      accounts: { get: (id) => this.#accounts.find((account) => account.id === id)! },
      prepareSigner: (account) => this.tokens.signer(account),
      createSession: async ({ id }, signer) => {
        this.#signers.set(id, signer);
        await signer.sign(Buffer.from(`a request for ${id}`)); // which verifies what it gets
        this.signed.push(id);
        const issuedAt = this.#clock.now();
        const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'token' };
        return { credentials, issuedAt, expiresAt: issuedAt + 60 * minute, assumedRoleArn: null };
      },
      outlets: { publish: () => Promise.resolve(), withdraw: () => Promise.resolve() },
      unemptied: { list: () => [], add: () => undefined, delete: () => undefined },
      clock: this.#clock,
      random: () => 0.99,
      logger: silentLog,
      onChange: () => undefined,
      bystander: nobody,
      onAsk: () => undefined,
    });
  }

  state(id: string): State {
    return this.sessions.state(id);
  }

  /** What an account does, and why, in a word or two. */
  word(id: string): string {
    const { activity, reason, error } = this.state(id);
    return [activity, reason ?? error?.code ?? ''].join(' ').trim();
  }

  /** Whether the account's key would sign now without a person, as far as the engine knows without asking the module. */
  isReady(id: string): boolean {
    return this.#signers.get(id)?.readyWithoutHuman() ?? false;
  }

  /** Somebody connects, and types these PINs when asked. @returns who it was, with the questions. */
  async connect(ids: readonly string[], ...pins: string[]): Promise<ScriptedHuman> {
    const somebody = human(...pins);
    await this.sessions.connect(ids, somebody);
    return somebody;
  }

  /** Half of an hour's session passes, and renewal is due. What comes of it is told by {@link word}. */
  halfLife(): void {
    this.#clock.sleep(31 * minute);
    this.sessions.nudge();
  }

  /** Lets time pass until the account is tried again. @returns milliseconds. */
  async nextTry(id: string): Promise<number> {
    const { retryAt } = this.state(id);
    if (retryAt === null) throw new Error(`${id} is not tried again`);
    const pause = Math.max(0, Date.parse(retryAt) - this.#clock.now()) + 1000; // told in whole seconds
    await this.#clock.advance(pause);
    return pause;
  }

  async close(): Promise<void> {
    await this.sessions.stop();
    await this.tokens.close();
  }
}
