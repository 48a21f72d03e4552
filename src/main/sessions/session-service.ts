/** Runs the plan: one live session per account, its state, and who is told. */
import pLimit from 'p-limit';
import { AppError, isAppError, toErrorShape } from '../../shared/errors.ts';
import type { Account, AccountStatus, State } from '../../shared/model.ts';
import type { Clock, Logger } from '../ports.ts';
import { AwsRefusal } from '../roles-anywhere/response.ts';
import type { Signer, SignerKey } from '../tokens/signer.ts';
import type { SessionCredentials } from './create-session.ts';
import { backOff, plan } from './planner.ts';
import { PromptGroup, readyAlone, type PrepareSigner, type Requester } from './prompt-group.ts';
import { consequenceOf, idle, renewalTime, toState, type SessionState } from './session-state.ts';

export interface SessionDependencies {
  readonly accounts: { get(id: string): Account; list(): readonly Account[] };
  readonly prepareSigner: PrepareSigner;
  /** One signature, one CreateSession. */
  readonly createSession: (account: Account, signer: Signer) => Promise<LiveSession>;
  readonly outlets: {
    /** Puts credentials where the account's outlet keeps them. */
    publish(account: Account, session: LiveSession): Promise<void>;
    /** Takes them away again. */
    withdraw(account: Account): Promise<void>;
  };
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly onChange: (account: string, state: State) => void;
}

/** Credentials that are served, and since when. Times are milliseconds since the epoch. */
export interface LiveSession {
  readonly credentials: SessionCredentials;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Null where it was taken up from an outlet, which does not keep it. */
  readonly assumedRoleArn: string | null;
}

interface Session {
  readonly id: string;
  state: SessionState;
  issued: LiveSession | null;
  /** The key used last, for `status`. */
  key: SignerKey | null;
  /** Whether the user wants it connected: from connect to disconnect. */
  wanted: boolean;
  unpublished: boolean;
  failures: number;
  /** Counts disconnects, so that an answer that comes too late is dropped. */
  generation: number;
  flight: Promise<void> | null;
}

/** IAM Roles Anywhere allows 10 CreateSession a second (quota); fewer are under way at once. */
const requestsInFlight = 8;

export class SessionService {
  readonly #dependencies: SessionDependencies;
  readonly #sessions = new Map<string, Session>();
  readonly #limit = pLimit(requestsInFlight);
  #cancelWake: (() => void) | null = null;
  #stopped = false;

  constructor(dependencies: SessionDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Connects accounts, each once however often it is asked; one that serves and is not due is left as it is.
   * Never throws for a failure of one account: its state says it.
   * @throws AppError `account-unknown`.
   */
  async connect(ids: readonly string[], requester: Requester): Promise<void> {
    const accounts = ids.map((id) => this.#dependencies.accounts.get(id));
    const group = new PromptGroup(requester, accounts.length);
    await Promise.all(
      accounts.map(async (account) => {
        const session = this.#session(account.id);
        session.wanted = true;
        session.failures = 0;
        // What is under way is joined: its signature may be all that is needed.
        while (session.flight !== null) await session.flight;
        if (this.#isFresh(session)) group.skip();
        else await this.#fly(session, account, group);
      }),
    );
    this.#wake();
  }

  async disconnect(ids: readonly string[]): Promise<void> {
    const accounts = ids.map((id) => this.#dependencies.accounts.get(id));
    await Promise.all(accounts.map((account) => this.#end(account)));
  }

  /** Whether credentials are served. */
  isConnected(id: string): boolean {
    return this.state(id).serving !== null;
  }

  /** Hands what is served to the account's outlet, which may have changed. What it cannot take is offered again. */
  async republish(id: string): Promise<void> {
    const session = this.#sessions.get(id);
    if (session !== undefined) await this.#republish(session, this.#dependencies.accounts.get(id));
    this.#wake();
  }

  /** Takes up sessions an agent that crashed left in an outlet: served as they are, and renewed like any other. */
  resume(found: readonly { readonly account: string; readonly live: LiveSession }[]): void {
    for (const { account, live } of found) {
      const session = this.#session(account);
      session.wanted = true;
      session.issued = live;
      this.#change(session, {});
    }
    this.#wake();
  }

  /** Ends every session, as `disconnect`. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelWake?.();
    await this.disconnect(this.#dependencies.accounts.list().map(({ id }) => id));
  }

  /** Drops what is known of an account that was removed. */
  forget(id: string): void {
    this.#sessions.delete(id);
  }

  state(id: string): State {
    return toState(this.#sessions.get(id)?.state ?? idle);
  }

  status(account: Account): AccountStatus {
    const session = this.#sessions.get(account.id);
    const key = session?.key ?? null;
    return {
      account: account.id,
      label: account.label,
      awsProfile: account.awsProfile,
      outlet: account.outlet,
      state: this.state(account.id),
      assumedRoleArn: session?.issued?.assumedRoleArn ?? null,
      key:
        key === null
          ? null
          : {
              uri: key.uri,
              token: key.token?.label ?? null,
              serial: key.token?.serial ?? null,
              hardware: key.hardware,
            },
    };
  }

  /** Whether any account is connected, connecting or trying again. */
  isBusy(): boolean {
    return [...this.#sessions.values()].some(({ wanted }) => wanted);
  }

  /**
   * What the account serves now, from memory.
   * @throws AppError what keeps it from serving, or `not-connected`.
   */
  serving(id: string): LiveSession {
    const { issued, state } = this.#session(id);
    if (issued !== null && issued.expiresAt > this.#dependencies.clock.now()) return issued;
    const { error } = state;
    if (error !== null) throw new AppError(error.code, error);
    throw new AppError('not-connected', {
      message: `The account ${id} is not connected.`,
      remedy: `Connect it with: rolekey connect ${id}.`,
    });
  }

  #session(id: string): Session {
    const known = this.#sessions.get(id);
    if (known !== undefined) return known;
    const session: Session = {
      id,
      state: idle,
      issued: null,
      key: null,
      wanted: false,
      unpublished: false,
      failures: 0,
      generation: 0,
      flight: null,
    };
    this.#sessions.set(id, session);
    return session;
  }

  #isFresh({ state }: Session): boolean {
    return (
      state.activity === 'idle' &&
      state.serving !== null &&
      state.serving.renewAt > this.#dependencies.clock.now()
    );
  }

  /** One attempt, alone for its account. */
  async #fly(session: Session, account: Account, group: PromptGroup | null): Promise<void> {
    session.flight ??= this.#attempt(session, account, group).finally(() => {
      session.flight = null;
      this.#wake();
    });
    await session.flight;
  }

  async #attempt(session: Session, account: Account, group: PromptGroup | null): Promise<void> {
    const { generation } = session;
    const { prepareSigner, createSession } = this.#dependencies;
    this.#change(session, {
      activity: session.issued === null ? 'connecting' : 'renewing',
      reason: null,
      retryAt: null,
      error: null,
    });
    try {
      const signer = await (group === null
        ? readyAlone(prepareSigner, account)
        : group.ready(prepareSigner, account));
      session.key = signer.key;
      const issued = await this.#limit(() => createSession(account, signer));
      if (generation !== session.generation) return;
      session.issued = issued;
      session.failures = 0;
      await this.#publish(session, account);
    } catch (error) {
      if (generation === session.generation) this.#fail(session, error);
    }
  }

  /** Hands the credentials to the outlet; what it cannot take now it is offered again. */
  async #publish(session: Session, account: Account): Promise<void> {
    const { generation, issued } = session;
    if (issued === null) return;
    session.unpublished = true;
    await this.#dependencies.outlets.publish(account, issued);
    if (generation !== session.generation) {
      await this.#dependencies.outlets.withdraw(account);
      return;
    }
    session.unpublished = false;
    this.#change(session, { activity: 'idle', reason: null, retryAt: null, error: null });
  }

