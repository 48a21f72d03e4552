/** What every adapter of the Http port must do, held against real servers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Http, HttpRequest } from '../../../src/main/ports.ts';
import { AppError } from '../../../src/shared/errors.ts';
import {
  httpServer,
  httpsServer,
  makeIdentities,
  tcpServer,
  tlsServer,
  type Respond,
  type Running,
  type TlsOptions,
} from './servers.ts';

export interface ClosableHttp extends Required<Http> {
  close(): Promise<void>;
}

/** Where the servers are that an adapter is held against. */
export interface Place {
  /** Their name in addresses. */
  readonly name: string;
  /** Whether all of them speak TLS, or only those that are about it. */
  readonly tls: boolean;
  /** What errors say of the way there. */
  readonly way: () => string;
}

const thisComputer: Place = { name: '127.0.0.1', tls: false, way: () => '' };

const mebibyte = 1024 * 1024;
const ok: Respond = (response) => response.end('ok');

/** @param makeHttp an adapter that trusts the CAs of that PEM file; null: the ones it comes with. */
export function httpContract(
  makeHttp: (caBundlePath: string | null) => ClosableHttp,
  { name, tls: allTls, way }: Place = thisComputer,
): void {
  let directory: string;
  let identities: ReturnType<typeof makeIdentities>;
  let http: ClosableHttp;
  let servers: Running[] = [];

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'rolekey-http-'));
    identities = makeIdentities(directory);
  });
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(() => {
    http = makeHttp(identities.caFile);
  });
  afterEach(async () => {
    // Servers first: what hangs at one of them ends with it.
    await Promise.all(servers.map((server) => server.close()));
    servers = [];
    await http.close();
  });

  async function keep(starting: Promise<Running>): Promise<Running> {
    const server = await starting;
    servers.push(server);
    return server;
  }

  const serveTls = (tls: TlsOptions, respond: Respond = ok) => keep(httpsServer(tls, respond, name));
  const serve = (respond: Respond) =>
    allTls ? serveTls(identities.good, respond) : keep(httpServer(respond));
  const serveTcp = (handle: Parameters<typeof tcpServer>[0]) =>
    keep(allTls ? tlsServer(identities.good, handle, name) : tcpServer(handle));
  /** Something else that listens where TLS is looked for. */
  const serveNoTls = async (starting: Promise<Running>) => {
    const server = await keep(starting);
    return { server, url: `https://${name}:${String(server.port)}` };
  };

  const send = (url: string, more: Partial<HttpRequest> = {}) =>
    http.send({ method: 'GET', url, headers: {}, timeoutMs: 5000, ...more });

  async function failureOf(work: Promise<unknown>): Promise<AppError> {
    return work.then(
      () => {
        throw new Error('There was an answer.');
      },
      (error: unknown) => {
        if (error instanceof AppError) return error;
        throw error;
      },
    );
  }

  describe('an exchange', () => {
    it('sends method, target, headers and body as they are', async () => {
      const server = await serve(ok);
      await send(`${server.origin}/a%2Fb?x=%3D&y=%20`, {
        method: 'POST',
        headers: {
          host: 'sts.example.org',
          'content-type': 'application/json',
          'x-amz-date': '20260414T090000Z',
        },
        body: '{"ä":"€"}',
      });
      expect(server.seen).toMatchObject([
        {
          method: 'POST',
          target: '/a%2Fb?x=%3D&y=%20',
          headers: {
            host: 'sts.example.org',
            'content-type': 'application/json',
            'x-amz-date': '20260414T090000Z',
            'content-length': '12',
          },
          body: '{"ä":"€"}',
        },
      ]);
      expect(server.seen[0]!.headers).not.toHaveProperty('transfer-encoding');
    });

    it('may have no body', async () => {
      const server = await serve(ok);
      await send(server.origin);
      expect(server.seen).toMatchObject([{ method: 'GET', target: '/', body: '' }]);
    });

    it.each([200, 201, 204, 400, 403, 404, 429, 500, 503])('of status %d is an answer', async (status) => {
      const server = await serve((response) => response.writeHead(status, { 'x-amzn-requestid': 'q' }).end());
      expect(await send(server.origin)).toMatchObject({
        status,
        headers: { 'x-amzn-requestid': 'q' },
        body: '',
      });
    });

    it('brings headers by lower-case names, and the body as text', async () => {
      const server = await serve((response) => {
        response.setHeader('X-Mixed-Case', 'A');
        response.setHeader('X-Twice', ['1', '2']);
        response.end('{"ä":"€"}');
      });
      const answer = await send(server.origin);
      expect(answer.headers).toMatchObject({ 'x-mixed-case': 'A', 'x-twice': '1, 2' });
      expect(answer.body).toBe('{"ä":"€"}');
    });

    it('takes a body in pieces, cut inside a letter', async () => {
      const text = Buffer.from('ä'.repeat(1000));
      const server = await serve((response) => {
        response.write(text.subarray(0, 501));
        setTimeout(() => response.end(text.subarray(501)), 10);
      });
      expect((await send(server.origin)).body).toBe('ä'.repeat(1000));
    });

    it('is verified where it came over TLS, and only there', async () => {
      const server = await serve(ok);
      expect((await send(server.origin)).verified).toBe(allTls);
    });

    it('over TLS with a trusted certificate is', async () => {
      const server = await serveTls(identities.good);
      expect(await send(server.origin)).toMatchObject({ verified: true, body: 'ok' });
      expect((await send(`https://localhost:${String(server.port)}`)).verified).toBe(true);
    });
  });

  describe('a redirect', () => {
    it.each([301, 302, 303, 307, 308])('of status %d is an answer, and is not followed', async (status) => {
      const target = await serve(ok);
      const server = await serve((response) =>
        response.writeHead(status, { location: `${target.origin}/elsewhere` }).end(),
      );
      expect(await send(server.origin, { method: 'POST', body: 'x' })).toMatchObject({
        status,
        headers: { location: `${target.origin}/elsewhere` },
      });
      expect([server.seen.length, target.connections]).toEqual([1, 0]);
    });
  });

  describe('time is up', () => {
    const slow: Record<string, () => Promise<Running>> = {
      'where nothing is answered': () => serve(() => undefined),
      'where the body stops coming': () =>
        serve((response) => {
          response.writeHead(200, { 'content-length': 100 });
          response.write('half');
        }),
      'where the body drips, each drop in time': () =>
        serve((response) => {
          const timer = setInterval(() => response.write('drop'), 50);
          response.on('close', () => clearInterval(timer));
        }),
      'where the head drips': () =>
        serveTcp((socket) => {
          socket.write('HTTP/1.1 200 OK\r\n');
          const timer = setInterval(() => socket.write('X-Drop: 1\r\n'), 50);
          socket.on('close', () => clearInterval(timer));
        }),
      'where a TLS handshake is not answered': async () => {
        const { server, url } = await serveNoTls(tcpServer(() => undefined));
        return { ...server, origin: url };
      },
    };

    it.each(Object.entries(slow))('%s', async (_, open) => {
      const server = await open();
      const started = performance.now();
      const error = await failureOf(send(server.origin, { timeoutMs: 400 }));
      const ms = performance.now() - started;
      expect(error.code).toBe('network-unreachable');
      expect(error.message).toBe(`${new URL(server.origin).host} did not answer in 0.4 s${way()}.`);
      expect(ms).toBeGreaterThan(300);
      expect(ms).toBeLessThan(1500);
    });

    it('for one, and not for the next', async () => {
      let isSlow = true;
      const server = await serve((response) => {
        if (!isSlow) response.end('ok');
      });
      await failureOf(send(server.origin, { timeoutMs: 100 }));
      isSlow = false;
      expect((await send(server.origin)).body).toBe('ok');
    });
  });

  describe('a body', () => {
    it('of one MiB is taken', async () => {
      const server = await serve((response) => response.end('x'.repeat(mebibyte)));
      expect((await send(server.origin)).body).toHaveLength(mebibyte);
    });

    it('longer than one MiB is none of AWS’s', async () => {
      const server = await serve((response) => response.end('x'.repeat(mebibyte + 1)));
      expect((await failureOf(send(server.origin))).code).toBe('response-invalid');
    });

    it('without an end is none, and is cut', async () => {
      const server = await serve((response) => {
        const more = (): void => {
          while (!response.destroyed && response.write('x'.repeat(65_536))) continue;
          if (!response.destroyed) response.once('drain', more);
        };
        more();
      });
      expect((await failureOf(send(server.origin))).code).toBe('response-invalid');
      await expect.poll(() => server.open.size).toBe(0);
    });
  });

  describe('what is no HTTP', () => {
    const broken: Record<string, Parameters<typeof tcpServer>[0]> = {
      garbage: (socket) => socket.end('\u0000\u0001garbage\r\n\r\n'),
      'another protocol': (socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'),
      'a line without an end': (socket) => socket.end('HTTP/1.1 200'),
      nothing: (socket) => socket.end(),
      'a cut connection': (socket) =>
        socket instanceof TLSSocket ? socket.destroy() : socket.resetAndDestroy(),
      'a body cut short': (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'),
      'chunks that are none': (socket) =>
        socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'),
    };

    it.each(Object.entries(broken))('is as if nobody answered: %s', async (_, handle) => {
      const server = await serveTcp(handle);
      expect((await failureOf(send(server.origin))).code).toBe('network-unreachable');
    });

    it('nor is plain HTTP where TLS is wanted', async () => {
      const { server, url } = await serveNoTls(httpServer(ok));
      const error = await failureOf(send(url));
      expect(error.code).toBe('network-unreachable');
      expect(server.seen).toEqual([]);
    });
  });

  describe('a certificate is not trusted', () => {
    it.each([
      'of another CA',
      'signed by itself',
      'that has expired',
      'that is not valid yet',
      'of another host',
      'that is for clients',
    ] as const)('%s', async (kind) => {
      const server = await serveTls(identities.bad[kind]);
      const error = await failureOf(send(server.origin, { method: 'POST', body: 'secret' }));
      expect(error.code).toBe('tls-untrusted');
      expect(error.message).toContain(new URL(server.origin).host);
      expect(server.seen).toEqual([]);
    });

    it('of a CA of one’s own, unless it was said to be', async () => {
      const plain = makeHttp(null);
      const server = await serveTls(identities.good);
      try {
        const request = { method: 'GET', url: server.origin, headers: {}, timeoutMs: 5000 } as const;
        expect((await failureOf(plain.send(request))).code).toBe('tls-untrusted');
      } finally {
        await plain.close();
      }
    });

    it('also where the environment says not to look', async () => {
      const server = await serveTls(identities.bad['of another CA']);
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
      try {
        const fresh = makeHttp(identities.caFile);
        const request = { method: 'GET', url: server.origin, headers: {}, timeoutMs: 5000 } as const;
        const error = await failureOf(fresh.send(request).finally(() => fresh.close()));
        expect(error.code).toBe('tls-untrusted');
      } finally {
        delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      }
    });
  });

  describe('nobody is there', () => {
    it('at a port that is closed', async () => {
      const server = await serve(ok);
      await server.close();
      servers = [];
      const error = await failureOf(send(server.origin));
      expect(error.code).toBe('network-unreachable');
      expect(error.message).toContain(`${name}:${String(server.port)}`);
    });

    it('under a name that is none', async () => {
      const error = await failureOf(send('https://rolekey.invalid'));
      expect(error.code).toBe('network-unreachable');
      expect(error.message).toContain('rolekey.invalid');
    });
  });

  // Whoever calls has refused such an address already; the port promises to refuse it once more.
  it.each(['http://192.0.2.1/', 'http://example.invalid/', 'ftp://127.0.0.1/'])(
    'no request leaves the computer unprotected: %s',
    async (url) => {
      expect((await failureOf(send(url, { timeoutMs: 500 }))).code).toBe('endpoint-insecure');
    },
  );

  it('no error repeats what was sent', async () => {
    const server = await serveTcp((socket) => socket.end('garbage\r\n\r\n'));
    const error = await failureOf(
      send(`${server.origin}/?secret-1`, {
        method: 'POST',
        headers: { authorization: 'secret-2' },
        body: 'secret-3',
      }),
    );
    expect(`${error.message} ${error.remedy}`).not.toMatch(/secret/);
  });

  describe('a connection', () => {
    it.each(['http', 'https'])('is kept for the next request: %s', async (scheme) => {
      const server = scheme === 'http' ? await serve(ok) : await serveTls(identities.good);
      for (let n = 0; n < 10; n += 1) await send(server.origin);
      expect(server.connections).toBe(1);
    });

    it('made ahead is the one the request goes over', async () => {
      const server = await serve(ok);
      http.warm(server.origin);
      await expect.poll(() => server.connections).toBe(1);
      expect(server.seen).toEqual([]);
      for (let n = 0; n < 3; n += 1) await send(`${server.origin}/path`);
      expect([server.connections, server.seen.length]).toEqual([1, 3]);
    });

    it('made ahead is waited for where it is not ready, and made once', async () => {
      const server = await serve(ok);
      for (let n = 0; n < 5; n += 1) http.warm(`${server.origin}/`);
      await send(server.origin);
      http.warm(server.origin);
      await send(server.origin);
      expect(server.connections).toBe(1);
    });

    it('that could not be made ahead is made with the request', async () => {
      const server = await serve(ok);
      await server.close();
      http.warm(server.origin);
      expect((await failureOf(send(server.origin))).code).toBe('network-unreachable');
    });

    it('made ahead and closed meanwhile costs nothing', async () => {
      const server = await serve(ok);
      http.warm(server.origin);
      await expect.poll(() => server.open.size).toBe(1);
      for (const socket of server.open) socket.destroy();
      expect((await send(server.origin)).body).toBe('ok');
    });

    it('is not made ahead unprotected', () => {
      expect(() => http.warm('http://192.0.2.1/')).toThrow(
        expect.objectContaining({ code: 'endpoint-insecure' }) as Error,
      );
    });

    // A server closes what was idle for long; the next request may be on its way then.
    it('that the server gives up just as it is used again costs nothing', async () => {
      const answered = new Set<unknown>();
      const server = await serve((response) => {
        if (answered.has(response.socket)) response.socket?.destroy();
        else response.end('ok');
        answered.add(response.socket);
      });
      for (let n = 0; n < 3; n += 1)
        expect((await send(server.origin, { method: 'POST', body: 'x' })).body).toBe('ok');
      expect([server.connections, server.seen.length]).toEqual([3, 5]);
    });

    it('that the server gives up at once is told, and not tried again', async () => {
      const server = await serve((response) => response.socket?.destroy());
      expect((await failureOf(send(server.origin))).code).toBe('network-unreachable');
      expect(server.seen).toHaveLength(1);
    });

    it('that the server closed meanwhile is not used again', async () => {
      const server = await serve(ok);
      await send(server.origin);
      for (const socket of server.open) socket.destroy();
      await expect.poll(() => server.open.size).toBe(0);
      expect((await send(server.origin)).body).toBe('ok');
    });

    it('does not hold up another request', async () => {
      const server = await serve((response, { target }) => {
        if (target === '/quick') response.end('ok');
      });
      const slow = failureOf(send(`${server.origin}/slow`, { timeoutMs: 1000 }));
      expect((await send(`${server.origin}/quick`, { timeoutMs: 900 })).body).toBe('ok');
      await slow;
    });

    it('is ended when there is nothing left to send', async () => {
      const server = await serve(ok);
      await send(server.origin);
      await http.close();
      await expect.poll(() => server.open.size).toBe(0);
      http = makeHttp(null);
    });
  });

  it('takes eight requests at once', async () => {
    const server = await serve((response, { target }) => {
      setTimeout(() => response.end(target), 20);
    });
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => send(`${server.origin}/${String(n)}`)),
    );
    expect(answers.map(({ body }) => body)).toEqual(Array.from({ length: 8 }, (_, n) => `/${String(n)}`));
  });
}
