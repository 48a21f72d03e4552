/** PINs that are remembered: kept only by wish, used once, gone when they are wrong, and never the last try. */
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/shared/errors.ts';
import type { Human } from '../../../src/main/tokens/signer.ts';
import { human, nobody } from './doubles.ts';
import { fail } from './scripted-cryptoki.ts';
import { account, builtIn, createWorld, FakeRemembered, makeDevice, type WorldOptions } from './world.ts';

const message = Buffer.from('message');
const right = '123456';

async function setUp(options: Parameters<typeof makeDevice>[1] = {}) {
  const device = await makeDevice('work', options);
  const remembered = new FakeRemembered();
  const modules: WorldOptions['modules'] = { [builtIn.softhsm]: [device.token] };
  let world = createWorld({ modules, remembered });
  return {
    device,
    remembered,
    newSigner: () => world.service.signer(account('pkcs11:token=work')),
    service: () => world.service,
    /** PINs that reached C_Login since the agent was started. */
    tried: () => world.loaded.get(builtIn.softhsm)?.pins ?? [],
    cryptoki: () => world.loaded.get(builtIn.softhsm)!,
    /** The agent is started anew: what it held is gone, what is remembered is not. */
    restart: async () => {
      await world.service.close();
      world = createWorld({ modules, remembered });
    },
  };
}

/** One whose PIN is remembered, in an agent that was just started. */
async function setUpRemembered(options: Parameters<typeof makeDevice>[1] = {}) {
  const world = await setUp(options);
  await (await world.newSigner()).unlock(human({ keep: right }));
  await world.restart();
  return world;
}

/** Nobody can be asked. */
const alone: Human = { ...nobody, prompts: { ask: () => Promise.resolve(null) } };

describe('a PIN is remembered', () => {
  it('only where the user wishes it, and then under a name that tells the token', async () => {
    const { newSigner, remembered, service } = await setUp();
    await (await newSigner()).unlock(human(right));
    expect(remembered.store.uses).toBe(0);
    expect(remembered.listed.size).toBe(0);
    await service().lock();
    const person = human({ keep: right });
    await (await newSigner()).unlock(person);
    expect(person.asked).toMatchObject([{ mayRemember: true }]);
    const [name] = [...remembered.store.secrets.keys()];
    expect(name).toMatch(/^work [0-9a-f]{16}$/);
    expect(remembered.pins).toEqual([right]);
    expect([...remembered.listed.values()]).toEqual([
      {
        serial: 'serial of work',
        label: 'work',
        manufacturer: 'Scripts',
        model: 'Scripted',
        isForgotten: false,
      },
    ]);
  });

  it('only once the token has taken it: of a wrong and a right one, the right one', async () => {
    const { newSigner, remembered } = await setUp();
    const kept: string[][] = [];
    remembered.store.during = () => void kept.push(remembered.pins);
    await expect((await newSigner()).unlock(human({ keep: 'wrong1' }, null))).rejects.toThrow();
    expect(remembered.store.uses).toBe(0);
    await (await newSigner()).unlock(human({ keep: 'wrong1' }, { keep: '123' }, { keep: right }));
    expect(remembered.pins).toEqual([right]);
    expect(kept).toEqual([[]]);
  });

  it('not where the module did not look at it, since somebody else is logged in', async () => {
    const { newSigner, remembered, cryptoki } = await setUp();
    const signer = await newSigner();
    cryptoki().before = (name) => {
      if (name === 'C_Login') throw fail('C_Login', 'CKR_USER_ALREADY_LOGGED_IN');
    };
    await signer.unlock(human({ keep: 'never looked at' }));
    expect(remembered.store.uses).toBe(0);
  });

  it.each(['keyring-missing', 'keyring-locked'] as const)(
    'not where the keyring cannot take it (%s), which is told and stops nobody',
    async (code) => {
      const { newSigner, remembered } = await setUp();
      remembered.store.failure = new AppError(code);
      const signer = await newSigner();
      await signer.unlock(human({ keep: right }));
      expect(signer.readyWithoutHuman()).toBe(true);
      expect(remembered.listed.size).toBe(0);
      expect(remembered.told).toMatchObject([
        { code, message: expect.stringMatching(/^The PIN of “work” was not remembered\. /) as string },
      ]);
    },
  );

  it('not where the configuration cannot say so: it is taken out of the keyring again', async () => {
    const { newSigner, remembered } = await setUp();
    remembered.writeFailure = new AppError('disk-full');
    await (await newSigner()).unlock(human({ keep: right }));
    expect(remembered.pins).toEqual([]);
    expect(remembered.told).toMatchObject([{ code: 'disk-full' }]);
  });
});

