/** Getting a token's PIN from a human. Every C_Login that comes out of here is a PIN typed just now, or one accepted before. */
import { AppError, isAppError } from '../../shared/errors.ts';
import type { Prompt } from '../../shared/model.ts';
import type { NoAnswer, PromptQuestion } from '../ports.ts';
import { tokenName, type HostToken, type TokenRef } from './host/protocol.ts';
import type { ModuleHost } from './module-host.ts';
import { unanswered, type Human } from './signer.ts';
import { pinInfo, tokenKind } from './token-info.ts';

type Previous = Extract<Prompt, { kind: 'pin' }>['previous'];

/**
 * Logs in to a token, asking until the PIN is right or the human gives up.
 * @throws AppError `pin-locked` without asking; when the human gives up `pin-incorrect` where a PIN was refused, else
 * `pin-length` where one was not tried, `pin-final` before the last try, else `pin-needed`; `token-absent`, `token-failed`.
 */
export async function loginToToken(host: ModuleHost, ref: TokenRef, human: Human): Promise<void> {
  if (host.isReady(ref) && (await resume(host, ref))) return;
  let previous: Previous = null;
  let refused = false;
  for (;;) {
    const token = await lookAt(host, ref);
    if (!token.loginRequired) return;
    const pin = await askPin(host, token, human, previous);
    if (pin === null || typeof pin === 'string') {
      if (previous === 'length' && !refused) throw new AppError('pin-length'); // one was typed
      throw gaveUp(refused, token, pin, human);
    }
    try {
      await host.login(token, pin.secret);
      return;
    } catch (error) {
      previous = previousOf(error);
      refused ||= previous === 'incorrect';
    }
  }
}

/** Brings a lost login back with the held PIN. False where the token does not take it any more. */
async function resume(host: ModuleHost, ref: TokenRef): Promise<boolean> {
  try {
    await host.login(ref, null);
    return true;
  } catch (error) {
    if (isAppError(error, 'pin-needed')) return false;
    throw error;
  }
}

/** The token as it is now: tries left change with every try, wherever it is made. */
async function lookAt(host: ModuleHost, ref: TokenRef): Promise<HostToken> {
  const find = (tokens: readonly HostToken[]): HostToken | undefined =>
    tokens.find((token) => tokenName(token) === tokenName(ref));
  const token = find(await host.tokens(false)) ?? find(await host.tokens(true));
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
  previous: Previous,
): Promise<{ readonly secret: string } | NoAnswer | null> {
  const question: PromptQuestion = {
    kind: 'pin',
    token: { label: token.label, serial: token.serial },
    accounts: [...human.accounts],
    askedBy: human.askedBy,
    triesLeft: pinInfo(tokenKind(await host.info(), token), token).triesLeft,
    finalTry: token.pinFinalTry,
    previous,
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
