/** "Paths and environment": where things lie, and whose folder the socket may be in. */
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Result } from '../../support/world/program.ts';
import { World, type EnvironmentChange } from '../../support/world/world.ts';
import { jsonFailure, success, textFailure } from './expectations.ts';
import { accounts, status } from './shapes.ts';

let world: World;

beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.dispose());
afterEach(() => world.endProcesses());

const mode = (path: string): number => statSync(path).mode & 0o777;
const uid = process.getuid!();
const isRoot = uid === 0;

describe('with every XDG variable set', () => {
  it('configuration, log and socket lie below them, for nobody else to read', async () => {
    await world.addAccount('a');
    const { XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_RUNTIME_DIR } = world.env;
    const configuration = join(XDG_CONFIG_HOME!, 'rolekey', 'config.json');
    expect(mode(configuration)).toBe(0o600);
    expect(mode(join(XDG_STATE_HOME!, 'rolekey', 'rolekey.log'))).toBe(0o600);
    const socket = join(XDG_RUNTIME_DIR!, 'rolekey', 'agent.sock');
    expect(lstatSync(socket).isSocket()).toBe(true);
    expect(mode(socket)).toBe(0o600);
    expect(mode(join(XDG_RUNTIME_DIR!, 'rolekey'))).toBe(0o700);
  });
});

describe('without them', () => {
  it.each([
    ['unset', undefined],
    ['empty', ''],
    ['relative', 'some/where'],
  ])('(%s) the folders of the XDG specification and of the contract are taken', async (_how, value) => {
    const env = { XDG_CONFIG_HOME: value, XDG_STATE_HOME: value, XDG_RUNTIME_DIR: value };
    success(await world.rolekey(['accounts', 'list', '--json'], { env }), accounts);
    await world.rolekey(['accounts', 'add', 'x', ...world.accountFlags('x'), '--private-key', '/x'], { env });
    expect(existsSync(join(world.home, '.config', 'rolekey', 'config.json'))).toBe(true);
    expect(existsSync(join(world.home, '.local', 'state', 'rolekey', 'rolekey.log'))).toBe(true);
    const folder = join(world.env.TMPDIR!, `rolekey-${String(uid)}`);
    expect(mode(folder)).toBe(0o700);
    expect(lstatSync(join(folder, 'agent.sock')).isSocket()).toBe(true);
    expect((await world.rolekey(['status'], { env })).code).toBe(0);
    expect((await world.rolekey(['status'])).code, 'another socket, another agent').toBe(6);
  });

  it('TMPDIR unset too: /tmp/rolekey-UID', async () => {
    // Looked for and not made: /tmp is everybody's.
    const unset = { XDG_RUNTIME_DIR: undefined, TMPDIR: undefined };
    const folder = `/tmp/rolekey-${String(uid)}`;
    if (existsSync(folder)) return;
    mkdirSync(folder, { mode: 0o755 });
    try {
      const { stderr } = await world.rolekey(['status'], { env: unset });
      expect(stderr).toContain(folder);
    } finally {
      await world.run('rmdir', [folder]);
    }
  });
});

describe('ROLEKEY_CONFIG_DIR and ROLEKEY_SOCKET override', () => {
  it.each([
    ['absolute', (path: string) => path],
    ['relative to where the command runs', (path: string) => `./${path.slice(path.lastIndexOf('/') + 1)}`],
  ])('%s', async (_how, name) => {
    const configuration = world.folder(`home/own-${String(name.length)}${_how.length.toString()}`);
    const socketFolder = world.folder('home/own-socket');
    const env = {
      ROLEKEY_CONFIG_DIR: name(configuration),
      ROLEKEY_SOCKET: `${name(socketFolder)}/r.sock`,
    };
    const flags = [...world.accountFlags('own'), '--private-key', world.device.uri];
    expect(await world.rolekey(['accounts', 'add', 'own', ...flags], { env })).toMatchObject({ code: 0 });
    expect(existsSync(join(configuration, 'config.json'))).toBe(true);
    expect(lstatSync(join(socketFolder, 'r.sock')).isSocket()).toBe(true);
    const { accounts: seen } = success(await world.rolekey(['status', '--json'], { env }), status);
    expect(seen.map(({ account }) => account)).toEqual(['own']);
    await world.rolekey(['accounts', 'remove', 'own', '--yes'], { env });
  });
});