describe('a remembered PIN', () => {
  it('makes an agent that was started anew ready without a person, with one login', async () => {
    const { newSigner, tried } = await setUpRemembered();
    const signer = await newSigner();
    expect(signer.readyWithoutHuman()).toBe(false);
    await signer.unlock(null);
    expect(signer.readyWithoutHuman()).toBe(true);
    await signer.sign(message);
    expect(tried()).toEqual([right]);
  });

  it('spares a person the question', async () => {
    const { newSigner, tried } = await setUpRemembered();
    await (await newSigner()).unlock(nobody);
    expect(tried()).toEqual([right]);
  });

  it('is sent once for all keys on its token that wait at once', async () => {
    const { newSigner, tried } = await setUpRemembered();
    const signers = await Promise.all([newSigner(), newSigner(), newSigner()]);
    await Promise.all([signers[0].unlock(null), signers[1].unlock(null), signers[2].unlock(nobody)]);
    expect(tried()).toEqual([right]);
  });

  it('that is wrong by now is not sent a second time for a person who comes while it is tried', async () => {
    const { newSigner, tried, device } = await setUpRemembered();
    Object.assign(device.token, { pin: '654321' });
    const signers = await Promise.all([newSigner(), newSigner()]);
    const refused = expect(signers[0].unlock(null)).rejects.toMatchObject({ code: 'pin-needed' });
    await signers[1].unlock(human('654321'));
    await refused;
    expect(tried()).toEqual([right, '654321']);
  });

  it('serves keys that always authenticate from then on', async () => {
    const { newSigner, tried } = await setUpRemembered({ alwaysAuthenticate: true });
    const signer = await newSigner();
    await signer.unlock(null);
    await signer.sign(message);
    expect(tried()).toEqual([right, right]);
  });

  it('that is wrong by now costs one try, is gone everywhere at once, and never sent again', async () => {
    const { newSigner, remembered, tried, device, restart } = await setUpRemembered();
    Object.assign(device.token, { pin: '654321' });
    const failure = {
      code: 'pin-needed',
      message:
        'The token needs its PIN. The token “work” did not take the remembered PIN. It was tried once and is forgotten.',
    };
    await expect((await newSigner()).unlock(null)).rejects.toMatchObject(failure);
    expect(tried()).toEqual([right]);
    expect(remembered.pins).toEqual([]);
    expect(remembered.listed.size).toBe(0);
    expect(remembered.told).toMatchObject([{ code: 'remembered-pin-refused' }]);
    await expect((await newSigner()).unlock(null)).rejects.toMatchObject({ code: 'pin-needed' });
    await expect((await newSigner()).unlock(alone)).rejects.toMatchObject({ code: 'pin-needed' });
    expect(tried()).toEqual([right]);
    await restart();
    await expect((await newSigner()).unlock(null)).rejects.toMatchObject({ code: 'pin-needed' });
    expect(tried()).toEqual([]);
  });

  it('that is held too and refused as such is gone as well, and told', async () => {
    const { newSigner, remembered, cryptoki, device, tried } = await setUp();
    const signer = await newSigner();
    await signer.unlock(human({ keep: right }));
    cryptoki().finalize(); // the login is lost
    cryptoki().initialize();
    Object.assign(device.token, { pin: '654321' });
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'pin-needed' });
    expect(remembered.pins).toEqual([]);
    expect(remembered.listed.size).toBe(0);
    expect(remembered.told).toMatchObject([{ code: 'remembered-pin-refused' }]);
    await expect(signer.unlock(null)).rejects.toMatchObject({ code: 'pin-needed' });
    expect(tried()).toEqual([right, right]);
  });

  it('is none of a token that only its reader tells from others', async () => {
    const { newSigner, remembered, device } = await setUp();
    device.token.facts = { serial: '', reader: 'reader 1' };
    const person = human({ keep: right });
    await (await newSigner()).unlock(person);
    expect(person.asked).toMatchObject([{ mayRemember: false }]);
    expect(remembered.store.uses).toBe(0);
  });

  it('that is wrong by now is told to the person who is asked instead', async () => {
    const { newSigner, tried, device } = await setUpRemembered();
    Object.assign(device.token, { pin: '654321' });
    const person = human('654321');
    await (await newSigner()).unlock(person);
    expect(person.asked).toMatchObject([{ previous: 'remembered', finalTry: false }]);
    expect(tried()).toEqual([right, '654321']);
  });

  it('that locks the PIN with the last unseen try says so, with the way out', async () => {
    const { newSigner, device, remembered } = await setUpRemembered();
    device.token.facts = { pinLocked: false, pinFinalTry: false, pinCountLow: false };
    device.token.triesLeft = 0;
    await expect((await newSigner()).unlock(null)).rejects.toMatchObject({ code: 'pin-locked' });
    expect(remembered.pins).toEqual([]);
  });

  it.each<[string, Human | null]>([
    ['alone', null],
    ['by a person', alone],
  ])('is not used for the last try, %s, and stays', async (_, who) => {
    const { newSigner, remembered, tried, device } = await setUpRemembered();
    device.token.triesLeft = 1;
    await expect((await newSigner()).unlock(who)).rejects.toMatchObject({ code: 'pin-final' });
    expect(tried()).toEqual([]);
    expect(remembered.pins).toEqual([right]);
  });

  it('is not used where the PIN is locked', async () => {
    const { newSigner, tried, device } = await setUpRemembered();
    device.token.triesLeft = 0;
    await expect((await newSigner()).unlock(null)).rejects.toMatchObject({ code: 'pin-locked' });
    expect(tried()).toEqual([]);
  });

  it('is not used again by itself where nobody knows what became of a try', async () => {
    const { newSigner, tried, cryptoki, remembered } = await setUpRemembered();
    const signer = await newSigner();
    cryptoki().before = (name) => {
      if (name === 'C_Login') throw fail('C_Login', 'CKR_DEVICE_ERROR');
    };
    await expect(signer.unlock(null)).rejects.toMatchObject({ code: 'token-failed' });
    await expect(signer.unlock(null)).rejects.toMatchObject({ code: 'pin-needed' });
    expect(tried()).toEqual([right]);
    cryptoki().before = () => undefined;
    await signer.unlock(nobody); // a person's wish is another matter
    expect(tried()).toEqual([right, right]);
    expect(remembered.pins).toEqual([right]);
  });

  it('of one token is never tried at another', async () => {
    const [work, other] = [await makeDevice('work'), await makeDevice('other')];
    const remembered = new FakeRemembered();
    const modules = { [builtIn.softhsm]: [work.token, other.token] };
    const { service, loaded } = createWorld({ modules, remembered });
    await (await service.signer(account('pkcs11:token=work'))).unlock(human({ keep: right }));
    await service.lock();
    const signer = await service.signer(account('pkcs11:token=other'));
    await expect(signer.unlock(alone)).rejects.toMatchObject({ code: 'pin-needed' });
    expect(loaded.get(builtIn.softhsm)!.pins).toEqual([]);
  });
});

