import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentClient } from '../../../src/agent-client/agent-client.ts';
import type { EngineEvent } from '../../../src/shared/api.ts';
import { failureOf } from '../failure-of.ts';

let folder: string;
let socket: string;
let server: Server | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rolekey-client-'));
  chmodSync(folder, 0o700);
  socket = join(folder, 'agent.sock');
});
afterEach(async () => {
  await new Promise<void>((resolve) => {
    if (server === null) resolve();
    else server.close(() => resolve()).closeAllConnections();
  });
  server = null;
  rmSync(folder, { recursive: true, force: true });
});

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A server that answers everything alike. */
async function answerWith(answer: (response: ServerResponse) => void): Promise<Seen[]> {
  const seen: Seen[] = [];
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      seen.push({ method: request.method, url: request.url, headers: request.headers, body });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server!.listen(socket, resolve));
  return seen;
}

const json =
  (status: number, body: unknown, headers: Record<string, string> = { 'rolekey-protocol': '1' }) =>
  (response: ServerResponse): void => {
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  };

const client = (name?: string): AgentClient =>
  new AgentClient({ socket, command: 'rolekey test', ...(name === undefined ? {} : { client: name }) });

describe('a call', () => {
  it('is a POST of its input, with version and name, and brings the answer', async () => {
    const seen = await answerWith(json(200, { accounts: [] }));
    expect(await client('c-1').call('accountsList', { accounts: ['ä'] })).toEqual({ accounts: [] });
    expect(seen).toMatchObject([
      {
        method: 'POST',
        url: '/v1/accounts-list',
        headers: {
          'rolekey-protocol': '1',
          'rolekey-client': 'c-1',
          'rolekey-command': 'rolekey%20test',
          'content-type': 'application/json',
        },
        body: '{"accounts":["ä"]}',
      },
    ]);
  });

  it('names no client where nobody can be asked', async () => {
    const seen = await answerWith(json(200, {}));
    await client().call('lock', {});
    expect(seen[0]!.headers).not.toHaveProperty('rolekey-client');
  });

  it('takes an answer in pieces, cut inside a letter', async () => {
    const text = Buffer.from(JSON.stringify({ accounts: [], note: 'ä'.repeat(50_000) }));
    await answerWith((response) => {
      response.writeHead(200, { 'rolekey-protocol': '1' });
      response.write(text.subarray(0, 30_000));
      setTimeout(() => response.end(text.subarray(30_000)), 5);
    });
    expect(await client().call('accountsList', {})).toEqual(JSON.parse(text.toString()));
  });

  it('answers a prompt at its path', async () => {
    const seen = await answerWith(json(200, {}));
    await client().answer('a/b', { secret: '123456' });
    expect(seen).toMatchObject([{ url: '/v1/prompts/a%2Fb', body: '{"secret":"123456"}' }]);
  });
});

describe('what the agent refuses', () => {
  it('is thrown whole', async () => {
    const error = { code: 'aws-not-found', message: 'M.', remedy: 'R.', requestId: 'q' };
    await answerWith(json(400, { error }));
    expect(await failureOf(client().call('status', {}))).toMatchObject(error);
  });

  it.each([
    ['an unknown code', { error: { code: 'bogus', message: 'M.', remedy: 'R.', requestId: null } }],
    ['a prototype’s name', { error: { code: 'toString', message: 'M.', remedy: 'R.', requestId: null } }],
    ['no error', {}],
    ['null for an error', { error: null }],
    ['text for an error', { error: 'internal' }],
    ['no object', 'null'],
    ['no JSON', '<html>'],
    ['nothing', ''],
  ])('with %s is a failure of the agent', async (_, body) => {
    await answerWith(json(500, body));
    expect((await failureOf(client().call('status', {}))).code).toBe('agent-failed');
  });

  it('says that a request is too long, without sending it', async () => {
    const seen = await answerWith(json(200, {}));
    const accounts = ['x'.repeat(1024 * 1024)];
    expect((await failureOf(client().call('accountsList', { accounts }))).code).toBe('usage-invalid');
    expect(seen).toEqual([]);
  });

  it.each([
    ['an answer that is no JSON', json(200, '{')],
    [
      'an answer cut short',
      (response: ServerResponse) => {
        response.writeHead(200, { 'rolekey-protocol': '1', 'content-length': 100 });
        response.write('{');
        setTimeout(() => response.destroy(), 5);
      },
    ],
    ['no answer', (response: ServerResponse) => response.destroy()],
  ])('%s is one, too', async (_, answer) => {
    await answerWith(answer);
    expect((await failureOf(client().call('status', {}))).code).toBe('agent-failed');
  });

  it.each([{ 'rolekey-protocol': '2' }, {}])('an answer of version %j is not read', async (headers) => {
    await answerWith(json(200, {}, headers));
    expect((await failureOf(client().call('status', {}))).code).toBe('agent-version');
  });
});

