/** The agent's Unix socket: in a folder only its user can enter, taken by one living agent at a time. */
import { chmodSync, lstatSync, mkdirSync, rmSync, type Stats } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { checkSocketPath, maxRequestBytes } from '../../shared/wire.ts';
import { tooLong, type WholeAnswer } from '../agent/answers.ts';
import type { AgentAnswer, AgentListener, AgentRequest } from '../agent/listener.ts';
import { takeLock, type Lock } from './lock-file.ts';

/** How long a client may take to send a request, and how often that is looked at, milliseconds. */
const requestTimeoutMs = 10_000;
const timeoutCheckMs = 1000;
/** How much a client may leave unread of a stream, bytes: one that does not read must not cost ever more memory. */
const maxUnreadBytes = 1024 * 1024;
/** How long another agent may take to start, milliseconds. */
const lockWaitMs = 5000;

/** @param socket absolute path of the Unix socket. */
export function createAgentListener(socket: string): AgentListener {
  let server: Server | null = null;
  return {
    listen: async (answer) => {
      checkSocketPath(socket, process.platform);
      makeFolder(dirname(socket));
      const created = createServer(
        {
          requestTimeout: requestTimeoutMs,
          headersTimeout: requestTimeoutMs,
          connectionsCheckingInterval: timeoutCheckMs,
        },
        (request, response) => {
          void serve(request, response, answer);
        },
      );
      // The lock spans "is the old socket dead", "remove it" and "listen": two agents cannot remove each other's.
      const lock = await lockOf(socket);
      if (lock === null) return false; // another one is just starting
      try {
        if (await isTaken(socket)) return false;
        await listenOn(created, socket);
        chmodSync(socket, 0o600);
      } finally {
        await lock.release();
      }
      server = created;
      return true;
    },
    close: async () => {
      const closing = server;
      server = null;
      if (closing === null) return;
      await new Promise<void>((resolve) => {
        closing.close(() => resolve()); // removes the socket file as well
        closing.closeAllConnections();
      });
    },
  };
}

function cannotBeMade(socket: string, cause: unknown): AppError {
  return new AppError('agent-unsafe', { message: `The socket ${socket} cannot be made.`, cause });
}

/** @throws AppError `agent-unsafe`. */
function makeFolder(folder: string): void {
  let stat: Stats;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    stat = lstatSync(folder);
  } catch (cause) {
    throw new AppError('agent-unsafe', {
      message: `The folder ${folder} of the agent’s socket cannot be made.`,
      cause,
    });
  }
  const mine = process.getuid === undefined || stat.uid === process.getuid();
  if (!stat.isDirectory() || !mine || (stat.mode & 0o077) !== 0) {
    throw new AppError('agent-unsafe', {
      message: `The folder ${folder} of the agent’s socket is not yours alone.`,
    });
  }
}

/** Null where another process holds it. @throws AppError `agent-unsafe`. */
async function lockOf(socket: string): Promise<Lock | null> {
  try {
    return await takeLock(join(dirname(socket), 'locks'), 'agent', lockWaitMs);
  } catch (cause) {
    throw cannotBeMade(socket, cause);
  }
}

/**
 * Whether a living process has the socket. A dead one's is removed.
 * @throws AppError `agent-unsafe` where what is at the path is not ours to remove.
 */
async function isTaken(socket: string): Promise<boolean> {
  const stat = lstatSync(socket, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  if (!stat.isSocket()) {
    throw new AppError('agent-unsafe', {
      message: `${socket} is not a socket, and is left as it is.`,
      remedy: 'Put it aside, or set ROLEKEY_SOCKET to another path.',
    });
  }
  const code = await connectFailure(socket);
  // EAGAIN: as many wait for an answer as it allows, so somebody is there.
  if (code === null || code === 'EAGAIN') return true;
  if (code !== 'ECONNREFUSED' && code !== 'ENOENT') throw cannotBeMade(socket, code);
  rmSync(socket, { force: true });
  return false;
}

/** The code of the error a connection meets; null where it is taken. */
async function connectFailure(socket: string): Promise<string | null> {
  return new Promise((resolve) => {
    const probe = connect(socket);
    probe.on('connect', () => {
      probe.destroy();
      resolve(null);
    });
    probe.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.name));
  });
}

/** @throws AppError `agent-unsafe`. */
async function listenOn(server: Server, socket: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(cannotBeMade(socket, cause)));
    server.listen(socket, resolve);
  });
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (request: AgentRequest) => Promise<AgentAnswer>,
): Promise<void> {
  const body = await readBody(request);
  if (body === null) {
    response.shouldKeepAlive = false;
    respond(response, tooLong());
    return;
  }
  const given = await answer({
    method: request.method ?? '',
    path: (request.url ?? '').split('?')[0] ?? '',
    headers: singleHeaders(request),
    body,
  });
  if ('body' in given) {
    respond(response, given);
    return;
  }
  response.writeHead(given.status, given.headers);
  const stop = given.stream((text) => {
    response.write(text);
    if (response.writableLength > maxUnreadBytes) response.destroy();
  });
  if (response.destroyed)
    stop(); // the client left while the answer was made
  else response.on('close', stop);
}

function respond(response: ServerResponse, { status, headers, body }: WholeAnswer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

/** The body, or null where it is too long or the client went away. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > maxRequestBytes) return null;
      chunks.push(chunk);
    }
  } catch {
    return null;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function singleHeaders(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  );
}
