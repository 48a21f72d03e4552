/** Runs the plan: one live session per account, its state, and who is told. */
import pLimit from 'p-limit';
import { AppError, isAppError, toErrorShape, type ErrorShape } from '../../shared/errors.ts';
import type { Account, AccountStatus, State } from '../../shared/model.ts';
import type { Clock, Logger } from '../ports.ts';
import { AwsRefusal } from '../roles-anywhere/response.ts';
import type { TokenRef } from '../tokens/host/protocol.ts';
import type { TokenChange } from '../tokens/module-host.ts';
import type { Human, Signer, SignerKey } from '../tokens/signer.ts';
import { Attempt } from './attempt.ts';
import type { InTurn } from './create-session.ts';
import type { LiveSession } from './live-session.ts';
import { backOff, plan, tickMs, type Surroundings } from './planner.ts';
import { PromptGroup, readyAlone, touchNeeded, type PrepareSigner, type Requester } from './prompt-group.ts';
import { keyStatus } from './key-status.ts';
import { Session, type Retry } from './session.ts';
import { idle, toState } from './session-state.ts';

export type { LiveSession } from './live-session.ts';

export interface SessionDependencies {
  readonly accounts: { get(id: string): Account };
  readonly prepareSigner: PrepareSigner;
  /**
   * One signature, one CreateSession. Raising `signal` ends it early; whatever it answers then is dropped.
   * @param inTurn what is sent goes through it, so that not too much is under way at once.
   * @param human who is told where the token waits for a touch.
   */
  readonly createSession: (
    account: Account,
    signer: Signer,
    signal: AbortSignal,
    inTurn: InTurn,
    human: Human,
  ) => Promise<LiveSession>;
  readonly outlets: {
    /** Puts credentials where the account's outlet keeps them. */
    publish(account: Account, session: LiveSession): Promise<void>;
    /** Takes them away again. */
    withdraw(account: Account): Promise<void>;
  };
  /** Accounts whose outlet could not be emptied, remembered for the agent after this one. */
  readonly unemptied: {
    list(): readonly string[];
    add(account: string): void;
    delete(account: string): void;
  };
  /** Who is told of a touch that a renewal turns out to want which nobody began. */
  readonly bystander: Requester;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly onChange: (account: string, state: State) => void;
  /** A person is needed, and it is time to say so: that many minutes are left at most. */
  readonly onAsk: (account: string, minutes: number) => void;
}

/** An account whose credentials are still where they should not be. */
export interface Unemptied {
  readonly account: string;
  readonly error: ErrorShape;
}

/** IAM Roles Anywhere allows 10 CreateSession a second (quota); fewer are under way at once. */
const requestsInFlight = 8;
/** The longest wait a server can ask for, milliseconds: who asks for more does not mean it. */
const maxRetryAfterMs = 3_600_000;
/** What is less than this between two clocks is no jump, milliseconds. */
const jumpMs = 30_000;

export class SessionService {
  readonly #dependencies: SessionDependencies;
  readonly #sessions = new Map<string, Session>();
  readonly #limit = pLimit(requestsInFlight);
  #cancelWake: (() => void) | null = null;
  #stopped = false;
  #surroundings: Surroundings = { isOnline: true, isLocked: false };
  /** Both clocks as they were when this one was set last, milliseconds. */
  #lastSet: { readonly now: number; readonly sinceBoot: number };
  /** Milliseconds since boot at the last look. */
  #lookedAt: number;

  constructor(dependencies: SessionDependencies) {
    this.#dependencies = dependencies;
    const { clock } = dependencies;
    this.#lastSet = { now: clock.now(), sinceBoot: clock.sinceBoot() };
    this.#lookedAt = this.#lastSet.sinceBoot;
  }

