import { describe, expect, it } from 'vitest';
import { tokensSchema } from '../../../src/shared/model.ts';
import { human, nobody } from './doubles.ts';
import { fail, ScriptedToken } from './scripted-cryptoki.ts';
import { account, builtIn, createWorld, makeDevice } from './world.ts';

const all = { pkcs11Lib: null, login: false };

describe('the list of tokens', () => {
  it('has every field of the contract, and private keys are not looked for', async () => {
    const device = await makeDevice('work');
    const { service, loaded } = createWorld({ modules: { [builtIn.softhsm]: [device.token] } });
    const tokens = await service.tokens(all, null);
    expect(tokensSchema.parse(tokens)).toEqual(tokens);
    expect(tokens).toEqual({
      modules: [{ path: builtIn.softhsm, description: 'Scripted module, Scripts', ok: true, error: null }],
      tokens: [
        {
          module: builtIn.softhsm,
          label: 'work',
          manufacturer: 'Scripts',
          model: 'Scripted',
          serial: 'serial of work',
          firmware: '1.0',
          kind: 'other',
          hardware: false,
          pin: { state: 'ok', triesLeft: null },
          keys: [
            {
              uri: 'pkcs11:token=work;manufacturer=Scripts;serial=serial%20of%20work;model=Scripted;id=%01;type=private',
              id: '01',
              label: 'key',
              type: 'EC',
              size: 'P-256',
              touch: 'unknown',
              alwaysAuthenticate: false,
              certificate: {
                sha256: device.certificate.sha256,
                subject: 'CN=work',
                issuer: 'CN=work',
                serial: device.certificate.serial,
                notBefore: '2026-01-01T00:00:00Z',
                notAfter: '2036-01-01T00:00:00Z',
              },
              usable: true,
              problems: [],
            },
          ],
        },
      ],
    });
    expect(loaded.get(builtIn.softhsm)!.counts.login).toBe(0);
  });

  it('goes through every built-in module, and a broken one is a line of it', async () => {
    const device = await makeDevice('work');
    const { service } = createWorld({
      modules: {
        [builtIn.yubico]: fail('C_Initialize', 'CKR_GENERAL_ERROR'),
        [builtIn.softhsm]: [device.token],
        '/opt/own.so': [device.token],
      },
    });
    const { modules, tokens } = await service.tokens(all, null);
    expect(modules).toMatchObject([
      { path: builtIn.yubico, ok: false, error: { code: 'token-failed' } },
      { path: builtIn.softhsm, ok: true },
    ]);
    expect(tokens).toHaveLength(1);
  });

  it('shows a token that two modules see once, from the one that is preferred, and asks one PIN for it', async () => {
    const device = await makeDevice('card');
    const other = await makeDevice('card', { recipe: { keys: device } });
    const elsewhere = await makeDevice('elsewhere', { recipe: { keys: device } });
    other.token.facts = { label: 'PIV_II', serial: '0', slotDescription: 'reader of card' };
    const { service } = createWorld({
      modules: { [builtIn.opensc]: [other.token, elsewhere.token], [builtIn.yubico]: [device.token] },
    });
    const person = human('123456', '123456');
    const { modules, tokens } = await service.tokens({ ...all, login: true }, person);
    expect(modules).toMatchObject([{ path: builtIn.yubico }, { path: builtIn.opensc }]);
    expect(tokens.map(({ module, label, keys }) => [module, label, keys.length])).toEqual([
      [builtIn.yubico, 'card', 1],
      [builtIn.opensc, 'elsewhere', 1],
    ]);
    expect(person.asked).toMatchObject([{ token: { label: 'card' } }, { token: { label: 'elsewhere' } }]);
  });

  it('shows a token from the next module where the preferred one is broken', async () => {
    const device = await makeDevice('card');
    const { service } = createWorld({
      modules: {
        [builtIn.yubico]: fail('C_Initialize', 'CKR_GENERAL_ERROR'),
        [builtIn.opensc]: [device.token],
      },
    });
    expect((await service.tokens(all, null)).tokens).toMatchObject([{ module: builtIn.opensc }]);
  });

  it('is of one module where one is named', async () => {
    const device = await makeDevice('work');
    const { service, loads } = createWorld({
      modules: { [builtIn.yubico]: [device.token], [builtIn.softhsm]: [device.token] },
    });
    const { modules } = await service.tokens({ ...all, pkcs11Lib: builtIn.softhsm }, null);
    expect(modules).toHaveLength(1);
    expect(loads).toEqual([builtIn.softhsm]);
  });

  it.each([
    ['missing', '/opt/nothing.so', 'module-missing'],
    ['broken', builtIn.yubico, 'token-failed'],
    ['not confirmed', '/opt/own.so', 'module-unconfirmed'],
  ])('fails as the one module named does: %s', async (_, path, code) => {
    const { service } = createWorld({
      modules: { [builtIn.yubico]: fail('C_Initialize', 'CKR_GENERAL_ERROR'), '/opt/own.so': [] },
    });
    await expect(service.tokens({ ...all, pkcs11Lib: path }, null)).rejects.toMatchObject({ code });
  });

  it('asks to confirm a module, with its path and SHA-256, and remembers the answer', async () => {
    const { service, loads, contents } = createWorld({ modules: { '/opt/own.so': [] } });
    const query = { ...all, pkcs11Lib: '/opt/own.so' };
    const refusing = human(null);
    await expect(service.tokens(query, refusing)).rejects.toMatchObject({ code: 'module-unconfirmed' });
    expect(refusing.asked).toEqual([
      { kind: 'confirm-module', path: '/opt/own.so', sha256: '0'.repeat(64), askedBy: 'a test' },
    ]);
    expect(loads).toEqual([]);
    expect(await service.tokens(query, human(true))).toMatchObject({ modules: [{ ok: true }] });
    expect(await service.tokens(query, nobody)).toMatchObject({ modules: [{ ok: true }] });
    contents.set('/opt/own.so', 'other');
    const asked = human(null);
    await expect(service.tokens(query, asked)).rejects.toMatchObject({
      code: 'module-unconfirmed',
      message: expect.stringContaining('changed since you confirmed it') as string,
    });
    expect(asked.asked).toMatchObject([{ kind: 'confirm-module', path: '/opt/own.so', changed: true }]);
  });

  it('sees tokens that came since the module was started', async () => {
    const early = await makeDevice('early');
    const late = await makeDevice('late');
    late.token.present = false;
    const { service } = createWorld({ modules: { [builtIn.softhsm]: [early.token, late.token] } });
    const signer = await service.signer(account('pkcs11:token=early'));
    await signer.unlock(human('123456'));
    late.token.present = true;
    expect((await service.tokens(all, null)).tokens.map(({ label }) => label)).toEqual(['early', 'late']);
    await signer.sign(Buffer.from('and the login of the other is back'));
  });

  it('leaves no process behind that nobody uses, and ends none that holds a PIN', async () => {
    const device = await makeDevice('work');
    const { service, loads } = createWorld({ modules: { [builtIn.softhsm]: [device.token] } });
    await service.tokens(all, null);
    await service.tokens({ ...all, login: true }, human('123456'));
    await service.tokens(all, null);
    expect(loads).toHaveLength(2);
    expect(await service.counts()).toEqual({ sign: 0, login: 1 });
  });

  it.each([
    ['pinCountLow', { state: 'low', triesLeft: null }],
    ['pinFinalTry', { state: 'final', triesLeft: 1 }],
    ['pinLocked', { state: 'locked', triesLeft: 0 }],
  ])('tells the state of the PIN: %s', async (flag, pin) => {
    const token = new ScriptedToken({ label: 'work' });
    token.facts = { [flag]: true };
    const { service } = createWorld({ modules: { [builtIn.softhsm]: [token] } });
    expect((await service.tokens(all, null)).tokens[0]!.pin).toEqual(pin);
  });
});

