/**
 * The engine's side of a token host: one request at a time, each with a deadline, and a new process where the last one
 * died. Nothing is ever sent twice by itself: a request that was under way may have spent a PIN try or a signature.
 */
import { AppError, errorTable, type ErrorCode } from '../../shared/errors.ts';
import type { Clock, Logger, TokenHost, TokenHosts } from '../ports.ts';
import { endGraceMs } from './host/protocol.ts';
import type {
  HostFailure,
  HostMethod,
  HostParams,
  HostRequest,
  HostResult,
  TokenRef,
} from './host/protocol.ts';
import { hostEventSchema, hostResponseSchema, hostResults } from './host-results.ts';

/**
 * Milliseconds until a host that does not answer is killed. Most calls of PKCS#11 block its event loop, so it cannot
 * watch itself. A signature may wait for a touch: a YubiKey waits 15 s, and OpenSC has it wait four times.
 */
const deadlinesMs: Readonly<Record<HostMethod, number>> = {
  open: 15_000,
  tokens: 15_000,
  objects: 30_000,
  login: 30_000,
  sign: 75_000,
  counts: 5_000,
};

/** Failures whose detail says something a person can use. */
const detailedCodes: readonly ErrorCode[] = ['token-failed', 'pin-length', 'key-unsupported'];

/** The token did not take the PIN that was held for it, which is gone. */
export class HeldPinRefused extends AppError {}

export interface HostClientOptions {
  /** The module's path, as {@link TokenHosts.start} takes it. */
  readonly path: string;
  readonly hosts: TokenHosts;
  readonly clock: Clock;
  readonly log: Logger;
  /** The process is used no more, and with it no login and no PIN. */
  readonly onEnd: () => void;
  /** What it says unasked: these tokens are there. Absent: nobody listens. */
  readonly onTokens?: (present: readonly TokenRef[]) => void;
}

interface Exchange {
  readonly id: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: AppError) => void;
}

