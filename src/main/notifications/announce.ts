/**
 * What to show now and what to take back: a pure function of the time, the accounts and what was told before.
 *
 * Nothing is shown while the screen is locked, nothing twice, and nothing of an account that never served since it was
 * connected: whoever has just begun that is looking at it.
 */
import type { State } from '../../shared/model.ts';
import type { AccountView, Notification, Situation } from './notification.ts';
import { personNeeded } from './person-needed.ts';
import { sessionExpired } from './session-expired.ts';

const situations: readonly Situation[] = [sessionExpired, personNeeded];

/** What is remembered of one account. */
interface Told {
  /** When the credentials it served last end, as its state says it. Everything is told once for each. */
  readonly until: string;
  /** Everything told. */
  readonly keys: ReadonlySet<string>;
  /** What is being shown, by the notification's ID. */
  readonly shown: ReadonlyMap<string, string>;
}

/** By account: those that serve, or did since they were connected. */
export type Memory = ReadonlyMap<string, Told>;

export const nothingTold: Memory = new Map();

export interface Announcement {
  readonly show: readonly Notification[];
  /** IDs of what is no longer true. */
  readonly withdraw: readonly string[];
  readonly memory: Memory;
  /** When to look again though no state changes, milliseconds since the epoch; null: never. */
  readonly wakeAt: number | null;
}

/** With what a change of an account's state means: that it serves counts, and that somebody disconnected it. */
export function follow(memory: Memory, account: string, { activity, serving, error }: State): Memory {
  const told = memory.get(account);
  if (serving !== null) {
    if (told?.until === serving.expiresAt) return memory;
    const next = { until: serving.expiresAt, keys: new Set<string>(), shown: told?.shown ?? new Map() };
    return new Map(memory).set(account, next);
  }
  const isDisconnected = activity === 'idle' && error === null;
  if (told === undefined || !isDisconnected) return memory;
  return new Map(memory).set(account, { ...told, until: disconnected });
}

/** In the place of a time: what is shown has to be taken back, and nothing is told any more. */
const disconnected = '';

/**
 * @param now milliseconds since the epoch.
 * @param isLocked whether the screen is.
 * @param accounts all there are, as they are now.
 */
export function announce(
  now: number,
  isLocked: boolean,
  accounts: readonly AccountView[],
  before: Memory,
): Announcement {
  const memory = new Map<string, Told>();
  const show: Notification[] = [];
  const withdraw: string[] = [];
  const looks: number[] = [];
  const views = new Map(accounts.map((view) => [view.account, view]));
  const followed = accounts.reduce((known, { account, state }) => follow(known, account, state), before);
  for (const [account, told] of followed) {
    const view = told.until === disconnected ? undefined : views.get(account);
    if (view === undefined) {
      withdraw.push(...told.shown.keys());
      continue;
    }
    const due = compare(view, told, now, isLocked);
    show.push(...due.show);
    withdraw.push(...due.withdraw);
    memory.set(account, due.told);
    looks.push(...situations.map(({ nextLook }) => nextLook(view, now)).filter((at) => at !== null));
  }
  // Whoever unlocks the screen has it looked at anew.
  return { show, withdraw, memory, wakeAt: isLocked || looks.length === 0 ? null : Math.min(...looks) };
}

/** What is true of one account beside what was told of it. */
function compare(
  view: AccountView,
  told: Told,
  now: number,
  isLocked: boolean,
): { readonly show: Notification[]; readonly withdraw: string[]; readonly told: Told } {
  const { account } = view;
  const keys = new Set(told.keys);
  const shown = new Map(told.shown);
  const show: Notification[] = [];
  const withdraw: string[] = [];
  for (const { name, tell } of situations) {
    const id = `${account}:${name}`;
    const telling = tell(view, now);
    const key = telling === null ? null : `${told.until} ${name} ${telling.key}`;
    if (key !== null && shown.get(id) === key) continue;
    if (telling?.isDue === true && key !== null && !isLocked && !keys.has(key)) {
      show.push({ id, title: telling.title, body: telling.body, account });
      keys.add(key);
      shown.set(id, key);
    } else if (shown.delete(id)) {
      withdraw.push(id);
    }
  }
  return { show, withdraw, told: { ...told, keys, shown } };
}
