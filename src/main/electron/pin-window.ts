/** The window that asks for a PIN or a passphrase: opened by the main side alone, with a preload and a session of its own. */
import { join } from 'node:path';
import { BrowserWindow, type Session } from 'electron';
import { askedByWindow } from '../../shared/constants.ts';
import type { Prompt } from '../../shared/model.ts';
import type { Logger } from '../ports.ts';
import { openDoor, tell, type DoorOptions } from './door.ts';
import { pages, pageUrl } from './pages.ts';
import type { PromptView } from './prompt-desk.ts';
import { createSealedSession, sealContents, webPreferences } from './sealed-session.ts';

export interface PinWindowsOptions {
  /** The app's folder, with dist/ in it. */
  readonly root: string;
  readonly devTools: boolean;
  readonly door: Omit<DoorOptions<'pin-window'>, 'page' | 'door'>;
  readonly logger: Logger;
}

/** @returns opens a PIN window; `onClosed` is called where the user closed it. */
export function createPinWindows(
  options: PinWindowsOptions,
): (prompt: Prompt, onClosed: () => void) => PromptView {
  const { root, logger } = options;
  const sealed = createSealedSession({ page: pages.pinWindow, root: join(root, 'dist', 'renderer'), logger });
  return (prompt, onClosed) => openPinWindow(options, sealed, prompt, onClosed);
}

function openPinWindow(
  options: PinWindowsOptions,
  sealed: Session,
  first: Prompt,
  onClosed: () => void,
): PromptView {
  const { root, devTools, door, logger } = options;
  const window = new BrowserWindow({
    width: 420,
    height: 350,
    center: true,
    show: false,
    resizable: false,
    minimizable: false,
    maximizable: false,
    fullscreenable: false,
    alwaysOnTop: true, // a PIN is asked for because something waits for it
    title: 'Rolekey',
    webPreferences: webPreferences(sealed, join(root, 'dist', 'preload', 'pin-window.js'), devTools),
  });
  window.setMenu(null);
  window.setContentProtection(true);
  let shown = first;
  let closedByUs = false;
  const { webContents } = window;
  sealContents(webContents, pages.pinWindow, logger);
  openDoor(webContents, { ...door, door: 'pin-window', page: pages.pinWindow });
  const close = (): void => {
    if (!window.isDestroyed()) window.destroy();
  };
  window.on('closed', () => {
    if (!closedByUs) onClosed();
  });
  // Without its page nobody could answer.
  webContents.on('render-process-gone', (_event, { reason }) => {
    logger.log('error', 'pin-page-gone', { reason });
    close();
  });
  window.once('ready-to-show', () => {
    if (mayTakeFocus(shown)) window.show();
    else window.showInactive();
  });
  void window.loadURL(pageUrl(pages.pinWindow)).catch((error: unknown) => {
    logger.log('error', 'pin-page-not-loaded', { error });
    close();
  });
  return {
    ask: (prompt: Prompt) => {
      shown = prompt;
      tell<'pin-window'>(webContents, { name: 'prompt', payload: prompt });
      // A window that came up for a touch has no focus.
      if (mayTakeFocus(prompt) && window.isVisible() && !window.isFocused()) window.show();
    },
    close: () => {
      closedByUs = true;
      close();
    },
  };
}

/**
 * Who did not ask for it may be typing somewhere else: that must not become a PIN that is tried. A touch needs no focus at
 * all, and comes when nobody expects a window.
 */
function mayTakeFocus({ kind, askedBy }: Prompt): boolean {
  return kind !== 'touch' && askedBy === askedByWindow;
}
