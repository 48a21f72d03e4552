/** PINs with the vendors' real modules, counted by the card: no try that nobody typed or chose to have remembered. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTokenHosts } from '../../../src/main/node/token-hosts.ts';
import type { Signer } from '../../../src/main/tokens/signer.ts';
import type { TokenService } from '../../../src/main/tokens/token-service.ts';
import type { TokenInfo } from '../../../src/shared/model.ts';
import { Authority } from '../../support/pki/authority.ts';
import type { VirtualYubikey } from '../../support/virtual-yubikey/virtual-yubikey.ts';
import { YubikeyWorld } from '../../support/virtual-yubikey/yubikey-world.ts';
import { failureOf } from '../../unit/failure-of.ts';
import { human, nobody } from '../../unit/tokens/doubles.ts';
import { account, FakeRemembered } from '../../unit/tokens/world.ts';
import { bundleTokenHost, type HostBundle } from './host-bundle.ts';
import { realService } from './real-service.ts';

const message = Buffer.from('message');
const directory = mkdtempSync(join(tmpdir(), 'pins-'));
const library = '/usr/lib/x86_64-linux-gnu';
const right = '123456';

let bundle: HostBundle;
let world: YubikeyWorld;
let key: VirtualYubikey;
let remembered: FakeRemembered;
let service: TokenService;

beforeAll(async () => {
  bundle = await bundleTokenHost();
  const authority = Authority.root(join(directory, 'ca'));
  world = await YubikeyWorld.start();
  key = world.create({ serial: 12345678 });
  key.setChuid();
  await key.insert();
  for (const slot of ['9a', '9c'] as const) {
    const holder = { key: 'P-256' } as const;
    const { privateKeyPem, der } = authority.identity({ name: slot, subject: `/CN=${slot}`, holder });
    key.importKey(slot, privateKeyPem);
    key.importCertificate(slot, der);
  }
});
beforeEach(() => {
  remembered = new FakeRemembered();
  service = newService();
});
afterEach(async () => {
  await service.close();
  key.changePin(right);
  key.restorePinTries();
});
afterAll(async () => {
  await world.dispose();
  bundle.remove();
  rmSync(directory, { recursive: true, force: true });
});

function newService(): TokenService {
  return realService({
    hosts: createTokenHosts({
      bundle: bundle.path,
      environment: { ...process.env, ...world.environment },
    }),
    remembered,
  });
}

/** VERIFY with a PIN in it since now. */
function countTries(): () => number {
  const before = key.counts.verify;
  return () => key.counts.verify - before;
}

