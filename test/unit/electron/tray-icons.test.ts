import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { iconName, isPanelDark } from '../../../src/main/electron/tray-icons.ts';

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

const shapes = ['idle', 'connected', 'needs-you', 'working', 'error'] as const;
const platforms = ['linux', 'win32', 'darwin'];

it.each(platforms.flatMap((platform) => [true, false].map((dark) => [platform, dark] as const)))(
  'every shape has a picture of its own on %s, dark %s',
  (platform, dark) => {
    const names = shapes.map((shape) => iconName(shape, platform, dark));
    expect(new Set(names).size).toBe(shapes.length);
    for (const name of names) expect(existsSync(`build/icons/png/${name}`)).toBe(true);
  },
);

it('a light key lies on a dark panel', () => {
  expect(iconName('idle', 'linux', true)).toBe('tray-idle-light-large.png');
  expect(iconName('idle', 'win32', false)).toBe('tray-idle-dark.png');
});
