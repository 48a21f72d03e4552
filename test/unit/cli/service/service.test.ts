/** Installing and uninstalling, with a manager whose tool only notes what it is asked. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunTool, ToolResult } from '../../../../src/cli/service/run-tool.ts';
import { installService, uninstallService } from '../../../../src/cli/service/service.ts';
import type { Surroundings } from '../../../../src/shared/paths.ts';

let root: string;
let asked: string[];
/** What the tool answers, by the last words it was asked; 0 where none of these. */
let answers: Record<string, Partial<ToolResult>>;

const isActive = 'is-active rolekey.service';

beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'rolekey-service-'));
  asked = [];
  answers = { [isActive]: { code: 3 } };
});
afterEach(() => fs.rmSync(root, { recursive: true, force: true }));

const run: RunTool = async (program, args) => {
  const words = [program, ...args].join(' ');
  asked.push(words.replace('systemctl --user --no-ask-password ', ''));
  const answer = Object.entries(answers).find(([ending]) => words.endsWith(ending))?.[1];
  if (words.endsWith('enable --now rolekey.service') && answer === undefined) answers[isActive] = { code: 0 };
  return { code: 0, stderr: '', ...answer };
};
const uid = process.getuid?.() ?? 0;
const on = (platform: string, env: Surroundings['env'] = {}): Surroundings => ({
  platform,
  env,
  uid,
  home: root,
});
const install = (here = on('linux'), agentRuns = false) =>
  installService(here, { command: ['/usr/bin/node', '/opt/rolekey/bin/rolekey', 'agent'], agentRuns, run });
const unit = () => join(root, '.config', 'systemd', 'user', 'rolekey.service');
const everything = () =>
  fs
    .readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => !fs.statSync(join(root, name)).isDirectory());

describe('on Linux', () => {
  it('the unit is written for its owner alone, read, enabled and started', async () => {
    expect(await install()).toEqual({ installed: [unit()], started: true, notes: [] });
    expect(fs.readFileSync(unit(), 'utf8')).toContain('ExecStart="/usr/bin/node"');
    expect(fs.statSync(unit()).mode & 0o777).toBe(0o600);
    expect(asked).toEqual([
      'daemon-reload',
      '--quiet is-active rolekey.service',
      expect.stringMatching(/^enable/),
      '--quiet is-active rolekey.service',
    ]);
    expect(everything()).toHaveLength(1);
  });

  it('XDG_CONFIG_HOME says where, unless it is relative', async () => {
    const own = join(root, 'own');
    expect((await install(on('linux', { XDG_CONFIG_HOME: own }))).installed).toEqual([
      join(own, 'systemd', 'user', 'rolekey.service'),
    ]);
    expect((await install(on('linux', { XDG_CONFIG_HOME: 'own' }))).installed).toEqual([unit()]);
  });

  it('what is left out of the environment is said by name, and its value is nowhere', async () => {
    const secret = 'http://me:hush@proxy:8080';
    const { notes } = await install(on('linux', { HTTPS_PROXY: secret, AWS_CONFIG_FILE: '/a' }));
    expect(notes[0]).toContain('HTTPS_PROXY');
    expect(notes.join() + fs.readFileSync(unit(), 'utf8')).not.toContain('hush');
    expect(fs.readFileSync(unit(), 'utf8')).toContain('"AWS_CONFIG_FILE=/a"');
  });

  it.each<[how: string, code: number | null, says: string]>([
    ['no systemctl', null, 'There is no systemd here'],
    ['no manager', 1, 'systemctl --user enable --now rolekey.service'],
  ])('with %s the file is written, and it is said what to do', async (_how, code, says) => {
    answers = { 'daemon-reload': { code } };
    const { started, notes } = await install();
    expect([started, notes.length, fs.existsSync(unit())]).toEqual([false, 1, true]);
    expect(notes[0]).toContain(says);
    expect(asked).toEqual(['daemon-reload']);
  });

  it('that is refused is told in systemd’s words', async () => {
    answers = { 'enable --now rolekey.service': { code: 1, stderr: 'Failed to enable: no.\nMore.\n' } };
    const { started, notes } = await install();
    expect([started, notes[0]]).toEqual([false, expect.stringContaining('(Failed to enable: no.)')]);
  });

  it('another agent goes on, and the service waits for the next login', async () => {
    const { started, notes } = await install(on('linux'), true);
    expect(started).toBe(false);
    expect(notes[0]).toContain('rolekey agent stop; then: systemctl --user start rolekey.service');
    expect(asked).toContain('enable rolekey.service');
    expect(asked.join()).not.toContain('--now');
  });

  it('a second time nothing is written, and the service that runs is no other agent', async () => {
    await install();
    const before = fs.statSync(unit());
    expect(await install(on('linux'), true)).toEqual({ installed: [unit()], started: true, notes: [] });
    expect(fs.statSync(unit())).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
  });

  it('what changed while it runs is said to count from its next start', async () => {
    await install();
    const { started, notes } = await install(on('linux', { OPENSC_CONF: '/c' }), true);
    expect([started, notes[0]]).toEqual([true, expect.stringContaining('systemctl --user restart')]);
    expect(fs.readFileSync(unit(), 'utf8')).toContain('OPENSC_CONF');
    expect(everything()).toHaveLength(1);
  });

  it('uninstalling ends it, removes the file and has systemd forget it', async () => {
    await install();
    asked = [];
    expect(await uninstallService(on('linux'), run)).toEqual({ removed: [unit()], left: [] });
    expect(asked).toEqual(['disable --now rolekey.service', 'daemon-reload']);
    expect(everything()).toEqual([]);
  });

  it('where no manager took the link away that enabled it, that goes too, and no other link', async () => {
    await install();
    const wants = join(dirname(unit()), 'default.target.wants');
    fs.mkdirSync(wants);
    fs.symlinkSync('../rolekey.service', join(wants, 'rolekey.service'));
    fs.symlinkSync('/elsewhere/rolekey.service', join(wants, 'other.service'));
    const { removed } = await uninstallService(on('linux'), run);
    expect(removed).toEqual([unit(), join(wants, 'rolekey.service')]);
    expect(fs.readdirSync(wants)).toEqual(['other.service']);
    await install();
    fs.symlinkSync('/elsewhere/rolekey.service', join(wants, 'rolekey.service'));
    expect((await uninstallService(on('linux'), run)).removed).toEqual([unit()]);
    expect(fs.readdirSync(wants)).toEqual(['other.service', 'rolekey.service']);
  });

  it('with nothing installed nothing is asked or removed', async () => {
    expect(await uninstallService(on('linux'), run)).toEqual({ removed: [], left: [] });
    expect(asked).toEqual([]);
  });

  it('text that quotes our mark further down is still not ours', async () => {
    fs.mkdirSync(dirname(unit()), { recursive: true });
    fs.writeFileSync(unit(), '[Unit]\n[Service]\nExecStart=/x\n# managed by rolekey: no\n');
    expect(await uninstallService(on('linux'), run)).toEqual({ removed: [], left: [unit()] });
  });

  it.each<[what: string, make: (path: string) => void]>([
    ['a unit of the user’s', (path) => fs.writeFileSync(path, '[Service]\nExecStart=/mine\n')],
    ['an empty file', (path) => fs.writeFileSync(path, '')],
    ['a mask', (path) => fs.symlinkSync('/dev/null', path)],
    ['a link that leads nowhere', (path) => fs.symlinkSync('/no/such', path)],
    ['a folder', (path) => fs.mkdirSync(path)],
  ])('%s of that name is neither overwritten nor removed', async (_what, make) => {
    fs.mkdirSync(dirname(unit()), { recursive: true });
    make(unit());
    const before = fs.lstatSync(unit());
    await expect(install()).rejects.toMatchObject({ code: 'file-foreign' });
    expect(await uninstallService(on('linux'), run)).toEqual({ removed: [], left: [unit()] });
    expect(fs.lstatSync(unit())).toMatchObject({
      ino: before.ino,
      mtimeMs: before.mtimeMs,
      size: before.size,
    });
    expect(asked).toEqual([]);
  });

  it('folders that cannot be made are file-readonly', async () => {
    fs.writeFileSync(join(root, '.config'), '');
    await expect(install()).rejects.toMatchObject({ code: expect.stringMatching(/^file-/) as string });
    expect(everything()).toEqual(['.config']);
  });

  it('the home directory of another user is refused', async () => {
    await expect(
      installService({ ...on('linux'), uid: uid + 1 }, { command: ['/node'], agentRuns: false, run }),
    ).rejects.toMatchObject({ code: 'file-readonly', message: expect.stringContaining(root) as string });
    expect(everything()).toEqual([]);
  });
});

