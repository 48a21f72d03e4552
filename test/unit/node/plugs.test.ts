import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchPlugs } from '../../../src/main/node/plugs.ts';
import { FakeClock } from '../../support/fakes/clock.ts';

let folder: string;
let clock: FakeClock;
let told: number;
let unwatch: () => void;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plugs-'));
  mkdirSync(join(folder, '001'));
  writeFileSync(join(folder, '001', '001'), '');
  clock = new FakeClock();
  told = 0;
  unwatch = () => undefined;
});

afterEach(() => {
  unwatch();
  rmSync(folder, { recursive: true, force: true });
});

/** Waits until the kernel has said that something changed. */
const heard = () => vi.waitFor(() => expect(clock.pending).toBe(1), { timeout: 10_000 });

/** Watches, and waits until the buses are watched too: nothing is told of that, so a file is made until it is. */
async function start(): Promise<void> {
  unwatch = watchPlugs(clock, () => (told += 1), folder);
  let n = 100;
  await vi.waitFor(
    () => {
      writeFileSync(join(folder, '001', String((n += 1))), '');
      expect(clock.pending).toBe(1);
    },
    { timeout: 10_000 },
  );
  await clock.advance(1000);
  await vi.waitFor(async () => {
    await clock.advance(1000);
    expect(clock.pending).toBe(0);
  });
  told = 0;
}

describe('what is plugged in and out', () => {
  it('is told once for many files, when it is quiet', async () => {
    await start();
    for (const name of ['002', '003', '004']) writeFileSync(join(folder, '001', name), '');
    await heard();
    await clock.advance(400);
    expect(told).toBe(0);
    await clock.advance(200);
    expect(told).toBe(1);
  });

  it('is told when a device goes', async () => {
    await start();
    rmSync(join(folder, '001', '001'));
    await heard();
    await clock.advance(500);
    expect(told).toBe(1);
  });

  it('is told on a bus that came later, and not minded where a bus goes', async () => {
    await start();
    mkdirSync(join(folder, '002'));
    await heard();
    await clock.advance(500);
    expect(told).toBe(1);
    await vi.waitFor(
      async () => {
        writeFileSync(join(folder, '002', String(told)), String(Math.random()));
        await clock.advance(500);
        expect(told).toBeGreaterThan(1);
      },
      { timeout: 10_000 },
    );
    rmSync(join(folder, '002'), { recursive: true });
    await heard();
    await clock.advance(500);
    const before = told;
    writeFileSync(join(folder, '001', 'new'), '');
    await heard();
    await clock.advance(500);
    expect(told).toBeGreaterThan(before);
  });

  it('is not told any more after the undo', async () => {
    await start();
    writeFileSync(join(folder, '001', '009'), '');
    await heard();
    unwatch();
    expect(clock.pending).toBe(0);
    writeFileSync(join(folder, '001', '010'), '');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await clock.advance(5000);
    expect(told).toBe(0);
  });

  it('is not told where there is no such folder', async () => {
    unwatch = watchPlugs(clock, () => (told += 1), join(folder, 'nothing'));
    await clock.advance(5000);
    expect(told).toBe(0);
  });
});
