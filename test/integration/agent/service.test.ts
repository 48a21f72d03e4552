/** The agent as a service: the unit as systemd itself reads and runs it, the launchd agent as a parser of property lists does. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { plistText } from '../../../src/cli/service/plist.ts';
import { unitText } from '../../../src/cli/service/unit.ts';
import type { Result } from '../../support/world/program.ts';
import { canRunUserSystemd, UserSystemd } from '../../support/world/user-systemd.ts';
import { pin, textOf, World } from '../../support/world/world.ts';
import { documentOf, jsonFailure, success } from '../contract/expectations.ts';
import { status } from '../contract/shapes.ts';

const installed = z.strictObject({
  version: z.literal(1),
  installed: z.array(z.string()),
  started: z.boolean(),
});
const removed = z.strictObject({ version: z.literal(1), removed: z.array(z.string()) });

let world: World;
const canRun = await canRunUserSystemd();
const unit = () => join(world.env.XDG_CONFIG_HOME!, 'systemd', 'user', 'rolekey.service');

beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.dispose());

/** What could be taken for something else by systemd, XML or a shell. */
const odd = `odd 100% %h $HOME \${X} 'q' "d" \\n é & <b> ;`;

describe('a unit for paths and variables of any kind', () => {
  const programs = {
    plain: { command: ['/usr/bin/node', '/opt/rolekey/bin/rolekey', 'agent'], environment: {} },
    odd: {
      command: [process.execPath, `/opt/${odd}/rolekey`, 'agent'],
      environment: { AWS_CONFIG_FILE: `/home/${odd}`, ROLEKEY_SOCKET: '/a  b/' },
    },
  } as const;

  it.each(Object.entries(programs))(
    '(%s) has nothing systemd-analyze finds fault with',
    async (_what, program) => {
      const file = world.file('verify/rolekey.service', unitText(program));
      const result = await world.run('systemd-analyze', ['--user', '--man=no', 'verify', file]);
      const ours = result.stderr.split('\n').filter((line) => line.includes('rolekey'));
      expect([result.code, ours]).toEqual([0, []]);
    },
  );

  it('a directive systemd does not know would be found', async () => {
    const text = unitText(programs.plain).replace('KillMode=', 'KilMode=');
    const file = world.file('verify/rolekey.service', text);
    const { stderr } = await world.run('systemd-analyze', ['--user', '--man=no', 'verify', file]);
    expect(stderr).toContain('KilMode');
  });
});

it('the launchd agent says what it was given to a parser of property lists', async () => {
  const command = ['/opt/node', `/opt/${odd}/rolekey`, 'agent'] as const;
  const file = world.file('job.plist', plistText({ command, environment: { AWS_CONFIG_FILE: odd } }));
  const program = 'import json, plistlib, sys; print(json.dumps(plistlib.load(open(sys.argv[1], "rb"))))';
  const { stdout, stderr } = await world.run('/usr/bin/python3', ['-c', program, file]);
  expect(JSON.parse(stdout === '' ? JSON.stringify(stderr) : stdout)).toEqual({
    Label: 'dev.rolekey.agent',
    ProgramArguments: command,
    EnvironmentVariables: { AWS_CONFIG_FILE: odd, NODE_OPTIONS: '' },
    WorkingDirectory: '/',
    RunAtLoad: true,
    KeepAlive: { SuccessfulExit: false },
    ProcessType: 'Background',
    Umask: 0o077,
    HardResourceLimits: { Core: 0 },
    SoftResourceLimits: { Core: 0 },
  });
});

describe('without a user manager', () => {
  afterEach(() => fs.rmSync(unit(), { force: true }));

  it('the file is written and it is said what to do; a second time nothing changes; uninstalling removes it', async () => {
    const first = await world.rolekey(['agent', 'install', '--json']);
    expect(success(first, installed)).toEqual({ version: 1, installed: [unit()], started: false });
    expect(first.stderr).toContain('systemctl --user enable --now rolekey.service');
    const text = textOf(unit());
    expect(text).toContain(`"${world.cli}" "agent"`);
    expect(text).toContain(`"SOFTHSM2_CONF=${world.env.SOFTHSM2_CONF!}"`);
    const { mtimeMs } = fs.statSync(unit());
    expect((await world.rolekey(['agent', 'install'])).code).toBe(0);
    expect(fs.statSync(unit()).mtimeMs).toBe(mtimeMs);
    expect(success(await world.rolekey(['agent', 'uninstall', '--json']), removed).removed).toEqual([unit()]);
    expect(success(await world.rolekey(['agent', 'uninstall', '--json']), removed).removed).toEqual([]);
    expect(textOf(unit())).toBeNull();
    expect(world.processes()).toEqual([]);
  });

  it('a unit of the user’s is left alone', async () => {
    const theirs = '[Service]\nExecStart=/mine\n';
    fs.mkdirSync(join(unit(), '..'), { recursive: true });
    fs.writeFileSync(unit(), theirs);
    expect(
      jsonFailure(await world.rolekey(['agent', 'install', '--json']), 'file-foreign').message,
    ).toContain(unit());
    const result = await world.rolekey(['agent', 'uninstall', '--json']);
    expect(success(result, removed).removed).toEqual([]);
    expect(result.stderr).toContain(unit());
    expect(textOf(unit())).toBe(theirs);
  });
});