describe('on macOS', () => {
  const plist = () => join(root, 'Library', 'LaunchAgents', 'dev.rolekey.agent.plist');
  const job = `gui/${String(uid)}/dev.rolekey.agent`;
  beforeEach(() => (answers = { [`print ${job}`]: { code: 113 } }));

  it('the job is written and loaded into the session', async () => {
    expect(await install(on('darwin'))).toEqual({ installed: [plist()], started: true, notes: [] });
    expect(asked).toEqual([`launchctl print ${job}`, `launchctl bootstrap gui/${String(uid)} ${plist()}`]);
    expect(everything()).toHaveLength(1);
  });

  it('one that is loaded is not loaded again', async () => {
    await install(on('darwin'));
    answers = {};
    asked = [];
    expect(await install(on('darwin'), true)).toEqual({ installed: [plist()], started: true, notes: [] });
    expect(asked).toEqual([`launchctl print ${job}`]);
  });

  it('without a session at the screen it is said when it starts', async () => {
    answers[plist()] = { code: 125, stderr: 'Bootstrap failed: 125' };
    const { started, notes } = await install(on('darwin'));
    expect([started, notes[0]]).toEqual([false, expect.stringContaining('(Bootstrap failed: 125)')]);
  });

  it('another agent goes on', async () => {
    const { started, notes } = await install(on('darwin'), true);
    expect([started, notes[0]]).toEqual([false, expect.stringContaining('rolekey agent stop')]);
    expect(asked).toEqual([`launchctl print ${job}`]);
  });

  it('uninstalling unloads and removes it', async () => {
    await install(on('darwin'));
    asked = [];
    expect(await uninstallService(on('darwin'), run)).toEqual({ removed: [plist()], left: [] });
    expect(asked).toEqual([`launchctl bootout ${job}`]);
    expect(everything()).toEqual([]);
  });

  it('a job of that name that is not ours stays', async () => {
    fs.mkdirSync(dirname(plist()), { recursive: true });
    fs.writeFileSync(plist(), '<?xml version="1.0"?>\n<plist/>\n');
    await expect(install(on('darwin'))).rejects.toMatchObject({ code: 'file-foreign' });
    expect(await uninstallService(on('darwin'), run)).toEqual({ removed: [], left: [plist()] });
  });
});

it.each(['win32', 'freebsd'])(
  'on %s nothing can be installed, and nothing is there to remove',
  async (platform) => {
    await expect(install(on(platform))).rejects.toMatchObject({ code: 'platform-unsupported' });
    expect(await uninstallService(on(platform), run)).toEqual({ removed: [], left: [] });
    expect([everything(), asked]).toEqual([[], []]);
  },
);
