/** AWS's clock, as far as its answers tell. */
import type { Clock, HttpResponse } from '../ports.ts';
import { parseHttpDate } from '../roles-anywhere/http-date.ts';

/** Nobody waits longer for an answer, milliseconds, but for the moment it takes to notice. */
const maxExchangeMs = 25_000;
/** Milliseconds. More than this is nothing a program should mend in silence. */
export const maxCorrectionMs = 24 * 3_600_000;

/**
 * A host's time: this computer's, corrected by what the host's last answer said. Only answers over TLS with a verified
 * certificate count, and only corrections of at most 24 hours.
 */
export class ServerClock {
  readonly #clock: Clock;
  /** Milliseconds each host's clock is ahead of the time since this computer started, which nobody sets. */
  readonly #ahead = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds since the epoch, by the host's clock. @param host name and port, as in a URL. */
  now(host: string): number {
    return this.#clock.now() + this.offset(host);
  }

  /**
   * Milliseconds the host's clock is ahead of this computer's, also where that was set since; 0 while nothing is known, or
   * where it is too much to correct by.
   */
  offset(host: string): number {
    const ahead = this.#ahead.get(host);
    const offset = ahead === undefined ? 0 : Math.round(ahead + this.#clock.sinceBoot() - this.#clock.now());
    return Math.abs(offset) <= maxCorrectionMs ? offset : 0;
  }

  /**
   * Takes in the Date header of an answer that has just come.
   * @param sentAt this computer's time when the request was sent, milliseconds since the epoch.
   * @param maxChangeMs a larger change of what is known is not believed; any is where nothing is given.
   * @returns how far ahead the host's clock is, milliseconds, also where that is too much to correct by; null where the
   * answer cannot tell.
   */
  learn(
    host: string,
    answer: Pick<HttpResponse, 'headers' | 'verified'>,
    sentAt: number,
    maxChangeMs = Infinity,
  ): number | null {
    const date = answer.verified ? parseHttpDate(answer.headers.date) : null;
    if (date === null) return null;
    const now = this.#clock.now();
    const took = now - sentAt;
    // The clock was set meanwhile, or the computer slept: when the answer was written cannot be told.
    if (took < 0 || took > maxExchangeMs) return null;
    const written = now - took / 2; // somewhere between request and answer
    // The header is cut to whole seconds.
    const offset = Math.round(date + 500 - written);
    const isBelieved =
      Math.abs(offset) <= maxCorrectionMs && Math.abs(offset - this.offset(host)) <= maxChangeMs;
    if (isBelieved) this.#ahead.set(host, now + offset - this.#clock.sinceBoot());
    return offset;
  }
}
