/**
 * What the Accounts screen shows: loaded once, then kept up by the engine’s events, and what the person asks of it.
 * Knows no page. Rows that do not change stay the same objects, so that only what changed is drawn.
 */
import type { CallOutput } from '../../../shared/api.ts';
import type { Answer, Bridge } from '../../../shared/bridge.ts';
import { idleState } from '../../../shared/constants.ts';
import type { ErrorShape } from '../../../shared/errors.ts';
import type { Account, State } from '../../../shared/model.ts';
import type { Timers } from '../../timers.ts';

/** What this window asked for and has no answer to. */
export type Pending = 'connect' | 'disconnect' | 'remove';

export interface AccountRow {
  readonly account: Account;
  readonly state: State;
  /** An address in the place of AWS’s own; null: AWS’s own. */
  readonly endpoint: string | null;
  readonly pending: Pending | null;
}

/** Something to tell that is no state of an account. */
export interface Message {
  readonly id: number;
  /** The account it is about; null: none in particular. */
  readonly label: string | null;
  readonly what:
    | { readonly kind: 'notice'; readonly text: string }
    | { readonly kind: 'error'; readonly error: ErrorShape };
}

export interface Snapshot {
  readonly phase: 'loading' | 'failed' | 'ready';
  readonly error: ErrorShape | null;
  readonly rows: readonly AccountRow[];
  readonly messages: readonly Message[];
  /** The account to show, and how often one was: the same one twice is two wishes. */
  readonly reveal: { readonly account: string; readonly count: number } | null;
}

type AccountsBridge = Pick<Bridge<'window'>, 'on'> & {
  readonly calls: Pick<
    Bridge<'window'>['calls'],
    'status' | 'accountsList' | 'connect' | 'disconnect' | 'removeAccount' | 'copyCommand' | 'openLink'
  >;
};

export type ChangeListener = (row: AccountRow, before: AccountRow) => void;

/** Changes within this time are drawn at once, milliseconds. */
const drawMs = 16;
/** How long a connect may take, answers of the person included, milliseconds. */
const connectMs = 300_000;
/** More could not be read; the oldest go. */
const mostMessages = 5;

export class AccountsModel {
  readonly #bridge: AccountsBridge;
  readonly #timers: Timers;
  readonly #listeners = new Set<() => void>();
  readonly #changeListeners = new Set<ChangeListener>();
  readonly #undo: (() => void)[];
  #rows = new Map<string, AccountRow>();
  #snapshot: Snapshot = { phase: 'loading', error: null, rows: [], messages: [], reveal: null };
  #isDrawing = false;
  #lastId = 0;
  /** States told while a load is under way: newer than what it will answer, or the same. */
  #toldMeanwhile: Map<string, State> | null = null;
  #loading: Promise<void> | null = null;
  #isStale = false;

  constructor(bridge: AccountsBridge, timers: Timers) {
    this.#bridge = bridge;
    this.#timers = timers;
    this.#undo = [
      bridge.on('state', ({ account, state }) => this.#heard(account, state)),
      bridge.on('accounts', () => void this.load()),
      bridge.on('reveal', ({ account }) => this.reveal(account)),
    ];
  }

  /** For useSyncExternalStore. @returns its undo. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly getSnapshot = (): Snapshot => this.#snapshot;

  /** Hears of every account whose state changed. @returns its undo. */
  onChange(listener: ChangeListener): () => void {
    this.#changeListeners.add(listener);
    return () => this.#changeListeners.delete(listener);
  }

  /** Reads everything anew. Resolves when what is shown is as new as this call. */
  async load(): Promise<void> {
    this.#isStale = true;
    this.#loading ??= this.#loadUntilFresh().finally(() => (this.#loading = null));
    await this.#loading;
  }

  /** As {@link load}, for who was told that it failed. */
  async tryAgain(): Promise<void> {
    this.#set({ phase: 'loading', error: null });
    await this.load();
  }

  reveal(account: string): void {
    this.#set({ reveal: { account, count: (this.#snapshot.reveal?.count ?? 0) + 1 } });
  }

  async connect(accounts: readonly string[]): Promise<void> {
    const ids = accounts.filter((id) => this.#rows.get(id)?.pending === null);
    if (ids.length === 0) return;
    const answer = await this.#whilePending(ids, 'connect', () =>
      this.#bridge.calls.connect({ select: { accounts: ids }, timeoutMs: connectMs }),
    );
    if ('error' in answer) this.#tellError(ids, answer.error);
    else for (const notice of answer.result.notices) this.#tellNotice(notice);
  }

