/**
 * One PKCS#11 module with its sessions, logins and PINs: what the requests of the engine do.
 *
 * One session per token is kept, since the login is lost with the last one. After any failure it is closed: a failed
 * operation may have left it busy. After one that says that the module has lost its card, it is initialised anew for
 * what comes next. No method may run while another has not ended (closing or finalizing during a signature crashes
 * modules); the server sees to that.
 */
import type { Cryptoki, Handle, TokenFacts } from './cryptoki.ts';
import { HeldPinRefused, HostError, quietly } from './host-error.ts';
import { findPrivateKey, readObjects } from './objects.ts';
import { LastTry } from './last-try.ts';
import { PinMemory } from './pin-memory.ts';
import { isBroken, Presence, type PresentToken } from './presence.ts';
import { pinRefusals, tokenName } from './protocol.ts';
import type { HostMethod, HostParams, HostResult, TokenRef } from './protocol.ts';

/** What the engine may ask, by name. */
export type HostHandlers = {
  readonly [M in HostMethod]: (params: HostParams<M>) => HostResult<M> | Promise<HostResult<M>>;
};

interface Session {
  /** Names the token in {@link PinMemory}. */
  readonly token: string;
  readonly facts: TokenFacts;
  readonly handle: Handle;
}

/**
 * Some modules say CKR_USER_NOT_LOGGED_IN of a signature that waited for a touch in vain, and only the time tells that
 * from a lost login: a YubiKey waits 15 s, a refusal is there at once. Milliseconds from which on it was a touch, by the
 * key's policy: where one is known to be wanted less is needed to believe it, where none is wanted nothing will do.
 */
const touchWaitMs = { never: Infinity, always: 2000, cached: 2000, unknown: 5000 } as const;

/** Whether a failure of C_Login means that the PIN itself was refused. */
const isRefusedPin = (error: unknown): error is HostError =>
  error instanceof HostError && pinRefusals.includes(error.code);

/** Whether a function said that nobody is logged in, which was made sure of before. */
const isLostLogin = (error: unknown): error is HostError =>
  error instanceof HostError && error.code === 'pin-needed' && error.rv === 'CKR_USER_NOT_LOGGED_IN';

export class TokenModule implements HostHandlers {
  readonly #presence: Presence;
  readonly #now: () => number;
  readonly #sessions = new Map<string, { slot: Handle; handle: Handle }>();
  readonly #pins = new PinMemory();
  /** Tokens of which a PIN is held for no longer than the card is. */
  readonly #unsure = new Set<string>();
  readonly #lastTry = new LastTry();

