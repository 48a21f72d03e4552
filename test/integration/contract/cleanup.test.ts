/** `cleanup`: nothing of Rolekey's is left, and every other byte is. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { textOf, World } from '../../support/world/world.ts';
import { documentOf, jsonFailure, success, textFailure } from './expectations.ts';
import { accounts, cleanedInPart, cleanedUp } from './shapes.ts';

let world: World;
let configuration: string;
let stateFolder: string;

const foreign = {
  config: '\ufeff# mine\r\n[default]\r\nregion = x\r\n\r\n[profile taken]\r\nregion=y\r\noutput = json',
  credentials: '[mine]\naws_access_key_id = AKIAMINE\naws_secret_access_key = s\n\n\n# the end',
};

/** A laptop with three accounts, as an agent that was killed left it: one of them connected. */
let left: Readonly<Record<string, string>>;

beforeAll(async () => {
  world = await World.open();
  configuration = join(world.env.XDG_CONFIG_HOME!, 'rolekey', 'config.json');
  stateFolder = join(world.env.XDG_STATE_HOME!, 'rolekey');
  world.file('home/.aws/config', foreign.config);
  world.file('home/.aws/credentials', foreign.credentials);
  chmodSync(world.credentialsFile, 0o600);
  await world.addAccount('dev', '--profile-region', 'eu-west-1');
  await world.addAccount('taker', '--aws-profile', 'taken', '--adopt');
  await world.addAccount('file', '--outlet', 'credentials-file');
  await world.connect('file');
  await killAgent();
  const paths = [configuration, world.configFile, world.credentialsFile];
  left = Object.fromEntries(paths.map((path) => [path, readFileSync(path, 'utf8')]));
});
afterAll(() => world.dispose());

const cleanup = (...flags: readonly string[]) => world.rolekey(['cleanup', ...flags, '--json']);
const contents = () => ({ config: textOf(world.configFile), credentials: textOf(world.credentialsFile) });

/** Its processes end without a word. */
async function killAgent(): Promise<void> {
  for (const { pid } of world.processes()) process.kill(pid, 'SIGKILL');
  await world.endProcesses();
}

describe('cleaning up', () => {
  beforeEach(() => {
    for (const path of Object.keys(left)) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(path, left[path]!, { mode: 0o600 });
    }
    expect(contents().config).not.toBe(foreign.config);
    expect(contents().credentials).not.toBe(foreign.credentials);
  });
  afterEach(async () => {
    await world.endProcesses();
    rmSync(configuration, { force: true });
    rmSync(join(world.home, '.aws'), { recursive: true, force: true });
  });

  it('gives both AWS files back byte for byte, stops the agent, and keeps the accounts', async () => {
    await world.connect('file');
    const { removed } = success(await cleanup('--yes'), cleanedUp);
    expect(removed.sort()).toEqual([
      `${world.configFile} [profile dev]`,
      `${world.configFile} [profile taken]`,
      `${world.credentialsFile} [file]`,
    ]);
    expect(contents()).toEqual(foreign);
    expect(readdirSync(join(world.home, '.aws')).sort()).toEqual(['config', 'credentials']);
    expect(world.processes()).toEqual([]);
    const { accounts: all } = success(await world.rolekey(['accounts', 'list', '--json']), accounts);
    expect(all.map(({ id }) => id)).toEqual(['dev', 'taker', 'file']);
    expect(contents()).toEqual(foreign);
  });

  it('again finds nothing more, and each account’s section can be written again', async () => {
    await cleanup('--yes');
    expect(success(await cleanup('--yes'), cleanedUp).removed).toEqual([]);
    expect(contents()).toEqual(foreign);
    await world.rolekey(['accounts', 'edit', 'dev']);
    expect(contents().config).toContain('# managed by rolekey: dev');
  });

  it('works without an agent, for what one that was killed left', async () => {
    expect(success(await cleanup('--yes'), cleanedUp).removed).toContain(`${world.credentialsFile} [file]`);
    expect(contents()).toEqual(foreign);
    expect(world.processes()).toEqual([]);
  });

  it('with --config removes configuration and log as well, and the second time nothing', async () => {
    const log = join(stateFolder, 'rolekey.log');
    writeFileSync(`${log}.1`, '');
    const kept = world.file('home/.config/rolekey/replaced-keys/mine.txt', 'mine');
    const { removed } = success(await cleanup('--yes', '--config'), cleanedUp);
    expect(removed).toEqual(expect.arrayContaining([configuration, log, `${log}.1`]));
    expect([configuration, stateFolder, join(world.env.XDG_RUNTIME_DIR!, 'rolekey')].map(existsSync)).toEqual(
      [...[false, false, false]],
    );
    expect(textOf(kept)).toBe('mine');
    expect(success(await cleanup('--yes', '--config'), cleanedUp).removed).toEqual([]);
    expect(existsSync(stateFolder)).toBe(false);
    expect(contents()).toEqual(foreign);
    rmSync(join(kept, '..'), { recursive: true });
  });

  it('takes sections away whose account is gone', async () => {
    rmSync(configuration);
    success(await cleanup('--yes'), cleanedUp);
    expect(contents().config).toContain(foreign.config.slice(0, -20));
    expect(contents().config).not.toContain('rolekey');
  });

  it('asks at a terminal, and does nothing without a yes', async () => {
    const before = contents();
    const terminal = world.terminal(['cleanup']);
    await terminal.shows('Type yes to go on: ');
    terminal.type('y\r');
    expect(await terminal.ended).toBe(1);
    expect(terminal.output).toContain('Nothing was removed.');
    expect(contents()).toEqual(before);
    const other = world.terminal(['cleanup']);
    await other.shows('Type yes to go on: ');
    other.type('yes\r');
    expect(await other.ended).toBe(0);
    expect(other.output).toContain(`Removed: ${world.configFile} [profile dev]`);
    expect(contents()).toEqual(foreign);
  });

  it('without a terminal and --yes is exit 2, and does nothing', async () => {
    const before = contents();
    textFailure(await world.rolekey(['cleanup'], { stdin: 'yes\n' }), 2);
    expect((await cleanup('--config')).code).toBe(2);
    expect(contents()).toEqual(before);
  });

  it('with a damaged mark says so, cleans the rest, keeps the configuration, and is exit 1', async () => {
    const damaged = `${String(contents().config)}\r\n[profile x]\r\n# managed by rolekey\r\n`;
    writeFileSync(world.configFile, damaged);
    const result = await cleanup('--yes', '--config');
    const { removed, failed } = documentOf(result, cleanedInPart);
    expect(result).toMatchObject({ code: 1, stderr: '' });
    expect(removed).toContain(`${world.credentialsFile} [file]`);
    expect(failed.map(({ subject, error }) => [subject, error.code])).toEqual([
      [world.configFile, 'marker-damaged'],
      [join(configuration, '..'), 'file-busy'],
    ]);
    expect(contents()).toEqual({ config: damaged, credentials: foreign.credentials });
    expect(existsSync(configuration)).toBe(true);
    expect(world.processes()).toEqual([]);
    const text = await world.rolekey(['cleanup', '--yes']);
    expect(text.code).toBe(1);
    expect(text.stderr).toMatch(/^rolekey: [^\n]*line[^\n]*\.\n$/i);

    writeFileSync(world.configFile, damaged.replace('\r\n[profile x]\r\n# managed by rolekey\r\n', ''));
    success(await cleanup('--yes', '--config'), cleanedUp);
    expect(contents()).toEqual(foreign);
    expect(existsSync(configuration)).toBe(false);
  });

  it('without an agent that may be started leaves the AWS files and says so, exit 1', async () => {
    const before = contents();
    const result = await world.rolekey(['cleanup', '--yes', '--config', '--json'], {
      env: { ROLEKEY_AUTOSTART: '0' },
    });
    const { failed } = documentOf(result, cleanedInPart);
    expect(result.code).toBe(1);
    expect(failed[0]!.error.code).toBe('agent-not-running');
    expect(contents()).toEqual(before);
    expect(existsSync(configuration)).toBe(true);
  });
});

