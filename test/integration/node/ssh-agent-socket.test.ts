/** The way to an ssh-agent, against programs that answer badly or not at all. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSshAgent, sshAgentAddress } from '../../../src/main/node/ssh-agent-socket.ts';

let directory: string;
let server: Server | null = null;
const sockets = new Set<Socket>();
let sent = 0;

beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'rolekey-ssh-'))));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await new Promise<void>((resolve) => (server === null ? resolve() : server.close(() => resolve())));
  server = null;
});

/** Listens and does with each connection what it is told. @returns the path of its socket. */
function listen(act: (socket: Socket) => void): Promise<string> {
  const path = join(directory, `socket${String((sent += 1))}`);
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    act(socket);
    socket.resume(); // whoever does not read is not told of the end
  });
  return new Promise((resolve) => server?.listen(path, () => resolve(path)));
}

const frame = (body: Uint8Array, length = body.length): Buffer => {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(length);
  return Buffer.concat([header, body]);
};
const ask = (path: string, timeoutMs = 20_000, signal?: AbortSignal) =>
  createSshAgent(path).exchange(Uint8Array.of(11), { timeoutMs, ...(signal && { signal }) });

describe('a message to an ssh-agent', () => {
  it('is answered with the body that comes back, in however many pieces', async () => {
    const path = await listen((socket) => {
      socket.once('data', (request) => {
        expect(request.toString('hex')).toBe('000000010b');
        const answer = frame(Buffer.from('answer'));
        const next = (at: number): void => {
          if (at < answer.length) socket.write(answer.subarray(at, at + 1), () => setImmediate(next, at + 1));
        };
        next(0);
      });
    });
    expect(Buffer.from(await ask(path)).toString()).toBe('answer');
    await expect
      .poll(() => Array.from(sockets).every(({ destroyed, readableEnded }) => destroyed || readableEnded))
      .toBe(true);
  });

  it('is as long as 256 KiB at most, and no byte more is waited for', async () => {
    const most = 256 * 1024;
    const exact = await listen((socket) => socket.write(frame(Buffer.alloc(most))));
    expect(await ask(exact)).toHaveLength(most);
    const longer = await listen((socket) => socket.write(frame(new Uint8Array(), most + 1)));
    await expect(ask(longer)).rejects.toMatchObject({ code: 'token-failed' });
    const unending = await listen((socket) => socket.write(frame(new Uint8Array(), 0xffffffff)));
    await expect(ask(unending)).rejects.toMatchObject({ code: 'token-failed' });
  });

  it.each<[string, (socket: Socket) => void, string]>([
    ['more than was announced', (socket) => socket.write(frame(Buffer.from('answer'), 3)), 'token-failed'],
    ['text', (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'), 'token-failed'],
    ['an end', (socket) => socket.end(), 'ssh-agent-missing'],
    ['less than was announced', (socket) => socket.end(frame(Buffer.from('ans'), 6)), 'ssh-agent-missing'],
  ])('is answered with %s', async (_, act, code) => {
    await expect(ask(await listen(act))).rejects.toMatchObject({ code });
  });

  it('is given up in time, and leaves no connection behind', async () => {
    const path = await listen(() => undefined);
    await expect(ask(path, 50)).rejects.toMatchObject({ code: 'timed-out' });
    await expect.poll(() => Array.from(sockets).map(({ readableEnded }) => readableEnded)).toEqual([true]);
  });

  it('is given up once nobody needs the answer', async () => {
    const unneeded = new AbortController();
    const path = await listen(() => unneeded.abort());
    await expect(ask(path, 20_000, unneeded.signal)).rejects.toMatchObject({ code: 'cancelled' });
    await expect(ask(path, 20_000, unneeded.signal)).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('goes nowhere where nobody listens', async () => {
    const file = join(directory, 'no-socket');
    writeFileSync(file, '');
    for (const address of [join(directory, 'nothing'), file, directory, `${directory}/${'x'.repeat(200)}`]) {
      await expect(ask(address)).rejects.toMatchObject({ code: 'ssh-agent-missing' });
    }
  });
});

it.each<[string, Record<string, string>, NodeJS.Platform, string | null]>([
  ['named', { SSH_AUTH_SOCK: '/run/agent' }, 'linux', '/run/agent'],
  ['named on Windows', { SSH_AUTH_SOCK: '\\\\.\\pipe\\other' }, 'win32', '\\\\.\\pipe\\other'],
  ['OpenSSH’s own on Windows', {}, 'win32', '\\\\.\\pipe\\openssh-ssh-agent'],
  ['nowhere', {}, 'linux', null],
  ['nowhere, as an empty variable says', { SSH_AUTH_SOCK: '' }, 'darwin', null],
])('an ssh-agent is looked for where it is: %s', (_, env, platform, expected) => {
  expect(sshAgentAddress(env, platform)).toBe(expected);
});
