import * as fs from 'node:fs';
import { request, type RequestOptions } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AgentAnswer, AgentListener, AgentRequest } from '../../../src/main/agent/listener.ts';
import { createAgentListener } from '../../../src/main/node/agent-listener.ts';
import { AppError } from '../../../src/shared/errors.ts';
import { Gate } from '../../support/fakes/gate.ts';
import { Holders } from './holders.ts';

const mebibyte = 1024 * 1024;
const isRoot = process.getuid?.() === 0;
const nobody = 65_534;

let root: string;
let socket: string;
let listeners: AgentListener[] = [];
let holders: Holders;

beforeAll(async () => {
  holders = await Holders.build();
});
afterAll(async () => {
  await holders.remove();
});
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'rolekey-agent-'));
  socket = join(root, 'run', 'agent.sock');
});
afterEach(async () => {
  await Promise.all(listeners.map((listener) => listener.close()));
  listeners = [];
  await holders.killAll();
  fs.rmSync(root, { recursive: true, force: true });
});

type Answer = (request: AgentRequest) => Promise<AgentAnswer>;

const echo: Answer = async (given) => ({
  status: 200,
  headers: { 'x-test': '1' },
  body: JSON.stringify(given),
});

async function listen(answer: Answer = echo, path = socket): Promise<AgentListener> {
  const listener = createAgentListener(path);
  listeners.push(listener);
  expect(await listener.listen(answer)).toBe(true);
  return listener;
}