describe.skipIf(!canRun)('with a systemd user manager', () => {
  let manager: UserSystemd;
  /** Commands of the user, at a shell that has what the world has. */
  const rolekey = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Result> =>
    manager.run(world.cli, args, env);
  const systemctl = (...args: readonly string[]): Promise<Result> =>
    manager.run('systemctl', ['--user', ...args]);
  const install = async () => success(await rolekey(['agent', 'install', '--json']), installed);
  const agents = () => world.processes().filter(({ argv }) => argv.includes('agent'));

  beforeEach(async () => {
    manager = await UserSystemd.start(world);
  });
  afterEach(async () => {
    await manager.stop();
    fs.rmSync(join(world.env.XDG_CONFIG_HOME!, 'systemd'), { recursive: true, force: true });
    fs.rmSync(join(world.env.XDG_RUNTIME_DIR!, 'systemd'), { recursive: true, force: true });
  });

  it('the agent runs as its service, connects with a token, comes back when it is killed, and goes', async () => {
    await systemctl(
      'set-environment',
      'NODE_OPTIONS=--no-deprecation',
      'AWS_ENDPOINT_URL_STS=https://elsewhere.example',
      'AWS_ENDPOINT_URL_SIGNIN=https://elsewhere.example',
    );
    expect(await install()).toEqual({ version: 1, installed: [unit()], started: true });
    const [agent] = agents();
    expect(agents()).toHaveLength(1);
    expect(agent!.argv).toEqual([process.execPath, world.cli, 'agent']);
    const names = agent!.environment.map((line) => line.split('=')[0]);
    expect(names).toContain('SOFTHSM2_CONF');
    for (const name of ['NODE_OPTIONS', 'AWS_ENDPOINT_URL_STS', 'AWS_ENDPOINT_URL_SIGNIN'])
      expect(names).not.toContain(name);
    expect(textOf(`/proc/${String(agent!.pid)}/limits`)).toMatch(/^Max core file size +0 +0 /m);
    expect(textOf(`/proc/${String(agent!.pid)}/status`)).toMatch(/^NoNewPrivs:\t1$/m);

    const flags = [
      ...world.accountFlags('dev'),
      '--private-key',
      world.device.uri,
      '--outlet',
      'credentials-file',
    ];
    expect(await rolekey(['accounts', 'add', 'dev', ...flags])).toMatchObject({ code: 0 });
    const pinFile = world.file('pin', `${pin}\n`);
    const connect = `exec '${world.cli}' connect dev --pin-stdin <'${pinFile}'`;
    expect(await manager.run('sh', ['-c', connect])).toMatchObject({ code: 0 });
    expect(textOf(world.credentialsFile)).toContain('[dev]');

    expect(await install(), 'a second time').toMatchObject({ started: true });
    expect(agents().map(({ pid }) => pid)).toEqual([agent!.pid]);

    process.kill(agent!.pid, 'SIGKILL');
    await expect
      .poll(
        () =>
          agents()
            .map(({ pid }) => pid)
            .filter((pid) => pid !== agent!.pid),
        { timeout: 30_000 },
      )
      .toHaveLength(1);
    await expect.poll(async () => (await rolekey(['status'])).code, { timeout: 20_000 }).toBe(0);
    const { accounts } = success(await rolekey(['status', '--json']), status);
    expect(accounts[0]!.state.serving, 'what the killed one left').not.toBeNull();

    expect(documentOf(await rolekey(['agent', 'uninstall', '--json']), removed).removed).toEqual([unit()]);
    expect(agents()).toEqual([]);
    expect(textOf(world.credentialsFile)).toBeNull();
    expect((await systemctl('is-enabled', 'rolekey.service')).code).not.toBe(0);
    expect(fs.readdirSync(join(unit(), '..'))).not.toContain('rolekey.service');
    expect(textOf(join(unit(), '..', 'default.target.wants', 'rolekey.service'))).toBeNull();
  });

  it('it starts from a path of any kind, with variables of any kind', async () => {
    const copy = world.folder(odd.replace('\\', '')); // Node imports nothing from a folder with a backslash
    for (const part of ['bin', 'dist'])
      fs.cpSync(join(world.cli, '..', '..', part), join(copy, part), { recursive: true });
    const cli = join(copy, 'bin', 'rolekey');
    const env = { AWS_CONFIG_FILE: join(world.home, odd), XDG_STATE_HOME: world.env.XDG_STATE_HOME! };
    const result = await manager.run(cli, ['agent', 'install', '--json'], env);
    expect(success(result, installed).started).toBe(true);
    expect(agents()[0]!.argv).toEqual([process.execPath, cli, 'agent']);
    const { agent } = success(await rolekey(['status', '--json']), status);
    expect(agent!.configFile).toBe(env.AWS_CONFIG_FILE);
    expect((await manager.run(cli, ['agent', 'uninstall'])).code).toBe(0);
  });

  it('an agent that runs otherwise goes on, and the service takes over where that is stopped', async () => {
    await rolekey(['accounts', 'list']);
    const [first] = agents();
    const result = await rolekey(['agent', 'install', '--json']);
    expect(success(result, installed).started).toBe(false);
    expect(result.stderr).toContain('rolekey agent stop');
    expect(agents().map(({ pid }) => pid)).toEqual([first!.pid]);
    await rolekey(['agent', 'stop']);
    expect((await systemctl('start', 'rolekey.service')).code).toBe(0);
    await expect.poll(async () => (await rolekey(['status'])).code, { timeout: 20_000 }).toBe(0);
    expect((await rolekey(['agent', 'stop'])).code).toBe(0);
    expect((await systemctl('is-failed', 'rolekey.service')).code, 'stopped is no failure').not.toBe(0);
  });
});
