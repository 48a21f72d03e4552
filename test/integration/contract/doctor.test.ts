/** `doctor`: finds what is wrong, and touches nothing until a person has said so. */
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { textOf, World, type EnvironmentChange } from '../../support/world/world.ts';
import { documentOf, jsonFailure, success, textFailure } from './expectations.ts';
import { accounts, findings, keysReplaced, status, type Finding } from './shapes.ts';
import { spiedLogins, spyModule } from './spy.ts';

let world: World;
let runtime: string;

beforeAll(async () => {
  world = await World.open();
  runtime = join(world.env.XDG_RUNTIME_DIR!, 'rolekey');
  await world.addAccount('dev');
  await world.addAccount('file', '--outlet', 'credentials-file');
});
afterAll(() => world.dispose());

/** What doctor finds; its exit code goes with the worst of it. */
async function doctor(words: readonly string[] = [], env: EnvironmentChange = {}): Promise<Finding[]> {
  const result = await world.rolekey(['doctor', ...words, '--json'], { env });
  const { findings: found } = documentOf(result, findings);
  const expected = found.some((finding) => finding.status === 'problem') ? 1 : 0;
  expect(result).toMatchObject({ code: expected, stderr: '' });
  return found;
}
/** But for the spy, which is confirmed once and is no module where there is nothing to spy on. */
const wrong = (found: readonly Finding[]): string[] =>
  found
    .filter(({ status: how, subject }) => how !== 'ok' && !subject.endsWith('/pkcs11-spy.so'))
    .map((f) => `${f.status} ${f.check} ${f.subject}`);
const of = (found: readonly Finding[], check: string): Finding => found.find((f) => f.check === check)!;

describe('a laptop in order', () => {
  it('has findings of every kind, none of them bad, in JSON and as lines', async () => {
    const found = await doctor();
    expect(wrong(found)).toEqual([]);
    const kinds = new Set(found.map(({ check }) => check));
    expect([...kinds]).toEqual([
      ...['agent', 'socket', 'aws-files', 'profile-keys', 'network', 'clock'],
      ...['reader', 'module', 'token', 'certificate'],
    ]);
    const text = await world.rolekey(['doctor']);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout.split('\n').filter((line) => line.startsWith('ok '))).toHaveLength(found.length);
    expect(text.stdout).toMatch(/\n\nNothing is wrong\.\n$/);
  });

  it('is one also while connected, for the accounts named', async () => {
    await world.connect('dev', 'file');
    const found = await doctor(['file']);
    expect(wrong(found)).toEqual([]);
    expect(found.filter(({ check }) => check === 'token').map(({ subject }) => subject)).toEqual(['file']);
    await world.rolekey(['disconnect', '--all']);
  });

  it('is left as it is: nothing signed, connected or written, one bare request for each endpoint', async () => {
    world.server.requests.length = 0;
    const before = [world.configFile, world.credentialsFile].map(textOf);
    await doctor();
    expect(world.server.requests.map(({ method, path, signature }) => [method, path, signature])).toEqual([
      ['GET', '/', null],
    ]);
    expect([world.configFile, world.credentialsFile].map(textOf)).toEqual(before);
    const { accounts: all } = success(await world.rolekey(['status', '--json']), status);
    expect(all.map(({ state }) => state.serving)).toEqual([null, null]);
  });

  it('has no PIN tried and no signature made, as the module’s own log tells', async () => {
    const log = join(world.directory, 'spy.log');
    const lib = spyModule();
    await world.rolekey(['agent', 'stop']);
    await world.startAgent({ PKCS11SPY: world.hsm.module, PKCS11SPY_OUTPUT: log });
    const terminal = world.terminal(['tokens', '--pkcs11-lib', lib]);
    await terminal.shows('Type yes');
    terminal.type('yes\r');
    await terminal.ended;
    await world.addAccount('spied', '--pkcs11-lib', lib);
    expect(wrong(await doctor(['spied']))).toEqual([]);
    const calls = readFileSync(log, 'utf8');
    expect(calls).toContain('C_FindObjects');
    expect(spiedLogins(calls)).toBe(0);
    expect(calls).not.toContain('C_Sign');
    await world.rolekey(['accounts', 'remove', 'spied', '--yes']);
    await world.rolekey(['agent', 'stop']);
  });
});

