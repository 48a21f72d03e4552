/**
 * One exchange with the agent over its socket.
 *
 * Spoken as HTTP/1.0, which asks for an answer in one piece that ends with the connection, on a bare socket: setting up
 * `node:http` takes longer than the agent takes to answer, and AWS tools start `credential-process` for every call.
 */
import { connect, type Socket } from 'node:net';
import { AppError } from '../shared/errors.ts';

export interface ExchangeRequest {
  /** Path of the Unix socket. */
  readonly socket: string;
  readonly method: 'GET' | 'POST';
  /** Without characters that would have to be encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer whose body is still to come. */
export interface ExchangeAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The whole body. @throws AppError `agent-failed` where it is cut short. */
  text(): Promise<string>;
  /** The body as it comes; `onEnd` is called once, also where the agent broke it off. */
  listen(onText: (text: string) => void, onEnd: () => void): void;
  /** Ends the exchange. */
  end(): void;
}

const maxHeadBytes = 64 * 1024;
const headEnd = '\r\n\r\n';

/** @throws AppError `agent-not-running`, `agent-unsafe`, `agent-failed` (broken off, or no HTTP). */
export async function exchange(request: ExchangeRequest): Promise<ExchangeAnswer> {
  const connection = connect(request.socket);
  connection.write(printRequest(request));
  const head = await readHead(connection);
  const length = head.headers['content-length'];
  return {
    ...head,
    text: () => readText(connection, length === undefined ? null : Number(length)),
    listen: (onText, onEnd) => {
      connection.setEncoding('utf8');
      connection.on('data', onText as (chunk: unknown) => void);
      connection.on('error', () => undefined); // an agent that went away is an end like any other
      connection.on('close', onEnd);
      connection.resume();
    },
    end: () => {
      connection.destroy();
    },
  };
}

function printRequest({ method, path, headers, body }: ExchangeRequest): string {
  const lines = Object.entries({ host: 'rolekey', 'content-length': Buffer.byteLength(body), ...headers });
  return [
    `${method} ${path} HTTP/1.0`,
    ...lines.map(([name, value]) => `${name}: ${String(value)}`),
    '',
    body,
  ].join('\r\n');
}

type Head = Pick<ExchangeAnswer, 'status' | 'headers'>;

/** Reads up to the body; the connection is paused there. */
async function readHead(connection: Socket): Promise<Head> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const stop = (): void => {
      connection.off('data', onData).off('error', onError).off('close', onClose);
    };
    const fail = (error: AppError): void => {
      stop();
      connection.on('error', () => undefined).destroy();
      reject(error);
    };
    function onData(chunk: Buffer): void {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf(headEnd);
      if (end === -1 && bytes.length <= maxHeadBytes) return;
      const head = end === -1 ? null : parseHead(bytes.toString('latin1', 0, end));
      if (head === null) {
        fail(new AppError('agent-failed'));
        return;
      }
      stop();
      connection.pause();
      const body = bytes.subarray(end + headEnd.length);
      if (body.length > 0) connection.unshift(body);
      resolve(head);
    }
    function onError(error: NodeJS.ErrnoException): void {
      fail(connectionError(error));
    }
    function onClose(): void {
      fail(new AppError('agent-failed'));
    }
    connection.on('data', onData).on('error', onError).on('close', onClose);
  });
}

/** Null for what is no HTTP. */
function parseHead(text: string): Head | null {
  const [first = '', ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1];
  if (status === undefined) return null;
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { status: Number(status), headers: Object.fromEntries(headers) };
}

/** @param length bytes, where the head tells. */
async function readText(connection: Socket, length: number | null): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const fail = (cause?: unknown): void => reject(new AppError('agent-failed', { cause }));
    connection.on('data', (chunk: Buffer) => chunks.push(chunk));
    connection.on('error', fail);
    connection.on('close', fail);
    connection.on('end', () => {
      const bytes = Buffer.concat(chunks);
      if (length !== null && bytes.length !== length) fail();
      else resolve(bytes.toString('utf8'));
    });
    connection.resume();
  });
}

function connectionError(error: NodeJS.ErrnoException): AppError {
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'ENOTDIR') {
    return new AppError('agent-not-running', { cause: error });
  }
  if (error.code === 'EACCES') return new AppError('agent-unsafe', { cause: error });
  return new AppError('agent-failed', { cause: error });
}
