/** YubiKeys through the real libykcs11: what a card is asked is counted on the card. */
import { verify, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tokensSchema, type TokenInfo } from '../../../src/shared/model.ts';
import { createTokenHosts } from '../../../src/main/node/token-hosts.ts';
import type { Signer } from '../../../src/main/tokens/signer.ts';
import type { TokenService } from '../../../src/main/tokens/token-service.ts';
import { Authority } from '../../support/pki/authority.ts';
import { generateKey } from '../../support/pki/keys.ts';
import type { KeyPolicy, PivKeyType } from '../../support/virtual-yubikey/piv-key.ts';
import { ykcs11Id } from '../../support/virtual-yubikey/slots.ts';
import type { VirtualYubikey } from '../../support/virtual-yubikey/virtual-yubikey.ts';
import { YubikeyWorld } from '../../support/virtual-yubikey/yubikey-world.ts';
import { human, nobody } from '../../unit/tokens/doubles.ts';
import { account } from '../../unit/tokens/world.ts';
import { bundleTokenHost, type HostBundle } from './host-bundle.ts';
import { processesWith, until } from './host-process.ts';
import { realService } from './real-service.ts';

const message = Buffer.from('message');
const directory = mkdtempSync(join(tmpdir(), 'yubikey-'));
const libraries = '/usr/lib/x86_64-linux-gnu';
const ykcs11 = join(libraries, 'libykcs11.so');

let bundle: HostBundle;
let authority: Authority;
let world: YubikeyWorld;
let key: VirtualYubikey;
let service: TokenService;

beforeAll(async () => {
  bundle = await bundleTokenHost();
  authority = Authority.root(join(directory, 'ca'));
  world = await YubikeyWorld.start();
  key = await world.insert({ serial: 12345678 });
});

beforeEach(() => {
  key.restoreFactory();
  const elsewhere = { SOFTHSM2_CONF: join(directory, 'softhsm2.conf'), TPM2_PKCS11_STORE: directory };
  service = realService({
    hosts: createTokenHosts({
      bundle: bundle.path,
      environment: { ...process.env, ...elsewhere, ...world.environment },
    }),
  });
});

afterEach(() => service.close());

afterAll(async () => {
  await world.dispose();
  bundle.remove();
  rmSync(directory, { recursive: true, force: true });
});

/** A key made on a YubiKey, with a certificate of its own. */
function makeKey(slot: string, type: PivKeyType, policy: Partial<KeyPolicy> = {}, on = key): void {
  certify(slot, on.generate(slot, type, policy), on);
}

function certify(slot: string, publicPem: string, on = key, subject = `/CN=${slot}`): void {
  on.importCertificate(slot, authority.issue({ subject, holder: { publicKey: publicPem } }).der);
}

const withYkcs11 = (uri: string) => ({ ...account(uri), pkcs11Lib: ykcs11 });
const signer = (slot: string, serial = 12345678): Promise<Signer> =>
  service.signer(withYkcs11(`pkcs11:serial=${String(serial)};id=%${ykcs11Id(slot)}`));

/** Whether the certificate in the slot belongs to the signature. */
function isBy(slot: string, signature: Uint8Array, on = key): boolean {
  return verify('sha256', message, new X509Certificate(on.certificate(slot)!).publicKey, signature);
}

describe.each(['9a', '9c', '9d', '9e', '82', '95'])('a key in slot %s', (slot) => {
  it.each(['P-256', 'P-384', 'RSA-2048'] as const)('signs, and the card signs once: %s', async (type) => {
    makeKey(slot, type);
    const found = await signer(slot);
    expect(found.key).toMatchObject({
      token: { label: 'YubiKey PIV #12345678', serial: '12345678' },
      hardware: true,
      touch: 'never',
      alwaysAuthenticate: slot === '9c',
    });
    await found.unlock(human(key.pin));
    expect(key.counts).toEqual({ verify: 1, generalAuthenticate: 0 });
    for (const signatures of [1, 2]) {
      expect(isBy(slot, await found.sign(message))).toBe(true);
      expect(key.counts).toEqual({
        verify: slot === '9c' ? 1 + signatures : 1,
        generalAuthenticate: signatures,
      });
    }
    expect(await service.counts()).toEqual({ sign: 2, login: slot === '9c' ? 3 : 1 });
  });
});

