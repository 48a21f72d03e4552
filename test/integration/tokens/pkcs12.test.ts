/** PKCS#12 files as openssl makes them, and what is made out of those. */
import { createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAppError } from '../../../src/shared/errors.ts';
import { FileKeys } from '../../../src/main/tokens/file-keys.ts';
import { isPkcs12, openPkcs12File } from '../../../src/main/tokens/pkcs12-file.ts';
import {
  isSealed,
  unsealed,
  type SealedKey,
  type Signer,
  type SignerAccount,
} from '../../../src/main/tokens/signer.ts';
import { Authority, type Identity } from '../../support/pki/authority.ts';
import type { KeyKind } from '../../support/pki/keys.ts';
import {
  asBer,
  asBerInside,
  merged,
  pkcs12,
  withIterations,
  withMacOf,
  withPasswordlessMac,
  withPbmac1,
} from '../../support/pki/pkcs12.ts';
import { fastClock, filesOf, human, nobody, pensiveHuman } from '../../unit/tokens/doubles.ts';

const message = Buffer.from('message');
const path = '/keys/my key.p12';
const password = 'correct horse';
let directory: string;
let authority: Authority;
const identities = new Map<KeyKind, Identity>();

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'rolekey-p12-'));
  authority = Authority.root(join(directory, 'ca'));
  for (const key of ['P-256', 'P-384', 'P-521', 'RSA-2048'] as const) {
    identities.set(key, authority.identity({ subject: `/CN=${key}`, holder: { key } }));
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const isTaken = (): Promise<boolean> => Promise.resolve(false);
const at = (bytes: Uint8Array) => ({ bytes, path, pause, isTaken });
const device = (kind: KeyKind = 'P-256'): Identity => identities.get(kind)!;

/** A file with key, certificate and CA. */
function fileOf(flags: readonly string[] = [], kind: KeyKind = 'P-256', secret = password): Buffer {
  const { privateKeyPem, pem } = device(kind);
  return pkcs12({
    privatePem: privateKeyPem,
    certificates: [pem, authority.certificate.pem],
    password: secret,
    flags,
  });
}

function keysIn(bytes: Buffer, others: Readonly<Record<string, string>> = {}) {
  const contents: Record<string, string | Uint8Array> = { ...others, [path]: bytes };
  const keys = new FileKeys({ files: filesOf(contents), clock: fastClock() });
  const find = async (fields: Partial<SignerAccount> = {}): Promise<Signer | SealedKey> => {
    const account = { keys: [path], certificate: null, intermediates: null, pkcs11Lib: null, ...fields };
    const attempt = await keys.find(path, account);
    if ('absent' in attempt) throw attempt.absent;
    return attempt.signer;
  };
  return { keys, find, contents };
}

async function expectSignsAs(kind: KeyKind, signer: Signer): Promise<void> {
  expect(signer.certificate.subject).toBe(`CN=${kind}`);
  expect(signer.key).toMatchObject({ uri: path, token: null, hardware: false, touch: 'never' });
  expect(verify('sha256', message, createPublicKey(device(kind).pem), await signer.sign(message))).toBe(true);
}

const encryptions = [
  ['AES-256, as openssl makes it by itself', []],
  ['AES-128', ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-128-CBC']],
  ['AES-192', ['-keypbe', 'AES-192-CBC', '-certpbe', 'AES-192-CBC']],
  ['the key alone encrypted', ['-certpbe', 'NONE']],
  ['the certificates alone encrypted', ['-keypbe', 'NONE']],
  ['many iterations', ['-iter', '20000']],
  ['one iteration', ['-noiter', '-nomaciter']],
] as const;
const macs = [
  ['MAC with SHA-256', []],
  ['MAC with SHA-1', ['-macalg', 'sha1']],
  ['MAC with SHA-224', ['-macalg', 'sha224']],
  ['MAC with SHA-384', ['-macalg', 'sha384']],
  ['MAC with SHA-512', ['-macalg', 'sha512']],
  ['no MAC', ['-nomac']],
] as const;
const combinations = encryptions
  .flatMap(([encryption, first]) =>
    macs.map(([mac, second]): [string, readonly string[]] => [
      `${encryption}; ${mac}`,
      [...first, ...second],
    ]),
  )
  // openssl asks for no password and takes the empty one where neither key nor file needs any.
  .filter(([, flags]) => !(flags.includes('-keypbe') && flags.includes('NONE') && flags.includes('-nomac')));

describe('a PKCS#12 file', () => {
  it.each(combinations)(
    'is told by its content, opens with its password, and with no other: %s',
    async (_, flags) => {
      const bytes = fileOf(flags);
      expect(isPkcs12(bytes)).toBe(true);
      const { find } = keysIn(bytes);
      const sealed = await find();
      expect(isSealed(sealed)).toBe(true);
      const person = human('wrong', '', password);
      await sealed.unlock(person);
      expect(person.asked).toHaveLength(3);
      expect(person.asked.map((question) => 'previous' in question && question.previous)).toEqual([
        null,
        'incorrect',
        'incorrect',
      ]);
      const signer = unsealed(await find());
      expect(signer.readyWithoutHuman()).toBe(true);
      expect(signer.issuers.map(({ sha256 }) => sha256)).toHaveLength(1);
      await expectSignsAs('P-256', signer);
    },
  );

  it.each<KeyKind>(['P-384', 'P-521', 'RSA-2048'])('holds keys of every kind: %s', async (kind) => {
    const { find } = keysIn(fileOf([], kind));
    await (await find()).unlock(human(password));
    await expectSignsAs(kind, unsealed(await find()));
  });

  it.each<[string, readonly string[]]>([
    ['the empty password', []],
    ['the empty password, no MAC', ['-nomac']],
    ['nothing encrypted, no MAC', ['-keypbe', 'NONE', '-certpbe', 'NONE', '-nomac']],
    ['nothing encrypted', ['-keypbe', 'NONE', '-certpbe', 'NONE']],
    ['the certificates alone encrypted, no MAC', ['-keypbe', 'NONE', '-nomac']],
  ])('asks nobody where it has no password: %s', async (_, flags) => {
    const { find } = keysIn(fileOf(flags, 'P-256', ''));
    const signer = unsealed(await find());
    expect(signer.readyWithoutHuman()).toBe(true);
    await signer.unlock(nobody);
    await expectSignsAs('P-256', signer);
  });

  it('asks nobody where its MAC was made of no password at all', async () => {
    const { find } = keysIn(withPasswordlessMac(fileOf(['-keypbe', 'NONE', '-certpbe', 'NONE', '-nomac'])));
    await expectSignsAs('P-256', unsealed(await find()));
  });

  it.each(['pässwörd', 'пароль', 'pass✓word', '😀 smile', ' leading and trailing ', 'a'.repeat(200)])(
    'opens with a password of any letters: %s',
    async (secret) => {
      const { key } = await openPkcs12File(at(fileOf([], 'P-256', secret)), secret);
      expect(key.asymmetricKeyType).toBe('ec');
    },
  );

  it('opens with a MAC of RFC 9579 (PBMAC1), which tells a wrong password', async () => {
    const file = withPbmac1(fileOf(['-nomac']), password);
    expect((await openPkcs12File(at(file), password)).certificates).toHaveLength(2);
    await expect(openPkcs12File(at(file), 'wrong')).rejects.toMatchObject({ code: 'passphrase-incorrect' });
    const other = withPbmac1(fileOf(['-nomac']), 'another');
    await expect(openPkcs12File(at(other), password)).rejects.toMatchObject({
      message: expect.stringMatching(/was changed after it was made/) as string,
    });
  });

  it('opens where its lengths are left open and its strings in parts (BER)', async () => {
    const file = asBer(fileOf());
    expect(isPkcs12(file)).toBe(true);
    expect((await openPkcs12File(at(file), password)).certificates).toHaveLength(2);
    const inside = asBerInside(fileOf(['-nomac']));
    expect((await openPkcs12File(at(inside), password)).certificates).toHaveLength(2);
  });
});

describe('the password of a PKCS#12 file', () => {
  it('is asked once, kept until it is locked, and void with another file', async () => {
    const { keys, find, contents } = keysIn(fileOf());
    await (await find()).unlock(human(password));
    await (await find()).unlock(nobody);
    keys.forget();
    expect(isSealed(await find())).toBe(true);
    await (await find()).unlock(human(password));
    expect(isSealed(await find())).toBe(false);
    contents[path] = fileOf([], 'RSA-2048');
    expect(isSealed(await find())).toBe(true);
  });

  it('is asked once for several who wait', async () => {
    const { find } = keysIn(fileOf());
    const person = human(password);
    const [one, other] = [await find(), await find()];
    await Promise.all([one.unlock(person), other.unlock(person)]);
    expect(person.asked).toHaveLength(1);
  });

  it('is of no use any more where all was locked while the file was being opened', async () => {
    const clock = fastClock();
    const person = human(password);
    const after: typeof clock.after = (delayMs, action) => {
      if (person.asked.length > 0) keys.forget();
      return clock.after(delayMs, action);
    };
    const files = filesOf({ [path]: fileOf(['-iter', '20000']) });
    const keys = new FileKeys({ files, clock: { ...clock, after } });
    const account = { keys: [path], certificate: null, intermediates: null, pkcs11Lib: null };
    const find = async () => {
      const attempt = await keys.find(path, account);
      if ('absent' in attempt) throw attempt.absent;
      return attempt.signer;
    };
    await expect((await find()).unlock(person)).rejects.toMatchObject({ code: 'pin-needed' });
    expect(isSealed(await find())).toBe(true);
  });

  it('is found to be needed once, however many look at the file', async () => {
    const bytes = fileOf(['-iter', '20000']);
    const pauses = async (looks: number): Promise<number> => {
      const clock = fastClock();
      let count = 0;
      const after: typeof clock.after = (delayMs, action) => {
        count += 1;
        return clock.after(delayMs, action);
      };
      const keys = new FileKeys({ files: filesOf({ [path]: bytes }), clock: { ...clock, after } });
      const account = { keys: [path], certificate: null, intermediates: null, pkcs11Lib: null };
      const found = await Promise.all(Array.from({ length: looks }, () => keys.find(path, account)));
      expect(found.every((each) => 'signer' in each && isSealed(each.signer))).toBe(true);
      return count;
    };
    const once = await pauses(1);
    expect(once).toBeGreaterThan(0);
    expect(await pauses(20)).toBe(once);
  });

  it('is asked for what the accounts and the caller are', async () => {
    const person = human(password);
    await (await keysIn(fileOf()).find()).unlock(person);
    expect(person.asked).toEqual([
      { kind: 'passphrase', file: path, accounts: ['Work'], askedBy: 'a test', previous: null },
    ]);
  });

  it.each([
    ['nobody can be asked', null, 'pin-needed'],
    ['nobody answers', human(null), 'pin-needed'],
    ['a wrong one is all there is', human('wrong', null), 'passphrase-incorrect'],
  ])('is missed where %s', async (_, person, code) => {
    const sealed = await keysIn(fileOf()).find();
    await expect(sealed.unlock(person)).rejects.toMatchObject({ code });
  });

  it('is not waited for once nobody needs the key', async () => {
    const sealed = await keysIn(fileOf()).find();
    const person = pensiveHuman();
    const unlocking = sealed.unlock(person);
    unlocking.catch(() => undefined);
    await person.makeVoid();
    await expect(unlocking).rejects.toMatchObject({ code: 'pin-needed' });
  });
});

describe('the certificate of a key in a PKCS#12 file', () => {
  const keyOnly = (): Buffer =>
    pkcs12({ privatePem: device().privateKeyPem, certificates: [], password, flags: [] });

  it('may be in a file of its own, and is known before the password then', async () => {
    const { find } = keysIn(keyOnly(), { '/c.pem': device().pem });
    const signer = unsealed(await find({ certificate: '/c.pem' }));
    expect(signer.readyWithoutHuman()).toBe(false);
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'pin-needed' });
    await signer.unlock(human(password));
    await expectSignsAs('P-256', signer);
  });

  it('of another key is refused', async () => {
    const { find } = keysIn(keyOnly(), { '/c.pem': device('RSA-2048').pem });
    const signer = unsealed(await find({ certificate: '/c.pem' }));
    await expect(signer.unlock(human(password))).rejects.toMatchObject({ code: 'cert-key-mismatch' });
  });

  it('is missed where there is none', async () => {
    const { find } = keysIn(keyOnly());
    await (await find()).unlock(human(password));
    await expect(find()).rejects.toMatchObject({ code: 'cert-missing' });
  });

  it('is found where the account names the same file for both', async () => {
    const { find } = keysIn(fileOf());
    await (await find({ certificate: path })).unlock(human(password));
    await expectSignsAs('P-256', unsealed(await find({ certificate: path })));
  });
});

