/** `agent` and `agent stop`: one agent for a user, started when it is needed. */
import { appendFileSync, lstatSync, readFileSync, readlinkSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { pin, textOf, World } from '../../support/world/world.ts';
import { documentOf, jsonFailure, success, textFailure } from './expectations.ts';
import { accounts, agentRunning, done, status } from './shapes.ts';

let world: World;
const socket = () => join(world.env.XDG_RUNTIME_DIR!, 'rolekey', 'agent.sock');
const agents = () => world.processes().filter(({ argv }) => argv.includes('agent'));
const pid = async () => success(await world.rolekey(['status', '--json']), status).agent!.pid;

beforeAll(async () => {
  world = await World.open();
  await world.addAccount('file', '--outlet', 'credentials-file');
  await world.addAccount('process');
  await world.endProcesses(); // the agent that adding them started
});
afterAll(() => world.dispose());
afterEach(() => world.endProcesses());

describe('a second agent', () => {
  it('says who the first is and exits 0', async () => {
    await world.startAgent();
    const result = await world.rolekey(['agent', '--json']);
    expect(success(result, agentRunning).pid).toBe(await pid());
    const text = await world.rolekey(['agent']);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toContain(String(await pid()));
    expect(agents()).toHaveLength(1);
  });

  it('is none however many commands start at once', async () => {
    const results = await Promise.all(
      Array.from({ length: 6 }, () => world.rolekey(['accounts', 'list', '--json'])),
    );
    for (const result of results) expect(success(result, accounts).accounts).toHaveLength(2);
    expect(agents()).toHaveLength(1);
  });
});

describe('agent stop', () => {
  it('disconnects, and nothing of the agent is left', async () => {
    await world.connect('file', 'process');
    expect(textOf(world.credentialsFile)).toContain('aws_access_key_id');
    success(await world.rolekey(['agent', 'stop', '--json']), done);
    expect(textOf(world.credentialsFile)).toBeNull();
    expect(textOf(world.configFile), 'lives as long as the account').toContain('[profile process]');
    expect((await world.rolekey(['status'])).code).toBe(6);
    expect(() => lstatSync(socket())).toThrow('ENOENT');
    expect(world.processes()).toEqual([]);
  });

  it('says what it could not take away, and the next agent takes that away and serves none of it', async () => {
    await world.connect('file');
    const text = textOf(world.credentialsFile)!;
    appendFileSync(world.credentialsFile, Buffer.from([0xff]));
    jsonFailure(await world.rolekey(['agent', 'stop', '--json']), 'file-undecodable');
    await world.rolekey(['accounts', 'list']); // starts the next one, which cannot do it either
    const [broken] = success(await world.rolekey(['status', 'file', '--json']), status).accounts;
    expect(broken!.state).toMatchObject({ serving: null, error: { code: 'file-undecodable' } });
    const again = await world.rolekey(['agent', 'stop']);
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toContain('has stopped');
    expect(world.processes()).toEqual([]);
    writeFileSync(world.credentialsFile, text);
    await world.rolekey(['accounts', 'list']);
    const [mended] = success(await world.rolekey(['status', 'file', '--json']), status).accounts;
    expect(mended!.state).toMatchObject({ activity: 'idle', serving: null, error: null });
    expect((await world.rolekey(['credential-process', '--account', 'file'])).code).toBe(3);
    expect(textOf(world.credentialsFile) ?? '').not.toContain('aws_access_key_id');
    await world.rolekey(['agent', 'stop']);
  });

  it('and a start right after it is another agent', async () => {
    for (let round = 0; round < 5; round += 1) {
      await world.rolekey(['accounts', 'list']);
      const before = await pid();
      await world.rolekey(['agent', 'stop']);
      success(await world.rolekey(['accounts', 'list', '--json']), accounts);
      expect(await pid()).not.toBe(before);
    }
  });

  it('without an agent starts none', async () => {
    const result = await world.rolekey(['agent', 'stop', '--json']);
    expect([0, 6]).toContain(result.code);
    expect(world.processes()).toEqual([]);
  });

  it('works at an agent with a session under way', async () => {
    world.server.faults.add({ kind: 'latency', milliseconds: 1500 });
    const connecting = world.rolekey(['connect', 'file', '--pin-stdin', '--json'], { stdin: `${pin}\n` });
    while (!world.server.requests.some(({ status: answered }) => answered === null)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect((await world.rolekey(['agent', 'stop'])).code).toBe(0);
    const { code, stderr } = await connecting;
    expect([code > 0, stderr.includes('\n    at ')]).toEqual([true, false]);
    expect(textOf(world.credentialsFile)).toBeNull();
    world.server.faults.clear();
    world.server.requests.length = 0;
  });
});

describe('an agent in the foreground', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('ends on %s, disconnecting', async (signal) => {
    const running = world.rolekey(['agent', '--json'], { timeoutMs: 20_000 });
    while ((await world.rolekey(['status'])).code !== 0) await new Promise((r) => setTimeout(r, 50));
    await world.connect('file');
    process.kill(await pid(), signal);
    const result = await running;
    expect(documentOf(result, agentRunning).pid).toBeGreaterThan(0);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(textOf(world.credentialsFile)).toBeNull();
    expect(world.processes()).toEqual([]);
  });

  it('ends with Ctrl-C at a terminal', async () => {
    const terminal = world.terminal(['agent']);
    await terminal.shows('running');
    await world.connect('file');
    terminal.type('\u0003');
    expect(await terminal.ended).toBe(0);
    expect(textOf(world.credentialsFile)).toBeNull();
    expect(world.processes()).toEqual([]);
  });
});

describe('an agent that was started by a command', () => {
  it('is apart from the terminal and folder of that command', async () => {
    await world.rolekey(['accounts', 'list'], { cwd: world.folder('home/removable') });
    const [agent] = agents();
    expect(readlinkSync(`/proc/${String(agent!.pid)}/cwd`)).toBe('/');
    const session = (of: number | 'self') =>
      readFileSync(`/proc/${String(of)}/stat`, 'utf8')
        .split(') ')[1]!
        .split(' ')[3];
    expect(session(agent!.pid)).toBe(String(agent!.pid));
  });

  it('inherits what it needs and nothing else', async () => {
    const env = {
      AWS_ACCESS_KEY_ID: 'AKIAX',
      AWS_PROFILE: 'x',
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: 'https://elsewhere.example',
      AWS_ENDPOINT_URL_ROLESANYWHERE: 'https://elsewhere.example',
      AWS_ENDPOINT_URL_STS: 'https://elsewhere.example',
      NODE_OPTIONS: '--no-deprecation',
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      LD_PRELOAD: '',
      SOME_SECRET: 'hush',
      AWS_CA_BUNDLE: world.authority.certificate.file,
      HTTPS_PROXY: 'http://127.0.0.1:1',
      NO_PROXY: '*',
      PCSCLITE_CSOCK_NAME: '/run/x',
      TPM2_PKCS11_STORE: '/x',
    };
    await world.rolekey(['accounts', 'list'], { env });
    const inherited = agents()[0]!.environment.map((line) => line.split('=')[0]!);
    for (const name of Object.keys(env).slice(0, 10)) expect(inherited, name).not.toContain(name);
    for (const name of [...Object.keys(env).slice(10), 'SOFTHSM2_CONF', 'HOME', 'XDG_RUNTIME_DIR']) {
      expect(inherited, name).toContain(name);
    }
  });

  it('keeps no standard stream of the command, which would wait for it', async () => {
    const started = performance.now();
    const result = await world.run('sh', ['-c', `'${world.cli}' accounts list | cat; echo done`]);
    expect(result.stdout).toContain('done');
    expect(performance.now() - started).toBeLessThan(5000);
    expect(agents()).toHaveLength(1);
  });
});

describe('the agent', () => {
  it('opens no inspector on SIGUSR1', async () => {
    await world.startAgent();
    const running = await pid();
    process.kill(running, 'SIGUSR1');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await pid()).toBe(running);
    const inodes = readdirSync(`/proc/${String(running)}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${String(running)}/fd/${fd}`);
      } catch {
        return '';
      }
    });
    const listening = readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((columns) => columns[3] === '0A' && inodes.includes(`socket:[${String(columns[9])}]`));
    expect(listening).toEqual([]);
  });

  it('listens to nobody of the network', async () => {
    await world.startAgent();
    const { stdout } = await world.run('sh', ['-c', 'cat /proc/net/unix | grep -c agent.sock || true']);
    expect(Number(stdout)).toBeGreaterThan(0);
  });

  it('takes up what a killed one left, until it expires', async () => {
    await world.connect('file');
    const left = textOf(world.credentialsFile);
    for (const { pid: running } of world.processes()) process.kill(running, 'SIGKILL');
    success(await world.rolekey(['accounts', 'list', '--json']), accounts);
    expect(textOf(world.credentialsFile)).toBe(left);
    const [file] = success(await world.rolekey(['status', 'file', '--json']), status).accounts;
    expect(file!.state.serving).not.toBeNull();
    expect((await world.rolekey(['credential-process', '--account', 'file'])).code).toBe(0);
    await world.rolekey(['disconnect', 'file']);
    expect(textOf(world.credentialsFile)).toBeNull();
  });

  it('leaves good credentials to the next one where the settings say so', async () => {
    const file = join(world.env.XDG_CONFIG_HOME!, 'rolekey', 'config.json');
    const set = (leaveCredentialsOnQuit: boolean): void => {
      const document = JSON.parse(readFileSync(file, 'utf8')) as object;
      writeFileSync(file, JSON.stringify({ ...document, settings: { leaveCredentialsOnQuit } }));
    };
    await world.connect('file', 'process');
    const left = textOf(world.credentialsFile);
    set(true);
    try {
      success(await world.rolekey(['agent', 'stop', '--json']), done);
      expect(textOf(world.credentialsFile)).toBe(left);
      success(await world.rolekey(['accounts', 'list', '--json']), accounts);
      const [taken] = success(await world.rolekey(['status', 'file', '--json']), status).accounts;
      expect(taken!.state.serving).not.toBeNull();
      await world.rolekey(['disconnect', 'file']);
      expect(textOf(world.credentialsFile)).toBeNull();
    } finally {
      set(false);
    }
  });

  it('beside another one, where a shell knows no XDG_RUNTIME_DIR, takes nothing of the other’s', async () => {
    await world.addAccount('kept', '--outlet', 'credentials-file');
    await world.connect('kept');
    const before = textOf(world.credentialsFile);
    const env = { XDG_RUNTIME_DIR: undefined };
    const list = await world.rolekey(['status', 'kept', '--json'], { env });
    expect(list.code).toBe(6);
    await world.rolekey(['accounts', 'list'], { env });
    const { accounts: beside } = success(await world.rolekey(['status', 'kept', '--json'], { env }), status);
    expect(beside[0]!.state.serving).toBeNull();
    expect((await world.rolekey(['agent', 'stop'], { env })).code).toBe(0);
    expect(textOf(world.credentialsFile)).toBe(before);
    await world.rolekey(['accounts', 'remove', 'kept', '--yes']);
  });

  it('killed, leaves nothing that disconnect does not take away', async () => {
    await world.connect('file');
    for (const { pid: running } of world.processes()) process.kill(running, 'SIGKILL');
    const quiet = { env: { ROLEKEY_AUTOSTART: '0' } };
    expect((await world.rolekey(['disconnect', 'file'], quiet)).code).toBe(0);
    expect(world.processes()).toEqual([]);
    expect((await world.rolekey(['disconnect', 'file'])).code).toBe(0);
    expect(textOf(world.credentialsFile)).toBeNull();
  });
});

