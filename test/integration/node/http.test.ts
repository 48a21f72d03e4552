import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createNodeHttp, httpOptionsOf } from '../../../src/main/node/http.ts';
import { AppError } from '../../../src/shared/errors.ts';
import { httpContract } from './http-contract.ts';
import { httpServer, httpsServer, makeIdentities, tcpServer, type Running } from './servers.ts';

describe('HTTP of Node', () => {
  httpContract((caBundlePath) => createNodeHttp({ caBundlePath }));

  // A timer does not run while the computer sleeps, and what was connected before leads nowhere afterwards.
  it.each([61_000, -61_000])('leaves connections behind when the clock is %d ms on', async (ms) => {
    const server = await httpServer((response) => response.end('ok'));
    const http = createNodeHttp({ caBundlePath: null });
    const send = () => http.send({ method: 'GET', url: server.origin, headers: {}, timeoutMs: 5000 });
    await send();
    await send();
    expect(server.connections).toBe(1);
    const now = Date.now();
    const clock = vi.spyOn(Date, 'now').mockReturnValue(now + ms);
    await send().finally(() => clock.mockRestore());
    expect(server.connections).toBe(2);
    await http.close();
    await server.close();
  });

  it('over IPv6', async () => {
    const server = await httpServer((response) => response.end('ok'), '::1');
    const http = createNodeHttp({ caBundlePath: null });
    http.warm(server.origin);
    const { body } = await http.send({ method: 'GET', url: server.origin, headers: {}, timeoutMs: 5000 });
    expect([body, server.connections]).toEqual(['ok', 1]);
    await server.close();
    await http.close();
  });

  // An agent that stops cannot wait for an AWS that does not answer.
  it('does not wait for an answer when it is closed', async () => {
    const server = await httpServer(() => undefined);
    const http = createNodeHttp({ caBundlePath: null });
    const request = http.send({ method: 'GET', url: server.origin, headers: {}, timeoutMs: 3000 });
    const failed = request.catch((error: unknown) => error);
    await expect.poll(() => server.seen.length).toBe(1);
    const started = performance.now();
    await http.close();
    expect(performance.now() - started).toBeLessThan(1000);
    expect(await failed).toMatchObject({ code: 'network-unreachable' });
    await server.close();
  });

  it.each(['no certificate\n', '', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])(
    'refuses a CA bundle without a certificate, which would trust nobody: %j',
    (text) => {
      const directory = mkdtempSync(join(tmpdir(), 'rolekey-http-'));
      const file = join(directory, 'empty.pem');
      writeFileSync(file, text);
      try {
        expect(() => createNodeHttp({ caBundlePath: file })).toThrow(
          expect.objectContaining({ code: 'file-undecodable' }) as Error,
        );
      } finally {
        rmSync(directory, { recursive: true });
      }
    },
  );

  it('says which CA bundle cannot be read', () => {
    const missing = join(process.env.HOME!, 'no-such.pem');
    expect(() => createNodeHttp({ caBundlePath: missing })).toThrow(AppError);
    try {
      createNodeHttp({ caBundlePath: missing });
    } catch (error) {
      expect(error).toMatchObject({
        code: 'file-unreadable',
        message: expect.stringContaining(missing) as string,
      });
    }
  });
});

