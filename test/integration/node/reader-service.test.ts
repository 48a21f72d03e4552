/** The service of readers: the real pcscd on a socket of its own, and what a real one cannot be told to do. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createReaderService } from '../../../src/main/node/reader-service.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'reader-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const probe = (path: string, deadlineMs?: number) =>
  createReaderService({
    platform: 'linux',
    env: { PCSCLITE_CSOCK_NAME: path },
    ...(deadlineMs !== undefined && { deadlineMs }),
  }).probe();

describe('the real pcscd', () => {
  let path: string;
  let daemon: ChildProcess;

  beforeAll(async () => {
    path = join(folder, 'pcscd.comm');
    const config = join(folder, 'readers');
    mkdirSync(config);
    // It runs with the first connection, as systemd's socket unit has it.
    daemon = spawn(
      'systemd-socket-activate',
      ['-l', path, '--fdname=pcscd', '/usr/sbin/pcscd', '--foreground', '--config', config],
      { stdio: 'ignore' },
    );
    while (!existsSync(path)) await new Promise((done) => setTimeout(done, 20));
  });
  afterAll(() => void daemon.kill('SIGKILL'));

  it('answers with the version of its protocol, also a second time', async () => {
    const answer = { kind: 'answers', path, version: expect.stringMatching(/^4\.\d+$/) as unknown };
    expect(await probe(path, 60_000)).toEqual(answer);
    expect(await probe(path, 60_000)).toEqual(answer);
  });

  it('that was killed left a socket nobody listens on', async () => {
    const ended = new Promise((done) => daemon.once('exit', done));
    daemon.kill('SIGKILL');
    await ended;
    expect(await probe(path)).toEqual({ kind: 'refused', path });
  });
});

it('without a socket is missing, and whether pcscd is installed is told', async () => {
  const path = join(folder, 'none');
  expect(await probe(path)).toEqual({ kind: 'missing', path, installed: true });
});

it('is told from a file that is no socket', async () => {
  const path = join(folder, 'file');
  writeFileSync(path, '');
  expect(await probe(path)).toEqual({ kind: 'refused', path });
});

describe('a service that', () => {
  let server: Server;
  const open = new Set<Socket>();

  const serve = async (name: string, act: (socket: Socket) => void): Promise<string> => {
    const path = join(folder, name);
    server = createServer((socket) => {
      open.add(socket.on('error', () => undefined));
      act(socket);
    });
    await new Promise<void>((done) => server.listen(path, done));
    return path;
  };
  afterEach(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });

  it('turns who asks away, as pcscd does where polkit says no', async () => {
    const path = await serve('closed', (socket) => socket.destroy());
    expect(await probe(path)).toEqual({ kind: 'closed', path });
  });

  it('turns who asks away after part of an answer', async () => {
    const path = await serve('part', (socket) => socket.end(Buffer.alloc(5)));
    expect(await probe(path)).toEqual({ kind: 'closed', path });
  });

  it('never answers', async () => {
    const path = await serve('silent', () => undefined);
    expect(await probe(path, 200)).toEqual({ kind: 'silent', path });
  });

  it('answers in pieces', async () => {
    const answer = Buffer.from(new Uint32Array([4, 5, 0x8010001d]).buffer);
    const path = await serve('pieces', (socket) => {
      socket.write(answer.subarray(0, 3));
      setTimeout(() => socket.write(answer.subarray(3)), 50);
    });
    expect(await probe(path, 60_000)).toEqual({ kind: 'answers', path, version: '4.5' });
  });

  it('is something else', async () => {
    const path = await serve('odd', (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await probe(path)).toEqual({ kind: 'odd', path });
  });

  it('is asked with one message of twenty bytes, in the computer’s order', async () => {
    const asked: Buffer[] = [];
    const path = await serve('asked', (socket) => {
      socket.on('data', (chunk) => {
        asked.push(chunk);
        socket.end(Buffer.alloc(12));
      });
    });
    await probe(path);
    expect([...new Uint32Array(Uint8Array.from(Buffer.concat(asked)).buffer)]).toEqual([12, 0x11, 4, 4, 0]);
  });
});

it.each(['darwin', 'win32'] as const)('is part of the system on %s', async (platform) => {
  expect(await createReaderService({ platform, env: {} }).probe()).toEqual({ kind: 'built-in' });
});
