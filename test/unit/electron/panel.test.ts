import { expect, it } from 'vitest';
import { isPanelDark } from '../../../src/main/electron/panel.ts';

it.each([
  ['linux', 'GNOME', false, true],
  ['linux', 'ubuntu:GNOME', false, true],
  ['linux', 'KDE', false, false],
  ['linux', 'KDE', true, true],
  ['linux', '', false, false],
  ['linux', 'X-NOT-GNOME', false, false],
  ['win32', '', true, true],
  ['win32', 'GNOME', false, false],
])('%s, desktop “%s”, dark theme %s: dark panel %s', (platform, desktop, theme, expected) => {
  expect(isPanelDark(platform, desktop, theme)).toBe(expected);
});
