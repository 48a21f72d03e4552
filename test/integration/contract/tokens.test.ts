/** `tokens`. */
import { X509Certificate, createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pin, World } from '../../support/world/world.ts';
import { jsonFailure, success, textFailure } from './expectations.ts';
import { status, tokens } from './shapes.ts';

let world: World;

beforeAll(async () => {
  world = await World.open();
  world.token.generateKey('rsa:2048', { id: '02', label: 'no certificate' });
  world.hsm.token('empty', pin);
});
afterAll(() => world.dispose());

const list = async (...flags: readonly string[]) =>
  success(await world.rolekey(['tokens', ...flags, '--json']), tokens);

describe('tokens', () => {
  it('lists modules, tokens and keys with their certificates, without logging in', async () => {
    const { modules, tokens: found } = await list();
    expect(modules.find(({ path }) => path === found[0]!.module)).toMatchObject({ ok: true, error: null });
    expect(found.map(({ label }) => label).sort()).toEqual(['empty', 'laptop']);
    const laptop = found.find(({ label }) => label === 'laptop')!;
    expect(laptop).toMatchObject({ kind: 'softhsm', hardware: false, pin: { state: 'ok', triesLeft: null } });
    expect(laptop.serial).toMatch(/^[0-9a-f]{16}$/);
    const certificate = new X509Certificate(world.device.certificate.pem);
    expect(laptop.keys.find(({ id }) => id === '01')).toMatchObject({
      label: 'device',
      type: 'EC',
      size: 'P-256',
      alwaysAuthenticate: false,
      usable: true,
      problems: [],
      certificate: {
        sha256: createHash('sha256').update(certificate.raw).digest('hex'),
        serial: BigInt(`0x${certificate.serialNumber}`).toString(),
        notBefore: new Date(certificate.validFrom).toISOString().replace('.000', ''),
        notAfter: new Date(certificate.validTo).toISOString().replace('.000', ''),
      },
    });
    expect(laptop.keys.find(({ id }) => id === '02')).toMatchObject({
      type: 'RSA',
      size: '2048',
      certificate: null,
    });
  });

  it('a URI it prints names exactly that key', async () => {
    const [key] = (await list()).tokens.flatMap(({ keys }) => keys).filter(({ id }) => id === '01');
    await world.addAccount('by-uri', '--private-key', key!.uri);
    await world.connect('by-uri');
    const { accounts } = success(await world.rolekey(['status', 'by-uri', '--json']), status);
    expect(accounts[0]!.key.uri).toBe(key!.uri);
    await world.rolekey(['accounts', 'remove', 'by-uri', '--yes']);
  });

  it('as text holds every URI on a line of its own', async () => {
    const { stdout } = await world.rolekey(['tokens']);
    for (const { uri } of (await list()).tokens.flatMap(({ keys }) => keys)) {
      expect(stdout.split('\n').map((line) => line.trim())).toContain(uri);
    }
    expect(stdout).toContain('not hardware');
  });

  it('holds no PIN, also not of a token whose PIN is held', async () => {
    await world.addAccount('with-pin');
    await world.connect('with-pin');
    for (const words of [['tokens', '--json'], ['tokens']]) {
      const { code, stdout, stderr } = await world.rolekey(words);
      expect(code).toBe(0);
      expect(stdout).toContain('laptop');
      expect(stdout + stderr).not.toContain(pin);
    }
    await world.rolekey(['accounts', 'remove', 'with-pin', '--yes']);
  });
});

