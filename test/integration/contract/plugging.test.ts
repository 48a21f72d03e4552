/** A key that comes and goes, at the command line: what `status` says without anybody asking again, and silent renewals. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { VirtualYubikey } from '../../support/virtual-yubikey/virtual-yubikey.ts';
import { YubikeyWorld } from '../../support/virtual-yubikey/yubikey-world.ts';
import { World } from '../../support/world/world.ts';
import { success } from './expectations.ts';
import { status, type State } from './shapes.ts';

let world: World;
let ports: YubikeyWorld;
let key: VirtualYubikey;

beforeAll(async () => {
  world = await World.open();
  ports = await YubikeyWorld.start();
  key = ports.create({ serial: 12345678 });
  const publicKey = key.generate('9a', 'P-256', { touchPolicy: 'never' });
  key.importCertificate('9a', world.authority.issue({ subject: '/CN=laptop-1', holder: { publicKey } }).der);
  await world.startAgent(ports.environment);
  await world.addAccount('dev', '--private-key', 'pkcs11:serial=12345678;id=%01');
});

afterAll(async () => {
  await world.dispose();
  await ports.dispose();
});

const connect = () => world.rolekey(['connect', 'dev', '--pin-stdin'], { stdin: `${key.pin}\n` });

/** Waits until `status` says so. */
async function until(expected: Partial<State>): Promise<void> {
  let state: State | null = null;
  for (const deadline = Date.now() + 20_000; Date.now() < deadline;) {
    state = success(await world.rolekey(['status', 'dev', '--json']), status).accounts[0]!.state;
    if (Object.entries(expected).every(([name, value]) => state?.[name as keyof State] === value)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(state).toMatchObject(expected);
}

it('a key that is plugged in after its account wanted it is seen, and says that it needs its PIN', async () => {
  expect(await connect()).toMatchObject({ code: 4 });
  await until({ activity: 'needs-you', reason: 'token-absent' });
  await key.insert();
  await until({ activity: 'needs-you', reason: 'pin' });
  expect(key.counts).toEqual({ verify: 0, generalAuthenticate: 0 });
});

it('a key that is pulled out before its PIN is typed is waited for again', async () => {
  await key.remove();
  await until({ activity: 'needs-you', reason: 'token-absent' });
  await key.insert();
  await until({ activity: 'needs-you', reason: 'pin' });
});

it('a key that is pulled out once it is connected changes nothing, and its PIN is asked for the next time', async () => {
  expect(await connect()).toMatchObject({ code: 0 });
  await key.remove();
  await new Promise((resolve) => setTimeout(resolve, 2500)); // the host looks twice meanwhile
  await until({ activity: 'idle', reason: null });
  await key.insert();
  await world.rolekey(['disconnect', 'dev']);
  expect(await world.rolekey(['connect', 'dev'])).toMatchObject({ code: 3 });
  expect(key.counts).toEqual({ verify: 1, generalAuthenticate: 1 });
  expect(await connect()).toMatchObject({ code: 0 });
});

it('a reader service that is started anew is not noticed: the next connect asks nobody', async () => {
  const before = key.counts;
  await world.rolekey(['disconnect', 'dev']);
  await ports.stopReaderService();
  await ports.startReaderService();
  expect(await world.rolekey(['connect', 'dev'])).toMatchObject({ code: 0 });
  expect(key.counts).toEqual({
    verify: before.verify + 1,
    generalAuthenticate: before.generalAuthenticate + 1,
  });
});
