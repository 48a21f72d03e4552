import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/shared/errors.ts';
import type { ModuleConfiguration, ReaderServiceState } from '../../../src/main/ports.ts';
import { createModuleFinder, kindOf, type FoundModule } from '../../../src/main/tokens/module-finder.ts';
import type { Computer } from '../../../src/main/tokens/shared-library.ts';
import type { PathLook } from '../../../src/main/tokens/tpm-setup.ts';

const linux: Computer = { platform: 'linux', arch: 'x64' };
const nothing: PathLook = { exists: false, usable: false, group: null, members: [] };
const usable: PathLook = { ...nothing, exists: true, usable: true };

interface FinderWorld {
  readonly computer?: Computer;
  readonly environment?: Record<string, string>;
  /** Module files of p11-kit by folder. */
  readonly configurations?: Readonly<Record<string, readonly Partial<ModuleConfiguration>[]>>;
  readonly looks?: Readonly<Record<string, PathLook>>;
  readonly readerState?: ReaderServiceState;
}

/** @param files real path by name; a reason makes it unsafe. */
function finderOf(
  files: Record<string, string | { real: string; unsafe?: string; error?: AppError; sha256?: string }>,
  { computer = linux, environment = {}, configurations = {}, looks = {}, readerState }: FinderWorld = {},
) {
  const confirmed = new Set<string>();
  const finder = createModuleFinder({
    moduleFiles: {
      inspect: async (path) => {
        const entry = files[path];
        if (entry === undefined) throw new AppError('module-missing');
        const {
          real,
          unsafe = null,
          error = null,
          sha256 = `hash of ${real}`,
        } = typeof entry === 'string' ? { real: entry } : entry;
        if (error !== null) throw error;
        return { path: real, sha256, unsafe };
      },
      configurations: async (folder) =>
        (configurations[folder] ?? []).map((one) => ({ name: 'a.module', text: '', unsafe: null, ...one })),
      look: async (path) => looks[path] ?? nothing,
    },
    confirmedModules: {
      has: (path, sha256) => confirmed.has(`${path} ${sha256}`),
      knows: (path) => Array.from(confirmed).some((one) => one.startsWith(`${path} `)),
      paths: () => Array.from(confirmed, (one) => one.split(' ')[0]!),
      add: (path, sha256) => confirmed.add(`${path} ${sha256}`),
    },
    computer,
    environment,
    ...(readerState && { readerService: { probe: async () => readerState } }),
  });
  return { finder, confirmed };
}

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

  it('lists a confirmed module after the built-in ones, as long as it is as it was confirmed', async () => {
    const own = { real: '/opt/own-1.so', sha256: 'as confirmed' };
    const other: { real: string; unsafe?: string } = { real: '/opt/other.so' };
    const files: Parameters<typeof finderOf>[0] = {
      ...{ '/opt/own.so': own, '/opt/own-1.so': own, '/opt/other.so': other },
      [softhsm]: softhsm,
    };
    const { finder, confirmed } = finderOf(files);
    const paths = async () => (await finder.installed()).map(({ path }) => path);
    expect(await paths()).toEqual([softhsm]);
    for (const path of ['/opt/own.so', '/opt/other.so', softhsm]) finder.confirm(await finder.find(path));
    confirmed.add('/opt/gone.so hash');
    expect(await paths()).toEqual([softhsm, '/opt/own-1.so', '/opt/other.so']);
    expect((await finder.installed())[1]).toMatchObject({ trusted: true, file: { path: '/opt/own-1.so' } });
    own.sha256 = 'another';
    other.unsafe = 'anybody can write it';
    expect(await paths()).toEqual([softhsm]);
  });

  it('refuses a URI’s module that is not confirmed, whether it may be there later or not', async () => {
    const files = { [softhsm]: softhsm, '/opt/own.so': '/opt/own.so' };
    const { finder } = finderOf(files);
    await finder.refuseUnconfirmed(softhsm);
    await finder.refuseUnconfirmed(opensc); // built in, and not installed
    const refused = (path: string) => expect(finder.refuseUnconfirmed(path)).rejects;
    await refused('/opt/own.so').toMatchObject({ code: 'module-unconfirmed' });
    await refused('/opt/nothing.so').toMatchObject({ code: 'module-missing' });
    finder.confirm(await finder.find('/opt/own.so'));
    await finder.refuseUnconfirmed('/opt/own.so');
  });

  it.each([
    ['/opt/own.so', '/opt/own.so'],
    ['/opt/my dir/own.so', "'/opt/my dir/own.so'"],
    ["/opt/it's $(touch x);.so", "'/opt/it'\\''s $(touch x);.so'"],
  ])('gives a command to confirm %s that can be copied into a shell', async (path, word) => {
    const own = { real: path, sha256: 'one' };
    const { finder } = finderOf({ [path]: own });
    await expect(finder.trusted(path)).rejects.toMatchObject({
      remedy: `Use rolekey tokens --pkcs11-lib ${word} at a terminal to confirm it.`,
    });
    finder.confirm(await finder.find(path));
    own.sha256 = 'another';
    await expect(finder.trusted(path)).rejects.toMatchObject({
      remedy: expect.stringContaining(` rolekey tokens --pkcs11-lib ${word} at a terminal`) as string,
    });
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

  it('tells one that was never confirmed from one that changed since', async () => {
    const own = { real: '/opt/own.so', sha256: 'as confirmed' };
    const files = { '/opt/own.so': own };
    const { finder } = finderOf(files);
    await expect(finder.trusted('/opt/own.so')).rejects.toMatchObject({
      code: 'module-unconfirmed',
      message: expect.stringContaining('never confirmed') as string,
    });
    finder.confirm(await finder.find('/opt/own.so'));
    own.sha256 = 'another';
    await expect(finder.trusted('/opt/own.so')).rejects.toMatchObject({
      code: 'module-unconfirmed',
      message: expect.stringContaining('changed since you confirmed it') as string,
    });
    finder.confirm(await finder.find('/opt/own.so'));
    expect(await finder.trusted('/opt/own.so')).toMatchObject({ trusted: true });
  });
});

