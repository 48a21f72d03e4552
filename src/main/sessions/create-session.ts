/** One CreateSession: signed once, and sent until AWS answers or time is up. */
import { AppError, isAppError } from '../../shared/errors.ts';
import type { Account } from '../../shared/model.ts';
import type { Clock, Http, HttpRequest, HttpResponse } from '../ports.ts';
import { parseRoleArn } from '../roles-anywhere/arn.ts';
import { buildChain } from '../roles-anywhere/chain.ts';
import { createSessionRequest } from '../roles-anywhere/create-session-request.ts';
import { resolveEndpoint, type EndpointEnvironment } from '../roles-anywhere/endpoint.ts';
import {
  AwsRefusal,
  clockToleranceMs,
  readCreateSessionAnswer,
  type SessionAnswer,
} from '../roles-anywhere/response.ts';
import type { Human, Signer } from '../tokens/signer.ts';
import { maxCorrectionMs, type ServerClock } from './server-clock.ts';

export type { SessionCredentials } from '../roles-anywhere/response.ts';

export interface CreateSessionOptions {
  readonly account: Account;
  /** Unlocked, and its certificate has passed the preflight. */
  readonly signer: Pick<Signer, 'certificate' | 'issuers' | 'sign'>;
  readonly environment: EndpointEnvironment;
  /** Raised, it ends the work: nothing is sent any more, and no answer is waited for. */
  readonly signal?: AbortSignal | undefined;
  /** Sends when it is the request's turn; absent: at once. */
  readonly inTurn?: InTurn;
  /** Who is told where the token waits for a touch, and may end the waiting; absent: nobody. */
  readonly human?: Human;
}

/** Runs what sends a request as soon as not too many others are under way. */
export type InTurn = <T>(send: () => Promise<T>) => Promise<T>;

export interface CreateSessionPorts {
  readonly clock: Clock;
  readonly http: Http;
}

/** What AWS issued. `expiresAt` and `issuedAt` are by AWS's clock. */
export interface IssuedSession extends SessionAnswer {
  /** When the answer came, milliseconds since the epoch. */
  readonly issuedAt: number;
  /** Milliseconds AWS's clock is ahead of this computer's, as far as known. */
  readonly clockOffsetMs: number;
}

/** For all that goes over the network; the time a person takes to touch the token is not in it. */
const totalTimeoutMs = 20_000;
/** AWS takes a signature for five minutes or longer. */
const maxSignatureAgeMs = 4 * 60_000;
/** A refusal is laid to the clock where a new signature would carry a time this far from the old one's. */
const clockDifferenceMs = 60_000;
/** A try that is given less can only tell that it had no time, in place of what is wrong. */
const leastTryMs = 500;
const pauseMs = { first: 250, max: 2_000 };

/**
 * Asks for one session. After a network error the same signed request is sent again, with no new signature. It is
 * signed a second time, once, only where AWS refused it for a reason a wrong clock can have and the answer told a time
 * more than a minute off.
 * @throws AppError `network-unreachable`, `tls-untrusted`, `clock-skew`, `response-invalid`, `identity-mismatch`, `cancelled`;
 * {@link AwsRefusal} (`aws-access-denied` ...) with what AWS said; and whatever `signer.sign` throws.
 */
