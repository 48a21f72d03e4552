import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { HostParams, HostRequest, TokenRef } from '../../../../src/main/tokens/host/protocol.ts';
import { serve } from '../../../../src/main/tokens/host/server.ts';
import { TokenModule } from '../../../../src/main/tokens/host/token-module.ts';
import { fail, keyPairObjects, ScriptedCryptoki, ScriptedToken } from '../scripted-cryptoki.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const strictKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const data = Buffer.alloc(32, 1).toString('base64');

let scripted: ScriptedToken;
let cryptoki: ScriptedCryptoki;
let module: TokenModule;
let token: TokenRef;

beforeEach(() => {
  scripted = new ScriptedToken({
    label: 'token',
    objects: [
      ...keyPairObjects(privateKey, { id: '01', label: 'key' }),
      ...keyPairObjects(strictKey, { id: '02', label: 'strict', alwaysAuthenticate: true }),
    ],
  });
  cryptoki = new ScriptedCryptoki([scripted]);
  module = new TokenModule(() => cryptoki);
  token = module.tokens({ fresh: false })[0]!;
});

const sign = (id = '01', touch?: HostParams<'sign'>['touch']) =>
  module.sign({
    token,
    key: { id, label: null, type: 'EC' },
    mechanism: 'CKM_ECDSA',
    data,
    ...(touch && { touch }),
  });

/** Makes a function fail, once. */
function failOnce(functionName: string, rv: string, code?: Parameters<typeof fail>[2]): void {
  cryptoki.before = (name) => {
    if (name !== functionName) return;
    cryptoki.before = () => undefined;
    throw fail(functionName, rv, code);
  };
}

it('logs in for the signature of a key that is known to want it, though the module does not say so', async () => {
  await module.login({ token, pin: '123456' });
  const key = { id: '01', label: null, type: 'EC', alwaysAuthenticate: true } as const;
  await module.sign({ token, key, mechanism: 'CKM_ECDSA', data });
  await module.sign({ token, key, mechanism: 'CKM_ECDSA', data });
  expect(module.counts()).toEqual({ sign: 2, login: 3 });
  module.forgetPins();
  await expect(module.sign({ token, key, mechanism: 'CKM_ECDSA', data })).rejects.toMatchObject({
    code: 'pin-needed',
  });
  expect(module.counts()).toEqual({ sign: 2, login: 3 });
});

it.each([
  ['not at all', 'key'],
  ['with a space', 'key '],
  ['with NUL', 'key\0\0'],
])('finds a key by its label, however the module pads it: %s', async (_, label) => {
  scripted.objects.splice(
    0,
    2,
    ...keyPairObjects(privateKey, { id: '01', label }),
    ...keyPairObjects(strictKey, { id: '01', label: 'twin' }),
  );
  await module.login({ token, pin: '123456' });
  for (const id of ['01', null]) {
    const key = { id, label: 'key', type: 'EC' } as const;
    await module.sign({ token, key, mechanism: 'CKM_ECDSA', data });
  }
  const key = { id: '01', label: 'other', type: 'EC' } as const;
  await expect(module.sign({ token, key, mechanism: 'CKM_ECDSA', data })).rejects.toMatchObject({
    code: 'key-unknown',
  });
});

