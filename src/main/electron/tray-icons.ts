/** Which of the built pictures the tray shows; build/icons/render.mjs makes them. */
import type { TrayShape } from './tray-model.ts';

/**
 * Whether the panel behind the icon is dark. GNOME's is, whatever the theme of windows.
 * @param desktop XDG_CURRENT_DESKTOP, a list with colons.
 * @param hasDarkTheme what the system's theme for windows says.
 */
export function isPanelDark(platform: string, desktop: string, hasDarkTheme: boolean): boolean {
  return hasDarkTheme || (platform === 'linux' && /(^|:)(gnome|ubuntu|unity)/i.test(desktop));
}

/**
 * The file's name: a template image, which macOS colours itself, or a light key on a dark panel and the other way round.
 * Panels of Linux scale one picture themselves.
 */
export function iconName(shape: TrayShape, platform: string, onDarkPanel: boolean): string {
  if (platform === 'darwin') return `tray-${shape}Template.png`;
  const key = onDarkPanel ? 'light' : 'dark';
  return platform === 'linux' ? `tray-${shape}-${key}-large.png` : `tray-${shape}-${key}.png`;
}
