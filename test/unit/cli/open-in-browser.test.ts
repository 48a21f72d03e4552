import { expect, it } from 'vitest';
import { openerOf, pageTo } from '../../../src/cli/open-in-browser.ts';

it.each([
  ['linux', { DISPLAY: ':0' }, 'xdg-open'],
  ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, 'xdg-open'],
  ['linux', { DISPLAY: '', WAYLAND_DISPLAY: '' }, undefined],
  ['linux', {}, undefined],
  ['freebsd', { DISPLAY: ':0' }, 'xdg-open'],
  ['darwin', {}, '/usr/bin/open'],
  ['win32', {}, 'rundll32.exe'],
] as const)('on %s with %o a file is opened by %s', (platform, env, program) => {
  expect(openerOf(platform, env)?.[0]).toBe(program);
});

it('the page leads to the address, and nothing in it is anything else', () => {
  const url = `https://signin.example/federation?a=b&c="><script>'`;
  const page = pageTo(url);
  expect(page).not.toContain('<script');
  const decoded = (text: string): string =>
    text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
  expect(decoded(/content="0;url=([^"]*)"/.exec(page)![1]!)).toBe(url);
  expect(decoded(/href="([^"]*)"/.exec(page)![1]!)).toBe(url);
  expect(page).toContain('name="referrer" content="no-referrer"');
});
