/** The passphrase of a PKCS#12 file, asked for by the app. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunningApp } from '../support/desktop/app.ts';
import { pkcs12 } from '../support/pki/pkcs12.ts';
import type { AccountsPage } from './accounts-page.ts';
import { AppWorld } from './app-world.ts';
import { axeFindings } from './axe.ts';
import type { PageWatch } from './page-watch.ts';
import { PinWindow } from './pin-window.ts';
import { openWatched } from './watched-app.ts';

const password = 'correct horse';
let world: AppWorld;
let app: RunningApp;
let accounts: AccountsPage;
let watch: PageWatch;

beforeAll(async () => {
  world = await AppWorld.open();
  const { authority, home } = world.world;
  const { privateKeyPem, pem } = authority.identity({ subject: '/O=Example/CN=file' });
  const certificates = [pem, authority.certificate.pem];
  world.world.file('home/key.p12', pkcs12({ privatePem: privateKeyPem, certificates, password }));
  await world.addAccount('file', '--label', 'In a file', '--private-key', join(home, 'key.p12'));
  ({ app, accounts, watch } = await openWatched(world));
});
afterAll(() => world.close());

it('is asked for again where it was wrong, and opens key and certificate', async () => {
  await accounts.button('Connect', 'In a file').click();
  const asked = await PinWindow.of(app);
  expect(await asked.page.getByText(/key\.p12/).count()).toBeGreaterThan(0);
  await asked.enter('wrong one');
  await asked.page.getByRole('alert').getByText('That passphrase was wrong.').waitFor();
  expect(await asked.field.inputValue()).toBe('');
  expect(await axeFindings(asked.page)).toEqual([]);
  await asked.enter(password);
  await asked.closed();
  await accounts.isConnected('In a file');
  expect(watch.complaints).toEqual([]);
});