describe('modules that p11-kit names', () => {
  const system = '/etc/pkcs11/modules';
  const packaged = '/usr/share/p11-kit/modules';
  const inKit = '/usr/lib/x86_64-linux-gnu/pkcs11/';
  const pathsOf = async (...args: Parameters<typeof finderOf>): Promise<string[]> =>
    (await finderOf(...args).finder.installed()).map(({ path }) => path);

  it('are found and trusted as the built-in ones are, by their absolute and their relative path', async () => {
    const files = {
      '/opt/vendor/token.so': '/opt/vendor/token-1.so',
      '/opt/vendor/token-1.so': '/opt/vendor/token-1.so',
      [`${inKit}card.so`]: `${inKit}card.so`,
    };
    const { finder } = finderOf(files, {
      configurations: {
        [packaged]: [
          { name: 'vendor.module', text: 'module: /opt/vendor/token.so' },
          { name: 'card.module', text: 'module: card.so' },
        ],
      },
    });
    expect((await finder.installed()).map(({ path }) => path)).toEqual([
      `${inKit}card.so`,
      '/opt/vendor/token.so',
    ]);
    expect(await finder.trusted('/opt/vendor/token-1.so')).toMatchObject({ trusted: true });
  });

  it('come after the same checks', async () => {
    const files = {
      '/opt/open.so': { real: '/opt/open.so', unsafe: 'anybody can write it' },
      '/opt/text.so': { real: '', error: new AppError('module-not-pkcs11') },
    };
    const { finder } = finderOf(files, {
      configurations: {
        [packaged]: ['/opt/open.so', '/opt/text.so', '/opt/gone.so'].map((module, index) => ({
          name: `${String(index)}.module`,
          text: `module: ${module}`,
        })),
      },
    });
    expect(await finder.installed()).toMatchObject([
      { path: '/opt/open.so', error: { code: 'module-unsafe' } },
      { path: '/opt/text.so', error: { code: 'module-not-pkcs11' } },
      { path: '/opt/gone.so', error: { code: 'module-missing' } },
    ]);
    await expect(finder.trusted('/opt/open.so')).rejects.toMatchObject({ code: 'module-unsafe' });
  });

  it('are not taken from a file that others may write, which is said', async () => {
    const { finder } = finderOf(
      { '/opt/evil.so': '/opt/evil.so' },
      {
        configurations: {
          [packaged]: [{ name: 'evil.module', text: 'module: /opt/evil.so', unsafe: 'anybody can write it' }],
        },
      },
    );
    expect(await finder.installed()).toMatchObject([
      { path: `${packaged}/evil.module`, error: { code: 'module-unsafe' } },
    ]);
    await expect(finder.trusted('/opt/evil.so')).rejects.toMatchObject({ code: 'module-unconfirmed' });
  });

  it('are listed once, Yubico’s before OpenSC’s and both before SoftHSM’s, wherever they were found', async () => {
    const paths = await pathsOf(
      {
        '/usr/lib/softhsm/libsofthsm2.so': '/usr/lib/softhsm/libsofthsm2.so',
        '/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so': '/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so',
        [`${inKit}opensc-pkcs11.so`]: '/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so',
        '/opt/yubico/libykcs11.so': '/opt/yubico/libykcs11.so.2.5',
        '/opt/vendor.so': '/opt/vendor.so',
      },
      {
        configurations: {
          [packaged]: [
            { name: 'opensc.module', text: 'module: opensc-pkcs11.so' },
            { name: 'vendor.module', text: 'module: /opt/vendor.so' },
            { name: 'ykcs11.module', text: 'module: /opt/yubico/libykcs11.so' },
          ],
        },
      },
    );
    expect(paths).toEqual([
      '/opt/yubico/libykcs11.so',
      '/opt/vendor.so',
      '/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so',
      '/usr/lib/softhsm/libsofthsm2.so',
    ]);
  });

  it('are switched off by the system’s file of the same name', async () => {
    const files = { '/opt/vendor.so': '/opt/vendor.so' };
    const configurations = {
      [packaged]: [{ name: 'vendor.module', text: 'module: /opt/vendor.so' }],
      [system]: [{ name: 'vendor.module', text: 'module:' }],
    };
    expect(await pathsOf(files, { configurations })).toEqual([]);
  });
});

