/** The Http port on undici: verified TLS, bounded in time and size, no redirect, one warmed connection per endpoint. */
import { readFileSync } from 'node:fs';
import { Agent, request, type Dispatcher } from 'undici';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { Http, HttpRequest, HttpResponse } from '../ports.ts';

const connectTimeoutMs = 5000;
const keepAliveMs = 60_000;
const maxBodyBytes = 1024 * 1024;

export interface NodeHttpOptions {
  /** PEM file of the CAs to trust in place of the built-in ones (AWS_CA_BUNDLE); null: the built-in ones. */
  readonly caBundlePath: string | null;
}

/** @throws AppError `file-unreadable` where the CA bundle cannot be read. */
export function createNodeHttp({ caBundlePath }: NodeHttpOptions): Http & { close(): Promise<void> } {
  const agent = new Agent({
    connect: {
      timeout: connectTimeoutMs,
      ...(caBundlePath === null ? {} : { ca: readBundle(caBundlePath) }),
    },
    keepAliveTimeout: keepAliveMs,
  });

  async function send({ method, url, headers, body, timeoutMs }: HttpRequest): Promise<HttpResponse> {
    const { protocol, host } = new URL(url);
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await request(url, {
        dispatcher: agent,
        method,
        headers,
        ...(body === undefined ? {} : { body }),
        signal,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      });
      return {
        status: response.statusCode,
        headers: singleHeaders(response.headers),
        body: await boundedText(response.body, host),
        verified: protocol === 'https:',
      };
    } catch (error) {
      throw isAppError(error) ? error : networkError(error, host);
    }
  }

  return { send, close: () => agent.close() };
}

function readBundle(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AppError('file-unreadable', {
      message: `The CA bundle ${path} (AWS_CA_BUNDLE) cannot be read.`,
      cause,
    });
  }
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

/** Codes of OpenSSL's verification and of Node's own host name check. */
const untrusted =
  /^(ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(GET_ISSUER|VERIFY)|INVALID_CA|HOSTNAME_MISMATCH)/;

function networkError(error: unknown, host: string): AppError {
  const code = codeOf(error);
  if (untrusted.test(code)) {
    return new AppError('tls-untrusted', {
      message: `The certificate of ${host} is not trusted (${code}).`,
      cause: error,
    });
  }
  return new AppError('network-unreachable', {
    message: `${host} could not be reached (${code}).`,
    cause: error,
  });
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause === undefined ? error.name : codeOf(error.cause);
}
