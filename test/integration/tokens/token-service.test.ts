import { execFileSync } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tokensSchema } from '../../../src/shared/model.ts';
import { createTokenHosts } from '../../../src/main/node/token-hosts.ts';
import type { TokenService } from '../../../src/main/tokens/token-service.ts';
import { Authority, type Identity } from '../../support/pki/authority.ts';
import { SoftHsm, type SoftToken } from '../../support/soft-token/soft-hsm.ts';
import { human, nobody } from '../../unit/tokens/doubles.ts';
import { account } from '../../unit/tokens/world.ts';
import { bundleTokenHost, type HostBundle } from './host-bundle.ts';
import { processesWith, until } from './host-process.ts';
import { realService } from './real-service.ts';

const message = Buffer.from('message');
const directory = mkdtempSync(join(tmpdir(), 'token-service-'));
const hsm = new SoftHsm();
const spy = '/usr/lib/x86_64-linux-gnu/pkcs11/pkcs11-spy.so';
const spyLog = join(directory, 'spy.log');
const confirmed = new Set<string>();

let bundle: HostBundle;
let service: TokenService;
let work: SoftToken;
let device: Identity;
let rsaDevice: Identity;

beforeAll(async () => {
  bundle = await bundleTokenHost();
  const authority = Authority.root(join(directory, 'ca'));
  device = authority.identity({ name: 'device', subject: '/CN=device' });
  rsaDevice = authority.identity({ name: 'rsa', subject: '/CN=rsa', holder: { key: 'RSA-2048' } });
  const broken = authority.identity({ name: 'broken', subject: '/CN=broken' });
  work = hsm.token('work');
  work.importKey(device.privateKeyPem, { id: '01', label: 'ec' });
  work.importCertificate(device.der, { id: '01', label: 'ec' });
  work.importKey(rsaDevice.privateKeyPem, { id: '02', label: 'rsa' });
  work.importCertificate(rsaDevice.der, { id: '02', label: 'rsa' });
  work.importKey(broken.privateKeyPem, { id: '03', label: 'broken' });
  work.importCertificate(broken.der, { id: '03', label: 'broken' });
  work.damageCertificate(broken.der);
  work.importCertificate(authority.certificate.der, { id: '09', label: 'ca' });
});

beforeEach(() => {
  service = realService({
    hosts: createTokenHosts({
      bundle: bundle.path,
      environment: { ...process.env, ...hsm.environment, PKCS11SPY: hsm.module, PKCS11SPY_OUTPUT: spyLog },
    }),
    confirmedModules: {
      has: (path, sha256) => confirmed.has(`${path} ${sha256}`),
      knows: (path) => Array.from(confirmed).some((one) => one.startsWith(`${path} `)),
      paths: () => Array.from(confirmed, (one) => one.split(' ')[0]!),
      add: (path, sha256) => confirmed.add(`${path} ${sha256}`),
    },
  });
});

afterEach(() => service.close());

afterAll(() => {
  bundle.remove();
  hsm.dispose();
  rmSync(directory, { recursive: true, force: true });
});

const isBy = (identity: Identity, signature: Uint8Array): boolean =>
  verify('sha256', message, createPublicKey(identity.pem), signature);

const inSoftHsm = (...keys: string[]) => ({ ...account(...keys), pkcs11Lib: hsm.module });