  async #end(account: Account): Promise<void> {
    const session = this.#session(account.id);
    session.generation += 1;
    session.wanted = false;
    session.issued = null;
    session.unpublished = false;
    session.failures = 0;
    this.#change(session, idle);
    try {
      await this.#dependencies.outlets.withdraw(account);
    } catch (error) {
      this.#change(session, { activity: 'failed', error: toErrorShape(error) });
    }
  }

  #fail(session: Session, error: unknown): void {
    if (!isAppError(error))
      this.#dependencies.logger.log('error', 'session-failed', { account: session.id, error });
    const shape = toErrorShape(error);
    const { clock, random } = this.#dependencies;
    session.failures += 1;
    const consequence = consequenceOf(shape.code);
    const serves = session.issued !== null;
    // While good credentials are served, whatever AWS or the disk says now may be mended in time.
    const activity = consequence.activity === 'failed' && serves ? 'retrying' : consequence.activity;
    const reason = 'reason' in consequence ? consequence.reason : null;
    const remaining = session.issued === null ? null : session.issued.expiresAt - clock.now();
    const asked = error instanceof AwsRefusal ? (error.retryAfterMs ?? 0) : 0;
    const pause = Math.max(asked, backOff(session.failures, remaining, random()));
    const retries = activity === 'retrying' || reason === 'token-absent';
    this.#change(session, {
      activity,
      reason,
      retryAt: retries ? clock.now() + pause : null,
      error: shape,
    });
  }

  #expire(session: Session, account: Account): void {
    session.issued = null;
    session.unpublished = false;
    const { activity } = session.state;
    if (activity === 'idle') {
      session.wanted = false;
      this.#change(session, { error: toErrorShape(new AppError('session-expired')) });
    } else {
      this.#change(session, {});
    }
    void this.#dependencies.outlets.withdraw(account).catch((error: unknown) => {
      this.#fail(session, error);
    });
  }

  #change(session: Session, change: Partial<SessionState>): void {
    const { issued } = session;
    session.state = {
      ...session.state,
      ...change,
      serving:
        issued === null
          ? null
          : { expiresAt: issued.expiresAt, renewAt: renewalTime(issued.issuedAt, issued.expiresAt) },
    };
    this.#dependencies.onChange(session.id, toState(session.state));
  }

  /** Does what is due and sets the alarm for what comes next. */
  #wake(): void {
    this.#cancelWake?.();
    if (this.#stopped) return;
    const { clock } = this.#dependencies;
    const sessions = [...this.#sessions.values()].filter(({ wanted }) => wanted);
    const { actions, wakeAt } = plan(
      clock.now(),
      sessions.map(({ id, state, unpublished }) => ({ ...state, account: id, unpublished })),
    );
    this.#cancelWake = clock.after(wakeAt - clock.now(), () => this.#wake());
    for (const { kind, account: id } of actions) {
      const session = this.#session(id);
      const account = this.#dependencies.accounts.get(id);
      if (kind === 'expire') this.#expire(session, account);
      else void (kind === 'renew' ? this.#fly(session, account, null) : this.#republish(session, account));
    }
  }

  async #republish(session: Session, account: Account): Promise<void> {
    const { generation, issued } = session;
    if (issued === null) return;
    this.#change(session, { activity: 'renewing', retryAt: null });
    try {
      await this.#publish(session, account);
    } catch (error) {
      if (generation === session.generation) this.#fail(session, error);
    }
  }
}