describe('--pkcs11-lib', () => {
  it('takes a path, not nothing', async () => {
    expect(textFailure(await world.rolekey(['tokens', '--pkcs11-lib', '']), 2)).toContain('--pkcs11-lib');
  });

  it('looks through that module only', async () => {
    const { modules } = await list('--pkcs11-lib', world.hsm.module);
    expect(modules.map(({ path }) => path)).toEqual([world.hsm.module]);
  });

  it.each([
    ['that is not there', 'module-missing', () => '/no/such/module.so'],
    ['that is no library', 'module-not-pkcs11', () => world.file('home/plain.so', 'plain text')],
    ['that is empty', 'module-not-pkcs11', () => world.file('home/empty.so', '')],
    ['that is a folder', 'module-not-pkcs11', () => world.home],
  ])('%s is %s', async (_what, code, path) => {
    const words = ['tokens', '--pkcs11-lib', path()];
    expect(jsonFailure(await world.rolekey([...words, '--json']), code).message).toContain(path());
    textFailure(await world.rolekey(words), 1);
  });

  it('of a library that is no PKCS#11 module is module-not-pkcs11, with nothing asked', async () => {
    const library = world.file('home/libz.so', await readLibrary());
    jsonFailure(await world.rolekey(['tokens', '--pkcs11-lib', library, '--json']), 'module-not-pkcs11');
    const terminal = world.terminal(['tokens', '--pkcs11-lib', library]);
    expect(await terminal.ended).toBe(1);
    expect(terminal.output).not.toContain('Type yes');
  });

  it('of a module not on the built-in list is confirmed once, at a terminal, and again when it changes', async () => {
    const module = world.file('home/own.so', await readFileOf(world.hsm.module));
    const words = ['tokens', '--pkcs11-lib', module, '--json'];
    expect(jsonFailure(await world.rolekey(words), 'module-unconfirmed').message).toContain(
      'never confirmed',
    );

    const refusing = world.terminal(words);
    await refusing.shows('Type yes');
    refusing.type('no\r');
    expect(await refusing.ended).toBe(1);
    jsonFailure(await world.rolekey(words), 'module-unconfirmed');

    const terminal = world.terminal(words);
    await terminal.shows(module);
    await terminal.shows('SHA-256');
    await terminal.shows('Type yes');
    terminal.type('yes\r');
    expect(await terminal.ended).toBe(0);
    expect((await list('--pkcs11-lib', module)).tokens).toHaveLength(2);

    world.file('home/own.so', Buffer.concat([await readFileOf(world.hsm.module), Buffer.from('\0')]));
    const changed = jsonFailure(await world.rolekey(words), 'module-unconfirmed');
    expect(changed.message).toContain('changed since you confirmed it');
    const again = world.terminal(words);
    await again.shows('THIS MODULE CHANGED');
    again.type('no\r');
    expect(await again.ended).toBe(1);
  });
});

describe('--login', () => {
  it('without a terminal is exit 3', async () => {
    await world.rolekey(['lock']);
    const words = ['tokens', '--pkcs11-lib', world.hsm.module, '--login'];
    jsonFailure(await world.rolekey([...words, '--json']), 'pin-needed');
    textFailure(await world.rolekey(words), 3);
  });

  it('at a terminal asks the PIN of each token', async () => {
    const words = ['tokens', '--pkcs11-lib', world.hsm.module, '--login', '--json'];
    const stdoutFile = `${world.home}/tokens.json`;
    const terminal = world.terminal(words, { stdoutFile });
    const at = await terminal.shows('PIN of ');
    await settled();
    terminal.type(`${pin}\r`);
    await terminal.shows('PIN of ', at);
    await settled();
    terminal.type(`${pin}\r`);
    expect(await terminal.ended).toBe(0);
    const document = tokens.parse(JSON.parse((await readFileOf(stdoutFile)).toString()));
    expect(document.tokens).toHaveLength(2);
    expect(terminal.output).not.toContain(pin);
  });
});

const settled = () => new Promise((resolve) => setTimeout(resolve, 150));

async function readFileOf(path: string): Promise<Buffer> {
  const { readFile } = await import('node:fs/promises');
  return readFile(path);
}

/** A real shared library that is no PKCS#11 module. */
async function readLibrary(): Promise<Buffer> {
  const { stdout } = await world.run('sh', [
    '-c',
    'ls /usr/lib/*/libz.so.1 /lib/*/libz.so.1 2>/dev/null | head -1',
  ]);
  return readFileOf(stdout.trim());
}
