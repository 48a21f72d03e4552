/** The Http port on undici: verified TLS, bounded in time and size, no redirect, connections kept and made ahead. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import { Agent, request, type Dispatcher } from 'undici';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { Http, HttpRequest, HttpResponse } from '../ports.ts';
import { isLoopback } from '../roles-anywhere/endpoint.ts';
import { Connector, idleMs } from './http-connector.ts';
import { isCut, networkError } from './http-errors.ts';
import { parseProxy, type Proxy } from './http-proxy.ts';

const maxBodyBytes = 1024 * 1024;

export interface NodeHttpOptions {
  /**
   * PEM file of the CAs to trust in place of all others (AWS_CA_BUNDLE); null: the built-in ones, and those of the file
   * that NODE_EXTRA_CA_CERTS names, which Node itself reads.
   */
  readonly caBundlePath: string | null;
  /** Absent or null: none. */
  readonly proxy?: Proxy | null;
}

/**
 * What the environment says of the network: AWS_CA_BUNDLE, HTTPS_PROXY and NO_PROXY, the latter two also in small
 * letters, which come first as in curl and the AWS tools.
 * @throws AppError `usage-invalid` where HTTPS_PROXY is not an address.
 */
export function httpOptionsOf(env: Readonly<Record<string, string | undefined>>): NodeHttpOptions {
  const set = (...names: string[]): string | null =>
    names.map((name) => env[name]?.trim() ?? '').find((value) => value !== '') ?? null;
  const proxy = set('https_proxy', 'HTTPS_PROXY');
  return {
    caBundlePath: set('AWS_CA_BUNDLE'),
    proxy: proxy === null ? null : { url: parseProxy(proxy), except: set('no_proxy', 'NO_PROXY') ?? '' },
  };
}

/** @throws AppError `file-unreadable`, `file-undecodable` where the CA bundle cannot be used. */
export function createNodeHttp(options: NodeHttpOptions): NodeHttp {
  const { caBundlePath, proxy = null } = options;
  const secureContext = caBundlePath === null ? undefined : trusting(caBundlePath);
  return new NodeHttp(new Connector({ secureContext, proxy }));
}

export class NodeHttp implements Http {
  readonly #connector: Connector;
  #agent: Agent;
  /** When a request was last begun or ended, this computer's time. */
  #usedAt = Date.now();

  constructor(connector: Connector) {
    this.#connector = connector;
    this.#agent = this.#makeAgent();
  }

  async send(wanted: HttpRequest): Promise<HttpResponse> {
    const url = new URL(wanted.url);
    const { protocol, host, origin } = url;
    const { timeoutMs } = wanted;
    refuseInsecure(url);
    this.#leaveWhatSleptOver();
    const signal = AbortSignal.timeout(timeoutMs);
    const made = this.#connector.made(origin);
    const agent = this.#agent;
    try {
      const answer = await exchange(agent, wanted, signal).catch((error: unknown) => {
        // One that was kept, and that the other side gave up before it had seen this request: no failure of anybody's.
        const wasKept = this.#connector.made(origin) === made;
        if (!wasKept || !isCut(error)) throw error;
        if (agent === this.#agent) this.#leaveConnections();
        return exchange(this.#agent, wanted, signal);
      });
      return { ...answer, verified: protocol === 'https:' };
    } catch (error) {
      if (isAppError(error)) throw error;
      throw networkError(error, { host, timeoutMs, proxy: this.#connector.proxyFor(url) });
    } finally {
      this.#usedAt = Date.now();
    }
  }

  warm(text: string): void {
    const url = new URL(text);
    refuseInsecure(url);
    this.#leaveWhatSleptOver();
    if (Number(this.#agent.stats[url.origin]?.connected ?? 0) === 0) this.#connector.warm(url);
  }

  /** Cuts what is under way. */
  async close(): Promise<void> {
    this.#connector.close();
    await this.#agent.destroy();
  }

  #makeAgent(): Agent {
    return new Agent({
      connect: this.#connector.connect,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
    });
  }

  /** A timer does not run while the computer sleeps: what the wall clock calls old is not trusted. */
  #leaveWhatSleptOver(): void {
    const now = Date.now();
    if (Math.abs(now - this.#usedAt) > idleMs) this.#leaveConnections();
    this.#usedAt = now;
  }

  /** Requests under way end on them, new ones get new ones. */
  #leaveConnections(): void {
    const old = this.#agent;
    this.#agent = this.#makeAgent();
    this.#connector.close();
    old.close().catch(() => undefined); // whoever waits for a request on it is told
  }
}

/** @throws AppError `endpoint-insecure`. */
function refuseInsecure({ protocol, hostname, host }: URL): void {
  if (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))) return;
  throw new AppError('endpoint-insecure', { message: `The endpoint ${host} is not https.` });
}

async function exchange(
  dispatcher: Dispatcher,
  { method, url, headers, body, timeoutMs }: HttpRequest,
  signal: AbortSignal,
): Promise<Omit<HttpResponse, 'verified'>> {
  const response = await within(
    signal,
    request(url, {
      dispatcher,
      method,
      headers: { ...headers },
      ...(body === undefined ? {} : { body }),
      signal,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    }),
  );
  const text = await boundedText(response.body, new URL(url).host);
  await setImmediate(); // undici frees the connection a turn after the body's end: who asks at once would get a second one
  return { status: response.statusCode, headers: singleHeaders(response.headers), body: text };
}

/** undici takes notice of the signal only once it has a connection: name look-up and handshakes have their own time. */
async function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** TLS that trusts the CAs of a PEM file and no others. @throws AppError `file-unreadable`, `file-undecodable`. */
function trusting(path: string): SecureContext {
  let ca: string;
  try {
    ca = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AppError('file-unreadable', {
      message: `The CA bundle ${path} (AWS_CA_BUNDLE) cannot be read.`,
      cause,
    });
  }
  try {
    // The context itself would take anything, and trust nobody.
    if (new X509Certificate(ca).raw.length > 0) return createSecureContext({ ca });
  } catch {
    // Said below.
  }
  throw new AppError('file-undecodable', {
    message: `The CA bundle ${path} (AWS_CA_BUNDLE) holds no certificate.`,
    remedy: 'Set AWS_CA_BUNDLE to a PEM file of the CAs to trust, and start the agent again.',
  });
}

function singleHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}

async function boundedText(body: Dispatcher.ResponseData['body'], host: string): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBodyBytes) {
      body.destroy();
      throw new AppError('response-invalid', {
        message: `The answer of ${host} is longer than any of AWS’s.`,
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
