import { describe, expect, it } from 'vitest';
import { builtInPaths, isBuiltInModule, p11Kits } from '../../../src/main/tokens/module-places.ts';
import type { Computer } from '../../../src/main/tokens/shared-library.ts';

const linux: Computer = { platform: 'linux', arch: 'x64' };

describe('the built-in list', () => {
  it.each<[string, Computer]>([
    ['/usr/lib/softhsm/libsofthsm2.so', linux],
    ['/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so', linux],
    ['/usr/lib/aarch64-linux-gnu/libykcs11.so', { platform: 'linux', arch: 'arm64' }],
    ['/usr/lib/x86_64-linux-gnu/pkcs11/libtpm2_pkcs11.so', linux],
    ['/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so', linux],
    ['/usr/lib64/opensc-pkcs11.so', linux],
    ['/opt/homebrew/lib/libykcs11.dylib', { platform: 'darwin', arch: 'arm64' }],
    ['/usr/local/lib/softhsm/libsofthsm2.so', { platform: 'darwin', arch: 'x64' }],
    ['/Library/OpenSC/lib/opensc-pkcs11.so', { platform: 'darwin', arch: 'arm64' }],
    ['C:\\Program Files\\Yubico\\Yubico PIV Tool\\bin\\libykcs11.dll', { platform: 'win32', arch: 'x64' }],
  ])('has %s', (path, computer) => {
    expect(isBuiltInModule(path, computer)).toBe(true);
  });

  it('has absolute paths only, none twice, and none of a system it does not know', () => {
    for (const platform of ['linux', 'darwin', 'win32'] as const) {
      const paths = builtInPaths({ platform, arch: 'x64' });
      expect(paths.length).toBeGreaterThan(3);
      expect(new Set(paths).size).toBe(paths.length);
      expect(paths.every((path) => /^(\/|C:\\)/.test(path))).toBe(true);
    }
    expect(builtInPaths({ platform: 'aix', arch: 'ppc64' })).toEqual([]);
  });

  it('has no path on Windows whose folders any user may make', () => {
    const paths = builtInPaths({ platform: 'win32', arch: 'x64' });
    expect(paths.filter((path) => !/^C:\\(Program Files|Windows)\\/.test(path))).toEqual([]);
  });

  it('is not fooled by a similar path', () => {
    expect(isBuiltInModule('/usr/lib/softhsm/../softhsm/libsofthsm2.so', linux)).toBe(false);
    expect(isBuiltInModule('/home/me/usr/lib/softhsm/libsofthsm2.so', linux)).toBe(false);
  });
});

/** What packages install, by their lists of files. */
describe('the modules of', () => {
  const arm: Computer = { platform: 'linux', arch: 'arm64' };
  const mac: Computer = { platform: 'darwin', arch: 'arm64' };
  const intelMac: Computer = { platform: 'darwin', arch: 'x64' };
  const windows: Computer = { platform: 'win32', arch: 'x64' };

  it.each<[string, Computer, string]>([
    ['Debian', linux, '/usr/lib/x86_64-linux-gnu/libykcs11.so'],
    ['Debian', linux, '/usr/lib/x86_64-linux-gnu/libykcs11.so.2'],
    ['Debian', linux, '/usr/lib/x86_64-linux-gnu/pkcs11/libtpm2_pkcs11.so'],
    ['Debian', linux, '/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so'],
    ['Debian', linux, '/usr/lib/softhsm/libsofthsm2.so'],
    ['Debian on arm64', arm, '/usr/lib/aarch64-linux-gnu/pkcs11/libtpm2_pkcs11.so'],
    ['Fedora', linux, '/usr/lib64/libykcs11.so.2'],
    ['Fedora', linux, '/usr/lib64/pkcs11/libtpm2_pkcs11.so'],
    ['Fedora', linux, '/usr/lib64/opensc-pkcs11.so'],
    ['Fedora', linux, '/usr/lib64/pkcs11/libsofthsm2.so'],
    ['Arch', linux, '/usr/lib/libykcs11.so'],
    ['Arch', linux, '/usr/lib/pkcs11/libtpm2_pkcs11.so'],
    ['Arch', linux, '/usr/lib/opensc-pkcs11.so'],
    ['Arch', linux, '/usr/lib/softhsm/libsofthsm2.so'],
    ['Homebrew on Apple silicon', mac, '/opt/homebrew/lib/libykcs11.dylib'],
    ['Homebrew on Apple silicon', mac, '/opt/homebrew/lib/pkcs11/opensc-pkcs11.so'],
    ['Homebrew on Apple silicon', mac, '/opt/homebrew/lib/softhsm/libsofthsm2.so'],
    ['Homebrew on Intel', intelMac, '/usr/local/lib/libykcs11.dylib'],
    ['Homebrew on Intel', intelMac, '/usr/local/lib/softhsm/libsofthsm2.so'],
    ['OpenSC’s installer', mac, '/Library/OpenSC/lib/opensc-pkcs11.so'],
    ['Yubico’s installer', windows, 'C:\\Program Files\\Yubico\\Yubico PIV Tool\\bin\\libykcs11.dll'],
    ['OpenSC’s installer', windows, 'C:\\Program Files\\OpenSC Project\\OpenSC\\pkcs11\\opensc-pkcs11.dll'],
  ])('%s are on the list: %j %s', (_, computer, path) => {
    expect(isBuiltInModule(path, computer)).toBe(true);
  });

  it('the TPM are on Linux alone', () => {
    for (const computer of [mac, windows]) {
      expect(builtInPaths(computer).filter((path) => path.includes('tpm'))).toEqual([]);
    }
  });
});

describe('p11-kit', () => {
  it('is looked for in folders of the system, never in the user’s', () => {
    for (const platform of ['linux', 'darwin', 'win32'] as const) {
      for (const { configurations, modules } of p11Kits({ platform, arch: 'x64' })) {
        expect([...configurations, ...modules].filter((path) => !/^\/(etc|usr|opt)\//.test(path))).toEqual(
          [],
        );
        expect(modules.every((folder) => folder.endsWith('/pkcs11/'))).toBe(true);
      }
    }
  });

  it('has its modules in a folder of the architecture', () => {
    expect(p11Kits(linux)[0]?.modules[0]).toBe('/usr/lib/x86_64-linux-gnu/pkcs11/');
    expect(p11Kits({ platform: 'linux', arch: 'arm64' })[0]?.modules[0]).toBe(
      '/usr/lib/aarch64-linux-gnu/pkcs11/',
    );
  });
});
