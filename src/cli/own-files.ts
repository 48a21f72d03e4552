/** Rolekey's own files on disk, apart from the AWS files: what `rolekey cleanup` takes away. */
import { lstatSync, readdirSync, readFileSync, rmdirSync, rmSync, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pathsOf, type Surroundings } from '../shared/paths.ts';
import { fileMarker } from './service/program.ts';

/** The desktop's autostart entry, where it is one of ours; the XDG autostart specification says where. */
export function autostartFiles(here: Surroundings): string[] {
  if (here.platform === 'win32' || here.platform === 'darwin') return [];
  const path = join(configHome(here), 'autostart', 'rolekey.desktop');
  const head = textOf(path).split('\n').slice(0, 3);
  const isOurs = head.some((line) => line.startsWith(`# ${fileMarker}`)); // as a service's file begins
  return isOurs ? [path] : [];
}

/** Log files, whose names are numbered from the second on, and the state of the window. */
export function stateFiles(here: Surroundings): string[] {
  const { logFile } = pathsOf(here);
  const name = basename(logFile);
  return [
    ...within(dirname(logFile), (file) => file === name || isNumbered(file, name)),
    // Electron's folder is called as the app is, which is the configuration's only where case does not matter.
    ...within(join(configHome(here), 'Rolekey'), (file) => file === 'window.json'),
  ];
}

/** The configuration with what it left of older versions; not the copies of AWS keys, which are the user's. */
export function configFiles(here: Surroundings): string[] {
  return within(pathsOf(here).configFolder, (file) => /^config\.json(\.v\d+-backup|\.aside-.*)?$/.test(file));
}

/** Removes files, and then their folders as far as nothing else is in them. @throws what node:fs throws. */
export function removeFiles(paths: readonly string[], folders: readonly string[]): void {
  for (const path of paths) rmSync(path, { force: true });
  for (const folder of folders) {
    try {
      rmdirSync(folder);
    } catch {
      // It is not there, or not empty: what is in it is not ours to judge.
    }
  }
}

/** Folders of Rolekey's alone, the inner ones first. */
export function ownFolders(here: Surroundings): string[] {
  const { logFile, configFolder, runtimeFolder } = pathsOf(here);
  const state = dirname(logFile);
  return [join(state, 'locks'), state, configFolder, join(runtimeFolder, 'locks'), runtimeFolder].filter(
    isOwn,
  );
}

/** Where programs of the desktop keep their configuration (XDG base directory specification). */
function configHome({ env, home, platform }: Surroundings): string {
  if (platform === 'darwin') return join(home, 'Library', 'Application Support');
  if (platform === 'win32') return env.APPDATA ?? join(home, 'AppData', 'Roaming');
  const set = env.XDG_CONFIG_HOME ?? '';
  return set.startsWith('/') ? set : join(home, '.config');
}

/** Never a folder somebody else named, such as a ROLEKEY_CONFIG_DIR that is the home. */
function isOwn(folder: string): boolean {
  return /(^|[\\/])rolekey(-\d+)?([\\/]locks)?$/i.test(folder);
}

function isNumbered(file: string, name: string): boolean {
  return file.startsWith(`${name}.`) && /^\d+$/.test(file.slice(name.length + 1));
}

function within(folder: string, isMeant: (file: string) => boolean): string[] {
  try {
    return readdirSync(folder)
      .filter(isMeant)
      .sort()
      .map((file) => join(folder, file))
      .filter((path) => statOf(path)?.isDirectory() === false);
  } catch {
    return [];
  }
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