describe('without an agent', () => {
  it.each<[string, readonly string[], EnvironmentChange]>([
    ['--no-start', ['--no-start'], {}],
    ['ROLEKEY_AUTOSTART=0', [], { ROLEKEY_AUTOSTART: '0' }],
  ])('and %s it tells of agent and socket alone, and starts none', async (_what, words, env) => {
    await world.rolekey(['agent', 'stop']);
    const found = await doctor(words, env);
    expect(found.map(({ check }) => check)).toEqual(['agent', 'socket']);
    expect(wrong(found)).toEqual(['warning agent agent']);
    expect(world.processes()).toEqual([]);
  });

  it('it starts one, and says so', async () => {
    await world.rolekey(['agent', 'stop']);
    expect(of(await doctor(), 'agent').message).toContain('was started for this');
  });

  it('whose configuration cannot be read it says why none starts', async () => {
    await world.rolekey(['agent', 'stop']);
    const path = join(world.env.XDG_CONFIG_HOME!, 'rolekey', 'config.json');
    const before = readFileSync(path);
    writeFileSync(path, '{');
    const found = await doctor();
    expect(wrong(found)).toEqual(['problem agent agent']);
    expect(of(found, 'agent').message).toContain(path);
    expect(textOf(path)).toBe('{');
    writeFileSync(path, before);
  });
});

describe('the socket’s folder', () => {
  afterEach(async () => {
    rmSync(runtime, { recursive: true, force: true });
    await world.endProcesses();
  });

  it('that others may enter is a problem, and nothing is changed', async () => {
    await world.rolekey(['agent', 'stop']);
    world.folder('run/rolekey');
    chmodSync(runtime, 0o755);
    const found = await doctor();
    expect(wrong(found)).toEqual(['problem agent agent', `problem socket ${runtime}`]);
    expect(of(found, 'socket').remedy).toContain(`chmod 700 '${runtime}'`);
    expect(statSync(runtime).mode & 0o777).toBe(0o755);
  });

  it('that is a link is a problem', async () => {
    await world.rolekey(['agent', 'stop']);
    rmSync(runtime, { recursive: true, force: true });
    symlinkSync(world.folder('elsewhere'), runtime);
    expect(wrong(await doctor())).toContain(`problem socket ${runtime}`);
  });

  it('with a path too long for a socket is a problem', async () => {
    const socket = join(world.directory, 'x'.repeat(120), 'agent.sock');
    const found = await doctor([], { ROLEKEY_SOCKET: socket });
    expect(of(found, 'socket')).toMatchObject({ status: 'problem' });
    expect(of(found, 'socket').message).toContain('longer than');
  });

  it('with an agent of another protocol in it: the agent is a problem, the socket is not', async () => {
    await world.rolekey(['agent', 'stop']);
    world.folder('run/rolekey');
    const other = createServer((_request, response) =>
      response.writeHead(200, { 'rolekey-protocol': '99' }).end('{}'),
    );
    await new Promise<void>((resolve) => void other.listen(join(runtime, 'agent.sock'), resolve));
    const found = await doctor();
    other.closeAllConnections();
    await new Promise((resolve) => other.close(resolve));
    expect(wrong(found)).toEqual(['problem agent agent']);
    expect(of(found, 'agent').remedy).toContain('rolekey agent stop');
  });
});

