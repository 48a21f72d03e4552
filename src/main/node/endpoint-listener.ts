/** The container endpoint's port: HTTP on 127.0.0.1 for whoever of this computer asks, so everything is bounded. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError } from '../../shared/errors.ts';
import type { EndpointListener } from '../outlets/container-endpoint-grants.ts';
import {
  loopback,
  refusal,
  type ContainerAnswer,
  type ContainerRequest,
} from '../outlets/container-endpoint.ts';

/** How long a client may take to send its request, and how often that is looked at, milliseconds. SDKs wait 2 s. */
const requestTimeoutMs = 2000;
const timeoutCheckMs = 500;
/** Bytes of a request's head; an SDK sends less than one KiB. */
const maxHeadBytes = 8192;
/** Connections at once: all SDKs of a busy computer, and no more than a process has files for. */
const maxConnections = 256;

export function createEndpointListener(): EndpointListener {
  let open: { readonly server: Server; readonly port: number } | null = null;
  return {
    open: async (answer) => {
      open ??= await listen(answer);
      return open.port;
    },
    close: async () => {
      const closing = open?.server;
      open = null;
      if (closing === undefined) return;
      await new Promise<void>((resolve) => {
        closing.close(() => resolve());
        closing.closeAllConnections();
      });
    },
  };
}

/** @throws AppError `endpoint-failed`. */
async function listen(
  answer: (request: ContainerRequest, port: number) => ContainerAnswer,
): Promise<{ server: Server; port: number }> {
  const server = createServer({
    requestTimeout: requestTimeoutMs,
    headersTimeout: requestTimeoutMs,
    connectionsCheckingInterval: timeoutCheckMs,
    maxHeaderSize: maxHeadBytes,
    insecureHTTPParser: false,
  });
  server.maxConnections = maxConnections;
  // Whoever does not read its answer is let go as well.
  server.setTimeout(2 * requestTimeoutMs);
  let port = 0;
  const respond = (request: IncomingMessage, response: ServerResponse): void =>
    serve(request, response, (asked) => answer(asked, port));
  server.on('request', respond);
  server.on('checkContinue', respond); // asks before it sends a body, which it is not to send
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(new AppError('endpoint-failed', { cause })));
    server.listen(0, loopback, resolve);
  });
  ({ port } = server.address() as AddressInfo);
  return { server, port };
}

function serve(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (request: ContainerRequest) => ContainerAnswer,
): void {
  const { status, headers, body } = safely(() =>
    answer({ method: request.method ?? '', target: request.url ?? '', headers: headerLines(request) }),
  );
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

/** One request must not end the agent. */
function safely(answer: () => ContainerAnswer): ContainerAnswer {
  try {
    return answer();
  } catch {
    return refusal(500, 'internal', 'Something went wrong inside Rolekey.');
  }
}

function headerLines({ rawHeaders }: IncomingMessage): [string, string][] {
  const lines: [string, string][] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    lines.push([rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '']);
  }
  return lines;
}
