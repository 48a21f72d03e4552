import { describe, expect, it } from 'vitest';
import { fileOf, isPage, pages, pageUrl, securityHeaders, typeOf } from '../../../src/main/electron/pages.ts';

const { window, pinWindow } = pages;

describe('a page is known by its whole address', () => {
  it.each([
    ['app://window/index.html', true],
    ['app://window/index.html?x=1', true],
    ['app://window/index.html#top', true],
    ['app://pin-window/index.html', false],
    ['app://window/', false],
    ['app://window/other.html', false],
    ['app://window.evil/index.html', false],
    ['app://window:81/index.html', false],
    ['app://user@window/index.html', false],
    ['https://window/index.html', false],
    ['file:///index.html', false],
    ['about:blank', false],
    ['no url', false],
    ['', false],
  ])('%s: %s', (url, expected) => {
    expect(isPage(window, url)).toBe(expected);
  });

  it.each([window, pinWindow])('its own URL is the page and asks for its document: $host', (page) => {
    expect(isPage(page, pageUrl(page))).toBe(true);
    expect(fileOf(page, pageUrl(page))).toBe(page.document);
  });
});

describe('a page gets files of the build and nothing else', () => {
  it.each([
    ['app://window/assets/main-Ab_1.js', 'assets/main-Ab_1.js'],
    ['app://window/index.html?v=2', 'index.html'],
    // The URL parser has taken these apart before: what is left is a plain name.
    ['app://window/../../etc/passwd', 'etc/passwd'],
    ['app://window/a/../index.html', 'index.html'],
    ['app://window/%2e%2e/%2e%2e/etc/passwd', 'etc/passwd'],
    ['app://window/..%2f..%2fetc/passwd', null],
    ['app://window/%2e%2e%2fetc', null],
    ['app://window/..\\..\\etc', null],
    ['app://window/a//b.js', null],
    ['app://window/.hidden', null],
    ['app://window/a/.git/config', null],
    ['app://window/a%00.js', null],
    ['app://window/a b.js', null],
    ['app://window/', null],
    ['app://pin-window/index.html', null],
    ['app://user:pass@window/index.html', null],
    ['https://window/index.html', null],
    ['file:///etc/passwd', null],
    ['', null],
  ])('%s -> %s', (url, file) => {
    expect(fileOf(window, url)).toBe(file);
  });

  it.each([
    ['index.html', 'text/html; charset=utf-8'],
    ['a/b.js', 'text/javascript; charset=utf-8'],
    ['a.css', 'text/css; charset=utf-8'],
    ['etc/passwd', null],
    ['a.json', null],
    ['a.js.map', null],
  ])('%s is %s', (file, type) => {
    expect(typeOf(file)).toBe(type);
  });
});

it('the policy is the blueprint’s, to the letter', () => {
  expect(securityHeaders['content-security-policy']).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; " +
      "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  );
});
