/** The one window of the accounts. Closing it keeps the app running: hidden beside a tray icon, else minimised. */
import { join } from 'node:path';
import { BrowserWindow, nativeTheme, screen } from 'electron';
import type { EventAt } from '../../shared/api.ts';
import type { Logger } from '../ports.ts';
import { openDoor, tell, type DoorOptions } from './door.ts';
import { pages, pageUrl } from './pages.ts';
import { createSealedSession, sealContents, webPreferences } from './sealed-session.ts';
import { fitToDisplays, minimumSize, type WindowMemory } from './window-state.ts';

export interface MainWindowOptions {
  /** The app's folder, with dist/ in it. */
  readonly root: string;
  readonly devTools: boolean;
  readonly door: Omit<DoorOptions<'window'>, 'page' | 'door'>;
  readonly memory: WindowMemory;
  readonly logger: Logger;
  /** The user closed it, and the app is not ending. */
  readonly onClose: (window: MainWindow) => void;
  /** A person turned to it. */
  readonly onFocus: () => void;
}

/** A page that dies again within this time is not loaded again by itself, milliseconds. */
const crashPauseMs = 10_000;

export class MainWindow {
  readonly #window: BrowserWindow;
  readonly #options: MainWindowOptions;
  #mayClose = false;
  #lastCrash = Number.NEGATIVE_INFINITY;

  constructor(options: MainWindowOptions) {
    this.#options = options;
    const { root, devTools, door, memory, logger } = options;
    const known = memory.read();
    const sealed = createSealedSession({ page: pages.window, root: join(root, 'dist', 'renderer'), logger });
    this.#window = new BrowserWindow({
      ...fitToDisplays(known.bounds, screen.getAllDisplays()),
      minWidth: minimumSize.width,
      minHeight: minimumSize.height,
      title: 'Rolekey',
      show: false,
      autoHideMenuBar: true,
      backgroundColor: nativeTheme.shouldUseDarkColors ? '#1b1d20' : '#ffffff', // until the page has its own
      webPreferences: webPreferences(sealed, join(root, 'dist', 'preload', 'main-window.js'), devTools),
    });
    if (known.maximised) this.#window.maximize();
    const { webContents } = this.#window;
    sealContents(webContents, pages.window, logger);
    openDoor(webContents, { ...door, door: 'window', page: pages.window });
    this.#window.on('close', (event) => {
      memory.write({ bounds: this.#window.getNormalBounds(), maximised: this.#window.isMaximized() });
      if (this.#mayClose) return;
      event.preventDefault();
      options.onClose(this);
    });
    this.#window.on('focus', options.onFocus);
    webContents.on('render-process-gone', (_event, { reason }) => {
      logger.log('error', 'window-page-gone', { reason });
      this.#reloadOnce();
    });
    this.#load();
  }

  get native(): BrowserWindow {
    return this.#window;
  }

  show(): void {
    if (this.#window.webContents.isCrashed()) this.#load();
    if (this.#window.isMinimized()) this.#window.restore();
    this.#window.show();
    this.#window.focus();
  }

  hide(): void {
    this.#window.hide();
  }

  minimise(): void {
    this.#window.minimize();
  }

  tell(event: EventAt<'window'>): void {
    tell<'window'>(this.#window.webContents, event);
  }

  /** Lets it go for good. */
  destroy(): void {
    this.#mayClose = true;
    if (!this.#window.isDestroyed()) this.#window.close();
  }

  #load(): void {
    void this.#window.loadURL(pageUrl(pages.window)).catch((error: unknown) => {
      this.#options.logger.log('error', 'window-not-loaded', { error });
    });
  }

  /** The engine lives on without its page; one that dies at once again is left alone until the user opens the window. */
  #reloadOnce(): void {
    const now = performance.now();
    const again = now - this.#lastCrash > crashPauseMs;
    this.#lastCrash = now;
    if (again && !this.#window.isDestroyed()) this.#load();
  }
}
