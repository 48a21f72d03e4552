/** Where PKCS#11 modules lie, as their makers, distributions and Homebrew install them. */
import type { Computer } from './shared-library.ts';

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
    {
      files: [
        'OpenSC Project\\OpenSC\\pkcs11\\opensc-pkcs11.dll',
        'C:\\Windows\\System32\\opensc-pkcs11.dll',
      ],
    },
    // Its installer takes C:\SoftHSM2, but any user may make folders in C:\.
    { files: ['SoftHSM2\\lib\\softhsm2-x64.dll'] },
  ],
};

function libraryFolders({ platform, arch }: Computer): readonly string[] {
  if (platform === 'win32') return ['C:\\Program Files\\'];
  if (platform === 'darwin') return ['/opt/homebrew/lib/', '/usr/local/lib/'];
  const tuple = multiarch[arch];
  return [
    ...(tuple === undefined ? [] : [`/usr/lib/${tuple}/`]), // Debian
    '/usr/lib64/', // Fedora
    '/usr/lib/', // Arch; SoftHSM on Debian
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

/** An installation of p11-kit (pkcs11.conf(5), CONFIGURATION FILES; the names are those of its pkg-config file). */
export interface P11Kit {
  /** Folders of module files, first whose settings count first: p11_system_config_modules, then p11_module_configs. */
  readonly configurations: readonly string[];
  /** Folders, ending in a slash, that a relative `module:` may be in (p11_module_path): which, is chosen when it is built. */
  readonly modules: readonly string[];
}

/** The user's own folder, ~/.config/pkcs11/modules, is none of them: whoever writes there chooses what is loaded. */
export function p11Kits(computer: Computer): readonly P11Kit[] {
  const inFolder = libraryFolders(computer).map((folder) => `${folder}pkcs11/`);
  if (computer.platform === 'linux') {
    return [{ configurations: ['/etc/pkcs11/modules', '/usr/share/p11-kit/modules'], modules: inFolder }];
  }
  if (computer.platform !== 'darwin') return [];
  return ['/opt/homebrew', '/usr/local'].map((prefix) => ({
    configurations: [`${prefix}/etc/pkcs11/modules`, `${prefix}/share/p11-kit/modules`],
    modules: [`${prefix}/lib/pkcs11/`],
  }));
}
