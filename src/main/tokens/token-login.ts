/**
 * Getting a token's PIN from a human. Every C_Login that comes out of here is a PIN typed just now, one accepted before, or
 * one the user chose to have remembered.
 */
import { AppError, isAppError } from '../../shared/errors.ts';
import type { Problem, Prompt, PromptAnswer } from '../../shared/model.ts';
import type { NoAnswer, PromptQuestion } from '../ports.ts';
import { pinRefusals, tokenName, type HostToken, type TokenRef } from './host/protocol.ts';
import type { ModuleHost } from './module-host.ts';
import { pinLocked } from './pin-locked.ts';
import { refusedCode, type RememberedPins } from './remembered-pins.ts';
import { unanswered, type Human } from './signer.ts';
import { SingleFlight } from './single-flight.ts';
import { pinInfo, tokenKind } from './token-info.ts';

type Previous = Extract<Prompt, { kind: 'pin' }>['previous'];
type Typed = Extract<PromptAnswer, { secret: string }>;

/** Logs in to tokens: one login at a time for each, with one question to a person for all who wait for it. */
export class TokenLogins {
  readonly #remembered: RememberedPins;
  readonly #flights = new SingleFlight();
  /** Logins that ask nobody, by token. */
  readonly #alone = new Map<string, Promise<void>>();

  constructor(remembered: RememberedPins) {
    this.#remembered = remembered;
  }

  /**
   * Logs in with the PIN that is held or remembered, else asks until the PIN is right or the human gives up. Before
   * the last try nothing is used that was not typed then.
   * @param human null: nobody is asked.
   * @throws AppError `pin-locked` without asking; when the human gives up `pin-incorrect` where a PIN was refused, else
   * `pin-length` where one was not tried, `pin-final` before the last try, else `pin-needed`; `token-absent`,
   * `token-failed`.
   */
  async unlock(host: ModuleHost, token: TokenRef, human: Human | null): Promise<void> {
    const name = host.nameOf(token);
    if (human === null) return this.#unlockAlone(name, host, token);
    await this.#flights.run(name, human, async () => {
      await this.#alone.get(name)?.catch(() => undefined); // a PIN that is under way is not tried twice
      await this.#logIn(host, token, human);
    });
  }

  async #unlockAlone(name: string, host: ModuleHost, token: TokenRef): Promise<void> {
    if (host.isReady(token)) return;
    // Somebody is being asked: whoever waits for the token goes on by itself when that is over.
    if (this.#flights.isUnderWay(name)) throw new AppError('pin-needed');
    let alone = this.#alone.get(name);
    if (alone === undefined) {
      alone = this.#logIn(host, token, null).finally(() => this.#alone.delete(name));
      this.#alone.set(name, alone);
    }
    await alone;
  }

  async #logIn(host: ModuleHost, ref: TokenRef, human: Human | null): Promise<void> {
    try {
      await this.#logInTo(host, await lookAt(host, ref, 'as it is known'), human);
    } catch (error) {
      throw await withWayOut(error, host, ref);
    }
  }

  async #logInTo(host: ModuleHost, known: HostToken, human: Human | null): Promise<void> {
    if (!known.loginRequired) return;
    if (host.isReady(known) && (await resume(host, known))) return;
    const token = await lookAt(host, known, 'afresh');
    const tried = token.pinFinalTry ? { why: null } : await this.#tryRemembered(host, token, human === null);
    if (tried === 'done') return;
    if (human !== null) return this.#ask(host, token, human, tried.why?.code === refusedCode);
    if (token.pinFinalTry) throw new AppError('pin-final');
    const message = tried.why === null ? {} : { message: `The token needs its PIN. ${tried.why.message}` };
    throw new AppError('pin-needed', message);
  }

  /** Tries the remembered PIN, if there is one that may be used. */
  async #tryRemembered(
    host: ModuleHost,
    token: HostToken,
    alone: boolean,
  ): Promise<'done' | { readonly why: Problem | null }> {
    const taken = await this.#remembered.take(token, alone);
    if (!('pin' in taken)) return taken;
    try {
      await host.login(token, taken.pin);
      this.#remembered.accepted(token);
      return 'done';
    } catch (error) {
      if (isAppError(error, 'token-absent')) this.#remembered.notTried(token);
      const isRefused = isAppError(error) && pinRefusals.includes(error.code);
      if (!isRefused) throw error;
      const why = await this.#remembered.refused(token);
      if (error.code === 'pin-locked') throw error;
      return { why };
    }
  }

  async #ask(host: ModuleHost, ref: TokenRef, human: Human, rememberedRefused: boolean): Promise<void> {
    let previous: Previous = rememberedRefused ? 'remembered' : null;
    let refused = false;
    for (;;) {
      const token = await lookAt(host, ref, 'afresh');
      const mayRemember = this.#remembered.mayKeep(token);
      const pin = await askPin(host, token, human, { previous, mayRemember });
      if (pin === null || typeof pin === 'string') {
        if (previous === 'length' && !refused) throw new AppError('pin-length'); // one was typed
        throw gaveUp(refused, token, pin, human);
      }
      try {
        await refuseLength(host, token, pin.secret);
        await host.login(token, pin.secret);
      } catch (error) {
        previous = previousOf(error);
        refused ||= previous === 'incorrect';
        continue;
      }
      // Where somebody else is logged in a module may not look at the PIN at all.
      const remember = pin.remember === true && (await lookAt(host, ref, 'as it is known')).pinHeld;
      return this.#remembered.typed(token, pin.secret, remember);
    }
  }
}

