/** Writes small trees of files that break one rule each, in a folder of their own: the repository's lint never sees them. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface Tree {
  readonly root: string;
  remove(): void;
}

/** @param files text by path; a path that ends in `/` becomes a link to the text. */
export function plant(files: Readonly<Record<string, string>>): Tree {
  const root = mkdtempSync(join(tmpdir(), 'rolekey-seeds-'));
  for (const [path, text] of Object.entries(files)) {
    const target = join(root, path);
    mkdirSync(dirname(target), { recursive: true });
    if (path.endsWith('/')) symlinkSync(text, target.slice(0, -1), 'dir');
    else writeFileSync(target, text);
  }
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}
