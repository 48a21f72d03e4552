/** From nothing to credentials an AWS tool reads, and back: in the real window, with mouse, keyboard and PIN. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RunningApp } from '../support/desktop/app.ts';
import type { Result } from '../support/world/program.ts';
import { pin, region } from '../support/world/world.ts';
import type { AccountsPage } from './accounts-page.ts';
import { AppWorld } from './app-world.ts';
import { axeFindings } from './axe.ts';
import type { PageWatch } from './page-watch.ts';
import { PinWindow } from './pin-window.ts';
import type { SystemDialogs } from './system-dialogs.ts';
import { openWatched } from './watched-app.ts';

let world: AppWorld;
let app: RunningApp;
let page: Page;
let accounts: AccountsPage;
let dialogs: SystemDialogs;
let watch: PageWatch;

const awsAccount = '123456789012';
const prefix = `arn:aws:rolesanywhere:${region}:${awsAccount}`;

/** The helper's command line for a role, as it stands in AWS config files. */
function helperLine(role: string, ...keyFlags: readonly string[]): string {
  return [
    'aws_signing_helper credential-process',
    ...keyFlags,
    `--role-arn arn:aws:iam::${awsAccount}:role/${role}`,
    `--profile-arn ${prefix}:profile/0a1b2c3d-1111-4222-8333-944455556666`,
    `--trust-anchor-arn ${prefix}:trust-anchor/7b6f1d0e-1111-4222-8333-944455556666`,
  ].join(' ');
}

/** `aws sts get-caller-identity` as the app's user, who has no credentials but by the profile. */
function whoAmI(profile: string): Promise<Result> {
  const { world: inner, desktop, env } = world;
  const flags = ['--endpoint-url', inner.server.url, '--profile', profile, '--output', 'json'];
  return inner.run('/usr/bin/aws', [...flags, 'sts', 'get-caller-identity'], {
    cwd: desktop.home,
    env: {
      ...env,
      AWS_REGION: region,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_MAX_ATTEMPTS: '1',
      AWS_PAGER: '',
    },
  });
}

/** The serial number a token has, as the command line tells it. */
async function serialOf(label: string): Promise<string> {
  const { tokens } = (await world.rolekey(['tokens', '--json'])).json() as {
    tokens: { label: string; serial: string }[];
  };
  return tokens.find((token) => token.label === label)!.serial;
}

beforeAll(async () => {
  world = await AppWorld.open();
  ({ app, page, accounts, dialogs, watch } = await openWatched(world));
});
afterAll(() => world.close());
afterEach(() => expect(watch.complaints).toEqual([]));

describe('the first account', () => {
  it('begins in an empty window', async () => {
    await page.getByRole('heading', { name: 'No accounts yet' }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });

  it('is added by pasting a command line, without a question', async () => {
    await accounts.paste(helperLine('reader', `--private-key ${world.world.device.uri}`));
    await accounts.field('ID').fill('dev');
    await accounts.field('Name').fill('Development');
    await accounts.field('AWS profile').fill('dev');
    expect(await axeFindings(page)).toEqual([]);
    await accounts.submit.click();
    await accounts.dialog.waitFor({ state: 'detached' });
    await accounts.isNotConnected('Development');
    await accounts.says('Development', `reader in ${awsAccount}`);
    expect(await dialogs.shown()).toEqual([]);
  });

  it('asks for the PIN in a window that says who asks and for what', async () => {
    await accounts.button('Connect', 'Development').click();
    const asked = await PinWindow.of(app);
    await asked.page.reload(); // under watch from the first byte, and it asks the same again
    await asked.field.waitFor();
    const name = `PIN of token laptop, serial ${await serialOf('laptop')}`;
    const text = await asked.text();
    expect(text).toContain(name);
    expect(text).toContain('To connect Development.');
    expect(text).toContain('Asked for by the Rolekey window.');
    // What a screen reader says of the dialog, and of the field with the focus.
    const spoken = new RegExp(name.replace(', ', ' ?, '));
    await asked.page.getByRole('dialog', { name: spoken }).waitFor();
    expect(await asked.focused()).toMatchObject({
      type: 'password',
      name,
      description: expect.stringContaining('To connect Development.') as string,
    });
    expect(await axeFindings(asked.page)).toEqual([]);
    await asked.enter(pin);
    await asked.closed();
    await accounts.isConnected('Development');
    expect(await axeFindings(page)).toEqual([]);
  });

  it('serves the real AWS CLI by its profile', async () => {
    const { code, stdout, stderr } = await whoAmI('dev');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      Account: awsAccount,
      Arn: expect.stringContaining(`arn:aws:sts::${awsAccount}:assumed-role/reader/`) as string,
    });
    expect(world.fileInHome('.aws', 'config')).toMatch(/credential_process = .*\/bin\/rolekey/);
    expect(world.fileInHome('.aws', 'credentials')).toBeNull();
  });

  it('serves nothing any more once it is disconnected', async () => {
    await accounts.button('Disconnect', 'Development').click();
    await accounts.isNotConnected('Development');
    const { code, stderr } = await whoAmI('dev');
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/not connected/i);
  });
});

