/** What is remembered from one look to the next: whose troubles may be told, what was told, and what is on the screen. */
import type { State } from '../../shared/model.ts';
import type { AccountView, Followed, FollowedView } from './notification.ts';
import { isUnderWay } from './token-trouble.ts';

/** A fact that was told. */
export interface Told {
  readonly situation: string;
  readonly key: string;
  /** Whose, with which credentials. */
  readonly account: string;
  readonly until: string;
  /** It was told with another that is no longer so, and may be told without that. */
  readonly isOpen: boolean;
}

/** A notification on the screen. */
export interface Shown {
  readonly situation: string;
  readonly subjects: ReadonlySet<string>;
}

export interface Memory {
  /** Those that serve, or did since they were connected. */
  readonly accounts: ReadonlyMap<string, Followed>;
  /** By {@link toldKey}. */
  readonly told: ReadonlyMap<string, Told>;
  /** By the notification's ID. */
  readonly shown: ReadonlyMap<string, Shown>;
  /** Which facts were told together, each set as the keys in `told`. */
  readonly said: ReadonlyMap<string, readonly string[]>;
  /** When a notification was shown last, milliseconds since the epoch, and whether it has been true since. By its ID. */
  readonly last: ReadonlyMap<string, { readonly at: number; readonly isStill: boolean }>;
}

export const nothingTold: Memory = {
  accounts: new Map(),
  told: new Map(),
  shown: new Map(),
  said: new Map(),
  last: new Map(),
};

/** In the place of a time: what is shown has to be taken back, and nothing is told any more. */
const disconnected = '';

/** With what a change of an account's state means: that it serves counts, and that somebody disconnected it. */
export function follow(memory: Memory, account: string, state: State): Memory {
  const before = memory.accounts.get(account);
  const after = followOne(before, state);
  if (after === before || after === undefined) return memory;
  return { ...memory, accounts: new Map(memory.accounts).set(account, after) };
}

function followOne(
  before: Followed | undefined,
  { activity, reason, serving, error }: State,
): Followed | undefined {
  const isFollowed = before !== undefined && before.until !== disconnected;
  if (!isFollowed && serving === null) return before;
  if (activity === 'idle' && serving === null && error === null) return { ...nobody, until: disconnected };
  const known = isFollowed ? before : nobody;
  const until = serving?.expiresAt ?? known.until;
  const lasting = isUnderWay(activity) ? known.reason : reason;
  if (until === known.until && lasting === known.reason) return known;
  return { ...known, until, reason: lasting };
}

const nobody: Followed = { until: disconnected, reason: null, isOwed: false, backUntil: null };

/** The accounts whose troubles may be told, in their order. Those that are gone or disconnected are left out. */
export function followAll(memory: Memory, accounts: readonly AccountView[]): Map<string, Followed> {
  const known = accounts.reduce((so, { account, state }) => follow(so, account, state), memory).accounts;
  const entries = accounts.flatMap(({ account }): [string, Followed][] => {
    const its = known.get(account);
    return its === undefined || its.until === disconnected ? [] : [[account, its]];
  });
  return new Map(entries);
}

/** What is known of each, beside what it is now. */
export function viewsOf(
  followed: ReadonlyMap<string, Followed>,
  accounts: readonly AccountView[],
): FollowedView[] {
  const views: FollowedView[] = [];
  for (const { account, label, state, token, certificate, clockOffsetMs } of accounts) {
    const its = followed.get(account);
    if (its === undefined) continue;
    const { until, reason, isOwed, backUntil } = its;
    // Field by field: spreading a hundred of them with every look is what a look would mostly do.
    views.push({
      account,
      label,
      state,
      token,
      certificate,
      clockOffsetMs,
      until,
      reason,
      isOwed,
      backUntil,
    });
  }
  return views;
}

/** Names a fact among those of all situations. */
export function toldKey(situation: string, key: string): string {
  return `${situation} ${key}`;
}
