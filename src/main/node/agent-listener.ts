/** The agent's Unix socket: in a folder only its user can enter, taken by one living agent at a time. */
import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import type { AgentAnswer, AgentListener, AgentRequest } from '../agent/listener.ts';
import { takeLock } from './lock-file.ts';

const maxBodyBytes = 1024 * 1024;
/** How long a client may take to send a request, milliseconds. */
const requestTimeoutMs = 10_000;
/** How long another agent may take to start, milliseconds. */
const lockWaitMs = 5000;

/** @param socket absolute path of the Unix socket. */
export function createAgentListener(socket: string): AgentListener {
  let server: Server | null = null;
  return {
    listen: async (answer) => {
      makeFolder(dirname(socket));
      const created = createServer(
        { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs },
        (request, response) => {
          void serve(request, response, answer);
        },
      );
      // The lock spans "is the old socket dead", "remove it" and "listen": two agents cannot remove each other's.
      const lock = await takeLock(join(dirname(socket), 'locks'), 'agent', lockWaitMs);
      if (lock === null) return false; // another one is just starting
      try {
        if (await isAlive(socket)) return false;
        rmSync(socket, { force: true });
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

/** @throws AppError `agent-unsafe`. */
function makeFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = lstatSync(folder);
  const mine = process.getuid === undefined || stat.uid === process.getuid();
  if (!stat.isDirectory() || !mine || (stat.mode & 0o077) !== 0) {
    throw new AppError('agent-unsafe', {
      message: `The folder ${folder} of the agent’s socket is not yours alone.`,
    });
  }
}

async function isAlive(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket);
    probe.on('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
}

async function listenOn(server: Server, socket: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new AppError('agent-unsafe', { message: `The socket ${socket} cannot be made.`, cause }));
    });
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
    response.writeHead(413, { connection: 'close' }).end();
    return;
  }
  const given = await answer({
    method: request.method ?? '',
    path: (request.url ?? '').split('?')[0] ?? '',
    headers: singleHeaders(request),
    body,
  });
  if ('body' in given) {
    response.writeHead(given.status, { ...given.headers, 'content-length': Buffer.byteLength(given.body) });
    response.end(given.body);
    return;
  }
  response.writeHead(given.status, given.headers);
  const stop = given.stream((text) => response.write(text));
  response.on('close', stop);
}

/** The body, or null where it is too long or the client went away. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > maxBodyBytes) return null;
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
