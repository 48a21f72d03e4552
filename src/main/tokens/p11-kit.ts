/**
 * Module files of p11-kit (pkcs11.conf(5)), as far as they say which PKCS#11 modules this computer has. Read as p11-kit
 * reads them; what only concerns p11-kit itself is passed over.
 */

/** A module file as it was found in a folder. */
export interface ModuleFileText {
  /** Without its folder. */
  readonly name: string;
  readonly text: string;
}

type Settings = ReadonlyMap<string, string>;

/** The name p11-kit knows our program by: the base name of its executable. */
const program = 'rolekey';

/** pkcs11.conf(5), MODULE CONFIGURATION: other names are no module files. */
const fileName = /^[A-Za-z0-9][A-Za-z0-9_.-]*\.module$/;

/** p11-kit's own: the proxy would load every module into one process, the client asks another computer, the third holds none. */
const ownModules = /(^|\/)p11-kit-(proxy|client|trust)\.[a-z]+$/;

/**
 * The settings of one file; null where p11-kit would not take it: a line that is no setting, or something that no path and
 * no name can hold.
 */
export function parseModuleFile(text: string): Settings | null {
  const settings = new Map<string, string>();
  for (const line of text.split('\n').map((one) => one.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trim();
    const value = line.slice(colon + 1).trim();
    if (!/^[A-Za-z0-9._-]+$/.test(name) || hasControlCharacter(value)) return null;
    settings.set(name, value);
  }
  return settings;
}

function hasControlCharacter(text: string): boolean {
  return Array.from(text).some((character) => character < ' ' || character === '\x7f');
}

/**
 * The modules that files name for us, by their `module:` lines, in p11-kit's order: higher priority first, then by name.
 * @param folders what each folder holds; of files with one name the earlier folder's settings count, and the later one's
 * where the earlier has none.
 * @returns absolute paths, or such as are relative to p11-kit's folder of modules.
 */
export function moduleLines(folders: readonly (readonly ModuleFileText[])[]): readonly string[] {
  const byName = new Map<string, Settings>();
  for (const { name, text } of folders.flat()) {
    if (!fileName.test(name)) continue;
    const settings = parseModuleFile(text);
    if (settings !== null) byName.set(name, new Map([...settings, ...(byName.get(name) ?? [])]));
  }
  return Array.from(byName)
    .filter(([, settings]) => isForUs(settings))
    .sort(([a, first], [b, second]) => priority(second) - priority(first) || (a < b ? -1 : 1))
    .map(([, settings]) => settings.get('module') ?? '');
}

function isForUs(settings: Settings): boolean {
  const module = settings.get('module') ?? '';
  // An empty line switches a module of a later folder off; `~` is the user's home, which is nobody else's to name.
  if (module === '' || module.startsWith('~') || ownModules.test(module)) return false;
  if (settings.has('remote') || settings.get('trust-policy') === 'yes') return false;
  const enabled = settings.get('enable-in');
  if (enabled !== undefined) return names(enabled).includes(program);
  return !names(settings.get('disable-in') ?? '').includes(program);
}

function names(list: string): readonly string[] {
  return list.split(/[,\s]+/);
}

function priority(settings: Settings): number {
  const text = settings.get('priority') ?? '0';
  return /^-?\d{1,9}$/.test(text) ? Number(text) : 0;
}
