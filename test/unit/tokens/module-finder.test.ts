import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/shared/errors.ts';
import { builtInPaths, createModuleFinder, isBuiltInModule } from '../../../src/main/tokens/module-finder.ts';
import type { Computer } from '../../../src/main/tokens/shared-library.ts';

const linux: Computer = { platform: 'linux', arch: 'x64' };

/** @param files real path by name; a reason makes it unsafe. */
function finderOf(files: Record<string, string | { real: string; unsafe?: string; error?: AppError }>) {
  const confirmed = new Set<string>();
  const finder = createModuleFinder({
    moduleFiles: {
      inspect: async (path) => {
        const entry = files[path];
        if (entry === undefined) throw new AppError('module-missing');
        const { real, unsafe = null, error = null } = typeof entry === 'string' ? { real: entry } : entry;
        if (error !== null) throw error;
        return { path: real, sha256: `hash of ${real}`, unsafe };
      },
    },
    confirmedModules: {
      has: (path, sha256) => confirmed.has(`${path} ${sha256}`),
      add: (path, sha256) => confirmed.add(`${path} ${sha256}`),
    },
    computer: linux,
  });
  return { finder, confirmed };
}

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

  it('is not fooled by a similar path', () => {
    expect(isBuiltInModule('/usr/lib/softhsm/../softhsm/libsofthsm2.so', linux)).toBe(false);
    expect(isBuiltInModule('/home/me/usr/lib/softhsm/libsofthsm2.so', linux)).toBe(false);
  });
});

describe('finding modules', () => {
  const opensc = '/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so';
  const softhsm = '/usr/lib/softhsm/libsofthsm2.so';

  it('lists what is installed in the order of the list, each file once, broken ones with their error', async () => {
    const { finder } = finderOf({
      [softhsm]: '/real/softhsm.so',
      '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so': '/real/softhsm.so',
      [opensc]: { real: '/real/opensc.so', unsafe: 'anybody can write it' },
      '/usr/lib/libykcs11.so': { real: '', error: new AppError('module-not-pkcs11') },
      '/opt/own.so': '/opt/own.so',
    });
    expect(await finder.installed()).toMatchObject([
      { path: '/usr/lib/libykcs11.so', error: { code: 'module-not-pkcs11' } },
      {
        path: opensc,
        error: { code: 'module-unsafe', message: expect.stringContaining('anybody') as string },
      },
      { path: '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so', file: { path: '/real/softhsm.so' } },
    ]);
  });

  it.each([
    ['by its name', softhsm],
    ['by its real path', '/real/softhsm.so'],
    ['by a link to it', '/home/me/link.so'],
  ])('trusts a built-in module %s', async (_, path) => {
    const { finder } = finderOf({
      [softhsm]: '/real/softhsm.so',
      '/real/softhsm.so': '/real/softhsm.so',
      '/home/me/link.so': '/real/softhsm.so',
    });
    expect(await finder.trusted(path)).toMatchObject({ path, file: { path: '/real/softhsm.so' } });
  });

  it('trusts a confirmed module until its content or its real path changes', async () => {
    const files: Record<string, string> = {
      '/opt/own.so': '/opt/own-1.so',
      '/opt/own-1.so': '/opt/own-1.so',
    };
    const { finder } = finderOf(files);
    await expect(finder.trusted('/opt/own.so')).rejects.toMatchObject({ code: 'module-unconfirmed' });
    finder.confirm(await finder.find('/opt/own.so'));
    expect(await finder.trusted('/opt/own.so')).toMatchObject({ trusted: true });
    expect(await finder.trusted('/opt/own-1.so')).toMatchObject({ trusted: true });
    files['/opt/own.so'] = '/opt/own-2.so';
    await expect(finder.trusted('/opt/own.so')).rejects.toMatchObject({ code: 'module-unconfirmed' });
  });

  it.each([
    ['missing', '/opt/nothing.so', 'module-missing'],
    ['unsafe', '/opt/unsafe.so', 'module-unsafe'],
    ['unsafe, even if confirmed', '/opt/once-safe.so', 'module-unsafe'],
    ['unsafe, even if built in', opensc, 'module-unsafe'],
  ])('refuses a module that is %s', async (_, path, code) => {
    const unsafe = 'its folder can be written by other users';
    const { finder, confirmed } = finderOf({
      '/opt/unsafe.so': { real: '/opt/unsafe.so', unsafe },
      '/opt/once-safe.so': { real: '/opt/once-safe.so', unsafe },
      [opensc]: { real: opensc, unsafe },
    });
    confirmed.add('/opt/once-safe.so hash of /opt/once-safe.so');
    await expect(finder.trusted(path)).rejects.toMatchObject({ code });
  });
});
