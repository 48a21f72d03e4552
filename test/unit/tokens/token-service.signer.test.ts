import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { NoAnswer, PromptQuestion } from '../../../src/main/ports.ts';
import { verifySignature } from '../../../src/main/roles-anywhere/signature.ts';
import type { Human } from '../../../src/main/tokens/signer.ts';
import { Gate } from '../../support/fakes/gate.ts';
import { failureOf } from '../failure-of.ts';
import { makeCertificate, type Made } from '../roles-anywhere/make-certificate.ts';
import { filesOf, human, nobody } from './doubles.ts';
import { certificateObject, fail, keyPairObjects, ScriptedToken } from './scripted-cryptoki.ts';
import { account, builtIn, createWorld, keyPem, makeDevice, pem, type Device } from './world.ts';

const softhsm = builtIn.softhsm;
let work: Device;
let other: Device;
let stranger: Made;
let authority: Made;

beforeAll(async () => {
  work = await makeDevice('work');
  other = await makeDevice('other');
  stranger = await makeCertificate({ subject: 'CN=stranger' });
  authority = await makeCertificate({ subject: 'CN=authority', ca: true });
});

describe('the signer of an account', () => {
  it('is the key its URI names, with the certificate beside it, and asks nobody', async () => {
    const { service, loaded } = createWorld({ modules: { [softhsm]: [other.token, work.token] } });
    const signer = await service.signer(account('pkcs11:token=work'));
    expect(signer.key).toEqual({
      uri: 'pkcs11:token=work;manufacturer=Scripts;serial=serial%20of%20work;model=Scripted;id=%01;type=private',
      token: { label: 'work', serial: 'serial of work' },
      hardware: false,
      touch: 'unknown',
      alwaysAuthenticate: false,
    });
    expect(signer.certificate.sha256).toBe(work.certificate.sha256);
    expect(signer.issuers).toEqual([]);
    expect(signer.readyWithoutHuman()).toBe(false);
    expect(loaded.get(softhsm)!.counts).toEqual({ sign: 0, login: 0 });
  });

  it('is found again by the URI it shows', async () => {
    const { service } = createWorld({ modules: { [softhsm]: [other.token, work.token] } });
    const { key } = await service.signer(account('pkcs11:token=work'));
    expect((await service.signer(account(key.uri))).key).toEqual(key);
  });

  it.each([
    ['token not there', 'pkcs11:token=absent', 'token-absent'],
    ['key not on the token', 'pkcs11:token=work;id=%02', 'key-unknown'],
    ['label not on the token', 'pkcs11:token=work;object=nothing', 'key-unknown'],
    ['several keys', 'pkcs11:', 'key-ambiguous'],
    ['a certificate’s URI', 'pkcs11:token=work;type=cert', 'account-invalid'],
    ['a PIN in the URI', 'pkcs11:token=work?pin-value=123456', 'account-invalid'],
    ['no such file', '/keys/absent.pem', 'file-unreadable'],
    ['an ssh-agent that does not run', 'ssh-agent:SHA256:abc', 'ssh-agent-missing'],
  ])('is refused: %s', async (_, key, code) => {
    const { service } = createWorld({ modules: { [softhsm]: [other.token, work.token] } });
    await expect(service.signer(account(key))).rejects.toMatchObject({ code });
  });

  it.each([
    ['pkcs11:token=absent', 'No token matches token=absent; plugged in: other, work.'],
    ['pkcs11:token=work;serial=1;id=%02', 'No token matches token=work;serial=1; plugged in: other, work.'],
    ['pkcs11:token=work;id=%02', 'No key with id=%02 on work.'],
    ['pkcs11:object=nothing', 'No key with object=nothing on other, work.'],
  ])('says what was looked for and what is there: %s', async (key, message) => {
    const { service } = createWorld({ modules: { [softhsm]: [other.token, work.token] } });
    await expect(service.signer(account(key))).rejects.toMatchObject({ message });
  });

  it.each([
    ['pkcs11:token=work', 'No token matches token=work; none is plugged in.'],
    ['pkcs11:id=%01', 'No token is plugged in.'],
  ])('says that no token is there at all: %s', async (key, message) => {
    const { service } = createWorld({ modules: { [softhsm]: [] } });
    await expect(service.signer(account(key))).rejects.toMatchObject({ code: 'token-absent', message });
  });

  it('names the keys an ambiguous URI may mean', async () => {
    const { service } = createWorld({ modules: { [softhsm]: [other.token, work.token] } });
    await expect(service.signer(account('pkcs11:model=Scripted'))).rejects.toMatchObject({
      code: 'key-ambiguous',
      remedy: expect.stringMatching(/pkcs11:token=other;.* or pkcs11:token=work;/) as string,
    });
  });

  describe('with several keys', () => {
    const files = (): Record<string, string> => ({ '/key.pem': keyPem(stranger) + pem(stranger) });

    it.each([
      ['a token that is away', ['pkcs11:token=away', 'pkcs11:token=work'], 'work'],
      ['a key that is not on its token', ['pkcs11:token=work;id=%09', 'pkcs11:token=other'], 'other'],
      ['a key of an ssh-agent', [`ssh-agent:SHA256:${'A'.repeat(43)}`, 'pkcs11:token=work'], 'work'],
      ['a file that is not there', ['/absent.pem', 'pkcs11:token=work'], 'work'],
      ['nothing before it', ['/key.pem', 'pkcs11:token=work'], null],
    ])('is the first that is there: %s', async (_, keys, token) => {
      const { service } = createWorld({
        modules: { [softhsm]: [other.token, work.token] },
        files: filesOf(files()),
      });
      expect((await service.signer(account(...keys))).key.token?.label ?? null).toBe(token);
    });

    it('fails as the first does where none is there', async () => {
      const { service } = createWorld({ modules: { [softhsm]: [work.token] } });
      await expect(service.signer(account('pkcs11:token=work;id=%09', '/absent.pem'))).rejects.toMatchObject({
        code: 'key-unknown',
      });
    });

    it('does not go past a key that is there but cannot be used', async () => {
      const bare = new ScriptedToken({
        label: 'bare',
        objects: keyPairObjects(stranger.privateKey, { id: '01', label: 'key' }),
      });
      const { service } = createWorld({ modules: { [softhsm]: [bare, work.token] } });
      await expect(service.signer(account('pkcs11:token=bare', 'pkcs11:token=work'))).rejects.toMatchObject({
        code: 'cert-missing',
      });
    });
  });

  describe('and its module', () => {
    const own = '/opt/vendor/module.so';
    const named = { ...account('pkcs11:token=work'), pkcs11Lib: own };

    it('is the account’s, once it was confirmed as it is', async () => {
      const { service, confirmed, contents, loads } = createWorld({ modules: { [own]: [work.token] } });
      await expect(service.signer(named)).rejects.toMatchObject({
        code: 'module-unconfirmed',
        remedy: expect.stringContaining(own) as string,
      });
      confirmed.add(`${own} ${'0'.repeat(64)}`);
      expect((await service.signer(named)).key.token?.label).toBe('work');
      contents.set(own, 'changed');
      await expect(service.signer(named)).rejects.toMatchObject({ code: 'module-unconfirmed' });
      expect(loads).toEqual([own]);
    });

    it('is the URI’s before the account’s, under the same rule', async () => {
      const { service, loads } = createWorld({ modules: { [own]: [work.token], [softhsm]: [work.token] } });
      const uri = `pkcs11:token=work?module-path=${own}`;
      await expect(service.signer({ ...account(uri), pkcs11Lib: softhsm })).rejects.toMatchObject({
        code: 'module-unconfirmed',
      });
      await service.signer({ ...account(`pkcs11:token=work?module-path=${softhsm}`), pkcs11Lib: own });
      expect(loads).toEqual([softhsm]);
    });

    it.each([
      ['missing', '/opt/nothing.so', 'module-missing'],
      ['one others can write', '/opt/unsafe.so', 'module-unsafe'],
    ])('is not loaded: %s', async (_, path, code) => {
      const { service, loads } = createWorld({ modules: { '/opt/unsafe.so': [work.token] } });
      await expect(
        service.signer({ ...account('pkcs11:token=work'), pkcs11Lib: path }),
      ).rejects.toMatchObject({
        code,
      });
      expect(loads).toEqual([]);
    });

    it('is else the first on the built-in list that shows the key, which is asked first next time', async () => {
      const { service, loads } = createWorld({
        modules: {
          [builtIn.yubico]: [other.token],
          [builtIn.opensc]: [work.token],
          [softhsm]: [work.token],
        },
      });
      await service.signer(account('pkcs11:token=work'));
      await service.signer(account('pkcs11:token=work'));
      // All were looked through once: another may have shown another key.
      expect(loads).toEqual([builtIn.yubico, builtIn.opensc, softhsm]);
      // Nobody uses the first: its process was ended, and is started again when it is needed.
      await service.signer(account('pkcs11:token=other'));
      expect(loads.slice(3)).toEqual([builtIn.yubico, softhsm]);
    });

    it('fails only where all do: a module often fails without its device', async () => {
      const broken = fail('C_Initialize', 'CKR_GENERAL_ERROR');
      const some = createWorld({ modules: { [builtIn.yubico]: broken, [softhsm]: [work.token] } });
      expect((await some.service.signer(account('pkcs11:token=work'))).key.token?.label).toBe('work');
      await expect(some.service.signer(account('pkcs11:token=away'))).rejects.toMatchObject({
        code: 'token-absent',
      });
      const all = createWorld({ modules: { [builtIn.yubico]: broken } });
      await expect(all.service.signer(account('pkcs11:token=work'))).rejects.toMatchObject({
        code: 'token-failed',
        message: expect.stringContaining('C_Initialize: CKR_GENERAL_ERROR') as string,
      });
    });

    it('is missing where no built-in one is installed', async () => {
      const { service } = createWorld({ modules: {} });
      await expect(service.signer(account('pkcs11:token=work'))).rejects.toMatchObject({
        code: 'module-missing',
      });
    });
  });

  describe('and its certificate', () => {
    const find = (
      certificate: string | null,
      intermediates: string | null,
      content: Record<string, string>,
    ) =>
      createWorld({
        modules: { [softhsm]: [work.token, other.token] },
        files: filesOf(content),
      }).service.signer({ ...account('pkcs11:token=work'), certificate, intermediates });

    it('is read anew each time', async () => {
      const device = await makeDevice('renewed');
      const { service } = createWorld({ modules: { [softhsm]: [device.token] } });
      await service.signer(account('pkcs11:token=renewed'));
      const renewed = await makeCertificate({ subject: 'CN=again', keys: device });
      device.token.objects.splice(
        2,
        1,
        certificateObject(renewed.certificate.der, { id: '01', label: 'key' }),
      );
      const signer = await service.signer(account('pkcs11:token=renewed'));
      expect(signer.certificate.sha256).toBe(renewed.certificate.sha256);
    });

    it('comes from a file, whose other certificates may be issuers', async () => {
      const signer = await find('/c.pem', null, { '/c.pem': pem(authority) + pem(work) });
      expect(signer.certificate.sha256).toBe(work.certificate.sha256);
      expect(signer.issuers.map(({ sha256 }) => sha256)).toEqual([authority.certificate.sha256]);
    });

    it('comes from a URI on the same module', async () => {
      const signer = await find('pkcs11:token=work;id=%01;type=cert', null, {});
      expect(signer.certificate.sha256).toBe(work.certificate.sha256);
    });

    it('has the issuers of the intermediates file', async () => {
      const signer = await find(null, '/i.pem', { '/i.pem': pem(authority) });
      expect(signer.issuers.map(({ sha256 }) => sha256)).toEqual([authority.certificate.sha256]);
    });

    it.each([
      ['a file of another key’s', '/c.pem', 'cert-key-mismatch'],
      ['a file that is not there', '/absent.pem', 'file-unreadable'],
      ['a file that is no certificate', '/bad.pem', 'cert-unreadable'],
      ['a file with no certificate', '/key.pem', 'cert-missing'],
      ['a URI of nothing', 'pkcs11:token=work;id=%09', 'cert-missing'],
      ['a URI of another key’s', 'pkcs11:token=other;id=%01', 'cert-key-mismatch'],
    ])('is refused: %s', async (_, certificate, code) => {
      const content = { '/c.pem': pem(stranger), '/bad.pem': 'bad', '/key.pem': keyPem(stranger) };
      await expect(find(certificate, null, content)).rejects.toMatchObject({ code });
    });

    it.each([
      ['unreadable', 'not a certificate', 'cert-unreadable'],
      ['another key’s', null, 'cert-key-mismatch'],
    ])('is refused beside the key: %s', async (_, content, code) => {
      const token = new ScriptedToken({
        label: 'token',
        objects: [
          ...keyPairObjects(work.privateKey, { id: '01', label: 'key' }),
          certificateObject(content === null ? stranger.certificate.der : Buffer.from(content), {
            id: '01',
            label: 'key',
          }),
        ],
      });
      const { service } = createWorld({ modules: { [softhsm]: [token] } });
      await expect(service.signer(account('pkcs11:token=token'))).rejects.toMatchObject({ code });
    });
  });

  describe('whose private key nothing shows before login', () => {
    const hidden = (): ScriptedToken =>
      new ScriptedToken({
        label: 'hidden',
        objects: keyPairObjects(work.privateKey, { id: '01', label: 'key' }).slice(1),
      });
    const files = (): Record<string, string> => ({ '/c.pem': pem(work), '/other.pem': pem(other) });
    const find = (uri: string, certificate: string | null) =>
      createWorld({ modules: { [softhsm]: [hidden()] }, files: filesOf(files()) }).service.signer({
        ...account(uri),
        certificate,
      });

    it('is believed to be there, and found when it signs', async () => {
      const signer = await find('pkcs11:token=hidden;id=%01', '/c.pem');
      await signer.unlock({
        ...nobody,
        prompts: { ask: () => Promise.resolve({ secret: '123456' }) },
      });
      expect(await signer.sign(Buffer.from('message'))).toBeInstanceOf(Uint8Array);
    });

    it('is told from a key that is not the certificate’s when it signs', async () => {
      const signer = await find('pkcs11:token=hidden;id=%01', '/other.pem');
      await signer.unlock({
        ...nobody,
        prompts: { ask: () => Promise.resolve({ secret: '123456' }) },
      });
      await expect(signer.sign(Buffer.from('message'))).rejects.toMatchObject({ code: 'cert-key-mismatch' });
    });

    it.each([
      ['without a certificate', 'pkcs11:token=hidden;id=%01', null],
      ['without a name for the key', 'pkcs11:token=hidden', '/c.pem'],
    ])('is unknown %s', async (_, uri, certificate) => {
      await expect(find(uri, certificate)).rejects.toMatchObject({ code: 'key-unknown' });
    });
  });

  it('is found on a token that came after the module was started', async () => {
    const late = await makeDevice('late');
    late.token.present = false;
    const { service } = createWorld({ modules: { [softhsm]: [work.token, late.token] } });
    await service.signer(account('pkcs11:token=work'));
    await expect(service.signer(account('pkcs11:token=late'))).rejects.toMatchObject({
      code: 'token-absent',
    });
    late.token.present = true;
    expect((await service.signer(account('pkcs11:token=late'))).key.token?.label).toBe('late');
  });
});

