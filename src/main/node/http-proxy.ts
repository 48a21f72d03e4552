/** The way out through an HTTP proxy: its address, and a tunnel through it (RFC 9110, section 9.3.6, CONNECT). */
import { request as plainRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { AppError } from '../../shared/errors.ts';

/** What requests to other computers go through. */
export interface Proxy {
  /** Address of the proxy, with name and password where it wants them. */
  readonly url: URL;
  /** NO_PROXY: hosts that are reached without it, separated by commas; `*` for all. */
  readonly except: string;
}

/** The proxy is at fault, or could not do what was asked of it; the host behind it was never reached. */
export class ProxyFailure extends Error {
  override readonly name = 'ProxyFailure';
  /** What it answered; null where it did not. */
  readonly status: number | null;

  constructor(status: number | null, cause?: unknown) {
    super('no tunnel', cause === undefined ? undefined : { cause });
    this.status = status;
  }
}

/**
 * The address in HTTPS_PROXY; `HOST:PORT` is taken for http, as curl does.
 * @throws AppError `usage-invalid`.
 */
export function parseProxy(text: string): URL {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && isDecodable(url)) return url;
  throw new AppError('usage-invalid', {
    // The text is not repeated: it may hold a password.
    message: 'HTTPS_PROXY is not an address such as http://HOST:PORT.',
    remedy: 'Correct it, and start the agent again.',
  });
}

/**
 * Opens a tunnel to `target` (`HOST:PORT`). Nothing but that goes to the proxy; its certificate, where it has one, must be
 * trusted as any other.
 * @param secureContext the CAs to trust; undefined: Node's own.
 * @param ended raised, the attempt is given up and its connection closed.
 * @throws ProxyFailure.
 */
export async function openTunnel(
  { protocol, hostname, port, username, password }: URL,
  target: string,
  secureContext: SecureContext | undefined,
  ended: AbortSignal,
): Promise<Socket> {
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const options = {
    method: 'CONNECT',
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
    path: target,
    headers: {
      host: target,
      ...(credentials === ':'
        ? {}
        : { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }),
    },
    agent: false,
    setHost: false,
  } as const;
  const asking =
    protocol === 'https:'
      ? tlsRequest({ ...options, rejectUnauthorized: true, ...(secureContext && { secureContext }) })
      : plainRequest(options);
  return tunnelOf(asking, ended);
}

async function tunnelOf(asking: ClientRequest, ended: AbortSignal): Promise<Socket> {
  const giveUp = (): void => void asking.destroy(ended.reason as Error);
  ended.addEventListener('abort', giveUp, { once: true });
  try {
    return await new Promise<Socket>((resolve, reject) => {
      asking.on('error', (error) => reject(new ProxyFailure(null, error)));
      // Whatever a proxy answers to CONNECT comes here, refusals too.
      asking.on('connect', ({ statusCode = 0 }: IncomingMessage, socket: Socket, head: Buffer) => {
        if (statusCode >= 200 && statusCode < 300) {
          if (head.length > 0) socket.unshift(head);
          resolve(socket);
        } else {
          socket.on('error', () => undefined).destroy();
          reject(new ProxyFailure(statusCode));
        }
      });
      asking.end();
    });
  } finally {
    ended.removeEventListener('abort', giveUp);
  }
}

/** Whether name and password can be sent: a bare `%` is no character. */
function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}