  /**
   * Connects accounts, each once however often it is named or asked for; one that serves and is not due is left as it
   * is. Never throws for a failure of one account: its state says it. Ends early for one that is disconnected meanwhile;
   * what was asked for it is void then, where no other account of the call waits for the answer.
   * @throws AppError `account-unknown`, `agent-not-running` once it was stopped.
   */
  async connect(ids: readonly string[], requester: Requester): Promise<void> {
    if (this.#stopped) throw new AppError('agent-not-running', { message: 'The Rolekey agent is stopping.' });
    this.#lookAtClock();
    const accounts = [...new Set(ids)].map((id) => this.#dependencies.accounts.get(id));
    const group = new PromptGroup(requester, accounts);
    await Promise.all(accounts.map((account) => this.#connect(account, group)));
  }

  /**
   * Ends sessions and whatever is under way for them; over when nothing of theirs is left in any outlet.
   * @throws AppError `account-unknown`.
   */
  async disconnect(ids: readonly string[]): Promise<void> {
    const sessions = [...new Set(ids)].map(
      (id) => this.#sessions.get(id) ?? this.#session(this.#dependencies.accounts.get(id)),
    );
    await Promise.all(sessions.map((session) => this.#end(session)));
  }

  /** Whether credentials are served. */
  isConnected(id: string): boolean {
    return this.state(id).serving !== null;
  }

  /** Whether its key is being opened, for which a person may be asked. */
  isUnlocking(id: string): boolean {
    return this.#sessions.get(id)?.unlocking ?? false;
  }

  /** Hands what is served to the account's outlet, which may have changed. What it cannot take is offered again. */
  async republish(id: string): Promise<void> {
    const session = this.#sessions.get(id);
    if (session === undefined || session.issued === null) return;
    if (session.attempt === null) return this.#republish(session);
    // What is under way tells how it ends; the outlet need not wait for it.
    await this.#put(session).catch(() => undefined);
    this.#wake();
  }

  /** Takes up sessions an agent that crashed left in an outlet: served as they are, and renewed like any other. */
  resume(found: readonly { readonly account: string; readonly live: LiveSession }[]): void {
    this.#lookAtClock();
    for (const { account, live } of found) {
      const session = this.#session(this.#dependencies.accounts.get(account));
      session.take(live);
      session.unpublished = false;
    }
    this.#wake();
  }

  /** Plans at once, and tries at once what waits for the network: the computer woke up, or somebody is back at it. */
  nudge(): void {
    for (const session of this.#sessions.values()) session.nudge();
    this.#wake();
  }

  /** Somebody is here: what waits for its token is tried at once. */
  lookForTokens(): void {
    for (const session of this.#sessions.values()) session.nudgeForToken();
    this.#wake();
  }

  /** Something was plugged in or pulled out: the same, but once for a token that is lost whenever it is used. */
  plugged(): void {
    for (const session of this.#sessions.values()) session.hurryForToken();
    this.#wake();
  }

  /**
   * Tokens came or went, as far as a module that is in use showed it. Who waits for one that came is tried at once, without
   * a person; where it was lost in use then, by the back-off. Who waits for a person to type a PIN for one that went, or to
   * touch it, waits for the token now, and a question for its PIN is void. What is served and not due is left alone: keys
   * are pulled out every day.
   */
  tokensChanged({ came, went }: TokenChange): void {
    for (const session of this.#sessions.values()) {
      const gone = went.find((token) => session.waitsAt(token) || session.isAskedAt(token));
      if (gone !== undefined) {
        session.abandonForToken();
        this.#fail(session, unplugged(gone));
        if (session.account.keys.length > 1) session.hurryForToken(); // another of them may be there
      }
      if (came.some((token) => session.isOn(token))) session.tokenCame();
    }
    this.#wake();
  }

  /** @param isOnline false where it is known that no network is there: nothing is renewed then before it must be. */
  setOnline(isOnline: boolean): void {
    this.#surroundings = { ...this.#surroundings, isOnline };
    if (isOnline) this.nudge();
  }

  /** @param isLocked whether the screen is: nobody is asked for anything then. Whoever unlocks it is there. */
  setLocked(isLocked: boolean): void {
    this.#surroundings = { ...this.#surroundings, isLocked };
    if (!isLocked) this.nudge();
  }

  /** Takes away what an outlet should not hold any more. Where it cannot be emptied that is tried again, and told. */
  async withdraw(ids: readonly string[]): Promise<void> {
    const sessions = ids.map((id) => this.#session(this.#dependencies.accounts.get(id)));
    await Promise.all(sessions.map((session) => this.#withdraw(session)));
  }

  /**
   * Ends every session, as `disconnect`, whatever became of its account.
   * @param leavesOutlets whether outlets keep what is still good, until it expires: the agent after this one takes it up.
   * @returns what could not be taken away.
   */
  async stop(leavesOutlets = false): Promise<readonly Unemptied[]> {
    this.#stopped = true;
    this.#cancelWake?.();
    this.#lookAtClock();
    const now = this.#dependencies.clock.now();
    const sessions = [...this.#sessions.values()];
    await Promise.all(
      sessions.map((session) => {
        const isLeft = leavesOutlets && session.issued !== null && !session.hasExpired(now);
        return isLeft ? this.#leave(session) : this.#end(session);
      }),
    );
    return sessions.flatMap(({ id, unemptied }) =>
      unemptied === null ? [] : [{ account: id, error: unemptied }],
    );
  }

  /**
   * Gives up what is served without taking it from any outlet: another agent goes on with it. What is under way is
   * abandoned, and nothing is renewed any more.
   */
  async release(): Promise<{ readonly account: string; readonly live: LiveSession }[]> {
    this.#stopped = true;
    this.#cancelWake?.();
    this.#lookAtClock();
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const { attempt } of sessions) attempt?.abandon();
    await Promise.all(sessions.map(({ outletQueue }) => outletQueue(() => undefined))); // what is being written is let end
    return sessions.flatMap(({ id, issued }) => (issued === null ? [] : [{ account: id, live: issued }]));
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
    return {
      account: account.id,
      label: account.label,
      awsProfile: account.awsProfile,
      outlet: account.outlet,
      state: this.state(account.id),
      assumedRoleArn: session?.issued?.assumedRoleArn ?? null,
      key: keyStatus(account, session?.key ?? null),
    };
  }

  /** The certificate used last for the account; null where none was yet. */
  certificate(id: string): Signer['certificate'] | null {
    return this.#sessions.get(id)?.certificate ?? null;
  }

  /** Whether any account serves, is being connected or tried again; not where all of them wait for a person. */
  isBusy(): boolean {
    return [...this.#sessions.values()].some(({ isBusy }) => isBusy);
  }

  /**
   * What the account serves now, from memory.
   * @throws AppError what keeps it from serving, or `not-connected`.
   */
  serving(id: string): LiveSession {
    if (this.#lookAtClock()) this.#wake();
    const session = this.#sessions.get(id);
    const issued = session?.issued ?? null;
    if (issued !== null && issued.expiresAt > this.#dependencies.clock.now()) return issued;
    const error = session?.obstacle ?? null;
    if (error !== null) throw new AppError(error.code, error);
    throw new AppError('not-connected', {
      message: `The account ${id} is not connected.`,
      remedy: `Connect it with: rolekey connect ${id}.`,
    });
  }

  #session(account: Account): Session {
    const known = this.#sessions.get(account.id);
    if (known !== undefined) return known;
    const { onChange } = this.#dependencies;
    const session = new Session(account, (state) => onChange(account.id, state));
    this.#sessions.set(account.id, session);
    return session;
  }

  async #connect(account: Account, group: PromptGroup): Promise<void> {
    const session = this.#session(account);
    const { disconnects } = session;
    const isOver = (): boolean => session.disconnects !== disconnects;
    session.forgetFailures();
    // What is under way is joined: its signature may be all that is needed.
    while (session.attempt !== null && !isOver()) await session.attempt.ended;
    if (isOver()) {
      group.skip();
    } else if (!session.isFresh(this.#dependencies.clock.now())) {
      await this.#renew(
        session,
        () => account,
        (prepare, found, signal) =>
          group.ready(prepare, found, signal, (unlock) => session.whileUnlocking(unlock)),
        group.requester,
      );
    } else {
      group.skip();
      // Another program may have taken away what the outlet had; where it is there still nothing is written.
      await this.#republish(session);
    }
  }

  /** Without a person. */
  #renewAlone(session: Session): Promise<void> {
    const { accounts, bystander } = this.#dependencies;
    // Should the renewal wait for somebody, the outlet need not.
    if (session.unpublished) void this.#put(session).catch(() => undefined);
    return this.#renew(session, () => accounts.get(session.id), readyAlone, bystander);
  }

  /** New credentials, and out with them. */
  #renew(
    session: Session,
    find: () => Account,
    makeReady: (prepare: PrepareSigner, account: Account, signal: AbortSignal) => Promise<Signer>,
    requester: Requester,
  ): Promise<void> {
    this.#lookAtClock();
    if (session.hasExpired(this.#dependencies.clock.now())) this.#expire(session);
    return this.#try(session, async (signal) => {
      const account = find();
      const prepare: PrepareSigner = async (wanted) => {
        const signer = await this.#dependencies.prepareSigner(wanted);
        if (!signal.aborted) session.found(signer.key);
        return signer;
      };
      const signer = await makeReady(prepare, account, signal);
      signal.throwIfAborted();
      session.key = signer.key;
      session.certificate = signer.certificate;
      this.#clearWay(signer.key);
      const human: Human = {
        ...requester,
        accounts: [account.label],
        unneeded: signal,
        onTouch: (waits) => {
          if (!signal.aborted) session.waitForTouch(waits);
        },
      };
      const issued = await this.#dependencies.createSession(account, signer, signal, this.#inTurn, human);
      signal.throwIfAborted();
      this.#lookAtClock(); // its times are of the clock as it is now
      session.take(issued);
      await this.#put(session);
    });
  }

  /** What signs is not in it: a token that waits for a touch must not keep the others from AWS. */
  readonly #inTurn: InTurn = (send) => this.#limit(send);

  /** That key can sign: so can all sessions with a key on its token. */
  #clearWay(key: SignerKey): void {
    for (const session of this.#sessions.values()) session.clearWay(key);
  }

  #republish(session: Session): Promise<void> {
    return this.#try(session, () => this.#put(session));
  }

  /** One attempt, alone for its account; its end is told by the state, unless it was abandoned. */
  #try(session: Session, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    session.begin();
    const attempt = new Attempt(async (signal) => {
      let conclude = (): void => session.settle();
      try {
        await work(signal);
      } catch (error) {
        conclude = () => this.#fail(session, error);
      }
      if (signal.aborted) return;
      session.attempt = null;
      conclude();
      this.#wake();
    });
    session.attempt = attempt;
    return attempt.ended;
  }

  /** Hands what is served, if anything is, to the outlet as the account names it now. */
  async #put(session: Session): Promise<void> {
    const { accounts, outlets } = this.#dependencies;
    await session.outletQueue(async () => {
      const { issued, account: former } = session;
      if (issued === null) return;
      session.unpublished = true;
      const account = accounts.get(session.id);
      if (account.outlet !== former.outlet) await outlets.withdraw(former);
      session.account = account;
      await outlets.publish(account, issued);
      this.#remember(session, false); // what was there is overwritten
      if (session.issued === issued) session.unpublished = false;
    });
  }

  async #withdraw(session: Session): Promise<void> {
    const { outlets, logger } = this.#dependencies;
    session.beginWithdrawal();
    await session.outletQueue(async () => {
      try {
        await outlets.withdraw(session.account);
        this.#remember(session, false);
        session.emptied();
      } catch (error) {
        logger.log('error', 'outlet-not-emptied', { account: session.id, error });
        this.#remember(session, true);
        const retry = this.#retry(session.failedWithdrawals + 1, null);
        session.failWithdrawal(toErrorShape(error), retry);
      }
    });
    this.#wake();
  }

  /** That it cannot be remembered whether an outlet holds too much costs nothing now, so nothing ends for it. */
  #remember({ id }: Session, holdsTooMuch: boolean): void {
    const { unemptied, logger } = this.#dependencies;
    try {
      if (holdsTooMuch) unemptied.add(id);
      else if (unemptied.list().includes(id)) unemptied.delete(id);
    } catch (error) {
      logger.log('error', 'unemptied-not-remembered', { account: id, error });
    }
  }

  async #end(session: Session): Promise<void> {
    session.end();
    await this.#withdraw(session);
  }

  /** Ends a session, and what the outlet has stays there: also where everything is ended once more. */
  async #leave(session: Session): Promise<void> {
    session.attempt?.abandon();
    await session.outletQueue(() => undefined); // what is being written is let end
    session.end();
    this.#sessions.delete(session.id);
  }

  #expire(session: Session): void {
    session.expire(this.#dependencies.clock.now());
    void this.#withdraw(session);
  }

  #fail(session: Session, error: unknown): void {
    const { clock, logger } = this.#dependencies;
    if (!isAppError(error)) logger.log('error', 'session-failed', { account: session.id, error });
    session.failures += 1;
    const remaining = session.issued === null ? null : session.issued.expiresAt - clock.now();
    const asked = error instanceof AwsRefusal ? Math.min(error.retryAfterMs ?? 0, maxRetryAfterMs) : 0;
    session.fail(toErrorShape(error), this.#retry(session.failures, remaining, asked));
  }

  /** When to try again, by the back-off. @param leastMs the shortest pause, milliseconds. */
  #retry(failures: number, remaining: number | null, leastMs = 0): Retry {
    const { clock, random } = this.#dependencies;
    const from = clock.now();
    const pause = backOff(failures, remaining, random());
    return { from, at: from + Math.max(leastMs, pause), isAsked: leastMs > pause };
  }

  /**
   * Tells a clock that was set from time that passed. What is served counts by the wall clock, as it does for everybody who
   * reads its expiry, so it moves with a clock that was set: else it would be served after its end, or given up before.
   * After a sleep what waits for the network is tried at once: it may be another one.
   * @returns whether there is something to plan.
   */
  #lookAtClock(): boolean {
    const { clock } = this.#dependencies;
    const now = clock.now();
    const sinceBoot = clock.sinceBoot();
    // Since it was set last, so that many small steps count as well as a large one.
    const set = now - this.#lastSet.now - (sinceBoot - this.#lastSet.sinceBoot);
    const wasSet = Math.abs(set) > jumpMs;
    const slept = sinceBoot - this.#lookedAt > tickMs + jumpMs;
    this.#lookedAt = sinceBoot;
    if (wasSet) this.#lastSet = { now, sinceBoot };
    for (const session of this.#sessions.values()) {
      if (wasSet && session.clockSet(set, now)) void this.#put(session).catch(() => undefined); // the outlet tells a time of before
      if (slept) session.nudge();
    }
    return wasSet || slept;
  }

  /** Does what is due and sets the alarm for what comes next. */
  #wake(): void {
    this.#cancelWake?.();
    if (this.#stopped) return;
    this.#lookAtClock();
    const { clock, onAsk } = this.#dependencies;
    const now = clock.now();
    const { actions, wakeAt } = plan(
      now,
      [...this.#sessions.values()].map((session) => session.planned(now)),
      this.#surroundings,
    );
    this.#cancelWake = clock.after(wakeAt - now, () => this.#wake());
    for (const action of actions) {
      const session = this.#sessions.get(action.account);
      if (session === undefined) continue;
      switch (action.kind) {
        case 'expire':
          this.#expire(session);
          break;
        case 'withdraw':
          void this.#withdraw(session);
          break;
        case 'renew':
          void this.#renewAlone(session);
          break;
        case 'need':
          this.#fail(session, touchNeeded());
          break;
        case 'ask':
          session.asked = action.minutes;
          onAsk(session.id, action.minutes);
          break;
        case 'publish':
          void this.#republish(session);
      }
    }
  }
}

function unplugged({ label }: TokenRef): AppError {
  return new AppError('token-absent', { message: `The token “${label}” was unplugged.` });
}
