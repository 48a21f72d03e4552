import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { makeCertificate } from '../roles-anywhere/make-certificate.ts';
import { filesOf, human, nobody, pensiveHuman } from './doubles.ts';
import { certificateObject, fail, keyPairObjects, ScriptedToken } from './scripted-cryptoki.ts';
import { account, builtIn, createWorld, makeDevice, pem, type Device } from './world.ts';

const message = Buffer.from('message');

async function setUp(options: Parameters<typeof makeDevice>[1] = {}) {
  const device = await makeDevice('work', options);
  const world = createWorld({ modules: { [builtIn.softhsm]: [device.token] } });
  const newSigner = () => world.service.signer(account('pkcs11:token=work'));
  const cryptoki = () => world.loaded.get(builtIn.softhsm)!;
  return { ...world, device, newSigner, cryptoki, signer: await newSigner() };
}

function isBy(device: Device, signature: Uint8Array): boolean {
  return verify(
    'sha256',
    message,
    createPublicKey(device.publicKey.export({ format: 'pem', type: 'spki' })),
    signature,
  );
}

describe('unlocking a key on a token', () => {
  it('asks for the PIN, says for whom and why, and sends it once', async () => {
    const { signer, cryptoki, device } = await setUp();
    const person = human('123456');
    await signer.unlock(person);
    expect(person.asked).toEqual([
      {
        kind: 'pin',
        token: { label: 'work', serial: 'serial of work' },
        accounts: ['Work'],
        askedBy: 'a test',
        triesLeft: null,
        finalTry: false,
        previous: null,
        mayRemember: false,
      },
    ]);
    expect(signer.readyWithoutHuman()).toBe(true);
    expect(isBy(device, await signer.sign(message))).toBe(true);
    expect(cryptoki().pins).toEqual(['123456']);
    expect(cryptoki().counts).toEqual({ sign: 1, login: 1 });
  });

  it('asks one PIN for three accounts at once, and none for the next', async () => {
    const { signer, newSigner, cryptoki } = await setUp();
    const person = human('123456');
    const signers = [signer, await newSigner(), await newSigner()];
    await Promise.all(signers.map((each) => each.unlock(person)));
    await (await newSigner()).unlock(nobody);
    expect(person.asked).toHaveLength(1);
    expect(cryptoki().pins).toEqual(['123456']);
    expect(signers.every((each) => each.readyWithoutHuman())).toBe(true);
  });

  it('asks again after a wrong PIN, with the tries left as the token tells them', async () => {
    const { signer, cryptoki } = await setUp();
    const person = human('wrong1', 'wrong2', '123456');
    await signer.unlock(person);
    expect(person.asked).toMatchObject([
      { previous: null, finalTry: false, triesLeft: null },
      { previous: 'incorrect', finalTry: false, triesLeft: null },
      { previous: 'incorrect', finalTry: true, triesLeft: 1 },
    ]);
    expect(cryptoki().pins).toEqual(['wrong1', 'wrong2', '123456']);
  });

  it('does not send a PIN of a length the token does not take', async () => {
    const { signer, cryptoki } = await setUp();
    const person = human('123', '123456');
    await signer.unlock(person);
    expect(person.asked).toMatchObject([{ previous: null }, { previous: 'length' }]);
    expect(cryptoki().pins).toEqual(['123456']);
  });

  it.each([
    ['at once', [null], 'pin-needed'],
    ['after a wrong PIN', ['wrong1', null], 'pin-incorrect'],
    ['after a PIN that was not tried', ['123', null], 'pin-length'],
    ['after a wrong one and one that was not tried', ['wrong1', '123', null], 'pin-incorrect'],
  ])('ends when the human gives up %s', async (_, answers, code) => {
    const { signer } = await setUp();
    await expect(signer.unlock(human(...answers))).rejects.toMatchObject({ code });
    expect(signer.readyWithoutHuman()).toBe(false);
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'pin-needed' });
  });

  it.each([
    ['cancelled', 'You gave no PIN.'],
    ['late', 'Nobody typed the PIN in time.'],
  ] as const)('says how it was not answered: %s', async (answer, sentence) => {
    const { signer } = await setUp();
    const person = { ...human(), prompts: { ask: () => Promise.resolve(answer) } };
    await expect(signer.unlock(person)).rejects.toMatchObject({
      code: 'pin-needed',
      message: sentence,
      remedy: 'Connect again with: rolekey connect ID.',
    });
    const looking = signer.unlock({ ...person, accounts: [] });
    await expect(looking).rejects.toMatchObject({ remedy: 'Try again with: rolekey tokens --login.' });
  });

  it.each([
    ['at once', [], 'pin-needed'],
    ['after a wrong PIN', ['wrong1'], 'pin-incorrect'],
  ])('tries no PIN where the question is void %s, and asks who waits as well', async (_, answers, code) => {
    const { signer, newSigner, cryptoki } = await setUp();
    const [person, other] = [pensiveHuman(...answers), human('123456')];
    const first = signer.unlock(person);
    const second = (await newSigner()).unlock(other);
    await person.makeVoid();
    await expect(first).rejects.toMatchObject({ code });
    await second;
    expect(other.asked).toMatchObject([{ previous: null }]);
    expect(cryptoki().pins).toEqual([...answers, '123456']);
  });

  it('does not ask who waited as well where that one need not any more either', async () => {
    const { signer, newSigner } = await setUp();
    const person = pensiveHuman();
    const first = signer.unlock(person);
    const second = (await newSigner()).unlock({ ...nobody, unneeded: AbortSignal.abort() });
    await person.makeVoid();
    await expect(first).rejects.toMatchObject({ code: 'pin-needed' });
    await expect(second).rejects.toMatchObject({ code: 'pin-needed' });
  });

  it('leaves a wrong PIN to who typed it where its question was given up, not void', async () => {
    const { signer, newSigner } = await setUp();
    const first = signer.unlock(human('wrong1', null));
    const second = (await newSigner()).unlock(nobody);
    await expect(first).rejects.toMatchObject({ code: 'pin-incorrect' });
    await expect(second).rejects.toMatchObject({ code: 'pin-incorrect' });
  });

  it('says that the PIN was wrong where the human gives up then', async () => {
    const { signer } = await setUp();
    await expect(signer.unlock(human('wrong1', null))).rejects.toMatchObject({
      message: 'The PIN was wrong, and no other one was tried.',
    });
  });

  it('says that one try is left where the human will not risk it', async () => {
    const { signer, device, cryptoki } = await setUp();
    device.token.triesLeft = 1;
    const person = human(null);
    await expect(signer.unlock(person)).rejects.toMatchObject({ code: 'pin-final' });
    expect(person.asked).toMatchObject([{ finalTry: true, triesLeft: 1 }]);
    expect(cryptoki().pins).toEqual([]);
  });

  it('takes an empty PIN for none, and never sends it', async () => {
    const { signer, device, cryptoki } = await setUp();
    device.token.facts = { minPinLength: 0, maxPinLength: 0 };
    await expect(signer.unlock(human(''))).rejects.toMatchObject({ code: 'pin-needed' });
    expect(cryptoki().pins).toEqual([]);
  });

  it('asks nobody where the PIN is locked', async () => {
    const { signer, device, cryptoki } = await setUp();
    device.token.triesLeft = 0;
    await expect(signer.unlock(nobody)).rejects.toMatchObject({ code: 'pin-locked' });
    expect(cryptoki().pins).toEqual([]);
  });

  it('ends when the last try locks the PIN', async () => {
    const { signer, cryptoki } = await setUp();
    await expect(signer.unlock(human('wrong1', 'wrong2', 'wrong3', '123456'))).rejects.toMatchObject({
      code: 'pin-locked',
    });
    expect(cryptoki().pins).toEqual(['wrong1', 'wrong2', 'wrong3']);
  });

  it('ends when a token that does not tell by flags says that its PIN is locked', async () => {
    const { signer, device, cryptoki } = await setUp();
    device.token.facts = { pinLocked: false, pinFinalTry: false, pinCountLow: false };
    device.token.triesLeft = 0;
    await expect(signer.unlock(human('123456', '123456'))).rejects.toMatchObject({ code: 'pin-locked' });
    expect(cryptoki().pins).toEqual(['123456']);
  });

  it('asks nobody where the token has no PIN yet, or needs none', async () => {
    const { signer, device } = await setUp();
    device.token.facts = { pinInitialised: false };
    await expect(signer.unlock(nobody)).rejects.toMatchObject({
      code: 'pin-needed',
      message: expect.stringContaining('no PIN yet') as string,
    });
    device.token.facts = { loginRequired: false };
    await signer.unlock(nobody);
    expect(isBy(device, await signer.sign(message))).toBe(true);
  });

  it('asks the second human where the first gave no answer', async () => {
    const { signer, newSigner } = await setUp();
    const first = human(null);
    const second = human('123456');
    const [one, two] = await Promise.allSettled([signer.unlock(first), (await newSigner()).unlock(second)]);
    expect(one).toMatchObject({ status: 'rejected', reason: { code: 'pin-needed' } });
    expect(two.status).toBe('fulfilled');
    expect(second.asked).toHaveLength(1);
  });

  it('asks no second human to repeat what the first got wrong', async () => {
    const { signer, newSigner } = await setUp();
    const [one, two] = await Promise.allSettled([
      signer.unlock(human('wrong1', null)),
      (await newSigner()).unlock(nobody),
    ]);
    expect([one, two]).toMatchObject([
      { reason: { code: 'pin-incorrect' } },
      { reason: { code: 'pin-incorrect' } },
    ]);
  });

  it('says token-absent where the token went away meanwhile', async () => {
    const { signer, device } = await setUp();
    device.token.present = false;
    await expect(signer.unlock(nobody)).rejects.toMatchObject({ code: 'token-absent' });
  });

  it('asks anew, as for the first time, where the held PIN is no longer right', async () => {
    const { signer, device, cryptoki } = await setUp();
    await signer.unlock(human('123456'));
    cryptoki().finalize(); // the login is lost
    cryptoki().initialize();
    Object.assign(device.token, { pin: '654321' });
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'pin-needed' });
    expect(signer.readyWithoutHuman()).toBe(false);
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'pin-needed' });
    const person = human('654321');
    await signer.unlock(person);
    expect(person.asked).toMatchObject([{ previous: null }]);
    expect(cryptoki().pins).toEqual(['123456', '123456', '654321']);
  });
});

