import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { packAsar } from '../../../support/electron/asar.mjs';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'rolekey-asar-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('an archive holds each file where its header says', () => {
  const files = { 'a.txt': 'first', 'b.txt': '', 'c.txt': 'drittes — ü' };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const archive = packAsar(folder);
  const headerBytes = archive.readUInt32LE(4);
  const text = archive.subarray(16, 16 + archive.readUInt32LE(12)).toString();
  const { files: entries } = JSON.parse(text) as { files: Record<string, { size: number; offset: string }> };
  const read = Object.entries(entries).map(([name, { size, offset }]) => {
    const start = 8 + headerBytes + Number(offset);
    return [name, archive.subarray(start, start + size).toString()];
  });
  expect(Object.fromEntries(read)).toEqual(files);
});
