/** The tray icon: shape, tooltip and menu are made from the accounts' states by tray-model. */
import { join } from 'node:path';
import {
  Menu,
  nativeImage,
  nativeTheme,
  Tray,
  type MenuItemConstructorOptions,
  type NativeImage,
} from 'electron';
import type { Logger } from '../ports.ts';
import { isPanelDark } from './panel.ts';
import {
  trayIcon,
  trayMenu,
  trayModel,
  type TrayAccount,
  type TrayAction,
  type TrayMenuItem,
  type TrayShape,
} from './tray-model.ts';

export interface TrayOptions {
  /** The folder of the built icons. */
  readonly icons: string;
  readonly platform: NodeJS.Platform;
  /** XDG_CURRENT_DESKTOP. */
  readonly desktop: string;
  readonly onAction: (action: TrayAction) => void;
  readonly logger: Logger;
}

export class TrayIcon {
  readonly #tray: Tray;
  readonly #options: TrayOptions;
  readonly #images = new Map<string, NativeImage>();
  /** What is shown, to leave alone what would stay the same: some desktops blink. */
  #shown = { shape: '', tooltip: '', menu: '' };

  constructor(options: TrayOptions) {
    this.#options = options;
    this.#tray = new Tray(this.#image('idle'));
    this.#tray.on('click', () => options.onAction({ kind: 'open', account: null }));
    this.show([], 0);
  }

  /** @param now milliseconds since the epoch. */
  show(accounts: readonly TrayAccount[], now: number): void {
    const { shape, tooltip } = trayModel(accounts);
    const items = trayMenu(accounts, now);
    const menu = JSON.stringify(items);
    if (shape !== this.#shown.shape) this.#tray.setImage(this.#image(shape));
    if (tooltip !== this.#shown.tooltip) this.#tray.setToolTip(tooltip);
    // On Linux a menu does not notice changes of its items: it is set anew.
    if (menu !== this.#shown.menu)
      this.#tray.setContextMenu(Menu.buildFromTemplate(items.map((item) => this.#entry(item))));
    this.#shown = { shape, tooltip, menu };
  }

  destroy(): void {
    this.#tray.destroy();
  }

  #entry(item: TrayMenuItem): MenuItemConstructorOptions {
    switch (item.kind) {
      case 'separator':
        return { type: 'separator' };
      case 'text':
        return { label: item.label, enabled: false };
      case 'submenu':
        return { label: item.label, submenu: item.items.map((each) => this.#entry(each)) };
      case 'action': {
        const { label, enabled, action } = item;
        return { label, enabled, click: () => this.#options.onAction(action) };
      }
    }
  }

  /** An image that is no PNG would give a tray without an icon, and no error. */
  #image(shape: TrayShape): NativeImage {
    const { icons, platform, desktop, logger } = this.#options;
    const { file, template } = trayIcon(
      shape,
      platform,
      isPanelDark(platform, desktop, nativeTheme.shouldUseDarkColors),
    );
    const known = this.#images.get(file);
    if (known !== undefined) return known;
    const image = nativeImage.createFromPath(join(icons, file));
    if (image.isEmpty()) logger.log('error', 'tray-icon-missing', { file });
    image.setTemplateImage(template);
    this.#images.set(file, image);
    return image;
  }
}
