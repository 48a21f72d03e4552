import { describe, expect, it } from 'vitest';
import { tpmProblem, type PathLook } from '../../../src/main/tokens/tpm-setup.ts';

const nothing: PathLook = { exists: false, usable: false, group: null, members: [] };
const usable: PathLook = { ...nothing, exists: true, usable: true };
const foreign: PathLook = { ...nothing, exists: true };
const ofTss: PathLook = { ...foreign, group: 'tss' };

const storeAt = (folder: string): Record<string, PathLook> => ({
  [folder]: usable,
  [`${folder}/tpm2_pkcs11.sqlite3`]: usable,
});
const inHome = storeAt('/home/me/.tpm2_pkcs11');
const service = '/usr/share/dbus-1/system-services/com.intel.tss2.Tabrmd.service';

async function problem(
  looks: Readonly<Record<string, PathLook>>,
  environment: Record<string, string> = {},
  { platform = 'linux', hasFailed = false }: { platform?: NodeJS.Platform; hasFailed?: boolean } = {},
) {
  const looked: string[] = [];
  const error = await tpmProblem(
    {
      platform,
      environment: { HOME: '/home/me', USER: 'me', ...environment },
      look: async (path) => {
        looked.push(path);
        return looks[path] ?? nothing;
      },
    },
    hasFailed,
  );
  return { error, looked };
}

describe('the store of tpm2-pkcs11', () => {
  const device = { '/dev/tpmrm0': usable };

  it.each<[string, Record<string, PathLook>, Record<string, string>]>([
    ['in the home directory', inHome, {}],
    ['of the system', storeAt('/etc/tpm2_pkcs11'), {}],
    ['in a folder named', storeAt('/srv/store'), { TPM2_PKCS11_STORE: '/srv/store' }],
    ['in the home directory, as an empty name is none', inHome, { TPM2_PKCS11_STORE: '' }],
    ['that tpm2-tss keeps itself', {}, { TPM2_PKCS11_BACKEND: 'FAPI' }],
  ])('is found %s', async (_, store, environment) => {
    expect((await problem({ ...device, ...store }, environment)).error).toBeNull();
  });

  it.each<[string, Record<string, PathLook>, Record<string, string>, RegExp]>([
    ['nowhere', {}, {}, /you have no store/],
    ['nowhere, and an empty name', storeAt(''), { TPM2_PKCS11_STORE: '' }, /you have no store/],
    [
      'not where it was named',
      inHome,
      { TPM2_PKCS11_STORE: '/srv/store' },
      /names \/srv\/store, which has no/,
    ],
    ['in an empty folder', { '/home/me/.tpm2_pkcs11': usable }, {}, /you have no store/],
    ['in the current folder, which is anybody’s', storeAt('.'), {}, /you have no store/],
    ['without a home', storeAt('undefined/.tpm2_pkcs11'), { HOME: '' }, /you have no store/],
  ])('is missing: %s', async (_, store, environment, message) => {
    const { error } = await problem({ ...device, ...store }, environment);
    expect(error).toMatchObject({
      code: 'tpm-store-missing',
      message: expect.stringMatching(message) as string,
    });
    expect(error?.remedy).toContain('tpm2_ptool init');
  });

  it.each<[string, Record<string, PathLook>]>([
    ['the file', { ...inHome, '/home/me/.tpm2_pkcs11/tpm2_pkcs11.sqlite3': foreign }],
    ['the folder', { ...inHome, '/home/me/.tpm2_pkcs11': foreign }],
  ])('that is not ours to write is said: %s', async (_, store) => {
    const { error } = await problem({ ...device, ...store });
    expect(error).toMatchObject({
      code: 'tpm-access',
      message: expect.stringContaining('/home/me/.tpm2') as string,
    });
  });
});

describe('the TPM’s device', () => {
  it.each<[string, Record<string, PathLook>]>([
    ['behind the kernel’s resource manager', { '/dev/tpmrm0': usable }],
    ['without it', { '/dev/tpm0': usable }],
    ['one of both', { '/dev/tpm0': usable, '/dev/tpmrm0': ofTss }],
    ['behind tpm2-abrmd, which may let us in', { '/dev/tpmrm0': ofTss, [service]: usable }],
  ])('is ours to use: %s', async (_, devices) => {
    expect((await problem({ ...inHome, ...devices })).error).toBeNull();
  });

  it('is not looked at where another way to a TPM is named', async () => {
    const { error, looked } = await problem(inHome, { TPM2_PKCS11_TCTI: 'swtpm:host=127.0.0.1,port=1' });
    expect(error).toBeNull();
    expect(looked.filter((path) => path.startsWith('/dev'))).toEqual([]);
  });

  it('is missing', async () => {
    for (const environment of [{}, { TPM2_PKCS11_TCTI: '' }]) {
      expect((await problem(inHome, environment)).error).toMatchObject({ code: 'tpm-missing' });
    }
    expect((await problem({ ...inHome, [service]: usable })).error).toMatchObject({ code: 'tpm-missing' });
  });

  it('is of the group tss, which the user is not in', async () => {
    const { error } = await problem({ ...inHome, '/dev/tpmrm0': ofTss, '/dev/tpm0': foreign });
    expect(error).toMatchObject({
      code: 'tpm-access',
      message: 'You may not use the TPM: /dev/tpmrm0 belongs to the group tss, which you are not in.',
      remedy: 'Put yourself into it, with sudo usermod -aG tss me, then log out and in again.',
    });
  });

  it('is of the group tss, which the user was put into after logging in', async () => {
    const { error } = await problem({ ...inHome, '/dev/tpmrm0': { ...ofTss, members: ['you', 'me'] } });
    expect(error).toMatchObject({
      code: 'tpm-access',
      message: expect.stringContaining('after you logged in') as string,
      remedy: 'Log out and in again, or restart the computer.',
    });
  });

  it('is of no group that helps', async () => {
    const { error } = await problem({ ...inHome, '/dev/tpmrm0': { ...foreign, group: 'root' } });
    expect(error).toMatchObject({ code: 'tpm-access', remedy: expect.stringContaining('udev') as string });
    expect(error?.remedy).not.toContain('usermod');
  });

  it('is the reason where the module failed, whatever tpm2-abrmd might have done', async () => {
    const looks = { ...inHome, '/dev/tpmrm0': ofTss, [service]: usable };
    expect((await problem(looks, {}, { hasFailed: true })).error).toMatchObject({ code: 'tpm-access' });
  });
});

it.each(['darwin', 'win32'] as const)('a TPM is not supported on %s, whatever is there', async (platform) => {
  const { error, looked } = await problem({ ...inHome, '/dev/tpmrm0': usable }, {}, { platform });
  expect(error).toMatchObject({
    code: 'platform-unsupported',
    message: expect.stringContaining('Linux only') as string,
  });
  expect(looked).toEqual([]);
});
