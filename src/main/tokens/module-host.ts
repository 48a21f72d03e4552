/** A module in use: its host, and which of its tokens would sign now without a human. */
import { isAppError, type ErrorCode } from '../../shared/errors.ts';
import { HostClient, type HostClientOptions } from './host-client.ts';
import type { Clock } from '../ports.ts';
import { refOf, releaseAfterMs, tokenName } from './host/protocol.ts';
import type {
  HostMethod,
  HostModule,
  HostObjects,
  HostParams,
  HostResult,
  HostToken,
  TokenRef,
} from './host/protocol.ts';

/** After these the login of a token, or the PIN held for it, cannot be counted on. */
const loginLost: readonly ErrorCode[] = [
  ...(['pin-needed', 'pin-incorrect', 'pin-final', 'pin-locked', 'token-absent'] as const),
];

/**
 * After how many failures in a row a process is given up that answers, but whose module does not work, though it was
 * initialised anew for each: some of its state may be beyond that. With the process goes its PIN, so where one is held
 * more patience is worth a try: a reader's service that is being updated is back after a minute.
 */
const patience = { withPin: 5, without: 2 };

/** What changed of the tokens a module shows. */
export interface TokenChange {
  readonly came: readonly TokenRef[];
  readonly went: readonly TokenRef[];
}

export interface ModuleHostOptions extends Omit<HostClientOptions, 'onEnd' | 'onTokens'> {
  readonly onTokens: (change: TokenChange) => void;
}

export class ModuleHost {
  readonly #client: HostClient;
  readonly #ready = new Set<string>();
  readonly #onTokens: (change: TokenChange) => void;
  /** Tokens by name that were there when that was seen last, by this process or one before it. */
  #present: ReadonlyMap<string, TokenRef> = new Map();
  #failures = 0;
  readonly #clock: Clock;
  /** Calls off the end that is to come; null where none is. */
  #cancelEnd: (() => void) | null = null;

  constructor(options: ModuleHostOptions) {
    this.#onTokens = options.onTokens;
    this.#clock = options.clock;
    this.#client = new HostClient({
      ...options,
      onEnd: () => {
        this.#ready.clear();
        this.#failures = 0;
        this.#cancelEnd?.();
        this.#cancelEnd = null;
      },
      onTokens: (present) => this.#seen(present),
    });
  }

  get running(): boolean {
    return this.#client.running;
  }

  /** Whether a PIN would be lost with the process, or a token is there that takes none. */
  get holdsLogin(): boolean {
    return this.#ready.size > 0;
  }

  /** One name per token of all modules. */
  nameOf(token: TokenRef): string {
    return `${this.#client.path} ${tokenName(token)}`;
  }

  /** Whether the token needs no login, or its accepted PIN is held and would not be the last try. */
  isReady(token: TokenRef): boolean {
    return this.#ready.has(tokenName(token));
  }

  info(): Promise<HostModule> {
    return this.#request('open', {});
  }

  /** @param fresh initialise the module again first, so that tokens which came since are seen. */
  async tokens(fresh: boolean): Promise<readonly HostToken[]> {
    const tokens = await this.#request('tokens', { fresh });
    this.#ready.clear();
    for (const token of tokens) {
      if ((token.pinHeld && !token.pinFinalTry) || !token.loginRequired) this.#ready.add(tokenName(token));
    }
    return tokens;
  }

  objects(token: TokenRef): Promise<HostObjects> {
    return this.#watched(token, () => this.#request('objects', { token: refOf(token) }));
  }

  /** @param pin null: the held one, where the login was lost. */
  async login(token: TokenRef, pin: string | null): Promise<void> {
    await this.#watched(token, () => this.#request('login', { token: refOf(token), pin }));
    this.#ready.add(tokenName(token));
  }

  /** @param begin called when its turn has come; what it throws keeps it from being signed. */
  async sign(params: HostParams<'sign'>, begin?: () => void): Promise<Uint8Array> {
    const { token } = params;
    const { signature } = await this.#watched(token, () =>
      this.#request('sign', { ...params, token: refOf(token) }, begin),
    );
    return Buffer.from(signature, 'base64');
  }

  counts(): Promise<{ sign: number; login: number }> {
    return this.#client.request('counts', {});
  }

  /** @returns when the process is gone. */
  end(): Promise<void> {
    return this.#client.end();
  }

  /**
   * As {@link endIfUnused}, but a token that is plugged in within moments is seen first: somebody looks for one. As long as
   * the module would be held anyway.
   */
  endSoonIfUnused(): void {
    this.#cancelEnd?.();
    this.#cancelEnd = this.#clock.after(releaseAfterMs, () => {
      this.#cancelEnd = null;
      this.endIfUnused();
    });
  }

  /** Ends the process where nobody waits for it and no PIN would be lost. */
  endIfUnused(): void {
    if (!this.#client.busy && !this.holdsLogin) void this.#client.end();
  }

  #seen(tokens: readonly TokenRef[]): void {
    const before = this.#present;
    const now = new Map(tokens.map((token) => [tokenName(token), token]));
    this.#present = now;
    const came = [...now].flatMap(([name, token]) => (before.has(name) ? [] : [token]));
    const went = [...before].flatMap(([name, token]) => (now.has(name) ? [] : [token]));
    for (const token of went) this.#ready.delete(tokenName(token));
    if (came.length + went.length > 0) this.#onTokens({ came, went });
  }

  async #request<M extends HostMethod>(
    method: M,
    params: HostParams<M>,
    begin?: () => void,
  ): Promise<HostResult<M>> {
    if (this.#cancelEnd !== null && method !== 'counts') this.endSoonIfUnused(); // as long as after that
    try {
      const result = await this.#client.request(method, params, begin);
      this.#failures = 0;
      return result;
    } catch (error) {
      if (isAppError(error, 'token-failed')) this.#endure();
      else this.#failures = 0;
      throw error;
    }
  }

  /** The module failed once more. */
  #endure(): void {
    if (!this.running) return; // the process itself did, and the next one begins anew
    this.#failures += 1;
    if (this.#failures < (this.holdsLogin ? patience.withPin : patience.without)) return;
    this.#client.giveUp(`${String(this.#failures)} failures in a row`);
  }

  async #watched<T>(token: TokenRef, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (isAppError(error) && loginLost.includes(error.code)) this.#ready.delete(tokenName(token));
      throw error;
    }
  }
}
