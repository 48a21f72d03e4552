/** Full, read-only and foreign disks: whatever is refused, the file is what it was. */
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildWriter, writtenSection } from './job.ts';
import type { Job, Writer } from './job.ts';

const isRoot = process.getuid?.() === 0;
const canMount = isRoot && spawnSync('unshare', ['--mount', 'true']).status === 0;
/** Nobody, on every Linux. */
const nobody = 65_534;
const theirs = '[x]\nk = v\n';

let writer: Writer;
const mounted: string[] = [];

beforeAll(async () => {
  writer = await buildWriter();
});

afterEach(() => {
  for (const path of mounted.splice(0).reverse()) execFileSync('umount', [path]);
});

afterAll(async () => {
  await writer.remove();
});

function mount(target: string, ...args: readonly string[]): void {
  execFileSync('mount', [...args, target]);
  mounted.push(target);
}

/** A job whose `.aws` is there, with the user's file in it. */
function prepare(prepareFolder: (folder: string) => void = () => undefined): Job {
  const job = writer.job(['a']);
  const folder = dirname(job.credentials);
  fs.mkdirSync(folder);
  prepareFolder(folder);
  fs.writeFileSync(job.credentials, theirs);
  return job;
}

const written = `${theirs}\n${writtenSection('a', 1)}`;
const text = (job: Job): string => fs.readFileSync(job.credentials, 'utf8');
const listing = (job: Job): string[] => fs.readdirSync(dirname(job.credentials)).sort();

describe('a full disk', () => {
  const tiny = (size: string) => (folder: string) =>
    mount(folder, '-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs');

  it.skipIf(!canMount)('is disk-full, with the old file and nothing else on it', async () => {
    const job = prepare(tiny('16k'));
    fs.writeFileSync(join(dirname(job.credentials), 'filler'), Buffer.alloc(12 * 1024));
    expect(await writer.finish(job)).toBe('disk-full');
    expect(text(job)).toBe(theirs);
    expect(listing(job)).toEqual(['credentials', 'filler']);
    fs.rmSync(join(dirname(job.credentials), 'filler'));
    expect(await writer.finish(job)).toBeNull();
    expect(text(job)).toBe(written);
  });

  it.skipIf(!canMount)(
    'that is full in the middle of a write in place is disk-full, with the old content back',
    async () => {
      const accounts = Array.from({ length: 10 }, (_, index) => `a${String(index)}`);
      const job = { ...prepare(tiny('64k')), accounts };
      // 10 sections are 3 pages of 4 KiB, the old file one: the copies of both fit into 5 pages, 2 more do not.
      fs.linkSync(job.credentials, join(dirname(job.credentials), 'twin'));
      fs.writeFileSync(join(dirname(job.credentials), 'filler'), Buffer.alloc(10 * 4096));
      expect(await writer.finish(job)).toBe('disk-full');
      expect(text(job)).toBe(theirs);
      expect(listing(job)).toEqual(['credentials', 'filler', 'twin']);
    },
  );

  it.skipIf(!canMount)('that holds the lock files is disk-full', async () => {
    const job = prepare();
    fs.mkdirSync(job.runtimeDirectory);
    mount(job.runtimeDirectory, '-t', 'tmpfs', '-o', 'nr_inodes=2', 'tmpfs');
    fs.mkdirSync(join(job.runtimeDirectory, 'locks'));
    expect(await writer.finish(job)).toBe('disk-full');
    expect(text(job)).toBe(theirs);
  });
});

