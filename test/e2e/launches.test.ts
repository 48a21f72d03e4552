/** How the app starts: beside itself, in an agent’s place, by a link, with a spoilt memory of its window, and often. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningApp } from '../support/desktop/app.ts';
import { pin, textOf } from '../support/world/world.ts';
import { accountOf, answerDialogs, closeWindow, connect, dialogsOf, logOf, windowLook } from './app-steps.ts';
import { AppWorld, windowOf } from './app-world.ts';

let world: AppWorld;
let app: RunningApp;

const isVisible = async (): Promise<boolean> => (await windowLook(app)).visible;

async function hide(): Promise<void> {
  await closeWindow(app);
  await expect.poll(isVisible).toBe(false);
}

async function quit(): Promise<void> {
  await app.electron.evaluate(({ app: main }) => main.quit());
  expect((await app.ended).failure).toBeNull();
}

describe('a second start', () => {
  beforeAll(async () => {
    world = await AppWorld.open();
    ({ app } = await world.open());
    await answerDialogs(app, 0);
  });
  afterAll(() => world.close());

  it('ends quickly, and shows the window of the first', async () => {
    await hide();
    const again = await world.launchAgain();
    expect(again.code).toBe(0);
    expect(again.ms).toBeLessThan(5000);
    await expect.poll(isVisible).toBe(true);
    expect(await dialogsOf(app)).toEqual([]);
  });

  it('of another version is told in a dialog', async () => {
    const other = otherVersion('9.8.7');
    await hide();
    expect((await world.launchAgain([], other)).code).toBe(0);
    await expect
      .poll(() => dialogsOf(app))
      .toMatchObject([
        {
          message: 'Another version of Rolekey is running',
          detail: expect.stringMatching(/; you started version 9\.8\.7\.\nQuit this one first\.$/) as string,
        },
      ]);
    expect(await isVisible()).toBe(true);
  });

  it.each(['rolekey://accounts', 'rolekey://accounts/'])('by the link %s shows the window', async (link) => {
    await hide();
    expect((await world.launchAgain([link])).code).toBe(0);
    await expect.poll(isVisible).toBe(true);
  });

  it.each([
    'rolekey://settings',
    'rolekey://accounts/../../../etc/passwd',
    'rolekey://accounts?connect=all#quit',
    'rolekey://accounts%00%0a',
    'rolekey://user:password@accounts:80/',
    'javascript:alert(1)',
    'file:///etc/passwd',
    '{"version":"9.8.7"}',
  ])('by a link that is none does no harm: %#', async (link) => {
    const [known] = (await dialogsOf(app)).slice(-1);
    await world.launchAgain([link]);
    expect((await world.rolekey(['status', '--json'])).json()).toMatchObject({ agent: { pid: app.pid } });
    expect(app.electron.windows().map((page) => page.url())).toEqual(['app://window/index.html']);
    expect((await dialogsOf(app)).slice(-1)).toEqual([known]);
  });

  // Chromium would take the running app for one that hangs, and kill it.
  it.each([7000, 9000, 33_000, 66_000, 120_000])(
    'by a link of %i characters does no harm',
    async (length) => {
      const before = await dialogsOf(app);
      const again = await world.launchAgain([`rolekey://${'x'.repeat(length)}`]);
      expect(again.code).toBe(length < 8000 ? 0 : 1);
      expect((await world.rolekey(['status', '--json'])).json()).toMatchObject({ agent: { pid: app.pid } });
      expect(await dialogsOf(app)).toEqual(before);
    },
  );

  it('that says anything else of itself is no harm either', async () => {
    await hide();
    const before = await dialogsOf(app);
    for (const data of [null, 'text', { version: { toString: 1 } }, { version: '\u202e9\n', screen: 'quit' }])
      await app.electron.evaluate(
        ({ app: main }, sent) => void main.emit('second-instance', {}, [], '/', sent),
        data,
      );
    await expect.poll(isVisible).toBe(true);
    expect(await dialogsOf(app)).toEqual(before);
    expect(logOf(world)).not.toContain('"level":"error"');
  });
});

/** The folder of this build as it would be of that version. */
function otherVersion(version: string): string {
  const folder = world.world.folder(`app-${version}`);
  const own = (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version;
  cpSync('dist', join(folder, 'dist'), { recursive: true });
  cpSync('package.json', join(folder, 'package.json'));
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  const bundle = join(folder, 'dist', 'main', 'index.cjs');
  const source = readFileSync(bundle, 'utf8');
  expect(source).toContain(JSON.stringify(own)); // it is baked in
  writeFileSync(bundle, source.replaceAll(JSON.stringify(own), JSON.stringify(version)));
  return folder;
}

describe('an agent without windows', () => {
  afterAll(() => world.close());

  interface Status {
    readonly agent: { readonly pid: number; readonly mode: string };
  }
  const agentOf = async (): Promise<Status['agent']> =>
    ((await world.rolekey(['status', '--json'])).json() as Status).agent;
  const isRunning = (pid: number): boolean => world.desktop.processes().some((one) => one.pid === pid);

  it('hands over to the app: what it serves goes on, and nothing is signed', async () => {
    world = await AppWorld.open();
    await world.world.startAgent(world.env);
    await world.addAccount('dev');
    await connect(world, 'dev');
    const agent = await agentOf();
    expect(agent.mode).toBe('headless');
    const served = (await world.rolekey(['credential-process', '--account', 'dev'])).json();
    const { length } = world.world.server.requests;
    ({ app } = await world.open());
    expect(await agentOf()).toMatchObject({ pid: app.pid, mode: 'app' });
    await expect.poll(() => isRunning(agent.pid)).toBe(false);
    expect((await world.rolekey(['credential-process', '--account', 'dev'])).json()).toEqual(served);
    expect(world.world.server.requests).toHaveLength(length);
    await answerDialogs(app, 0);
    await quit();
    expect((await world.rolekey(['credential-process', '--account', 'dev'])).code).not.toBe(0);
  });

  it('that hangs keeps nobody from a window, which says so and starts once it is gone', async () => {
    await world.world.startAgent(world.env);
    const { pid } = await agentOf();
    process.kill(pid, 'SIGSTOP');
    app = await world.launch();
    const page = await windowOf(app, 'app://window/');
    await page.getByRole('main').waitFor();
    expect(await isVisible()).toBe(true);
    await page.getByText(/does not answer/).waitFor({ timeout: 20_000 });
    process.kill(pid, 'SIGKILL');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('listitem').filter({ hasText: 'dev' }).first().waitFor();
    expect((await agentOf()).pid).toBe(app.pid);
    await quit();
  });

  it('that writes other AWS files is ended, and takes its credentials away', async () => {
    const credentials = join(world.world.folder('elsewhere'), 'credentials');
    const env = {
      ...world.env,
      AWS_SHARED_CREDENTIALS_FILE: credentials,
      AWS_CONFIG_FILE: join(world.world.folder('elsewhere'), 'config'),
    };
    await world.world.startAgent(env);
    const edited = await world.world.rolekey(['accounts', 'edit', 'dev', '--outlet', 'credentials-file'], {
      env,
    });
    expect(edited.code, edited.stderr).toBe(0);
    const connected = await world.world.rolekey(['connect', 'dev', '--pin-stdin'], {
      env,
      stdin: `${pin}\n`,
    });
    expect(connected.code, connected.stderr).toBe(0);
    expect(readFileSync(credentials, 'utf8')).toContain('aws_secret_access_key');
    const agent = await agentOf();
    ({ app } = await world.open());
    expect((await agentOf()).pid).toBe(app.pid);
    await expect.poll(() => isRunning(agent.pid)).toBe(false);
    expect(textOf(credentials) ?? '').not.toContain('aws_secret_access_key');
    expect((await accountOf(world, 'dev')).state.serving).toBeNull();
    await quit();
  });
});

describe('the memory of the window', () => {
  let file: string;
  beforeAll(async () => {
    world = await AppWorld.open();
    ({ app } = await world.open());
    const folder = await app.electron.evaluate(({ app: main }) => main.getPath('userData'));
    file = join(folder, 'window.json');
    mkdirSync(folder, { recursive: true });
    await app.electron.evaluate(({ app: main }) => main.quit());
    await app.ended;
  });
  afterAll(() => world.close());

  const bounds = (x: number, y: number, width: number, height: number): string =>
    JSON.stringify({ bounds: { x, y, width, height }, maximised: false, saidNoTray: false });

  it.each([
    ['no JSON', '{"bounds":'],
    ['nothing', ''],
    ['bytes', '\u0000\u0001\ufffd'],
    ['another shape', '{"bounds":"wide","maximised":7,"saidNoTray":[]}'],
    ['no object', '[1,2,3]'],
    ['a place off the screen', bounds(-5000, -5000, 600, 700)],
    ['a place beyond the screen', bounds(90_000, 90_000, 600, 700)],
    ['a window too large', bounds(0, 0, 50_000, 50_000)],
    ['a window of nothing', bounds(10, 10, 0, 0)],
    ['no numbers', '{"bounds":{"x":1e999,"y":null,"width":-1,"height":"5"}}'],
  ])('that holds %s puts the window on the screen', async (_what, content) => {
    writeFileSync(file, content);
    const opened = await world.open();
    app = opened.app;
    const { x, y, width, height } = (await windowLook(app)).bounds;
    expect(x).toBeGreaterThanOrEqual(0);
    expect(y).toBeGreaterThanOrEqual(0);
    expect(x + width).toBeLessThanOrEqual(1280);
    expect(y + height).toBeLessThanOrEqual(800);
    expect(Math.min(width, height)).toBeGreaterThanOrEqual(300);
    expect(await isVisible()).toBe(true);
    await quit();
    expect(opened.app.output).not.toMatch(/uncaught|unhandled/i);
  });

  it('brings the window back to where it was', async () => {
    writeFileSync(file, bounds(300, 40, 640, 700));
    ({ app } = await world.open());
    expect((await windowLook(app)).bounds).toEqual({ x: 300, y: 40, width: 640, height: 700 });
    await app.electron.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]?.setBounds({ x: 120, y: 60, width: 500, height: 600 }),
    );
    await expect.poll(async () => (await windowLook(app)).bounds.x).toBe(120);
    await quit();
    ({ app } = await world.open());
    expect((await windowLook(app)).bounds).toEqual({ x: 120, y: 60, width: 500, height: 600 });
    await quit();
  });
});

