/** The PIN window: when it comes, what becomes of an answer, and how it is left. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RunningApp } from '../support/desktop/app.ts';
import { Keyring } from '../support/keyring/keyring.ts';
import { pin } from '../support/world/world.ts';
import type { AccountsPage } from './accounts-page.ts';
import { AppWorld } from './app-world.ts';
import { axeFindings } from './axe.ts';
import type { PageWatch } from './page-watch.ts';
import { PinWindow } from './pin-window.ts';
import { openWatched } from './watched-app.ts';

let world: AppWorld;
let app: RunningApp;
let page: Page;
let accounts: AccountsPage;
let watch: PageWatch;

const sessionRequests = (): number =>
  world.world.server.requests.filter(({ operation }) => operation === 'create-session').length;

/** A minute allows six questions: each group of tests has an app of its own. */
async function open(): Promise<void> {
  world = await AppWorld.open();
  await world.addAccount('dev', '--label', 'Development');
  await world.addAccount('staging', '--label', 'Staging');
  ({ app, page, accounts, watch } = await openWatched(world));
}
const close = (): Promise<void> => world.close();
afterEach(() => expect(watch.complaints).toEqual([]));

describe('the PIN', () => {
  beforeAll(open);
  afterAll(close);
  /** As when the app has just begun. */
  beforeEach(async () => {
    await world.rolekey(['disconnect', '--all']);
    await world.rolekey(['lock']);
    await accounts.isNotConnected('Development');
    await accounts.isNotConnected('Staging');
  });

  it('is tried once where it is wrong, and asked for again in the same window', async () => {
    const before = sessionRequests();
    await accounts.button('Connect', 'Development').click();
    const asked = await PinWindow.of(app);
    await asked.enter('000000');
    await asked.page.getByRole('alert').getByText('That PIN was wrong.').waitFor();
    expect(sessionRequests()).toBe(before);
    expect(await asked.field.inputValue()).toBe('');
    expect(await axeFindings(asked.page)).toEqual([]);
    await asked.enter(pin);
    await asked.closed();
    await accounts.isConnected('Development');
    expect(sessionRequests()).toBe(before + 1);
  });

  it('is not tried at all where its window is left with Escape', async () => {
    const before = sessionRequests();
    await accounts.button('Connect', 'Development').click();
    const asked = await PinWindow.of(app);
    await asked.field.fill(pin);
    await asked.press('Escape');
    await asked.closed();
    await accounts.says('Development', 'Needs your PIN');
    expect(sessionRequests()).toBe(before);
    await accounts.button('Connect', 'Development').waitFor();
  });

  it('is not tried either where the window is closed', async () => {
    await accounts.button('Connect', 'Development').click();
    const asked = await PinWindow.of(app);
    await app.electron.evaluate(({ BrowserWindow }) => {
      BrowserWindow.getAllWindows()
        .find(({ webContents }) => webContents.getURL().startsWith('app://pin-window/'))!
        .close();
    });
    await asked.closed();
    await accounts.says('Development', 'Needs your PIN');
  });

  it('is asked for once for all accounts of a token', async () => {
    await page.getByRole('button', { name: 'Connect all' }).click();
    const asked = await PinWindow.of(app);
    expect(await asked.text()).toContain('To connect Development and Staging.');
    await asked.enter(pin);
    await asked.closed();
    await accounts.isConnected('Development');
    await accounts.isConnected('Staging');
    expect(PinWindow.count(app)).toBe(0);
    await page.getByRole('button', { name: 'Connect all' }).waitFor({ state: 'detached' });
  });

  it('is asked for by the window for a command that has no terminal', async () => {
    const command = world.rolekey(['connect', 'dev']);
    const asked = await PinWindow.of(app);
    expect(await asked.text()).toContain('Asked for by a command that says it is “rolekey connect”.');
    await asked.enter(pin);
    expect((await command).code).toBe(0);
    await accounts.isConnected('Development');
  });
});