describe('the TPM’s module', () => {
  const module = '/usr/lib/x86_64-linux-gnu/pkcs11/libtpm2_pkcs11.so';
  const files = { [module]: `${module}.0.0.0`, [`${module}.0.0.0`]: `${module}.0.0.0` };
  const ready: FinderWorld = {
    environment: { TPM2_PKCS11_STORE: '/store', TPM2_PKCS11_TCTI: 'tabrmd' },
    looks: { '/store': usable, '/store/tpm2_pkcs11.sqlite3': usable },
  };

  it('is one of the installed where there is a store', async () => {
    const { finder } = finderOf(files, ready);
    expect(await finder.installed()).toMatchObject([{ path: module, kind: 'tpm', trusted: true }]);
    expect(await finder.trusted(module)).toMatchObject({ path: module });
  });

  it('is not loaded without one, whoever names it, and says so', async () => {
    const { finder } = finderOf(files);
    const error = { code: 'tpm-store-missing' };
    expect(await finder.installed()).toMatchObject([{ path: module, error }]);
    await expect(finder.trusted(module)).rejects.toMatchObject(error);
    await expect(finder.trusted(`${module}.0.0.0`)).rejects.toMatchObject(error);
  });

  it('is said to be for Linux only where there is none', async () => {
    const { finder } = finderOf({}, { computer: { platform: 'darwin', arch: 'arm64' } });
    const [row, ...others] = await finder.installed();
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      error: { code: 'platform-unsupported', message: expect.stringContaining('Linux only') as string },
    });
    expect(row && kindOf(row)).toBe('tpm');
  });

  it('that failed is explained by what is in its way, and any other failure by itself', async () => {
    const world = { ...ready, environment: { TPM2_PKCS11_STORE: '/store' } };
    const device: PathLook = { exists: true, usable: false, group: 'tss', members: [] };
    const service = '/usr/share/dbus-1/system-services/com.intel.tss2.Tabrmd.service';
    const { finder } = finderOf(files, {
      ...world,
      looks: { ...ready.looks, '/dev/tpmrm0': device, [service]: usable },
    });
    const found = (await finder.installed())[0] as FoundModule;
    expect(found.kind).toBe('tpm');
    const failed = new AppError('token-failed');
    expect(await finder.explain(found, failed)).toMatchObject({ code: 'tpm-access' });
    expect(await finder.explain({ ...found, kind: 'softhsm' }, failed)).toBe(failed);
    const inOrder = finderOf(files, ready).finder;
    const detail = 'C_Sign: CKR_GENERAL_ERROR';
    expect(await inOrder.explain(found, new AppError('token-failed', { cause: detail }))).toMatchObject({
      code: 'token-failed',
      message: `The TPM did not answer as it should (${detail}).`,
      cause: detail,
    });
    const absent = new AppError('token-absent');
    expect(await finder.explain(found, absent)).toBe(absent);
  });
});

describe('a module that failed and needs the service of smart cards', () => {
  const path = '/run/pcscd/pcscd.comm';
  const failed = new AppError('token-failed', { cause: 'C_Initialize: CKR_DEVICE_ERROR' });
  const explained = async (
    readerState: ReaderServiceState | undefined,
    kind: FoundModule['kind'],
    error = failed,
  ): Promise<AppError> => {
    const environment = { SSH_CONNECTION: '::1 1 ::1 22', USER: 'me' };
    const { finder } = finderOf({}, { environment, ...(readerState && { readerState }) });
    const file = { path: '/m.so', sha256: '', unsafe: null };
    return finder.explain({ path: '/m.so', file, kind, trusted: true, changed: false }, error);
  };

  it.each(['yubikey', 'opensc'] as const)(
    'is explained by the service that does not answer: %s',
    async (kind) => {
      expect(await explained({ kind: 'missing', path, installed: true }, kind)).toMatchObject({
        code: 'token-failed',
        message: expect.stringContaining('pcscd does not run') as string,
        remedy: expect.stringContaining('systemctl enable --now pcscd.socket') as string,
        cause: failed,
      });
    },
  );

  it('names who is turned away, as doctor does', async () => {
    const error = await explained({ kind: 'closed', path }, 'yubikey');
    expect(error.message).toContain('over ssh');
    expect(error.remedy).toContain('subject.user == "me"');
  });

  it.each<[string, ReaderServiceState | undefined, FoundModule['kind'], AppError]>([
    ['where it answers', { kind: 'answers', path, version: '4.4' }, 'yubikey', failed],
    ['where it is a part of the system', { kind: 'built-in' }, 'yubikey', failed],
    ['where nobody is asked', undefined, 'yubikey', failed],
    ['of a module that does without', { kind: 'refused', path }, 'softhsm', failed],
    ['that says more', { kind: 'refused', path }, 'opensc', new AppError('token-absent')],
  ])('keeps its failure %s', async (_, state, kind, error) => {
    expect(await explained(state, kind, error)).toBe(error);
  });
});
