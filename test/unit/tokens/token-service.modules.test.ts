/** Which modules are loaded for a key: loading one may connect to a card. */
import { beforeAll, describe, expect, it } from 'vitest';
import { HostError } from '../../../src/main/tokens/host/host-error.ts';
import type { PathLook } from '../../../src/main/tokens/tpm-setup.ts';
import type { ScriptedToken } from './scripted-cryptoki.ts';
import { account, builtIn, createWorld, makeDevice, type Device, type WorldOptions } from './world.ts';

let softhsm: Device;
let tpm: Device;
let plain: Device;

beforeAll(async () => {
  softhsm = await makeDevice('work');
  softhsm.token.facts = { manufacturer: 'SoftHSM project', model: 'SoftHSM v2' };
  tpm = await makeDevice('in the TPM');
  tpm.token.facts = { manufacturer: 'IFX' };
  plain = await makeDevice('plain');
});

const usable: PathLook = { exists: true, usable: true, group: null, members: [] };
const tpmIsReady: Pick<WorldOptions, 'environment' | 'looks'> = {
  environment: { TPM2_PKCS11_STORE: '/store', TPM2_PKCS11_TCTI: 'tabrmd' },
  looks: { '/store': usable, '/store/tpm2_pkcs11.sqlite3': usable },
};
const broken = new HostError('token-failed', 'C_Initialize: CKR_GENERAL_ERROR');
const ofSoftHsm = 'pkcs11:token=work;manufacturer=SoftHSM%20project';
const ofTpm = 'pkcs11:token=in%20the%20TPM;manufacturer=IFX';

describe('a URI whose words are those of one module’s tokens', () => {
  it('loads that module and no other', async () => {
    const world = createWorld({ modules: { [builtIn.yubico]: [], [builtIn.softhsm]: [softhsm.token] } });
    const signer = await world.service.signer(account(ofSoftHsm));
    expect(signer.key.token?.label).toBe('work');
    expect(world.loads).toEqual([builtIn.softhsm]);
  });

  it('loads no other either where the module answers that the token is away', async () => {
    const world = createWorld({ modules: { [builtIn.yubico]: [plain.token], [builtIn.softhsm]: [] } });
    await expect(world.service.signer(account(ofSoftHsm))).rejects.toMatchObject({ code: 'token-absent' });
    expect(world.loads).toEqual([builtIn.softhsm]);
  });

  it('loads the others where it does not answer, and tells of its failure where they have nothing', async () => {
    const world = createWorld({ modules: { [builtIn.yubico]: [], [builtIn.softhsm]: broken } });
    await expect(world.service.signer(account(ofSoftHsm))).rejects.toMatchObject({ code: 'token-failed' });
    expect(world.loads).toEqual([builtIn.softhsm, builtIn.yubico]);
  });

  it('finds its key in another module where that one does not answer', async () => {
    const other = '/usr/lib/x86_64-linux-gnu/pkcs11/opensc-pkcs11.so';
    const world = createWorld({ modules: { [other]: [softhsm.token], [builtIn.softhsm]: broken } });
    expect((await world.service.signer(account(ofSoftHsm))).key.token?.label).toBe('work');
  });
});

describe('a URI that may mean any module’s token', () => {
  it('is looked for in one after the other, and in the one that had it first the next time', async () => {
    const modules = { [builtIn.yubico]: [], [builtIn.opensc]: [], [builtIn.softhsm]: [plain.token] };
    const world = createWorld({ modules });
    await world.service.signer(account('pkcs11:token=plain'));
    expect(world.loads).toEqual([builtIn.yubico, builtIn.opensc, builtIn.softhsm]);
    await world.service.lock();
    await world.service.signer(account('pkcs11:token=plain'));
    expect(world.loads.slice(3)).toEqual([builtIn.softhsm]);
  });

  it.each([
    ['two keys in two modules', builtIn.yubico, builtIn.softhsm],
    ['two keys, where another module does not answer', builtIn.opensc, builtIn.softhsm],
  ])('is ambiguous where it names %s, and names both', async (_, one, other) => {
    const modules = { [builtIn.yubico]: broken, [one]: [plain.token], [other]: [softhsm.token] };
    const { service } = createWorld({ modules });
    for (let time = 0; time < 2; time++) {
      await expect(service.signer(account('pkcs11:id=%01'))).rejects.toMatchObject({
        code: 'key-ambiguous',
        message: 'The URI names several keys.',
        remedy: expect.stringMatching(/token=plain;.* or pkcs11:token=work;/) as string,
      });
    }
  });

  it('names one key where two modules show the same, which comes from the preferred module', async () => {
    const modules = { [builtIn.opensc]: [plain.token], [builtIn.yubico]: [plain.token] };
    const world = createWorld({ modules });
    await world.service.signer(account('pkcs11:token=plain'));
    expect(world.loads).toEqual([builtIn.yubico, builtIn.opensc]);
    await world.service.lock();
    await world.service.signer(account('pkcs11:token=plain'));
    expect(world.loads.slice(2)).toEqual([builtIn.yubico]);
  });

  it('is looked for everywhere again once its module shows another key', async () => {
    const modules = { [builtIn.yubico]: [plain.token], [builtIn.softhsm]: [] as ScriptedToken[] };
    const world = createWorld({ modules });
    const anyKey = account('pkcs11:id=%01');
    await world.service.signer(anyKey);
    await world.service.lock();
    modules[builtIn.yubico] = [softhsm.token];
    modules[builtIn.softhsm] = [plain.token];
    await expect(world.service.signer(anyKey)).rejects.toMatchObject({ code: 'key-ambiguous' });
    await world.service.lock();
    modules[builtIn.softhsm] = [softhsm.token];
    expect((await world.service.signer(anyKey)).key.token?.label).toBe('work');
  });
});

