/** Touch, with the vendor's real modules: told when a card waits for it, given or not, and given up. */
import { createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTokenHosts } from '../../../src/main/node/token-hosts.ts';
import type { Human, Signer } from '../../../src/main/tokens/signer.ts';
import type { TokenService } from '../../../src/main/tokens/token-service.ts';
import { Authority } from '../../support/pki/authority.ts';
import type { PivKeyType } from '../../support/virtual-yubikey/piv-key.ts';
import type { KeyPolicy } from '../../support/virtual-yubikey/piv-key.ts';
import type { VirtualYubikey } from '../../support/virtual-yubikey/virtual-yubikey.ts';
import { YubikeyWorld } from '../../support/virtual-yubikey/yubikey-world.ts';
import { failureOf } from '../../unit/failure-of.ts';
import { human, TouchScreen } from '../../unit/tokens/doubles.ts';
import { account } from '../../unit/tokens/world.ts';
import { bundleTokenHost, type HostBundle } from './host-bundle.ts';
import { until } from './host-process.ts';
import { realService } from './real-service.ts';

const message = Buffer.from('message');
const directory = mkdtempSync(join(tmpdir(), 'touch-'));
const library = '/usr/lib/x86_64-linux-gnu';

let bundle: HostBundle;
let world: YubikeyWorld;
let key: VirtualYubikey;
let authority: Authority;
let service: TokenService;

beforeAll(async () => {
  bundle = await bundleTokenHost();
  authority = Authority.root(join(directory, 'ca'));
  world = await YubikeyWorld.start();
  key = world.create({ serial: 12345678 });
  key.setChuid();
  await key.insert();
});

beforeEach(() => {
  service = realService({
    hosts: createTokenHosts({
      bundle: bundle.path,
      environment: { ...process.env, ...world.environment },
    }),
  });
});

afterEach(async () => {
  await service.close();
  key.isHeld = false;
  key.touchTimeoutMs = 15_000;
});

afterAll(async () => {
  await world.dispose();
  bundle.remove();
  rmSync(directory, { recursive: true, force: true });
});

/** Somebody who watches for touches. */
class Watcher extends TouchScreen {
  readonly human: Human = { accounts: ['Work'], askedBy: 'a test', prompts: this };
}

/** What the card was asked since. */
function counter(): () => { verify: number; generalAuthenticate: number } {
  const before = key.counts;
  return () => ({
    verify: key.counts.verify - before.verify,
    generalAuthenticate: key.counts.generalAuthenticate - before.generalAuthenticate,
  });
}