describe('what may not be written', () => {
  /** Everything the job needs belongs to nobody, so that only the modes under test refuse. */
  function prepareForNobody(): Job {
    const job = prepare();
    const home = join(dirname(job.credentials), '..');
    for (const path of [home, dirname(job.credentials), job.credentials]) fs.chownSync(path, nobody, nobody);
    return job;
  }

  it.skipIf(!isRoot).each<[string, (job: Job) => void, string]>([
    ['a read-only file', ({ credentials }) => fs.chmodSync(credentials, 0o400), 'file-readonly'],
    ['a read-only folder', ({ credentials }) => fs.chmodSync(dirname(credentials), 0o500), 'file-readonly'],
    ['a file of another user', ({ credentials }) => fs.chownSync(credentials, 0, 0), 'file-readonly'],
    ['a file that may not be read', ({ credentials }) => fs.chmodSync(credentials, 0o200), 'file-unreadable'],
    [
      'a folder that may not be entered',
      ({ credentials }) => fs.chmodSync(dirname(credentials), 0o600),
      'file-unreadable',
    ],
    [
      'a lock folder of another user',
      ({ runtimeDirectory }) => fs.mkdirSync(runtimeDirectory),
      'file-readonly',
    ],
  ])('as another user than root: %s', async (_, forbid, code) => {
    const job = prepareForNobody();
    forbid(job);
    expect(await writer.finish(job, nobody)).toBe(code);
    expect(text(job)).toBe(theirs);
    expect(listing(job)).toEqual(['credentials']);
  });

  it.skipIf(!isRoot)(
    'as another user than root: a home where .aws is missing and may not be made',
    async () => {
      const job = writer.job(['a']);
      fs.mkdirSync(job.runtimeDirectory);
      fs.chownSync(job.runtimeDirectory, nobody, nobody);
      expect(await writer.finish(job, nobody)).toBe('file-readonly');
      expect(fs.existsSync(dirname(job.credentials))).toBe(false);
    },
  );

  it.skipIf(!isRoot)('as another user than root: what may be written is', async () => {
    const job = prepareForNobody();
    fs.rmSync(dirname(job.credentials), { recursive: true });
    expect(await writer.finish(job, nobody)).toBeNull();
    expect(text(job)).toBe(writtenSection('a', 1));
    expect(fs.statSync(dirname(job.credentials)).mode & 0o777).toBe(0o700);
    expect(fs.statSync(job.credentials).mode & 0o777).toBe(0o600);
  });

  it.skipIf(!canMount)('a disk that is read-only', async () => {
    const job = prepare((folder) => mount(folder, '-t', 'tmpfs', 'tmpfs'));
    execFileSync('mount', ['-o', 'remount,ro', dirname(job.credentials)]);
    expect(await writer.finish(job)).toBe('file-readonly');
    expect(text(job)).toBe(theirs);
  });
});

describe('a file that has to stay the file it is', () => {
  it.skipIf(!canMount)('because it is a mount is written in place', async () => {
    const job = prepare();
    const elsewhere = join(dirname(job.credentials), '..', 'elsewhere');
    fs.writeFileSync(elsewhere, theirs);
    mount(job.credentials, '--bind', elsewhere);
    expect(await writer.finish(job)).toBeNull();
    expect(fs.readFileSync(elsewhere, 'utf8')).toBe(written);
    expect(listing(job)).toEqual(['credentials']);
  });

  it.skipIf(!isRoot)(
    'as another user than root: because its owner is another is written in place',
    async () => {
      const job = prepare();
      fs.chownSync(join(dirname(job.credentials), '..'), nobody, nobody);
      fs.chownSync(dirname(job.credentials), nobody, nobody);
      fs.chownSync(job.credentials, 0, nobody);
      fs.chmodSync(job.credentials, 0o660);
      expect(await writer.finish(job, nobody)).toBe('file-readonly'); // its mode may not be tightened by another
      expect(text(job)).toBe(theirs);
      fs.chmodSync(job.credentials, 0o600);
      fs.chownSync(job.credentials, nobody, 0);
      expect(await writer.finish(job, nobody)).toBeNull();
      expect(text(job)).toBe(written);
      expect(fs.statSync(job.credentials)).toMatchObject({ uid: nobody, gid: 0 });
    },
  );

  it.skipIf(!isRoot)('keeps its owner when root writes it', async () => {
    const job = prepare();
    fs.chownSync(job.credentials, nobody, nobody);
    expect(await writer.finish(job)).toBeNull();
    expect(fs.statSync(job.credentials)).toMatchObject({ uid: nobody, gid: nobody });
    expect(text(job)).toBe(written);
  });
});
