/** What a notification is, what one is made from, and what a situation has to say for itself. */
import type { Reason, State } from '../../shared/model.ts';

/** What a button does: connects accounts, or shows one (null: Rolekey itself). */
export type NotificationAction =
  | { readonly kind: 'connect'; readonly accounts: readonly string[] }
  | { readonly kind: 'open'; readonly account: string | null };

export interface Button {
  /** One word or two, as a command. */
  readonly label: string;
  readonly action: NotificationAction;
}

/** Sentences for a person; labels stand in quotation marks. */
export interface Wording {
  readonly title: string;
  readonly body: string;
  readonly button: Button;
}

export interface Notification extends Wording {
  /** One per situation and group: a newer one takes an older one's place. */
  readonly id: string;
  /** IDs of the accounts it is about, in their order; none: it is about the computer. */
  readonly accounts: readonly string[];
}

/** A token, as it calls itself. */
export interface TokenName {
  readonly label: string;
  readonly serial: string;
}

/** An account as it is now. */
export interface AccountView {
  readonly account: string;
  readonly label: string;
  readonly state: State;
  /** Of the key used last; null: it is in none, or that is not known. */
  readonly token: TokenName | null;
  /** The one used last; null: none was yet. Times are milliseconds since the epoch. */
  readonly certificate: {
    readonly sha256: string;
    readonly notBefore: number;
    readonly notAfter: number;
  } | null;
  /** Milliseconds the clock of the account's endpoint is ahead of this computer's; 0 while that is not known. */
  readonly clockOffsetMs: number;
}

/** What is remembered of an account that serves, or did since it was connected. */
export interface Followed {
  /** When the credentials it served last end, as its state says it. */
  readonly until: string;
  /** What it needed when nothing was under way for it last. */
  readonly reason: Reason | null;
  /** It was told that it stands still, and not yet that it goes on. */
  readonly isOwed: boolean;
  /** The `until` with which it was told that it works again; null: it was not. */
  readonly backUntil: string | null;
}

/** An account whose troubles may be told. */
export type FollowedView = AccountView & Followed;

/** Something that is true of an account now. */
export interface Fact {
  /** Facts of one group are told together, in one notification. */
  readonly group: string;
  /** What is told once: a fact whose key was told is not told for its own sake. */
  readonly key: string;
  /** What the notification's words depend on: without a fact of that subject they are no longer true. */
  readonly subject: string;
  readonly view: FollowedView;
  /**
   * `now`: worth a notification. `along`: told where there is one anyway. `held`: still true, and not to be told at this
   * moment, as something is under way that may end it.
   */
  readonly when: 'now' | 'along' | 'held';
}

/** One thing that may have to be told of the accounts that serve, or did since they were connected. */
export interface Situation {
  /** Begins the notification's ID. */
  readonly name: string;
  /** @param now milliseconds since the epoch. */
  readonly facts: (views: readonly FollowedView[], now: number) => readonly Fact[];
  /** @param views of the facts of one group, each account once; at least one. */
  readonly say: (views: readonly FollowedView[], now: number) => Wording;
  /** When there may be something else to tell though no state changes, milliseconds since the epoch; null: never. */
  readonly nextLook: (views: readonly FollowedView[], now: number) => number | null;
  /** Whether what was told may be told anew should it come again. Absent: with other credentials of the account. */
  readonly isOver?: (key: string, views: readonly FollowedView[]) => boolean;
  /** `owes`: an account that was told of is to be told when it works again; `pays`: that is what is told here. */
  readonly returns?: 'owes' | 'pays';
  /** Whether what is still true of others is told once more, of them alone, where it ended for one. */
  readonly tellsRest: boolean;
  /** It is about the computer: whose account shows it does not matter. */
  readonly isOfComputer?: true;
}