describe.each([
  // OpenSC shows the card its PIN again and tries anew, and once more over all of that: one C_Sign waits four times.
  ['libykcs11', join(library, 'libykcs11.so'), 1, true],
  ['OpenSC', join(library, 'opensc-pkcs11.so'), 4, false],
] as const)('through %s', (_, module, waitsOfModule, attests) => {
  const id = '%01';
  let publicPem: string;

  function keyWith(touchPolicy: KeyPolicy['touchPolicy'], type: PivKeyType = 'P-256'): void {
    publicPem = key.generate('9a', type, { touchPolicy });
    key.importCertificate(
      '9a',
      authority.issue({ subject: '/CN=device', holder: { publicKey: publicPem } }).der,
    );
  }

  /** Of such a key nothing tells what it wants. */
  function keyFromOutside(touchPolicy: KeyPolicy['touchPolicy']): void {
    const { privateKeyPem, der } = authority.identity({ subject: '/CN=device' });
    publicPem = key.importKey('9a', privateKeyPem, { touchPolicy });
    key.importCertificate('9a', der);
  }

  /** Logged in with the PIN. */
  async function openSigner(): Promise<Signer> {
    const signer = await service.signer({ ...account(`pkcs11:id=${id}`), pkcs11Lib: module });
    await signer.unlock(human(key.pin));
    return signer;
  }

  const isRight = (signature: Uint8Array): boolean =>
    verify('sha256', message, createPublicKey(publicPem), signature);

  it.each(['P-256', 'RSA-2048'] as const)(
    'a touch that is given costs one signature and one PIN: %s',
    async (type) => {
      keyWith('always', type);
      const counts = counter();
      const signer = await openSigner();
      const watcher = new Watcher();
      const signing = signer.sign(message, watcher.human);
      await until(() => key.isWaitingForTouch && watcher.up === 1, 'the touch is told');
      expect(watcher.shown).toMatchObject([
        { kind: 'touch', token: signer.key.token, accounts: ['Work'], askedBy: 'a test' },
      ]);
      key.touch();
      expect(isRight(await signing)).toBe(true);
      expect(counts()).toEqual({ verify: 1, generalAuthenticate: 1 });
      await until(() => watcher.up === 0, 'it is told no more');
    },
  );

  it('a key that wants none is told of nobody', async () => {
    keyWith('never');
    const counts = counter();
    const signer = await openSigner();
    const watcher = new Watcher();
    expect(isRight(await signer.sign(message, watcher.human))).toBe(true);
    expect(counts()).toEqual({ verify: 1, generalAuthenticate: 1 });
    expect(watcher.shown).toEqual([]);
  });

  it('one touch serves the next signature where it is cached', async () => {
    keyWith('cached');
    await key.remove(); // with its power goes the touch it remembers
    await key.insert();
    const counts = counter();
    const signer = await openSigner();
    const watcher = new Watcher();
    const first = signer.sign(message, watcher.human);
    await until(() => watcher.up === 1, 'the touch is told');
    key.touch();
    expect(isRight(await first)).toBe(true);
    expect(isRight(await signer.sign(message, watcher.human))).toBe(true);
    expect(watcher.shown).toHaveLength(1);
    expect(counts()).toEqual({ verify: 1, generalAuthenticate: 2 });
  });

  it('a touch that is not given is no lost login: the PIN is held, and the next signature wants only a touch', async () => {
    keyFromOutside('always');
    key.touchTimeoutMs = 6000 / waitsOfModule;
    const counts = counter();
    const signer = await openSigner();
    const watcher = new Watcher();
    expect(signer.key.touch).toBe('unknown');
    expect(await failureOf(signer.sign(message, watcher.human))).toMatchObject({ code: 'touch-needed' });
    expect(watcher.shown).toHaveLength(1);
    expect(counts().generalAuthenticate).toBe(waitsOfModule);
    key.isHeld = true;
    const again = await service.signer({ ...account(`pkcs11:id=${id}`), pkcs11Lib: module });
    expect(again.key.touch).toBe('always');
    expect(again.readyWithoutHuman()).toBe(false);
    await again.unlock(null);
    expect(isRight(await again.sign(message, watcher.human))).toBe(true);
    expect(counts().generalAuthenticate).toBe(waitsOfModule + 1);
    expect(key.pinTriesLeft).toBe(3);
  });

  // OpenSC shows no attestation, which tells the policy.
  if (attests)
    it('a touch that is known to be wanted is told from a lost login sooner', async () => {
      keyWith('always');
      key.touchTimeoutMs = 3000;
      const counts = counter();
      const signer = await openSigner();
      expect(signer.key.touch).toBe('always');
      expect(signer.readyWithoutHuman()).toBe(false);
      expect(await failureOf(signer.sign(message, new Watcher().human))).toMatchObject({
        code: 'touch-needed',
      });
      expect(counts().generalAuthenticate).toBe(waitsOfModule);
    });

  it.each(['never', 'always'] as const)(
    'a login that another program ended is no touch: it comes back by itself (%s)',
    async (touch) => {
      keyWith(touch);
      key.isHeld = true;
      const signer = await openSigner();
      const counts = counter();
      await key.reset();
      const watcher = new Watcher();
      expect(isRight(await signer.sign(message, watcher.human))).toBe(true);
      expect(watcher.shown).toEqual([]);
      expect(counts().verify).toBe(1);
    },
  );

  it('waiting that is ended is over at once; what the card still does is dropped, and nothing is signed twice', async () => {
    keyWith('always');
    const counts = counter();
    const signer = await openSigner();
    const watcher = new Watcher();
    const signing = failureOf(signer.sign(message, watcher.human));
    await until(() => watcher.up === 1, 'the touch is told');
    watcher.cancel();
    expect(await signing).toMatchObject({ code: 'touch-needed' });
    expect(key.isWaitingForTouch).toBe(true);
    const next = signer.sign(message, watcher.human);
    key.touch();
    await until(() => counts().generalAuthenticate === 2 && key.isWaitingForTouch, 'the next one begins');
    key.touch();
    expect(isRight(await next)).toBe(true);
    expect(counts()).toEqual({ verify: 1, generalAuthenticate: 2 });
  });
});
