/** The token hosts of an engine: one per module file, each started when it is first asked something. */
import { AppError } from '../../shared/errors.ts';
import type { Clock, Logger, TokenHost, TokenHosts } from '../ports.ts';
import type { HostCounts } from './host/protocol.ts';
import type { FoundModule } from './module-finder.ts';
import { ModuleHost, type ModuleHostOptions, type TokenChange } from './module-host.ts';

export interface ModuleHostsOptions {
  readonly hosts: TokenHosts;
  readonly clock: Clock;
  readonly log: Logger;
  /** Tokens came or went. */
  readonly onTokens: (change: TokenChange) => void;
  readonly onHeldPinRefused?: NonNullable<ModuleHostOptions['onHeldPinRefused']>;
}

export class ModuleHosts {
  readonly #options: ModuleHostsOptions;
  readonly #byFile = new Map<string, ModuleHost>();
  #closed = false;
  #ends = 0;

  constructor({ hosts, ...options }: ModuleHostsOptions) {
    this.#options = { ...options, hosts: { start: (path) => this.#start(hosts, path) } };
  }

  of({ file: { path } }: FoundModule): ModuleHost {
    let host = this.#byFile.get(path);
    if (host === undefined) {
      host = new ModuleHost({ path, ...this.#options });
      this.#byFile.set(path, host);
    }
    return host;
  }

  /** Sums over the hosts that run; a host that ended takes its counts with it. */
  async counts(): Promise<HostCounts> {
    const counts = await Promise.all(this.#running().map((host) => host.counts()));
    return counts.reduce((sum, { sign, login }) => ({ sign: sum.sign + sign, login: sum.login + login }), {
      sign: 0,
      login: 0,
    });
  }

  /** Looks whether the tokens are still there whose PINs are held: what is held is not to outlast them. */
  async lookAtHeld(): Promise<void> {
    const held = this.#running().filter(({ holdsLogin }) => holdsLogin);
    await Promise.allSettled(held.map((host) => host.tokens(false)));
  }

  /** How often all hosts were ended: what was read meanwhile is not all there is. */
  get ends(): number {
    return this.#ends;
  }

  /** @returns when all processes are gone. */
  async endAll(): Promise<void> {
    this.#ends += 1;
    await Promise.all(Array.from(this.#byFile.values(), (host) => host.end()));
  }

  /** Ends all hosts and starts none again. */
  close(): Promise<void> {
    this.#closed = true;
    return this.endAll();
  }

  #start(hosts: TokenHosts, path: string): TokenHost {
    if (this.#closed) throw new AppError('cancelled');
    return hosts.start(path);
  }

  #running(): ModuleHost[] {
    return Array.from(this.#byFile.values()).filter(({ running }) => running);
  }
}