describe('several questions', () => {
  beforeAll(open);
  afterAll(close);

  it('wait their turn: one PIN window at a time', async () => {
    const second = world.world.hsm.token('second', pin);
    second.generateKey('EC:prime256v1', { id: '02', label: 'second' });
    second.importCertificate(world.world.certify(second, '02').der, { id: '02', label: 'second' });
    await world.addAccount('other', '--private-key', 'pkcs11:token=second;id=%02');
    await accounts.row('other').waitFor();
    await accounts.button('Connect', 'Development').click();
    const first = await PinWindow.of(app);
    const command = world.rolekey(['connect', 'other']);
    await accounts.says('other', 'Connecting…');
    await app.electron.evaluate(() => new Promise((resolve) => setTimeout(resolve, 500)));
    expect(PinWindow.count(app)).toBe(1);
    expect(await first.text()).toContain('PIN of token laptop');
    await first.enter(pin);
    await accounts.isConnected('Development');
    const next = await PinWindow.of(app);
    await next.page.getByText('PIN of token second').waitFor();
    expect(PinWindow.count(app)).toBe(1);
    await next.enter(pin);
    expect((await command).code).toBe(0);
    await accounts.isConnected('other');
  });
});

describe('a PIN that may be remembered', () => {
  let keyring: Keyring;

  beforeAll(async () => {
    await open();
    keyring = await Keyring.open(world.desktop.sessionBus);
    await keyring.appear();
  });
  afterAll(async () => {
    await keyring.dispose();
    await close();
  });
  beforeEach(async () => {
    await keyring.vanish();
    await keyring.appear();
    await world.rolekey(['disconnect', '--all']);
    expect((await world.rolekey(['lock', '--forget-pins'])).code).toBe(0);
    await accounts.isNotConnected('Development');
  });

  async function ask(): Promise<PinWindow> {
    await accounts.button('Connect', 'Development').click();
    return PinWindow.of(app);
  }

  it('is not, unless the box is ticked, which nobody does for the user and which says what it means', async () => {
    const asked = await ask();
    expect(await asked.remember.isChecked()).toBe(false);
    expect(await asked.text()).toContain('Any program of yours could read it there.');
    expect(await axeFindings(asked.page)).toEqual([]);
    await asked.enter(pin);
    await asked.closed();
    await accounts.isConnected('Development');
    expect(await keyring.labels()).toEqual([]);
  });

  it('is by keyboard alone, once the token took it, and spares the question from then on', async () => {
    const asked = await ask();
    await asked.press('Tab');
    expect(await asked.focused()).toMatchObject({
      type: 'checkbox',
      description:
        'It is kept in your keyring and used without asking you. Any program of yours could read it there.',
    });
    await asked.press('Space');
    expect(await asked.remember.isChecked()).toBe(true);
    expect(await axeFindings(asked.page)).toEqual([]);
    await asked.enter('000000');
    await asked.page.getByRole('alert').getByText('That PIN was wrong.').waitFor();
    expect(await keyring.labels()).toEqual([]);
    expect(await asked.remember.isChecked()).toBe(true); // the wish was not wrong
    await asked.enter(pin);
    await asked.closed();
    await accounts.isConnected('Development');
    expect(await keyring.labels()).toEqual([expect.stringMatching(/^Rolekey PIN\/laptop /)]);

    await world.rolekey(['disconnect', '--all']);
    await world.rolekey(['lock']);
    await accounts.isNotConnected('Development');
    await accounts.button('Connect', 'Development').click();
    await accounts.isConnected('Development');
    expect(PinWindow.count(app)).toBe(0);
  });

  it('is taken out of the keyring by the tray, and asked for again', async () => {
    const asked = await ask();
    await asked.remember.check();
    await asked.enter(pin);
    await accounts.isConnected('Development');
    const tray = await world.desktop.tray.item();
    await tray.click('Forget PINs in the keyring too');
    await expect.poll(() => keyring.labels()).toEqual([]);
    await world.rolekey(['disconnect', '--all']);
    await accounts.isNotConnected('Development');
    await (await ask()).press('Escape');
    await accounts.says('Development', 'Needs your PIN');
  });

  it('is asked for where the keyring is locked, and the window says why', async () => {
    const asked = await ask();
    await asked.remember.check();
    await asked.enter(pin);
    await accounts.isConnected('Development');
    await world.rolekey(['disconnect', '--all']);
    await world.rolekey(['lock']);
    await keyring.lock();
    await accounts.isNotConnected('Development');
    await (await ask()).enter(pin);
    await accounts.isConnected('Development');
    await page.getByText('The keyring is locked.').waitFor();
    expect(keyring.questions).toBe(0);
  });
});
