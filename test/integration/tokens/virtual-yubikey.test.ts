/** The virtual YubiKey is a judge: the tools of real ones accept it, and it refuses what a real one refuses. */
import { createPublicKey, generateKeyPairSync, verify, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Authority } from '../../support/pki/authority.ts';
import type { PivKeyType } from '../../support/virtual-yubikey/piv-key.ts';
import type { VirtualYubikey } from '../../support/virtual-yubikey/virtual-yubikey.ts';
import { YubikeyWorld } from '../../support/virtual-yubikey/yubikey-world.ts';
import { until } from './host-process.ts';

const directory = mkdtempSync(join(tmpdir(), 'virtual-yubikey-'));
const file = (name: string): string => join(directory, name);
const ykcs11 = '/usr/lib/x86_64-linux-gnu/libykcs11.so.2';
const algorithmNames = { 'P-256': 'ECCP256', 'P-384': 'ECCP384', 'RSA-2048': 'RSA2048' } as const;
const types = ['P-256', 'P-384', 'RSA-2048'] as const satisfies readonly PivKeyType[];

let world: YubikeyWorld;
let key: VirtualYubikey;
let other: VirtualYubikey;

beforeAll(async () => {
  world = await YubikeyWorld.start();
  key = await world.insert({ serial: 12345678 });
  other = await world.insert({ serial: 87654321, reader: 1 });
});

afterAll(async () => {
  await world.dispose();
  rmSync(directory, { recursive: true, force: true });
});

const piv = (...args: string[]): Promise<string> =>
  world.run('yubico-piv-tool', ['--reader', world.readers[0]!, ...args]);

/** Signs with Yubico's tool. @returns the signature: DER for EC keys. */
async function sign(slot: string, type: PivKeyType, action = withoutPin): Promise<Buffer> {
  writeFileSync(file('message'), 'message');
  const files = ['--sign', '--input', file('message'), '--output', file('signature')];
  const hash = type === 'P-384' ? 'SHA384' : 'SHA256';
  await piv(...action, ...files, '--slot', slot, '--algorithm', algorithmNames[type], '--hash', hash);
  return readFileSync(file('signature'));
}

const withoutPin = ['--action', 'status'];
const withPin = ['--action', 'verify-pin', '--pin', '123456'];
const isSignature = (publicPem: string, type: PivKeyType, signature: Buffer): boolean =>
  verify(
    type === 'P-384' ? 'sha384' : 'sha256',
    Buffer.from('message'),
    createPublicKey(publicPem),
    signature,
  );

