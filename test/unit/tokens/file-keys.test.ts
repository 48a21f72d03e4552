import { createPublicKey, verify } from 'node:crypto';
import 'reflect-metadata';
import { KeyUsageFlags } from '@peculiar/x509';
import { beforeAll, describe, expect, it } from 'vitest';
import { FileKeys } from '../../../src/main/tokens/file-keys.ts';
import { unsealed, type Signer, type SignerAccount } from '../../../src/main/tokens/signer.ts';
import { makeCertificate, type Made } from '../roles-anywhere/make-certificate.ts';
import { fastClock, filesOf, human, nobody, pensiveHuman } from './doubles.ts';
import { account, keyPem, pem } from './world.ts';

const message = Buffer.from('message');
let device: Made;
let rsa: Made;
let other: Made;
let authority: Made;

beforeAll(async () => {
  // Outlives the device’s and may sign: nothing but its being a CA’s tells it from a leaf.
  authority = await makeCertificate({
    subject: 'CN=authority',
    ca: true,
    keyUsage: KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature,
    notAfter: new Date('2040-01-01T00:00:00Z'),
  });
  device = await makeCertificate({ subject: 'CN=device', issuer: authority });
  rsa = await makeCertificate({ subject: 'CN=rsa', rsa: true });
  other = await makeCertificate({ subject: 'CN=other' });
});

const encrypted = (made: Made): string =>
  made.privateKey.export({
    ...{ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'right' },
  } as never) as unknown as string;

function setUp(contents: Record<string, string>) {
  const keys = new FileKeys({ files: filesOf(contents), clock: fastClock() });
  const find = async (fields: Partial<SignerAccount> = {}): Promise<Signer> => {
    const attempt = await keys.find('/key.pem', { ...account('/key.pem'), ...fields });
    if ('absent' in attempt) throw attempt.absent;
    return unsealed(attempt.signer);
  };
  return { keys, find, contents };
}

const isBy = (made: Made, signature: Uint8Array): boolean =>
  verify(
    'sha256',
    message,
    createPublicKey(made.publicKey.export({ format: 'pem', type: 'spki' })),
    signature,
  );

describe('a key in a file', () => {
  it('signs at once, is said not to be hardware, and asks nobody', async () => {
    const { find } = setUp({ '/key.pem': keyPem(device) + pem(device) });
    const signer = await find();
    expect(signer.key).toEqual({
      uri: '/key.pem',
      token: null,
      hardware: false,
      touch: 'never',
      alwaysAuthenticate: false,
    });
    expect(signer.readyWithoutHuman()).toBe(true);
    await signer.unlock(nobody);
    expect(isBy(device, await signer.sign(message))).toBe(true);
  });

  it('signs with RSA', async () => {
    const { find } = setUp({ '/key.pem': keyPem(rsa) + pem(rsa) });
    expect(isBy(rsa, await (await find()).sign(message))).toBe(true);
  });

  it.each([
    ['leaf, chain and key in one', () => ({ '/key.pem': pem(device) + pem(authority) + keyPem(device) }), {}],
    ['chain first', () => ({ '/key.pem': keyPem(device) + pem(authority) + pem(device) }), {}],
    [
      'certificates in a file of their own',
      () => ({ '/key.pem': keyPem(device), '/c.pem': pem(authority) + pem(device) }),
      { certificate: '/c.pem' },
    ],
    [
      'issuers in a file of their own',
      () => ({ '/key.pem': keyPem(device) + pem(device), '/i.pem': pem(authority) }),
      { intermediates: '/i.pem' },
    ],
    [
      'and from certificates of other keys',
      () => ({ '/key.pem': keyPem(device) + pem(other) + pem(device) + pem(authority) + pem(rsa) }),
      {},
    ],
    [
      'an encrypted key and chain',
      () => ({ '/key.pem': pem(authority) + encrypted(device) + pem(device) }),
      {},
    ],
  ])('is split from its certificates: %s', async (_, contents, fields) => {
    const signer = await setUp(contents()).find(fields);
    expect(signer.certificate.sha256).toBe(device.certificate.sha256);
    expect(signer.issuers.map(({ sha256 }) => sha256)).toEqual([authority.certificate.sha256]);
  });

  it('is absent where there is no such file', async () => {
    const { keys } = setUp({});
    expect(await keys.find('/key.pem', account('/key.pem'))).toMatchObject({
      absent: { code: 'file-unreadable', message: expect.stringContaining('/key.pem') as string },
    });
  });

  it.each([
    ['no certificate anywhere', () => ({ '/key.pem': keyPem(device) }), {}, 'cert-missing'],
    [
      'another key’s certificate',
      () => ({ '/key.pem': keyPem(device) + pem(other) }),
      {},
      'cert-key-mismatch',
    ],
    [
      'another key’s certificate in a file of its own',
      () => ({ '/key.pem': keyPem(device) + pem(device), '/c.pem': pem(other) }),
      { certificate: '/c.pem' },
      'cert-key-mismatch',
    ],
    [
      'no certificate file',
      () => ({ '/key.pem': keyPem(device) }),
      { certificate: '/c.pem' },
      'file-unreadable',
    ],
    [
      'no intermediates file',
      () => ({ '/key.pem': keyPem(device) + pem(device) }),
      { intermediates: '/i.pem' },
      'file-unreadable',
    ],
    [
      'a certificate on a token',
      () => ({ '/key.pem': keyPem(device) }),
      { certificate: 'pkcs11:' },
      'account-invalid',
    ],
  ])('is refused: %s', async (_, contents, fields, code) => {
    await expect(setUp(contents()).find(fields)).rejects.toMatchObject({ code });
  });
});

