/**
 * Whether the panel behind the icon is dark. GNOME's is, whatever the theme of windows.
 * @param desktop XDG_CURRENT_DESKTOP, a list with colons.
 * @param hasDarkTheme what the system's theme for windows says.
 */
export function isPanelDark(platform: string, desktop: string, hasDarkTheme: boolean): boolean {
  return hasDarkTheme || (platform === 'linux' && /(^|:)(gnome|ubuntu|unity)/i.test(desktop));
}
