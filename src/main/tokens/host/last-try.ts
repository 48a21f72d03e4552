/**
 * Which tokens say that one try is left for their PIN. OpenSC goes on saying so after the right PIN was taken, until it is
 * initialised again; a token that says so only since then is believed.
 */
import type { TokenFacts } from './cryptoki.ts';
import { tokenName } from './protocol.ts';

export class LastTry {
  readonly #disproved = new Set<string>();

  /** @param facts as the token tells them now. */
  isSaid(facts: TokenFacts): boolean {
    const token = tokenName(facts);
    if (facts.pinFinalTry) return !this.#disproved.has(token);
    this.#disproved.delete(token);
    return false;
  }

  /** The token has just taken a PIN, which gives it all its tries back. @param facts as it tells them after that. */
  taken(facts: TokenFacts): void {
    if (facts.pinFinalTry) this.#disproved.add(tokenName(facts));
  }
}
