/** The Http port through a real forward proxy, tinyproxy, to servers with a CA of their own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createNodeHttp, httpOptionsOf } from '../../../src/main/node/http.ts';
import type { AppError } from '../../../src/shared/errors.ts';
import { Tinyproxy, type TinyproxyOptions } from '../../support/proxy/tinyproxy.ts';
import { httpContract, type ClosableHttp } from './http-contract.ts';
import {
  behindProxy,
  httpsServer,
  makeIdentities,
  tcpServer,
  tlsServer,
  type Respond,
  type Running,
} from './servers.ts';

const user = { name: 'rolekey', password: 'geheim7' };
const ok: Respond = (response) => response.end('ok');

describe.each([
  ['that anybody may use', {}],
  ['that wants a password', { user }],
] as const satisfies [string, TinyproxyOptions][])('through a proxy %s', (_what, options) => {
  let proxy: Tinyproxy;
  const place = {
    name: behindProxy,
    tls: true,
    way: () => ` through the proxy ${proxy.host}`,
  };

  beforeAll(async () => {
    proxy = await Tinyproxy.start(options);
  });
  afterAll(async () => {
    const { tunnels } = proxy;
    await proxy.close();
    expect(tunnels.length).toBeGreaterThan(50); // whatever the contract asks for came this way
    expect(tunnels.filter((target) => !/^(0\.0\.0\.0|rolekey\.invalid):\d+$/.test(target))).toEqual([]);
  });

  httpContract(
    (caBundlePath) => createNodeHttp({ caBundlePath, proxy: { url: new URL(proxy.url), except: '' } }),
    place,
  );
});

describe('a proxy', () => {
  let directory: string;
  let identities: ReturnType<typeof makeIdentities>;
  let aws: Running;
  let closing: { close(): Promise<void> }[];

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'rolekey-proxy-'));
    identities = makeIdentities(directory);
  });
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(async () => {
    aws = await httpsServer(identities.good, ok, behindProxy);
    closing = [aws];
  });
  afterEach(async () => {
    for (const one of closing) await one.close();
  });

  async function open<T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> {
    const opened = await starting;
    closing.unshift(opened);
    return opened;
  }
  const http = (HTTPS_PROXY: string, more: Record<string, string> = {}): ClosableHttp => {
    const made = createNodeHttp(httpOptionsOf({ AWS_CA_BUNDLE: identities.caFile, HTTPS_PROXY, ...more }));
    closing.unshift(made);
    return made;
  };
  const get = (through: ClosableHttp, timeoutMs = 20_000) =>
    through.send({ method: 'GET', url: aws.origin, headers: {}, timeoutMs });
  const host = () => new URL(aws.origin).host;

  it('is asked for one tunnel, whatever is sent through it', async () => {
    const proxy = await open(Tinyproxy.start());
    const through = http(proxy.url);
    through.warm(aws.origin);
    for (let n = 0; n < 5; n += 1) await get(through);
    expect(proxy.tunnels).toEqual([host()]);
    expect([aws.connections, aws.seen.length]).toEqual([1, 5]);
  });

  it.each([behindProxy, `${behindProxy}/8`, '*'])(
    'is not asked where NO_PROXY is %s, and the server is reached',
    async (NO_PROXY) => {
      const proxy = await open(Tinyproxy.start());
      expect((await get(http(proxy.url, { NO_PROXY }))).body).toBe('ok');
      expect(proxy.tunnels).toEqual([]);
    },
  );

  it('that wants a password is told, with what to do, and no word of the one it got', async () => {
    const proxy = await open(Tinyproxy.start({ user }));
    for (const url of [`http://${proxy.host}`, `http://rolekey:wrong-secret@${proxy.host}`]) {
      const error: unknown = await get(http(url)).catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        code: 'proxy-password',
        message: `The proxy ${proxy.host} wants a name and a password, or refused them, on the way to ${host()}.`,
        remedy: expect.stringContaining('HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT') as string,
      });
      expect(JSON.stringify([error, String(error)])).not.toContain('secret');
    }
    expect(aws.connections).toBe(0);
  });

  it('that refuses this port is told', async () => {
    const proxy = await open(Tinyproxy.start({ connectPorts: [443] }));
    await expect(get(http(proxy.url))).rejects.toMatchObject({
      code: 'network-unreachable',
      message: `The proxy ${proxy.host} refused the way to ${host()} (status 403).`,
    });
  });

  it('that finds nobody there is told', async () => {
    const proxy = await open(Tinyproxy.start());
    await aws.close();
    await expect(get(http(proxy.url))).rejects.toMatchObject({
      code: 'network-unreachable',
      message: `The proxy ${proxy.host} could not reach ${host()} (status 500).`,
    });
  });

  it('that is down is told by its address alone', async () => {
    const proxy = await Tinyproxy.start({ user });
    await proxy.close();
    const error: unknown = await get(http(proxy.url)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'network-unreachable',
      message: `The proxy ${proxy.host} could not be reached (ECONNREFUSED), nor ${host()} through it.`,
    });
    expect(String(error)).not.toContain(user.password);
  });

  // Each takes its five seconds; so they are waited for together.
  it('and whoever is behind it is given five seconds for a connection, and no more of the twenty', async () => {
    const real = await open(Tinyproxy.start());
    const silent = await open(tcpServer((socket) => socket.resume()));
    const silentUrl = silent.origin.replace('http:', 'https:');
    const behind = silentUrl.replace('127.0.0.1', behindProxy);
    const started = performance.now();
    const failures = await Promise.all(
      [
        [http(silent.origin), aws.origin],
        [http(real.url), behind],
        [http(real.url), silentUrl],
      ].map(async ([through, url]) => {
        const request = { method: 'GET', url: url as string, headers: {}, timeoutMs: 20_000 } as const;
        const error: unknown = await (through as ClosableHttp)
          .send(request)
          .catch((reason: unknown) => reason);
        return [performance.now() - started, error] as const;
      }),
    );
    expect(failures.map(([, error]) => (error as AppError).message)).toEqual([
      `The proxy ${new URL(silent.origin).host} did not answer in 5 s, so ${host()} could not be reached.`,
      `${new URL(behind).host} could not be reached in 5 s through the proxy ${real.host}.`,
      `${new URL(silentUrl).host} could not be reached in 5 s.`,
    ]);
    for (const [ms, error] of failures) {
      expect(error).toMatchObject({ code: 'network-unreachable' });
      expect(ms).toBeGreaterThan(4500);
      expect(ms).toBeLessThan(12_000);
    }
    await expect.poll(() => silent.open.size).toBe(0); // and nothing of them is left
  });

  it('with TLS of its own is trusted by the same CAs', async () => {
    const refusing = (socket: { write(text: string): unknown }): void => {
      socket.write('HTTP/1.1 418 No\r\n\r\n');
    };
    const good = await open(tlsServer(identities.good, refusing));
    await expect(get(http(good.origin))).rejects.toMatchObject({
      message: expect.stringContaining('refused the way') as string,
    });
    const bad = await open(tlsServer(identities.bad['of another CA'], refusing));
    await expect(get(http(bad.origin))).rejects.toMatchObject({
      code: 'tls-untrusted',
      message: expect.stringContaining(
        `The certificate of the proxy ${new URL(bad.origin).host} is not trusted`,
      ) as string,
    });
  });

  it('behind which somebody shows a certificate nobody trusts is named with it', async () => {
    const proxy = await open(Tinyproxy.start());
    const inspected = await open(httpsServer(identities.bad['of another CA'], ok, behindProxy));
    const request = { method: 'GET', url: inspected.origin, headers: {}, timeoutMs: 5000 } as const;
    await expect(http(proxy.url).send(request)).rejects.toMatchObject({
      code: 'tls-untrusted',
      message: expect.stringContaining(
        `${new URL(inspected.origin).host} through the proxy ${proxy.host}`,
      ) as string,
    });
    expect(inspected.seen).toEqual([]);
  });
});
