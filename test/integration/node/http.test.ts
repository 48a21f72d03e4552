import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createNodeHttp } from '../../../src/main/node/http.ts';
import { AppError } from '../../../src/shared/errors.ts';
import { httpContract } from './http-contract.ts';
import { httpServer } from './servers.ts';

describe('HTTP of Node', () => {
  httpContract((caBundlePath) => createNodeHttp({ caBundlePath }));

  it('over IPv6', async () => {
    const server = await httpServer((response) => response.end('ok'), '::1');
    const http = createNodeHttp({ caBundlePath: null });
    const { body } = await http.send({ method: 'GET', url: server.origin, headers: {}, timeoutMs: 5000 });
    expect(body).toBe('ok');
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
