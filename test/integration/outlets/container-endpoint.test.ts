/** The container endpoint's port as any program of this computer can reach it: raw bytes in, raw bytes out. */
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEndpointListener } from '../../../src/main/node/endpoint-listener.ts';
import { answerContainerRequest, tokenDigest } from '../../../src/main/outlets/container-endpoint.ts';
import type { EndpointListener } from '../../../src/main/outlets/container-endpoint-grants.ts';

const token = 'T'.repeat(43);
let listener: EndpointListener;
let port: number;
/** What reached the rules; the rest was ended before. */
let asked: string[];

const open = () =>
  listener.open((request, at) => {
    asked.push(`${request.method} ${request.target}`);
    if (request.target === '/fault') throw new Error('SECRET');
    return answerContainerRequest(
      request,
      {
        port: at,
        grants: [{ account: 'dev', tokenDigest: tokenDigest(token) }],
        serving: () => ({
          credentials: { accessKeyId: 'ASIA', secretAccessKey: 'SECRET', sessionToken: 'SESSION' },
          expiresAt: 1000,
          roleArn: 'R',
        }),
      },
      0,
    );
  });

beforeEach(async () => {
  asked = [];
  listener = createEndpointListener();
  port = await open();
});
afterEach(() => listener.close());

/** Sends the bytes and gathers what comes until the other side ends. */
async function exchange(text: string | readonly string[], host = '127.0.0.1'): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host);
    let answer = '';
    socket.on('connect', () => {
      for (const part of typeof text === 'string' ? [text] : text) socket.write(part);
    });
    socket.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // It ends the connection while we still send.
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve(answer);
      else reject(error);
    });
    socket.on('close', () => resolve(answer));
  });
}

const head = (first: string, ...lines: readonly string[]): string => [first, ...lines, '', ''].join('\r\n');
const host = () => `Host: 127.0.0.1:${String(port)}`;
const authorization = `Authorization: ${token}`;
const good = () => head('GET /accounts/dev HTTP/1.1', host(), authorization);
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);

/** A connection that was made and says nothing by itself. */
async function connected(): Promise<{ readonly socket: Socket; readonly closed: Promise<void> }> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.resume();
  await new Promise<void>((resolve) => socket.on('connect', resolve));
  return { socket, closed };
}

const codeOf = (to: string, at = port): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(at, to);
    socket.on('connect', () => {
      socket.destroy();
      resolve('connected');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.name));
  });

describe('the port', () => {
  it('is of 127.0.0.1 and of no other address', async () => {
    const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    const others = addresses.filter(({ address, scopeid = 0 }) => address !== '127.0.0.1' && scopeid === 0);
    expect(await codeOf('127.0.0.1')).toBe('connected');
    for (const address of ['127.0.0.2', ...others.map((each) => each.address)]) {
      expect([address, await codeOf(address)]).toEqual([address, 'ECONNREFUSED']);
    }
  });

  it('is one however often it is opened, and closed for good', async () => {
    expect(await open()).toBe(port);
    const { closed } = await connected();
    await listener.close();
    await closed;
    expect(await codeOf('127.0.0.1')).toBe('ECONNREFUSED');
    await listener.close();
    port = await open();
    expect(statusOf(await exchange(good()))).toBe(200);
  });
});