describe('keys on a SoftHSM token', () => {
  it.each([
    ['EC', '%01', () => device],
    ['RSA', '%02', () => rsaDevice],
  ])('sign with one C_Sign and one C_Login: %s', async (_, id, identity) => {
    const signer = await service.signer(inSoftHsm(`pkcs11:token=work;id=${id}`));
    expect(signer.key).toMatchObject({ token: { label: 'work' }, hardware: false, touch: 'never' });
    expect(Buffer.from(signer.certificate.der).equals(identity().der)).toBe(true);
    await signer.unlock(human(work.pin));
    expect(isBy(identity(), await signer.sign(message))).toBe(true);
    expect(await service.counts()).toEqual({ sign: 1, login: 1 });
  });

  it('are found without a named module, and the host is not started for nothing', async () => {
    await expect(service.signer(account('/absent.pem'))).rejects.toMatchObject({ code: 'file-unreadable' });
    expect(processesWith(bundle.path)).toEqual([]);
    const signer = await service.signer(account('pkcs11:token=work;id=%01'));
    await signer.unlock(human(work.pin));
    expect(isBy(device, await signer.sign(message))).toBe(true);
    await until(() => processesWith(bundle.path).length === 1, 'only the host that is used runs');
  });

  it('ask one PIN for three accounts at once', async () => {
    const person = human(work.pin);
    const signers = await Promise.all(
      ['%01', '%02', '%01'].map((id) => service.signer(inSoftHsm(`pkcs11:token=work;id=${id}`))),
    );
    await Promise.all(signers.map((signer) => signer.unlock(person)));
    await Promise.all(signers.map((signer) => signer.sign(message)));
    expect(person.asked).toHaveLength(1);
    expect(await service.counts()).toEqual({ sign: 3, login: 1 });
  });

  it('spend one C_Login for each PIN typed, as OpenSC’s spy sees it, and one C_Sign for each signature', async () => {
    const named = { ...account('pkcs11:token=work;id=%01'), pkcs11Lib: spy };
    await expect(service.signer(named)).rejects.toMatchObject({ code: 'module-unconfirmed' });
    await service.tokens({ pkcs11Lib: spy, login: false }, human(true));
    rmSync(spyLog);
    const signer = await service.signer(named);
    await signer.unlock(human('wrong1', 'wrong2', work.pin));
    expect(isBy(device, await signer.sign(message))).toBe(true);
    const calls = Array.from(readFileSync(spyLog, 'utf8').matchAll(/^\d+: (C_\w+)/gm), ([, name]) => name);
    const count = (name: string): number => calls.filter((call) => call === name).length;
    expect({ login: count('C_Login'), sign: count('C_Sign') }).toEqual({ login: 3, sign: 1 });
    expect(await service.counts()).toEqual({ sign: 1, login: 3 });
    const log = readFileSync(spyLog, 'utf8');
    expect(log).toMatch(/C_Initialize[^]*?flags: 2/);
    for (const pin of ['wrong1', 'wrong2', work.pin]) {
      const hex = Buffer.from(pin).toString('hex').toUpperCase();
      expect(log.replace(/ /g, '').split(hex)).toHaveLength(2); // it is there once
    }
  });

  it('are token-absent while the token is pulled out, and work when it is back', async () => {
    const find = () => service.signer(inSoftHsm('pkcs11:token=work;id=%01'));
    const signer = await find();
    await signer.unlock(human(work.pin));
    work.remove();
    try {
      await expect(signer.sign(message)).rejects.toMatchObject({ code: 'token-absent' });
      expect(signer.readyWithoutHuman()).toBe(false);
      await expect(find()).rejects.toMatchObject({ code: 'token-absent' });
      await expect(signer.unlock(nobody)).rejects.toMatchObject({ code: 'token-absent' });
    } finally {
      work.restore();
    }
    const again = await find();
    await again.unlock(human(work.pin));
    expect(isBy(device, await again.sign(message))).toBe(true);
    expect(isBy(device, await signer.sign(message))).toBe(true);
  });

  it('on a token initialised after the module was started are found', async () => {
    await service.signer(inSoftHsm('pkcs11:token=work;id=%01'));
    const late = hsm.token('late');
    late.importKey(device.privateKeyPem, { id: '01', label: 'ec' });
    late.importCertificate(device.der, { id: '01', label: 'ec' });
    const signer = await service.signer(inSoftHsm('pkcs11:token=late'));
    expect(signer.key.token?.label).toBe('late');
    late.remove();
  });

  it('that share an ID sign by a label whose padding no list shows', async () => {
    const twins = hsm.token('twins');
    twins.importKey(device.privateKeyPem, { id: '01', label: 'padded ' });
    twins.importCertificate(device.der, { id: '01', label: 'padded' });
    twins.generateKey('EC:prime256v1', { id: '01', label: 'other' });
    const signer = await service.signer(inSoftHsm('pkcs11:token=twins;object=padded'));
    await signer.unlock(human(twins.pin));
    expect(isBy(device, await signer.sign(message))).toBe(true);
    twins.remove();
  });

  it('lose their PIN with the host, and nothing is sent again', async () => {
    const signer = await service.signer(inSoftHsm('pkcs11:token=work;id=%01'));
    await signer.unlock(human(work.pin));
    for (const pid of processesWith(bundle.path)) process.kill(pid, 'SIGKILL');
    await until(() => !signer.readyWithoutHuman(), 'the engine knows');
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'pin-needed' });
    expect(await service.counts()).toEqual({ sign: 0, login: 0 });
    await signer.unlock(human(work.pin));
    expect(isBy(device, await signer.sign(message))).toBe(true);
  });

  it('are locked by lock(), which ends every host', async () => {
    const signer = await service.signer(inSoftHsm('pkcs11:token=work;id=%01'));
    await signer.unlock(human(work.pin));
    const locked = service.lock();
    expect(signer.readyWithoutHuman()).toBe(false);
    await locked;
    expect(processesWith(bundle.path)).toEqual([]);
  });

  it('outlive locks that meet their login: SoftHSM writes the token anew in it', async () => {
    const locks = { met: 0, missed: 0 };
    for (let round = 0; round < 30; round += 1) {
      const signer = await service.signer(inSoftHsm('pkcs11:token=work;id=%01'));
      const unlocked = signer.unlock(human(work.pin)).then(
        () => (locks.missed += 1),
        (error: unknown) => {
          expect(error).toMatchObject({ code: 'pin-needed' });
          locks.met += 1;
        },
      );
      await new Promise((resolve) => setTimeout(resolve, round % 6));
      void service.lock();
      await unlocked;
    }
    expect(locks.met).toBeGreaterThan(0);
    const signer = await service.signer(inSoftHsm('pkcs11:token=work;id=%01'));
    await signer.unlock(human(work.pin));
    expect(isBy(device, await signer.sign(message))).toBe(true);
    await service.close();
    expect(processesWith(bundle.path)).toEqual([]);
  }, 30_000);
});

