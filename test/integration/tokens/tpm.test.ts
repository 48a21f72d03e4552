import { createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTokenHosts } from '../../../src/main/node/token-hosts.ts';
import { HostClient } from '../../../src/main/tokens/host-client.ts';
import type { TokenService } from '../../../src/main/tokens/token-service.ts';
import { tokensSchema } from '../../../src/shared/model.ts';
import { Authority } from '../../support/pki/authority.ts';
import { Tpm, type TpmKeyKind, type TpmToken } from '../../support/tpm/tpm.ts';
import { fastClock, human, nobody, silentLog } from '../../unit/tokens/doubles.ts';
import { account } from '../../unit/tokens/world.ts';
import { bundleTokenHost, type HostBundle } from './host-bundle.ts';
import { processesWith, until } from './host-process.ts';
import { realService } from './real-service.ts';

const message = Buffer.from('message');
const directory = mkdtempSync(join(tmpdir(), 'tpm-test-'));
const kinds: readonly (readonly [TpmKeyKind, string])[] = [
  ['P-256', '01'],
  ['P-384', '02'],
  ['RSA-2048', '03'],
];

let bundle: HostBundle;
let tpm: Tpm;
let token: TpmToken;
let home: string;
let service: TokenService;

beforeAll(async () => {
  bundle = await bundleTokenHost();
  tpm = await Tpm.create();
  token = tpm.token('laptop');
  const authority = Authority.root(join(directory, 'ca'));
  for (const [kind, id] of kinds) {
    token.generateKey(kind, { id, label: kind });
    const { pem } = authority.issue({
      name: kind,
      subject: `/CN=${kind}`,
      holder: { publicKey: token.publicKey({ id }) },
    });
    token.addCertificate(pem, { id });
  }
});

beforeEach(() => {
  home = mkdtempSync(join(directory, 'home-'));
  service = serviceOf(tpm.environment);
});

afterEach(() => service.close());

afterAll(async () => {
  bundle.remove();
  await tpm.dispose();
  rmSync(directory, { recursive: true, force: true });
});

/** @param own the environment beside the home directory, which is empty. */
function serviceOf(own: Readonly<Record<string, string>>): TokenService {
  // What other modules would reach is not there.
  const elsewhere = { PCSCLITE_CSOCK_NAME: join(home, 'pcscd'), SOFTHSM2_CONF: join(home, 'softhsm2.conf') };
  const environment = { ...process.env, HOME: home, ...elsewhere, ...own };
  return realService({
    hosts: createTokenHosts({ bundle: bundle.path, environment }),
    environment,
  });
}

const inTpm = (uri: string) => ({ ...account(uri), pkcs11Lib: tpm.module });
const signer = (id = '01') => service.signer(inTpm(`pkcs11:token=laptop;id=%${id}`));

function isBy(id: string, signature: Uint8Array, label = token): boolean {
  return verify('sha256', message, createPublicKey(label.publicKey({ id })), signature);
}

describe('keys in a TPM', () => {
  it.each(kinds)('sign with one C_Sign and one C_Login: %s', async (_, id) => {
    const key = await signer(id);
    expect(key.key).toMatchObject({ token: { label: 'laptop' }, hardware: true, touch: 'never' });
    await key.unlock(human(token.pin));
    expect(isBy(id, await key.sign(message))).toBe(true);
    expect(await service.counts()).toEqual({ sign: 1, login: 1 });
  });

  it('are listed as what they are, each with a URI that finds it in no other module', async () => {
    const list = await service.tokens({ pkcs11Lib: tpm.module, login: false }, null);
    expect(tokensSchema.parse(list)).toEqual(list);
    expect(list.modules).toMatchObject([{ path: tpm.module, ok: true }]);
    const [listed] = list.tokens;
    expect(listed).toMatchObject({ label: 'laptop', kind: 'tpm', hardware: true, pin: { state: 'unknown' } });
    expect(listed?.keys.map(({ id, size, usable }) => [id, size, usable]).sort()).toEqual([
      ['01', 'P-256', true],
      ['02', 'P-384', true],
      ['03', '2048', true],
    ]);
    await service.lock();
    for (const { uri, certificate } of listed?.keys ?? []) {
      const found = await service.signer(account(uri));
      expect(found.certificate.sha256).toBe(certificate?.sha256);
      expect(processesWith(bundle.path)).toHaveLength(1);
    }
  });
});

