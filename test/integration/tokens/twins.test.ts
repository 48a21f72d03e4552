/** Two YubiKeys that say the same of themselves through OpenSC: the same name on the certificate, and no CHUID. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createTokenHosts } from '../../../src/main/node/token-hosts.ts';
import type { Signer } from '../../../src/main/tokens/signer.ts';
import type { TokenService } from '../../../src/main/tokens/token-service.ts';
import { toErrorShape } from '../../../src/shared/errors.ts';
import { Authority } from '../../support/pki/authority.ts';
import type { VirtualYubikey } from '../../support/virtual-yubikey/virtual-yubikey.ts';
import { YubikeyWorld } from '../../support/virtual-yubikey/yubikey-world.ts';
import { failureOf } from '../../unit/failure-of.ts';
import { human } from '../../unit/tokens/doubles.ts';
import { account, FakeRemembered } from '../../unit/tokens/world.ts';
import { bundleTokenHost, type HostBundle } from './host-bundle.ts';
import { realService } from './real-service.ts';

const message = Buffer.from('message');
const directory = mkdtempSync(join(tmpdir(), 'twins-'));
const pkcs11Lib = '/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so';

let bundle: HostBundle;
let world: YubikeyWorld;
let one: VirtualYubikey;
let other: VirtualYubikey;
let remembered: FakeRemembered;
let service: TokenService;

beforeAll(async () => {
  bundle = await bundleTokenHost();
  const authority = Authority.root(join(directory, 'ca'));
  world = await YubikeyWorld.start();
  one = world.create({ serial: 12345678, pin: '123456' });
  other = world.create({ serial: 87654321, pin: '888888' });
  for (const key of [one, other]) {
    for (const slot of ['9a', '9c'] as const) {
      const name = `${String(key.serial)}-${slot}`;
      const identity = authority.identity({ name, subject: `/CN=${slot}`, holder: { key: 'P-256' } });
      key.importKey(slot, identity.privateKeyPem);
      key.importCertificate(slot, identity.der);
    }
  }
});
beforeEach(async () => {
  await one.insert(0);
  await other.insert(1);
  remembered = new FakeRemembered();
  service = realService({
    hosts: createTokenHosts({
      bundle: bundle.path,
      environment: { ...process.env, ...world.environment },
    }),
    remembered,
  });
});
afterEach(async () => {
  await service.close();
  for (const key of [one, other]) if (key.reader !== null) await key.remove();
});
afterAll(async () => {
  await world.dispose();
  bundle.remove();
  rmSync(directory, { recursive: true, force: true });
});

const signerOf = (uri: string): Promise<Signer> => service.signer({ ...account(uri), pkcs11Lib });
/** VERIFY with a PIN in it, of both. */
const tries = (): number[] => [one.counts.verify, other.counts.verify];

it('are both listed, each with its own keys, and each asks for its own PIN', async () => {
  const before = tries();
  const person = human('123456', '888888');
  const { tokens } = await service.tokens({ pkcs11Lib, login: true }, person);
  expect(tokens.map(({ label, serial }) => [label, serial])).toEqual([
    ['9a', '00000000'],
    ['9a', '00000000'],
  ]);
  const sums = tokens.map(({ keys }) => keys.map((each) => each.certificate?.sha256));
  expect(sums.map(({ length }) => length)).toEqual([2, 2]);
  expect(new Set(sums.flat()).size).toBe(4);
  expect(person.asked).toMatchObject([{ mayRemember: false }, { mayRemember: false }]);
  expect(tries()).toEqual(before.map((count) => count + 1));
});

it('are named by their slots where a URI means both', async () => {
  const failure = await failureOf(signerOf('pkcs11:id=%01'));
  expect(failure).toMatchObject({ code: 'key-ambiguous' });
  const { remedy } = toErrorShape(failure);
  const uris = [...remedy.matchAll(/pkcs11:\S*slot-id=[^\s.]*/g)].map(([uri]) => uri);
  expect(uris).toHaveLength(2);
  const signers = await Promise.all(uris.map(signerOf));
  expect(new Set(signers.map(({ certificate }) => certificate.sha256)).size).toBe(2);
});

it.each(['01', '02'])('do not get each other’s PIN when one takes the other’s place, with %s', async (id) => {
  await other.remove();
  const signer = await signerOf(`pkcs11:id=%${id}`);
  await signer.unlock(human({ keep: '123456' }));
  await signer.sign(message);
  expect(remembered.pins).toEqual([]);
  await one.remove();
  await other.insert(0);
  const before = tries();
  expect(await failureOf(signer.sign(message))).toMatchObject({ code: 'pin-needed' });
  const anew = await signerOf(`pkcs11:id=%${id}`);
  expect(await failureOf(anew.unlock(null))).toMatchObject({ code: 'pin-needed' });
  expect(tries()).toEqual(before);
  const person = human('888888');
  await anew.unlock(person);
  expect(person.asked).toHaveLength(1);
  await anew.sign(message);
});

it('signs many times with one PIN while the card stays in hand', async () => {
  await other.remove();
  const signers = await Promise.all(['01', '02'].map((id) => signerOf(`pkcs11:id=%${id}`)));
  const person = human('123456');
  for (const signer of signers) {
    await signer.unlock(person);
    await signer.sign(message);
  }
  expect(person.asked).toHaveLength(1);
});
