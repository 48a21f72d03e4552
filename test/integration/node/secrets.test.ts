/** The desktop's keyring as it is: a real gnome-keyring, open, locked, empty, without a keyring, and not there. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runKeyring } from '../../../src/main/node/run-keyring.ts';
import { createSecretStore } from '../../../src/main/node/secrets.ts';
import type { SecretStore } from '../../../src/main/ports.ts';
import { startBus } from '../../support/desktop/bus.ts';
import { Keyring } from '../../support/keyring/keyring.ts';
import { secretStoreContract } from '../../unit/tokens/secret-store-contract.ts';

// Inside the checkout, where keytar is found.
const cache = resolve('node_modules/.cache');
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, 'secrets-'));
const bundle = join(folder, 'keyring.cjs');

/** The adapter with its process, which is counted. */
function storeIn(
  environment: Readonly<Record<string, string>>,
): SecretStore & { readonly starts: () => number } {
  let starts = 0;
  const store = createSecretStore({
    platform: 'linux',
    environment: { PATH: '/usr/bin:/bin', HOME: folder, XDG_RUNTIME_DIR: folder, ...environment },
    bundle,
    run: (...args) => {
      starts += 1;
      return runKeyring(...args);
    },
  });
  return { ...store, starts: () => starts };
}

const undo: (() => unknown)[] = [];
const later = <T>(value: T, dispose: (value: T) => unknown): T => {
  undo.push(() => dispose(value));
  return value;
};
const newKeyring = async (): Promise<Keyring> => later(await Keyring.open(), (one) => one.dispose());

beforeAll(async () => {
  await build({
    ...{ entryPoints: ['src/main/node/keyring-process.ts'], outfile: bundle },
    ...{ bundle: true, platform: 'node', format: 'cjs', target: 'es2022' },
    ...{ external: ['keytar'], logLevel: 'warning' },
  });
});
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

secretStoreContract('gnome-keyring', async () => {
  const keyring = await Keyring.open();
  await keyring.appear();
  return {
    store: storeIn(keyring.environment),
    become: async (state) => {
      await keyring.vanish();
      if (state !== 'missing') await keyring.appear();
      if (state === 'locked') await keyring.lock();
    },
    dispose: () => keyring.dispose(),
  };
});

describe('a keyring that is not there', () => {
  it.each<[string, Record<string, string>]>([
    ['no message bus', {}],
    ['no message bus, but a screen', { DISPLAY: ':99' }],
    ['a bus that has gone', { DBUS_SESSION_BUS_ADDRESS: `unix:path=${folder}/gone` }],
  ])('because there is %s is told, and nothing is started', async (_, environment) => {
    const store = storeIn(environment);
    await expect(store.get('laptop 0a')).rejects.toMatchObject({ code: 'keyring-missing' });
    await expect(store.set('laptop 0a', '1')).rejects.toMatchObject({ code: 'keyring-missing' });
    expect(store.starts()).toBe(0);
  });

  it('because no service is on the bus is told', async () => {
    const bus = later(await startBus(), (one) => one.stop());
    const store = storeIn({ DBUS_SESSION_BUS_ADDRESS: bus.address });
    await expect(store.get('laptop 0a')).rejects.toMatchObject({ code: 'keyring-missing' });
  });

  it('because nobody made one yet is told where something is to be kept', async () => {
    const keyring = await newKeyring();
    await keyring.appear(false);
    const store = storeIn(keyring.environment);
    expect(await store.get('laptop 0a')).toBeNull();
    await expect(store.set('laptop 0a', '1')).rejects.toMatchObject({
      code: 'keyring-missing',
      message: 'There is no keyring yet that could keep a PIN.',
    });
    expect(keyring.questions).toBe(0);
  });

  it('any more is told, and found again when it is back', async () => {
    const keyring = await newKeyring();
    await keyring.appear();
    const store = storeIn(keyring.environment);
    await store.set('laptop 0a', '123456');
    await keyring.vanish();
    await expect(store.get('laptop 0a')).rejects.toMatchObject({ code: 'keyring-missing' });
    await keyring.appear();
    expect(await store.get('laptop 0a')).toBe('123456');
  });

  it('because its library is not installed is told', async () => {
    const keyring = await newKeyring();
    await keyring.appear();
    const environment = { PATH: '/usr/bin', ...keyring.environment };
    const elsewhere = later(mkdtempSync(join(tmpdir(), 'rolekey-keyring-')), (path) =>
      rmSync(path, { recursive: true }),
    );
    copyFileSync(bundle, join(elsewhere, 'keyring.cjs')); // where no keytar is found
    const store = createSecretStore({
      platform: 'linux',
      environment,
      bundle: join(elsewhere, 'keyring.cjs'),
    });
    await expect(store.set('laptop 0a', '1')).rejects.toMatchObject({
      code: 'keyring-missing',
      message: expect.stringContaining('libsecret') as string,
    });
  });

  it('because its process answers nothing, or nonsense, is a keyring that is locked', async () => {
    for (const answer of [undefined, null, {}, { result: 1 }, { failure: 'other' }, { failure: 'refused' }]) {
      const run = () => Promise.resolve(answer);
      const store = createSecretStore({ platform: 'darwin', environment: {}, bundle, run });
      await expect(store.get('laptop 0a')).rejects.toMatchObject({ code: 'keyring-locked' });
    }
  });
});

