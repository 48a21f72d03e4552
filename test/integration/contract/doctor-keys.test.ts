/** `doctor` of hardware keys: a virtual YubiKey behind a real pcscd, and a TPM, each through the maker's own module. */
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Tpm } from '../../support/tpm/tpm.ts';
import type { VirtualYubikey } from '../../support/virtual-yubikey/virtual-yubikey.ts';
import { YubikeyWorld } from '../../support/virtual-yubikey/yubikey-world.ts';
import { World } from '../../support/world/world.ts';
import { documentOf } from './expectations.ts';
import { findings, type Finding } from './shapes.ts';

let world: World;

async function doctor(...ids: string[]): Promise<Finding[]> {
  return documentOf(await world.rolekey(['doctor', ...ids, '--json']), findings).findings;
}
const short = (found: readonly Finding[], ...checks: Finding['check'][]): string[] =>
  found.filter(({ check }) => checks.includes(check)).map(({ status, check }) => `${status} ${check}`);
const of = (found: readonly Finding[], check: Finding['check'], subject?: string): Finding =>
  found.find((each) => each.check === check && (subject === undefined || each.subject.includes(subject)))!;

beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.dispose());
afterEach(() => world.rolekey(['agent', 'stop']));

describe('a YubiKey', () => {
  let yubikeys: YubikeyWorld;
  let key: VirtualYubikey;

  beforeAll(async () => {
    yubikeys = await YubikeyWorld.start();
    key = await yubikeys.insert({ serial: 20_261_130 });
    for (const slot of ['9a', '9c'] as const) {
      const publicKey = key.generate(slot, 'P-256', slot === '9a' ? { touchPolicy: 'always' } : {});
      key.importCertificate(slot, world.authority.issue({ holder: { publicKey } }).der);
    }
    const uri = (id: string) => `pkcs11:token=YubiKey%20PIV%20%2320261130;id=%0${id}`;
    await world.addAccount('touched', '--private-key', uri('1'));
    await world.addAccount('signing', '--private-key', uri('2'));
    await world.rolekey(['agent', 'stop']);
  });
  afterAll(() => yubikeys.dispose());

  const start = () => world.startAgent(yubikeys.environment);

  it('that is in order is told of without a PIN tried or a signature made', async () => {
    await start();
    const { verify, generalAuthenticate } = key.counts;
    const found = await doctor('touched', 'signing');
    expect(found.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(of(found, 'reader').message).toMatch(/answers/);
    expect(of(found, 'module', 'ykcs11').message).toMatch(/^Loaded .*; tokens: YubiKey PIV #20261130/);
    expect(of(found, 'pin', 'signing').message).toMatch(/PIN for every signature/);
    expect(key.counts).toEqual({ verify, generalAuthenticate });
    expect(key.pinTriesLeft).toBe(3);
  });

  it('that wants a touch cannot renew by itself, which is worth knowing', async () => {
    await start();
    expect(of(await doctor('touched'), 'touch')).toMatchObject({ status: 'ok', subject: 'touched' });
  });

  it('that is pulled out is a warning, and the service of readers is not to blame', async () => {
    await start();
    await key.remove();
    const found = await doctor('touched');
    await key.insert();
    expect(short(found, 'reader', 'token')).toEqual(['ok reader', 'warning token']);
  });

  it.each([
    [1, 'warning', /tries are left/],
    [2, 'warning', /^One try is left/],
    [3, 'problem', /is locked/],
  ])('whose PIN was wrong %d times elsewhere is a %s', async (wrongs, status, message) => {
    for (let n = 0; n < wrongs; n += 1) {
      await yubikeys.run('yubico-piv-tool', ['-a', 'verify-pin', '-P', '654321']).catch(() => undefined);
    }
    await start();
    const found = of(await doctor('touched'), 'pin');
    const left = key.pinTriesLeft;
    key.restorePinTries();
    expect(found.status).toBe(status);
    expect(found.message).toMatch(message);
    expect(left).toBe(3 - wrongs);
  });

  describe('behind a service that turns one away', () => {
    let polkit: Server;
    let socket: string;

    beforeAll(async () => {
      socket = join(world.directory, 'polkit.comm');
      polkit = createServer((connection) => connection.destroy());
      await new Promise<void>((resolve) => void polkit.listen(socket, resolve));
    });
    afterAll(() => void polkit.close());

    it('over ssh is told so, with the rule that lets one in', async () => {
      await world.startAgent({
        PCSCLITE_CSOCK_NAME: socket,
        SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22',
        USER: 'jo',
      });
      const found = of(await doctor('touched'), 'reader');
      expect(found).toMatchObject({ status: 'problem', subject: socket });
      expect(found.message).toMatch(/polkit.*over ssh/);
      expect(found.remedy).toMatch(/org\.debian\.pcsc-lite\.access_.*"jo"/);
    });
  });

  it('behind a service that has stopped is a problem of the service', async () => {
    await yubikeys.stopReaderService();
    await start();
    const found = await doctor('touched');
    expect(of(found, 'reader').status).toBe('problem');
    expect(of(found, 'reader').remedy).toMatch(/sudo systemctl/);
    expect(found.filter(({ check, subject }) => check === 'module' && subject.includes('ykcs11'))).toEqual(
      [],
    );
  });
});

describe('a TPM', () => {
  let tpm: Tpm;

  beforeAll(async () => {
    tpm = await Tpm.create();
    const token = tpm.token('chip');
    token.generateKey('P-256', { id: '61', label: 'device' });
    const { pem } = world.authority.issue({ holder: { publicKey: token.publicKey({ id: '61' }) } });
    token.addCertificate(pem, { id: '61' });
    await world.addAccount('chip', '--private-key', 'pkcs11:token=chip;id=a');
    await world.rolekey(['agent', 'stop']);
  });
  afterAll(() => tpm.dispose());

  it('that is in order is told of, and its PIN is not tried', async () => {
    await world.startAgent(tpm.environment);
    const found = await doctor('chip');
    expect(found.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(of(found, 'module', 'tpm2').message).toMatch(/tokens: chip/);
    expect(tpm.wrongPins()).toBe(0);
  });

  it('whose PIN was found locked is told of, though no flag tells', async () => {
    await world.startAgent(tpm.environment);
    for (let tries = 0; tries < 4; tries += 1) {
      await world.rolekey(['connect', 'chip', '--pin-stdin'], { stdin: '000000\n' });
    }
    const found = of(await doctor('chip'), 'pin');
    tpm.clearLockout();
    expect(found).toMatchObject({ status: 'problem', subject: 'chip' });
    expect(found.remedy).toMatch(/tpm2_dictionarylockout --clear-lockout/);
  });

  it('that is gone is told of: its module cannot be used', async () => {
    await tpm.stop();
    await world.startAgent(tpm.environment);
    const found = await doctor('chip');
    await tpm.start();
    expect(of(found, 'module', 'tpm2').status).not.toBe('ok');
    expect(of(found, 'token').status).not.toBe('ok');
  });
});
