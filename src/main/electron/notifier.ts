/** The Notifier port on the desktop's notifications. A click opens what they speak of. */
import { Notification as DesktopNotification } from 'electron';
import type { Logger, Notification, Notifier } from '../ports.ts';

export interface NotifierOptions {
  /** The user wants to see the account; null: the app. */
  readonly onOpen: (account: string | null) => void;
  readonly logger: Logger;
}

/** Where the desktop has no notifications nothing is shown; the tray and the window say the same. */
export function createNotifier({ onOpen, logger }: NotifierOptions): Notifier {
  /** Held here, since one that is collected cannot be clicked. By id. */
  const shown = new Map<string, DesktopNotification>();
  const withdraw = (id: string): void => {
    const old = shown.get(id);
    shown.delete(id);
    old?.close();
  };
  return {
    show: (notification: Notification) => {
      const { id, title, body, account } = notification;
      withdraw(id);
      if (!DesktopNotification.isSupported()) return;
      const desktop = new DesktopNotification({ title, body });
      desktop.on('click', () => onOpen(account));
      desktop.on('failed', (_event, error) => logger.log('warn', 'notification-failed', { error }));
      shown.set(id, desktop);
      desktop.show();
    },
    withdraw,
  };
}
