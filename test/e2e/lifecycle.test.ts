/** How the app ends and begins: with accounts connected, without, and after it was ended elsewhere. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunningApp } from '../support/desktop/app.ts';
import { pin } from '../support/world/world.ts';
import type { AccountsPage } from './accounts-page.ts';
import { AppWorld } from './app-world.ts';
import type { PageWatch } from './page-watch.ts';
import { PinWindow } from './pin-window.ts';
import type { SystemDialogs } from './system-dialogs.ts';
import { openWatched } from './watched-app.ts';

/** What the user has in the credentials file, which stays to the byte. */
const ownCredentials = '[mine]\naws_access_key_id=AKIAEXAMPLEEXAMPLE00\naws_secret_access_key = not-a-secret';

let world: AppWorld;
let app: RunningApp;
let accounts: AccountsPage;
let dialogs: SystemDialogs;
let watch: PageWatch;

async function connect(label: string): Promise<void> {
  await accounts.button('Connect', label).click();
  const asked = await PinWindow.of(app);
  await asked.enter(pin);
  await asked.closed();
  await accounts.isConnected(label);
}

/** As the menu, Ctrl+Q and the tray do. */
function quit(): Promise<void> {
  return app.electron.evaluate(({ app: main }) => void setImmediate(() => main.quit()));
}

/** The bounds of the main window, or new ones for it. */
function bounds(change?: Electron.Rectangle): Promise<Electron.Rectangle> {
  return app.electron.evaluate(({ BrowserWindow }, wanted) => {
    const [window] = BrowserWindow.getAllWindows();
    if (wanted !== undefined) window!.setBounds(wanted);
    return window!.getBounds();
  }, change);
}

async function start(): Promise<void> {
  ({ app, accounts, dialogs, watch } = await openWatched(world));
}

beforeAll(async () => {
  world = await AppWorld.open();
  const folder = join(world.desktop.home, '.aws');
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(join(folder, 'credentials'), ownCredentials, { mode: 0o600 });
  await world.addAccount('dev', '--label', 'Development');
  await world.addAccount('old', '--label', 'Old program', '--outlet', 'credentials-file');
});
afterAll(() => world.close());
beforeEach(start);
afterEach(() => expect(watch.complaints).toEqual([]));

describe('quitting', () => {
  it('asks first where accounts are connected, and Cancel keeps them', async () => {
    await connect('Old program');
    expect(world.fileInHome('.aws', 'credentials')).toContain('[old]');
    await quit();
    await expect.poll(() => dialogs.shown()).toHaveLength(1);
    expect((await dialogs.shown())[0]).toMatchObject({
      message: 'Quit and disconnect “Old program”?',
      buttons: ['Quit', 'Cancel'],
      defaultId: 1,
      cancelId: 1,
    });
    await accounts.isConnected('Old program');

    await dialogs.answer('Quit');
    await quit();
    expect((await app.ended).failure).toBeNull();
    expect(world.fileInHome('.aws', 'credentials')).toBe(ownCredentials);
  });

  it('does not ask where none is', async () => {
    // Each question would be answered by Cancel.
    await quit();
    expect((await app.ended).failure).toBeNull();
  });
});

describe('starting again', () => {
  it('brings the accounts back, none of them connected, and the window where it was', async () => {
    const wanted = { x: 120, y: 90, width: 710, height: 560 };
    await bounds(wanted);
    await connect('Development');
    await dialogs.answer('Quit');
    await quit();
    await app.ended;
    await start();
    await accounts.isNotConnected('Development');
    await accounts.isNotConnected('Old program');
    expect(await bounds()).toEqual(wanted);
    await quit();
    await app.ended;
  });
});

describe('rolekey agent stop', () => {
  it('ends the app as well', async () => {
    await connect('Old program');
    expect((await world.rolekey(['agent', 'stop'])).code).toBe(0);
    expect((await app.ended).failure).toBeNull();
    expect(world.fileInHome('.aws', 'credentials')).toBe(ownCredentials);
  });
});
