/**
 * A PKCS#11 module in memory, for what no software token does: tries that run out, keys that go away at a chosen call,
 * answers chosen by a test. It passes the same contract as the real module (host-contract.ts).
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Channel } from '../../../src/main/tokens/host/channel.ts';
import type {
  AttributeName,
  Cryptoki,
  Handle,
  ObjectTemplate,
  TokenFacts,
} from '../../../src/main/tokens/host/cryptoki.ts';
import { hostClock, type HostClock } from '../../../src/main/tokens/host/holding.ts';
import { HostError } from '../../../src/main/tokens/host/host-error.ts';
import type { HostModule, SignMechanism } from '../../../src/main/tokens/host/protocol.ts';
import { serve } from '../../../src/main/tokens/host/server.ts';
import { TokenModule } from '../../../src/main/tokens/host/token-module.ts';
import type { TokenHost, TokenHosts } from '../../../src/main/ports.ts';
import { softwareSign } from '../../vectors/software-token.ts';

export interface ScriptedObject {
  readonly class: ObjectTemplate['class'];
  readonly keyType?: 'CKK_EC' | 'CKK_RSA';
  readonly id: string;
  readonly label: string;
  readonly attributes: Readonly<Partial<Record<AttributeName, Buffer>>>;
  readonly privateKey?: KeyObject;
}

/** The objects of a key pair as SoftHSM shows them: an EC private key tells no public numbers. */
export function keyPairObjects(
  privateKey: KeyObject,
  { id, label, alwaysAuthenticate = false }: { id: string; label: string; alwaysAuthenticate?: boolean },
): ScriptedObject[] {
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const bytes = (text = ''): Buffer => Buffer.from(text, 'base64url');
  const point = Buffer.concat([Buffer.of(4), bytes(jwk.x), bytes(jwk.y)]);
  const numbers: ScriptedObject['attributes'] =
    jwk.kty === 'RSA'
      ? { CKA_MODULUS: bytes(jwk.n), CKA_PUBLIC_EXPONENT: bytes(jwk.e) }
      : { CKA_EC_PARAMS: curveOf(spki), CKA_EC_POINT: octetString(point) };
  const privateNumbers = { ...numbers };
  delete privateNumbers.CKA_EC_POINT;
  const keyType = jwk.kty === 'RSA' ? 'CKK_RSA' : 'CKK_EC';
  const always = Buffer.of(alwaysAuthenticate ? 1 : 0);
  return [
    { class: 'CKO_PUBLIC_KEY', keyType, id, label, attributes: numbers },
    {
      ...{ class: 'CKO_PRIVATE_KEY', keyType, id, label, privateKey },
      attributes: { ...privateNumbers, CKA_SIGN: Buffer.of(1), CKA_ALWAYS_AUTHENTICATE: always },
    },
  ];
}

export function certificateObject(der: Uint8Array, name: { id: string; label: string }): ScriptedObject {
  return { class: 'CKO_CERTIFICATE', ...name, attributes: { CKA_VALUE: Buffer.from(der) } };
}

/** The curve's OID out of SubjectPublicKeyInfo: what follows id-ecPublicKey. */
function curveOf(spki: Buffer): Buffer {
  const after = spki.indexOf(Buffer.from('2a8648ce3d0201', 'hex')) + 7;
  return spki.subarray(after, after + 2 + (spki[after + 1] ?? 0));
}

function octetString(content: Buffer): Buffer {
  const length = content.length < 0x80 ? [content.length] : [0x81, content.length];
  return Buffer.concat([Buffer.of(4, ...length), content]);
}

export class ScriptedToken {
  readonly label: string;
  readonly pin: string;
  readonly objects: ScriptedObject[];
  /** Wrong PINs until it locks. */
  triesLeft: number;
  readonly maxTries: number;
  present = true;
  /** Overrides what the token says of itself. */
  facts: Partial<TokenFacts> = {};

  constructor(options: { label: string; pin?: string; maxTries?: number; objects?: ScriptedObject[] }) {
    this.label = options.label;
    this.pin = options.pin ?? '123456';
    this.maxTries = options.maxTries ?? 3;
    this.triesLeft = this.maxTries;
    this.objects = options.objects ?? [];
  }

  describe(slot: number): TokenFacts {
    return {
      serial: `serial of ${this.label}`,
      label: this.label,
      manufacturer: 'Scripts',
      model: 'Scripted',
      slotId: String(slot),
      slotDescription: `reader of ${this.label}`,
      firmware: '1.0',
      initialised: true,
      loginRequired: true,
      pinInitialised: true,
      pinCountLow: this.triesLeft < this.maxTries,
      pinFinalTry: this.triesLeft === 1,
      pinLocked: this.triesLeft === 0,
      minPinLength: 4,
      maxPinLength: 255,
      ...this.facts,
    };
  }
}