describe('PINs in a token host', () => {
  it('are not sent for a request that says to use the held one where none is held', async () => {
    await expect(module.login({ token, pin: null })).rejects.toMatchObject({ code: 'pin-needed' });
    expect(cryptoki.pins).toEqual([]);
  });

  it('are tried once, also where somebody else has logged in; such a one is not kept', async () => {
    failOnce('C_Login', 'CKR_USER_ALREADY_LOGGED_IN');
    await module.login({ token, pin: '111111' });
    expect(cryptoki.pins).toEqual(['111111']);
    expect(module.tokens({ fresh: false })).toMatchObject([{ pinHeld: false }]);
  });

  it('are tried from outside where the login is nobody’s we hold', async () => {
    cryptoki.isUser = () => !cryptoki.calls.includes('C_Logout') || cryptoki.pins.length > 0;
    await module.login({ token, pin: '123456' });
    await sign();
    expect(cryptoki.calls.filter((name) => name.startsWith('C_Log'))).toEqual(['C_Logout', 'C_Login']);
    expect(module.tokens({ fresh: false })).toMatchObject([{ pinHeld: true }]);
  });

  it('are wiped when they are refused later, and never sent again', async () => {
    await module.login({ token, pin: '123456' });
    module.tokens({ fresh: true }); // the login is lost
    failOnce('C_Login', 'CKR_PIN_INCORRECT', 'pin-incorrect');
    await expect(sign()).rejects.toMatchObject({ code: 'pin-needed', rv: 'CKR_PIN_INCORRECT' });
    await expect(sign()).rejects.toMatchObject({ code: 'pin-needed', detail: 'no PIN is held' });
    expect(cryptoki.pins).toEqual(['123456', '123456']);
    expect(cryptoki.counts.sign).toBe(0);
  });

  it('are wiped when a key that always authenticates refuses them', async () => {
    await module.login({ token, pin: '123456' });
    failOnce('C_Login', 'CKR_PIN_INCORRECT', 'pin-incorrect');
    await expect(sign('02')).rejects.toMatchObject({ code: 'pin-needed' });
    await expect(sign('02')).rejects.toMatchObject({ detail: 'no PIN is held' });
    expect(cryptoki.pins).toHaveLength(2);
  });

  it('are kept through a failure that says nothing of the PIN', async () => {
    await module.login({ token, pin: '123456' });
    module.tokens({ fresh: true });
    failOnce('C_Login', 'CKR_DEVICE_ERROR');
    await expect(sign()).rejects.toMatchObject({ code: 'token-failed' });
    await sign();
    expect(cryptoki.counts).toEqual({ sign: 1, login: 3 });
  });

  it('that were refused are told so, also where the token is not seen right after', async () => {
    for (const pin of ['wrong', 'wrong!']) {
      cryptoki.before = (name) => {
        if (name === 'C_CloseSession') scripted.present = false;
      };
      await expect(module.login({ token, pin })).rejects.toMatchObject({ code: 'pin-incorrect' });
      cryptoki.before = () => undefined;
      scripted.present = true;
    }
    expect(module.counts()).toEqual({ sign: 0, login: 2 });
  });

  it('that lock the token say so, typed or held', async () => {
    await module.login({ token, pin: '123456' });
    module.tokens({ fresh: true });
    scripted.triesLeft = 0;
    await expect(sign()).rejects.toMatchObject({ code: 'pin-locked' });
    await expect(sign()).rejects.toMatchObject({ code: 'pin-needed' });
    await expect(module.login({ token, pin: '123456' })).rejects.toMatchObject({ code: 'pin-locked' });
  });

  it.each([
    ['too short', '12345', { minPinLength: 6, maxPinLength: 8 }, 'pin-length'],
    ['too long', '123456789', { minPinLength: 6, maxPinLength: 8 }, 'pin-length'],
    ['too long in bytes', '123456éé', { minPinLength: 6, maxPinLength: 9 }, 'pin-length'],
    ['at the least', '123456', { minPinLength: 6, maxPinLength: 8 }, null],
    ['at the most', '123456', { minPinLength: 4, maxPinLength: 6 }, null],
    ['of a token that does not say', '123456', { minPinLength: 0, maxPinLength: 0 }, null],
    ['of a token that says nonsense', '123456', { minPinLength: 8, maxPinLength: 6 }, null],
  ])('%s', async (_, pin, facts, code) => {
    scripted.facts = facts;
    const login = module.login({ token, pin });
    if (code === null) await login;
    else await expect(login).rejects.toMatchObject({ code });
    expect(cryptoki.pins).toHaveLength(code === null ? 1 : 0);
  });

  it('are not asked of a token that needs no login', async () => {
    scripted.facts = { loginRequired: false };
    await module.login({ token, pin: null });
    await sign();
    await expect(sign('02')).rejects.toMatchObject({ code: 'pin-needed' });
    expect(cryptoki.counts).toEqual({ sign: 1, login: 0 });
    expect(cryptoki.calls.filter((name) => name === 'C_SignInit')).toHaveLength(1);
  });

  it('of a token that is away when tokens are looked for anew are wiped', async () => {
    await module.login({ token, pin: '123456' });
    scripted.present = false;
    expect(module.tokens({ fresh: true })).toEqual([]);
    scripted.present = true;
    expect(module.tokens({ fresh: true })).toMatchObject([{ pinHeld: false }]);
    await expect(sign()).rejects.toMatchObject({ code: 'pin-needed' });
    expect(cryptoki.pins).toHaveLength(1);
  });

  it('bring a login back that was lost without a word', async () => {
    await module.login({ token, pin: '123456' });
    failOnce('C_Sign', 'CKR_USER_NOT_LOGGED_IN', 'pin-needed');
    await sign();
    expect(cryptoki.counts).toEqual({ sign: 2, login: 2 });
  });

  it('are sent only to a module that was just initialised, and knows what tries are left', async () => {
    await module.login({ token, pin: '123456' });
    failOnce('C_FindObjects', 'CKR_OBJECT_HANDLE_INVALID'); // which ends the session, and the login with it
    await expect(sign()).rejects.toMatchObject({ code: 'token-failed' });
    cryptoki.calls.length = 0;
    await sign();
    const order = ['C_Finalize', 'C_Initialize', 'C_GetTokenInfo', 'C_Login'];
    expect(order.map((name) => cryptoki.calls.indexOf(name))).toEqual(
      order.map((name) => cryptoki.calls.indexOf(name)).sort((a, b) => a - b),
    );
    expect(cryptoki.calls).toEqual(expect.arrayContaining(order));
  });

  it('are gone with the login where only the reader tells the token from others', async () => {
    scripted.facts = { reader: 'reader 1' };
    token = module.tokens({ fresh: true })[0]!;
    await module.login({ token, pin: '123456' });
    await sign();
    await sign('02');
    module.release();
    expect(module.tokens({ fresh: false })).toMatchObject([{ pinHeld: false }]);
    await expect(sign()).rejects.toMatchObject({ code: 'pin-needed', detail: 'no PIN is held' });
    await module.login({ token, pin: '123456' });
    failOnce('C_FindObjects', 'CKR_OBJECT_HANDLE_INVALID');
    await expect(sign()).rejects.toMatchObject({ code: 'token-failed' });
    await expect(sign()).rejects.toMatchObject({ code: 'pin-needed', detail: 'no PIN is held' });
    expect(cryptoki.pins).toHaveLength(3); // one of them for the key that always authenticates
  });

  it('do not keep trying where the module says so of a good login', async () => {
    await module.login({ token, pin: '123456' });
    cryptoki.before = (name) => {
      if (name === 'C_Sign') throw fail('C_Sign', 'CKR_USER_NOT_LOGGED_IN', 'pin-needed');
    };
    await expect(sign()).rejects.toMatchObject({ code: 'pin-needed' });
    expect(cryptoki.counts).toEqual({ sign: 2, login: 2 });
  });

  it('of one token are not used for another', async () => {
    const other = new ScriptedToken({ label: 'other', objects: scripted.objects });
    cryptoki = new ScriptedCryptoki([scripted, other]);
    module = new TokenModule(() => cryptoki);
    const [first, second] = module.tokens({ fresh: false });
    await module.login({ token: first!, pin: '123456' });
    await expect(module.login({ token: second!, pin: null })).rejects.toMatchObject({ code: 'pin-needed' });
    expect(cryptoki.pins).toEqual(['123456']);
  });
});