describe('a key that wants the PIN for each signature, in a slot where the module does not know it', () => {
  it('signs once where the YubiKey attests it', async () => {
    makeKey('9a', 'P-256', { pinPolicy: 'always' });
    const found = await signer('9a');
    expect(found.key.alwaysAuthenticate).toBe(true);
    await found.unlock(human(key.pin));
    for (const signatures of [1, 2]) {
      expect(isBy('9a', await found.sign(message))).toBe(true);
      expect(key.counts).toEqual({ verify: 1 + signatures, generalAuthenticate: signatures });
    }
  });

  it('signs at the second attempt where the key is imported and nothing tells of it', async () => {
    certify('82', key.importKey('82', generateKey('P-256').privatePem, { pinPolicy: 'always' }));
    const found = await signer('82');
    await found.unlock(human(key.pin));
    expect(isBy('82', await found.sign(message))).toBe(true);
    expect(isBy('82', await found.sign(message))).toBe(true);
    expect(key.pinTriesLeft).toBe(3);
  });
});

describe('PINs', () => {
  beforeEach(() => makeKey('9a', 'P-256'));

  it('that were typed are all that the card is shown, each once', async () => {
    const person = human('000000', '111111', key.pin);
    const found = await signer('9a');
    await found.unlock(person);
    await found.sign(message);
    expect(person.asked).toMatchObject([
      { kind: 'pin', triesLeft: null, finalTry: false, previous: null },
      { triesLeft: 2, finalTry: false, previous: 'incorrect' },
      { triesLeft: 1, finalTry: true, previous: 'incorrect' },
    ]);
    expect(key.counts).toEqual({ verify: 3, generalAuthenticate: 1 });
    expect(await service.counts()).toEqual({ sign: 1, login: 3 });
  });

  it('that are refused cost one try each, and none is sent again', async () => {
    const found = await signer('9a');
    await expect(found.unlock(human('000000', null))).rejects.toMatchObject({ code: 'pin-incorrect' });
    await expect(found.sign(message)).rejects.toMatchObject({ code: 'pin-needed' });
    await expect(found.unlock(null)).rejects.toMatchObject({ code: 'pin-needed' });
    expect(key.counts).toEqual({ verify: 1, generalAuthenticate: 0 });
    expect(key.pinTriesLeft).toBe(2);
  });

  it('are not asked for once the card has locked', async () => {
    const found = await signer('9a');
    await expect(found.unlock(human('000000', '000000', '000000'))).rejects.toMatchObject({
      code: 'pin-locked',
    });
    expect(key.counts.verify).toBe(3);
    await expect(found.unlock(nobody)).rejects.toMatchObject({ code: 'pin-locked' });
    expect(key.counts.verify).toBe(3);
  });

  it.each([
    ['5 characters', '12345'],
    ['9 characters', '123456789'],
    ['256 characters', '1'.repeat(256)],
    ['letters that take two bytes each', 'äöüäöü'],
  ])('of a length no YubiKey has cost no try: %s', async (_, pin) => {
    const person = human(pin, key.pin);
    const found = await signer('9a');
    await found.unlock(person);
    expect(person.asked).toMatchObject([{ previous: null }, { previous: 'length', triesLeft: null }]);
    expect(key.counts.verify).toBe(1);
    expect(isBy('9a', await found.sign(message))).toBe(true);
  });

  it('may have letters that are no ASCII', async () => {
    key.changePin('gehéim');
    const found = await signer('9a');
    await found.unlock(human('gehéim'));
    expect(isBy('9a', await found.sign(message))).toBe(true);
    expect(key.counts.verify).toBe(1);
  });
});

