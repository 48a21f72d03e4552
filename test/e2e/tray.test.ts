/** The tray as a panel has it: icon, tooltip and menu over D-Bus; and closing the window with a tray and without one. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningApp } from '../support/desktop/app.ts';
import type { TrayItem } from '../support/desktop/tray.ts';
import { until } from '../support/desktop/until.ts';
import {
  accountOf,
  answerDialogs,
  clickQuit,
  closeWindow,
  connect,
  countMinimisations,
  dialogsOf,
  labelsOf,
  logOf,
  minimisations,
  pressKeys,
  typePin,
  windowLook,
} from './app-steps.ts';
import { AppWorld, windowOf } from './app-world.ts';

let world: AppWorld;
let app: RunningApp;
let page: Page;
let tray: TrayItem;

const toolTip = (): Promise<string> => tray.toolTip();
const isVisible = async (): Promise<boolean> => (await windowLook(app)).visible;
const isConnected = async (id: string): Promise<boolean> =>
  (await accountOf(world, id)).state.serving !== null;
/** The picture as soon as it is another than `before`. */
async function nextIcon(before: Buffer): Promise<Buffer> {
  return until(async () => {
    const icon = await tray.icon();
    return icon.equals(before) ? null : icon;
  }, 'another picture');
}

describe('a desktop with a tray', () => {
  const icons: Buffer[] = [];

  beforeAll(async () => {
    world = await AppWorld.open();
    await world.addAccount('dev', '--label', 'R&D_x');
    ({ app, page } = await world.open());
    tray = await world.desktop.tray.item();
  });
  afterAll(() => world.close());

  it('has an icon with a picture, a tooltip and a menu', async () => {
    await expect.poll(toolTip).toBe('Rolekey: nothing connected');
    icons.push(await tray.icon());
    expect(
      (await tray.menu()).map(({ label, type, enabled, depth }) => [label, type, enabled, depth]),
    ).toEqual([
      ['Rolekey: nothing connected', 'standard', false, 1],
      ['', 'separator', true, 1],
      ['R&D_x: not connected', 'standard', true, 1],
      ['Connect', 'standard', true, 2],
      ['Disconnect', 'standard', false, 2],
      ['Copy AWS profile', 'standard', true, 2],
      ['Show in Rolekey', 'standard', true, 2],
      ['', 'separator', true, 1],
      ['Connect all', 'standard', true, 1],
      ['Disconnect all', 'standard', false, 1],
      ['Forget PINs', 'standard', true, 1],
      ['Forget PINs in the keyring too', 'standard', true, 1],
      ['', 'separator', true, 1],
      ['Open Rolekey', 'standard', true, 1],
      ['Quit Rolekey', 'standard', true, 1],
    ]);
  });

  it('connects from its menu: the PIN window asks', async () => {
    await tray.click('Connect');
    await windowOf(app, 'app://pin-window/');
    await expect.poll(toolTip).toBe('Rolekey: 1 connecting');
    icons.push(await nextIcon(icons[0]!));
    await typePin(app);
    await expect.poll(toolTip).toBe('Rolekey: 1 connected');
    icons.push(await nextIcon(icons[1]!));
    await expect
      .poll(() => labelsOf(tray))
      .toContainEqual(expect.stringMatching(/^R&D_x: connected until \d\d:\d\d$/) as string);
    expect(await isConnected('dev')).toBe(true);
  });

  it('copies the name of the AWS profile', async () => {
    await tray.click('Copy AWS profile');
    await expect.poll(() => app.electron.evaluate(({ clipboard }) => clipboard.readText())).toBe('dev');
  });

  it('disconnects from its menu', async () => {
    await tray.click('Disconnect');
    await expect.poll(toolTip).toBe('Rolekey: nothing connected');
    expect((await nextIcon(icons[2]!)).equals(icons[0]!)).toBe(true);
    expect(await isConnected('dev')).toBe(false);
  });

  it('has a picture of its own for each of these states', () => {
    expect(new Set(icons.map((icon) => icon.toString('base64'))).size).toBe(3);
    expect(logOf(world)).not.toContain('tray-icon-missing');
  });

  it('connects and disconnects all accounts', async () => {
    await world.addAccount('prod');
    await expect.poll(() => labelsOf(tray)).toContain('prod: not connected');
    await tray.click('Forget PINs');
    await tray.click('Connect all');
    await typePin(app);
    await expect.poll(toolTip).toBe('Rolekey: 2 connected');
    await tray.click('Disconnect all');
    await expect.poll(toolTip).toBe('Rolekey: nothing connected');
  });

  it('shows a failure in its icon and opens the window for it', async () => {
    await closeWindow(app);
    await expect.poll(isVisible).toBe(false);
    world.world.token.remove();
    try {
      await connectFirst();
      await expect.poll(isVisible).toBe(true);
      expect(icons.some((icon) => icon.equals(last))).toBe(false);
    } finally {
      world.world.token.restore();
    }
    await world.rolekey(['disconnect', '--all']);
    await expect.poll(toolTip).toBe('Rolekey: nothing connected');
  });

  let last: Buffer = Buffer.alloc(0);
  async function connectFirst(): Promise<void> {
    await world.rolekey(['lock']);
    await tray.click('Connect');
    await expect.poll(toolTip).toMatch(/^Rolekey: 1 (needs you|failed)$/);
    last = await nextIcon(icons[0]!);
  }

  it('keeps the app and its agent when the window is closed, and brings the window back', async () => {
    await closeWindow(app);
    await expect.poll(isVisible).toBe(false);
    expect((await world.rolekey(['status'])).code).toBe(0);
    await tray.click('Open Rolekey');
    await expect.poll(isVisible).toBe(true);
    await page.getByRole('main').waitFor();
    await closeWindow(app);
    await expect.poll(isVisible).toBe(false);
    await tray.activate();
    await expect.poll(isVisible).toBe(true);
  });

  it('marks the account whose entry says so', async () => {
    await closeWindow(app);
    await tray.click('Show in Rolekey');
    await page.locator('#account-dev.account-revealed').waitFor();
  });

  it('asks before it quits what is connected, and quits when told so', async () => {
    await connect(world, 'dev');
    await expect.poll(toolTip).toBe('Rolekey: 1 connected');
    await answerDialogs(app, 1);
    await clickQuit(tray);
    await expect
      .poll(() => dialogsOf(app))
      .toMatchObject([{ message: 'Quit and disconnect “R&D_x”?', buttons: ['Quit', 'Cancel'] }]);
    expect(await isConnected('dev')).toBe(true);
    await answerDialogs(app, 0);
    await clickQuit(tray);
    expect((await app.ended).failure).toBeNull();
    await expect.poll(() => world.desktop.processes()).toEqual([]);
  });

  it('quits without a question where nothing is connected', async () => {
    ({ app } = await world.open());
    tray = await world.desktop.tray.item();
    await answerDialogs(app, 1); // whoever asks is told to stay
    await clickQuit(tray);
    expect((await app.ended).failure).toBeNull();
  });
});