describe('the list of tokens with login', () => {
  const withLogin = { pkcs11Lib: null, login: true };

  it('asks one PIN for each token that takes one', async () => {
    const one = await makeDevice('one', { alwaysAuthenticate: true });
    const two = await makeDevice('two');
    const open = await makeDevice('open');
    open.token.facts = { loginRequired: false };
    const fresh = new ScriptedToken({ label: 'fresh' });
    fresh.facts = { pinInitialised: false };
    const locked = new ScriptedToken({ label: 'locked' });
    locked.triesLeft = 0;
    const tokens = [one.token, two.token, open.token, fresh, locked];
    const { service } = createWorld({ modules: { [builtIn.softhsm]: tokens } });
    const person = human('123456', '123456');
    const list = await service.tokens(withLogin, person);
    expect(person.asked).toMatchObject([{ token: { label: 'one' } }, { token: { label: 'two' } }]);
    expect(list.tokens.flatMap(({ keys }) => keys).map((key) => key.alwaysAuthenticate)).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('fails where nobody can be asked, or the PIN was wrong', async () => {
    const device = await makeDevice('work');
    const { service } = createWorld({ modules: { [builtIn.softhsm]: [device.token] } });
    await expect(service.tokens(withLogin, null)).rejects.toMatchObject({ code: 'pin-needed' });
    await expect(service.tokens(withLogin, human('wrong1', null))).rejects.toMatchObject({
      code: 'pin-incorrect',
    });
  });

  it('tells a certificate without its private key', async () => {
    const device = await makeDevice('work');
    device.token.objects.splice(1, 1);
    const { service } = createWorld({ modules: { [builtIn.softhsm]: [device.token] } });
    expect((await service.tokens({ pkcs11Lib: null, login: false }, null)).tokens[0]!.keys[0]!.usable).toBe(
      true,
    );
    const { tokens } = await service.tokens(withLogin, human('123456'));
    expect(tokens[0]!.keys[0]).toMatchObject({ usable: false, problems: [{ code: 'key-unknown' }] });
  });
});