describe('two YubiKeys', () => {
  let other: VirtualYubikey;
  beforeEach(async () => {
    other = await world.insert({ serial: 87654321, pin: '654321', reader: 1 });
    makeKey('9a', 'P-256');
    makeKey('9a', 'P-256', {}, other);
  });
  afterEach(() => other.remove());

  it('are told apart by serial, and sign at the same time, each with its PIN', async () => {
    const first = await signer('9a', key.serial);
    const second = await signer('9a', other.serial);
    const [one, two] = [human(key.pin), human(other.pin)];
    await Promise.all([first.unlock(one), second.unlock(two)]);
    expect(one.asked).toMatchObject([{ token: { serial: '12345678' } }]);
    expect(two.asked).toMatchObject([{ token: { serial: '87654321' } }]);
    const [a, b] = await Promise.all([first.sign(message), second.sign(message)]);
    expect([isBy('9a', a), isBy('9a', b, other)]).toEqual([true, true]);
    for (const card of [key, other]) expect(card.counts).toEqual({ verify: 1, generalAuthenticate: 1 });
  });

  it('that a URI both names are one too many, and it says how to name one', async () => {
    await expect(service.signer(withYkcs11('pkcs11:id=%01'))).rejects.toMatchObject({
      code: 'key-ambiguous',
      message: 'The URI names 2 keys.',
      remedy: expect.stringMatching(/serial=12345678.* or .*serial=87654321/) as string,
    });
  });
});