describe('what is wrong', () => {
  const remove = (id: string) => world.rolekey(['accounts', 'remove', id, '--yes']);

  it('with the names of accounts is exit 2', async () => {
    jsonFailure(await world.rolekey(['doctor', 'nobody', '--json']), 'account-unknown');
    textFailure(await world.rolekey(['doctor', 'nobody']), 2);
  });

  it('with sections, marks and permissions is told', async () => {
    const config = readFileSync(world.configFile);
    writeFileSync(world.configFile, '[profile lost]\n# managed by rolekey: lost\ncredential_process = x\n');
    world.file('home/.aws/credentials', '[mine]\nregion = x\n');
    chmodSync(world.credentialsFile, 0o644);
    expect(wrong(await doctor())).toEqual([
      `warning aws-files ${world.credentialsFile}`,
      'problem aws-files dev',
      `warning aws-files ${world.configFile}`,
    ]);
    writeFileSync(world.configFile, '[profile dev]\n# managed by rolekey\n');
    expect(wrong(await doctor())).toContain(`problem aws-files ${world.configFile}`);
    writeFileSync(world.configFile, Buffer.from([0xff, 0xfe]));
    expect(wrong(await doctor())).toContain(`problem aws-files ${world.configFile}`);
    writeFileSync(world.configFile, config);
    rmSync(world.credentialsFile);
  });

  it('with tokens and certificates is told, each with its account', async () => {
    const old = world.authority.identity({ name: 'old', notAfter: new Date(Date.now() - 60_000) });
    const soon = world.authority.identity({ name: 'soon', notAfter: new Date(Date.now() + 3 * 86_400_000) });
    for (const [id, { privateKeyFile, file }] of Object.entries({ old, soon })) {
      await world.addAccount(id, '--private-key', privateKeyFile, '--certificate', file);
    }
    await world.addAccount('mixed', '--private-key', old.privateKeyFile, '--certificate', soon.file);
    await world.addAccount('absent', '--private-key', 'pkcs11:token=elsewhere;id=%01');
    await world.addAccount('nokey', '--private-key', 'pkcs11:token=laptop;id=%99');
    await world.addAccount('nomodule', '--pkcs11-lib', join(world.home, 'none.so'));
    const ids = ['old', 'soon', 'mixed', 'absent', 'nokey', 'nomodule'];
    const found = await doctor(ids);
    // A token that is nowhere may be behind whatever does not work here.
    const keys = wrong(found).filter((each) => !/^warning (reader|module) /.test(each));
    expect(keys).toEqual([
      'problem certificate old',
      'warning certificate soon',
      'problem certificate mixed',
      'warning token absent',
      'problem token nokey',
      'problem token nomodule',
    ]);
    expect(of(found, 'certificate').message).toMatch(/expired on/);
    for (const id of ids) await remove(id);
  });

  it('with the network is told by its kind', async () => {
    const dead = ['--endpoint', 'http://127.0.0.1:9'];
    await world.addAccount('dead', ...dead);
    await world.addAccount('nameless', '--endpoint', 'https://no-such-host.invalid');
    const found = (await doctor(['dead', 'nameless'])).filter(({ check }) => check === 'network');
    expect(found.map(({ status: how, subject }) => [how, subject])).toEqual([
      ['problem', '127.0.0.1:9'],
      ['problem', 'no-such-host.invalid'],
    ]);
    expect(found[0]!.message).toContain('refuses the connection');
    expect(found[1]!.message).toContain('DNS');
    for (const id of ['dead', 'nameless']) await remove(id);
  });

  it.each([
    [110, 'ok', null],
    [300, 'warning', /5 minutes behind/],
    [-300, 'warning', /5 minutes ahead/],
    [3 * 86_400, 'problem', /3 days behind/],
  ])('with a clock %d s off is %s', async (seconds, how, message) => {
    world.server.clockOffsetSeconds = seconds;
    const found = of(await doctor(['dev']), 'clock');
    world.server.clockOffsetSeconds = 0;
    expect(found.status).toBe(how);
    if (message !== null) expect(found.message).toMatch(message);
  });
});