describe('the list of tokens', () => {
  it('shows SoftHSM’s, matched, with what is wrong and nothing that cannot be read', async () => {
    const tokens = await service.tokens({ pkcs11Lib: hsm.module, login: true }, human(work.pin));
    expect(tokensSchema.parse(tokens)).toEqual(tokens);
    expect(tokens.modules).toEqual([
      { path: hsm.module, description: 'Implementation of PKCS11, SoftHSM', ok: true, error: null },
    ]);
    expect(tokens.tokens).toMatchObject([
      {
        label: 'work',
        manufacturer: 'SoftHSM project',
        model: 'SoftHSM v2',
        kind: 'softhsm',
        hardware: false,
      },
    ]);
    const keys = [...tokens.tokens[0]!.keys].sort((a, b) => a.id.localeCompare(b.id));
    expect(keys).toMatchObject([
      { id: '01', label: 'ec', size: 'P-256', certificate: { subject: 'CN=device' }, usable: true },
      { id: '02', label: 'rsa', size: '2048', certificate: { subject: 'CN=rsa' }, usable: true },
      { id: '03', certificate: null, usable: false, problems: [{ code: 'cert-unreadable' }] },
    ]);
  });

  it('shows every module that is installed, and leaves no process behind', async () => {
    const { modules, tokens } = await service.tokens({ pkcs11Lib: null, login: false }, null);
    expect(modules.find(({ description }) => description.includes('SoftHSM'))).toMatchObject({ ok: true });
    expect(tokens.map(({ label }) => label)).toContain('work');
    await until(() => processesWith(bundle.path).length === 0, 'no host runs');
  });

  it.each([
    ['a missing module', () => join(directory, 'missing.so'), 'module-missing'],
    ['a folder', () => directory, 'module-not-pkcs11'],
    ['a text file', () => join(directory, 'text.so'), 'module-not-pkcs11'],
    ['a library that is no module', () => join(directory, 'library.so'), 'module-not-pkcs11'],
    ['a module nobody confirmed', () => moduleIn('own'), 'module-unconfirmed'],
    ['a module that changed since', () => changedModule('changed'), 'module-unconfirmed'],
    ['a module others may write', () => moduleIn('open-file', { file: 0o666 }), 'module-unsafe'],
    ['a module in a folder others may write', () => moduleIn('open', { folder: 0o777 }), 'module-unsafe'],
  ])('is refused for %s, and no process is started', async (_, path, code) => {
    writeFileSync(join(directory, 'text.so'), 'text');
    execFileSync('gcc', ['-shared', '-fPIC', '-o', join(directory, 'library.so'), '-x', 'c', '/dev/null']);
    await expect(service.tokens({ pkcs11Lib: path(), login: false }, null)).rejects.toMatchObject({ code });
    expect(processesWith(bundle.path)).toEqual([]);
  });
});

/** A copy of SoftHSM's module in a folder of its own. */
function moduleIn(folder: string, modes: { readonly file?: number; readonly folder?: number } = {}): string {
  const path = join(directory, folder, 'module.so');
  mkdirSync(join(directory, folder), { recursive: true });
  copyFileSync(hsm.module, path);
  chmodSync(path, modes.file ?? 0o644);
  chmodSync(join(directory, folder), modes.folder ?? 0o755);
  return path;
}

/** One that was confirmed as another file. */
function changedModule(folder: string): string {
  const path = moduleIn(folder);
  confirmed.add(`${path} ${'0'.repeat(64)}`);
  return path;
}
