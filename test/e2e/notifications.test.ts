/** What a person is told who is not looking: by the desktop's notification service, over D-Bus. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningApp } from '../support/desktop/app.ts';
import type { ShownNotification } from '../support/desktop/notifications.ts';
import { until } from '../support/desktop/until.ts';
import { accountOf, closeWindow, connect, logOf, toldOfScreen, windowLook } from './app-steps.ts';
import { AppWorld } from './app-world.ts';

/** A session of this length is renewed after half of it. */
const sessionSeconds = 12;
/** From one state of such a session to the next, on a busy computer. */
const patience = { timeout: 30_000 } as const;
const needsPin = '“Dev” needs its PIN or passphrase';
const expired = 'The session of “Dev” has expired';
const worksAgain = '“Dev” works again';

let world: AppWorld;
let app: RunningApp;
let page: Page;

/** Sessions as the server issues them from now on are short. */
function shortSessions(): void {
  world.world.server.faults.clear();
  world.world.server.faults.add({
    kind: 'session-seconds',
    seconds: sessionSeconds,
    times: 'until-cleared',
  });
}

const shown = (): readonly ShownNotification[] => world.desktop.notifications.shown;

/** The next notification, shown after the first `from` of them. */
async function shownAfter(from: number): Promise<ShownNotification> {
  const next = await until(() => shown()[from], 'a notification', patience.timeout);
  return world.desktop.notifications.waitFor(next.title);
}

const isWithdrawn = ({ id }: ShownNotification): boolean => world.desktop.notifications.closed.includes(id);

describe('a desktop with a notification service', () => {
  beforeAll(async () => {
    world = await AppWorld.open();
    await world.addAccount('dev', '--label', 'Dev');
    shortSessions();
    ({ app, page } = await world.open());
    await closeWindow(app);
    await until(async () => !(await windowLook(app)).visible, 'the window to be hidden');
  });
  afterAll(() => world.close());

  it('tells that a PIN is needed, and a click shows that account', async () => {
    await connect(world, 'dev');
    await world.rolekey(['lock']);
    const notification = await shownAfter(0);
    expect(notification).toMatchObject({
      title: needsPin,
      body: 'The session of “Dev” ends within 5 minutes. Connect it and type the PIN or passphrase.',
    });
    expect(notification.appName).toMatch(/^rolekey$/i);
    expect((await windowLook(app)).visible).toBe(false);
    world.desktop.notifications.invoke(notification);
    await expect.poll(async () => (await windowLook(app)).visible).toBe(true);
    await page.locator('#account-dev.account-revealed').waitFor();
  });

  it('tells that the session has expired, and when it is connected again that in its place', async () => {
    const notification = await shownAfter(1);
    expect(notification).toMatchObject({
      title: expired,
      body: 'Programs get no credentials for “Dev” any more. Connect it again to go on working with it.',
    });
    expect((await accountOf(world, 'dev')).state.serving).toBeNull();
    expect(isWithdrawn(notification)).toBe(false);
    await connect(world, 'dev');
    await expect.poll(() => isWithdrawn(notification)).toBe(true);
    expect((await shownAfter(2)).title).toBe(worksAgain);
  });

  it('tells that the token was pulled out, and when it is there again that in its place', async () => {
    world.world.token.remove();
    const notification = await shownAfter(3).finally(() => world.world.token.restore());
    expect(notification.title).toMatch(/^The token “.+” is not plugged in$/);
    expect(notification.body).toBe(
      '“Dev” depends on it and cannot be renewed. Plug the token in and connect.',
    );
    await connect(world, 'dev');
    await expect.poll(() => isWithdrawn(notification)).toBe(true);
    expect((await shownAfter(4)).title).toBe(worksAgain);
  });

  it('tells nothing while the screen is locked, and afterwards what is still true', async () => {
    await world.desktop.screenSaver.asked();
    await connect(world, 'dev');
    const before = shown().length;
    world.desktop.screenSaver.lock();
    await toldOfScreen(app, 'locked');
    await world.rolekey(['lock']);
    const state = async () => (await accountOf(world, 'dev')).state;
    await expect.poll(state, patience).toMatchObject({ reason: 'pin' });
    await expect.poll(state, patience).toMatchObject({ serving: null });
    await pause(500);
    expect(shown()).toHaveLength(before);
    world.desktop.screenSaver.unlock();
    expect((await shownAfter(before)).title).toBe(expired);
    expect(shown()).toHaveLength(before + 1);
  });

  it('takes back what it shows when it ends', async () => {
    const [last] = shown().slice(-1);
    expect(isWithdrawn(last!)).toBe(false);
    await app.electron.evaluate(({ app: main }) => main.quit());
    expect((await app.ended).failure).toBeNull();
    await expect.poll(() => isWithdrawn(last!)).toBe(true); // the bus brings it, in its own time
  });
});

describe('a desktop without one', () => {
  beforeAll(async () => {
    world = await AppWorld.open({ notifications: false });
    await world.addAccount('dev', '--label', 'Dev');
    shortSessions();
    ({ app, page } = await world.open());
  });
  afterAll(() => world.close());

  it('goes on without, and throws nothing', async () => {
    await connect(world, 'dev');
    await world.rolekey(['lock']);
    await expect
      .poll(async () => (await accountOf(world, 'dev')).state, patience)
      .toMatchObject({ activity: 'needs-you', serving: null });
    await connect(world, 'dev');
    expect((await accountOf(world, 'dev')).state.serving).not.toBeNull();
    expect(await page.getByRole('main').isVisible()).toBe(true);
    expect(logOf(world)).not.toMatch(/"level":"error"|not-announced/);
    expect(app.output).not.toMatch(/unhandled|uncaught|TypeError/i);
  });
});