describe('twenty starts in a row', () => {
  beforeAll(async () => {
    world = await AppWorld.open();
    await world.addAccount('dev');
  });
  afterAll(() => world.close());

  it('all succeed, and leave nothing running', { timeout: 300_000 }, async () => {
    const failures: string[] = [];
    for (let start = 1; start <= 20; start += 1) {
      try {
        const opened = await world.open();
        await opened.page.locator('#account-dev').waitFor();
        const { code, stderr } = await world.rolekey(['status']);
        if (code !== 0) throw new Error(stderr);
        await opened.app.electron.evaluate(({ app: main }) => main.quit());
        const ended = await opened.app.ended;
        if (ended.code !== 0) throw new Error(`It ended with ${String(ended.code)}: ${ended.output}`);
        await expect.poll(() => world.desktop.processes()).toEqual([]);
      } catch (error) {
        failures.push(`${String(start)}: ${String(error)}`);
      }
    }
    expect(failures).toEqual([]);
  });
});

describe('a start that is broken off', () => {
  beforeAll(async () => {
    world = await AppWorld.open();
  });
  afterAll(() => world.close());

  it.each([0, 60, 200])('after %i ms leaves no credentials that nobody serves', async (ms) => {
    await world.world.startAgent(world.env);
    if (ms === 0) await world.addAccount('dev', '--outlet', 'credentials-file');
    await connect(world, 'dev');
    app = await world.launch();
    await pause(ms);
    process.kill(app.pid, 'SIGTERM');
    await app.ended;
    // The agent goes on where it was not asked to hand over yet.
    const isServed = world.desktop.processes().some(({ argv }) => argv.includes('agent'));
    expect((await app.ended).failure).toBeNull();
    expect((world.fileInHome('.aws', 'credentials') ?? '').includes('aws_secret_access_key')).toBe(isServed);
    if (isServed) await world.rolekey(['agent', 'stop']);
    await expect.poll(() => world.desktop.processes()).toEqual([]);
  });
});