/**
 * A PIV card's PIN has 6 to 8 bytes (NIST SP 800-73-4, part 2, 2.4.3), of which OpenSC's claim of 4 knows nothing; whether
 * a shorter one costs a try is left to the card.
 * @throws AppError `pin-length`.
 */
async function refuseLength(host: ModuleHost, token: HostToken, pin: string): Promise<void> {
  if (tokenKind(await host.info(), token) !== 'yubikey') return;
  const bytes = Buffer.byteLength(pin, 'utf8');
  if (bytes < 6 || bytes > 8) throw new AppError('pin-length');
}

/** A locked PIN with what to do about it; any other error as it is. */
export async function withWayOut(error: unknown, host: ModuleHost, ref: TokenRef): Promise<unknown> {
  if (!isAppError(error, 'pin-locked')) return error;
  try {
    const token = (await host.tokens(false)).find((each) => tokenName(each) === tokenName(ref));
    return token === undefined ? error : pinLocked(tokenKind(await host.info(), token));
  } catch {
    return error; // that it is locked is what counts
  }
}

/** Brings a lost login back with the held PIN. False where the token does not take it any more. */
async function resume(host: ModuleHost, ref: TokenRef): Promise<boolean> {
  try {
    await host.login(ref, null);
    return true;
  } catch (error) {
    if (isAppError(error, 'pin-needed') || isAppError(error, 'pin-final')) return false;
    throw error;
  }
}

/**
 * The token as its module knows it, or afresh: tries left change with every try, wherever it is made, and of those that
 * other programs make Yubico's module hears only when it is initialised anew.
 */
async function lookAt(host: ModuleHost, ref: TokenRef, how: 'as it is known' | 'afresh'): Promise<HostToken> {
  const find = (tokens: readonly HostToken[]): HostToken | undefined =>
    tokens.find((token) => tokenName(token) === tokenName(ref));
  const known = how === 'afresh' ? undefined : find(await host.tokens(false));
  const token = known ?? find(await host.tokens(true));
  if (token === undefined) throw new AppError('token-absent');
  if (token.pinLocked) throw new AppError('pin-locked');
  if (token.loginRequired && !token.pinInitialised) {
    throw new AppError('pin-needed', {
      message: `The token “${token.label}” has no PIN yet.`,
      remedy: 'Set one with the tool of the token’s maker.',
    });
  }
  return token;
}

async function askPin(
  host: ModuleHost,
  token: HostToken,
  human: Human,
  { previous, mayRemember }: Pick<Extract<Prompt, { kind: 'pin' }>, 'previous' | 'mayRemember'>,
): Promise<Typed | NoAnswer | null> {
  const question: PromptQuestion = {
    kind: 'pin',
    token: { label: token.label, serial: token.serial },
    accounts: [...human.accounts],
    askedBy: human.askedBy,
    triesLeft: pinInfo(tokenKind(await host.info(), token), token).triesLeft,
    finalTry: token.pinFinalTry,
    previous,
    mayRemember,
  };
  const answer = await human.prompts.ask(question, human.unneeded);
  // An empty PIN is nobody's; some modules would take it as a wish to use the reader's own keypad.
  if (answer === null || typeof answer === 'string') return answer;
  return 'secret' in answer && answer.secret !== '' ? answer : 'cancelled';
}

/** @throws what no other PIN would cure. */
function previousOf(error: unknown): Previous {
  if (isAppError(error, 'pin-incorrect')) return 'incorrect';
  if (isAppError(error, 'pin-length')) return 'length';
  throw error;
}

function gaveUp(refused: boolean, token: HostToken, why: NoAnswer | null, human: Human): AppError {
  // Who waits for no account looks at what is on tokens.
  const again = human.accounts.length === 0 ? { remedy: 'Try again with: rolekey tokens --login.' } : {};
  if (refused) {
    return new AppError('pin-incorrect', {
      message: 'The PIN was wrong, and no other one was tried.',
      ...again,
    });
  }
  if (token.pinFinalTry) return new AppError('pin-final', again);
  return new AppError('pin-needed', { ...unanswered(why, 'PIN'), ...again });
}