describe('an account with files', () => {
  it('is confirmed in a dialog of the system; Cancel adds nothing', async () => {
    const folder = world.world.folder('keys');
    const key = `${folder}/device.key`;
    const certificate = world.world.file('keys/device.pem', world.world.device.certificate.pem);
    world.world.file('keys/device.key', '');
    await accounts.paste(helperLine('files', `--certificate ${certificate}`, `--private-key ${key}`));
    await accounts.field('ID').fill('files');
    await accounts.submit.click();
    await expect.poll(async () => (await dialogs.shown()).length).toBe(1);
    expect((await dialogs.shown())[0]).toEqual({
      message: 'Add the account “files” with these?',
      detail: [
        `Key: ${key}`,
        `Certificate: ${certificate}`,
        '',
        'Go on only if you chose them yourself.',
      ].join('\n'),
      buttons: ['Add account', 'Cancel'],
      defaultId: 1,
      cancelId: 1,
    });
    await accounts.dialog.waitFor(); // still open, with what was typed
    expect(await accounts.field('ID').inputValue()).toBe('files');
    expect((await world.rolekey(['accounts', 'list', '--json'])).json()).toMatchObject({
      accounts: [{ id: 'dev' }],
    });
    await dialogs.answer('Add account');
    await accounts.submit.click();
    await accounts.row('files').waitFor();
    await dialogs.answer('Remove');
    await accounts.button('Remove…', 'files').click();
    await accounts.row('files').waitFor({ state: 'detached' });
  });
});

describe('without a mouse', () => {
  it('an account is added, connected and disconnected', async () => {
    await accounts.tabTo(page.getByRole('button', { name: 'Add account' }));
    await page.keyboard.press('Enter');
    await accounts.dialog.waitFor();
    await accounts.tabTo(accounts.field('Command line'));
    await page.keyboard.insertText(helperLine('keyboard', `--private-key ${world.world.device.uri}`));
    await accounts.wasRead();
    await accounts.tabTo(accounts.field('Name'));
    await page.keyboard.type('Keys only');
    await page.keyboard.press('Enter');
    await accounts.dialog.waitFor({ state: 'detached' });
    await accounts.hasFocus(accounts.row('Keys only'));
    await world.rolekey(['lock']);
    await accounts.tabTo(accounts.button('Connect', 'Keys only'));
    await page.keyboard.press('Enter');
    const asked = await PinWindow.of(app);
    await asked.page.keyboard.type(pin);
    await asked.press('Enter');
    await asked.closed();
    await accounts.isConnected('Keys only');
    await accounts.tabTo(accounts.button('Disconnect', 'Keys only'));
    await page.keyboard.press('Space');
    await accounts.isNotConnected('Keys only');
    // The button that was pressed is another now, and has the focus still.
    await accounts.hasFocus(accounts.button('Connect', 'Keys only'));
  });

  it('what is missing has the focus after an attempt to add', async () => {
    await page.getByRole('button', { name: 'Add account' }).press('Enter');
    await accounts.dialog.waitFor();
    await accounts.field('ID').fill('incomplete');
    await page.keyboard.press('Enter');
    await accounts.hasFocus(accounts.field('Role ARN'));
    await page.keyboard.press('Escape');
    await accounts.dialog.waitFor({ state: 'detached' });
  });

  it('the dialog is left with Escape, and the focus is where it was', async () => {
    const opener = page.getByRole('button', { name: 'Add account' });
    await accounts.tabTo(opener, 'Shift+Tab');
    await page.keyboard.press('Enter');
    await accounts.dialog.waitFor();
    await page.keyboard.press('Escape');
    await accounts.dialog.waitFor({ state: 'detached' });
    await accounts.hasFocus(opener);
  });
});
