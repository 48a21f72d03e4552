import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeLock } from '../../../src/main/node/lock-file.ts';

let folder: string;

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'rolekey-lock-')), 'locks');
});

afterEach(() => {
  rmSync(join(folder, '..'), { recursive: true });
});

/** When a process started, as Linux counts it. */
function startOf(pid: number): string {
  return readFileSync(`/proc/${String(pid)}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ')[19]!;
}

describe('a lock', () => {
  it('is held by one at a time, and free again afterwards', async () => {
    const first = await takeLock(folder, 'a', 0);
    expect(first).not.toBeNull();
    expect(await takeLock(folder, 'a', 30)).toBeNull();
    await first?.release();
    expect(readdirSync(folder)).toEqual([]);
    expect(await takeLock(folder, 'a', 0)).not.toBeNull();
  });

  it('of one name does not stop another, nor one that begins alike', async () => {
    await takeLock(folder, 'a', 0);
    expect(await takeLock(folder, 'ab', 0)).not.toBeNull();
  });

  it('is waited for', async () => {
    const first = await takeLock(folder, 'a', 0);
    const second = takeLock(folder, 'a', 5_000);
    await first?.release();
    expect(await second).not.toBeNull();
  });

  it('keeps its files to itself', async () => {
    await takeLock(folder, 'a', 0);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('lets no two in, however many try', async () => {
    let inside = 0;
    let most = 0;
    const visits = Array.from({ length: 20 }, async () => {
      const lock = await takeLock(folder, 'a', 60_000);
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 1));
      inside -= 1;
      await lock?.release();
    });
    await Promise.all(visits);
    expect(most).toBe(1);
  }, 60_000);
});

describe('the file of another process', () => {
  it.each([
    ['that is dead', () => ({ pid: spawnSync('true').pid, start: '1' })],
    ['that died, whose number is another’s now', () => ({ pid: process.pid, start: '1' })],
  ])('%s is no lock, and is removed', async (_, of) => {
    const { pid, start } = of();
    mkdirSync(folder);
    writeFileSync(join(folder, `a.${String(pid)}.${start}.0`), '');
    const lock = await takeLock(folder, 'a', 0);
    expect(lock).not.toBeNull();
    await lock?.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('that lives is one', async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, `a.${String(process.ppid)}.${startOf(process.ppid)}.0`), '');
    expect(await takeLock(folder, 'a', 0)).toBeNull();
  });

  it('that lives where nobody tells when it started is one', async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, `a.${String(process.pid)}..0`), '');
    expect(await takeLock(folder, 'a', 0)).toBeNull();
    rmSync(join(folder, `a.${String(process.pid)}..0`));
    writeFileSync(join(folder, `a.${String(spawnSync('true').pid)}..0`), '');
    expect(await takeLock(folder, 'a', 0)).not.toBeNull();
  });
});
