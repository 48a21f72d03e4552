import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  describeElectron,
  findElectron,
  type FindOptions,
} from '../../../support/electron/find-electron.mjs';
import { handedOn, handOn } from '../../../support/electron/hand-on.mjs';
import { ElectronUnavailable, testElectronFolder } from '../../../support/electron/obtain.mjs';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'rolekey-find-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function place(...paths: (readonly [path: string, text: string])[]): void {
  for (const [path, text] of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}
const overriding = [
  ['own/electron', ''],
  ['own/version', 'v46.0.1\n'],
] as const;
const installed = [
  ['package/dist/electron', ''],
  ['package/dist/version', '45.4.1'],
] as const;

const find = (options: FindOptions = {}): ReturnType<typeof findElectron> =>
  findElectron({
    env: {},
    packageFolder: join(folder, 'package'),
    cache: join(folder, 'cache'),
    obtain: async ({ cache } = {}) => testElectronFolder(cache),
    ...options,
  });
const override = (): FindOptions => ({ env: { ELECTRON_OVERRIDE_DIST_PATH: join(folder, 'own') } });

describe('which Electron is found', () => {
  it('the one of ELECTRON_OVERRIDE_DIST_PATH before all others', async () => {
    place(...overriding, ...installed);
    expect(await find(override())).toEqual({
      executable: join(folder, 'own/electron'),
      version: '46.0.1',
      from: 'ELECTRON_OVERRIDE_DIST_PATH',
      args: [],
    });
  });

  it('the installed one before the test Electron, by the name its package tells', async () => {
    place(
      ...installed,
      ['package/path.txt', 'Electron.app/electron'],
      ['package/dist/Electron.app/electron', ''],
    );
    expect(await find()).toEqual({
      executable: join(folder, 'package/dist/Electron.app/electron'),
      version: '45.4.1',
      from: 'installed',
      args: [],
    });
  });

  it('else the test Electron, which needs compat', async () => {
    expect(await find()).toEqual({
      executable: join(testElectronFolder(join(folder, 'cache')), 'electron'),
      version: '22.3.25',
      from: 'test',
      args: ['-r', expect.stringMatching(/test\/support\/electron\/compat\/index\.cjs$/)],
    });
  });

  it.each([
    ['24.8.8', true],
    ['25.0.0', false],
  ])('an Electron %s is given compat: %s', async (version, compat) => {
    place(['own/electron', ''], ['own/version', version]);
    expect(await find(override())).toMatchObject({ args: compat ? ['-r', expect.any(String)] : [] });
  });

  it('tells by itself which version it is, where no file does', async () => {
    place(['own/electron', '']);
    const run = () => ({ ok: true, missing: false, output: '45.4.1', complaint: '' });
    expect(await find({ ...override(), run })).toMatchObject({ version: '45.4.1' });
  });

  it('is described with version, origin and place', () => {
    const electron = { executable: '/e/electron', version: '22.3.25', from: 'test' as const, args: [] };
    expect(describeElectron(electron)).toBe('Electron 22.3.25, the test Electron (/e/electron)');
  });
});

describe('no Electron is found', () => {
  it('where ELECTRON_OVERRIDE_DIST_PATH holds none: another is not taken instead', async () => {
    place(...installed);
    expect(await find(override())).toEqual({
      reason: `there is no ${join(folder, 'own/electron')}`,
      mistake: true,
    });
  });

  it('where it does not tell its version', async () => {
    place(['own/electron', '']);
    const run = () => ({ ok: false, missing: false, output: '', complaint: '' });
    expect(await find({ ...override(), run })).toEqual({
      reason: `${join(folder, 'own/electron')} does not tell its version`,
      mistake: true,
    });
  });

  it('where the test Electron cannot be had', async () => {
    const obtain = async (): Promise<never> => {
      throw new ElectronUnavailable('pip', 'there is no pip');
    };
    expect(await find({ obtain })).toEqual({ reason: 'there is no pip', mistake: false });
  });

  it('where something else went wrong, which is told as it is', async () => {
    const obtain = async (): Promise<never> => {
      throw new Error('disk full');
    };
    await expect(find({ obtain })).rejects.toThrow('disk full');
  });

  it('where nothing may be fetched and nothing is there', async () => {
    const obtain = async (): Promise<never> => {
      throw new Error('nothing is to be fetched');
    };
    expect(await find({ download: false, obtain })).toMatchObject({
      reason: expect.stringContaining('not been fetched yet') as string,
      mistake: false,
    });
  });
});

describe('the Electron that is handed on', () => {
  it('arrives as it was found', async () => {
    const env: Record<string, string | undefined> = {};
    const electron = { executable: '/e', version: '45.4.1', from: 'installed' as const, args: ['-r', 'x'] };
    handOn(electron, env);
    expect(handedOn(env)).toEqual(electron);
  });

  it('is none where none was', () => {
    expect(handedOn({})).toBeNull();
  });
});
