/** What a hostile or careless hand puts into the configuration: told where it is refused, harmless where it is not. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RunningApp } from '../support/desktop/app.ts';
import type { AccountsPage } from './accounts-page.ts';
import { AppWorld } from './app-world.ts';
import { axeFindings } from './axe.ts';
import type { PageWatch } from './page-watch.ts';
import { PinWindow } from './pin-window.ts';
import { openWatched } from './watched-app.ts';

type Json = Record<string, unknown>;
interface Configuration extends Json {
  readonly accounts: readonly Json[];
}

let world: AppWorld;
let app: RunningApp;
let page: Page;
let accounts: AccountsPage;
let watch: PageWatch;
/** As the command line wrote it. */
let good: Configuration;

const file = (): string => join(world.desktop.home, '.config', 'rolekey', 'config.json');
const write = (text: string): void => writeFileSync(file(), text, { mode: 0o600 });
const withAccount = (changes: Json): string =>
  JSON.stringify({ ...good, accounts: good.accounts.map((account) => ({ ...account, ...changes })) });

/** One account in the file, and no agent that would have read it. */
async function prepare(): Promise<void> {
  world = await AppWorld.open();
  await world.addAccount('dev', '--label', 'Development');
  await world.rolekey(['agent', 'stop']);
  good = JSON.parse(readFileSync(file(), 'utf8')) as Configuration;
}

async function start(): Promise<void> {
  ({ app, page, accounts, watch } = await openWatched(world));
}
afterEach(() => expect(watch.complaints).toEqual([]));

const script = '<img src=x onerror="document.title=1">';
const bidi = '\u202Etxt.exe\u2066';

describe('a configuration that cannot be used', () => {
  beforeAll(async () => {
    await prepare();
    write('');
    await start();
  });
  afterAll(() => world.close());

  const alert = () => page.getByRole('alert');
  const tryAgain = (): Promise<void> => alert().getByRole('button', { name: 'Try again' }).click();

  it.each<[what: string, text: () => string, said: string]>([
    [
      'of a newer version',
      () => JSON.stringify({ ...good, version: 99 }),
      'has version 99; this Rolekey knows versions up to 3.',
    ],
    [
      'that is no JSON',
      () => '{"version": 2, "accounts": [',
      'Repair the file named, or move it elsewhere to go on without its accounts; it was left as it is.',
    ],
    [
      'with a label that turns text round',
      () => withAccount({ label: `safe${bidi}` }),
      'accounts[0].label must hold no control or bidirectional-override characters.',
    ],
    [
      'with a label of 10,000 characters',
      () => withAccount({ label: 'x'.repeat(10_000) }),
      'accounts[0].label must be at most 64 characters.',
    ],
    [
      'with a label that is markup in a field nobody knows',
      () => withAccount({ [script]: 1 }),
      'has an unknown field',
    ],
  ])('%s is told, with what to do', async (_what, text, said) => {
    write(text());
    await tryAgain();
    await alert().getByRole('heading', { name: 'Your accounts cannot be shown.' }).waitFor();
    await alert().getByText(said).waitFor();
    await alert()
      .getByText(/^(Repair the file named|Install the newer version again)/)
      .waitFor();
    expect(await alert().innerText()).toContain('config.json');
    expect(await page.locator('img, script:not([src])').count()).toBe(0);
    expect(await axeFindings(page)).toEqual([]);
    expect(readFileSync(file(), 'utf8')).toBe(text()); // left as it is
  });

  it('is read again by “Try again” once it is mended', async () => {
    write(JSON.stringify(good));
    await tryAgain();
    await accounts.isNotConnected('Development');
    expect(await page.title()).toBe('Rolekey');
    expect((await world.rolekey(['status', '--json'])).json()).toMatchObject({
      agent: { mode: 'app' },
      accounts: [{ account: 'dev' }],
    });
  });
});

describe('text the configuration may hold', () => {
  const label = `${script} & <b>bold</b>`;
  /** Of an account that can be connected, which one with such an ARN cannot. */
  const otherLabel = `${script} PIN: 1234?`;
  const roleArn = `${bidi}<svg onload="document.title=2">${'W'.repeat(1900)}`;

  beforeAll(async () => {
    await prepare();
    const [account] = good.accounts;
    const group = '<script>document.title=3</script>';
    const hostile = { ...account, label, group, roleArn };
    const other = { ...account, id: 'other', awsProfile: 'other', label: otherLabel };
    write(JSON.stringify({ ...good, accounts: [hostile, other] }));
    await start();
  });
  afterAll(() => world.close());

  it('is shown as what it is', async () => {
    await accounts.isNotConnected(label);
    await page.getByRole('heading', { name: '<script>document.title=3</script>' }).waitFor();
    const shown = await page.getByRole('main').innerText();
    expect(shown).toContain(label);
    expect(shown).toContain('\uFFFDtxt.exe\uFFFD<svg onload="document.title=2">');
    expect(shown).not.toMatch(/[\u202A-\u202E\u2066-\u2069]/);
    expect(await page.locator('main img, main b, main script, main svg[onload]').count()).toBe(0);
    expect(await page.title()).toBe('Rolekey');
  });

  it('does not break the window', async () => {
    const { width } = await page.getByRole('main').evaluate(({ ownerDocument }) => ({
      width: ownerDocument.documentElement.scrollWidth - ownerDocument.documentElement.clientWidth,
    }));
    expect(width).toBe(0);
    const connect = await accounts.button('Connect', label).boundingBox();
    const window = await page.evaluate(() => ({ width: innerWidth, height: innerHeight }));
    expect(connect!.x + connect!.width).toBeLessThanOrEqual(window.width);
    expect(connect!.y + connect!.height).toBeLessThanOrEqual(window.height);
    expect(await axeFindings(page)).toEqual([]);
  });

  it('is as harmless in the PIN window', async () => {
    await accounts.button('Connect', otherLabel).click();
    const asked = await PinWindow.of(app);
    expect(await asked.text()).toContain(`To connect ${otherLabel}.`);
    expect(await asked.page.locator('img, b').count()).toBe(0);
    expect(await asked.page.title()).toBe('PIN');
    await asked.field.waitFor();
    expect(await asked.page.evaluate(() => document.activeElement?.id)).toBe('secret');
    await asked.press('Escape');
    await asked.closed();
  });
});

describe('the watch itself', () => {
  it('hears what a policy forbids', async () => {
    world = await AppWorld.open();
    try {
      await start();
      await page.evaluate(() => document.body.setAttribute('style', 'color: red'));
      await expect
        .poll(() => watch.complaints.join('\n'))
        .toContain('window: a breach of the policy: style-src-attr');
      watch.complaints.length = 0;
    } finally {
      await world.close();
    }
  });
});