interface Reply {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

/** One request on a connection of its own. An answer counts, whatever becomes of the connection behind it. */
function call(options: RequestOptions = {}, body = ''): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const common: RequestOptions = { socketPath: socket, agent: false, method: 'POST', path: '/v1/x' };
    const outgoing = request({ ...common, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** A bare connection; everything it gets is gathered. */
async function open(): Promise<{ readonly raw: Socket; readonly got: () => string }> {
  const raw = connect(socket);
  let got = '';
  raw.setEncoding('utf8').on('data', (chunk: string) => (got += chunk));
  raw.on('error', () => undefined);
  await new Promise((resolve) => raw.once('connect', resolve));
  return { raw, got: () => got };
}

const modeOf = (path: string): number => fs.statSync(path).mode & 0o777;

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    (value) => `came to ${String(value)}`,
    (error: unknown) => (error instanceof AppError ? error.code : String(error)),
  );
}

describe('a request', () => {
  it('is handed on as it came, and its answer goes back', async () => {
    await listen();
    const reply = await call({ path: '/v1/a%20b?x=1', headers: { 'Rolekey-Protocol': '1' } }, '{"ä":1}');
    expect(reply).toMatchObject({ status: 200, headers: { 'x-test': '1' } });
    expect(JSON.parse(reply.body)).toMatchObject({
      method: 'POST',
      path: '/v1/a%20b',
      headers: { 'rolekey-protocol': '1' },
      body: '{"ä":1}',
    });
  });

  it.each([200, 400, 426, 500])('is answered with status %d', async (status) => {
    await listen(async () => ({ status, headers: {}, body: 'ä' }));
    expect(await call()).toMatchObject({ status, body: 'ä' });
  });

  it('does not wait for another', async () => {
    const gate = new Gate();
    await listen(async (given) => {
      if (given.path === '/slow') await gate.promise;
      return { status: 200, headers: {}, body: given.path };
    });
    const slow = call({ path: '/slow' });
    expect((await call({ path: '/quick' })).body).toBe('/quick');
    gate.open();
    expect((await slow).body).toBe('/slow');
  });

  it('of one MiB is taken', async () => {
    await listen(async ({ body }) => ({ status: 200, headers: {}, body: String(body.length) }));
    expect((await call({}, 'x'.repeat(mebibyte))).body).toBe(String(mebibyte));
  });

  it('of more is refused, nobody sees it, and who sent it is told', async () => {
    let calls = 0;
    await listen(async () => {
      calls += 1;
      return { status: 200, headers: {}, body: '' };
    });
    for (const length of [mebibyte + 1, 4 * mebibyte]) {
      const refused = await call({}, 'x'.repeat(length));
      expect(refused).toMatchObject({ status: 413, headers: { 'rolekey-protocol': '1' } });
      expect(JSON.parse(refused.body)).toMatchObject({ error: { code: 'usage-invalid' } });
    }
    expect(calls).toBe(0);
    expect((await call()).status).toBe(200);
  });

  it('that never ends is cut', async () => {
    await listen();
    const { raw } = await open();
    raw.write('POST /v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    for (let n = 0; n < 40 && raw.writable; n += 1) {
      raw.write(chunk);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await expect.poll(() => raw.destroyed || raw.readableEnded).toBe(true);
  });

  it.each(['garbage\r\n\r\n', '\u0000\u0001\u0002\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n'])(
    'that is no HTTP is refused: %j',
    async (text) => {
      await listen();
      const { raw, got } = await open();
      raw.write(text);
      await expect.poll(got).toMatch(/^HTTP\/1\.1 (400|505)/);
      expect((await call()).status).toBe(200);
    },
  );

  it('that is given up does no harm', async () => {
    await listen();
    for (const text of [
      'POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf',
      'POST /v1/x HT',
      '',
    ]) {
      const { raw } = await open();
      raw.write(text);
      raw.destroy();
    }
    expect((await call()).status).toBe(200);
  });
});

describe('a slow client', () => {
  it('that sends nothing, or a letter at a time, holds up nobody', async () => {
    await listen();
    await open();
    const { raw } = await open();
    for (const letter of 'POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab') {
      raw.write(letter);
      expect((await call()).status).toBe(200);
    }
  });

  it('is ended when the agent ends', async () => {
    const listener = await listen();
    const { raw } = await open();
    const started = performance.now();
    await listener.close();
    expect(performance.now() - started).toBeLessThan(1000);
    await expect.poll(() => raw.destroyed).toBe(true);
  });
});

describe('a stream', () => {
  it('goes on until the client leaves', async () => {
    let write!: (text: string) => void;
    let hasLeft = false;
    await listen(async () => ({
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      stream: (given) => {
        write = given;
        write('first');
        return () => (hasLeft = true);
      },
    }));
    const { raw, got } = await open();
    raw.write('GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(got).toContain('first');
    write('second');
    await expect.poll(got).toContain('second');
    expect(hasLeft).toBe(false);
    raw.destroy();
    await expect.poll(() => hasLeft).toBe(true);
    expect(() => write('to nobody')).not.toThrow();
  });

  it('ends with the agent', async () => {
    let hasLeft = false;
    const listener = await listen(async () => ({
      status: 200,
      headers: {},
      stream: (write) => {
        write('x');
        return () => (hasLeft = true);
      },
    }));
    const { raw, got } = await open();
    raw.write('GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(got).toContain('x');
    await listener.close();
    await expect.poll(() => hasLeft && raw.destroyed).toBe(true);
  });

  it('that its client does not read is ended, before it fills the memory', async () => {
    let hasLeft = false;
    let written = 0;
    const stream: AgentAnswer = {
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      stream: (write) => {
        const event = `data: ${'x'.repeat(65_536)}\n\n`;
        const timer = setInterval(() => {
          written += event.length;
          write(event);
        }, 1);
        return () => {
          clearInterval(timer);
          hasLeft = true;
        };
      },
    };
    await listen(async (given) => (given.path === '/v1/events' ? stream : echo(given)));
    const { raw } = await open();
    raw.write('GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n');
    raw.pause();
    await expect.poll(() => hasLeft, { timeout: 10_000 }).toBe(true);
    expect(written).toBeLessThan(8 * mebibyte);
    expect((await call()).status).toBe(200);
  });

  it('to a client that has left already ends at once', async () => {
    const gate = new Gate();
    let hasBegun = false;
    let hasLeft = false;
    await listen(async () => {
      hasBegun = true;
      await gate.promise;
      return { status: 200, headers: {}, stream: () => () => (hasLeft = true) };
    });
    const { raw } = await open();
    raw.write('GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(() => hasBegun).toBe(true);
    raw.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    gate.open();
    await expect.poll(() => hasLeft).toBe(true);
  });
});

describe('the folder of the socket', () => {
  it('is made for its owner alone, and so is the socket, whatever the umask', async () => {
    const umask = process.umask(0);
    try {
      await listen();
    } finally {
      process.umask(umask);
    }
    expect(modeOf(dirname(socket))).toBe(0o700);
    expect(fs.statSync(socket).isSocket()).toBe(true);
    expect(modeOf(socket)).toBe(0o600);
  });

  it.each([0o755, 0o750, 0o770, 0o711, 0o704, 0o777])(
    'is refused with mode %o, and left as it is',
    async (mode) => {
      fs.mkdirSync(dirname(socket));
      fs.chmodSync(dirname(socket), mode);
      expect(await codeOf(createAgentListener(socket).listen(echo))).toBe('agent-unsafe');
      expect(modeOf(dirname(socket))).toBe(mode);
      expect(fs.readdirSync(dirname(socket))).toEqual([]);
    },
  );

  it('is refused where it is a link, even to a good one', async () => {
    const real = join(root, 'real');
    fs.mkdirSync(real, { mode: 0o700 });
    fs.symlinkSync(real, dirname(socket));
    expect(await codeOf(createAgentListener(socket).listen(echo))).toBe('agent-unsafe');
    expect(fs.readdirSync(real)).toEqual([]);
  });

  it('is refused where it is a file', async () => {
    fs.writeFileSync(dirname(socket), 'mine', { mode: 0o600 });
    expect(await codeOf(createAgentListener(socket).listen(echo))).toBe('agent-unsafe');
    expect(fs.readFileSync(dirname(socket), 'utf8')).toBe('mine');
  });

  it.skipIf(!isRoot)('is refused where it is another user’s', async () => {
    fs.mkdirSync(dirname(socket), { mode: 0o700 });
    fs.chownSync(dirname(socket), nobody, nobody);
    const error: unknown = await createAgentListener(socket)
      .listen(echo)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'agent-unsafe' });
    expect((error as AppError).message).toContain(dirname(socket));
  });
});

describe('what is at the socket’s path', () => {
  it('and left by a dead agent is replaced', async () => {
    const { said, child } = await holders.start(socket);
    expect(said).toBe('listening');
    await holders.kill(child);
    expect(fs.existsSync(socket)).toBe(true);
    await listen();
    expect((await call()).status).toBe(200);
  });

  it('and a living agent’s is left alone', async () => {
    const { child } = await holders.start(socket);
    expect(await createAgentListener(socket).listen(echo)).toBe(false);
    expect((await call()).body).toBe(`${String(child.pid)} /v1/x`);
  });

  it('and a stopped agent’s is left alone, too', async () => {
    const { child } = await holders.start(socket);
    child.kill('SIGSTOP');
    expect(await createAgentListener(socket).listen(echo)).toBe(false);
    child.kill('SIGCONT');
    expect((await call()).body).toBe(`${String(child.pid)} /v1/x`);
  });

  // The kernel answers EAGAIN where more connections wait than the agent allows: it lives, it is only busy.
  it('and an agent’s that is too busy to take another connection is left alone', async () => {
    fs.mkdirSync(dirname(socket), { mode: 0o700 });
    const program = `require('node:net').createServer().listen({ path: ${JSON.stringify(socket)}, backlog: 1 }, () => console.log('listening'))`;
    const { child } = await holders.run(['-e', program]);
    child.kill('SIGSTOP');
    const waiting = Array.from({ length: 20 }, () => connect(socket).on('error', () => undefined));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = fs.statSync(socket).ino;
    expect(await createAgentListener(socket).listen(echo)).toBe(false);
    expect(fs.statSync(socket).ino).toBe(before);
    for (const each of waiting) each.destroy();
  });

  it('and no socket is not ours to remove', async () => {
    fs.mkdirSync(dirname(socket), { mode: 0o700 });
    fs.writeFileSync(socket, 'mine');
    expect(await codeOf(createAgentListener(socket).listen(echo))).toBe('agent-unsafe');
    expect(fs.readFileSync(socket, 'utf8')).toBe('mine');
  });

  it('and a folder is not, either', async () => {
    fs.mkdirSync(socket, { recursive: true, mode: 0o700 });
    fs.chmodSync(dirname(socket), 0o700);
    expect(await codeOf(createAgentListener(socket).listen(echo))).toBe('agent-unsafe');
    expect(fs.statSync(socket).isDirectory()).toBe(true);
  });

  it('is taken away when the agent ends, and can be taken again', async () => {
    const listener = await listen();
    await listener.close();
    await listener.close();
    expect(fs.existsSync(socket)).toBe(false);
    await listen();
    expect((await call()).status).toBe(200);
  });

  // Node cuts a path the kernel cannot take, and would listen in a folder that nobody looked at.
  it('longer than a socket’s can be is refused, and no other is made', async () => {
    const long = join(root, 'x'.repeat(100), 'agent.sock');
    expect(await codeOf(createAgentListener(long).listen(echo))).toBe('agent-unsafe');
    expect(fs.readdirSync(root).filter((name) => fs.statSync(join(root, name)).isSocket())).toEqual([]);
  });
});

describe('of agents that start at once', () => {
  it('exactly one gets the socket, 50 times, with and without a dead one’s in its place', async () => {
    for (let round = 0; round < 50; round += 1) {
      const started = await Promise.all([holders.start(socket), holders.start(socket)]);
      expect(started.map(({ said }) => said).sort(), `round ${String(round)}`).toEqual([
        'listening',
        'taken',
      ]);
      const winner = started.find(({ said }) => said === 'listening')!.child;
      expect((await call()).body).toBe(`${String(winner.pid)} /v1/x`);
      await Promise.all(started.map(({ child }) => holders.kill(child)));
      if (round % 2 === 0) fs.rmSync(socket, { force: true });
    }
    expect(fs.readdirSync(join(dirname(socket), 'locks'))).toEqual([]);
  });

  it('in one process as well', async () => {
    for (let round = 0; round < 50; round += 1) {
      const pair = [createAgentListener(socket), createAgentListener(socket)];
      const got = await Promise.all(pair.map((listener) => listener.listen(echo)));
      expect(got.filter(Boolean)).toHaveLength(1);
      await Promise.all(pair.map((listener) => listener.close()));
    }
  });

  it('one that is killed over it keeps nobody out', async () => {
    for (let round = 0; round < 10; round += 1) {
      const starting = holders.start(socket).catch(() => null);
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 40));
      await holders.killAll();
      await Promise.race([starting, new Promise((resolve) => setTimeout(resolve, 100))]);
      const listener = await listen();
      expect((await call()).status).toBe(200);
      await listener.close();
    }
  });
});
