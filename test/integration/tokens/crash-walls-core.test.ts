/** What a crash writes down: where the system keeps core files, nothing of a PIN is in them. */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleTokenHost, type HostBundle } from './host-bundle.ts';
import { processesWith, until } from './host-process.ts';
import { filesWith, Rogue } from './rogue.ts';

const pin = 'core-of-the-matter';
let bundle: HostBundle;
let rogue: Rogue;

beforeAll(async () => {
  bundle = await bundleTokenHost();
  rogue = new Rogue(pin);
});

afterAll(() => {
  bundle.remove();
  rogue.dispose();
});

/** Logs in and signs, in a host that a process of its own started; its standard output says how the host ended. */
const engine = `
  const host = require('node:child_process').fork(process.argv[1], [process.argv[2]], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const ask = (id, method, params) => host.send({ id, method, params });
  host.on('message', ({ id, result }) => {
    if (id === 1) ask(2, 'login', { token: result[0], pin: process.env.TEST_PIN });
    if (id === 1) ask(3, 'sign', { token: result[0], key: { id: '01', label: null, type: 'EC' }, mechanism: 'CKM_ECDSA', data: '' });
  });
  host.on('exit', (code, signal) => { console.log(signal); process.exit(0); });
  ask(1, 'tokens', { fresh: false });`;

/** Starts it where core files may be written, in a folder of its own. @returns what it said. */
async function crash(
  name: string,
  action: string,
  program = engine,
): Promise<{ folder: string; said: string }> {
  const folder = join(rogue.directory, name);
  mkdirSync(folder);
  const fault = { ROGUE_FUNCTION: '43', ROGUE_ACTION: action, TEST_PIN: pin };
  const child = spawn(
    'sh',
    [
      '-c',
      'ulimit -c unlimited; exec "$@"',
      'sh',
      process.execPath,
      '-e',
      program,
      bundle.path,
      rogue.module,
    ],
    { cwd: folder, env: rogue.environment(fault), stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let said = '';
  child.stdout.on('data', (data: Buffer) => (said += data.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  return { folder, said: said.trim() };
}

describe('a host that crashes with a PIN in it', () => {
  it.each([
    ['segv', 'SIGSEGV'],
    ['abort', 'SIGABRT'],
  ])('by %s leaves the PIN in no file', async (action, signal) => {
    const { folder, said } = await crash(action, action);
    expect(said).toBe(signal);
    expect(filesWith(rogue.directory, pin)).toEqual([]);
    const core = readdirSync(folder).map((file) => readFileSync(join(folder, file)).length);
    // Its memory would be tens of megabytes.
    for (const bytes of core) expect(bytes).toBeLessThan(2 ** 20);
  });

  it('would leave it where core files are written, if its memory went into them', async () => {
    const unprotected = `
      const { writeFileSync } = require('node:fs');
      const kept = Buffer.from(process.env.TEST_PIN);
      setTimeout(() => process.kill(process.pid, 'SIGABRT'), 50, kept);`;
    const { folder } = await crash('unprotected', 'abort', unprotected);
    // Where the system hands core files to a program, there is nothing to compare with.
    const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
    if (/^[|/]/.test(pattern)) return;
    expect(filesWith(folder, pin)).not.toEqual([]);
  });

  it('has it said in its process before a module is loaded', async () => {
    const child = spawn(process.execPath, [bundle.path, rogue.module], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    try {
      await until(() => processesWith(bundle.path).length === 1, 'the host runs');
      const filter = (): string => readFileSync(`/proc/${String(child.pid)}/coredump_filter`, 'utf8').trim();
      await until(() => filter() === '00000000', 'core files are empty');
    } finally {
      child.kill('SIGKILL');
    }
  });
});
