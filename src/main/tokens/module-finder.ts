/** Which PKCS#11 modules there are, and which may be loaded: loading one is running its code. */
import { isAppError, AppError } from '../../shared/errors.ts';
import type { ModuleFile, ModuleFiles } from '../ports.ts';
import type { Computer } from './shared-library.ts';

/** Modules that were confirmed by a human once, each as it was then. */
export interface ConfirmedModules {
  /** @param path with links resolved. @param sha256 lower-case hex of the content. */
  has(path: string, sha256: string): boolean;
  add(path: string, sha256: string): void;
}

/** Where distributions put libraries of an architecture (Debian's multiarch tuples). */
const multiarch: Readonly<Partial<Record<NodeJS.Architecture, string>>> = {
  x64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
  arm: 'arm-linux-gnueabihf',
  ia32: 'i386-linux-gnu',
  ppc64: 'powerpc64le-linux-gnu',
  riscv64: 'riscv64-linux-gnu',
  s390x: 's390x-linux-gnu',
};

interface BuiltIn {
  /** Library folders are put before them; an absolute path stands for itself. */
  readonly files: readonly string[];
}

/** In order of preference: the maker's own module before a general one, hardware before software. */
const builtIns: Readonly<Partial<Record<NodeJS.Platform, readonly BuiltIn[]>>> = {
  linux: [
    { files: ['libykcs11.so', 'libykcs11.so.2', 'pkcs11/libykcs11.so'] },
    { files: ['pkcs11/libtpm2_pkcs11.so', 'libtpm2_pkcs11.so', 'libtpm2_pkcs11.so.1'] },
    { files: ['opensc-pkcs11.so', 'pkcs11/opensc-pkcs11.so'] },
    { files: ['softhsm/libsofthsm2.so', 'pkcs11/libsofthsm2.so', 'libsofthsm2.so'] },
  ],
  darwin: [
    { files: ['libykcs11.dylib', 'libykcs11.2.dylib'] },
    { files: ['/Library/OpenSC/lib/opensc-pkcs11.so', 'opensc-pkcs11.so', 'pkcs11/opensc-pkcs11.so'] },
    { files: ['softhsm/libsofthsm2.so', 'libsofthsm2.so'] },
  ],
  win32: [
    { files: ['Yubico\\Yubico PIV Tool\\bin\\libykcs11.dll'] },
    { files: ['OpenSC Project\\OpenSC\\pkcs11\\opensc-pkcs11.dll'] },
    { files: ['C:\\SoftHSM2\\lib\\softhsm2-x64.dll', 'SoftHSM2\\lib\\softhsm2-x64.dll'] },
  ],
};

function libraryFolders({ platform, arch }: Computer): readonly string[] {
  if (platform === 'win32') return ['C:\\Program Files\\'];
  if (platform === 'darwin') return ['/opt/homebrew/lib/', '/usr/local/lib/'];
  const tuple = multiarch[arch];
  return [
    ...(tuple === undefined ? [] : [`/usr/lib/${tuple}/`]),
    '/usr/lib64/',
    '/usr/lib/',
    '/usr/local/lib/',
  ];
}

const isAbsolute = (path: string): boolean => /^(\/|[A-Za-z]:\\)/.test(path);

/** Every path a built-in module may have on such a computer, in order of preference. */
export function builtInPaths(computer: Computer): readonly string[] {
  const folders = libraryFolders(computer);
  return (builtIns[computer.platform] ?? []).flatMap(({ files }) =>
    files.flatMap((file) => (isAbsolute(file) ? [file] : folders.map((folder) => folder + file))),
  );
}

/** Whether the built-in list names this very path. */
export function isBuiltInModule(path: string, computer: Computer): boolean {
  return builtInPaths(computer).includes(path);
}

/** A module as it was named, and the file behind that name. */
export interface FoundModule {
  readonly path: string;
  readonly file: ModuleFile;
  /** On the built-in list, or confirmed as it is now. */
  readonly trusted: boolean;
}

export interface BrokenModule {
  readonly path: string;
  readonly error: AppError;
}

export interface ModuleFinder {
  /** Built-in modules that are on this computer, each file once, in order of preference. */
  installed(): Promise<(FoundModule | BrokenModule)[]>;
  /** @throws AppError `module-missing`, `module-not-pkcs11`, `module-unsafe`. */
  find(path: string): Promise<FoundModule>;
  /** As `find`, for loading. @throws AppError also `module-unconfirmed`. */
  trusted(path: string): Promise<FoundModule>;
  /** Remembers that a human confirmed the module as it is now. */
  confirm(module: FoundModule): void;
}

export interface ModuleFinderOptions {
  readonly moduleFiles: ModuleFiles;
  readonly confirmedModules: ConfirmedModules;
  readonly computer: Computer;
}

export function createModuleFinder(options: ModuleFinderOptions): ModuleFinder {
  const { moduleFiles, confirmedModules, computer } = options;

  async function inspect(path: string): Promise<ModuleFile> {
    const file = await moduleFiles.inspect(path);
    if (file.unsafe === null) return file;
    throw new AppError('module-unsafe', {
      message: `The PKCS#11 module ${path} is not loaded: ${file.unsafe}.`,
    });
  }

  async function inspectBuiltIn(path: string): Promise<FoundModule | BrokenModule | null> {
    try {
      return { path, file: await inspect(path), trusted: true };
    } catch (error) {
      if (!isAppError(error)) throw error;
      return error.code === 'module-missing' ? null : { path, error };
    }
  }

  async function installed(): Promise<(FoundModule | BrokenModule)[]> {
    const files = new Set<string>();
    const modules: (FoundModule | BrokenModule)[] = [];
    for (const module of await Promise.all(builtInPaths(computer).map(inspectBuiltIn))) {
      if (module === null) continue;
      if ('file' in module) {
        if (files.has(module.file.path)) continue;
        files.add(module.file.path);
      }
      modules.push(module);
    }
    return modules;
  }

  async function isTrusted(path: string, file: ModuleFile): Promise<boolean> {
    if (isBuiltInModule(path, computer) || confirmedModules.has(file.path, file.sha256)) return true;
    return (await installed()).some((module) => 'file' in module && module.file.path === file.path);
  }

  async function find(path: string): Promise<FoundModule> {
    const file = await inspect(path);
    return { path, file, trusted: await isTrusted(path, file) };
  }

  async function trusted(path: string): Promise<FoundModule> {
    const module = await find(path);
    if (module.trusted) return module;
    throw new AppError('module-unconfirmed', {
      message: `The PKCS#11 module ${path} is not on the built-in list and was not confirmed, or it changed since.`,
      remedy: `Confirm it at a terminal: rolekey tokens --pkcs11-lib ${path}.`,
    });
  }

  return { installed, find, trusted, confirm: ({ file }) => confirmedModules.add(file.path, file.sha256) };
}
