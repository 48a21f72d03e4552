/** Who may ask the container endpoint, and its port: open only while somebody may. */
import { randomBytes } from 'node:crypto';
import pLimit from 'p-limit';
import { AppError } from '../../shared/errors.ts';
import type { Account } from '../../shared/model.ts';
import type { Clock } from '../ports.ts';
import {
  answerContainerRequest,
  containerPath,
  loopback,
  tokenDigest,
  type ContainerAnswer,
  type ContainerEndpoint,
  type ContainerRequest,
  type Grant,
} from './container-endpoint.ts';

/** A port of 127.0.0.1. */
export interface EndpointListener {
  /**
   * Listens on a port the system chooses.
   * @returns the port; that of before where it listens already.
   * @throws AppError `endpoint-failed`.
   */
  open(answer: (request: ContainerRequest, port: number) => ContainerAnswer): Promise<number>;
  /** Gives the port up and ends every connection. Safe to call twice. */
  close(): Promise<void>;
}

/** What a program is given. The token is secret: it goes into an environment and nowhere else. */
export interface Opened {
  readonly url: string;
  readonly token: string;
}

export interface ContainerEndpointsOptions {
  readonly listener: EndpointListener;
  readonly serving: ContainerEndpoint['serving'];
  /** Whether a client of that name still listens to events. */
  readonly isThere: (client: string) => boolean;
  readonly clock: Pick<Clock, 'now'>;
}

interface Held extends Grant {
  readonly token: string;
  /** Who it was given to, and ends with; null: it lasts as long as the agent. */
  readonly client: string | null;
}

/** Bytes of randomness in a token. */
const tokenBytes = 32;
/** More programs than anybody runs at once; each costs a comparison per request. */
const mostGrants = 1000;

export class ContainerEndpoints {
  readonly #options: ContainerEndpointsOptions;
  readonly #held = new Set<Held>();
  /** The port is opened and given up in turn. */
  readonly #inTurn = pLimit(1);
  #isClosed = false;

  constructor(options: ContainerEndpointsOptions) {
    this.#options = options;
  }

  /** Whether a program runs that was given a token which ends with it. */
  get isInUse(): boolean {
    return [...this.#held].some(({ client }) => client !== null);
  }

  /**
   * Opens an account's path: to `client`, until that stops listening to events, else for as long as the agent lives,
   * with one token for all who ask.
   * @throws AppError `usage-invalid` where the client does not listen or too many programs run, `endpoint-failed`, and
   * what keeps the account from serving.
   */
  async open(account: string, client: string | null): Promise<Opened> {
    this.#options.serving(account);
    return this.#inTurn(async () => {
      this.#refuse(client);
      const port = await this.#options.listener.open((...asked) => this.#answer(...asked));
      try {
        this.#refuse(client); // who went away, or what ended, while the port was opened
        const { token } = this.#grant(account, client);
        return { url: `http://${loopback}:${String(port)}${containerPath(account)}`, token };
      } catch (error) {
        if (this.#held.size === 0) await this.#options.listener.close();
        throw error;
      }
    });
  }

  /** Takes back what was given to a client that has gone. */
  async clientGone(client: string): Promise<void> {
    await this.#drop((grant) => grant.client === client);
  }

  /** Takes back what accounts that are no more were opened by, and what lasts without the outlet that is for. */
  async accountsChanged(accounts: readonly Pick<Account, 'id' | 'outlet'>[]): Promise<void> {
    const outletOf = new Map(accounts.map(({ id, outlet }) => [id, outlet]));
    await this.#drop(({ account, client }) => {
      const outlet = outletOf.get(account);
      return outlet === undefined || (client === null && outlet !== 'container-endpoint');
    });
  }

  /** Takes everything back, and gives nothing any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#drop(() => true);
  }

  #answer(request: ContainerRequest, port: number): ContainerAnswer {
    const { serving, clock } = this.#options;
    return answerContainerRequest(request, { port, grants: this.#held, serving }, clock.now());
  }

  #refuse(client: string | null): void {
    if (this.#isClosed) {
      throw new AppError('agent-not-running', { message: 'The Rolekey agent is stopping.' });
    }
    if (client !== null && !this.#options.isThere(client)) {
      throw new AppError('usage-invalid', { message: 'Who asks for an endpoint has to listen to events.' });
    }
  }

  #grant(account: string, client: string | null): Held {
    const lasting = [...this.#held].find((grant) => grant.account === account && grant.client === null);
    if (client === null && lasting !== undefined) return lasting;
    if (this.#held.size >= mostGrants) {
      throw new AppError('usage-invalid', {
        message: `More than ${String(mostGrants)} programs have an endpoint.`,
        remedy: 'End some of them, then try again.',
      });
    }
    const token = randomBytes(tokenBytes).toString('base64url');
    const held = { account, client, token, tokenDigest: tokenDigest(token) };
    this.#held.add(held);
    return held;
  }

  async #drop(isOver: (grant: Held) => boolean): Promise<void> {
    for (const grant of [...this.#held]) if (isOver(grant)) this.#held.delete(grant);
    await this.#inTurn(async () => {
      if (this.#held.size === 0) await this.#options.listener.close();
    });
  }
}