describe('a virtual YubiKey, before Yubico’s tool', () => {
  it('says its serial, its firmware and its tries', async () => {
    const status = await piv('--action', 'status');
    expect(status).toMatch(/Version:\s*5\.4\.3/);
    expect(status).toMatch(/Serial Number:\s*12345678/);
    expect(status).toMatch(/PIN tries left:\s*3/);
  });

  it.each(types)('makes keys, signs with them and attests them: %s', async (type) => {
    const generated = await piv('--action', 'generate', '--slot', '9a', '--algorithm', algorithmNames[type]);
    const before = key.counts;
    expect(isSignature(generated, type, await sign('9a', type, withPin))).toBe(true);
    expect(key.counts).toEqual({
      verify: before.verify + 1,
      generalAuthenticate: before.generalAuthenticate + 1,
    });
    const attestation = new X509Certificate(await piv('--action', 'attest', '--slot', '9a'));
    const issuer = new X509Certificate(await piv('--action', 'read-certificate', '--slot', 'f9'));
    expect(attestation.verify(issuer.publicKey)).toBe(true);
    expect(attestation.publicKey.equals(createPublicKey(generated))).toBe(true);
  });

  it.each(types)('takes keys from outside, and attests none of them: %s', async (type) => {
    const pair =
      type === 'RSA-2048'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve: type });
    writeFileSync(file('key.pem'), pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await piv('--action', 'import-key', '--slot', '9d', '--input', file('key.pem'));
    const publicPem = pair.publicKey.export({ type: 'spki', format: 'pem' }) as string;
    expect(isSignature(publicPem, type, await sign('9d', type, withPin))).toBe(true);
    await expect(piv('--action', 'attest', '--slot', '9d')).rejects.toThrow('Command failed');
    expect(key.importKey('9d', readFileSync(file('key.pem'), 'utf8'))).toBe(publicPem);
  });

  it('keeps certificates', async () => {
    const authority = Authority.root(file('ca'));
    const { der, pem } = authority.issue({ holder: { publicKey: key.generate('82', 'P-256') } });
    writeFileSync(file('certificate.pem'), pem);
    await piv('--action', 'import-certificate', '--slot', '82', '--input', file('certificate.pem'));
    expect(key.certificate('82')?.equals(der)).toBe(true);
    expect(new X509Certificate(await piv('--action', 'read-certificate', '--slot', '82')).raw).toEqual(der);
    await piv('--action', 'delete-certificate', '--slot', '82');
    await expect(piv('--action', 'read-certificate', '--slot', '82')).rejects.toThrow('Command failed');
  });

  it('wants the PIN once, each time or never, as the key’s policy says', async () => {
    const once = key.generate('9a', 'P-256');
    await expect(sign('9a', 'P-256')).rejects.toThrow('Command failed');
    expect(isSignature(once, 'P-256', await sign('9a', 'P-256', withPin))).toBe(true);
    const never = key.generate('9e', 'P-256');
    expect(isSignature(never, 'P-256', await sign('9e', 'P-256'))).toBe(true);
    const always = key.generate('9c', 'P-256');
    await expect(sign('9c', 'P-256')).rejects.toThrow('Command failed');
    expect(isSignature(always, 'P-256', await sign('9c', 'P-256', withPin))).toBe(true);
  });

  it('counts wrong PINs, blocks, and is unblocked by its PUK', async () => {
    const wrong = () => piv('--action', 'verify-pin', '--pin', '000000');
    const { verify: before } = key.counts;
    for (const left of [2, 1, 0]) {
      await expect(wrong()).rejects.toThrow('Command failed');
      expect(key.pinTriesLeft).toBe(left);
    }
    await expect(piv(...withPin)).rejects.toThrow('Command failed');
    expect(key.counts.verify).toBe(before + 4);
    await piv('--action', 'unblock-pin', '--pin', '12345678', '--new-pin', '123456');
    expect(key.pinTriesLeft).toBe(3);
    await piv('--action', 'change-pin', '--pin', '123456', '--new-pin', '654321');
    expect(key.pin).toBe('654321');
    key.changePin('123456');
    await piv(...withPin);
  });

  it('changes nothing for who does not know the management key', async () => {
    const foreign = '000102030405060708090a0b0c0d0e0f1011121314151617';
    const generate = ['--action', 'generate', '--slot', '9a', '--algorithm', 'ECCP256'];
    await expect(piv(...generate, `--key=${foreign}`)).rejects.toThrow('Command failed');
    await piv('--action', 'set-mgm-key', '--new-key', foreign);
    await expect(piv(...generate)).rejects.toThrow('Command failed');
    await piv(...generate, `--key=${foreign}`);
    const original = '010203040506070801020304050607080102030405060708';
    await piv('--action', 'set-mgm-key', `--key=${foreign}`, '--new-key', original);
  });

  it('is told apart from another by its reader', async () => {
    const status = await world.run('yubico-piv-tool', ['--reader', world.readers[1]!, '--action', 'status']);
    expect(status).toMatch(/Serial Number:\s*87654321/);
    expect(other.counts).toEqual({ verify: 0, generalAuthenticate: 0 });
  });
});

