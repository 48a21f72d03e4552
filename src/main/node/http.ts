/** The Http port on undici: verified TLS, bounded in time and size, no redirect, one warmed connection per endpoint. */
import { readFileSync } from 'node:fs';
import { Agent, EnvHttpProxyAgent, request, type buildConnector, type Dispatcher } from 'undici';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { Http, HttpRequest, HttpResponse } from '../ports.ts';
import { isLoopback } from '../roles-anywhere/endpoint.ts';

const connectTimeoutMs = 5000;
const keepAliveMs = 60_000;
const maxBodyBytes = 1024 * 1024;

/** What requests to other computers go through. */
export interface Proxy {
  /** Address of the proxy, with name and password where it wants them. */
  readonly url: URL;
  /** NO_PROXY: hosts that are reached without it, separated by commas; `*` for all. */
  readonly except: string;
}

export interface NodeHttpOptions {
  /** PEM file of the CAs to trust in place of the built-in ones (AWS_CA_BUNDLE); null: the built-in ones. */
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
export function createNodeHttp(options: NodeHttpOptions): Http & { close(): Promise<void> } {
  const tls: buildConnector.BuildOptions = {
    timeout: connectTimeoutMs,
    rejectUnauthorized: true, // said here, NODE_TLS_REJECT_UNAUTHORIZED is not asked
    ...(options.caBundlePath === null ? {} : { ca: readBundle(options.caBundlePath) }),
  };
  const direct = new Agent({ connect: tls, keepAliveTimeout: keepAliveMs });
  const proxy = options.proxy ?? null;
  const outwards = proxy === null ? direct : proxyAgent(proxy, tls);

  async function send({ method, url, headers, body, timeoutMs }: HttpRequest): Promise<HttpResponse> {
    const { protocol, hostname, host } = new URL(url);
    const local = isLoopback(hostname);
    if (protocol !== 'https:' && !(protocol === 'http:' && local)) {
      throw new AppError('endpoint-insecure', { message: `The endpoint ${host} is not https.` });
    }
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await within(
        signal,
        request(url, {
          dispatcher: local ? direct : outwards,
          method,
          headers: { ...headers },
          ...(body === undefined ? {} : { body }),
          signal,
          headersTimeout: timeoutMs,
          bodyTimeout: timeoutMs,
        }),
      );
      return {
        status: response.statusCode,
        headers: singleHeaders(response.headers),
        body: await boundedText(response.body, host),
        verified: protocol === 'https:',
      };
    } catch (error) {
      throw isAppError(error) ? error : networkError(error, host, timeoutMs);
    }
  }

  return {
    send,
    close: async () => {
      await Promise.all([direct.destroy(), outwards.destroy()]);
    },
  };
}

function proxyAgent({ url, except }: Proxy, tls: buildConnector.BuildOptions): Dispatcher {
  return new EnvHttpProxyAgent({
    httpProxy: '', // plain http stays on this computer
    httpsProxy: url.href,
    noProxy: except,
    connect: tls,
    requestTls: tls,
    proxyTls: tls,
    keepAliveTimeout: keepAliveMs,
  });
}

/** Takes `HOST:PORT` for http, as curl does. */
function parseProxy(text: string): URL {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && isDecodable(url)) return url;
  throw new AppError('usage-invalid', {
    // The text is not repeated: it may hold a password.
    message: 'HTTPS_PROXY is not an address such as http://HOST:PORT.',
    remedy: 'Correct it, and start the agent again.',
  });
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

/** undici takes notice of the signal only once it has a connection: name look-up and handshakes have their own time. */
async function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function readBundle(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AppError('file-unreadable', {
      message: `The CA bundle ${path} (AWS_CA_BUNDLE) cannot be read.`,
      cause,
    });
  }
  if (/-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/.test(text)) return text;
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

/** Codes of OpenSSL's verification, as Node names them, and of Node's own host name check. */
const untrusted =
  /^(ERR_TLS_CERT_|CERT_|CRL_|ERROR_IN_C|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_(CA|PURPOSE)$|PATH_LENGTH_EXCEEDED$|HOSTNAME_MISMATCH$|UNSPECIFIED$)/;

/** What undici says of a proxy that answered CONNECT with another status than 200. Who gives up here gives another reason. */
const noTunnel = 'UND_ERR_ABORTED';

/** What ends an exchange whose time is up: our signal, or undici's own count of the same time. */
const timedOut = /^(TimeoutError|UND_ERR_(HEADERS|BODY)_TIMEOUT)$/;

function networkError(error: unknown, host: string, timeoutMs: number): AppError {
  const codes = codesOf(error);
  const distrust = codes.find((code) => untrusted.test(code));
  if (distrust !== undefined) {
    return new AppError('tls-untrusted', {
      message: `The certificate of ${host} is not trusted (${distrust}).`,
      cause: error,
    });
  }
  return new AppError('network-unreachable', { message: failureText(codes, host, timeoutMs), cause: error });
}

function failureText(codes: readonly string[], host: string, timeoutMs: number): string {
  if (codes.includes(noTunnel)) return `${host} could not be reached: the proxy of HTTPS_PROXY refused.`;
  if (codes.some((code) => timedOut.test(code))) {
    return `${host} did not answer in ${String(timeoutMs / 1000)} s.`;
  }
  return `${host} could not be reached (${codes[0] ?? 'unknown'}).`;
}

/** The codes of an error and its causes, outermost first; its name where none of them has one. */
function codesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const own = 'code' in error && typeof error.code === 'string' ? [error.code] : [];
  const codes = [...own, ...codesOf(error.cause)];
  return codes.length > 0 ? codes : [error.name];
}