describe('a touch that does not come', () => {
  /** A key that gives up after some time, in the words of modules that have none for it. */
  async function waiting(ms: number): Promise<void> {
    let now = 0;
    module = new TokenModule(
      () => cryptoki,
      () => now,
    );
    await module.login({ token, pin: '123456' });
    cryptoki.before = (name) => {
      if (name !== 'C_Sign') return;
      now += ms;
      throw fail('C_Sign', 'CKR_USER_NOT_LOGGED_IN', 'pin-needed');
    };
  }

  it('is told from a lost login by the time it took, and not waited for again', async () => {
    await waiting(15_000);
    await expect(sign()).rejects.toMatchObject({ code: 'touch-needed' });
    expect(cryptoki.counts).toEqual({ sign: 1, login: 1 });
    expect(module.tokens({ fresh: false })).toMatchObject([{ pinHeld: true }]);
  });

  it('is none where the refusal is there at once', async () => {
    await waiting(900);
    await expect(sign()).rejects.toMatchObject({ code: 'pin-needed' });
  });

  it.each([
    ['never', 15_000, 'pin-needed'],
    ['always', 1900, 'pin-needed'],
    ['always', 2000, 'touch-needed'],
    ['cached', 1900, 'pin-needed'],
    ['cached', 2000, 'touch-needed'],
    ['unknown', 4900, 'pin-needed'],
    ['unknown', 5000, 'touch-needed'],
    [undefined, 4900, 'pin-needed'],
    [undefined, 5000, 'touch-needed'],
  ] as const)('of a key whose policy is %s and that was refused after %i ms: %s', async (touch, ms, code) => {
    await waiting(ms);
    await expect(sign('01', touch)).rejects.toMatchObject({ code });
    // A lost login is brought back once, by the PIN that is held; a touch is never waited for a second time.
    expect(cryptoki.counts.sign).toBe(code === 'touch-needed' ? 1 : 2);
  });
});

