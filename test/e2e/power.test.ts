/** Sleep, screen lock and shutdown of the computer, as the desktop tells them. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningApp } from '../support/desktop/app.ts';
import { until } from '../support/desktop/until.ts';
import { pin } from '../support/world/world.ts';
import { accountOf, answerDialogs, connect, logOf, toldOfScreen, type SeenAccount } from './app-steps.ts';
import { AppWorld } from './app-world.ts';

let world: AppWorld;
let app: RunningApp;
let page: Page;

beforeAll(async () => {
  world = await AppWorld.open();
  await world.addAccount('dev', '--outlet', 'credentials-file');
  ({ app, page } = await world.open());
  await world.desktop.login1.heard();
  await world.desktop.screenSaver.asked();
  // Back-off is random: here it is as long as it can be.
  await app.electron.evaluate(() => void (Math.random = () => 0.999));
});
afterAll(() => world.close());

/** The account by way of the window: a command line takes longer to start than some states last. */
async function stateNow(): Promise<SeenAccount['state'] | undefined> {
  const { result } = await page.evaluate(() => {
    type Status = (input: object) => Promise<{ result?: { accounts: SeenAccount[] } }>;
    const { calls } = Reflect.get(window, 'rolekey') as { calls: { status: Status } };
    return calls.status({});
  });
  return result?.accounts.find(({ account }) => account === 'dev')?.state;
}

/** Lets the server fail until the account waits long for its next try. @returns when that is, milliseconds since the epoch. */
async function waitingLong(): Promise<number> {
  await world.rolekey(['disconnect', '--all']);
  world.world.server.faults.add({ kind: 'error', status: 503, times: 'until-cleared' });
  // Ends with the first failure, and not before: a PIN that came too late would not be tried.
  await world.rolekey(['connect', 'dev', '--pin-stdin'], { stdin: `${pin}\n` });
  return until(
    async () => {
      const state = await stateNow();
      const at = state?.activity === 'retrying' && state.retryAt !== null ? Date.parse(state.retryAt) : 0;
      return at - Date.now() > 7000 ? at : null;
    },
    'a long back-off',
    30_000,
  );
}

/**
 * Waits until AWS has been asked once more than `before` times, and the account is connected by that.
 * @returns when AWS was asked, milliseconds since the epoch: a command line that looks may take seconds to start.
 */
async function triedAt(before: number): Promise<number> {
  await until(() => world.world.server.requests.length > before, 'a request', 30_000);
  const asked = Date.now();
  await expect.poll(async () => (await accountOf(world, 'dev')).state.serving).not.toBeNull();
  return asked;
}

describe('the computer', () => {
  it('wakes up: what waited is tried at once', async () => {
    const retryAt = await waitingLong();
    world.desktop.login1.sleep();
    await pause(500);
    const { length } = world.world.server.requests;
    world.world.server.faults.clear();
    world.desktop.login1.wake();
    expect(await triedAt(length)).toBeLessThan(retryAt - 2000);
    expect(world.world.server.requests).toHaveLength(length + 1);
  });

  it('is unlocked: what waited is tried at once', async () => {
    const retryAt = await waitingLong();
    world.desktop.screenSaver.lock();
    await toldOfScreen(app, 'locked');
    const { length } = world.world.server.requests;
    world.world.server.faults.clear();
    world.desktop.screenSaver.unlock();
    expect(await triedAt(length)).toBeLessThan(retryAt - 500);
  });

  it('is locked and unlocked while all is well: nothing is asked of AWS, and sessions go on', async () => {
    await connect(world, 'dev');
    const { length } = world.world.server.requests;
    world.desktop.screenSaver.lock();
    await toldOfScreen(app, 'locked');
    world.desktop.screenSaver.unlock();
    await toldOfScreen(app, 'active');
    world.desktop.login1.sleep();
    world.desktop.login1.wake();
    await pause(2500);
    expect((await accountOf(world, 'dev')).state).toMatchObject({ activity: 'idle', error: null });
    expect(world.world.server.requests).toHaveLength(length);
  });

  it('switches off: the app ends without a question, and leaves no credentials', async () => {
    expect(world.fileInHome('.aws', 'credentials')).toMatch(/\[dev\][^[]*aws_secret_access_key/);
    await answerDialogs(app, 1); // whoever asks is told to stay
    world.desktop.login1.shutDown();
    expect((await app.ended).failure).toBeNull();
    expect(world.fileInHome('.aws', 'credentials') ?? '').not.toContain('aws_secret_access_key');
    await expect.poll(() => world.desktop.processes()).toEqual([]);
    expect(logOf(world)).not.toContain('"level":"error"');
  });
});
