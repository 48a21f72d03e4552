/** One account inside the service: what is known of it, and how that changes. Every change is told. */
import pLimit from 'p-limit';
import { AppError, toErrorShape, type ErrorCode, type ErrorShape } from '../../shared/errors.ts';
import type { Account, State } from '../../shared/model.ts';
import type { TokenRef } from '../tokens/host/protocol.ts';
import type { Signer, SignerKey } from '../tokens/signer.ts';
import { isOnToken } from './on-token.ts';
import type { Attempt } from './attempt.ts';
import type { LiveSession } from './live-session.ts';
import type { PlannedSession } from './planner.ts';
import {
  consequenceOf,
  idle,
  renewalTime,
  toState,
  withUnemptied,
  type SessionState,
} from './session-state.ts';

/** Failures a network that is back may have cured. */
const networkFailures = new Set<ErrorCode>(['network-unreachable', 'aws-failed']);

/** When to try again, and since when that is planned. Milliseconds since the epoch. */
export interface Retry {
  readonly from: number;
  readonly at: number;
  /** The server asked for that pause. */
  readonly isAsked?: boolean;
}

/** Credentials that should be gone are in the outlet still. */
interface Unemptied {
  readonly error: ErrorShape;
  /** How many in a row. */
  readonly failures: number;
  /** Null while it is emptied again. */
  readonly retry: Retry | null;
}

export class Session {
  readonly id: string;
  /** As it was when its credentials were last handed out: says where they are, whatever became of the account since. */
  account: Account;
  /** The key used last, for `status`. */
  key: SignerKey | null = null;
  /** The certificate used with it. */
  certificate: Signer['certificate'] | null = null;
  /** Single flight: what is under way for the account. */
  attempt: Attempt | null = null;
  /** The credentials being served are not yet where the outlet should have put them. */
  unpublished = false;
  /** For how many minutes' rest a person was asked, since it serves what it serves; null: for none. */
  asked: number | null = null;
  /** Its key is being opened, for which a person may be asked. */
  unlocking = false;
  /** How many in a row. */
  failures = 0;
  /** Counts disconnects, so that who waited meanwhile knows. */
  disconnects = 0;
  /** The outlet's work: one at a time, in the order it was asked for. */
  readonly outletQueue = pLimit(1);
  readonly #onChange: (state: State) => void;
  #state = idle;
  #issued: LiveSession | null = null;
  #retry: Retry | null = null;
  #lastFailure: ErrorShape | null = null;
  #hasServed = false;
  #isWayClear = false;
  /** Its token came while something was tried that may have looked for it before. */
  #cameMeanwhile = false;
  /** What is tried, or about to be, is so because its token came. */
  #isHurried = false;
  /** That was in vain: the token was there, and went or failed in use. The next one to come is no reason for haste. */
  #cameInVain = false;
  /** The key that was found by what is under way; null where none was yet. */
  #found: SignerKey | null = null;
  #unemptied: Unemptied | null = null;

  constructor(account: Account, onChange: (state: State) => void) {
    this.id = account.id;
    this.account = account;
    this.#onChange = onChange;
  }

  get state(): SessionState {
    return this.#unemptied === null ? this.#state : withUnemptied(this.#state, this.#unemptied.error);
  }

  /** Why the outlet holds what it should have given up; null where it does not. */
  get unemptied(): ErrorShape | null {
    return this.#unemptied?.error ?? null;
  }

  /** How often in a row the outlet could not be emptied. */
  get failedWithdrawals(): number {
    return this.#unemptied?.failures ?? 0;
  }

  /** What keeps it from serving: also while it is tried again, which cures nothing yet. */
  get obstacle(): ErrorShape | null {
    return this.state.error ?? this.#lastFailure;
  }

  /** The credentials it has; they may have expired a moment ago. */
  get issued(): LiveSession | null {
    return this.#issued;
  }