  async disconnect(id: string): Promise<void> {
    const answer = await this.#whilePending([id], 'disconnect', () =>
      this.#bridge.calls.disconnect({ select: { accounts: [id] } }),
    );
    if ('error' in answer) this.#tellError([id], answer.error);
  }

  /** @returns whether it is gone. */
  async remove(id: string): Promise<boolean> {
    const answer = await this.#whilePending([id], 'remove', () =>
      this.#bridge.calls.removeAccount({ account: id }),
    );
    if ('error' in answer) {
      this.#tellError([id], answer.error);
      return false;
    }
    if (answer.result.removed) await this.load();
    return answer.result.removed;
  }

  /** @returns the command that is on the clipboard now; null where that failed. */
  async copyCommand(id: string): Promise<string | null> {
    const answer = await this.#bridge.calls.copyCommand({ account: id });
    if ('result' in answer) return answer.result.command;
    this.#tellError([id], answer.error);
    return null;
  }

  async openGuide(): Promise<void> {
    const answer = await this.#bridge.calls.openLink({ link: 'roles-anywhere-guide' });
    if ('error' in answer) this.#tellError([], answer.error);
  }

  dismiss(id: number): void {
    this.#set({ messages: this.#snapshot.messages.filter((message) => message.id !== id) });
  }

  dispose(): void {
    for (const undo of this.#undo) undo();
    this.#listeners.clear();
    this.#changeListeners.clear();
  }

  async #loadUntilFresh(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false;
      this.#toldMeanwhile = new Map();
      const [status, list] = await Promise.all([
        this.#bridge.calls.status({}),
        this.#bridge.calls.accountsList({}),
      ]);
      const told = this.#toldMeanwhile;
      this.#toldMeanwhile = null;
      if ('error' in status) this.#set({ phase: 'failed', error: status.error });
      else if ('error' in list) this.#set({ phase: 'failed', error: list.error });
      else this.#take(status.result, list.result, told);
    }
  }

  #take(
    { accounts: statuses, endpoints }: CallOutput<'status'>,
    { accounts }: CallOutput<'accountsList'>,
    told: ReadonlyMap<string, State>,
  ): void {
    const states = new Map(statuses.map(({ account, state }) => [account, state]));
    const rows = accounts.map((account): [string, AccountRow] => {
      const { id } = account;
      const before = this.#rows.get(id);
      const state: State = told.get(id) ?? states.get(id) ?? idleState;
      const row = { account, state, endpoint: endpoints[id] ?? null, pending: before?.pending ?? null };
      return [id, before !== undefined && JSON.stringify(before) === JSON.stringify(row) ? before : row];
    });
    this.#rows = new Map(rows);
    this.#set({ phase: 'ready', error: null, rows: [...this.#rows.values()] });
  }

  #heard(id: string, state: State): void {
    this.#toldMeanwhile?.set(id, state);
    const before = this.#rows.get(id);
    if (before === undefined) return; // one of a list that is not read yet
    const row = { ...before, state };
    this.#rows.set(id, row);
    for (const listener of this.#changeListeners) listener(row, before);
    this.#draw();
  }

  async #whilePending<Output>(
    ids: readonly string[],
    pending: Pending,
    call: () => Promise<Answer<Output>>,
  ): Promise<Answer<Output>> {
    this.#setPending(ids, pending);
    const answer = await call();
    this.#setPending(ids, null);
    return answer;
  }

  #setPending(ids: readonly string[], pending: Pending | null): void {
    for (const id of ids) {
      const row = this.#rows.get(id);
      if (row !== undefined) this.#rows.set(id, { ...row, pending });
    }
    this.#draw();
  }

  #tellNotice({ account, message }: CallOutput<'connect'>['notices'][number]): void {
    this.#tell(account, { kind: 'notice', text: message });
  }

  #tellError(ids: readonly string[], error: ErrorShape): void {
    if (error.code === 'cancelled') return; // who cancels knows it
    const [first = null, second] = ids;
    this.#tell(second === undefined ? first : null, { kind: 'error', error });
  }

  #tell(account: string | null, what: Message['what']): void {
    const label = account === null ? null : (this.#rows.get(account)?.account.label ?? account);
    this.#lastId += 1;
    const others = this.#snapshot.messages.filter(
      (other) => other.label !== label || JSON.stringify(other.what) !== JSON.stringify(what),
    );
    this.#set({ messages: [...others, { id: this.#lastId, label, what }].slice(-mostMessages) });
  }

  #set(change: Partial<Snapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change };
    this.#draw();
  }

  #draw(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    this.#timers.after(drawMs, () => {
      this.#isDrawing = false;
      this.#snapshot = { ...this.#snapshot, rows: [...this.#rows.values()] };
      for (const listener of this.#listeners) listener();
    });
  }
}

/** Rows by group, in the order of the list; those without a group last. */
export function grouped(
  rows: readonly AccountRow[],
): readonly { readonly group: string | null; readonly rows: readonly AccountRow[] }[] {
  const groups = new Map<string, AccountRow[]>();
  const others: AccountRow[] = [];
  for (const row of rows) {
    const { group } = row.account;
    const members = group === null ? others : groups.get(group);
    if (members !== undefined) members.push(row);
    else if (group !== null) groups.set(group, [row]);
  }
  const named = [...groups].map(([group, members]) => ({ group, rows: members }));
  return others.length === 0 ? named : [...named, { group: null, rows: others }];
}

/** Role and account number of a role’s ARN, as they are shown; null where it is none. */
export function roleOf(arn: string): { readonly role: string; readonly account: string } | null {
  const match = /^arn:[^:]+:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(arn);
  const [, account, role] = match ?? [];
  return account === undefined || role === undefined ? null : { role, account };
}
