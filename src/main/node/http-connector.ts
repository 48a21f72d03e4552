/** Connections to endpoints, straight or through the proxy, each made within five seconds, and one ahead of its request. */
import { isIP, type Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import { buildConnector } from 'undici';
import { isLoopback } from '../roles-anywhere/endpoint.ts';
import { isExcepted } from './http-no-proxy.ts';
import { openTunnel, type Proxy } from './http-proxy.ts';

/** For name look-up, TCP, proxy and TLS together, milliseconds. */
export const connectTimeoutMs = 5000;

/** How long a connection may lie idle, milliseconds: nobody keeps it much longer, and after a sleep it is long dead. */
export const idleMs = 60_000;

type Options = buildConnector.Options;
type Callback = buildConnector.Callback;
type Connection = Socket | TLSSocket;

/** The time for a connection is over. */
export class ConnectTimeout extends Error {
  override readonly name = 'ConnectTimeout';
}

export interface ConnectorOptions {
  /** The CAs to trust; undefined: Node's own. */
  readonly secureContext: SecureContext | undefined;
  readonly proxy: Proxy | null;
}

export class Connector {
  readonly #options: ConnectorOptions;
  readonly #straight: buildConnector.connector;
  /** Made ahead, by origin, for whoever asks next. */
  readonly #warmed = new Map<string, Promise<Connection | null>>();
  readonly #made = new Map<string, number>();

  constructor(options: ConnectorOptions) {
    const { secureContext } = options;
    this.#options = options;
    this.#straight = buildConnector({
      timeout: connectTimeoutMs,
      rejectUnauthorized: true, // said here, NODE_TLS_REJECT_UNAUTHORIZED is not asked
      ...(secureContext && { secureContext }),
    });
  }

  /** The proxy on the way to `url`; null where it is reached straight, as this computer always is. */
  proxyFor(url: URL): URL | null {
    const { proxy } = this.#options;
    return proxy === null || isLoopback(url.hostname) || isExcepted(url, proxy.except) ? null : proxy.url;
  }

  /** How many connections to `origin` were made for a request that waited for them. */
  made(origin: string): number {
    return this.#made.get(origin) ?? 0;
  }

  /** For undici: a connection, the one made ahead where there is one. */
  readonly connect: buildConnector.connector = (options, callback) => {
    const origin = originOf(options);
    const open = (): void => {
      this.#made.set(origin, this.made(origin) + 1);
      this.#open(options, callback);
    };
    const warmed = this.#warmed.get(origin);
    if (warmed === undefined) {
      open();
      return;
    }
    this.#warmed.delete(origin);
    void warmed.then((connection) => {
      if (connection === null || connection.destroyed) open();
      else callback(null, connection.ref());
    });
  };

  /** Makes a connection ahead, unless there is one. Whether it succeeds shows to nobody. */
  warm({ origin, protocol, hostname, host, port }: URL): void {
    if (this.#warmed.has(origin)) return;
    const making = new Promise<Connection | null>((resolve) => {
      const name = hostname.replace(/^\[(.*)\]$/, '$1');
      this.#open({ protocol, hostname: name, host, port }, (error, connection) => {
        if (error === null) resolve(connection);
        else resolve(null);
      });
    });
    this.#warmed.set(origin, making);
    void making.then((connection) => {
      if (connection === null) this.#forget(origin, making);
      else this.#keep(origin, making, connection);
    });
  }

  /** Ends what was made ahead. */
  close(): void {
    for (const making of this.#warmed.values()) void making.then((connection) => connection?.destroy());
    this.#warmed.clear();
  }

  #keep(origin: string, making: Promise<Connection | null>, connection: Connection): void {
    const isTaken = (): boolean => this.#warmed.get(origin) !== making;
    if (isTaken()) return;
    const timer = setTimeout(() => {
      if (!isTaken()) connection.destroy();
    }, idleMs);
    connection.unref();
    timer.unref();
    connection.once('close', () => {
      clearTimeout(timer);
      this.#forget(origin, making);
    });
  }

  #forget(origin: string, making: Promise<Connection | null>): void {
    if (this.#warmed.get(origin) === making) this.#warmed.delete(origin);
  }

  #open(wanted: Options, callback: Callback): void {
    const url = new URL(originOf(wanted));
    // undici takes the name from the Host header; who it must be is said by the address.
    const options = { ...wanted };
    if (isIP(wanted.hostname) === 0) options.servername = wanted.hostname;
    else delete options.servername;
    const proxy = this.proxyFor(url);
    if (proxy === null) this.#straight(options, callback);
    else this.#openThrough(proxy, url, options, callback);
  }

  #openThrough(proxy: URL, url: URL, options: Options, callback: Callback): void {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(new ConnectTimeout()), connectTimeoutMs);
    let settle: Callback | null = callback;
    const finish: Callback = (...result) => {
      clearTimeout(timer);
      settle?.(...result);
      settle = null;
    };
    const target = `${url.hostname}:${url.port === '' ? '443' : url.port}`;
    openTunnel(proxy, target, this.#options.secureContext, deadline.signal).then(
      (tunnel) => {
        deadline.signal.addEventListener('abort', () => {
          finish(new ConnectTimeout(), null);
          tunnel.destroy();
        });
        this.#straight({ ...options, httpSocket: tunnel }, finish);
      },
      (error: unknown) => finish(error instanceof Error ? error : new Error(String(error)), null),
    );
  }
}

/** As `URL` writes it: without a port that is the scheme's own. */
function originOf({ protocol, hostname, host, port }: Options): string {
  return new URL(`${protocol}//${host ?? `${hostname}:${port}`}`).origin;
}