  /** Whether it serves, works or will try again. A look now and then for a token that is absent is none of that. */
  get isBusy(): boolean {
    if (this.#issued !== null || this.attempt !== null || this.#unemptied !== null) return true;
    return this.#state.activity === 'retrying';
  }

  /** Whether nothing is due, by hand either. @param now milliseconds since the epoch. */
  isFresh(now: number): boolean {
    const { activity, serving } = this.#state;
    return serving !== null && serving.renewAt > now && (activity === 'idle' || this.unpublished);
  }

  hasExpired(now: number): boolean {
    return this.#issued !== null && this.#issued.expiresAt <= now;
  }

  /** As the planner sees it. @param now milliseconds since the epoch. */
  planned(now: number): PlannedSession {
    const { id: account, unpublished, attempt } = this;
    const retryAt = attempt === null ? this.#retryAt(now) : null;
    const emptying = this.#unemptied?.retry ?? null;
    // With several keys another one may be plugged in by then.
    const touch = this.account.keys.length === 1 ? (this.key?.touch ?? 'unknown') : 'unknown';
    return {
      ...this.#state,
      account,
      unpublished,
      retryAt,
      touch,
      isWayClear: this.#isWayClear,
      asked: this.asked,
      withdrawAt: emptying === null ? null : timeOf(emptying, now),
    };
  }

  /** Whether what is under way waits for a touch of its token. */
  waitForTouch(waits: boolean): void {
    const { activity } = this.#state;
    if (activity === 'connecting' || activity === 'renewing')
      this.#change({ reason: waits ? 'touch' : null });
  }

  /** Runs what opens its key. */
  async whileUnlocking(unlock: () => Promise<void>): Promise<void> {
    this.unlocking = true;
    try {
      await unlock();
    } finally {
      this.unlocking = false;
    }
  }

  /** Something is tried: for new credentials, or to hand out those there are. */
  begin(): void {
    this.#retry = null;
    this.#isWayClear = false;
    this.#cameMeanwhile = false;
    this.#found = null;
    const activity = this.#issued === null ? 'connecting' : 'renewing';
    this.#change({ activity, reason: null, retryAt: null, error: null });
  }

  /** What is under way has found that key, and is going to use it. */
  found(key: SignerKey): void {
    this.#found = key;
  }

  /** No failure of before counts any more: somebody tries anew, or all is well. */
  forgetFailures(): void {
    this.failures = 0;
    this.#cameInVain = false;
    this.#isHurried = false;
  }

  /** New credentials. They are served from now on. */
  take(issued: LiveSession): void {
    this.#issued = issued;
    this.#lastFailure = null;
    this.#unemptied = null; // the outlet is to have these in place of those
    this.#hasServed = true;
    this.asked = null;
    this.forgetFailures();
    this.unpublished = true;
    // A first session is told when its outlet has it; until then the state stays `connecting`.
    if (this.#state.activity !== 'connecting') this.#change({});
  }

  /** What was tried is done. */
  settle(): void {
    const error = this.#issued === null ? expired() : null; // the outlet took longer than they were good
    this.#change({ activity: 'idle', reason: null, retryAt: null, error });
  }

  /** @param retry when to try again, where patience helps. */
  fail(error: ErrorShape, retry: Retry): void {
    const consequence = consequenceOf(error.code);
    const reason = 'reason' in consequence ? consequence.reason : null;
    this.#lastFailure = error;
    // Of what served since it was connected, whatever AWS or the disk says now may be mended in time: nobody disconnected it.
    const activity = consequence.activity === 'failed' && this.#hasServed ? 'retrying' : consequence.activity;
    const passes = activity === 'retrying' || reason === 'token-absent';
    // Whoever has to wait for a person can still give the outlet what it could not take.
    this.#retry = passes || this.unpublished ? retry : null;
    this.#change({ activity, reason, retryAt: passes ? retry.at : null, error });
    // A key that drops off at each signature comes each time, and nobody is there to stop it.
    if (reason === 'pin' || reason === 'touch') this.#cameInVain = false;
    else if (this.#isHurried && this.#found !== null) this.#cameInVain = true;
    this.#isHurried = false;
    if (this.#cameMeanwhile) this.hurryForToken();
  }

  /**
   * A key is there and opened: one that served and waits for a person with it need not wait any longer. Whoever was
   * never connected waits for his own click.
   */
  clearWay({ token }: SignerKey): void {
    const { reason } = this.#state;
    const own = this.key?.token ?? null;
    const isMeant = own !== null && own.serial === token?.serial && own.label === token.label;
    if (!isMeant || !this.#hasServed) return;
    if (reason === 'pin' || (reason === 'token-absent' && !this.#cameInVain)) this.#isWayClear = true;
    if (reason === 'token-absent') this.#isHurried = true;
  }

  /** Whether the key that signs, or the one of its keys that may sign, is on that token. */
  isOn(token: TokenRef): boolean {
    return isOnToken(token, this.key, this.account.keys);
  }

  /** Whether it waits for a person to do something with the token its key is on. */
  waitsAt(token: TokenRef): boolean {
    const { reason } = this.#state;
    return this.attempt === null && (reason === 'pin' || reason === 'touch') && this.isOn(token);
  }

  /** Whether a person is being asked to open its key on that token. */
  isAskedAt(token: TokenRef): boolean {
    return this.attempt !== null && this.unlocking && isOnToken(token, this.#found, []);
  }

  /** Its token went: what is under way is abandoned, and that it came before is no reason for haste. */
  abandonForToken(): void {
    this.attempt?.abandon();
    this.attempt = null;
    this.#cameMeanwhile = false;
  }

  /** Its token is there: it is tried at the next look, or after what is under way, where that looked too early. */
  tokenCame(): void {
    if (this.attempt === null) this.hurryForToken();
    else this.#cameMeanwhile = true;
  }

  /** What waits for its token, or for one that did not work, is tried at the next look: somebody is there. */
  nudgeForToken(): void {
    if (this.#waitsForToken) this.#hurry();
  }

  /** The same without anybody: what came so once, and was lost in use, is tried again by the back-off alone. */
  hurryForToken(): void {
    if (!this.#waitsForToken || this.#cameInVain) return;
    this.#isHurried = true;
    this.#hurry();
  }

  /** What waits for the network, or for its token, is tried at the next look. A pause the server asked for is kept. */
  nudge(): void {
    if (this.#state.reason === 'token-absent') this.#hurry();
    const isForNetwork = this.#state.error !== null && networkFailures.has(this.#state.error.code);
    if (this.#state.activity === 'retrying' && isForNetwork && !this.#retry?.isAsked) this.#hurry();
  }

  /** What the outlet could not give up is taken from it again. */
  beginWithdrawal(): void {
    if (this.#unemptied !== null) this.#unemptied = { ...this.#unemptied, retry: null };
  }

  /** The outlet holds nothing any more. */
  emptied(): void {
    if (this.#unemptied === null) return;
    this.#unemptied = null;
    this.#change({});
  }

  /** The outlet could not be emptied. Means nothing where there are newer credentials to put there. */
  failWithdrawal(error: ErrorShape, retry: Retry): void {
    if (this.#issued !== null) return;
    this.#unemptied = { error, failures: this.failedWithdrawals + 1, retry };
    this.#change({});
  }

  /**
   * The credentials are no good any more. What is being tried, or waited for, goes on; where nothing is, because the end
   * came while the computer slept, new ones are tried for at once: nobody disconnected the account.
   * @param now milliseconds since the epoch.
   */
  expire(now: number): void {
    this.#issued = null;
    this.unpublished = false;
    this.asked = null;
    const { activity } = this.#state;
    if (activity === 'idle') {
      this.#retry = { from: now, at: now };
      this.#change({ error: expired() });
    } else {
      this.#change(activity === 'renewing' ? { activity: 'connecting' } : {});
    }
  }

  /**
   * The clock was set by that many milliseconds: what is served ends as much later, or earlier, as the clock tells it now, and
   * what is waited for comes as much later or earlier. A clock that was set ahead may also be right for the first time in
   * a while, as in a virtual machine that stood still: new credentials are tried for at once, while the old ones are kept.
   * @param now by the clock as it is, milliseconds since the epoch.
   * @returns whether anything is served.
   */
  clockSet(ms: number, now: number): boolean {
    const moved = (retry: Retry | null): Retry | null =>
      retry && { ...retry, from: retry.from + ms, at: retry.at + ms };
    this.#retry = moved(this.#retry);
    if (this.#unemptied !== null)
      this.#unemptied = { ...this.#unemptied, retry: moved(this.#unemptied.retry) };
    const { issued } = this;
    if (issued !== null) {
      this.#issued = { ...issued, issuedAt: issued.issuedAt + ms, expiresAt: issued.expiresAt + ms };
      if (ms > 0 && this.#state.activity === 'idle') this.#retry ??= { from: now, at: now };
    }
    const { retryAt } = this.#state;
    if (issued !== null || retryAt !== null) this.#change({ retryAt: retryAt && retryAt + ms });
    return issued !== null;
  }

  /** Disconnected: nothing is served, nothing goes on. */
  end(): void {
    this.disconnects += 1;
    this.attempt?.abandon();
    this.attempt = null;
    this.#issued = null;
    this.#retry = null;
    this.#lastFailure = null;
    this.#hasServed = false;
    this.#isWayClear = false;
    this.#cameMeanwhile = false;
    this.asked = null;
    this.unpublished = false;
    this.forgetFailures();
    this.#change(idle);
  }

  /** What is to be tried again some time is tried at the next look. */
  #hurry(): void {
    if (this.#retry !== null) this.#retry = { ...this.#retry, at: this.#retry.from };
  }

  get #waitsForToken(): boolean {
    return this.#state.reason === 'token-absent' || this.#state.error?.code === 'token-failed';
  }

  #retryAt(now: number): number | null {
    if (this.#retry !== null) return timeOf(this.#retry, now);
    return this.unpublished ? now : null;
  }

  #change(change: Partial<SessionState>): void {
    const state = { ...this.#state, ...change };
    const issued = state.activity === 'connecting' ? null : this.#issued;
    const serving = issued && {
      expiresAt: issued.expiresAt,
      renewAt: renewalTime(issued.issuedAt, issued.expiresAt),
    };
    this.#state = { ...state, serving };
    this.#onChange(toState(this.state));
  }
}

/** At once where the clock was set back to before that was planned. */
function timeOf({ from, at }: Retry, now: number): number {
  return now < from ? now : at;
}

function expired(): ErrorShape {
  return toErrorShape(new AppError('session-expired'));
}