interface Session {
  readonly token: ScriptedToken;
  user: boolean;
  signing: { readonly object: ScriptedObject; authenticated: boolean } | null;
}

export class ScriptedCryptoki implements Cryptoki {
  readonly counts = { sign: 0, login: 0 };
  /** Names of the functions called, in order. */
  readonly calls: string[] = [];
  /** PINs that reached C_Login. */
  readonly pins: string[] = [];
  /** Runs before each function; throws what the function shall fail with. */
  before: (functionName: string) => void = () => undefined;
  /** Sees tokens come and go without being initialised anew, as modules of card readers do; each has a slot of its own. */
  noticesPlugging = false;
  readonly #tokens: ScriptedToken[];
  /** Tokens as C_Initialize found them. */
  #seen: ScriptedToken[] | null = null;
  readonly #sessions = new Map<string, Session>();
  #lastHandle = 0;

  constructor(tokens: ScriptedToken[]) {
    this.#tokens = tokens;
  }

  initialize(): void {
    this.#call('C_Initialize');
    this.#seen = this.#tokens.filter(({ present }) => present || this.noticesPlugging);
  }

  finalize(): void {
    this.#call('C_Finalize');
    this.#seen = null;
    this.#sessions.clear();
  }

  info(): HostModule {
    this.#call('C_GetInfo');
    return { description: 'Scripted module', manufacturer: 'Scripts' };
  }

  slots(): Handle[] {
    this.#call('C_GetSlotList');
    if (this.#seen === null) throw fail('C_GetSlotList', 'CKR_CRYPTOKI_NOT_INITIALIZED');
    return this.#seen.flatMap(({ present }, index) =>
      present || !this.noticesPlugging ? [Buffer.of(index)] : [],
    );
  }

  token(slot: Handle): TokenFacts {
    this.#call('C_GetTokenInfo');
    return this.#tokenIn(slot, 'C_GetTokenInfo').describe(slot[0] ?? 0);
  }

  openSession(slot: Handle): Handle {
    this.#call('C_OpenSession');
    const token = this.#tokenIn(slot, 'C_OpenSession');
    this.#lastHandle += 1;
    const handle = Buffer.of(this.#lastHandle);
    this.#sessions.set(handle.toString('hex'), { token, user: false, signing: null });
    return handle;
  }

  closeSession(session: Handle): void {
    this.#call('C_CloseSession');
    this.#session(session, 'C_CloseSession');
    this.#sessions.delete(session.toString('hex'));
  }

  isUser(session: Handle): boolean {
    this.#call('C_GetSessionInfo');
    return this.#session(session, 'C_GetSessionInfo').user;
  }

  login(handle: Handle, as: 'user' | 'context', pin: string): void {
    this.counts.login += 1;
    this.pins.push(pin);
    this.#call('C_Login');
    const session = this.#session(handle, 'C_Login');
    const { token } = session;
    if (as === 'user' && session.user) throw fail('C_Login', 'CKR_USER_ALREADY_LOGGED_IN');
    if (token.triesLeft === 0) throw fail('C_Login', 'CKR_PIN_LOCKED', 'pin-locked');
    if (pin !== token.pin) {
      token.triesLeft -= 1;
      throw fail('C_Login', 'CKR_PIN_INCORRECT', 'pin-incorrect');
    }
    token.triesLeft = token.maxTries;
    if (as === 'user') session.user = true;
    else if (session.signing !== null) session.signing.authenticated = true;
  }

  logout(handle: Handle): void {
    this.#call('C_Logout');
    this.#session(handle, 'C_Logout').user = false;
  }

  find(handle: Handle, template: ObjectTemplate): Handle[] {
    this.#call('C_FindObjects');
    const { token, user, signing } = this.#session(handle, 'C_FindObjectsInit');
    if (signing !== null) throw fail('C_FindObjectsInit', 'CKR_OPERATION_ACTIVE');
    return token.objects.flatMap((object, index) =>
      object.class === template.class &&
      (object.class !== 'CKO_PRIVATE_KEY' || user || token.facts.loginRequired === false) &&
      (template.keyType ?? object.keyType) === object.keyType &&
      (template.id?.toString('hex') ?? object.id) === object.id
        ? [Buffer.of(index)]
        : [],
    );
  }

  attribute(session: Handle, object: Handle, name: AttributeName): Buffer {
    this.#call('C_GetAttributeValue');
    const { id, label, attributes } = this.#object(session, object);
    const all = { ...attributes, CKA_ID: Buffer.from(id, 'hex'), CKA_LABEL: Buffer.from(label) };
    const value = all[name];
    if (value === undefined) throw fail('C_GetAttributeValue', 'CKR_ATTRIBUTE_TYPE_INVALID');
    return value;
  }

  signInit(handle: Handle, _mechanism: SignMechanism, key: Handle): void {
    this.#call('C_SignInit');
    const session = this.#session(handle, 'C_SignInit');
    if (session.signing !== null) throw fail('C_SignInit', 'CKR_OPERATION_ACTIVE');
    const object = this.#object(handle, key);
    const always = object.attributes.CKA_ALWAYS_AUTHENTICATE?.[0] === 1;
    session.signing = { object, authenticated: !always };
  }

  async sign(handle: Handle, data: Buffer): Promise<Buffer> {
    this.counts.sign += 1;
    await new Promise((resolve) => setImmediate(resolve));
    this.#call('C_Sign');
    const session = this.#session(handle, 'C_Sign');
    const { signing } = session;
    if (signing?.object.privateKey === undefined) throw fail('C_Sign', 'CKR_OPERATION_NOT_INITIALIZED');
    if (!signing.authenticated) throw fail('C_Sign', 'CKR_USER_NOT_LOGGED_IN', 'pin-needed');
    session.signing = null;
    const mechanism = signing.object.keyType === 'CKK_RSA' ? 'CKM_RSA_PKCS' : 'CKM_ECDSA';
    return Buffer.from(softwareSign(signing.object.privateKey, { mechanism, data }));
  }

  #call(name: string): void {
    this.calls.push(name);
    this.before(name);
  }