describe('a keyring with trouble', () => {
  it.each([
    ['keyring-missing', 'There is no keyring on this desktop that could keep a PIN.'],
    ['keyring-locked', 'The keyring is locked.'],
  ] as const)(
    '(%s) is told, and the person is asked as if nothing was remembered',
    async (code, sentence) => {
      const { newSigner, remembered, tried } = await setUpRemembered();
      remembered.store.failure = new AppError(code);
      await expect((await newSigner()).unlock(null)).rejects.toMatchObject({
        code: 'pin-needed',
        message: expect.stringContaining(sentence) as string,
      });
      const person = human(right);
      await (await newSigner()).unlock(person);
      expect(person.asked).toMatchObject([{ previous: null, mayRemember: true }]);
      expect(tried()).toEqual([right]);
      expect(remembered.told[0]).toMatchObject({ code });
      expect(remembered.listed.size).toBe(1); // it may be open again tomorrow
    },
  );

  it('that is empty is told in a sentence of its own, and the token counts as forgotten', async () => {
    const { newSigner, remembered } = await setUpRemembered();
    remembered.store.secrets.clear();
    await expect((await newSigner()).unlock(null)).rejects.toMatchObject({
      code: 'pin-needed',
      message: expect.stringContaining('is not in the keyring any more') as string,
    });
    expect(remembered.told).toMatchObject([{ code: 'keyring-empty' }]);
    expect(remembered.listed.size).toBe(0);
    const uses = remembered.store.uses;
    await (await newSigner()).unlock(human(right));
    expect(remembered.store.uses).toBe(uses);
  });

  it('is not asked at all where nothing is remembered', async () => {
    const { newSigner, remembered } = await setUp();
    remembered.store.failure = new Error('asked');
    await expect((await newSigner()).unlock(null)).rejects.toMatchObject({ code: 'pin-needed' });
    await (await newSigner()).unlock(human(right));
    expect(remembered.store.uses).toBe(0);
  });
});