export class HostClient {
  readonly path: string;
  readonly #options: HostClientOptions;
  #host: TokenHost | null = null;
  #underWay: Exchange | null = null;
  #lastId = 0;
  #queue: Promise<unknown> = Promise.resolve();
  /** How often {@link end} was called: a request that came before is not for the process that comes after. */
  #ends = 0;
  /** The last process that was let end is gone. */
  #gone: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(options: HostClientOptions) {
    this.path = options.path;
    this.#options = options;
  }

  get running(): boolean {
    return this.#host !== null;
  }

  /** Whether a request is under way or waits its turn. */
  get busy(): boolean {
    return this.#waiting > 0;
  }

  /**
   * Asks the host, which is started where it does not run.
   * @param begin called when its turn has come; what it throws is the answer then, and nothing is sent.
   * @throws AppError `token-failed` where the process dies, does not answer in time or answers nonsense;
   * `pin-needed` where {@link end} was called meanwhile; and what the method fails with.
   */
  request<M extends HostMethod>(
    method: M,
    params: HostParams<M>,
    begin: () => void = () => undefined,
  ): Promise<HostResult<M>> {
    this.#waiting += 1;
    const ends = this.#ends;
    const answer = this.#queue
      .then(() => this.#exchange(method, params, ends, begin))
      .finally(() => {
        this.#waiting -= 1;
      });
    this.#queue = answer.catch(() => undefined);
    return answer;
  }

  /**
   * Forgets every PIN. The process ends after the call it is in; one that does not end is killed after
   * {@link endGraceMs}. The next request starts another. Safe to call twice.
   * @returns when the process is gone.
   */
  end(): Promise<void> {
    this.#ends += 1;
    const host = this.#giveUp(new AppError('pin-needed'));
    if (host !== null) this.#gone = this.#leave(host);
    return this.#gone;
  }

  /** Uses the process no more, and with it no login and no PIN. The next request starts another. */
  giveUp(why: string): void {
    this.#kill(this.#failed(why));
  }

  async #exchange<M extends HostMethod>(
    method: M,
    params: HostParams<M>,
    ends: number,
    begin: () => void,
  ): Promise<HostResult<M>> {
    // Two processes at work on one token disturb each other: SoftHSM's C_Login fails where two meet.
    if (ends === this.#ends) await this.#gone;
    if (ends !== this.#ends) throw new AppError('pin-needed');
    begin();
    const seconds = deadlinesMs[method] / 1000;
    const withdrawDeadline = this.#options.clock.after(deadlinesMs[method], () =>
      this.#kill(this.#failed(`no answer to “${method}” within ${String(seconds)} s`)),
    );
    try {
      const result = hostResults[method].safeParse(await this.#send(method, params));
      if (result.success) return result.data;
      throw this.#kill(this.#failed(`an answer to “${method}” that makes no sense`));
    } finally {
      withdrawDeadline();
    }
  }

  #send(method: HostMethod, params: HostRequest['params']): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#host ??= this.#start();
      this.#underWay = { id, resolve, reject };
      this.#host.send({ id, method, params } as HostRequest);
    });
  }

  #start(): TokenHost {
    const host = this.#options.hosts.start(this.path);
    // A process that was given up may still speak or die; only the current one is listened to.
    host.onMessage((message) => {
      if (host === this.#host) this.#receive(message);
    });
    host.onEnd((how) => {
      if (host === this.#host) this.#kill(this.#failed(`its process ended: ${how}`));
    });
    return host;
  }

  #receive(message: unknown): void {
    const event = hostEventSchema.safeParse(message).data;
    if (event !== undefined) {
      this.#options.onTokens?.(event.present);
      return;
    }
    const response = hostResponseSchema.safeParse(message).data;
    const exchange = this.#underWay;
    if (response === undefined || response.id !== exchange?.id) {
      this.#kill(this.#failed('an answer that makes no sense'));
      return;
    }
    this.#underWay = null;
    if ('failure' in response) exchange.reject(this.#refused(response.failure));
    else exchange.resolve(response.result);
  }

  /** Kills a process that is of no more use. Returns the reason. */
  #kill(reason: AppError): AppError {
    this.#giveUp(reason)?.kill();
    return reason;
  }

  /** Lets a process that was given up end. Returns when it is gone. */
  #leave(host: TokenHost): Promise<void> {
    host.end();
    return new Promise((resolve) => {
      const withdrawKill = this.#options.clock.after(endGraceMs, () => {
        host.kill();
        resolve();
      });
      host.onEnd(() => {
        withdrawKill();
        resolve();
      });
    });
  }

  /** Uses the process no more, with the reason for whoever waits for it. Returns what is to be ended. */
  #giveUp(reason: AppError): TokenHost | null {
    const host = this.#host;
    const exchange = this.#underWay;
    this.#host = null;
    this.#underWay = null;
    exchange?.reject(reason);
    if (host !== null) this.#options.onEnd();
    return host;
  }

  #failed(detail: string): AppError {
    this.#options.log.log('warn', 'token-host-failed', { module: this.path, detail });
    return detailed('token-failed', detail);
  }

  #refused({ code, detail, heldPinRefused }: HostFailure): AppError {
    if (heldPinRefused) {
      const message =
        'The token refused the PIN it had taken before: it was changed elsewhere, and is forgotten.';
      return new HeldPinRefused(code, { ...(code === 'pin-needed' ? { message } : {}), cause: detail });
    }
    if (code === 'module-not-pkcs11') {
      const message = `${this.path} cannot be loaded as a PKCS#11 module: ${detail}.`;
      return this.#kill(new AppError(code, { message })); // it has no business in a process of ours
    }
    return detailedCodes.includes(code) ? detailed(code, detail) : new AppError(code, { cause: detail });
  }
}

/** The table's sentence with what exactly happened. */
function detailed(code: ErrorCode, detail: string): AppError {
  return new AppError(code, {
    message: `${errorTable[code].message.slice(0, -1)} (${detail}).`,
    cause: detail,
  });
}
