/** Sessions that are short on purpose: they are renewed by themselves, in real time, until a person is needed. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RunningApp } from '../support/desktop/app.ts';
import { pin } from '../support/world/world.ts';
import type { AccountsPage } from './accounts-page.ts';
import { AppWorld } from './app-world.ts';
import type { PageWatch } from './page-watch.ts';
import { PinWindow } from './pin-window.ts';
import { openWatched } from './watched-app.ts';

let world: AppWorld;
let app: RunningApp;
let page: Page;
let accounts: AccountsPage;
let watch: PageWatch;

/** Sessions of that length from now on, seconds. */
function sessionsOf(seconds: number): void {
  const { faults } = world.world.server;
  faults.clear();
  faults.add({ kind: 'session-seconds', seconds, times: 'until-cleared' });
}

async function connect(): Promise<void> {
  await accounts.button('Connect', 'dev').click();
  const asked = await PinWindow.of(app);
  await asked.enter(pin);
  await asked.closed();
}

async function servedKey(): Promise<string> {
  const { code, stderr, ...result } = await world.rolekey(['credential-process', '--account', 'dev']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return (result.json() as { AccessKeyId: string }).AccessKeyId;
}

/** The part of the ring that is left, from 0 to 1: what the eye is told. */
function ring(): Promise<number> {
  return accounts.row('dev').evaluate((row) => {
    const left = row.querySelector('circle[stroke-dashoffset]');
    const length = (name: string): number => Number(left?.getAttribute(name));
    return 1 - length('stroke-dashoffset') / length('stroke-dasharray');
  });
}

/** Ends the process the token's module runs in, as a module that crashes does. */
async function killTokenHost(): Promise<void> {
  const metrics = await app.electron.evaluate(({ app: main }) => main.getAppMetrics());
  const hosts = metrics.filter(({ serviceName }) => serviceName === 'node.mojom.NodeService');
  expect(hosts).toHaveLength(1);
  process.kill(hosts[0]!.pid, 'SIGKILL');
}

beforeAll(async () => {
  world = await AppWorld.open();
  await world.addAccount('dev');
  ({ app, page, accounts, watch } = await openWatched(world));
});
afterAll(() => world.close());
afterEach(() => expect(watch.complaints).toEqual([]));

describe('a session of a minute', () => {
  it('is renewed at half its life, and nobody is asked', { timeout: 90_000 }, async () => {
    sessionsOf(60);
    await connect();
    await accounts.says('dev', 'Connected, renews by itself; less than a minute left');
    const opened: Page[] = [];
    app.electron.on('window', (window) => opened.push(window));
    const before = await servedKey();
    await expect.poll(ring, { timeout: 40_000, interval: 500 }).toBeLessThan(0.6);
    const low = await ring();
    await expect.poll(servedKey, { timeout: 40_000, interval: 1000 }).not.toBe(before);
    const [first, second] = world.world.server.requests
      .filter(({ operation }) => operation === 'create-session')
      .map(({ time }) => Date.parse(time)); // whole seconds
    // At half its life and not before: an early renewal would go on all day.
    expect(second! - first!).toBeGreaterThanOrEqual(22_000);
    await expect.poll(ring).toBeGreaterThan(low + 0.2);
    await accounts.says('dev', 'Connected, renews by itself; less than a minute left');
    expect(opened).toEqual([]);
    expect(world.desktop.notifications.shown).toEqual([]);
  });
});

describe('a token module that crashes', () => {
  it('leaves what is served, and the next renewal says that the PIN is needed', async () => {
    sessionsOf(30);
    await world.rolekey(['disconnect', 'dev']);
    await world.rolekey(['lock']);
    await accounts.isNotConnected('dev');
    await connect();
    await accounts.says('dev', /^Connected/);
    await killTokenHost();
    expect(await servedKey()).toMatch(/^ASIA/);
    await accounts
      .row('dev')
      .getByText(/^Needs your PIN; still connected for /)
      .waitFor({ timeout: 30_000 });
    await world.desktop.notifications.waitFor('“dev” needs its PIN or passphrase');
    expect(PinWindow.count(app)).toBe(0); // it comes when a person wants it
    await connect();
    await accounts.says('dev', /^Connected, renews by itself/);
  });

  it('is started again by the next Connect', async () => {
    world.world.server.faults.clear();
    await accounts.button('Disconnect', 'dev').click();
    await accounts.isNotConnected('dev');
    await killTokenHost();
    await connect();
    await accounts.isConnected('dev');
    expect(await page.getByRole('log').getByRole('paragraph').count()).toBe(0);
  });
});
