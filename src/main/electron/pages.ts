/** The app's own pages: where they live, what of the build they may load, and under which policy. */
import { posix } from 'node:path';

/** A scheme of its own: pages of `file:` could read the disk, and pages of a server would need one. */
export const scheme = 'app';

export interface Page {
  /** The host part of its URL; also the name of its session. */
  readonly host: string;
  /** Its document, relative to the built renderer's folder. */
  readonly document: string;
}

export const pages = {
  window: { host: 'window', document: 'index.html' },
  pinWindow: { host: 'pin-window', document: 'pin-window/index.html' },
} as const satisfies Record<string, Page>;

export function pageUrl({ host, document }: Page): string {
  return `${scheme}://${host}/${document}`;
}

/** Whether `url` is the page itself, whatever its query or fragment. */
export function isPage(page: Page, url: string): boolean {
  const parsed = parse(url);
  return parsed !== null && parsed.protocol === `${scheme}:` && sameAddress(parsed, new URL(pageUrl(page)));
}

function sameAddress(one: URL, other: URL): boolean {
  return (
    one.host === other.host && one.pathname === other.pathname && one.username === '' && one.password === ''
  );
}

/**
 * The file a page asks for, relative to the built renderer's folder with forward slashes; null for everything that is
 * no plain file name of the build below it.
 */
export function fileOf(page: Page, url: string): string | null {
  const parsed = parse(url);
  if (parsed?.protocol !== `${scheme}:` || parsed.host !== page.host) return null;
  if (parsed.username !== '' || parsed.password !== '') return null;
  // No name of the build needs an escape, so that nothing has to be decoded, and decoded again.
  const path = parsed.pathname.slice(1);
  const isPlain = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*(\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$/.test(path);
  return isPlain && posix.normalize(path) === path ? path : null;
}

function parse(url: string): URL | null {
  try {
    return new URL(url);
  } catch {
    return null;
  }
}

/** By file name's end; what is not in here is not part of a build. */
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** The media type of a file of the build; null for what a build has not. */
export function typeOf(file: string): string | null {
  return types[posix.extname(file)] ?? null;
}

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** Of every answer of the scheme. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
};
