/** The built agent as whoever reaches its socket finds it: other versions, many at once, clients that misbehave. */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { request } from 'node:http';
import { connect as connectSocket, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startAgent, type RunningAgent } from '../../../src/main/start-agent.ts';
import { handedOverSchema, type HandedOver } from '../../../src/shared/model.ts';
import { pathsOf } from '../../../src/shared/paths.ts';
import { pin, textOf, World } from '../../support/world/world.ts';
import { jsonFailure, success } from '../contract/expectations.ts';
import { agentRunning, credentials, status } from '../contract/shapes.ts';

/** Processes take their time on a busy computer. */
const soon = { timeout: 20_000 };

let world: World;
const socket = () => join(world.env.XDG_RUNTIME_DIR!, 'rolekey', 'agent.sock');
const agents = () => world.processes().filter(({ argv }) => argv.includes('agent'));
/** The one that holds the token's PIN; those that look into other modules come and go. */
const hosts = () =>
  world
    .processes()
    .filter(
      ({ argv }) => argv.some((word) => word.endsWith('token-host.cjs')) && argv.join().includes('softhsm'),
    );

beforeAll(async () => {
  world = await World.open();
  await world.addAccount('file', '--outlet', 'credentials-file');
  await world.addAccount('memory');
  await world.endProcesses();
});
afterAll(() => world.dispose());
afterEach(() => world.endProcesses());

interface Reply {
  readonly status: number;
  readonly version: unknown;
  readonly text: string;
}

/** One request on a connection of its own, without any of our client. An answer counts, whatever becomes of the request. */
function ask(method: string, path: string, headers: Record<string, string>, body = '{}'): Promise<Reply> {
  return new Promise((done, failed) => {
    const outgoing = request({ socketPath: socket(), method, path, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        done({ status: response.statusCode!, version: response.headers['rolekey-protocol'], text }),
      );
    });
    outgoing.on('error', failed);
    outgoing.end(body);
  });
}

async function open(): Promise<Socket> {
  const raw = connectSocket(socket());
  raw.on('error', () => undefined).resume();
  await new Promise((connected) => raw.once('connect', connected));
  return raw;
}

describe('a client of another protocol version', () => {
  it('is told both versions and what to do, whatever it asks, and nothing is done', async () => {
    await world.connect('file');
    const written = textOf(world.credentialsFile);
    for (const [method, path] of [
      ['POST', '/v1/status'],
      ['POST', '/v1/credentials'],
      ['POST', '/v1/disconnect'],
      ['POST', '/v1/takeover'],
      ['POST', '/v1/prompts/x'],
      ['GET', '/v1/events'],
      ['POST', '/v2/status'],
    ] as const) {
      const body = method === 'GET' ? '' : '{"select":{"all":true}}';
      const reply = await ask(method, path, { 'rolekey-protocol': '2' }, body);
      expect(reply, path).toMatchObject({ status: 426, version: '1' });
      const { error } = JSON.parse(reply.text) as {
        error: { code: string; message: string; remedy: string };
      };
      expect(error).toMatchObject({
        code: 'agent-version',
        message: expect.stringMatching(/version 1 .*version 2\b/) as string,
        remedy: expect.stringContaining('rolekey agent stop') as string,
      });
    }
    expect(textOf(world.credentialsFile)).toBe(written);
  });

  it('whatever it says it is of', async () => {
    await world.startAgent();
    for (const version of ['', '1.0', 'x'.repeat(500), '2; drop']) {
      const { status: refused, text } = await ask('POST', '/v1/status', { 'rolekey-protocol': version });
      expect([refused, text.length < 400], version).toEqual([426, true]);
    }
  });

  it('can stop the agent, which takes its credentials away first', async () => {
    await world.connect('file');
    expect(await ask('POST', '/v1/shutdown', {})).toMatchObject({ status: 200, text: '{"unemptied":[]}' });
    await expect.poll(() => world.processes(), soon).toEqual([]);
    expect([textOf(world.credentialsFile), fs.existsSync(socket())]).toEqual([null, false]);
  });
});

