/** Files of the user’s that are spoilt, before the app starts and while it runs. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accountOf, answerDialogs, clickQuit, connect, dialogsOf, labelsOf, logOf } from './app-steps.ts';
import { AppWorld } from './app-world.ts';

let world: AppWorld;
let file: string;

beforeEach(async () => {
  world = await AppWorld.open();
  await world.addAccount('dev', '--outlet', 'credentials-file');
  file = join(world.desktop.home, '.config', 'rolekey', 'config.json');
});
afterEach(() => world.close());

const quiet = /uncaught|unhandled/i;

describe('a configuration that cannot be read', () => {
  it('is told in the window, and is read once it is mended', async () => {
    await world.rolekey(['agent', 'stop']);
    const good = readFileSync(file, 'utf8');
    writeFileSync(file, '{"accounts": [');
    const { app, page } = await world.open();
    await page.getByRole('alert').filter({ hasText: 'config.json' }).waitFor();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('alert').filter({ hasText: 'config.json' }).waitFor();
    writeFileSync(file, good);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('#account-dev').waitFor();
    expect((await world.rolekey(['status'])).code).toBe(0);
    await expect.poll(async () => labelsOf(await world.desktop.tray.item())).toContain('dev: not connected');
    expect(app.output).not.toMatch(quiet);
  });

  it('does not keep the app from quitting, where there was no engine', async () => {
    await world.rolekey(['agent', 'stop']);
    writeFileSync(file, '\u0000');
    const { app } = await world.open();
    await clickQuit(await world.desktop.tray.item());
    expect((await app.ended).failure).toBeNull();
  });

  it('that spoils while an account is connected keeps nobody from quitting', async () => {
    const { app } = await world.open();
    await connect(world, 'dev');
    const tray = await world.desktop.tray.item();
    await expect.poll(() => tray.toolTip()).toBe('Rolekey: 1 connected');
    writeFileSync(file, '{"accounts": [');
    await answerDialogs(app, 1);
    await clickQuit(tray);
    await expect
      .poll(() => dialogsOf(app))
      .toMatchObject([{ message: 'Quit and disconnect every account?' }]);
    await tray.click('Forget PINs');
    await tray.click('Disconnect all');
    await answerDialogs(app, 0);
    await clickQuit(tray);
    expect((await app.ended).failure).toBeNull();
    expect(world.fileInHome('.aws', 'credentials') ?? '').not.toContain('aws_secret_access_key');
    expect(app.output).not.toMatch(quiet);
  });
});

it('an AWS file in disorder is told with the account, and the app goes on', async () => {
  const credentials = join(world.desktop.home, '.aws', 'credentials');
  mkdirSync(dirname(credentials), { recursive: true });
  writeFileSync(credentials, Buffer.from([0xff, 0xfe, 0x00, 0x5b]));
  const { app, page } = await world.open();
  await connect(world, 'dev').catch(() => undefined);
  await page.locator('#account-dev').getByText('credentials', { exact: false }).first().waitFor();
  expect((await accountOf(world, 'dev')).state).toMatchObject({ error: expect.anything() as unknown });
  expect(readFileSync(credentials)).toEqual(Buffer.from([0xff, 0xfe, 0x00, 0x5b]));
  expect(app.output).not.toMatch(quiet);
});

it('a folder of its own that cannot be written keeps no app from starting', async () => {
  const folder = join(world.desktop.home, '.local', 'state', 'rolekey');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'rolekey.log'), '\u0000'.repeat(1000));
  chmodSync(folder, 0o500);
  const { app, page } = await world.open();
  await page.locator('#account-dev').waitFor();
  chmodSync(folder, 0o700);
  expect(app.output).not.toMatch(quiet);
  expect(logOf(world)).toContain('\u0000');
});
