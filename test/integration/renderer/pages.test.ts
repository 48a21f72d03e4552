/** The built pages are what their policy lets run, and the PIN window holds nothing it does not need. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildRenderer } from '../../../build/renderer.mjs';

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rolekey-pages-'));
  await buildRenderer(folder);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Every file a page loads: what it names, and what those import. */
function loadedBy(page: string): string[] {
  const html = readFileSync(join(folder, page), 'utf8');
  const named = Array.from(html.matchAll(/(?:src|href)="([^"]+)"/g), ([, path = '']) =>
    join(dirname(page), path),
  );
  const loaded = new Set<string>();
  for (const path of named) {
    loaded.add(path);
    const text = readFileSync(join(folder, path), 'utf8');
    for (const [, other = ''] of text.matchAll(/from\s*["'`]([^"'`]+\.js)["'`]/g))
      loaded.add(join(dirname(path), other));
  }
  return [...loaded];
}

describe.each(['index.html', 'pin-window/index.html'])('%s', (page) => {
  it('holds no script and no style of its own, and loads only what lies beside it', () => {
    const html = readFileSync(join(folder, page), 'utf8');
    expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=|<base/);
    expect(html).toMatch(/<script type="module" crossorigin src="/);
    expect(html.replace(/<script[^>]*\ssrc="[^"]*"[^>]*><\/script>/g, '')).not.toContain('<script');
    const addresses = Array.from(html.matchAll(/(?:src|href)="([^"]+)"/g), ([, path]) => path);
    expect(addresses.length).toBeGreaterThanOrEqual(2);
    for (const address of addresses) expect(address).toMatch(/^\.{1,2}\/[\w./-]+\.(js|css)$/);
  });

  it('has styles without a fetched font, picture or sheet', () => {
    const sheets = loadedBy(page).filter((path) => path.endsWith('.css'));
    expect(sheets).toHaveLength(1);
    for (const sheet of sheets)
      expect(readFileSync(join(folder, sheet), 'utf8')).not.toMatch(/url\(|@import/);
  });
});

describe('what is loaded', () => {
  it('is React as it is shipped in the main window', () => {
    const text = loadedBy('index.html')
      .map((path) => readFileSync(join(folder, path), 'utf8'))
      .join('');
    expect(text).toContain('react.transitional.element');
    expect(text).not.toMatch(/jsxDEV|validateDOMNesting/);
  });

  it('is small in the PIN window, without a framework or a way to write markup', () => {
    const scripts = loadedBy('pin-window/index.html').filter((path) => path.endsWith('.js'));
    const text = scripts.map((path) => readFileSync(join(folder, path), 'utf8')).join('');
    expect(text).toContain('Passphrase of the key file');
    expect(text.length).toBeLessThan(16_384);
    expect(text).not.toMatch(/react|innerHTML|insertAdjacentHTML|document\.write|eval\(/);
  });

  it('is all there is', () => {
    const files = readdirSync(join(folder, 'assets')).map((name) => join('assets', name));
    const loaded = [...loadedBy('index.html'), ...loadedBy('pin-window/index.html')];
    expect(files.sort()).toEqual([...new Set(loaded)].sort());
  });
});