describe('a desktop without a tray', () => {
  beforeAll(async () => {
    world = await AppWorld.open({ tray: false });
  });
  afterAll(() => world.close());

  it('minimises the window that is closed, and says so', async () => {
    ({ app, page } = await world.open());
    await answerDialogs(app, 0);
    await countMinimisations(app);
    await closeWindow(app);
    await expect.poll(() => dialogsOf(app)).toMatchObject([{ message: 'Rolekey keeps running' }]);
    expect((await dialogsOf(app))[0]?.detail).toMatch(/minimised.*\n.*Ctrl\+Q/);
    await expect.poll(() => minimisations(app)).toBe(1);
    expect((await world.rolekey(['status'])).code).toBe(0);
  });

  it('says it once, also over a restart, and quits by Ctrl+Q', async () => {
    await closeWindow(app);
    await expect.poll(() => minimisations(app)).toBe(2);
    expect(await dialogsOf(app)).toHaveLength(1);
    await pressKeys(app, 'Q', ['control']);
    expect((await app.ended).failure).toBeNull();
    ({ app } = await world.open());
    await answerDialogs(app, 0);
    await countMinimisations(app);
    await closeWindow(app);
    await expect.poll(() => minimisations(app)).toBe(1);
    expect(await dialogsOf(app)).toEqual([]);
  });

  it('has Quit in the menu of its window', async () => {
    await app.electron.evaluate(({ Menu }) => {
      const [own] = Menu.getApplicationMenu()?.items ?? [];
      own?.submenu?.items.find(({ role }) => role === 'quit')?.click();
    });
    expect((await app.ended).failure).toBeNull();
  });
});
