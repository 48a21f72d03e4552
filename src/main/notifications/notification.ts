/** What a notification is, and what one is made from. */
import type { State } from '../../shared/model.ts';

/** Sentences for a person; an account's label stands in quotation marks. */
export interface Notification {
  /** One per account and situation: a newer one takes an older one's place. */
  readonly id: string;
  readonly title: string;
  readonly body: string;
  /** The ID of the account it is about, to be shown when it is clicked. */
  readonly account: string;
}

/** An account as it is now. */
export interface AccountView {
  readonly account: string;
  readonly label: string;
  readonly state: State;
}

/** What is true of an account and worth telling. */
export interface Telling {
  /** Two tellings of one situation with one key say the same. */
  readonly key: string;
  readonly title: string;
  readonly body: string;
  /** False: it need not be told now, but what was told of it is still true. */
  readonly isDue: boolean;
}

/** One thing that may have to be told of an account that serves, or did since it was connected. */
export interface Situation {
  /** Part of the notification's ID. */
  readonly name: string;
  /** @param now milliseconds since the epoch. @returns null where it is not so. */
  readonly tell: (view: AccountView, now: number) => Telling | null;
  /** When there may be something else to tell though no state changes, milliseconds since the epoch; null: never. */
  readonly nextLook: (view: AccountView, now: number) => number | null;
}
