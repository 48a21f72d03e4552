/** The stand-in services of the private desktop judge what programs show: each is shown what is wrong once. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { call, hasOwner, startBus, type Bus } from '../../support/desktop/bus.ts';
import { startDisplay } from '../../support/desktop/display.ts';
import { endHelper, startHelper } from '../../support/desktop/helper.ts';
import { Login1 } from '../../support/desktop/login1.ts';
import { Notifications } from '../../support/desktop/notifications.ts';
import { ScreenSaver } from '../../support/desktop/screen-saver.ts';
import { Tray } from '../../support/desktop/tray.ts';
import { until } from '../../support/desktop/until.ts';
import { startFakeApp, type FakeApp, type Look } from './fake-app.ts';

const png = Buffer.from('89504e470d0a1a0a0000000d', 'hex');
let folder: string;
let bus: Bus;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rolekey-services-'));
  bus = await startBus();
});
afterAll(async () => {
  await bus.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('the tray', () => {
  let tray: Tray;
  let app: FakeApp | null = null;
  beforeAll(async () => {
    tray = new Tray(bus);
    await tray.appear();
  });
  afterEach(async () => {
    app?.end();
    await expect.poll(async () => (await tray.items()).length).toBe(0); // one that has ended is gone
  });

  async function show(look: Partial<Look>): Promise<void> {
    app = await startFakeApp(bus, folder, { icon: png, entries: [], ...look });
  }

  it('reads image, tooltip and menu, and clicks', async () => {
    await show({ entries: [{ label: '_Show a__b', 'toggle-state': 1 }, { type: 'separator' }] });
    const item = await tray.item();
    expect(await item.icon()).toEqual(png);
    expect(await item.toolTip()).toBe('A tooltip');
    const common = { enabled: true, visible: true, depth: 1 };
    expect(await item.menu()).toEqual([
      { id: 1, label: 'Show a_b', type: 'standard', checked: true, ...common },
      { id: 2, label: '', type: 'separator', checked: null, ...common },
    ]);
    await item.click('Show a_b');
    await item.activate();
    expect(app?.heard()).toEqual(['activated', 'clicked 1']);
  });

  it.each([
    ['an icon that is no PNG', Buffer.from('<svg/>'), 'is no PNG'],
    ['an item without an icon', null, 'the image of the tray icon'],
  ])('notices %s', async (_, icon, complaint) => {
    await show({ icon });
    await expect((await tray.item()).icon(200)).rejects.toThrow(complaint);
  });

  it.each([
    ['is not there', { label: 'Other' }, 'no entry “Show”; it has “Other”'],
    ['is hidden', { label: 'Show', visible: false }, 'no entry “Show”'],
    ['is disabled', { label: 'Show', enabled: false }, 'is disabled'],
  ])('does not click an entry that %s', async (_, entry, complaint) => {
    await show({ entries: [entry] });
    await expect((await tray.item()).click('Show', 200)).rejects.toThrow(complaint);
    expect(app?.heard()).toEqual([]);
  });
});

describe('the notification daemon', () => {
  let notifications: Notifications;
  const heard: string[] = [];
  beforeAll(async () => {
    notifications = new Notifications(bus);
    await notifications.appear();
    const listener = bus.connect();
    listener.on('message', (message) => heard.push([message.member, ...message.body.map(String)].join(' ')));
    const busName = 'org.freedesktop.DBus';
    await call(listener, {
      destination: busName,
      path: '/org/freedesktop/DBus',
      interface: busName,
      member: 'AddMatch',
      signature: 's',
      body: ["interface='org.freedesktop.Notifications'"],
    });
  });

  async function notify(title: string, body: string, appName = 'App', replaces = 0): Promise<number> {
    const [id] = await call(bus.connect(), {
      destination: 'org.freedesktop.Notifications',
      path: '/org/freedesktop/Notifications',
      interface: 'org.freedesktop.Notifications',
      member: 'Notify',
      signature: 'susssasa{sv}i',
      body: [appName, replaces, '', title, body, ['default', 'View', 'renew', 'Renew'], {}, -1],
    });
    return id as number;
  }

  it.each(['default', 'renew'])('remembers one and clicks it: %s', async (action) => {
    const id = await notify(`Ready ${action}`, 'For one hour.');
    const shown = await notifications.waitFor(`Ready ${action}`);
    expect(shown).toMatchObject({ id, appName: 'App', body: 'For one hour.' });
    notifications.invoke(shown, action);
    await expect.poll(() => heard).toContain(`ActionInvoked ${String(id)} ${action}`);
    await expect.poll(() => heard).toContain(`NotificationClosed ${String(id)} 2`);
    expect(() => notifications.invoke(shown, action)).toThrow('is closed');
  });

  it('gives one that replaces another its number', async () => {
    const id = await notify('First', 'text');
    expect(await notify('Second', 'text', 'App', id)).toBe(id);
  });

  it.each([
    ['a body', 'No body', ' ', 'App', 'has no body'],
    ['a program’s name', 'No name', 'text', '', 'has no program’s name'],
  ])('notices one without %s', async (_, title, body, appName, complaint) => {
    await notify(title, body, appName);
    await expect(notifications.waitFor(title)).rejects.toThrow(complaint);
  });

  it('does not press a button that is not there', async () => {
    await notify('Few buttons', 'text');
    const shown = await notifications.waitFor('Few buttons');
    expect(() => notifications.invoke(shown, 'delete')).toThrow('has no action “delete”');
  });

  it('can be absent, and come back', async () => {
    const asker = bus.connect();
    await notifications.vanish();
    expect(await hasOwner(asker, 'org.freedesktop.Notifications')).toBe(false);
    await expect(notify('Nobody', 'text')).rejects.toThrow();
    await notifications.appear();
    expect(await hasOwner(asker, 'org.freedesktop.Notifications')).toBe(true);
  });
});

describe('sleep and screen lock', () => {
  const ask = { path: '/org/gnome/ScreenSaver', interface: 'org.gnome.ScreenSaver', member: 'GetActive' };

  it('tells whether the screen is locked', async () => {
    const screen = new ScreenSaver(bus);
    await screen.appear();
    const active = async (): Promise<unknown> =>
      (await call(bus.connect(), { destination: 'org.gnome.ScreenSaver', ...ask }))[0];
    expect(await active()).toBe(false);
    await screen.asked();
    screen.lock();
    expect(await active()).toBe(true);
    screen.unlock();
    expect(await active()).toBe(false);
  });

  it('knows who listens to sleep', async () => {
    const login1 = new Login1(bus);
    await login1.appear();
    const inhibit = call(bus.connect(), {
      destination: 'org.freedesktop.login1',
      path: '/org/freedesktop/login1',
      interface: 'org.freedesktop.login1.Manager',
      member: 'Inhibit',
      signature: 'ssss',
      body: ['sleep', 'App', 'to save', 'delay'],
    });
    await expect(inhibit).rejects.toThrow('no file descriptors');
    await login1.heard();
    expect(login1.inhibitors).toEqual([{ what: 'sleep', who: 'App', why: 'to save', mode: 'delay' }]);
  });
});

describe('what a desktop is made of', () => {
  let started: Awaited<ReturnType<typeof startDisplay>>[] = [];
  beforeEach(() => (started = []));
  afterEach(async () => Promise.all(started.map((display) => display.stop())));

  it('has a screen of its own each time', async () => {
    started = await Promise.all([startDisplay(), startDisplay()]);
    const names = started.map(({ name }) => name);
    expect(names).toEqual([expect.stringMatching(/^:\d+$/), expect.stringMatching(/^:\d+$/)]);
    expect(new Set(names).size).toBe(2);
  });

  it.each([
    [
      'ends before it is ready',
      'sh',
      ['-c', 'echo broken >&2; exit 3'],
      'sh ended with 3 before it was ready: broken',
    ],
    ['is not installed', 'no-such-program', [], 'ENOENT'],
  ])('notices a program that %s', async (_, command, args, complaint) => {
    await expect(startHelper(command, args, 1)).rejects.toThrow(complaint);
  });

  it('waits for a program to end', async () => {
    const { child } = await startHelper('sh', ['-c', 'echo ready; exec sleep 60'], 1);
    await endHelper(child);
    expect(child.signalCode).toBe('SIGTERM');
    await endHelper(child);
  });

  it('tells what it waited for in vain', async () => {
    await expect(until(() => null, 'Godot', 30)).rejects.toThrow('Waited 30 ms for Godot.');
  });
});