describe('an unlocked key on a token', () => {
  it('whose held PIN was changed elsewhere asks once more when it is unlocked', async () => {
    const { signer, device, cryptoki } = await setUp();
    await signer.unlock(human('123456'));
    cryptoki().finalize(); // the login is lost
    cryptoki().initialize();
    Object.assign(device.token, { pin: '654321' });
    const person = human('654321');
    await signer.unlock(person);
    expect(person.asked).toMatchObject([{ previous: null }]);
    expect(cryptoki().pins).toEqual(['123456', '123456', '654321']);
  });

  it('that turns out to be unable to sign, or not to be there, is refused from then on', async () => {
    const { signer, device, newSigner } = await setUp();
    await signer.unlock(human('123456'));
    const [publicKey, privateKey, certificate] = device.token.objects;
    const attributes = { ...privateKey!.attributes, CKA_SIGN: Buffer.of(0) };
    device.token.objects[1] = { ...privateKey!, attributes };
    await expect(newSigner()).rejects.toMatchObject({ code: 'key-unsupported' });
    device.token.objects.splice(0, 3, publicKey!, certificate!);
    await expect(newSigner()).rejects.toMatchObject({ code: 'key-unknown' });
  });

  it('is locked by lock(), and asks for the PIN again', async () => {
    const { service, signer, device } = await setUp();
    await signer.unlock(human('123456'));
    void service.lock();
    expect(signer.readyWithoutHuman()).toBe(false);
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'pin-needed' });
    await signer.unlock(human('123456'));
    expect(isBy(device, await signer.sign(message))).toBe(true);
  });

  it('is not called absent where a lock comes while it is looked for', async () => {
    const { token } = await makeDevice('work');
    const { service, loaded } = createWorld({
      modules: { [builtIn.softhsm]: [token], [builtIn.opensc]: [] },
    });
    await service.signer(account('pkcs11:token=work'));
    loaded.get(builtIn.softhsm)!.before = () => void service.lock();
    await expect(service.signer(account('pkcs11:token=work'))).rejects.toMatchObject({ code: 'pin-needed' });
    expect(await service.signer(account('pkcs11:token=work'))).toMatchObject({ key: { hardware: false } });
  });

  it.each(['lock', 'close'] as const)('in a file is closed by %s()', async (how) => {
    const made = await makeCertificate({ subject: 'CN=file' });
    const encrypted = made.privateKey.export({
      ...{ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'right' },
    } as never) as unknown as string;
    const { service } = createWorld({ modules: {}, files: filesOf({ '/key.pem': encrypted + pem(made) }) });
    const signer = await service.signer(account('/key.pem'));
    await signer.unlock(human('right'));
    expect(signer.readyWithoutHuman()).toBe(true);
    void service[how]();
    expect(signer.readyWithoutHuman()).toBe(false);
  });

  it('starts no process after close()', async () => {
    const { service, signer, loads } = await setUp();
    void service.close();
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'cancelled' });
    await expect(service.signer(account('pkcs11:token=work'))).rejects.toMatchObject({ code: 'cancelled' });
    expect(loads).toHaveLength(1);
  });

  it('that always authenticates logs in for each signature with the PIN held', async () => {
    const { signer, device, cryptoki } = await setUp({ alwaysAuthenticate: true });
    await signer.unlock(human('123456'));
    expect(isBy(device, await signer.sign(message))).toBe(true);
    expect(isBy(device, await signer.sign(message))).toBe(true);
    expect(cryptoki().counts).toEqual({ sign: 2, login: 3 });
  });

  it('signs with RSA too', async () => {
    const { signer, device } = await setUp({ recipe: { rsa: true } });
    await signer.unlock(human('123456'));
    expect(isBy(device, await signer.sign(message))).toBe(true);
  });

  it('that is gone says token-absent, and works after the PIN was typed again', async () => {
    const { signer, device } = await setUp();
    await signer.unlock(human('123456'));
    device.token.present = false;
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'token-absent' });
    expect(signer.readyWithoutHuman()).toBe(false);
    device.token.present = true;
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'pin-needed' });
    await signer.unlock(human('123456'));
    expect(isBy(device, await signer.sign(message))).toBe(true);
  });

  it('that fails says how, and signs the next time', async () => {
    const { signer, device, cryptoki } = await setUp();
    await signer.unlock(human('123456'));
    cryptoki().before = (name) => {
      if (name === 'C_Sign') throw fail('C_Sign', 'CKR_DEVICE_ERROR');
    };
    await expect(signer.sign(message)).rejects.toMatchObject({
      code: 'token-failed',
      message: expect.stringContaining('C_Sign: CKR_DEVICE_ERROR') as string,
    });
    cryptoki().before = () => undefined;
    expect(isBy(device, await signer.sign(message))).toBe(true);
  });

  it('whose signature is not its certificate’s is not believed', async () => {
    const device = await makeDevice('work');
    const impostor = await makeCertificate({ subject: 'CN=impostor' });
    const name = { id: '01', label: 'key' };
    const [publicKey] = keyPairObjects(device.privateKey, name);
    const [, privateKey] = keyPairObjects(impostor.privateKey, name);
    const objects = [publicKey!, privateKey!, certificateObject(device.certificate.der, name)];
    const { service } = createWorld({
      modules: { [builtIn.softhsm]: [new ScriptedToken({ label: 'work', objects })] },
    });
    const signer = await service.signer(account('pkcs11:token=work'));
    await signer.unlock(human('123456'));
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'cert-key-mismatch' });
  });

  it('is told apart from one with the same CKA_ID by its label', async () => {
    const first = await makeCertificate({ subject: 'CN=first' });
    const second = await makeCertificate({ subject: 'CN=second' });
    const objects = [first, second].flatMap((made, index) => {
      const name = { id: '01', label: `key ${String(index)}` };
      return [...keyPairObjects(made.privateKey, name), certificateObject(made.certificate.der, name)];
    });
    const { service } = createWorld({
      modules: { [builtIn.softhsm]: [new ScriptedToken({ label: 'work', objects })] },
    });
    const signer = await service.signer(account('pkcs11:token=work;object=key%201'));
    expect(signer.key.uri).toContain('object=key%201');
    await signer.unlock(human('123456'));
    await signer.sign(message);
    expect(signer.certificate.sha256).toBe(second.certificate.sha256);
  });
});
