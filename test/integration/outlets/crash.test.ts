import { once } from 'node:events';
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { buildWriter, writtenSection } from './job.ts';
import type { Job, Writer } from './job.ts';

vi.setConfig({ testTimeout: 180_000 }); // 20 s on a quiet machine of two cores

let writer: Writer;

beforeAll(async () => {
  writer = await buildWriter();
});

afterAll(async () => {
  await writer.remove();
});

const theirs = `# mine\n[x]\nk = ${'v'.repeat(5000)}\n`;
const accounts = ['a', 'b', 'c'];

function content(version: number): string {
  return [theirs, ...accounts.map((account) => writtenSection(account, version))].join('\n');
}

/** The version a whole and correct file is of; null: the file is none. */
function versionOf(text: string): number | null {
  const version = Number(/KEY-a-(\d+)$/m.exec(text)?.[1]);
  return text === content(version) ? version : null;
}

/** Lets the writer write once, and kills it at a random moment of what it does from then on. */
async function killAtRandom(job: Job): Promise<void> {
  const child = writer.start(job);
  await once(child.stdout!, 'data');
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 15));
  child.kill('SIGKILL');
  await once(child, 'close');
}

function prepare(): Job {
  const job = writer.job(accounts, { rounds: 1_000_000 });
  fs.mkdirSync(dirname(job.credentials));
  fs.writeFileSync(job.credentials, theirs);
  return job;
}

function listing(job: Job): string[] {
  return fs.readdirSync(dirname(job.credentials)).sort();
}

it('killed 200 times, a write that renames leaves the old or the new file and no litter', async () => {
  let litter = 0;
  const versions = new Set<number | null>();
  const worker = async (rounds: number): Promise<void> => {
    const job = prepare();
    for (let first = 1; first <= rounds * 1000; first += 1000) {
      await killAtRandom({ ...job, first });
      versions.add(versionOf(fs.readFileSync(job.credentials, 'utf8')));
      litter += listing(job).length - 1;
    }
    expect(await writer.finish({ ...job, rounds: 1, first: 7 })).toBeNull();
    expect(fs.readFileSync(job.credentials, 'utf8')).toBe(content(7));
    expect(listing(job)).toEqual(['credentials']);
    expect(fs.readdirSync(`${job.runtimeDirectory}/locks`)).toEqual([]);
  };
  await Promise.all([worker(100), worker(100)]);
  expect(versions).not.toContain(null);
  expect(versions.size).toBeGreaterThan(50); // it was at work when it was killed
  expect(litter).toBeGreaterThan(0); // and sometimes in the middle of it
});

it('killed in the midst of it, a write leaves nothing beside the file once anything is taken away', async () => {
  const job = prepare();
  let litter = 0;
  for (let round = 0; round < 100 && litter < 3; round += 1) {
    await killAtRandom({ ...job, first: round * 1000 + 1 });
    if (listing(job).length === 1) continue;
    litter += 1;
    // Nothing is written by it: no section is of that account.
    const remaining = fs.readFileSync(job.credentials, 'utf8');
    expect(await writer.finish({ ...job, accounts: ['nobody'], rounds: 0, removes: true })).toBeNull();
    expect(listing(job)).toEqual(['credentials']);
    expect(fs.readFileSync(job.credentials, 'utf8')).toBe(remaining);
  }
  expect(litter).toBe(3);
});

it('killed 20 times, a write in place is undone or done by the next one', async () => {
  const job = prepare();
  const twin = `${dirname(job.credentials)}/../twin`;
  fs.linkSync(job.credentials, twin);
  let cutOff = 0;
  for (let round = 1; round <= 20; round += 1) {
    await killAtRandom({ ...job, first: round * 1000 });
    cutOff += Number(listing(job).length > 1);
    const next = round * 1000 - 1;
    expect(await writer.finish({ ...job, rounds: 1, first: next })).toBeNull();
    expect(fs.readFileSync(twin, 'utf8')).toBe(content(next));
    expect(listing(job)).toEqual(['credentials']);
  }
  expect(cutOff).toBeGreaterThan(0);
});
