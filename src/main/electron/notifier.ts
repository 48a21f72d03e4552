/**
 * The Notifier port on the desktop's notifications. A click shows what they speak of; their button does its work where
 * the desktop shows one.
 */
import { Notification as DesktopNotification } from 'electron';
import type { Logger, Notification, NotificationAction, Notifier } from '../ports.ts';
import { plainLine } from './plain-line.ts';

export interface NotifierOptions {
  /** The user wants to see the account; null: the app. */
  readonly onOpen: (account: string | null) => void;
  /** The user wants accounts connected. */
  readonly onConnect: (accounts: readonly string[]) => void;
  readonly logger: Logger;
}

/** Where the desktop has no notifications nothing is shown; the tray and the window say the same. */
export function createNotifier({ onOpen, onConnect, logger }: NotifierOptions): Notifier {
  /** Held here, since one that is collected cannot be clicked. By id. */
  const shown = new Map<string, DesktopNotification>();
  const withdraw = (id: string): void => {
    const old = shown.get(id);
    shown.delete(id);
    old?.close();
  };
  const act = (action: NotificationAction): void => {
    if (action.kind === 'connect') onConnect(action.accounts);
    else onOpen(action.account);
  };
  return {
    show: (notification: Notification) => {
      const { id, accounts, button } = notification;
      withdraw(id);
      if (!DesktopNotification.isSupported()) return;
      const desktop = new DesktopNotification({
        title: plainLine(notification.title),
        body: plainLine(notification.body),
        actions: [{ type: 'button', text: button.label }],
      });
      desktop.on('click', () => onOpen(accounts.length === 1 ? (accounts[0] ?? null) : null));
      desktop.on('action', () => act(button.action));
      desktop.on('failed', (_event, error) => logger.log('warn', 'notification-failed', { error }));
      shown.set(id, desktop);
      desktop.show();
    },
    withdraw,
  };
}