describe('Rolekey’s own configuration', () => {
  const configuration = () => join(world.env.XDG_CONFIG_HOME!, 'rolekey', 'config.json');

  it.each([
    ['is no JSON', '{"version":1,', 'config-unreadable'],
    ['is of a newer version', '{"version":99}', 'config-newer'],
    ['has an unknown field', '{"version":1,"accounts":[],"typo":1}', 'config-unreadable'],
    ['is empty', '', 'config-unreadable'],
  ])('that %s is left as it is, and the agent says so', async (_what, content, code) => {
    const good = textOf(configuration())!;
    world.file('home/.config/rolekey/config.json', content);
    try {
      for (const words of [['agent'], ['accounts', 'list'], ['connect', '--all']]) {
        const error = jsonFailure(await world.rolekey([...words, '--json']), code);
        expect(error.message + error.remedy).not.toMatch(/report it/);
        textFailure(await world.rolekey(words), 1);
      }
      expect(textOf(configuration())).toBe(content);
      expect(world.processes()).toEqual([]);
    } finally {
      world.file('home/.config/rolekey/config.json', good);
    }
  });

  it('that cannot be used is put aside on request, whole, and all goes on with what comes then', async () => {
    const good = textOf(configuration())!;
    const folder = join(configuration(), '..');
    const broken = `${good.slice(0, -20)}\n  ,,`;
    world.file('home/.config/rolekey/config.json', broken);
    const { message, remedy } = jsonFailure(
      await world.rolekey(['accounts', 'list', '--json']),
      'config-unreadable',
    );
    expect(message).toContain(configuration());
    expect(message).toMatch(/line \d+, column \d+/);
    expect(remedy).toContain('rolekey agent --reset-config');

    const terminal = world.terminal(['agent', '--reset-config']);
    await terminal.shows('running');
    const aside = readdirSync(folder).find((name) => name.startsWith('config.json.aside-'))!;
    expect(terminal.output).toContain(join(folder, aside));
    expect(textOf(join(folder, aside))).toBe(broken);
    expect(success(await world.rolekey(['accounts', 'list', '--json']), accounts).accounts).toEqual([]);
    // What the account had in the AWS files is taken up again by one of its ID.
    await world.addAccount('process');
    expect(textOf(world.configFile)!.split('[profile process]')).toHaveLength(2);
    expect(textFailure(await world.rolekey(['agent', '--reset-config']), 2)).toContain('rolekey agent stop');
    terminal.type('\u0003');
    expect(await terminal.ended).toBe(0);

    // A configuration that is in order stays.
    world.file('home/.config/rolekey/config.json', good);
    await Promise.all([
      world.rolekey(['agent', '--reset-config', '--json']).then(({ stderr }) => expect(stderr).toBe('')),
      expect
        .poll(async () => (await world.rolekey(['status'])).code, { timeout: 20_000 })
        .toBe(0)
        .then(() => world.rolekey(['agent', 'stop'])),
    ]);
    expect([textOf(configuration()), readdirSync(folder).filter((name) => name.includes('aside'))]).toEqual([
      good,
      [aside],
    ]);
  });

  it('an AWS_CA_BUNDLE that cannot be read is said at the start', async () => {
    const env = { AWS_CA_BUNDLE: '/no/such/bundle.pem' };
    for (const words of [['agent'], ['accounts', 'list']]) {
      const { message } = jsonFailure(await world.rolekey([...words, '--json'], { env }), 'file-unreadable');
      expect(message).toContain('/no/such/bundle.pem');
    }
  });
});