describe('a lock', () => {
  it('is not undone by what is remembered: that waits until somebody asks for its token', async () => {
    const { newSigner, service, tried } = await setUpRemembered();
    await (await newSigner()).unlock(null);
    await service().lock();
    await expect((await newSigner()).unlock(null)).rejects.toMatchObject({ code: 'pin-needed' });
    await (await newSigner()).unlock(nobody);
    expect(tried()).toEqual([right]);
    await service().lock();
    await expect((await newSigner()).unlock(null)).rejects.toMatchObject({ code: 'pin-needed' });
  });

  it('that comes while the keyring is asked wins', async () => {
    const { newSigner, service, remembered, tried } = await setUpRemembered();
    const signer = await newSigner();
    remembered.store.during = () => void service().lock();
    await expect(signer.unlock(nobody)).rejects.toMatchObject({ code: 'pin-needed' });
    expect(tried()).toEqual([]);
  });
});

describe('forgetting what is remembered', () => {
  it('takes it out of the keyring and of the configuration', async () => {
    const { newSigner, service, remembered } = await setUpRemembered();
    await service().forgetRemembered();
    expect(remembered.pins).toEqual([]);
    expect(remembered.listed.size).toBe(0);
    await expect((await newSigner()).unlock(alone)).rejects.toMatchObject({ code: 'pin-needed' });
    await service().forgetRemembered(); // nothing more to do
  });

  it('says where one cannot be taken out, does not use it all the same, and can be repeated', async () => {
    const { newSigner, service, remembered, restart } = await setUpRemembered();
    remembered.store.failure = new AppError('keyring-locked');
    await expect(service().forgetRemembered()).rejects.toMatchObject({
      code: 'keyring-locked',
      message: expect.stringContaining('1 could not be taken out of the keyring') as string,
    });
    remembered.store.failure = null;
    await restart();
    await expect((await newSigner()).unlock(alone)).rejects.toMatchObject({ code: 'pin-needed' });
    expect(remembered.pins).toEqual([right]);
    await service().forgetRemembered();
    expect(remembered.pins).toEqual([]);
    expect(remembered.listed.size).toBe(0);
  });

  it('holds in this agent where it cannot even be written down', async () => {
    const { newSigner, remembered, tried, device } = await setUpRemembered();
    Object.assign(device.token, { pin: '654321' });
    remembered.writeFailure = new AppError('file-readonly');
    remembered.store.during = () => {
      if (remembered.store.uses > 2) remembered.store.failure = new AppError('keyring-locked');
    };
    await expect((await newSigner()).unlock(null)).rejects.toMatchObject({ code: 'pin-needed' });
    expect(remembered.listed.size).toBe(1);
    remembered.store.during = () => undefined;
    remembered.store.failure = null;
    expect(remembered.pins).toEqual([right]);
    await expect((await newSigner()).unlock(alone)).rejects.toMatchObject({ code: 'pin-needed' });
    expect(tried()).toEqual([right]);
  });

  it('happens to an older one when another PIN is typed and not to be remembered', async () => {
    const { newSigner, remembered, device, service } = await setUpRemembered();
    device.token.triesLeft = 1; // so the remembered one is not tried
    Object.assign(device.token, { pin: '654321' });
    await (await newSigner()).unlock(human('654321'));
    expect(remembered.pins).toEqual([]);
    expect(remembered.listed.size).toBe(0);
    await service().lock();
    await (await newSigner()).unlock(human({ keep: '654321' }));
    expect(remembered.pins).toEqual(['654321']);
  });

  it('does not happen to one that is the same', async () => {
    const { newSigner, remembered, device } = await setUpRemembered();
    device.token.triesLeft = 1;
    await (await newSigner()).unlock(human(right));
    expect(remembered.pins).toEqual([right]);
  });
});