describe('a keyring that is locked', () => {
  it('is never made to ask for its password: not to read, to keep or to take away', async () => {
    const keyring = await newKeyring();
    await keyring.appear();
    const store = storeIn(keyring.environment);
    await store.set('laptop 0a', '123456');
    await keyring.lock();
    const uses = [
      () => store.get('laptop 0a'),
      () => store.set('laptop 0a', '1'),
      () => store.delete('laptop 0a'),
    ];
    for (const use of uses) await expect(use()).rejects.toMatchObject({ code: 'keyring-locked' });
    expect(keyring.questions).toBe(0);
    // What is counted does count: this is what a program gets that does not look before.
    const tool = ['lookup', 'service', 'Rolekey PIN', 'account', 'laptop 0a'];
    expect(() => execFileSync('secret-tool', tool, { env: envOf(keyring), stdio: 'pipe' })).toThrow();
    await expect.poll(() => keyring.questions).toBe(1);
  });

  it('from the beginning, with another password than the login’s, is told', async () => {
    const keyring = await newKeyring();
    await keyring.appear();
    await storeIn(keyring.environment).set('laptop 0a', '123456');
    await keyring.vanish();
    await keyring.appear(false);
    const store = storeIn(keyring.environment);
    await expect(store.get('laptop 0a')).rejects.toMatchObject({ code: 'keyring-locked' });
    expect(keyring.questions).toBe(0);
  });
});

describe('a keyring that is open', () => {
  it('can be read by any program of the user, as the question says, under a name that tells what it is', async () => {
    const keyring = await newKeyring();
    await keyring.appear();
    await storeIn(keyring.environment).set('laptop 0a', '123456');
    expect(await keyring.labels()).toEqual(['Rolekey PIN/laptop 0a']);
    const tool = ['lookup', 'service', 'Rolekey PIN', 'account', 'laptop 0a'];
    const read = execFileSync('secret-tool', tool, { env: envOf(keyring), encoding: 'utf8' });
    expect(read).toBe('123456');
  });

  it('says that it is empty where somebody took the secret away', async () => {
    const keyring = await newKeyring();
    await keyring.appear();
    const store = storeIn(keyring.environment);
    await store.set('laptop 0a', '123456');
    await keyring.empty();
    expect(await store.get('laptop 0a')).toBeNull();
  });

  it('is asked by dbus-send where gdbus is not installed, and by nobody where neither is', async () => {
    const keyring = await newKeyring();
    await keyring.appear();
    const tools = later(mkdtempSync(join(folder, 'tools-')), (path) => rmSync(path, { recursive: true }));
    const without = storeIn({ ...keyring.environment, PATH: tools });
    await expect(without.get('laptop 0a')).rejects.toMatchObject({
      code: 'keyring-missing',
      message: expect.stringContaining('gdbus') as string,
    });
    symlinkSync('/usr/bin/dbus-send', join(tools, 'dbus-send'));
    const store = storeIn({ ...keyring.environment, PATH: tools });
    expect(await store.get('laptop 0a')).toBeNull();
    await store.set('laptop 0a', '123456');
    expect(await store.get('laptop 0a')).toBe('123456');
    await keyring.lock();
    await expect(store.get('laptop 0a')).rejects.toMatchObject({ code: 'keyring-locked' });
    await expect(store.set('laptop 0a', '1')).rejects.toMatchObject({ code: 'keyring-locked' });
  });

  it('is not touched by a process that keeps nothing there', async () => {
    const keyring = await newKeyring();
    await keyring.appear();
    const store = storeIn(keyring.environment);
    expect(await store.get('laptop 0a')).toBeNull();
    await store.delete('laptop 0a');
    expect(store.starts()).toBe(0);
    await store.set('laptop 0a', '1');
    expect(store.starts()).toBe(1);
  });

  it.each(['', 'a,b', "it's", 'line\nbreak', 'x'.repeat(201)])(
    'takes no name that its tools could misread: %j',
    async (name) => {
      await expect(storeIn({}).get(name)).rejects.toMatchObject({ code: 'internal' });
    },
  );
});

function envOf(keyring: Keyring): NodeJS.ProcessEnv {
  return { PATH: '/usr/bin:/bin', HOME: folder, XDG_RUNTIME_DIR: folder, ...keyring.environment };
}