describe('no agent runs', () => {
  it('where there is no socket', async () => {
    expect((await failureOf(client().call('status', {}))).code).toBe('agent-not-running');
  });

  it('where there is no folder', async () => {
    rmSync(folder, { recursive: true });
    expect((await failureOf(client().call('status', {}))).code).toBe('agent-not-running');
  });

  it('where the socket is left by a dead one', async () => {
    const { spawnSync } = await import('node:child_process');
    spawnSync(process.execPath, [
      '-e',
      `require('node:net').createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ]);
    expect((await failureOf(client().call('status', {}))).code).toBe('agent-not-running');
  });
});

describe('a folder is not trusted', () => {
  it.each([0o755, 0o770, 0o701, 0o777])('that others may enter: %o', async (mode) => {
    const seen = await answerWith(json(200, {}));
    chmodSync(folder, mode);
    const error = await failureOf(client().call('status', {}));
    expect(error.code).toBe('agent-unsafe');
    expect(error.message).toContain(folder);
    expect(seen).toEqual([]);
  });

  it('that is a link', async () => {
    const seen = await answerWith(json(200, {}));
    const link = `${folder}-link`;
    symlinkSync(folder, link);
    try {
      const linked = new AgentClient({ socket: join(link, 'agent.sock'), command: 'x' });
      expect((await failureOf(linked.call('status', {}))).code).toBe('agent-unsafe');
    } finally {
      rmSync(link);
    }
    expect(seen).toEqual([]);
  });

  it('that is a file', async () => {
    const file = join(folder, 'sub');
    mkdirSync(file);
    const inFile = new AgentClient({ socket: join(file, 'agent.sock'), command: 'x' });
    rmSync(file, { recursive: true });
    const { writeFileSync } = await import('node:fs');
    writeFileSync(file, '', { mode: 0o600 });
    expect((await failureOf(inFile.call('status', {}))).code).toBe('agent-unsafe');
  });
});

// Node cuts a path the kernel cannot take, and would speak to whoever listens in a folder that nobody looked at.
it('a path longer than a socket’s can be leads to nobody', async () => {
  const long = join(folder, 'x'.repeat(100), 'agent.sock');
  mkdirSync(join(folder, 'x'.repeat(100)), { mode: 0o700 });
  socket = long;
  const seen = await answerWith(json(200, {}));
  const error = await failureOf(new AgentClient({ socket: long, command: 'x' }).call('status', {}));
  expect(error.code).toMatch(/^agent-/);
  expect(seen).toEqual([]);
});

describe('events', () => {
  const closed = (id: string): EngineEvent => ({ name: 'promptClosed', payload: { id } });

  it('come one by one, however they are cut, until either side ends them', async () => {
    let stream!: ServerResponse;
    await answerWith((response) => {
      stream = response;
      response.writeHead(200, { 'rolekey-protocol': '1' });
      response.write(': listening\n\n');
    });
    const heard: EngineEvent[] = [];
    let ended = false;
    await client('c').events(
      (event) => heard.push(event),
      () => (ended = true),
    );
    const text = Buffer.from(
      'event: promptClosed\ndata: {"id":"1"}\n\n: comment\n\nevent: promptClosed\ndata: {"id":"ä"}\n\n',
    );
    for (const byte of text) {
      stream.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expect.poll(() => heard).toEqual([closed('1'), closed('ä')]);
    stream.write('event: promptClosed\ndata: {"id":"never ended"}');
    stream.end();
    await expect.poll(() => ended).toBe(true);
    expect(heard).toHaveLength(2);
  });

  it('are ended by who listens', async () => {
    let closedByClient = false;
    await answerWith((response) => {
      response.on('close', () => (closedByClient = true));
      response.writeHead(200, { 'rolekey-protocol': '1' }).write(': listening\n\n');
    });
    const stop = await client('c').events(() => undefined);
    stop();
    await expect.poll(() => closedByClient).toBe(true);
  });

  it('tell of an agent that was killed as of one that ended', async () => {
    await answerWith((response) => {
      response.writeHead(200, { 'rolekey-protocol': '1' }).write(': listening\n\n');
      setTimeout(() => response.destroy(), 5);
    });
    await new Promise<void>((resolve) => void client('c').events(() => undefined, resolve));
  });

  it('are refused by an agent of another version', async () => {
    await answerWith(json(200, '', { 'rolekey-protocol': '2' }));
    expect((await failureOf(client('c').events(() => undefined))).code).toBe('agent-version');
  });
});
