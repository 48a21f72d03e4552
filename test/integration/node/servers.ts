/** Servers on loopback that do one thing each, for whoever speaks HTTP to them. */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net';
import { join } from 'node:path';
import { createServer as createRawTlsServer } from 'node:tls';
import { Authority } from '../../support/pki/authority.ts';

export interface Seen {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Running {
  readonly port: number;
  /** `http://127.0.0.1:PORT`, or `https://`. */
  readonly origin: string;
  /** Requests whose bodies have come. */
  readonly seen: Seen[];
  /** Connections made so far, and those open now. */
  connections: number;
  readonly open: Set<Socket>;
  close(): Promise<void>;
}

export type Respond = (response: ServerResponse, seen: Seen) => void;

/** Reads every request whole, then answers it. */
const listenerOf =
  (running: () => Running, respond: Respond): RequestListener =>
  (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      const seen = {
        method: request.method ?? '',
        target: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      running().seen.push(seen);
      respond(response, seen);
    });
  };

export async function httpServer(respond: Respond, host = '127.0.0.1'): Promise<Running> {
  let running!: Running;
  const server = createServer(listenerOf(() => running, respond));
  return (running = await listen(server, 'http', host));
}

export interface TlsOptions {
  readonly key: string;
  readonly cert: string;
}

/** @param name what the client is to call it by; it listens on 127.0.0.1 whatever that is. */
export async function httpsServer(tls: TlsOptions, respond: Respond, name = '127.0.0.1'): Promise<Running> {
  let running!: Running;
  const server = createTlsServer(
    tls,
    listenerOf(() => running, respond),
  );
  server.on('tlsClientError', () => undefined);
  return (running = named(await listen(server, 'https', '127.0.0.1'), name));
}

/** Takes connections and does as it is told, byte by byte. */
export async function tcpServer(handle: (socket: Socket) => unknown): Promise<Running> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    handle(socket);
  });
  return listen(server, 'http', '127.0.0.1');
}

/** The same within TLS: `handle` gets what is in it. */
export async function tlsServer(
  tls: TlsOptions,
  handle: (socket: Socket) => unknown,
  name = '127.0.0.1',
): Promise<Running> {
  const server = createRawTlsServer(tls, (socket) => {
    socket.on('error', () => undefined);
    handle(socket);
  });
  return named(await listen(server, 'https', '127.0.0.1'), name);
}

function named(running: Running, name: string): Running {
  return Object.assign(running, { origin: running.origin.replace('127.0.0.1', name) });
}

async function listen(server: Server | TcpServer, scheme: string, host: string): Promise<Running> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  const running: Running = {
    port,
    origin: `${scheme}://${name}:${String(port)}`,
    seen: [],
    connections: 0,
    open: new Set(),
    close: async () => {
      for (const socket of running.open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  server.on('connection', (socket: Socket) => {
    running.connections += 1;
    running.open.add(socket);
    socket.on('close', () => running.open.delete(socket));
  });
  return running;
}

/**
 * An address that Rolekey reaches through a proxy, as it is no loopback address by name, and that leads nowhere else all
 * the same: a connection to it ends at this computer, by Linux and by macOS.
 */
export const behindProxy = '0.0.0.0';

/** Certificates of one test CA, each wrong in its own way, and a file that trusts the CA. */
export function makeIdentities(directory: string) {
  const authority = Authority.root(join(directory, 'ca'), { subject: '/O=Test/CN=Test TLS CA' });
  const names = `IP:127.0.0.1,IP:::1,DNS:localhost,IP:${behindProxy}`;
  const server = { extendedKeyUsage: 'serverAuth', subjectAltName: names };
  const identity = (name: string, options: Parameters<Authority['identity']>[0]): TlsOptions => {
    const { privateKeyPem, pem } = authority.identity({ name, subject: '/O=Test/CN=server', ...options });
    return { key: privateKeyPem, cert: pem };
  };
  const day = 86_400_000;
  const other = Authority.root(join(directory, 'other-ca'), { subject: '/O=Other/CN=Other CA' });
  const foreign = other.identity({ name: 'server', subject: '/O=Other/CN=server', extensions: server });
  const lone = Authority.root(join(directory, 'lone'), {
    subject: '/O=Lone/CN=server',
    extensions: { basicConstraints: 'critical,CA:FALSE', keyUsage: 'critical,digitalSignature', ...server },
  }).certificate;
  return {
    caFile: authority.certificate.file,
    good: identity('good', { extensions: server }),
    bad: {
      'of another CA': { key: foreign.privateKeyPem, cert: foreign.pem },
      'signed by itself': { key: lone.privateKeyPem, cert: lone.pem },
      'that has expired': identity('expired', {
        extensions: server,
        notBefore: new Date(Date.now() - 3 * day),
        notAfter: new Date(Date.now() - day),
      }),
      'that is not valid yet': identity('early', {
        extensions: server,
        notBefore: new Date(Date.now() + day),
        notAfter: new Date(Date.now() + 3 * day),
      }),
      'of another host': identity('other-host', {
        extensions: { ...server, subjectAltName: 'DNS:sts.example.org,IP:127.0.0.2' },
      }),
      'that is for clients': identity('client', {
        extensions: { extendedKeyUsage: 'clientAuth', subjectAltName: names },
      }),
    } satisfies Record<string, TlsOptions>,
  };
}
