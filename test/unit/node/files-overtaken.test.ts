/** What happens between the last look at a file and its replacement: a window too short to be met by chance. */
import * as fs from 'node:fs';
import type * as promises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createFiles } from '../../../src/main/node/files.ts';

const beforeRename = vi.hoisted(() => ({ act: null as (() => void) | null }));
const afterRename = vi.hoisted(() => ({ act: null as (() => void) | null }));

vi.mock('node:fs/promises', async (importOriginal) => {
  const original = await importOriginal<typeof promises>();
  const rename: typeof original.rename = async (from, to) => {
    beforeRename.act?.();
    beforeRename.act = null;
    await original.rename(from, to);
    afterRename.act?.();
    afterRename.act = null;
  };
  return { ...original, rename };
});

let root: string;
let path: string;

beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'rolekey-overtaken-'));
  path = join(root, 'file');
  fs.writeFileSync(path, 'a\n');
});

afterEach(() => {
  fs.rmSync(root, { recursive: true });
});

async function append(line: string): Promise<boolean> {
  const { changed } = await createFiles(join(root, 'run')).edit(
    path,
    (before) => Buffer.from(`${Buffer.from(before ?? []).toString()}${line}\n`),
    { createMode: 0o600, tighten: false },
  );
  return changed;
}

/** As the AWS CLI writes: truncated first, filled later. */
function writeSlowly(content: string, delayMs: number): void {
  const descriptor = fs.openSync(path, 'w');
  setTimeout(() => {
    fs.writeSync(descriptor, content);
    fs.closeSync(descriptor);
  }, delayMs);
}

it('what another program writes to the replaced file is not lost', async () => {
  beforeRename.act = () => writeSlowly('a\ntheirs\n', 50);
  expect(await append('ours')).toBe(true);
  expect(fs.readFileSync(path, 'utf8')).toBe('a\ntheirs\nours\n');
});

it('what another program writes to the replaced file gives way to what a third one made of ours', async () => {
  beforeRename.act = () => writeSlowly('changed\n', 0);
  afterRename.act = () => fs.appendFileSync(path, 'third\n');
  await append('ours');
  expect(fs.readFileSync(path, 'utf8')).toBe('a\nours\nthird\nours\n');
});

it('what another program empties and leaves is not taken for its word', async () => {
  beforeRename.act = () => writeSlowly('', 0);
  await append('ours');
  expect(fs.readFileSync(path, 'utf8')).toBe('a\nours\n');
});

it('a staged file that another process swept away is made again', async () => {
  beforeRename.act = () => {
    for (const name of fs.readdirSync(root)) if (name.endsWith('.tmp')) fs.rmSync(join(root, name));
  };
  await append('ours');
  expect(fs.readFileSync(path, 'utf8')).toBe('a\nours\n');
  expect(fs.readdirSync(root).sort()).toEqual(['file', 'run']);
});
