/** A module in use: its host, and which of its tokens would sign now without a human. */
import { isAppError, type ErrorCode } from '../../shared/errors.ts';
import { HostClient, type HostClientOptions } from './host-client.ts';
import { tokenName } from './host/protocol.ts';
import type { HostModule, HostObjects, HostParams, HostToken, TokenRef } from './host/protocol.ts';

/** After these the login of a token, or the PIN held for it, cannot be counted on. */
const loginLost: readonly ErrorCode[] = [
  ...(['pin-needed', 'pin-incorrect', 'pin-final', 'pin-locked', 'token-absent'] as const),
];

export class ModuleHost {
  readonly #client: HostClient;
  readonly #ready = new Set<string>();

  constructor(options: Omit<HostClientOptions, 'onEnd'>) {
    this.#client = new HostClient({ ...options, onEnd: () => this.#ready.clear() });
  }

  get running(): boolean {
    return this.#client.running;
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
    return this.#client.request('open', {});
  }

  /** @param fresh initialise the module again first, so that tokens which came since are seen. */
  async tokens(fresh: boolean): Promise<readonly HostToken[]> {
    const tokens = await this.#client.request('tokens', { fresh });
    this.#ready.clear();
    for (const token of tokens) {
      if ((token.pinHeld && !token.pinFinalTry) || !token.loginRequired) this.#ready.add(tokenName(token));
    }
    return tokens;
  }

  objects(token: TokenRef): Promise<HostObjects> {
    return this.#watched(token, () => this.#client.request('objects', { token: refOf(token) }));
  }

  /** @param pin null: the held one, where the login was lost. */
  async login(token: TokenRef, pin: string | null): Promise<void> {
    await this.#watched(token, () => this.#client.request('login', { token: refOf(token), pin }));
    this.#ready.add(tokenName(token));
  }

  /** @param begin called when its turn has come; what it throws keeps it from being signed. */
  async sign(params: HostParams<'sign'>, begin?: () => void): Promise<Uint8Array> {
    const { token } = params;
    const { signature } = await this.#watched(token, () =>
      this.#client.request('sign', { ...params, token: refOf(token) }, begin),
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

  /** Ends the process where nobody waits for it and no PIN would be lost. */
  endIfUnused(): void {
    if (!this.#client.busy && this.#ready.size === 0) void this.#client.end();
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

/** A token's name and nothing of what else is known of it. */
function refOf({ serial, label, manufacturer, model }: TokenRef): TokenRef {
  return { serial, label, manufacturer, model };
}
