/** What went wrong on the network, as a sentence that names the host and the proxy between. */
import { AppError } from '../../shared/errors.ts';
import { connectTimeoutMs, ConnectTimeout } from './http-connector.ts';
import { ProxyFailure } from './http-proxy.ts';

export interface Exchange {
  /** Name and port. */
  readonly host: string;
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** What the request went through; null: nothing. Its name and password are never told. */
  readonly proxy: URL | null;
}

/** Codes of OpenSSL's verification, as Node names them, and of Node's own host name check. */
const untrusted =
  /^(ERR_TLS_CERT_|CERT_|CRL_|ERROR_IN_C|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_(CA|PURPOSE)$|PATH_LENGTH_EXCEEDED$|HOSTNAME_MISMATCH$|UNSPECIFIED$)/;

/** What ends an exchange whose time is up: our signal, or undici's own count of the same time. */
const timedOut = /^(TimeoutError|UND_ERR_(HEADERS|BODY)_TIMEOUT)$/;

/** What ends a connection that takes too long: our count of it, or undici's. */
const notConnected = /^(ConnectTimeout|UND_ERR_CONNECT_TIMEOUT)$/;

/** What a connection says that the other side has given up. */
const cut = /^(UND_ERR_SOCKET|ECONNRESET|EPIPE)$/;

/** An error of an exchange as one of ours: `tls-untrusted`, `proxy-password` or `network-unreachable`. */
export function networkError(error: unknown, exchange: Exchange): AppError {
  const codes = codesOf(error);
  const distrust = codes.find((code) => untrusted.test(code));
  const failure = proxyFailureIn(error);
  const { host, proxy } = exchange;
  if (distrust !== undefined) {
    const whose = failure !== null && proxy !== null ? `the proxy ${proxy.host}` : `${host}${through(proxy)}`;
    return new AppError('tls-untrusted', {
      message: `The certificate of ${whose} is not trusted (${distrust}).`,
      cause: error,
    });
  }
  if (failure !== null && proxy !== null) return proxyError(failure, codes, host, proxy);
  return new AppError('network-unreachable', { message: failureText(codes, exchange), cause: error });
}

/** Whether the other side gave the connection up. */
export function isCut(error: unknown): boolean {
  return codesOf(error).some((code) => cut.test(code));
}

function failureText(codes: readonly string[], { host, timeoutMs, proxy }: Exchange): string {
  if (codes.some((code) => timedOut.test(code))) {
    return `${host} did not answer in ${String(timeoutMs / 1000)} s${through(proxy)}.`;
  }
  if (codes.some((code) => notConnected.test(code))) {
    return `${host} could not be reached in ${String(connectTimeoutMs / 1000)} s${through(proxy)}.`;
  }
  return `${host} could not be reached${through(proxy)} (${codes[0] ?? 'unknown'}).`;
}

/** Status 407 by the book; tinyproxy answers a wrong password with 401, which is nobody else's to CONNECT. */
function wantsPassword({ status }: ProxyFailure): boolean {
  return status === 407 || status === 401;
}

function proxyError(cause: ProxyFailure, codes: readonly string[], host: string, proxy: URL): AppError {
  const { status } = cause;
  const name = `The proxy ${proxy.host}`;
  if (wantsPassword(cause)) {
    return new AppError('proxy-password', {
      message: `${name} wants a name and a password, or refused them, on the way to ${host}.`,
      cause,
    });
  }
  const isTooSlow = codes.some((code) => notConnected.test(code));
  const message =
    status !== null
      ? `${name} ${status >= 500 ? 'could not reach' : 'refused the way to'} ${host} (status ${String(status)}).`
      : isTooSlow
        ? `${name} did not answer in ${String(connectTimeoutMs / 1000)} s, so ${host} could not be reached.`
        : `${name} could not be reached (${codes[0] ?? 'unknown'}), nor ${host} through it.`;
  return new AppError('network-unreachable', { message, cause });
}

function through(proxy: URL | null): string {
  return proxy === null ? '' : ` through the proxy ${proxy.host}`;
}

function proxyFailureIn(error: unknown): ProxyFailure | null {
  if (error instanceof ProxyFailure) return error;
  return error instanceof Error ? proxyFailureIn(error.cause) : null;
}

/** The codes of an error and its causes, outermost first; its name where none of them has one. */
function codesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  if (error instanceof ConnectTimeout) return [error.name];
  const own = 'code' in error && typeof error.code === 'string' ? [error.code] : [];
  const codes = [...own, ...codesOf(error.cause)];
  return codes.length > 0 ? codes : [error.name];
}