  /**
   * @param load loads the module anew; called on first use and again after a failed start.
   * @param now milliseconds since whenever, never going back.
   */
  constructor(load: () => Cryptoki, now: () => number = () => performance.now()) {
    this.#presence = new Presence({
      load,
      onRelease: () => {
        this.#sessions.clear();
        // The next one in that reader may be another.
        for (const token of this.#unsure) this.#pins.wipe(token);
        this.#unsure.clear();
      },
      // A token that was away is a token whose PIN is typed again.
      onAway: (token) => this.#pins.wipe(token),
    });
    this.#now = now;
  }

  readonly open = (): HostResult<'open'> => this.#module().info();

  readonly tokens = ({ fresh }: HostParams<'tokens'>): HostResult<'tokens'> => {
    if (fresh) this.#presence.release();
    return this.#presence.survey().map(({ facts }) => ({
      serial: facts.serial,
      label: facts.label,
      manufacturer: facts.manufacturer,
      model: facts.model,
      reader: facts.reader,
      slotId: facts.slotId,
      slotDescription: facts.slotDescription,
      firmware: facts.firmware,
      loginRequired: facts.loginRequired,
      pinInitialised: facts.pinInitialised,
      pinCountLow: facts.pinCountLow,
      pinFinalTry: this.#lastTry.isSaid(facts),
      pinLocked: facts.pinLocked,
      pinHeld: this.#pins.has(tokenName(facts)),
    }));
  };

  readonly objects = ({ token }: HostParams<'objects'>): Promise<HostResult<'objects'>> =>
    this.#inSession(token, ({ facts, handle }) => {
      const privateVisible = !facts.loginRequired || this.#module().isUser(handle);
      return readObjects(this.#module(), handle, privateVisible);
    });

  readonly login = ({ token, pin }: HostParams<'login'>): Promise<HostResult<'login'>> =>
    pin === null
      ? this.#inLogin(token, () => ({}))
      : this.#inSession(token, (session) => {
          this.#loginWithTypedPin(session, pin);
          return {};
        });

  readonly sign = async (params: HostParams<'sign'>): Promise<HostResult<'sign'>> => {
    try {
      return await this.#signOnce(params);
    } catch (error) {
      // Another program reset the card, and nothing was signed. The PIN it accepted brings the login back.
      if (!isLostLogin(error) || !this.#pins.has(tokenName(params.token))) throw error;
      return this.#signOnce(params);
    }
  };

  readonly counts = (): HostResult<'counts'> => this.#presence.counts;

  /** No login comes after this but with a PIN typed anew. */
  forgetPins(): void {
    this.#pins.wipeAll();
  }

  /** Whether the card is, or may be, in this program's hand. */
  get isHeld(): boolean {
    return this.#presence.isHeld;
  }

  /** Which tokens were there last; null before the first look. */
  get present(): readonly TokenRef[] | null {
    return this.#presence.present;
  }

  /** Gives the card up for other programs. Held PINs bring logins back with the next use. */
  release(): void {
    this.#presence.release();
  }

  /** Sees which tokens came and went. One that went is a token whose PIN is typed again. */
  look(): void {
    this.#presence.look();
  }

  #signOnce(params: HostParams<'sign'>): Promise<HostResult<'sign'>> {
    return this.#inLogin(params.token, async (session) => {
      const cryptoki = this.#module();
      const key = findPrivateKey(cryptoki, session.handle, params.key);
      const alwaysAuthenticate = key.alwaysAuthenticate || params.key.alwaysAuthenticate === true;
      // Asked before C_SignInit: a signature that cannot go on would leave the session busy.
      if (alwaysAuthenticate && !this.#pins.has(session.token)) throw noPinHeld();
      cryptoki.signInit(session.handle, params.mechanism, key.handle);
      if (alwaysAuthenticate) this.#loginWithHeldPin(session, 'context');
      const began = this.#now();
      try {
        const signature = await cryptoki.sign(session.handle, Buffer.from(params.data, 'base64'));
        return { signature: signature.toString('base64') };
      } catch (error) {
        if (!isLostLogin(error) || this.#now() - began < touchWaitMs[params.touch ?? 'unknown']) throw error;
        throw new HostError('touch-needed', error.detail, error.rv);
      }
    });
  }

  #module(): Cryptoki {
    return this.#presence.module();
  }

  #locate(ref: TokenRef): PresentToken {
    const token = tokenName(ref);
    const found = this.#presence.survey(token).find(({ facts }) => tokenName(facts) === token);
    if (found === undefined) throw new HostError('token-absent', `no slot shows the token “${ref.label}”`);
    return found;
  }

  /** Some modules tell of tries left only what they found when they were initialised: no held PIN is sent on old news. */
  #inLogin<T>(ref: TokenRef, work: (session: Session) => T | Promise<T>): Promise<T> {
    const token = tokenName(ref);
    if (this.isHeld && this.#pins.has(token) && !this.#isLoggedIn(token)) this.release();
    return this.#inSession(ref, (session) => {
      this.#resumeLogin(session);
      return work(session);
    });
  }

  #isLoggedIn(token: string): boolean {
    const kept = this.#sessions.get(token);
    let isUser = false;
    if (kept !== undefined) quietly(() => (isUser = this.#module().isUser(kept.handle)));
    return isUser;
  }

  async #inSession<T>(ref: TokenRef, work: (session: Session) => T | Promise<T>): Promise<T> {
    const wasHeld = this.isHeld;
    const spentBefore = this.#spent;
    try {
      return await this.#inOneSession(ref, work);
    } catch (error) {
      // A module that was initialised before may have missed that its card was reset. No PIN was tried, nothing signed.
      if (!wasHeld || !isBroken(error) || this.#spent !== spentBefore) throw error;
      return this.#inOneSession(ref, work);
    }
  }

  /** Changes with every login and every signature that is tried. */
  get #spent(): number {
    const { sign, login } = this.#presence.counts;
    return sign + login;
  }

  async #inOneSession<T>(ref: TokenRef, work: (session: Session) => T | Promise<T>): Promise<T> {
    const session = this.#session(ref);
    try {
      return await work(session);
    } catch (error) {
      this.#closeSession(session.token);
      if (isBroken(error)) this.release();
      // Modules say many things when a token was pulled out; that it is gone is the one that helps. But for a refused PIN:
      // that one must not count as never tried.
      if (!isRefusedPin(error) && !(error instanceof HeldPinRefused)) this.#locate(ref);
      throw error;
    }
  }

  #session(ref: TokenRef): Session {
    const { slot, facts } = this.#locate(ref);
    const token = tokenName(ref);
    const kept = this.#sessions.get(token);
    if (kept?.slot.equals(slot) && this.#isOpen(kept.handle)) return { token, facts, handle: kept.handle };
    this.#closeSession(token);
    const handle = this.#openSession(slot);
    this.#sessions.set(token, { slot, handle });
    return { token, facts, handle };
  }

  #openSession(slot: Handle): Handle {
    try {
      return this.#module().openSession(slot);
    } catch (error) {
      if (isBroken(error)) this.release();
      throw error;
    }
  }

  #isOpen(handle: Handle): boolean {
    try {
      this.#module().isUser(handle);
      return true;
    } catch (error) {
      if (error instanceof HostError) return false;
      throw error;
    }
  }

  #closeSession(token: string): void {
    const kept = this.#sessions.get(token);
    this.#sessions.delete(token);
    if (kept !== undefined) quietly(() => this.#module().closeSession(kept.handle));
  }

  /** One typed PIN is at most one C_Login, whatever that answers. */
  #loginWithTypedPin(session: Session, pin: string): void {
    const cryptoki = this.#module();
    if (cryptoki.isUser(session.handle)) {
      // Before the last try the module may be logged in with a PIN that is not the token's any more.
      if (this.#pins.has(session.token) && !this.#lastTry.isSaid(session.facts)) return;
      // Logged in by nobody's PIN that is held: this one can only be checked from outside.
      cryptoki.logout(session.handle);
    }
    checkLength(pin, session.facts);
    try {
      cryptoki.login(session.handle, 'user', pin);
    } catch (error) {
      if (isRefusedPin(error)) this.#pins.wipe(session.token);
      // Somebody else's login: this PIN was not looked at, so it is not kept.
      if (error instanceof HostError && error.rv === 'CKR_USER_ALREADY_LOGGED_IN') return;
      throw error;
    }
    this.#pins.keep(session.token, pin);
    if (session.facts.reader !== undefined) this.#unsure.add(session.token);
    if (session.facts.pinFinalTry) this.#lastTry.taken(this.#locate(session.facts).facts);
  }

  #resumeLogin(session: Session): void {
    if (!session.facts.loginRequired || this.#module().isUser(session.handle)) return;
    // Where the login went the card may have gone, and another be in its place.
    if (session.facts.reader !== undefined) this.#pins.wipe(session.token);
    this.#loginWithHeldPin(session, 'user');
  }

  #loginWithHeldPin(session: Session, as: 'user' | 'context'): void {
    // It was right once, and may have been changed elsewhere: the last try is for what a person types.
    if (this.#lastTry.isSaid(session.facts)) throw new HostError('pin-final', 'one try is left for the PIN');
    try {
      this.#module().login(session.handle, as, this.#heldPin(session));
    } catch (error) {
      if (!isRefusedPin(error)) throw error;
      this.#pins.wipe(session.token);
      throw new HeldPinRefused(
        error.code === 'pin-locked' ? 'pin-locked' : 'pin-needed',
        error.detail,
        error.rv,
      );
    }
  }

  #heldPin(session: Session): string {
    const pin = this.#pins.get(session.token);
    if (pin === null) throw noPinHeld();
    return pin;
  }
}

function noPinHeld(): HostError {
  return new HostError('pin-needed', 'no PIN is held');
}

/** Refuses what cannot be the PIN before it costs a try. Claims that make no sense are not believed. */
function checkLength(pin: string, { minPinLength, maxPinLength }: TokenFacts): void {
  if (maxPinLength === 0 || maxPinLength < minPinLength) return;
  const bytes = Buffer.byteLength(pin, 'utf8');
  if (bytes >= minPinLength && bytes <= maxPinLength) return;
  const range = `${String(minPinLength)} to ${String(maxPinLength)} bytes`;
  throw new HostError('pin-length', `the token takes PINs of ${range}`);
}