describe('a wrong PIN', () => {
  afterEach(() => tpm.clearLockout());

  it('counts for every token of the TPM, and the third locks them all, with the way out said', async () => {
    const other = tpm.token('other', '654321');
    other.generateKey('P-256', { id: '01', label: 'other' });
    const { pem } = Authority.root(join(directory, 'other-ca')).issue({
      holder: { publicKey: other.publicKey({ id: '01' }) },
    });
    other.addCertificate(pem, { id: '01' });
    const ofOther = await service.signer(inTpm('pkcs11:token=other;id=%01'));
    await expect(ofOther.unlock(human('wrong1', null))).rejects.toMatchObject({ code: 'pin-incorrect' });
    const key = await signer();
    const person = human('wrong2', 'wrong3', token.pin);
    const locked = {
      code: 'pin-locked',
      message: expect.stringContaining('takes no PIN now') as string,
      remedy: expect.stringContaining('tpm2_dictionarylockout --clear-lockout') as string,
    };
    await expect(key.unlock(person)).rejects.toMatchObject(locked);
    expect(person.asked).toHaveLength(3);
    await expect(ofOther.unlock(human(other.pin))).rejects.toMatchObject(locked);
    expect(tpm.wrongPins()).toBe(3);
    tpm.clearLockout();
    await key.unlock(human(token.pin));
    expect(isBy('01', await key.sign(message))).toBe(true);
    await ofOther.unlock(human(other.pin));
    expect(isBy('01', await ofOther.sign(message), other)).toBe(true);
  });
});

describe('a TPM that goes away', () => {
  it('between two signatures fails the next one, and signs again when it is back, with the PIN still held', async () => {
    const key = await signer();
    await key.unlock(human(token.pin));
    await key.sign(message);
    await tpm.stop();
    await expect(key.sign(message)).rejects.toMatchObject({
      code: 'token-failed',
      message: expect.stringContaining('The TPM did not answer') as string,
      remedy: expect.not.stringContaining('nplug') as string,
    });
    await expect(key.sign(message)).rejects.toMatchObject({ code: 'token-failed' });
    await tpm.start();
    await key.unlock(nobody);
    expect(isBy('01', await key.sign(message))).toBe(true);
    expect(processesWith(bundle.path)).toHaveLength(1);
    expect(tpm.wrongPins()).toBe(0);
  });

  it('during a signature fails it, and signs again when it is back', async () => {
    const key = await signer();
    await key.unlock(human(token.pin));
    await key.sign(message);
    tpm.pause();
    const signature = key.sign(message);
    const failed = expect(signature).rejects.toMatchObject({ code: 'token-failed' });
    const before = await Promise.race([
      signature.catch(() => 'failed'),
      new Promise((resolve) => setTimeout(resolve, 200)),
    ]);
    expect(before).toBeUndefined(); // it waits for an answer
    await tpm.stop();
    await failed;
    await tpm.start();
    await key.unlock(human(token.pin));
    expect(isBy('01', await key.sign(message))).toBe(true);
    expect(processesWith(bundle.path)).toHaveLength(1);
  });

  it('is not found by who begins then, and is found when it is back', async () => {
    await tpm.stop();
    await expect(signer()).rejects.toMatchObject({ code: 'token-failed' });
    await tpm.start();
    const key = await signer();
    await key.unlock(human(token.pin));
    expect(isBy('01', await key.sign(message))).toBe(true);
  });
});

describe('without a store', () => {
  const withoutStore = (): Record<string, string> =>
    Object.fromEntries(Object.entries(tpm.environment).filter(([name]) => name !== 'TPM2_PKCS11_STORE'));

  it('the module would make one in the home directory', async () => {
    const client = new HostClient({
      path: tpm.module,
      hosts: createTokenHosts({
        bundle: bundle.path,
        environment: { ...process.env, HOME: home, ...withoutStore() },
      }),
      clock: fastClock(),
      log: silentLog,
      onEnd: () => undefined,
    });
    await client.request('tokens', { fresh: true });
    await client.end();
    expect(readdirSync(join(home, '.tpm2_pkcs11'))).toContain('tpm2_pkcs11.sqlite3');
  });

  it.each([
    ['none is named', withoutStore],
    [
      'the one named is empty',
      () => ({ ...withoutStore(), TPM2_PKCS11_STORE: mkdtempSync(join(directory, 'empty-')) }),
    ],
    [
      'the one named is not there',
      () => ({ ...withoutStore(), TPM2_PKCS11_STORE: join(directory, 'missing') }),
    ],
  ])('the module is not loaded and nothing is written: %s', async (_, environment) => {
    const own = serviceOf(environment());
    const error = { code: 'tpm-store-missing' };
    await expect(own.signer(inTpm('pkcs11:token=laptop'))).rejects.toMatchObject(error);
    await expect(own.tokens({ pkcs11Lib: tpm.module, login: false }, null)).rejects.toMatchObject(error);
    const { modules } = await own.tokens({ pkcs11Lib: null, login: false }, null);
    expect(modules.find(({ path }) => path.includes('tpm2'))).toMatchObject({ ok: false, error });
    await own.close();
    await until(() => processesWith(bundle.path).length === 0, 'no host runs');
    expect(readdirSync(home)).toEqual([]);
  });

  it('of the home directory one is found that was made by tpm2_ptool', async () => {
    const folder = join(home, '.tpm2_pkcs11');
    tpm.run('cp', ['-r', tpm.store, folder]);
    const own = serviceOf(withoutStore());
    const key = await own.signer(inTpm('pkcs11:token=laptop;id=%01'));
    await key.unlock(human(token.pin));
    expect(isBy('01', await key.sign(message))).toBe(true);
    await own.close();
  });
});