describe('a proxy', () => {
  /** The certificate of `aws` is for this name, which no name server knows: only the proxy leads there. */
  const name = 'sts.example.org';
  let directory: string;
  let identities: ReturnType<typeof makeIdentities>;
  let aws: Running;
  let proxy: Running;
  /** What the proxy does with a request: `tunnel`, `nothing`, or the status line it answers with. */
  let answer: string;
  let heads: string[];

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'rolekey-proxy-'));
    identities = makeIdentities(directory);
  });
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(async () => {
    [answer, heads] = ['tunnel', []];
    aws = await httpsServer(identities.bad['of another host'], (response) => response.end('ok'));
    proxy = await tcpServer((connection) => {
      connection.once('data', (data: Buffer) => {
        heads.push(data.toString('latin1'));
        if (answer === 'nothing') return;
        if (answer !== 'tunnel') {
          connection.end(`HTTP/1.1 ${answer}\r\nContent-Length: 0\r\n\r\n`);
          return;
        }
        connection.write('HTTP/1.1 200 Connection established\r\n\r\n');
        const tunnel = connect(aws.port, '127.0.0.1').on('error', () => undefined);
        connection.pipe(tunnel).pipe(connection);
      });
    });
  });
  afterEach(async () => {
    await proxy.close();
    await aws.close();
  });

  /** One request by an adapter of that environment, which trusts the test CA where nothing else is said. */
  async function send(env: Record<string, string>, url = `https://${name}/x`, timeoutMs = 3000) {
    const http = createNodeHttp(httpOptionsOf({ AWS_CA_BUNDLE: identities.caFile, ...env }));
    return http
      .send({ method: 'POST', url, headers: { host: new URL(url).host }, body: 'secret', timeoutMs })
      .finally(() => http.close());
  }
  const sentTo = () => heads.map((head) => head.split('\r\n')[0]);

  it('is asked for a tunnel, in which certificates count as they do without', async () => {
    expect(await send({ HTTPS_PROXY: proxy.origin })).toMatchObject({ body: 'ok', verified: true });
    expect(sentTo()).toEqual([`CONNECT ${name}:443 HTTP/1.1`]);
    expect(aws.seen).toMatchObject([{ method: 'POST', target: '/x', headers: { host: name } }]);
  });

  it.each([
    ['of another CA', { AWS_CA_BUNDLE: '' }, name],
    ['of another host', {}, 'rolesanywhere.example.org'],
  ])('is not trusted with a certificate %s, whatever the environment says', async (_, env, host) => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      await expect(send({ HTTPS_PROXY: proxy.origin, ...env }, `https://${host}/`)).rejects.toMatchObject({
        code: 'tls-untrusted',
      });
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    }
    expect(aws.seen).toEqual([]);
  });

  it('gets name and password, decoded, and AWS does not', async () => {
    const { port } = proxy;
    await send({ HTTPS_PROXY: `http://me:p%40ss@127.0.0.1:${String(port)}` });
    const expected = Buffer.from('me:p@ss').toString('base64');
    expect(heads[0]!.toLowerCase()).toContain(`proxy-authorization: basic ${expected}`.toLowerCase());
    expect(aws.seen[0]!.headers).not.toHaveProperty('proxy-authorization');
  });

  it.each([
    ['small letters', (url: string) => ({ https_proxy: url, HTTPS_PROXY: 'http://127.0.0.1:9' })],
    ['an empty one in small letters', (url: string) => ({ https_proxy: '', HTTPS_PROXY: url })],
    ['no scheme', (url: string) => ({ HTTPS_PROXY: url.replace('http://', '') })],
  ])('may be named with %s', async (_, envOf) => {
    expect((await send(envOf(proxy.origin))).body).toBe('ok');
  });

  it.each(['http_proxy', 'HTTP_PROXY', 'ALL_PROXY'])('is not what %s says', async (variable) => {
    await send({ [variable]: proxy.origin }).catch(() => undefined);
    expect(heads).toEqual([]);
  });

  it('is never between us and this computer', async () => {
    const env = { HTTPS_PROXY: proxy.origin };
    const local = await httpsServer(identities.good, (response) => response.end('ok'));
    for (const host of ['127.0.0.1', 'localhost']) {
      expect((await send(env, `https://${host}:${String(local.port)}/`)).body).toBe('ok');
    }
    await local.close();
    expect(heads).toEqual([]);
  });

  it.each(['*', name, 'example.org', '.example.org', '*.example.org', ` other.test, ${name}:443`])(
    'is not asked where NO_PROXY is %s',
    async (NO_PROXY) => {
      await expect(send({ HTTPS_PROXY: proxy.origin, NO_PROXY })).rejects.toMatchObject({
        code: 'network-unreachable',
      });
      expect(heads).toEqual([]);
    },
  );

  it.each(['other.test', `${name}.test`, `${name}:8443`, ''])(
    'is asked where NO_PROXY is %j',
    async (NO_PROXY) => {
      expect((await send({ HTTPS_PROXY: proxy.origin, NO_PROXY })).body).toBe('ok');
    },
  );

  it('that wants a password is told as the one who refused', async () => {
    answer = '407 Proxy Authentication Required';
    await expect(send({ HTTPS_PROXY: proxy.origin })).rejects.toMatchObject({
      code: 'proxy-password',
      message: expect.stringContaining('proxy') as string,
    });
  });

  it('that answers nothing costs no more than the time there is', async () => {
    answer = 'nothing';
    const started = performance.now();
    await expect(send({ HTTPS_PROXY: proxy.origin }, `https://${name}/`, 400)).rejects.toMatchObject({
      code: 'network-unreachable',
    });
    expect(performance.now() - started).toBeLessThan(1500);
  });

  it.each(['http://', 'socks5://127.0.0.1:1080', 'http://me:secret%@127.0.0.1:1', 'http://[secret'])(
    'is refused where its address is %j, which is not repeated',
    (HTTPS_PROXY) => {
      try {
        httpOptionsOf({ HTTPS_PROXY });
        expect.unreachable();
      } catch (error) {
        expect(error).toMatchObject({ code: 'usage-invalid' });
        expect(String(error)).not.toContain('secret');
      }
    },
  );
});
