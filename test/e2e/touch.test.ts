/** A key that wants a touch, in the app: what is shown while it waits, and how the waiting ends. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { RunningApp } from '../support/desktop/app.ts';
import type { TrayItem } from '../support/desktop/tray.ts';
import { until } from '../support/desktop/until.ts';
import type { VirtualYubikey } from '../support/virtual-yubikey/virtual-yubikey.ts';
import { YubikeyWorld } from '../support/virtual-yubikey/yubikey-world.ts';
import type { AccountsPage } from './accounts-page.ts';
import { AppWorld } from './app-world.ts';
import { axeFindings } from './axe.ts';
import type { PageWatch } from './page-watch.ts';
import { PinWindow } from './pin-window.ts';
import { openWatched } from './watched-app.ts';

let world: AppWorld;
let ports: YubikeyWorld;
let key: VirtualYubikey;
let app: RunningApp;
let page: Page;
let accounts: AccountsPage;
let watch: PageWatch;
let tray: TrayItem;

beforeAll(async () => {
  ports = await YubikeyWorld.start();
  world = await AppWorld.open();
  key = await ports.insert({ serial: 12345678 });
  const publicKey = key.generate('9a', 'P-256', { touchPolicy: 'always' });
  const { authority } = world.world;
  const { der } = authority.issue({ subject: '/CN=laptop-1', holder: { publicKey } });
  key.importCertificate('9a', der);
  // From outside, so that no attestation tells what it wants.
  const identity = authority.identity({ name: 'outside', subject: '/CN=laptop-1' });
  key.importKey('9d', identity.privateKeyPem, { touchPolicy: 'always' });
  key.importCertificate('9d', identity.der);
  const outside = ['--private-key', 'pkcs11:serial=12345678;id=%03'];
  await world.addAccount('outside', '--label', 'Outside', ...outside);
  for (const [id, label] of [
    ['dev', 'Development'],
    ['prod', 'Production'],
  ] as const) {
    await world.addAccount(id, '--label', label, '--private-key', 'pkcs11:serial=12345678;id=%01');
  }
  ({ app, page, accounts, watch } = await openWatched(world, ports.environment));
  tray = await world.desktop.tray.item();
  // Once with its PIN, which is held from then on.
  await accounts.button('Connect', 'Development').click();
  const asked = await PinWindow.of(app);
  key.isHeld = true;
  await asked.enter(key.pin);
  await accounts.isConnected('Development');
});
afterAll(async () => {
  await world.close();
  await ports.dispose();
});
beforeEach(async () => {
  key.isHeld = false;
  key.touchTimeoutMs = 15_000;
  await world.rolekey(['disconnect', '--all']);
  await accounts.isNotConnected('Development');
  await until(() => PinWindow.count(app) === 0, 'no window that asks');
});
afterEach(() => expect(watch.complaints).toEqual([]));

/** Which of the app's windows has the focus, by its page's address. */
const focused = (): Promise<string | null> =>
  app.electron.evaluate(
    ({ BrowserWindow }) => BrowserWindow.getFocusedWindow()?.webContents.getURL() ?? null,
  );

async function waiting(): Promise<PinWindow> {
  const told = await PinWindow.ofTouch(app);
  await until(() => key.isWaitingForTouch, 'the key waits');
  return told;
}

it('is told in the account’s row, in the tray and in a small window that goes by itself once it was given', async () => {
  const before = key.counts;
  await accounts.button('Connect', 'Development').click();
  const told = await waiting();
  expect(await told.text()).toMatch(
    /^Touch the token YubiKey PIV #12345678, serial 12345678\s+It signs once you touch it while it blinks\.\s+To connect Development\.\s+Asked for by the Rolekey window\.\s+Cancel$/,
  );
  await accounts.says('Development', /^Touch the token now$/);
  await expect.poll(() => tray.toolTip()).toBe('Rolekey: 1 needs you');
  expect(await axeFindings(told.page)).toEqual([]);
  expect(await axeFindings(page)).toEqual([]);
  key.touch();
  await told.closed();
  await accounts.isConnected('Development');
  await expect.poll(() => tray.toolTip()).toBe('Rolekey: 1 connected');
  expect(key.counts).toEqual({ ...before, generalAuthenticate: before.generalAuthenticate + 1 });
});