describe('a signature that a token keeps waiting', () => {
  /** A token that signs, or does not, when the test says so. */
  async function waiting(): Promise<{
    world: ReturnType<typeof createWorld>;
    device: Device;
    sign: (who: Human) => Promise<Uint8Array>;
    touch: () => void;
    refuse: () => void;
  }> {
    const device = await makeDevice('touchy');
    // Of the vendors that may want a touch.
    device.token.facts = { manufacturer: 'Yubico (www.yubico.com)', model: 'YubiKey YK5' };
    const world = createWorld({ modules: { [builtIn.yubico]: [device.token] } });
    const signer = await world.service.signer(account('pkcs11:token=touchy'));
    await signer.unlock(human('123456'));
    const cryptoki = world.loaded.get(builtIn.yubico)!;
    const sign = cryptoki.sign.bind(cryptoki);
    const gates: Gate[] = [];
    cryptoki.sign = async (...args) => {
      const gate = new Gate();
      gates.push(gate);
      await gate.promise;
      return sign(...args);
    };
    return {
      world,
      device,
      sign: async (who) => (await world.service.signer(account('pkcs11:token=touchy'))).sign(message, who),
      touch: () => gates.at(-1)!.open(),
      refuse: () => gates.at(-1)!.fail(fail('C_Sign', 'CKR_USER_NOT_LOGGED_IN', 'touch-needed')),
    };
  }
  const message = Buffer.from('what is signed');

  /** Shows touches; answers none by itself. */
  function watcher() {
    const shown = new Gate<PromptQuestion>();
    const gone = new Gate();
    const answer = new Gate<NoAnswer>();
    const who: Human = {
      accounts: ['Work'],
      askedBy: 'a test',
      prompts: {
        ask: (question, unneeded) => {
          shown.open(question);
          unneeded?.addEventListener('abort', () => gone.open());
          return Promise.race([answer.promise, gone.promise.then(() => null)]);
        },
      },
    };
    return { who, shown: shown.promise, gone: gone.promise, cancel: () => answer.open('cancelled') };
  }

  it('is told, and over when it was given', async () => {
    const { device, sign, touch } = await waiting();
    const { who, shown, gone } = watcher();
    const signing = sign(who);
    expect(await shown).toEqual({
      kind: 'touch',
      token: { label: 'touchy', serial: 'serial of touchy' },
      accounts: ['Work'],
      askedBy: 'a test',
    });
    touch();
    expect(verifySignature(device.certificate, message, await signing)).toBe(true);
    await gone;
  });

  it('can be given up: what comes late is dropped, the PIN is kept, and the next one waits its turn', async () => {
    const { world, device, sign, touch } = await waiting();
    const { who, shown, cancel } = watcher();
    const signing = failureOf(sign(who));
    await shown;
    cancel();
    expect(await signing).toMatchObject({ code: 'touch-needed' });
    const next = sign(nobody);
    touch();
    const cryptoki = world.loaded.get(builtIn.yubico)!;
    await vi.waitFor(() => expect(cryptoki.calls.filter((name) => name === 'C_SignInit')).toHaveLength(2));
    touch();
    expect(verifySignature(device.certificate, message, await next)).toBe(true);
    expect(cryptoki.counts).toEqual({ sign: 2, login: 1 });
    expect(world.loads).toHaveLength(1);
  });

  it('makes the key one that wants a touch where none was given', async () => {
    const { world, sign, refuse } = await waiting();
    const { who, shown } = watcher();
    const signing = failureOf(sign(who));
    await shown;
    refuse();
    expect(await signing).toMatchObject({ code: 'touch-needed' });
    const signer = await world.service.signer(account('pkcs11:token=touchy'));
    expect(signer.key.touch).toBe('always');
    expect(signer.readyWithoutHuman()).toBe(false);
    await signer.unlock(null);
    expect(world.loaded.get(builtIn.yubico)!.counts).toEqual({ sign: 0, login: 1 });
  });
});
