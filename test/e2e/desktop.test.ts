/** The launcher and the desktop do with a real Electron what the tests of the app count on. */
import { fileURLToPath } from 'node:url';
import type { ElectronApplication } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningApp } from '../support/desktop/app.ts';
import { Desktop } from '../support/desktop/desktop.ts';

const app = fileURLToPath(new URL('sample-app', import.meta.url));

/** What the sample app leaves for its tests in its main process. */
declare const sample: {
  readonly events: readonly string[];
  readonly ask: (question: string) => Promise<unknown>;
  readonly readClipboard: (text: string) => Promise<string>;
};

let desktop: Desktop;
let running: RunningApp;

const events = (): Promise<readonly string[]> => running.electron.evaluate(() => sample.events);
const happened = (event: string): Promise<void> => expect.poll(events).toContain(event);
const isVisible = ({ electron }: { electron: ElectronApplication }): Promise<boolean> =>
  electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.isVisible() ?? false);

describe('an app on the private desktop', () => {
  beforeAll(async () => {
    desktop = await Desktop.start();
    running = await desktop.launch({ app });
    await (await running.window()).getByRole('heading', { name: 'A window' }).waitFor();
  });
  afterAll(async () => desktop.stop());

  it('has its own home and its own data folder', async () => {
    const folders = await running.electron.evaluate(({ app: main }) => [
      main.getPath('home'),
      main.getPath('userData'),
      main.getVersion(),
      main.getAppPath(),
    ]);
    expect(folders).toEqual([desktop.home, `${desktop.home}/.config/RolekeySample`, '1.2.3', app]);
  });

  it('shows a page that can be clicked, and is under the policy of its response', async () => {
    const page = await running.window();
    await page.getByText('More').click();
    await page.getByText('It opened.').waitFor();
    expect(await page.evaluate(() => fetch('app://sample/child.cjs').catch(() => 'refused'))).toBe('refused');
  });

  it('has a tray icon with an image, a tooltip and a menu', async () => {
    const item = await desktop.tray.item();
    expect((await item.icon()).readUInt32BE(16)).toBe(16); // the width in a PNG's header
    expect(await item.toolTip()).toBe('Two accounts are connected');
    expect(
      (await item.menu()).map(({ label, enabled, checked, depth }) => [label, enabled, checked, depth]),
    ).toEqual([
      ['Show', true, null, 1],
      ['Notify', true, null, 1],
      ['Accounts', true, null, 1],
      ['One', true, true, 2],
      ['', true, null, 1],
      ['Locked', false, null, 1],
      ['Quit', true, null, 1],
    ]);
    await item.activate();
    await happened('tray clicked');
  });

  it('shows its window again from the tray', async () => {
    await running.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.hide());
    await (await desktop.tray.item()).click('Show');
    await expect.poll(() => isVisible(running)).toBe(true);
  });

  it('notifies, and hears the click', async () => {
    await (await desktop.tray.item()).click('Notify');
    const shown = await desktop.notifications.waitFor('Connected');
    expect(shown).toMatchObject({ appName: 'RolekeySample', body: 'It is valid for one hour.' });
    desktop.notifications.invoke(shown);
    await happened('notification clicked');
  });

  it('talks to its utilityProcess, and hears of its end', async () => {
    expect(await running.electron.evaluate(() => sample.ask('question'))).toEqual({
      data: 'question',
      argument: 'one',
      sorted: [1, 2],
    });
    await running.electron.evaluate(() => void sample.ask('end'));
    await happened('child ended with 4');
  });

  it('reads the clipboard by promises', async () => {
    expect(await running.electron.evaluate(() => sample.readClipboard('copied'))).toBe('copied');
  });

  it('hears the computer sleep and wake', async () => {
    await desktop.login1.heard();
    desktop.login1.sleep();
    await happened('suspend');
    desktop.login1.wake();
    await happened('resume');
  });

  it('learns that the screen is locked', async () => {
    const state = (): Promise<string> =>
      running.electron.evaluate(({ powerMonitor }) => powerMonitor.getSystemIdleState(3600));
    await state(); // begins the watching
    await desktop.screenSaver.asked();
    desktop.screenSaver.lock();
    await expect.poll(state).toBe('locked');
    desktop.screenSaver.unlock();
    await expect.poll(state).toBe('active');
  });

  it('ends at a second launch, and the first hears of it', async () => {
    const again = await desktop.launchAgain({ app });
    expect(again.code).toBe(0);
    expect(again.output).toContain('there is one already');
    await happened('second instance');
  });

  it('ends from the tray menu with its own exit code', async () => {
    await (await desktop.tray.item()).click('Quit');
    expect((await running.ended).code).toBe(3);
    // Node tells it where a debugger is still connected, which it may crash on (end-inspector.cjs).
    expect(running.output).not.toContain('Waiting for the debugger');
    await expect.poll(() => desktop.processes()).toEqual([]);
  });
});

describe('an app with a fault', () => {
  beforeAll(async () => {
    desktop = await Desktop.start();
  });
  afterAll(async () => desktop.stop());

  it('is found out: its icon is no image', async () => {
    const faulty = await desktop.launch({ app, args: ['--fault=icon'] });
    await expect((await desktop.tray.item()).icon(1000)).rejects.toThrow('the image of the tray icon');
    await faulty.stop();
  });

  it('is found out: its notification says nothing', async () => {
    const faulty = await desktop.launch({ app, args: ['--fault=notification'] });
    await (await desktop.tray.item()).click('Notify');
    await expect(desktop.notifications.waitFor('Connected')).rejects.toThrow('has no body');
    await faulty.stop();
  });
});

describe('a desktop that stops', () => {
  it('finds a process that outlived its app, and ends it', async () => {
    const own = await Desktop.start();
    const faulty = await own.launch({ app, args: ['--fault=orphan'] });
    await faulty.window();
    await expect(own.stop()).rejects.toThrow(/^Still running after the app had ended: \d+ sleep 60\.$/);
    expect(own.processes()).toEqual([]);
  });

  it('ends an app that hangs', async () => {
    const own = await Desktop.start();
    const hanging = await own.launch({ app });
    await hanging.window();
    process.kill(hanging.pid, 'SIGSTOP');
    await own.stop();
    expect(own.processes()).toEqual([]);
  });
});

describe('a start beside an app that a failed test has left', () => {
  it('is a first start: the other is ended before', async () => {
    const own = await Desktop.start();
    try {
      const left = await own.launch({ app });
      const next = await own.launch({ app });
      expect((await left.ended).failure).toBeNull();
      await (await next.window()).getByRole('heading', { name: 'A window' }).waitFor();
    } finally {
      await own.stop();
    }
  });
});

describe('a desktop with neither tray nor notification daemon', () => {
  it('leaves the window', async () => {
    const bare = await Desktop.start({ tray: false, notifications: false });
    try {
      const lonely = await bare.launch({ app });
      await (await lonely.window()).getByRole('heading', { name: 'A window' }).waitFor();
      expect(await bare.tray.items()).toEqual([]);
    } finally {
      await bare.stop();
    }
  });
});