it('takes no focus from what the person does', async () => {
  await page.bringToFront();
  await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.focus());
  await expect.poll(focused).toContain('app://window/');
  await accounts.button('Connect', 'Development').click();
  const told = await waiting();
  await told.page.getByRole('button', { name: 'Cancel' }).waitFor();
  expect(await focused()).toContain('app://window/');
  key.touch();
  await told.closed();
  await accounts.isConnected('Development');
});

it.each(['Escape', 'its button', 'the window'])('is waited for no longer by %s', async (way) => {
  const before = key.counts;
  await accounts.button('Connect', 'Development').click();
  const told = await waiting();
  if (way === 'Escape') await told.press('Escape');
  else if (way === 'its button') await told.click('Cancel');
  else {
    await app.electron.evaluate(({ BrowserWindow }) => {
      BrowserWindow.getAllWindows()
        .find(({ webContents }) => webContents.getURL().startsWith('app://pin-window/'))!
        .close();
    });
  }
  await told.closed();
  await accounts.says('Development', /^Needs your touch on the token$/);
  await accounts.says('Development', /^You ended the waiting for a touch\. /);
  expect(key.isWaitingForTouch).toBe(true);
  key.touch();
  await accounts.button('Connect', 'Development').waitFor();
  expect(key.counts).toEqual({ ...before, generalAuthenticate: before.generalAuthenticate + 1 });
});

it('that a renewal turns out to want is told by the app, and wanted again only by who connects', async () => {
  world.world.server.faults.add({ kind: 'session-seconds', seconds: 40, times: 1 });
  key.isHeld = true;
  await accounts.button('Connect', 'Outside').click();
  await accounts.says('Outside', /^Connected, renews by itself; /);
  key.isHeld = false;
  key.touchTimeoutMs = 6000;
  const told = await PinWindow.ofTouch(app, 40_000);
  expect(await told.text()).toContain('Asked for by Rolekey itself, which renews the session.');
  await accounts.says('Outside', /^Touch the token now; still connected for /);
  await told.closed();
  const { generalAuthenticate } = key.counts;
  await accounts.says('Outside', /^Needs your touch on the token; still connected for /);
  key.isHeld = true;
  await accounts.button('Connect', 'Outside').click();
  await accounts.isConnected('Outside');
  expect(key.counts.generalAuthenticate).toBe(generalAuthenticate + 1);
});

it('is waited for by all accounts of the token together, one signature after the other', async () => {
  const before = key.counts;
  await world.rolekey(['accounts', 'remove', 'outside', '--yes']);
  await accounts.row('Outside').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Connect all' }).click();
  const first = await waiting();
  expect(await first.text()).toContain('To connect Development and Production.');
  key.touch();
  await first.closed();
  const second = await waiting();
  expect(await second.text()).toMatch(/To connect (Development|Production)\./);
  key.touch();
  await accounts.isConnected('Development');
  await accounts.isConnected('Production');
  expect(key.counts).toEqual({ ...before, generalAuthenticate: before.generalAuthenticate + 2 });
});

it('is told by the app for a command that has no terminal', async () => {
  const command = world.rolekey(['connect', 'dev']);
  const told = await waiting();
  expect(await told.text()).toContain('Asked for by a command that says it is “rolekey connect”.');
  // The command hears of it by an event of its own, a moment later: another one has begun and ended since.
  await world.rolekey(['status']);
  key.touch();
  expect(await command).toMatchObject({
    code: 0,
    stderr: 'rolekey: Touch the token for dev while it blinks.\n',
  });
});

it('that is not given leaves an account that says so, and no window', async () => {
  key.touchTimeoutMs = 6000;
  await accounts.button('Connect', 'Development').click();
  const told = await waiting();
  await told.closed();
  await accounts.says('Development', /^Needs your touch on the token$/);
  await accounts.says('Development', /^The token was not touched in time\. /);
});