export async function createSession(
  { account, signer, environment, signal, inTurn = (send) => send(), human }: CreateSessionOptions,
  ports: CreateSessionPorts,
  serverClock: ServerClock,
): Promise<IssuedSession> {
  const { certificate } = signer;
  const role = parseRoleArn(account.roleArn);
  const endpoint = resolveEndpoint(account, role.partition, environment);
  const { host } = endpoint;
  const chain = buildChain(certificate, signer.issuers);
  const delivery = new Delivery(ports, signal);

  for (let isLast = false; ; isLast = true) {
    const time = serverClock.now(host);
    const request = createSessionRequest({ account, certificate, chain, endpoint, time });
    const signedFrom = ports.clock.now();
    ports.http.warm?.(request.url); // while the token signs
    const signature = await signer.sign(Buffer.from(request.stringToSign), human);
    const { url, body } = request;
    const { answer, sentAt } = await inTurn(() =>
      delivery.send(
        { method: 'POST', url, headers: request.headers(signature), body },
        signedFrom + maxSignatureAgeMs,
      ),
    );
    try {
      const session = readCreateSessionAnswer(answer, { ...account, role, now: serverClock.now(host) });
      // AWS took the time it was signed for: a date far from that is the answer's own fault.
      serverClock.learn(host, answer, sentAt, clockToleranceMs);
      return { ...session, issuedAt: serverClock.now(host), clockOffsetMs: serverClock.offset(host) };
    } catch (error) {
      if (!(error instanceof AwsRefusal && error.clockMayBeTheCause)) throw error;
      const measured = serverClock.learn(host, answer, sentAt);
      if (measured !== null && Math.abs(measured) > maxCorrectionMs) throw clockTooWrong(measured, error);
      const difference = Math.abs(serverClock.now(host) - time);
      if (isLast || difference <= clockDifferenceMs) throw error;
    }
  }
}

/** Sends requests within one common time-out. */
class Delivery {
  readonly #clock: Clock;
  readonly #http: Http;
  readonly #signal: AbortSignal | undefined;
  #remainingMs = totalTimeoutMs;

  constructor({ clock, http }: CreateSessionPorts, signal: AbortSignal | undefined) {
    this.#clock = clock;
    this.#http = http;
    this.#signal = signal;
  }

  /**
   * The same request again after each network error, until there is an answer.
   * @param until this computer's time after which it is not sent once more, milliseconds since the epoch.
   */
  async send(
    request: Omit<HttpRequest, 'timeoutMs'>,
    until: number,
  ): Promise<{ readonly answer: HttpResponse; readonly sentAt: number }> {
    for (let pause = pauseMs.first; ; pause = Math.min(pause * 2, pauseMs.max)) {
      if (this.#signal?.aborted === true) throw new AppError('cancelled');
      const sentAt = this.#clock.now();
      const timeoutMs = Math.max(1, this.#remainingMs);
      let failure: AppError;
      try {
        return { answer: await this.#unlessCut(this.#http.send({ ...request, timeoutMs })), sentAt };
      } catch (error) {
        if (!isAppError(error, 'network-unreachable')) throw error;
        failure = error;
      } finally {
        this.#spend(this.#clock.now() - sentAt);
      }
      const jittered = Math.round(pause * (0.5 + Math.random() / 2));
      if (jittered + leastTryMs > this.#remainingMs || this.#clock.now() + jittered > until) throw failure;
      await this.#pause(jittered);
      this.#spend(jittered);
    }
  }

  /** Waits for the clock no longer than anybody waits for the answer: no timer stays. */
  async #pause(ms: number): Promise<void> {
    let undo: () => void = () => undefined;
    const over = new Promise<void>((resolve) => (undo = this.#clock.after(ms, resolve)));
    await this.#unlessCut(over).finally(() => undo());
  }

  /** @throws AppError `cancelled` as soon as the signal is raised; `work` goes on without anybody. */
  async #unlessCut<T>(work: Promise<T>): Promise<T> {
    const signal = this.#signal;
    if (signal === undefined) return work;
    let stop: () => void = () => undefined;
    const cut = new Promise<never>((_, reject) => {
      stop = () => reject(new AppError('cancelled'));
      signal.addEventListener('abort', stop);
    });
    return Promise.race([work, cut]).finally(() => signal.removeEventListener('abort', stop));
  }

  /** Where the clock was set back meanwhile no time is won. */
  #spend(ms: number): void {
    this.#remainingMs -= Math.max(0, ms);
  }
}

function clockTooWrong(offsetMs: number, cause: AwsRefusal): AppError {
  const hours = Math.round(Math.abs(offsetMs) / 3_600_000);
  return new AppError('clock-skew', {
    message: `The clock of this computer is ${String(hours)} hours ${offsetMs > 0 ? 'behind' : 'ahead of'} AWS’s.`,
    requestId: cause.requestId,
    cause,
  });
}
