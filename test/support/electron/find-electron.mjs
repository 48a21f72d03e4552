/** Which Electron the end-to-end tests, and `npm start`, run on. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testCache } from './cache.mjs';
import {
  ElectronUnavailable,
  isComplete,
  obtain,
  testElectronFolder,
  testElectronVersion,
} from './obtain.mjs';
import { runProgram } from './run.mjs';

/** Electrons before this one lack what compat supplies. */
const firstWithoutCompat = 25;
const compat = fileURLToPath(new URL('compat/index.cjs', import.meta.url));

/**
 * `args` come before the app's folder. `from` says who chose it.
 * @typedef {'ELECTRON_OVERRIDE_DIST_PATH' | 'installed' | 'test'} Origin
 * @typedef {{ executable: string, version: string, from: Origin, args: string[] }} FoundElectron
 * @typedef {{ reason: string, mistake: boolean }} NoElectron
 *   `reason` is one sentence without a full stop; `mistake`: one was named, and is not what it should be.
 */

/**
 * Everything has a default; tests of this file give other ones.
 * @typedef {object} FindOptions
 * @property {boolean} [download] false: only what is there already; default true.
 * @property {Readonly<Record<string, string | undefined>>} [env]
 * @property {string} [packageFolder] that of the npm package `electron`.
 * @property {string} [cache] the folder the test Electron is kept in.
 * @property {typeof obtain} [obtain]
 * @property {import('./run.mjs').Run} [run]
 */

/**
 * In this order: the one of ELECTRON_OVERRIDE_DIST_PATH, the npm package's own where it has been downloaded, the test
 * Electron. A wrong ELECTRON_OVERRIDE_DIST_PATH is told, not passed over.
 * @param {FindOptions} [options]
 * @returns {Promise<FoundElectron | NoElectron>}
 */
export async function findElectron({
  download = true,
  env = process.env,
  packageFolder = fileURLToPath(new URL('../../../node_modules/electron', import.meta.url)),
  cache = testCache(env),
  obtain: obtainElectron = obtain,
  run = runProgram,
} = {}) {
  const override = env.ELECTRON_OVERRIDE_DIST_PATH ?? '';
  if (override !== '') return inFolder(override, 'ELECTRON_OVERRIDE_DIST_PATH', packageFolder, run);
  const installed = join(packageFolder, 'dist');
  if (existsSync(installed)) return inFolder(installed, 'installed', packageFolder, run);
  if (!download && !isComplete(testElectronFolder(cache))) {
    return {
      reason: 'Electron is not installed, and the test Electron has not been fetched yet',
      mistake: false,
    };
  }
  try {
    const folder = await obtainElectron({ cache, run });
    return found(join(folder, 'electron'), testElectronVersion, 'test');
  } catch (error) {
    if (error instanceof ElectronUnavailable) return { reason: error.message, mistake: false };
    throw error;
  }
}

/**
 * @param {FoundElectron} electron
 * @returns {string} name, version and where it is from, for the tester.
 */
export function describeElectron({ version, from, executable }) {
  const origin = {
    ELECTRON_OVERRIDE_DIST_PATH: 'from ELECTRON_OVERRIDE_DIST_PATH',
    installed: 'installed by npm',
    test: 'the test Electron',
  };
  return `Electron ${version}, ${origin[from]} (${executable})`;
}

/**
 * @param {string} folder
 * @param {Origin} from
 * @param {string} packageFolder
 * @param {import('./run.mjs').Run} run
 * @returns {FoundElectron | NoElectron}
 */
function inFolder(folder, from, packageFolder, run) {
  const executable = join(folder, executableName(packageFolder));
  if (!existsSync(executable)) return { reason: `there is no ${executable}`, mistake: true };
  const version = versionIn(folder) ?? versionSaid(executable, run);
  return version === null
    ? { reason: `${executable} does not tell its version`, mistake: true }
    : found(executable, version, from);
}

/**
 * @param {string} executable
 * @param {string} version
 * @param {Origin} from
 * @returns {FoundElectron}
 */
function found(executable, version, from) {
  const old = Number(version.split('.')[0]) < firstWithoutCompat;
  return { executable, version, from, args: old ? ['-r', compat] : [] };
}

/**
 * As Electron's own loader does it: the installed package may tell, since it differs by platform.
 * @param {string} packageFolder
 */
function executableName(packageFolder) {
  const told = join(packageFolder, 'path.txt');
  return existsSync(told) ? readFileSync(told, 'utf8').trim() : 'electron';
}

/** @param {string} folder */
function versionIn(folder) {
  const file = join(folder, 'version');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().replace(/^v/, '') : null;
}

/**
 * Run as Node, it answers without a display.
 * @param {string} executable
 * @param {import('./run.mjs').Run} run
 */
function versionSaid(executable, run) {
  const { ok, output } = run('env', [
    'ELECTRON_RUN_AS_NODE=1',
    executable,
    '-p',
    'process.versions.electron',
  ]);
  return ok && /^\d+\./.test(output) ? output : null;
}