describe('of agents that are started at once', () => {
  /** What each says in its first line. */
  async function race(runners: number): Promise<number[]> {
    const said = Array.from({ length: runners }, async () => {
      const child = spawn(world.cli, ['agent', '--json'], {
        cwd: world.home,
        env: world.env,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      for await (const line of createInterface(child.stdout)) return agentRunning.parse(JSON.parse(line)).pid;
      return 0;
    });
    return Promise.all(said);
  }

  it('exactly one serves, and every other one names it and ends, beside a dead one’s socket as well', async () => {
    // Two, then ten at the socket that the winner of the two left when it was killed.
    for (const runners of [2, 10]) {
      const said = await race(runners);
      await expect.poll(() => agents().length, { ...soon, message: `of ${String(runners)}` }).toBe(1);
      expect(said).toEqual(Array.from({ length: runners }, () => agents()[0]!.pid));
      expect(success(await world.rolekey(['status', '--json']), status).agent!.pid).toBe(said[0]);
      process.kill(said[0]!, 'SIGKILL');
      await expect.poll(() => world.processes(), soon).toEqual([]);
      expect(fs.existsSync(socket())).toBe(true);
    }
  });
});

describe('POST /v1/takeover', () => {
  let app: RunningAgent | null = null;
  afterEach(async () => {
    await app?.stop();
    app = null;
  });

  /** An app's engine in this process, in the place of the agent that has the socket. */
  async function takeOver(heard: string[]): Promise<RunningAgent> {
    const running = await startAgent({
      version: '0.0.0',
      mode: 'app',
      paths: pathsOf({ platform: 'linux', env: world.env, uid: process.getuid!(), home: world.home }),
      cliPath: world.cli,
      home: world.home,
      env: world.env,
      tokenHostBundle: resolve('dist/main/token-host.cjs'),
      keyringBundle: resolve('dist/main/keyring.cjs'),
      endsWhenIdle: false,
      succeed: async () => {
        const { text } = await ask('POST', '/v1/takeover', { 'rolekey-protocol': '1' });
        heard.push(text);
        return handedOver(text);
      },
    });
    return running!;
  }

  function handedOver(text: string): HandedOver[] {
    const { sessions } = JSON.parse(text) as { sessions: unknown[] };
    return sessions.map((session) => handedOverSchema.parse(session));
  }

  it('moves live sessions and no PIN: nothing is signed, written or asked, and the next signature needs the PIN', async () => {
    await world.connect('file', 'memory');
    const before = success(await world.rolekey(['credential-process', '--account', 'memory']), credentials);
    const written = textOf(world.credentialsFile);
    const signed = world.server.requests.length;
    expect(hosts()).toHaveLength(1);

    const heard: string[] = [];
    app = await takeOver(heard);
    await expect
      .poll(() => world.processes(), { ...soon, message: 'agent and token host have ended' })
      .toEqual([]);
    expect(
      handedOver(heard[0]!)
        .map(({ account }) => account)
        .sort(),
    ).toEqual(['file', 'memory']);
    expect(heard[0]).not.toContain(pin);
    expect(success(await world.rolekey(['status', '--json']), status).agent).toMatchObject({
      pid: process.pid,
      mode: 'app',
    });
    expect(success(await world.rolekey(['credential-process', '--account', 'memory']), credentials)).toEqual(
      before,
    );
    expect(textOf(world.credentialsFile)).toBe(written);
    expect(world.server.requests).toHaveLength(signed);

    await world.rolekey(['disconnect', 'memory']);
    expect((await world.rolekey(['connect', 'memory'])).code, 'no PIN came along').toBe(3);
    expect(world.server.requests).toHaveLength(signed);
  });

  it('asked for by two at once gives the sessions to one', async () => {
    await world.connect('memory');
    const replies = await Promise.all(
      [1, 2].map(() =>
        ask('POST', '/v1/takeover', { 'rolekey-protocol': '1' }).then(
          ({ text }) => handedOver(text).length,
          () => 0, // the agent was gone already
        ),
      ),
    );
    expect(replies.sort()).toEqual([0, 1]);
    await expect.poll(() => world.processes(), soon).toEqual([]);
  });

  it('at an app is refused, and a headless agent beside it says who is there', async () => {
    app = await startAgent({
      ...{ version: '0.0.0', mode: 'app', cliPath: world.cli, home: world.home, env: world.env },
      paths: pathsOf({ platform: 'linux', env: world.env, uid: process.getuid!(), home: world.home }),
      tokenHostBundle: resolve('dist/main/token-host.cjs'),
      keyringBundle: resolve('dist/main/keyring.cjs'),
      endsWhenIdle: false,
    });
    expect((await ask('POST', '/v1/takeover', { 'rolekey-protocol': '1' })).status).toBe(400);
    expect(success(await world.rolekey(['agent', '--json']), agentRunning).pid).toBe(process.pid);
    expect(success(await world.rolekey(['status', '--json']), status).agent!.mode).toBe('app');
  });
});

describe('a client that misbehaves', () => {
  const residentKb = (pid: number): number =>
    Number(/^VmRSS:\s+(\d+)/m.exec(textOf(`/proc/${String(pid)}/status`)!)![1]);

  it('by sending 10 MB is refused, told why, and costs the agent nothing', async () => {
    await world.startAgent();
    const { pid } = agents()[0]!;
    const before = residentKb(pid);
    for (let n = 0; n < 10; n += 1) {
      const reply = await ask(
        'POST',
        '/v1/status',
        { 'rolekey-protocol': '1' },
        'x'.repeat(10 * 1024 * 1024),
      );
      expect(reply.status).toBe(413);
      expect(JSON.parse(reply.text)).toMatchObject({ error: { code: 'usage-invalid' } });
    }
    expect(residentKb(pid) - before).toBeLessThan(50_000);
    expect((await world.rolekey(['status'])).code).toBe(0);
  });

  it('by sending nothing, or half a request, keeps nobody waiting, nor the agent from ending', async () => {
    await world.startAgent();
    const silent = await Promise.all(Array.from({ length: 100 }, open));
    silent.forEach((raw, n) => n % 2 === 0 && raw.write('POST /v1/status HTTP/1.1\r\nHost: x\r\nContent-Le'));
    expect((await world.rolekey(['status'])).code).toBe(0);
    expect((await world.rolekey(['agent', 'stop'])).code).toBe(0);
    expect(world.processes()).toEqual([]);
    await expect.poll(() => silent.every((raw) => raw.destroyed), soon).toBe(true);
  });

  it('by asking for what is not there hears so, and the agent goes on', async () => {
    await world.startAgent();
    const own = { 'rolekey-protocol': '1' };
    for (const [path, body] of [
      ['/v1/credentials', '{"account":"nobody"}'],
      ['/v1/connect', '{"select":{"accounts":["nobody"]},"timeoutMs":0}'],
      ['/v1/status', '{"accounts":["nobody"]}'],
    ] as const) {
      const { status: refused, text } = await ask('POST', path, own, body);
      expect([refused, text]).toEqual([400, expect.stringContaining('"account-unknown"')]);
    }
    expect((await world.rolekey(['status'])).code).toBe(0);
  });
});

describe('an account that is connected', () => {
  it('and removed is unknown from then on, to tools that still ask, and its section is gone', async () => {
    await world.addAccount('gone', '--outlet', 'credentials-file');
    await world.connect('gone');
    expect((await world.rolekey(['credential-process', '--account', 'gone'])).code).toBe(0);
    expect((await world.rolekey(['accounts', 'remove', 'gone', '--yes'])).code).toBe(0);
    expect((await world.rolekey(['credential-process', '--account', 'gone'])).code).toBe(2);
    jsonFailure(await world.rolekey(['connect', 'gone', '--json']), 'account-unknown');
    expect(textOf(world.credentialsFile) ?? '').not.toContain('[gone]');
  });

  it('and removed while it is being connected leaves nothing behind', async () => {
    await world.addAccount('slow', '--outlet', 'credentials-file');
    await world.connect('memory'); // the PIN is held from now on
    world.server.requests.length = 0;
    world.server.faults.add({ kind: 'latency', milliseconds: 1500 });
    const connecting = world.rolekey(['connect', 'slow']);
    await expect.poll(() => world.server.requests.length, soon).toBe(1);
    expect((await world.rolekey(['accounts', 'remove', 'slow', '--yes'])).code).toBe(0);
    expect((await connecting).code).toBeGreaterThan(0);
    expect(textOf(world.credentialsFile) ?? '').not.toContain('[slow]');
    expect((await world.rolekey(['credential-process', '--account', 'slow'])).code).toBe(2);
    world.server.faults.clear();
  });
});

describe('agent and token host', () => {
  it('inherit of a command’s environment what is on the list, and the host nothing of AWS', async () => {
    const allowed =
      /^(HOME|PATH|LANG|TZ|TMPDIR|XDG_[A-Z_]+|SOFTHSM2_CONF|PCSCLITE_CSOCK_NAME|AWS_CA_BUNDLE|HTTPS_PROXY|NO_PROXY|NODE_CHANNEL_[A-Z_]+)=/;
    const env = {
      NODE_OPTIONS: '--no-deprecation',
      NODE_EXTRA_CA_CERTS: undefined,
      LD_LIBRARY_PATH: '/nowhere',
      AWS_SECRET_ACCESS_KEY: 'hush-1',
      AWS_ENDPOINT_URL_ROLESANYWHERE: 'https://elsewhere.example',
      GITHUB_TOKEN: 'hush-2',
      AWS_CA_BUNDLE: world.authority.certificate.file,
      NO_PROXY: '*',
    };
    await world.rolekey(['connect', 'memory', '--pin-stdin'], { env, stdin: `${pin}\n` });
    expect([agents().length, hosts().length]).toEqual([1, 1]);
    for (const { argv, environment } of world.processes()) {
      expect(
        environment.filter((line) => !allowed.test(line)),
        argv.join(' '),
      ).toEqual([]);
    }
    const [host] = hosts();
    expect(host!.environment.filter((line) => /^(AWS_|NODE_(?!CHANNEL_))/.test(line))).toEqual([]);
    expect(host!.environment).toContain(`SOFTHSM2_CONF=${world.env.SOFTHSM2_CONF!}`);
    expect(host!.environment.join()).not.toContain(pin);
  });

  it('open no inspector on SIGUSR1: nobody can listen in, and both go on', async () => {
    await world.connect('memory');
    const running = [...agents(), ...hosts()];
    expect(running).toHaveLength(2);
    expect(listening(running.map(({ pid }) => pid))).toEqual([]);
    for (const { pid } of running) for (let n = 0; n < 3; n += 1) process.kill(pid, 'SIGUSR1');
    await new Promise((waited) => setTimeout(waited, 300));
    expect([...agents(), ...hosts()].map(({ pid }) => pid)).toEqual(running.map(({ pid }) => pid));
    expect(listening(running.map(({ pid }) => pid))).toEqual([]);
    await world.rolekey(['disconnect', 'memory']);
    expect((await world.rolekey(['connect', 'memory'])).code, 'with the PIN it holds').toBe(0);
  });

  it('… as a process that does not take the signal does', async () => {
    const plain = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log("up")'], {
      env: { HOME: world.home },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await new Promise((up) => plain.stdout.once('data', up));
    plain.kill('SIGUSR1');
    await expect.poll(() => listening([plain.pid!]).length, soon).toBe(1);
  });
});

/** Ports on which any of the processes listens, IPv4 and IPv6, as the kernel has them. */
function listening(pids: readonly number[]): string[] {
  const inodes = new Set(
    pids.flatMap((pid) => {
      const folder = `/proc/${String(pid)}/fd`;
      return fs.readdirSync(folder).map((fd) => textOfLink(join(folder, fd)));
    }),
  );
  return ['tcp', 'tcp6'].flatMap((family) =>
    fs
      .readFileSync(`/proc/net/${family}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((columns) => columns[3] === '0A' && inodes.has(`socket:[${String(columns[9])}]`))
      .map((columns) => String(columns[1])),
  );
}

function textOfLink(path: string): string {
  try {
    return fs.readlinkSync(path);
  } catch {
    return '';
  }
}