describe('a PKCS#12 file that cannot be used', () => {
  const refusal = async (bytes: Buffer, secret = password): Promise<unknown> =>
    openPkcs12File(at(bytes), secret).catch((error: unknown) => error);

  it.each<[string, readonly string[]]>([
    ['-legacy, as openssl 1 made it by itself', ['-legacy']],
    ['3DES', ['-legacy', '-descert', '-keypbe', 'PBE-SHA1-3DES']],
    ['RC2-128', ['-legacy', '-keypbe', 'PBE-SHA1-RC2-128', '-certpbe', 'PBE-SHA1-RC2-128']],
    ['RC4-128', ['-legacy', '-keypbe', 'PBE-SHA1-RC4-128', '-certpbe', 'PBE-SHA1-RC4-128']],
    ['an old way for the key alone', ['-keypbe', 'PBE-SHA1-3DES']],
    ['Camellia, which hardly anybody uses', ['-keypbe', 'CAMELLIA-256-CBC', '-certpbe', 'CAMELLIA-256-CBC']],
  ])('says how it is converted, and asks for no password first: %s', async (_, flags) => {
    await expect(keysIn(fileOf(flags)).find()).rejects.toMatchObject({
      code: 'key-unsupported',
      message: expect.stringContaining(path) as string,
      remedy:
        "Convert it with: openssl pkcs12 -legacy -in '/keys/my key.p12' -out '/keys/my key-converted.pem'; then name that file: rolekey accounts edit ID --private-key FILE.",
    });
  });

  it('is never converted over a file that is there, also one that came since', async () => {
    const { find, contents } = keysIn(fileOf(['-legacy']), { '/keys/my key-converted.pem': 'a key of old' });
    const into = (name: string) => ({ remedy: expect.stringContaining(`-out '/keys/${name}';`) as string });
    await expect(find()).rejects.toMatchObject(into('my key-converted-2.pem'));
    contents['/keys/my key-converted-2.pem'] = '';
    await expect(find()).rejects.toMatchObject(into('my key-converted-3.pem'));
    const endless = { ...at(fileOf(['-legacy'])), isTaken: () => Promise.resolve(true) };
    await expect(openPkcs12File(endless, password)).rejects.toMatchObject({ code: 'key-unsupported' });
  });

  it('says that it holds several keys', async () => {
    const two = merged(fileOf(['-nomac']), fileOf(['-nomac'], 'RSA-2048'));
    expect(await refusal(two)).toMatchObject({
      code: 'key-ambiguous',
      message: `${path} holds 2 private keys.`,
    });
  });

  it('is not one that holds the same key twice', async () => {
    const twice = merged(fileOf(['-nomac']), fileOf(['-nomac']));
    expect((await openPkcs12File(at(twice), password)).key.asymmetricKeyType).toBe('ec');
  });

  it('says that it holds no key', async () => {
    const certificates = [device().pem];
    const none = await refusal(pkcs12({ privatePem: null, certificates, password }));
    expect(none).toMatchObject({
      code: 'key-unknown',
      message: expect.stringContaining('no private key') as string,
    });
  });

  it('says that it was changed after it was made', async () => {
    const changed = withMacOf(fileOf(), fileOf());
    expect(await refusal(changed)).toMatchObject({
      code: 'file-unreadable',
      message: expect.stringMatching(/was changed after it was made/) as string,
    });
    expect(await refusal(changed, 'wrong')).toMatchObject({ code: 'passphrase-incorrect' });
  });

  it('says that its MAC has another password than its content', async () => {
    const mac = fileOf(['-nomac'], 'P-256', 'another');
    expect(await refusal(withPbmac1(mac, password))).toMatchObject({
      code: 'file-unreadable',
      message: expect.stringMatching(/fits the checksum .* does not open its content/) as string,
    });
  });

  it.each<[string, () => Buffer]>([
    ['the MAC', () => withIterations(fileOf(), 2_000_000_000)],
    ['the MAC, beyond any number', () => withIterations(fileOf(), 2 ** 50)],
    ['PBMAC1', () => withPbmac1(fileOf(['-nomac']), password, 2_000_000_000)],
    ['what is encrypted', () => withRounds(fileOf(['-nomac', '-iter', '65536']), 65536)],
  ])('is refused at once where it asks for too much work: %s', async (_, make) => {
    expect(await refusal(make())).toMatchObject({
      code: 'key-unsupported',
      message: expect.stringMatching(/more work to open it than any honest one/) as string,
    });
  });

  it('is damaged wherever it is cut short, or not known for one', async () => {
    const whole = fileOf();
    for (let length = 1; length < whole.length; length += 13) {
      const cut = whole.subarray(0, length);
      if (!isPkcs12(cut)) expect(length).toBeLessThan(7);
      else expect(await refusal(cut)).toMatchObject({ code: 'file-unreadable' });
    }
  });

  it('fails with a code wherever a bit of it is turned', async () => {
    const whole = fileOf(['-noiter', '-nomaciter']);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, bits) => {
        const turned = Buffer.from(whole);
        turned.writeUInt8(turned.readUInt8(at) ^ bits, at);
        const outcome = await refusal(turned);
        // A name or a parameter nobody reads may say anything.
        if (outcome instanceof Error) expect(isAppError(outcome)).toBe(true);
      }),
      { numRuns: 300 },
    );
  }, 60_000);

  it('fails with a code where it only begins like one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (rest) => {
        const bytes = Buffer.concat([
          Buffer.from([0x30, 0x80 + 1, Math.min(255, rest.length + 3), 2, 1, 3]),
          rest,
        ]);
        expect(isPkcs12(bytes)).toBe(true);
        expect(isAppError(await refusal(bytes))).toBe(true);
      }),
    );
  });
});

/** The number of rounds of PBKDF2, one of three bytes, set to the largest one wherever it stands. */
function withRounds(file: Buffer, from: number): Buffer {
  const bytes = Buffer.from(file);
  const written = Buffer.from(`0203${from.toString(16).padStart(6, '0')}`, 'hex');
  for (let at = bytes.indexOf(written); at >= 0; at = bytes.indexOf(written, at + 1)) {
    bytes.writeUIntBE(0x7fffff, at + 2, 3);
  }
  return bytes;
}