describe('a module that was confirmed', () => {
  it('is listed and searched without being named', async () => {
    const own = '/opt/vendor/module.so';
    const world = createWorld({ modules: { [own]: [plain.token], [builtIn.softhsm]: [softhsm.token] } });
    const query = { pkcs11Lib: null, login: false };
    await expect(world.service.signer(account('pkcs11:token=plain'))).rejects.toMatchObject({
      code: 'token-absent',
    });
    world.confirmed.add(`${own} ${'0'.repeat(64)}`);
    const { modules, tokens } = await world.service.tokens(query, null);
    expect(modules.map(({ path }) => path)).toEqual([builtIn.softhsm, own]);
    expect(tokens.map(({ label }) => label)).toEqual(['work', 'plain']);
    expect((await world.service.signer(account('pkcs11:token=plain'))).key.token?.label).toBe('plain');
    world.contents.set(own, 'another');
    expect((await world.service.tokens(query, null)).modules.map(({ path }) => path)).not.toContain(own);
  });
});

describe('a key in a TPM', () => {
  const modules = (): WorldOptions['modules'] => ({
    [builtIn.yubico]: [],
    [builtIn.tpm]: [tpm.token],
    [builtIn.softhsm]: [plain.token],
  });

  it('is found where all is set up', async () => {
    const world = createWorld({ modules: modules(), ...tpmIsReady });
    expect((await world.service.signer(account(ofTpm))).key.token?.label).toBe('in the TPM');
    expect(world.loads).toEqual([builtIn.tpm]);
  });

  it('is not looked for without a store, which is what the user is told', async () => {
    const world = createWorld({ modules: modules() });
    const error = { code: 'tpm-store-missing' };
    await expect(world.service.signer(account(ofTpm))).rejects.toMatchObject(error);
    const named = { ...account(ofTpm), pkcs11Lib: builtIn.tpm };
    await expect(world.service.signer(named)).rejects.toMatchObject(error);
    const { modules: listed } = await world.service.tokens({ pkcs11Lib: null, login: false }, null);
    expect(listed.find(({ path }) => path === builtIn.tpm)).toMatchObject({ ok: false, error });
    expect(world.loads).not.toContain(builtIn.tpm);
  });

  it('leaves the account its next key where it is not to be had', async () => {
    const world = createWorld({ modules: modules() });
    const signer = await world.service.signer(account(ofTpm, 'pkcs11:token=plain'));
    expect(signer.key.token?.label).toBe('plain');
  });

  it('that does not answer is told from a device that is not ours', async () => {
    const device: PathLook = { exists: true, usable: false, group: 'tss', members: [] };
    const service = '/usr/share/dbus-1/system-services/com.intel.tss2.Tabrmd.service';
    const world = createWorld({
      modules: { [builtIn.tpm]: broken },
      environment: { TPM2_PKCS11_STORE: '/store' },
      looks: { ...tpmIsReady.looks, '/dev/tpmrm0': device, [service]: usable },
    });
    const error = { code: 'tpm-access' };
    await expect(world.service.signer(account(ofTpm))).rejects.toMatchObject(error);
    const { modules: listed } = await world.service.tokens({ pkcs11Lib: null, login: false }, null);
    expect(listed).toMatchObject([{ path: builtIn.tpm, error }]);
  });
});