describe('an encrypted key in a file', () => {
  const contents = (): Record<string, string> => ({ '/key.pem': encrypted(device) + pem(device) });

  it('asks for its passphrase, again after a wrong one, and stays open', async () => {
    const { find } = setUp(contents());
    const signer = await find();
    expect(signer.readyWithoutHuman()).toBe(false);
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'pin-needed' });
    const person = human('wrong', 'right');
    await signer.unlock(person);
    const question = { kind: 'passphrase', file: '/key.pem', accounts: ['Work'], askedBy: 'a test' };
    expect(person.asked).toEqual([
      { ...question, previous: null },
      { ...question, previous: 'incorrect' },
    ]);
    expect(isBy(device, await signer.sign(message))).toBe(true);
    const next = await find();
    expect(next.readyWithoutHuman()).toBe(true);
    await next.unlock(nobody);
    expect(isBy(device, await next.sign(message))).toBe(true);
  });

  it.each([
    ['at once', [null], 'pin-needed'],
    ['after a wrong one', ['wrong', null], 'passphrase-incorrect'],
  ])('ends when the human gives up %s', async (_, answers, code) => {
    const signer = await setUp(contents()).find();
    await expect(signer.unlock(human(...answers))).rejects.toMatchObject({ code });
  });

  it.each([
    ['cancelled', 'You gave no passphrase.'],
    ['late', 'Nobody typed the passphrase in time.'],
  ] as const)('says how it was not answered: %s', async (answer, message) => {
    const signer = await setUp(contents()).find();
    const person = { ...human(), prompts: { ask: () => Promise.resolve(answer) } };
    await expect(signer.unlock(person)).rejects.toMatchObject({ code: 'pin-needed', message });
  });

  it.each([
    ['at once', [], 'pin-needed'],
    ['after a wrong one', ['wrong'], 'passphrase-incorrect'],
  ])('stays closed where the question is void %s, and asks who waits as well', async (_, answers, code) => {
    const { find } = setUp(contents());
    const [person, other] = [pensiveHuman(...answers), human('right')];
    const [one, two] = await Promise.all([find(), find()]);
    const [first, second] = [one.unlock(person), two.unlock(other)];
    await person.makeVoid();
    await expect(first).rejects.toMatchObject({ code });
    await second;
    expect(other.asked).toMatchObject([{ previous: null }]);
  });

  it('asks one passphrase for several accounts at once', async () => {
    const { find } = setUp(contents());
    const person = human('right');
    const signers = await Promise.all([find(), find(), find()]);
    await Promise.all(signers.map((signer) => signer.unlock(person)));
    expect(person.asked).toHaveLength(1);
    expect(signers.every((signer) => signer.readyWithoutHuman())).toBe(true);
  });

  it('is closed by forget()', async () => {
    const { find, keys } = setUp(contents());
    const signer = await find();
    await signer.unlock(human('right'));
    keys.forget();
    expect(signer.readyWithoutHuman()).toBe(false);
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'pin-needed' });
  });

  it('asks anew where the file holds another key since', async () => {
    const { find, contents: files } = setUp(contents());
    await (await find()).unlock(human('right'));
    files['/key.pem'] = encrypted(other) + pem(other);
    const signer = await find();
    expect(signer.readyWithoutHuman()).toBe(false);
    await signer.unlock(human('right'));
    expect(isBy(other, await signer.sign(message))).toBe(true);
  });

  it('that is not its certificate’s is found out when it is open, and is not kept', async () => {
    const { find } = setUp({ '/key.pem': encrypted(device) + pem(other) });
    const signer = await find();
    await expect(signer.unlock(human('right'))).rejects.toMatchObject({ code: 'cert-key-mismatch' });
    expect(signer.readyWithoutHuman()).toBe(false);
  });
});
