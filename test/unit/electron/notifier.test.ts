import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Notification, Notifier } from '../../../src/main/ports.ts';
import { FakeLogger } from '../../support/fakes/logger.ts';

/** A desktop's notification, and all that were made. */
const desktop = vi.hoisted(() => ({ isSupported: true, made: [] as FakeDesktopNotification[] }));

class FakeDesktopNotification extends EventEmitter {
  static isSupported(): boolean {
    return desktop.isSupported;
  }
  readonly options: unknown;
  visible = false;

  constructor(options: unknown) {
    super();
    this.options = options;
    desktop.made.push(this);
  }
  show(): void {
    this.visible = true;
  }
  close(): void {
    this.visible = false;
  }
}

vi.mock('electron', () => ({ Notification: FakeDesktopNotification }));

const { createNotifier } = await import('../../../src/main/electron/notifier.ts');

let done: unknown[];
let logger: FakeLogger;
let notifier: Notifier;

beforeEach(() => {
  Object.assign(desktop, { isSupported: true, made: [] });
  done = [];
  logger = new FakeLogger();
  notifier = createNotifier({
    onOpen: (account) => done.push(['open', account]),
    onConnect: (accounts) => done.push(['connect', accounts]),
    logger,
  });
});

const notification = (more: Partial<Notification> = {}): Notification => ({
  id: 'x',
  title: 'Title',
  body: 'Body.',
  accounts: ['a'],
  button: { label: 'Connect', action: { kind: 'connect', accounts: ['a', 'b'] } },
  ...more,
});

describe('the desktop’s notifications', () => {
  it('show title, text and button', () => {
    notifier.show(notification({ title: 'Ti\ntle\u202e' }));
    expect(desktop.made).toMatchObject([
      {
        visible: true,
        options: { title: 'Ti�tle�', body: 'Body.', actions: [{ type: 'button', text: 'Connect' }] },
      },
    ]);
  });

  it.each<[Notification['button']['action'], unknown[]]>([
    [{ kind: 'connect', accounts: ['a', 'b'] }, ['connect', ['a', 'b']]],
    [{ kind: 'open', account: 'a' }, ['open', 'a']],
    [{ kind: 'open', account: null }, ['open', null]],
  ])('do with their button: %o', (action, work) => {
    notifier.show(notification({ button: { label: 'Do', action } }));
    desktop.made[0]?.emit('action', {}, 0);
    expect(done).toEqual([work]);
  });

  it.each<[string[], string | null]>([
    [['a'], 'a'],
    [['a', 'b'], null],
    [[], null],
  ])('of the accounts %j show, when they are clicked, %s and connect nothing', (accounts, opened) => {
    notifier.show(notification({ accounts }));
    desktop.made[0]?.emit('click', {});
    expect(done).toEqual([['open', opened]]);
  });

  it('take the place of an older one, and are taken back', () => {
    notifier.show(notification());
    notifier.show(notification());
    expect(desktop.made.map(({ visible }) => visible)).toEqual([false, true]);
    notifier.withdraw('x');
    notifier.withdraw('x');
    expect(desktop.made.map(({ visible }) => visible)).toEqual([false, false]);
  });

  it('that the desktop refuses are logged', () => {
    notifier.show(notification());
    desktop.made[0]?.emit('failed', {}, 'no service');
    expect(logger.entries).toContainEqual(expect.objectContaining({ event: 'notification-failed' }));
  });

  it('are none where there is no such service', () => {
    desktop.isSupported = false;
    notifier.show(notification());
    expect(desktop.made).toEqual([]);
  });
});