describe('a request', () => {
  it('as SDKs send it is answered, and the connection ended', async () => {
    const answer = await exchange(good());
    expect(statusOf(answer)).toBe(200);
    expect(answer).toContain('"SecretAccessKey":"SECRET"');
    expect(answer).toMatch(/^cache-control: no-store\r$/m);
    expect(answer).toMatch(/^connection: close\r$/m);
    expect(answer.toLowerCase()).not.toContain('access-control');
    expect(answer.toLowerCase()).not.toMatch(/^(server|x-powered-by):/m);
  });

  it('that comes in pieces is answered', async () => {
    expect(statusOf(await exchange(good().split(/(?<=\n)/)))).toBe(200);
  });

  it('in HTTP/1.0 is answered', async () => {
    expect(statusOf(await exchange(good().replace('1.1', '1.0')))).toBe(200);
  });

  it.each<[string, number, () => string]>([
    ['of another Host', 403, () => good().replace('Host: 127.0.0.1', 'Host: evil.example')],
    ['without Host', 400, () => head('GET /accounts/dev HTTP/1.1', authorization)],
    ['without Host, in HTTP/1.0', 403, () => head('GET /accounts/dev HTTP/1.0', authorization)],
    [
      'with two Hosts',
      403,
      () => head('GET /accounts/dev HTTP/1.1', host(), 'Host: evil.example', authorization),
    ],
    ['with no token', 403, () => head('GET /accounts/dev HTTP/1.1', host())],
    ['with a wrong token', 403, () => good().replace(token, 'U'.repeat(43))],
    ['for another account', 403, () => good().replace('/dev', '/ops')],
    ['that climbs', 403, () => good().replace('/dev', '/ops/../dev')],
    ['that is encoded', 403, () => good().replace('/dev', '/%64ev')],
    ['with a whole URL', 403, () => good().replace('/accounts', `http://127.0.0.1:${String(port)}/accounts`)],
    ['for everything', 405, () => good().replace('GET /accounts/dev', 'OPTIONS *')],
    [
      'by a page’s preflight',
      403,
      () => good().replace('GET', 'OPTIONS').replace(host(), `${host()}\r\nOrigin: http://x`),
    ],
    ['by POST', 405, () => good().replace('GET', 'POST').replace(host(), `${host()}\r\nContent-Length: 0`)],
    ['with a body', 400, () => `${good().replace(host(), `${host()}\r\nContent-Length: 4`)}body`],
    [
      'that asks before it sends a body',
      400,
      () => good().replace(host(), `${host()}\r\nExpect: 100-continue\r\nContent-Length: 4`),
    ],
    [
      'with a body in chunks',
      400,
      () => `${good().replace(host(), `${host()}\r\nTransfer-Encoding: chunked`)}0\r\n\r\n`,
    ],
    [
      'with two lengths that differ',
      400,
      () => good().replace(host(), `${host()}\r\nContent-Length: 0\r\nContent-Length: 9`),
    ],
    [
      'to become a WebSocket',
      403,
      () => good().replace(host(), `${host()}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: null`),
    ],
    ['with a header of 1 MB', 431, () => good().replace(host(), `${host()}\r\nX: ${'x'.repeat(1_000_000)}`)],
    ['with a path of 1 MB', 431, () => good().replace('/dev', `/dev?${'x'.repeat(1_000_000)}`)],
    ['with ten thousand headers', 431, () => good().replace(host(), `${host()}${'\r\nX: x'.repeat(10_000)}`)],
    ['that is no HTTP', 400, () => '\u0016\u0003\u0001\u0002\u0000\u0001'],
    ['with a line end alone in a header', 400, () => good().replace(host(), `${host()}\nX: y\n`)],
    ['that meets a fault of ours', 500, () => good().replace('/accounts/dev', '/fault')],
  ])('%s is refused with %d', async (_, status, text) => {
    const answer = await exchange(text());
    expect(statusOf(answer)).toBe(status);
    expect(answer).not.toMatch(/SECRET|SESSION|ASIA|access-control/i);
    expect(statusOf(await exchange(good()))).toBe(200);
  });

  it('that is two gets one answer', async () => {
    const answer = await exchange(good() + good());
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it('for a tunnel is ended without a word', async () => {
    expect(await exchange(head('CONNECT 127.0.0.1:22 HTTP/1.1', host(), authorization))).toBe('');
    expect(asked).toEqual([]);
  });
});

describe('a client that does not come to an end', () => {
  it('says nothing: it is let go', async () => {
    const { closed } = await connected();
    await closed;
    expect(asked).toEqual([]);
  });

  it('sends a header every now and then: it is let go', async () => {
    const { socket, closed } = await connected();
    socket.write('GET /accounts/dev HTTP/1.1\r\n');
    const trickle = setInterval(() => socket.write('X: x\r\n'), 100);
    await closed;
    clearInterval(trickle);
    expect(asked).toEqual([]);
  });

  it('announces a body and never sends it: it is answered, and let go', async () => {
    const answer = await exchange(good().replace(host(), `${host()}\r\nContent-Length: 1000000`));
    expect(statusOf(answer)).toBe(400);
  });

  it('keeps nobody else out, two hundred of them', async () => {
    const hanging = await Promise.all(Array.from({ length: 200 }, () => connected()));
    expect(statusOf(await exchange(good()))).toBe(200);
    await Promise.all(hanging.map(({ closed }) => closed));
  });
});
