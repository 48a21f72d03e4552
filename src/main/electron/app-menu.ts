/** The menu of the window: what keyboards expect, and a way out where there is no tray. */
import type { MenuItemConstructorOptions } from 'electron';

/** @param devTools whether developer tools may be opened; never in a packaged app. */
export function appMenu(devTools: boolean): MenuItemConstructorOptions[] {
  return [
    {
      label: 'Rolekey',
      submenu: [{ role: 'close' }, { type: 'separator' }, { role: 'quit', accelerator: 'CmdOrCtrl+Q' }],
    },
    { role: 'editMenu' },
    ...(devTools ? [{ label: 'Developer', submenu: [{ role: 'toggleDevTools' } as const] }] : []),
  ];
}