describe('the list of tokens', () => {
  const list = async (login = false): Promise<TokenInfo[]> => {
    const query = { pkcs11Lib: null, login };
    const tokens = await service.tokens(query, login ? human(key.pin) : null);
    expect(tokensSchema.parse(tokens)).toEqual(tokens);
    expect(tokens.modules.map(({ path }) => path)).toEqual(
      expect.arrayContaining([ykcs11, join(libraries, 'opensc-pkcs11.so')]),
    );
    return tokens.tokens;
  };

  it('has every field of the contract, from libykcs11 alone, before login', async () => {
    makeKey('9a', 'P-256', { touchPolicy: 'cached' });
    makeKey('9c', 'RSA-2048', { touchPolicy: 'always' });
    makeKey('82', 'P-384', { pinPolicy: 'always' });
    const uri = (id: string): string =>
      'pkcs11:token=YubiKey%20PIV%20%2312345678;manufacturer=Yubico%20(www.yubico.com);' +
      `serial=12345678;model=YubiKey%20YK5;id=%${id};type=private`;
    const certificate = (slot: string) => {
      const x509 = new X509Certificate(key.certificate(slot)!);
      const time = (text: string): string => new Date(text).toISOString().replace('.000Z', 'Z');
      return {
        sha256: x509.fingerprint256.replaceAll(':', '').toLowerCase(),
        subject: `CN=${slot}`,
        issuer: 'C=ZZ, O=Test, CN=Test Root',
        serial: BigInt(`0x${x509.serialNumber}`).toString(),
        notBefore: time(x509.validFrom),
        notAfter: time(x509.validTo),
      };
    };
    expect(await list()).toEqual([
      {
        module: ykcs11,
        label: 'YubiKey PIV #12345678',
        manufacturer: 'Yubico (www.yubico.com)',
        model: 'YubiKey YK5',
        serial: '12345678',
        firmware: '5.4.3',
        kind: 'yubikey',
        hardware: true,
        pin: { state: 'ok', triesLeft: null },
        keys: [
          {
            ...{ uri: uri('01'), id: '01', label: 'Public key for PIV Authentication' },
            ...{ type: 'EC', size: 'P-256', touch: 'cached', alwaysAuthenticate: false },
            ...{ certificate: certificate('9a'), usable: true, problems: [] },
          },
          {
            ...{ uri: uri('05'), id: '05', label: 'Public key for Retired Key 1' },
            ...{ type: 'EC', size: 'P-384', touch: 'never', alwaysAuthenticate: true },
            ...{ certificate: certificate('82'), usable: true, problems: [] },
          },
          {
            ...{ uri: uri('02'), id: '02', label: 'Public key for Digital Signature' },
            ...{ type: 'RSA', size: '2048', touch: 'always', alwaysAuthenticate: true },
            ...{ certificate: certificate('9c'), usable: true, problems: [] },
          },
        ],
      },
    ]);
    expect(key.counts).toEqual({ verify: 0, generalAuthenticate: 0 });
    await until(() => processesWith(bundle.path).length === 0, 'no host runs');
  });

  it('with login shows the same keys and asks one PIN, though OpenSC sees them too', async () => {
    makeKey('9a', 'P-256', { touchPolicy: 'cached' });
    makeKey('9c', 'RSA-2048');
    const before = await list();
    const after = await list(true);
    const facts = (tokens: TokenInfo[]) =>
      tokens.map(({ keys, ...token }) => [token, keys.map((one) => ({ ...one, label: '' }))]);
    expect(facts(after)).toEqual(facts(before));
    expect(key.counts.verify).toBe(1);
  });

  it('shows what OpenSC sees where it is the one that is asked', async () => {
    makeKey('9a', 'P-256', { touchPolicy: 'cached' });
    const query = { pkcs11Lib: join(libraries, 'opensc-pkcs11.so'), login: false };
    expect((await service.tokens(query, null)).tokens).toMatchObject([
      {
        ...{ label: '9a', manufacturer: 'piv_II', kind: 'yubikey', hardware: true },
        keys: [{ id: '01', touch: 'unknown', certificate: { subject: 'CN=9a' }, usable: true }],
      },
    ]);
  });

  it.each([
    [2, { state: 'low', triesLeft: 2 }],
    [1, { state: 'final', triesLeft: 1 }],
    [0, { state: 'locked', triesLeft: 0 }],
  ])('tells that %d tries are left', async (left, pin) => {
    for (let tries = 3; tries > left; tries -= 1) {
      await world.run('yubico-piv-tool', ['-a', 'verify-pin', '-P', '000000']).catch(() => undefined);
    }
    expect((await list())[0]!.pin).toEqual(pin);
  });

  it('says what is wrong with a key that has no certificate, or another’s', async () => {
    key.generate('9a', 'P-256');
    key.generate('9c', 'P-256');
    certify('9c', generateKey('P-256').publicPem);
    const problems = (tokens: TokenInfo[]) =>
      tokens[0]!.keys.map(({ id, usable, problems: all }) => [id, usable, all.map(({ code }) => code)]);
    for (const login of [false, true]) {
      expect(problems(await list(login))).toEqual([
        ['01', false, ['cert-missing']],
        ['02', false, ['cert-key-mismatch']],
      ]);
    }
    await expect(signer('9a')).rejects.toMatchObject({ code: 'cert-missing' });
    await expect(signer('9c')).rejects.toMatchObject({ code: 'cert-key-mismatch' });
  });

  it('believes libykcs11 that there is a key for a certificate, and its absence is an error of the signature', async () => {
    certify('9d', generateKey('P-256').publicPem);
    expect((await list(true))[0]!.keys).toMatchObject([{ id: '03', usable: true }]);
    const found = await signer('9d');
    await found.unlock(null);
    await expect(found.sign(message)).rejects.toMatchObject({ code: 'token-failed' });
  });
});

describe('what changes on the card while the app runs', () => {
  beforeEach(() => makeKey('9a', 'P-256'));

  it('is seen in the list: a new certificate', async () => {
    const found = await signer('9a');
    await found.unlock(human(key.pin));
    const { publicKey } = new X509Certificate(key.certificate('9a')!);
    const publicPem = publicKey.export({ type: 'spki', format: 'pem' });
    certify('9a', publicPem.toString(), key, '/CN=renewed');
    const { tokens } = await service.tokens({ pkcs11Lib: ykcs11, login: false }, null);
    expect(tokens[0]!.keys[0]!.certificate).toMatchObject({ subject: 'CN=renewed' });
    expect((await signer('9a')).certificate.subject).toBe('CN=renewed');
    expect(isBy('9a', await found.sign(message))).toBe(true);
  });

  it('is never signed with under the old name: a new key', async () => {
    const found = await signer('9a');
    await found.unlock(human(key.pin));
    makeKey('9a', 'P-256');
    await expect(found.sign(message)).rejects.toMatchObject({ code: 'cert-key-mismatch' });
    const again = await signer('9a');
    await again.unlock(human(key.pin));
    expect(isBy('9a', await again.sign(message))).toBe(true);
  });
});
