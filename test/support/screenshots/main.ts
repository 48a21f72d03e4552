/**
 * Takes the pictures of docs/screenshots: the accounts of the demo in as many states as there are accounts, in both
 * themes, on a desktop of its own.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { demoAccounts } from '../demo/device.ts';
import type { RunningApp } from '../desktop/app.ts';
import { Desktop } from '../desktop/desktop.ts';
import { until } from '../desktop/until.ts';
import { builtApp } from '../world/built-cli.ts';
import { pin, World } from '../world/world.ts';
import { smallPng } from './small-png.ts';

const folder = resolve('docs/screenshots');
const size = { width: 560, height: 460 };
const labels: Readonly<Record<(typeof demoAccounts)[number], string>> = {
  dev: 'Development',
  staging: 'Staging',
  prod: 'Production',
};
/** How much of the sessions is left on the picture, seconds. */
const sessionSeconds = 42 * 60 + 30;
/** What AWS asks to be left alone for on the picture, seconds. */
const retryAfterSeconds = 300;

/** The demo's server on loopback is no address that people see, and no button is about to be pressed. */
const tidy = `for (const line of document.querySelectorAll('p'))
  if (line.textContent.startsWith('Sends to')) line.style.display = 'none';
if (document.activeElement.tagName === 'BUTTON') document.activeElement.blur();`;

function pageOf({ electron }: RunningApp, host: string): Promise<Page> {
  return until(() => electron.windows().find((page) => page.url().startsWith(`app://${host}/`)), host);
}

async function addAccounts(world: World, env: Readonly<Record<string, string>>): Promise<void> {
  // A token of its own for one account, so that its PIN is still to be typed.
  const other = world.hsm.token('vault', pin);
  other.generateKey('EC:prime256v1', { id: '02', label: 'vault' });
  other.importCertificate(world.certify(other, '02').der, { id: '02', label: 'vault' });
  for (const id of demoAccounts) {
    const key = id === 'prod' ? 'pkcs11:token=vault;id=%02' : world.device.uri;
    const flags = [...world.accountFlags(`demo-${id}`, '111122223333'), '--private-key', key];
    const { code, stderr } = await world.rolekey(['accounts', 'add', id, '--label', labels[id], ...flags], {
      env,
    });
    if (code !== 0) throw new Error(`accounts add ${id}: ${stderr}`);
  }
}

/** The picture in both themes. */
async function take(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.evaluate(tidy);
    await new Promise((done) => setTimeout(done, 300));
    const file = join(folder, `${name}-${colorScheme}.png`);
    const png = smallPng(await page.screenshot({ caret: 'initial' }));
    writeFileSync(file, png);
    console.log(`${file} ${String(png.length)} bytes`);
  }
}

async function answerPin(app: RunningApp, picture: string | null, answer: string | null): Promise<void> {
  const page = await pageOf(app, 'pin-window');
  const field = page.locator('input[type=password]');
  await field.waitFor();
  if (answer !== null) await field.fill(answer);
  if (picture !== null) await take(page, picture);
  await page.keyboard.press(answer === null ? 'Escape' : 'Enter').catch(() => undefined);
  await until(() => page.isClosed(), 'the PIN window to close');
}

async function takeAll(app: RunningApp, world: World): Promise<void> {
  const page = await pageOf(app, 'window');
  await app.electron.evaluate(({ BrowserWindow }, wanted) => {
    BrowserWindow.getAllWindows()[0]?.setContentSize(wanted.width, wanted.height);
  }, size);
  const connect = (id: (typeof demoAccounts)[number]): Promise<void> =>
    page.getByRole('button', { name: `Connect: ${labels[id]}` }).click();
  const says = (id: (typeof demoAccounts)[number], text: RegExp): Promise<void> =>
    page.getByRole('listitem', { name: labels[id] }).getByText(text).first().waitFor();

  const { faults } = world.server;
  faults.add({ kind: 'session-seconds', seconds: sessionSeconds });
  await connect('dev');
  await answerPin(app, 'pin-window', pin);
  await says('dev', /^Connected/);
  faults.clear();
  faults.add({ kind: 'throttle', retryAfterSeconds, times: 'until-cleared' });
  await connect('staging');
  await says('staging', /^Tries again at/);
  await connect('prod');
  await answerPin(app, null, null);
  await says('prod', /^Needs your PIN/);
  await take(page, 'accounts');
  await page.getByRole('button', { name: 'Add account' }).click();
  await page.getByRole('dialog').waitFor();
  await take(page, 'add-account');
}

async function main(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const desktop = await Desktop.start();
  const world = await World.open();
  try {
    const env = { ...world.env, ...desktop.env };
    await addAccounts(world, env);
    await takeAll(await desktop.launch({ app: builtApp(), env }), world);
  } finally {
    await desktop.stop();
    await world.dispose();
  }
}

void main();