describe('the last try', () => {
  it('is not spent by a PIN that is held: a person is asked first', async () => {
    const { newSigner, cryptoki, device, tried } = await setUp();
    const signer = await newSigner();
    await signer.unlock(human(right));
    cryptoki().finalize(); // the login is lost
    cryptoki().initialize();
    Object.assign(device.token, { pin: '654321' });
    device.token.triesLeft = 1;
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'pin-final' });
    expect(signer.readyWithoutHuman()).toBe(false);
    const found = await newSigner();
    expect(found.readyWithoutHuman()).toBe(false);
    await expect(found.unlock(null)).rejects.toMatchObject({ code: 'pin-final' });
    expect(tried()).toEqual([right]);
    const person = human('654321');
    await found.unlock(person);
    expect(person.asked).toMatchObject([{ finalTry: true, triesLeft: 1 }]);
    await found.sign(message);
    expect(tried()).toEqual([right, '654321']);
  });

  it('is not spent for a signature of a key that always authenticates', async () => {
    const { newSigner, device, tried } = await setUp({ alwaysAuthenticate: true });
    const signer = await newSigner();
    await signer.unlock(human(right));
    Object.assign(device.token, { pin: '654321' });
    device.token.triesLeft = 1;
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'pin-final' });
    const person = human('654321');
    await (await newSigner()).unlock(person);
    expect(person.asked).toMatchObject([{ finalTry: true }]);
    await signer.sign(message);
    expect(tried()).toEqual([right, '654321', '654321']);
  });
});

describe('a locked PIN', () => {
  it.each([
    ['YubiKey YK5', 'ykman piv access unblock-pin'],
    ['SoftHSM v2', '--init-pin'],
    ['some model', 'the tool of the token’s maker'],
  ])('of a %s comes with its own way out', async (model, way) => {
    const { newSigner, device } = await setUp();
    device.token.facts = { model };
    device.token.triesLeft = 0;
    await expect((await newSigner()).unlock(nobody)).rejects.toMatchObject({
      code: 'pin-locked',
      remedy: expect.stringContaining(way) as string,
    });
  });
});