describe('touch', () => {
  it('is waited for, and nothing else stands still', async () => {
    const publicPem = key.generate('9a', 'P-256', { touchPolicy: 'always' });
    expect(() => key.touch()).toThrow('waits for no touch');
    const signature = sign('9a', 'P-256', withPin);
    await until(() => key.isWaitingForTouch, 'the card waits');
    key.touch();
    expect(isSignature(publicPem, 'P-256', await signature)).toBe(true);
    expect(key.isWaitingForTouch).toBe(false);
  });

  it('that is not given in time is a refusal', async () => {
    key.generate('9a', 'P-256', { touchPolicy: 'always' });
    key.touchTimeoutMs = 50;
    await expect(sign('9a', 'P-256', withPin)).rejects.toThrow('Command failed');
    key.touchTimeoutMs = 15_000;
  });

  it('serves for a while where the policy says so, and not where it does not', async () => {
    key.touchTimeoutMs = 50;
    for (const [touchPolicy, again] of [
      ['cached', true],
      ['always', false],
    ] as const) {
      const publicPem = key.generate('9a', 'P-256', { touchPolicy, pinPolicy: 'never' });
      key.isHeld = true;
      expect(isSignature(publicPem, 'P-256', await sign('9a', 'P-256'))).toBe(true);
      key.isHeld = false;
      const second = await sign('9a', 'P-256').then(
        () => true,
        () => false,
      );
      expect(second).toBe(again);
    }
    key.touchTimeoutMs = 15_000;
  });

  it('is waited for no longer by a card that was pulled out', async () => {
    key.generate('9a', 'P-256', { touchPolicy: 'always' });
    const signature = sign('9a', 'P-256', withPin);
    signature.catch(() => undefined);
    await until(() => key.isWaitingForTouch, 'the card waits');
    await key.remove();
    expect(key.isWaitingForTouch).toBe(false);
    await expect(signature).rejects.toThrow();
    await key.insert();
  });
});

describe('a virtual YubiKey, before OpenSC', () => {
  it('is a PIV card with keys and certificates', async () => {
    const authority = Authority.root(file('opensc-ca'));
    key.importCertificate('9a', authority.issue({ holder: { publicKey: key.generate('9a', 'P-256') } }).der);
    const reader = ['--reader', world.readers[0]!];
    expect(await world.run('opensc-tool', [...reader, '--name'])).toBe(
      'Personal Identity Verification Card\n',
    );
    const listing = await world.run('pkcs15-tool', [...reader, '--list-certificates', '--list-keys']);
    expect(listing).toMatch(/X\.509 Certificate \[Certificate for PIV Authentication\]/);
    expect(listing).toMatch(/Private EC Key \[PIV AUTH key\]/);
  });
});

describe('plugging', () => {
  const serials = async (): Promise<string[]> => {
    const slots = await world.run('pkcs11-tool', ['--module', ykcs11, '--list-token-slots']);
    return Array.from(slots.matchAll(/serial num\s*: (\d+)/g), ([, serial]) => serial!);
  };

  it('is seen by Yubico’s module, in either reader', async () => {
    expect(await serials()).toEqual(['12345678', '87654321']);
    await key.remove();
    expect(await serials()).toEqual(['87654321']);
    await other.remove();
    await key.insert(1);
    expect([key.reader, other.reader]).toEqual([1, null]);
    expect(await serials()).toEqual(['12345678']);
    await key.remove();
    await key.insert(0);
    await other.insert();
    expect(other.reader).toBe(1);
  });

  it('survives the reader service, whose stop leaves nothing that answers', async () => {
    await world.stopReaderService();
    expect(existsSync(world.environment.PCSCLITE_CSOCK_NAME!)).toBe(false);
    await expect(piv('--action', 'status')).rejects.toThrow('Command failed');
    await world.startReaderService();
    expect(await serials()).toEqual(['12345678', '87654321']);
  });

  it('a reset by another program makes the card forget the PIN', async () => {
    await key.reset();
    expect(await serials()).toContain('12345678');
  });
});