describe('the folder of the socket', () => {
  const commands = [
    ['accounts', 'list'],
    ['connect', '--all'],
    ['status'],
    ['credential-process', '--account', 'a'],
    ['agent'],
  ];
  /** Every command refuses, and leaves the folder as it is. */
  async function refused(folder: string): Promise<void> {
    const before = lstatSync(folder);
    for (const words of commands) {
      const result = await world.rolekey(words, { env: { ROLEKEY_SOCKET: join(folder, 'agent.sock') } });
      expect(textFailure(result, 6)).toContain(folder);
    }
    const json = await world.rolekey(['accounts', 'list', '--json'], {
      env: { ROLEKEY_SOCKET: join(folder, 'agent.sock') },
    });
    jsonFailure(json, 'agent-unsafe');
    expect(lstatSync(folder)).toMatchObject({ mode: before.mode, uid: before.uid });
    expect(existsSync(join(folder, 'agent.sock'))).toBe(false);
    expect(world.processes()).toEqual([]);
  }

  it.each(['755', '750', '701', '770', '777'])('of mode 0%s is refused', async (bits) => {
    const folder = world.folder('home/loose');
    chmodSync(folder, parseInt(bits, 8));
    await refused(folder);
  });

  it('that is a link is refused, even to a folder of mine', async () => {
    const link = join(world.home, 'linked');
    symlinkSync(world.folder('home/real'), link);
    await refused(link);
  });

  it.skipIf(!isRoot)('of another user is refused', async () => {
    const folder = world.folder('home/theirs');
    chownSync(folder, 65_534, 65_534);
    await refused(folder);
  });

  it('that is a file is refused', async () => {
    const result = await world.rolekey(['accounts', 'list'], {
      env: { ROLEKEY_SOCKET: join(world.file('home/plain', ''), 'agent.sock') },
    });
    textFailure(result, 6);
  });

  it('below a folder that cannot be made is an error like any other', async () => {
    const result = await world.rolekey(['accounts', 'list'], {
      env: { ROLEKEY_SOCKET: '/dev/null/here/agent.sock' },
    });
    textFailure(result, 6);
  });

  it('is made with mode 0700 whatever the umask', async () => {
    const runtime = world.folder('home/fresh');
    const result = await world.run('sh', ['-c', `umask 000; exec "${world.cli}" accounts list`], {
      env: { XDG_RUNTIME_DIR: runtime },
    });
    expect(result).toMatchObject({ code: 0 });
    expect(mode(join(runtime, 'rolekey'))).toBe(0o700);
    expect(mode(join(runtime, 'rolekey', 'agent.sock'))).toBe(0o600);
  });
});

