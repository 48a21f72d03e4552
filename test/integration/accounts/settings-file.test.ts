import { execFileSync, spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptySettings } from '../../../src/main/accounts/settings.ts';

const root = fs.mkdtempSync(join(tmpdir(), 'rolekey-settings-'));
const program = join(root, 'settings-program.cjs');
const nobody = 65534;
const asRoot = process.getuid?.() === 0;

beforeAll(async () => {
  const { warnings } = await build({
    entryPoints: [join(import.meta.dirname, 'settings-program.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'es2022',
    logLevel: 'silent',
  });
  expect(warnings).toEqual([]);
});
afterAll(() => {
  fs.rmSync(root, { recursive: true, force: true });
});

const folder = (name: string): string => fs.mkdtempSync(join(root, `${name}-`));
const createdFiles = (directory: string): unknown[] =>
  (JSON.parse(fs.readFileSync(join(directory, 'config.json'), 'utf8')) as { createdFiles: unknown[] })
    .createdFiles;

function writeOnce(directory: string, options: { uid?: number } = {}): string {
  return execFileSync(process.execPath, [program, 'write-once', directory], { encoding: 'utf8', ...options });
}

describe('a writer killed at a random moment', () => {
  it.each([
    ['as it is', {}],
    ['in a terminal that a Snap opened', { SNAP: '/snap/code/1' }],
  ])('leaves what it wrote last, or what it was writing: %s', async (_where, environment) => {
    for (let round = 0; round < 20; round += 1) {
      const directory = folder('killed');
      const child = spawn(process.execPath, [program, 'write-on', directory], {
        env: { ...process.env, ...environment },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let told = '';
      child.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()));
      const closed = new Promise((resolve) => child.once('close', resolve));
      while (told === '') await pause(2);
      await pause(Math.random() * 30);
      child.kill('SIGKILL');
      await closed;
      const last = Number(told.trimEnd().split('\n').at(-1));
      expect([last + 1, last + 2]).toContain(createdFiles(directory).length);
    }
  });

  it('leaves nothing that the next write does not clear away', () => {
    const directory = folder('littered');
    for (const name of ['config.json.new', 'config.json.new.tmp-1234567890abcdef', 'config.json.mine']) {
      fs.writeFileSync(join(directory, name), '{"version":');
    }
    expect(writeOnce(directory)).toBe('written\n');
    expect(fs.readdirSync(directory)).toEqual(['config.json', 'config.json.mine']);
  });
});

describe('a disk that cannot take it', () => {
  const fill = (directory: string): string => {
    const content = `${JSON.stringify({ ...emptySettings, createdFiles: ['/a'] })}\n`;
    fs.writeFileSync(join(directory, 'config.json'), content, { mode: 0o600 });
    return content;
  };

  it.skipIf(!asRoot)('is told when it is full, and every byte stays', () => {
    const directory = folder('full');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32k', 'tmpfs', directory]);
    try {
      const content = fill(directory);
      expect(writeOnce(directory)).toBe(
        `disk-full: The disk of ${join(directory, 'config.json')} is full.\n`,
      );
      expect(fs.readFileSync(join(directory, 'config.json'), 'utf8')).toBe(content);
      expect(fs.readdirSync(directory)).toEqual(['config.json']);
    } finally {
      execFileSync('umount', [directory]);
    }
  });

  it.skipIf(!asRoot)('is told at once when the folder is read-only for this user', () => {
    fs.chmodSync(root, 0o755);
    const directory = folder('read-only');
    fs.chmodSync(directory, 0o755);
    const content = fill(directory);
    fs.chownSync(join(directory, 'config.json'), nobody, nobody);
    const writable = folder('writable');
    fs.chownSync(writable, nobody, nobody);
    // What is written a second long over and over again is late each time; a busy machine is not.
    const late = [1, 2, 3].map(() => {
      const asEver = took(() => writeOnce(writable, { uid: nobody }));
      return took(() => writeOnce(directory, { uid: nobody })) - asEver;
    });
    expect(Math.min(...late)).toBeLessThan(900);
    expect(writeOnce(directory, { uid: nobody })).toBe(
      `file-readonly: ${join(directory, 'config.json')} cannot be written (EACCES).\n`,
    );
    expect(fs.readFileSync(join(directory, 'config.json'), 'utf8')).toBe(content);
  });
});

/** Milliseconds. */
function took(work: () => unknown): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}

it('leaves signals to whoever handles them', async () => {
  const child = spawn(process.execPath, [program, 'wait', folder('signalled')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  child.stdout.on('data', (chunk: Buffer) => {
    told += chunk.toString();
    if (told === 'ready\n') child.kill('SIGTERM');
  });
  const end = await new Promise((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  );
  expect({ told, end }).toEqual({ told: 'ready\ncleaned up\n', end: { code: 0, signal: null } });
});

it('runs as one CommonJS file', () => {
  expect(spawnSync(process.execPath, [program]).status).toBe(0);
});