describe.each([
  ['libykcs11', `${library}/libykcs11.so.2`],
  ['OpenSC', `${library}/opensc-pkcs11.so`],
])('a YubiKey through %s', (_, pkcs11Lib) => {
  const signerOf = (id: string): Promise<Signer> =>
    service.signer({ ...account(`pkcs11:id=%${id}`), pkcs11Lib });
  const restart = async (): Promise<void> => {
    await service.close();
    service = newService();
  };
  const isYubico = pkcs11Lib.includes('libykcs11');
  async function spendTwoTries(): Promise<void> {
    for (const wrong of ['111111', '222222']) {
      await world.run('yubico-piv-tool', ['-a', 'verify-pin', '-P', wrong]).catch(() => undefined);
    }
    expect(key.pinTriesLeft).toBe(1);
  }
  /** By a program that does not reset the card when it leaves, as yubico-piv-tool does: modules hear nothing of it. */
  async function spendTwoTriesQuietly(): Promise<void> {
    const select = ['-s', '00:A4:04:00:05:A0:00:00:03:08'];
    const verify = ['-s', '00:20:00:80:08:31:31:31:31:31:31:FF:FF'];
    await world.run('opensc-tool', ['--reader', world.readers[0]!, ...select, ...verify, ...verify]);
    expect(key.pinTriesLeft).toBe(1);
  }
  async function pinState(): Promise<TokenInfo['pin']> {
    const { tokens } = await service.tokens({ pkcs11Lib, login: false }, null);
    return tokens[0]!.pin;
  }

  it('spends one try for one typed PIN, and none for its signatures', async () => {
    const tries = countTries();
    const signer = await signerOf('01');
    await signer.unlock(human(right));
    expect(tries()).toBe(1);
    await signer.sign(message);
    await signer.sign(message);
    expect(tries()).toBe(1);
  });

  it.each([
    ['of 5 characters', '12345'],
    ['of 9', '123456789'],
    ['of 256', '1'.repeat(256)],
    ['of 7 characters, which are 9 bytes', 'größe12'],
  ])('spends no try for a PIN %s', async (_name, typed) => {
    const tries = countTries();
    const person = human(typed, null);
    expect(await failureOf((await signerOf('01')).unlock(person))).toMatchObject({ code: 'pin-length' });
    expect(person.asked).toMatchObject([{ previous: null }, { previous: 'length' }]);
    expect(tries()).toBe(0);
    expect(key.pinTriesLeft).toBe(3);
  });

  it('takes a PIN of 8 bytes that are no ASCII', async () => {
    key.changePin('größe1');
    const tries = countTries();
    const signer = await signerOf('01');
    await signer.unlock(human('größe1'));
    await signer.sign(message);
    expect(tries()).toBe(1);
  });

  it('tells what wrong PINs leave, and asks before the last try', async () => {
    const tries = countTries();
    const person = human('111111', '222222', null);
    expect(await failureOf((await signerOf('01')).unlock(person))).toMatchObject({ code: 'pin-incorrect' });
    expect(person.asked).toMatchObject([
      { previous: null, finalTry: false },
      { previous: 'incorrect', finalTry: false },
      { previous: 'incorrect', finalTry: true, triesLeft: 1 },
    ]);
    expect(tries()).toBe(2);
    expect(await pinState()).toEqual({ state: 'final', triesLeft: 1 });
  });

  it('that locks says how a YubiKey is unblocked, which is how it works again', async () => {
    const tries = countTries();
    const person = human('111111', '222222', '333333', right);
    expect(await failureOf((await signerOf('01')).unlock(person))).toMatchObject({ code: 'pin-locked' });
    expect(tries()).toBe(3);
    await restart();
    const failure = await failureOf((await signerOf('01')).unlock(nobody));
    expect(failure).toMatchObject({
      code: 'pin-locked',
      remedy: expect.stringContaining('yubico-piv-tool -a unblock-pin') as string,
    });
    expect(tries()).toBe(3);
    await world.run('yubico-piv-tool', ['-a', 'unblock-pin', '-P', '12345678', '-N', right]);
    const signer = await signerOf('01');
    await signer.unlock(human(right));
    await signer.sign(message);
  });

  it('spends one try for a remembered PIN that is wrong by now, and forgets it', async () => {
    await (await signerOf('01')).unlock(human({ keep: right }));
    expect(remembered.pins).toEqual([right]);
    await restart();
    const tries = countTries();
    const signer = await signerOf('01');
    await signer.unlock(null);
    await signer.sign(message);
    expect(tries()).toBe(1);
    await restart();
    key.changePin('654321');
    expect(await failureOf((await signerOf('01')).unlock(null))).toMatchObject({ code: 'pin-needed' });
    expect(tries()).toBe(2);
    expect(remembered.pins).toEqual([]);
    expect(await failureOf((await signerOf('01')).unlock(null))).toMatchObject({ code: 'pin-needed' });
    expect(tries()).toBe(2);
  });

  it('keeps the last try from what is held and what is remembered', async () => {
    await (await signerOf('02')).unlock(human({ keep: right }));
    key.changePin('654321');
    await spendTwoTries();
    const tries = countTries();
    const signer = await signerOf('02');
    expect(signer.readyWithoutHuman()).toBe(false);
    expect(await failureOf(signer.unlock(null))).toMatchObject({ code: 'pin-final' });
    expect(await failureOf(signer.sign(message))).toMatchObject({ code: 'pin-final' });
    const person = human(null);
    expect(await failureOf(signer.unlock(person))).toMatchObject({ code: 'pin-final' });
    expect(person.asked).toMatchObject([{ finalTry: true, triesLeft: 1 }]);
    expect(tries()).toBe(0);
    await signer.unlock(human('654321'));
    await signer.sign(message);
    expect(key.pinTriesLeft).toBe(3);
  });

  it.each(['01', '02'])(
    'spends one try in all where the PIN that is held and remembered is wrong by now, seen by a signature of %s',
    async (id) => {
      const signer = await signerOf(id);
      await signer.unlock(human({ keep: right }));
      await signer.sign(message);
      key.changePin('654321');
      await key.reset();
      const tries = countTries();
      expect(await failureOf(signer.sign(message))).toMatchObject({ code: 'pin-needed' });
      expect(await failureOf(signer.unlock(null))).toMatchObject({ code: 'pin-needed' });
      expect(await failureOf(signer.unlock(human(null)))).toMatchObject({ code: 'pin-needed' });
      expect(tries()).toBe(1);
      expect(key.pinTriesLeft).toBe(2);
      expect(remembered.pins).toEqual([]);
      expect(remembered.told).toMatchObject([{ code: 'remembered-pin-refused' }]);
    },
  );

  it('spends one try in all where it is wrong by now, seen by a login', async () => {
    await (await signerOf('01')).unlock(human({ keep: right }));
    key.changePin('654321');
    await service.tokens({ pkcs11Lib, login: false }, null); // which ends the login, and holds the PIN
    const tries = countTries();
    const person = human('654321');
    await service.tokens({ pkcs11Lib, login: true }, person);
    expect(person.asked).toMatchObject([{ kind: 'pin', triesLeft: isYubico ? 2 : null }]);
    expect(tries()).toBe(2);
    expect(remembered.pins).toEqual([]);
  });

  it.each([
    ['a remembered PIN', 'remembered'],
    ['a held PIN', 'held'],
  ])('sees what other programs left of the tries before %s is sent', async (_name, which) => {
    const first = await signerOf('01');
    await first.unlock(human(which === 'held' ? right : { keep: right }));
    await first.sign(message);
    if (which === 'remembered') await restart();
    const signer = which === 'held' ? first : await signerOf('01'); // the module is held from here on
    key.changePin('654321');
    await spendTwoTriesQuietly();
    const tries = countTries();
    if (which === 'held') {
      expect(await failureOf(signer.sign(message))).toMatchObject({ code: 'pin-final' });
    }
    expect(await failureOf(signer.unlock(null))).toMatchObject({ code: 'pin-final' });
    const person = human(null);
    expect(await failureOf(signer.unlock(person))).toMatchObject({ code: 'pin-final' });
    expect(person.asked).toMatchObject([{ finalTry: true, triesLeft: 1 }]);
    expect(tries()).toBe(0);
    expect(key.pinTriesLeft).toBe(1);
  });
});
