/** The command line against the app: the same contract as against an agent without windows. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningApp } from '../support/desktop/app.ts';
import { pin } from '../support/world/world.ts';
import { accountOf, connect, typePin, windowLook } from './app-steps.ts';
import { AppWorld } from './app-world.ts';

let world: AppWorld;
let app: RunningApp;

beforeAll(async () => {
  world = await AppWorld.open();
  ({ app } = await world.open());
});
afterAll(() => world.close());

const pages = (): string[] => app.electron.windows().map((page) => page.url());
const onlyTheWindow = ['app://window/index.html'];

describe('rolekey with the app', () => {
  it('adds an account, and the window shows it', async () => {
    await world.addAccount('dev', '--label', 'Development');
    await app.electron.windows()[0]!.getByRole('heading', { name: 'Development' }).waitFor();
  });

  it('status tells that the app answers', async () => {
    const status = await world.rolekey(['status', '--json']);
    expect(status.code).toBe(0);
    expect(status.json()).toMatchObject({
      agent: { pid: app.pid, mode: 'app' },
      accounts: [{ account: 'dev', state: { activity: 'idle', serving: null } }],
    });
  });

  it('connect --pin-stdin opens no window', async () => {
    await connect(world, 'dev');
    expect((await accountOf(world, 'dev')).state.serving).not.toBeNull();
    expect(pages()).toEqual(onlyTheWindow);
  });

  it('credential-process gives the credentials of the server', async () => {
    const given = await world.rolekey(['credential-process', '--account', 'dev']);
    expect(given.code).toBe(0);
    const { accessKeyId } = world.world.server.requests.at(-1)!;
    expect(given.json()).toMatchObject({ Version: 1, AccessKeyId: accessKeyId });
  });

  it('env gives them as variables', async () => {
    const { code, stdout } = await world.rolekey(['env', 'dev']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^export AWS_ACCESS_KEY_ID=/m);
    expect(stdout).toMatch(/^export AWS_SESSION_TOKEN=/m);
  });

  it('tokens shows the token by way of the app’s utility process', async () => {
    const { code, stdout } = await world.rolekey(['tokens', '--json']);
    expect(code).toBe(0);
    expect(stdout).toContain('laptop');
  });

  it('lock forgets the PIN, and the session stays', async () => {
    expect((await world.rolekey(['lock'])).code).toBe(0);
    expect((await accountOf(world, 'dev')).state.serving).not.toBeNull();
  });

  it('disconnect takes the credentials away', async () => {
    expect((await world.rolekey(['disconnect', 'dev'])).code).toBe(0);
    expect((await world.rolekey(['credential-process', '--account', 'dev'])).code).not.toBe(0);
  });

  it('connect at a terminal asks there, and not in a window', async () => {
    const terminal = world.world.terminal(['connect', 'dev'], { env: world.env, cwd: world.desktop.home });
    await terminal.shows('PIN');
    expect(pages()).toEqual(onlyTheWindow);
    terminal.type(`${pin}\r`);
    expect(await terminal.ended, terminal.output).toBe(0);
    expect(pages()).toEqual(onlyTheWindow);
    expect(terminal.output).not.toContain(pin);
    expect((await accountOf(world, 'dev')).state.serving).not.toBeNull();
  });

  it('connect without a terminal asks in the window', async () => {
    await world.rolekey(['disconnect', 'dev']);
    await world.rolekey(['lock']);
    const connecting = world.rolekey(['connect', 'dev']);
    await typePin(app);
    expect((await connecting).code).toBe(0);
    await expect.poll(pages).toEqual(onlyTheWindow);
  });

  it('agent says that one runs already, and ends', async () => {
    const { code, stdout } = await world.rolekey(['agent']);
    expect(code).toBe(0);
    expect(stdout).toContain(`is running already (process ${String(app.pid)})`);
    expect((await windowLook(app)).visible).toBe(true);
  });

  it('agent stop ends the app, and nothing is left', async () => {
    expect((await world.rolekey(['agent', 'stop'])).code).toBe(0);
    expect((await app.ended).failure).toBeNull();
    await expect.poll(() => world.desktop.processes()).toEqual([]);
    const { code, stderr } = await world.rolekey(['connect', 'dev', '--no-start']);
    expect(code).not.toBe(0);
    expect(stderr).toContain('not running');
  });
});