describe('files of Rolekey’s making', () => {
  afterEach(async () => {
    await world.endProcesses();
    rmSync(configuration, { force: true });
  });

  it('are deleted again', async () => {
    rmSync(join(world.home, '.aws'), { recursive: true, force: true });
    await world.addAccount('dev');
    await world.addAccount('file', '--outlet', 'credentials-file');
    await world.connect('file');
    const { removed } = success(await cleanup('--yes'), cleanedUp);
    expect(removed).toEqual(expect.arrayContaining([world.configFile, world.credentialsFile]));
    expect(contents()).toEqual({ config: null, credentials: null });
  });

  it.each([
    ['an autostart entry of ours goes', '# managed by rolekey: x\n[Desktop Entry]\n', false],
    ['one that somebody else wrote stays', '[Desktop Entry]\nExec=rolekey\n', true],
  ])('%s', async (_what, text, stays) => {
    const entry = world.file('home/.config/autostart/rolekey.desktop', text);
    const { removed } = success(await cleanup('--yes'), cleanedUp);
    expect(removed.includes(entry)).toBe(!stays);
    expect(existsSync(entry)).toBe(stays);
    rmSync(entry, { force: true });
  });

  it.each([
    ['a service’s unit of ours goes', '# managed by rolekey: x\n[Unit]\n', false],
    ['a unit of that name that is somebody’s stays', '[Unit]\n', true],
  ])('%s', async (_what, text, stays) => {
    const unit = world.file('home/.config/systemd/user/rolekey.service', text);
    const { removed } = success(await cleanup('--yes'), cleanedUp);
    expect(removed.includes(unit)).toBe(!stays);
    expect(existsSync(unit)).toBe(stays);
    rmSync(unit, { force: true });
  });

  it('a file that cannot be read keeps nothing else from going', async () => {
    mkdirSync(world.configFile, { recursive: true });
    const result = await cleanup('--yes');
    expect(documentOf(result, cleanedInPart).failed[0]).toMatchObject({
      subject: world.configFile,
      error: { code: 'file-unreadable' },
    });
    expect(result.code).toBe(1);
    rmSync(world.configFile, { recursive: true });
  });

  it('an own configuration that cannot be read is told, and stays', async () => {
    writeFileSync(configuration, '{');
    const result = await cleanup('--yes', '--config');
    expect(documentOf(result, cleanedInPart).failed[0]!.error.code).toBe('config-unreadable');
    expect(result.code).toBe(1);
    expect(readFileSync(configuration, 'utf8')).toBe('{');
    jsonFailure(await world.rolekey(['accounts', 'list', '--json']), 'config-unreadable');
  });
});