describe('long-lived keys', () => {
  const secret = 'SECRETSECRETSECRET';
  const keys = `aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = ${secret}\n`;
  const foreign = '# mine\n[other]\naws_access_key_id = AKIAOTHER\n\n';
  const backups = () => join(world.env.XDG_CONFIG_HOME!, 'rolekey', 'replaced-keys');
  const configuration = () => join(backups(), '..', 'config.json');
  let config: string;
  let settings: string;

  beforeAll(() => {
    config = textOf(world.configFile)!;
    settings = textOf(configuration())!;
  });
  afterEach(() => {
    writeFileSync(world.configFile, config);
    writeFileSync(configuration(), settings);
    rmSync(world.credentialsFile, { force: true });
    rmSync(backups(), { recursive: true, force: true });
  });

  const replace = (...words: readonly string[]) => [
    'doctor',
    '--replace-keys',
    'work',
    '--account',
    'dev',
    ...words,
  ];

  it('are a warning, with the command that replaces them and without the keys', async () => {
    world.file('home/.aws/credentials', `[work]\n${keys}`);
    chmodSync(world.credentialsFile, 0o600);
    const found = await doctor();
    expect(wrong(found)).toEqual(['warning profile-keys work']);
    expect(of(found, 'profile-keys').remedy).toContain('rolekey doctor --replace-keys work --account ID');
    expect(JSON.stringify(found)).not.toMatch(/AKIA|SECRET/);
  });

  it('in front of Rolekey’s own command are a problem', async () => {
    world.file('home/.aws/credentials', `[dev]\n${keys}`);
    expect(wrong(await doctor())).toContain('problem profile-keys dev');
  });

  it('are replaced once the profile’s name was typed: shown before, copied before, every other byte kept', async () => {
    const before = `${foreign}[work]\nregion = x\n${keys}`;
    world.file('home/.aws/credentials', before);
    const out = join(world.directory, 'out.json');
    const terminal = world.terminal(replace('--json'), { stdoutFile: out });
    await terminal.shows('to go on: ');
    expect(terminal.output).toContain('-aws_access_key_id = ********');
    expect(terminal.output).toContain('+[profile work]');
    expect(terminal.output).toContain('The AWS profile dev goes away: what uses it must name work');
    expect(terminal.output).not.toMatch(/AKIAEXAMPLE|SECRET/);
    expect(textOf(world.credentialsFile)).toBe(before);
    terminal.type('work\r');
    expect(await terminal.ended, terminal.output).toBe(0);
    const { replaced } = keysReplaced.parse(JSON.parse(readFileSync(out, 'utf8')));
    expect(textOf(world.credentialsFile)).toBe(`${foreign}[work]\nregion = x\n`);
    expect(textOf(world.configFile)).toContain('[profile work]\n# managed by rolekey: dev\n');
    expect(textOf(replaced.backup)).toContain(`[work]\nregion = x\n${keys}`);
    expect(statSync(replaced.backup).mode & 0o777).toBe(0o600);
    const { accounts: all } = success(await world.rolekey(['accounts', 'list', '--json']), accounts);
    expect(all.find(({ id }) => id === 'dev')!.awsProfile).toBe('work');
    expect(wrong(await doctor())).toEqual(['warning profile-keys other']);
  });

  it.each([
    ['yes', 'yes\r'],
    ['nothing', '\r'],
    ['the name of another profile', 'worK\r'],
    ['Ctrl-C', '\u0003'],
  ])('stay where they are when %s is typed', async (_what, typed) => {
    const before = `[work]\n${keys}`;
    world.file('home/.aws/credentials', before);
    const terminal = world.terminal(replace());
    await terminal.shows('to go on: ');
    terminal.type(typed);
    expect(await terminal.ended).toBe(1);
    expect(terminal.output).toContain('Nothing was changed.');
    expect(textOf(world.credentialsFile)).toBe(before);
    expect(textOf(world.configFile)).toBe(config);
    expect(readdirSync(join(backups(), '..'))).toEqual(['config.json']);
  });

  it.each<[string, readonly string[]]>([
    ['no terminal', replace()],
    ['no account', ['doctor', '--replace-keys', 'work']],
    ['no profile', ['doctor', '--account', 'dev']],
    ['an account to look at as well', replace('file')],
  ])('are not touched with %s, exit 2', async (_what, words) => {
    const before = `[work]\n${keys}`;
    world.file('home/.aws/credentials', before);
    textFailure(await world.rolekey(words, { stdin: 'work\n' }), 2);
    expect(textOf(world.credentialsFile)).toBe(before);
  });
});