describe('the socket', () => {
  it('that a dead agent left is taken over', async () => {
    await world.rolekey(['accounts', 'list']);
    for (const { pid } of world.processes()) process.kill(pid, 'SIGKILL');
    expect((await world.rolekey(['status'])).code).toBe(6);
    expect((await world.rolekey(['accounts', 'list'])).code).toBe(0);
    expect((await world.rolekey(['status'])).code).toBe(0);
  });

  it('with a path longer than a socket can have is an error like any other', async () => {
    const folder = world.folder(`home/${'long/'.repeat(20)}`);
    const env = { ROLEKEY_SOCKET: join(folder, 'agent.sock') };
    for (const words of [['accounts', 'list'], ['status'], ['agent']]) {
      textFailure(await world.rolekey(words, { env }), 6);
    }
  });

  it('on which something else listens is an error like any other', async () => {
    const path = join(world.folder('home/strange'), 'agent.sock');
    const server = createServer((connection) => connection.end('220 hello\r\n'));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    try {
      for (const words of [['accounts', 'list'], ['status'], ['credential-process', '--account', 'a']]) {
        textFailure(await world.rolekey(words, { env: { ROLEKEY_SOCKET: path } }), 6);
      }
    } finally {
      server.close();
    }
  });

  it('of an agent of another protocol version is agent-version', async () => {
    const { createServer: createHttpServer } = await import('node:http');
    const path = join(world.folder('home/other'), 'agent.sock');
    const server = createHttpServer((_request, response) => {
      response.writeHead(200, { 'rolekey-protocol': '2', 'content-type': 'application/json' }).end('{}');
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    try {
      const env = { ROLEKEY_SOCKET: path };
      const refused = jsonFailure(
        await world.rolekey(['accounts', 'list', '--json'], { env }),
        'agent-version',
      );
      expect(refused.message).toMatch(/agent speaks version 2 .*this program version 1\./);
      expect(refused.remedy).toContain('rolekey agent stop');
      jsonFailure(await world.rolekey(['agent', '--json'], { env }), 'agent-version');
      jsonFailure(await world.rolekey(['status', '--json'], { env }), 'agent-version');
      textFailure(await world.rolekey(['credential-process', '--account', 'a'], { env }), 6);
    } finally {
      server.close();
    }
  });
});

describe('the home directory', () => {
  /** Nobody, on every Linux. */
  const nobody = 65_534;
  /** Runs as that user, of whom nothing is in the environment but what is given. */
  const asNobody = (args: readonly string[], env: EnvironmentChange): Promise<Result> => {
    const unset = Object.fromEntries(Object.keys(world.env).map((name) => [name, undefined]));
    const as = ['--reuid', String(nobody), '--regid', String(nobody), '--clear-groups', cli, ...args];
    return world.run('setpriv', as, { cwd: '/', env: { ...unset, PATH: world.env.PATH, ...env } });
  };
  let cli: string;
  /** A folder of that user's. */
  const theirs = (name: string): string => {
    const path = world.folder(name);
    chownSync(path, nobody, nobody);
    return path;
  };

  beforeAll(() => {
    if (!isRoot) return;
    chmodSync(world.directory, 0o711);
    const copy = world.folder('app'); // one that this user can read, wherever the checkout is
    for (const part of ['bin', 'dist'])
      cpSync(join(world.cli, '..', '..', part), join(copy, part), { recursive: true });
    chmodSync(copy, 0o755);
    cli = join(copy, 'bin', 'rolekey');
  });

  it.skipIf(!isRoot)('of another user is refused, and nothing is left in it', async () => {
    const home = theirs('home-of-another');
    const mine = { HOME: home, XDG_CONFIG_HOME: undefined, XDG_STATE_HOME: undefined };
    for (const words of [['accounts', 'list'], ['agent']]) {
      const { message, remedy } = jsonFailure(
        await world.rolekey([...words, '--json'], { env: mine }),
        'agent-unsafe',
      );
      expect([message, remedy]).toEqual([expect.stringContaining(home), expect.stringContaining('HOME')]);
    }
    expect((await world.rolekey(['agent', 'install'], { env: mine })).code).toBe(1);
    expect(readdirSync(home)).toEqual([]);
  });

  it.skipIf(!isRoot)('that may not be entered is an error like any other', async () => {
    const env = { HOME: world.folder('closed'), XDG_RUNTIME_DIR: theirs('closed-run') };
    for (const words of [
      ['accounts', 'list'],
      ['connect', '--all'],
    ])
      textFailure(await asNobody(words, env), 1);
    expect((await asNobody(['status'], env)).code).toBe(6);
  });

  it.skipIf(!isRoot)('that is read-only lets the agent run, and refuses what cannot be kept', async () => {
    const home = theirs('read-only');
    chmodSync(home, 0o500);
    const env = { HOME: home, XDG_RUNTIME_DIR: theirs('read-only-run') };
    expect(success(await asNobody(['accounts', 'list', '--json'], env), accounts).accounts).toEqual([]);
    const add = ['accounts', 'add', 'x', ...world.accountFlags('x'), '--private-key', '/x', '--json'];
    expect(jsonFailure(await asNobody(add, env), 'file-readonly').message).toContain(home);
    jsonFailure(await asNobody(['agent', 'install', '--json'], env), 'file-readonly');
    expect(success(await asNobody(['accounts', 'list', '--json'], env), accounts).accounts).toEqual([]);
    expect((await asNobody(['agent', 'stop'], env)).code).toBe(0);
    expect(readdirSync(home)).toEqual([]);
  });
});