describe('sessions in a token host', () => {
  it('are closed after a failed operation, which may have left them busy', async () => {
    await module.login({ token, pin: '123456' });
    failOnce('C_Sign', 'CKR_DEVICE_ERROR');
    await expect(sign()).rejects.toMatchObject({ code: 'token-failed' });
    await sign();
    expect(cryptoki.counts).toEqual({ sign: 2, login: 2 });
    expect(cryptoki.calls.filter((name) => name === 'C_CloseSession')).toHaveLength(1);
  });

  it('are one per token', async () => {
    await module.login({ token, pin: '123456' });
    await sign();
    await sign();
    await module.objects({ token });
    expect(cryptoki.calls.filter((name) => name === 'C_OpenSession')).toHaveLength(1);
  });

  it('that the module closed by itself are opened again', async () => {
    await module.login({ token, pin: '123456' });
    failOnce('C_GetSessionInfo', 'CKR_SESSION_HANDLE_INVALID');
    await sign();
    expect(cryptoki.counts).toEqual({ sign: 1, login: 2 });
  });

  it('fail as absent where the token went away in the middle, whatever the module says', async () => {
    await module.login({ token, pin: '123456' });
    cryptoki.before = (name) => {
      if (name !== 'C_Sign') return;
      scripted.present = false;
      throw fail('C_Sign', 'CKR_DEVICE_ERROR');
    };
    await expect(sign()).rejects.toMatchObject({ code: 'token-absent' });
  });

  it('are never closed or finalized during a signature, whatever is asked meanwhile', async () => {
    const answers: unknown[] = [];
    let ask: (request: HostRequest) => void = () => undefined;
    serve(
      {
        send: (message) => 'id' in message && answers.push(message),
        onRequest: (listener) => (ask = listener),
        onClose: () => undefined,
      },
      module,
      () => undefined,
    );
    const key = { id: '01', label: null, type: 'EC' } as const;
    cryptoki.calls.length = 0;
    ask({ id: 1, method: 'login', params: { token, pin: '123456' } });
    ask({ id: 2, method: 'sign', params: { token, key, mechanism: 'CKM_ECDSA', data } });
    ask({ id: 3, method: 'tokens', params: { fresh: true } });
    ask({ id: 4, method: 'sign', params: { token, key, mechanism: 'CKM_ECDSA', data } });
    while (answers.length < 4) await new Promise((resolve) => setImmediate(resolve));
    expect(answers).toMatchObject([1, 2, 3, 4].map((id) => ({ id, result: {} })));
    const { calls } = cryptoki;
    const afterInit = calls.flatMap((name, index) => (name === 'C_SignInit' ? [calls[index + 1]] : []));
    expect(afterInit).toEqual(['C_Sign', 'C_Sign']);
    expect(calls.indexOf('C_Finalize')).toBeGreaterThan(calls.indexOf('C_Sign'));
  });

  it('end after the signature under way when the engine goes, with no PIN held and nothing begun any more', async () => {
    let ask: (request: HostRequest) => void = () => undefined;
    let close: () => void = () => undefined;
    const channel = {
      send: () => undefined,
      onRequest: (listener: typeof ask) => void (ask = listener),
      onClose: (listener: () => void) => void (close = listener),
    };
    await module.login({ token, pin: '123456' });
    const exited = new Promise<void>((exit) => serve(channel, module, exit));
    let finish: () => void = () => undefined;
    vi.spyOn(cryptoki, 'sign').mockReturnValue(
      new Promise((resolve) => (finish = () => resolve(Buffer.alloc(64)))),
    );
    const key = { id: '01', label: null, type: 'EC' } as const;
    ask({ id: 1, method: 'sign', params: { token, key, mechanism: 'CKM_ECDSA', data } });
    ask({ id: 2, method: 'tokens', params: { fresh: true } });
    await new Promise((resolve) => setImmediate(resolve));
    cryptoki.calls.length = 0;
    close();
    expect(module.tokens({ fresh: false })).toMatchObject([{ pinHeld: false }]);
    let hasExited = false;
    void exited.then(() => (hasExited = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(hasExited).toBe(false);
    finish();
    await exited;
    expect(cryptoki.calls).not.toContain('C_Finalize');
  });
});

describe('a module in a token host', () => {
  it('is loaded when it is first needed, and once', () => {
    let loads = 0;
    const lazy = new TokenModule(() => {
      loads += 1;
      return cryptoki;
    });
    expect(loads).toBe(0);
    lazy.open();
    lazy.tokens({ fresh: true });
    expect(loads).toBe(1);
  });

  it('is loaded anew after it could not be loaded', () => {
    const loads = [
      () => {
        throw fail('load', 'no file', 'module-not-pkcs11');
      },
      () => cryptoki,
    ];
    const twice = new TokenModule(() => loads.shift()!());
    expect(() => twice.open()).toThrow(expect.objectContaining({ code: 'module-not-pkcs11' }) as Error);
    expect(twice.open()).toEqual({ description: 'Scripted module', manufacturer: 'Scripts' });
  });

  it('is initialised anew after it failed to', () => {
    const fresh = new TokenModule(() => cryptoki);
    failOnce('C_Initialize', 'CKR_GENERAL_ERROR');
    expect(() => fresh.open()).toThrow('C_Initialize: CKR_GENERAL_ERROR');
    expect(fresh.tokens({ fresh: false })).toHaveLength(1);
  });

  it('is initialised anew after its slots could not be listed', () => {
    failOnce('C_GetSlotList', 'CKR_DEVICE_ERROR');
    cryptoki.calls.length = 0;
    expect(module.tokens({ fresh: false })).toHaveLength(1);
    expect(cryptoki.calls.slice(0, 3)).toEqual(['C_GetSlotList', 'C_Finalize', 'C_Initialize']);
  });

  it('is initialised anew once for a request whose slots cannot be listed, and again for the next', () => {
    let isThere = false;
    cryptoki.before = (name) => {
      if (name === 'C_GetSlotList' && !isThere) throw fail(name, 'CKR_DEVICE_ERROR');
    };
    cryptoki.calls.length = 0;
    expect(() => module.tokens({ fresh: false })).toThrow('C_GetSlotList: CKR_DEVICE_ERROR');
    expect(cryptoki.calls.filter((name) => name === 'C_Initialize')).toHaveLength(1);
    isThere = true;
    expect(module.tokens({ fresh: false })).toHaveLength(1);
  });

  it('leaves out tokens that are not initialised', () => {
    scripted.facts = { initialised: false };
    expect(module.tokens({ fresh: false })).toEqual([]);
  });

  it('names objects it cannot read, and reads the others', async () => {
    const [publicKey, ...others] = scripted.objects;
    const { CKA_VALUE, ...nothing } = { ...publicKey!.attributes };
    expect(CKA_VALUE).toBeUndefined();
    scripted.objects.splice(
      0,
      scripted.objects.length,
      { class: 'CKO_CERTIFICATE', id: '07', label: 'broken', attributes: nothing },
      publicKey!,
      ...others,
    );
    const objects = await module.objects({ token });
    expect(objects.unreadable).toEqual([
      'certificate “broken” (id 07): C_GetAttributeValue: CKR_ATTRIBUTE_TYPE_INVALID',
    ]);
    expect(objects.publicKeys).toHaveLength(2);
  });
});

describe('a module that lost its card', () => {
  const broken = [
    'CKR_DEVICE_ERROR',
    'CKR_GENERAL_ERROR',
    'CKR_SESSION_HANDLE_INVALID',
    'CKR_FUNCTION_FAILED',
  ];

  it.each(
    broken.flatMap((rv) => ['C_OpenSession', 'C_FindObjects', 'C_SignInit'].map((at) => [at, rv] as const)),
  )(
    'and says so in %s (%s), before a PIN was tried or anything signed, is started anew for the same request',
    async (at, rv) => {
      scripted.facts = { loginRequired: false };
      module.tokens({ fresh: true });
      failOnce(at, rv);
      await sign();
      expect(cryptoki.counts).toEqual({ sign: 1, login: 0 });
      expect(cryptoki.calls.lastIndexOf('C_Initialize')).toBeGreaterThan(cryptoki.calls.indexOf(at));
    },
  );

  it.each(broken)('in C_Sign (%s) is started anew for the next one: nothing is signed twice', async (rv) => {
    await module.login({ token, pin: '123456' });
    failOnce('C_Sign', rv);
    await expect(sign()).rejects.toMatchObject({ code: 'token-failed', rv });
    expect(cryptoki.counts).toEqual({ sign: 1, login: 1 });
    await sign();
    expect(cryptoki.counts).toEqual({ sign: 2, login: 2 });
    expect(cryptoki.calls.lastIndexOf('C_Finalize')).toBeGreaterThan(cryptoki.calls.indexOf('C_Sign'));
  });

  it('in C_Login tries no PIN a second time', async () => {
    failOnce('C_Login', 'CKR_DEVICE_ERROR');
    await expect(module.login({ token, pin: '123456' })).rejects.toMatchObject({ code: 'token-failed' });
    expect(cryptoki.pins).toHaveLength(1);
  });

  it('again and again is started anew once for a request', async () => {
    scripted.facts = { loginRequired: false };
    module.tokens({ fresh: true });
    cryptoki.before = (name) => {
      if (name === 'C_SignInit') throw fail(name, 'CKR_DEVICE_ERROR');
    };
    cryptoki.calls.length = 0;
    await expect(sign()).rejects.toMatchObject({ code: 'token-failed' });
    expect(cryptoki.calls.filter((name) => name === 'C_SignInit')).toHaveLength(2);
  });

  it('is not started anew for what only the request got wrong', async () => {
    await module.login({ token, pin: '123456' });
    failOnce('C_SignInit', 'CKR_MECHANISM_INVALID', 'key-unsupported');
    await expect(sign()).rejects.toMatchObject({ code: 'key-unsupported' });
    expect(cryptoki.calls).not.toContain('C_Finalize');
  });
});

describe('a module that notices plugging', () => {
  beforeEach(async () => {
    cryptoki.noticesPlugging = true;
    module.tokens({ fresh: true });
    await module.login({ token, pin: '123456' });
    cryptoki.calls.length = 0;
  });

  it('is looked at without a word to any token, as long as nothing changes', () => {
    module.look();
    expect(cryptoki.calls).toEqual(['C_GetSlotList']);
    expect(module.present).toMatchObject([{ label: 'token' }]);
  });

  it('loses the PIN of a token that was pulled out, and is initialised anew', async () => {
    scripted.present = false;
    module.look();
    expect(cryptoki.calls).toContain('C_Finalize');
    expect(module.present).toEqual([]);
    scripted.present = true;
    module.look();
    expect(module.present).toMatchObject([{ label: 'token' }]);
    await expect(sign()).rejects.toMatchObject({ code: 'pin-needed' });
    expect(cryptoki.pins).toHaveLength(1);
  });

  it('keeps the PIN of a token that stays while another one goes or comes', async () => {
    const other = new ScriptedToken({ label: 'other' });
    cryptoki = new ScriptedCryptoki([other, scripted]);
    cryptoki.noticesPlugging = true;
    module = new TokenModule(() => cryptoki);
    await module.login({ token, pin: '123456' });
    other.present = false;
    module.look();
    expect(module.present).toMatchObject([{ label: 'token' }]);
    other.present = true;
    module.look();
    expect(module.present).toHaveLength(2);
    await sign();
    expect(cryptoki.pins).toEqual(['123456', '123456']); // the login went with the first change, the PIN did not
  });

  it('does not wipe a PIN because its slots cannot be listed for a while', async () => {
    cryptoki.before = (name) => {
      if (name === 'C_GetSlotList') throw fail(name, 'CKR_DEVICE_ERROR');
    };
    module.look();
    expect(module.present).toMatchObject([{ label: 'token' }]);
    cryptoki.before = () => undefined;
    await sign();
    expect(cryptoki.pins).toEqual(['123456', '123456']);
  });

  it('that was released brings the login back with the held PIN', async () => {
    module.release();
    expect(module.isHeld).toBe(false);
    expect(cryptoki.calls).toEqual(['C_Finalize']);
    await sign();
    expect(cryptoki.counts).toEqual({ sign: 1, login: 2 });
  });

  it('believes a token to be there for some looks after its slots could not be listed', async () => {
    const refuse = (): void => {
      cryptoki.before = (name) => {
        if (name === 'C_GetSlotList') throw fail(name, 'CKR_DEVICE_ERROR');
      };
    };
    refuse();
    module.look();
    cryptoki.before = () => undefined;
    scripted.present = false; // the reader's service is back, and has not seen its readers yet
    module.look();
    expect(module.present).toEqual([]);
    scripted.present = true;
    module.look();
    expect(module.present).toHaveLength(1);
    await sign();
    expect(cryptoki.pins).toEqual(['123456', '123456']);
    refuse();
    module.look();
    cryptoki.before = () => undefined;
    scripted.present = false;
    for (let n = 0; n < 3; n += 1) module.look();
    scripted.present = true;
    module.look();
    await expect(sign()).rejects.toMatchObject({ code: 'pin-needed' });
    expect(cryptoki.pins).toHaveLength(2);
  });
});