  #tokenIn(slot: Handle, functionName: string): ScriptedToken {
    const token = this.#seen?.[slot[0] ?? 0];
    if (token?.present !== true) throw fail(functionName, 'CKR_GENERAL_ERROR');
    return token;
  }

  #session(handle: Handle, functionName: string): Session {
    const session = this.#sessions.get(handle.toString('hex'));
    if (session === undefined) throw fail(functionName, 'CKR_SESSION_HANDLE_INVALID');
    return session;
  }

  #object(handle: Handle, object: Handle): ScriptedObject {
    const { token } = this.#session(handle, 'C_GetAttributeValue');
    const found = token.present ? token.objects[object[0] ?? 0] : undefined;
    if (found === undefined) throw fail('C_GetAttributeValue', 'CKR_OBJECT_HANDLE_INVALID');
    return found;
  }
}

/** A function's failure as the host's adapter tells it. */
export function fail(functionName: string, rv: string, code: HostError['code'] = 'token-failed'): HostError {
  return new HostError(code, `${functionName}: ${rv}`, rv);
}

/** Token hosts without processes: the real host's requests, module and PINs over the scripted functions. */
export function scriptedHosts(load: (path: string) => Cryptoki, clock: HostClock = hostClock): TokenHosts {
  return { start: (path) => startScriptedHost(() => load(path), clock) };
}

function startScriptedHost(load: () => Cryptoki, clock: HostClock): TokenHost {
  const toEngine: ((message: unknown) => void)[] = [];
  const toHost: ((message: never) => void)[] = [];
  const closes: (() => void)[] = [];
  const ends: ((how: string) => void)[] = [];
  let alive = true;
  const exit = (): void => {
    if (alive) for (const listener of ends) setImmediate(() => listener('SIGKILL'));
    alive = false;
  };
  const copy = (value: unknown): never => JSON.parse(JSON.stringify(value)) as never;
  const channel: Channel = {
    send: (response) => {
      if (alive) for (const listener of toEngine) listener(copy(response));
    },
    onRequest: (listener) => toHost.push(listener),
    onClose: (listener) => closes.push(listener),
  };
  const ownClock: HostClock = {
    now: () => clock.now(),
    after: (delayMs, action) => clock.after(delayMs, () => alive && action()),
  };
  serve(channel, new TokenModule(load), exit, ownClock);
  return {
    send: (request) => {
      if (alive) for (const listener of toHost) listener(copy(request));
    },
    onMessage: (listener) => toEngine.push(listener),
    onEnd: (listener) => ends.push(listener),
    end: () => {
      for (const close of closes.splice(0)) close();
    },
    kill: exit,
  };
}
