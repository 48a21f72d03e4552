/** One look at every situation: what is true now beside what was told before. */
import { toldKey, type Memory, type Shown, type Told } from './memory.ts';
import type { Fact, Followed, FollowedView, Notification, Situation } from './notification.ts';

/** How long a notification is not shown anew, milliseconds: while it is still true, and where it is true once more. */
export const pauseMs = { still: 60_000, again: 10_000 } as const;

export class Round {
  readonly show: Notification[] = [];
  readonly withdraw: string[] = [];
  readonly accounts: Map<string, Followed>;
  /** When what had to wait may be shown, milliseconds since the epoch; Infinity: nothing waits. */
  nextShow = Infinity;
  readonly #now: number;
  readonly #isLocked: boolean;
  readonly #told: Map<string, Told>;
  readonly #shown: Map<string, Shown>;
  readonly #said: Map<string, readonly string[]>;
  readonly #last: Map<string, { readonly at: number; readonly isStill: boolean }>;

  /** @param now milliseconds since the epoch. @param isLocked nothing is shown. */
  constructor(now: number, isLocked: boolean, { accounts, told, shown, said, last }: Memory) {
    this.#now = now;
    this.#isLocked = isLocked;
    this.accounts = new Map(accounts);
    this.#told = new Map(told);
    this.#shown = new Map(shown);
    this.#said = new Map(said);
    this.#last = new Map(last);
  }

  /** @param views of all accounts whose troubles may be told. */
  tell(situation: Situation, views: readonly FollowedView[]): void {
    const { name } = situation;
    const groups = new Map<string, Fact[]>();
    for (const [id, shown] of this.#shown) if (shown.situation === name) groups.set(id, []);
    for (const [id] of this.#last) if (id === name || id.startsWith(`${name}:`)) groups.set(id, []);
    for (const fact of situation.facts(views, this.#now)) {
      const id = fact.group === '' ? name : `${name}:${fact.group}`;
      const group = groups.get(id);
      if (group === undefined) groups.set(id, [fact]);
      else group.push(fact);
    }
    for (const [id, facts] of groups) {
      this.#compare(situation, id, facts);
      if (situation.returns === 'owes') this.#owe(id, facts);
    }
  }

  /** What is to be remembered; what can mean nothing any more is not. */
  memory(situations: readonly Situation[], views: readonly FollowedView[]): Memory {
    const { accounts } = this;
    const isOver = new Map(situations.map(({ name, isOver: over }) => [name, over]));
    for (const [id, { situation, key, account, until }] of this.#told) {
      const over = isOver.get(situation);
      const ended = over === undefined ? accounts.get(account)?.until !== until : over(key, views);
      if (ended) this.#told.delete(id);
    }
    for (const [id, keys] of this.#said) if (!keys.every((key) => this.#told.has(key))) this.#said.delete(id);
    for (const [id] of this.#last) if (this.#pauseOf(id, pauseMs.still) === null) this.#last.delete(id);
    return { accounts, told: this.#told, shown: this.#shown, said: this.#said, last: this.#last };
  }

  #compare(situation: Situation, id: string, facts: readonly Fact[]): void {
    const shown = this.#shown.get(id)?.subjects ?? new Set();
    const subjects = new Set(facts.map(({ subject }) => subject));
    const hasEnded = [...shown].some((subject) => !subjects.has(subject));
    if (hasEnded && situation.tellsRest) this.#reopen(situation, facts, shown);
    if (this.#isFresh(situation, facts) && this.#showOrWait(situation, id, facts)) return;
    if (facts.length === 0) this.#lasts(id, false);
    if (!hasEnded) return;
    this.#shown.delete(id);
    this.withdraw.push(id);
  }

  /** Whether anything is to be told that was not. */
  #isFresh({ name }: Situation, facts: readonly Fact[]): boolean {
    return facts.some(
      ({ when, key }) => when === 'now' && this.#told.get(toldKey(name, key))?.isOpen !== false,
    );
  }

  /** @returns whether it is on the screen now. */
  #showOrWait(situation: Situation, id: string, facts: readonly Fact[]): boolean {
    if (this.#isLocked) return false;
    const told = facts.filter(({ when }) => when !== 'held');
    const keys = [...new Set(told.map(({ key }) => toldKey(situation.name, key)))].sort();
    const all = JSON.stringify([id, ...keys]);
    const isSaid = this.#said.has(all);
    const pause = this.#pauseOf(id);
    if (pause !== null && !isSaid) {
      this.nextShow = Math.min(this.nextShow, pause);
      return false;
    }
    this.#remember(situation, told);
    if (isSaid) return false; // these very words were on the screen before
    this.#said.set(all, keys);
    this.#shown.set(id, {
      situation: situation.name,
      subjects: new Set(told.map(({ subject }) => subject)),
    });
    this.#last.set(id, { at: this.#now, isStill: true });
    const views = [...new Map(told.map(({ view }) => [view.account, view])).values()];
    const accounts = situation.isOfComputer === true ? [] : views.map(({ account }) => account);
    this.show.push({ id, accounts, ...situation.say(views, this.#now) });
    return true;
  }

  #remember({ name, returns }: Situation, facts: readonly Fact[]): void {
    for (const { key, view } of facts) {
      const { account, until } = view;
      this.#told.set(toldKey(name, key), { situation: name, key, account, until, isOpen: false });
      if (returns === 'pays') this.#change(account, { isOwed: false, backUntil: until });
    }
  }

  /** What was told of others than those it has ended for may be told once more, of them alone. */
  #reopen({ name }: Situation, facts: readonly Fact[], shown: ReadonlySet<string>): void {
    for (const { key, subject } of facts) {
      const told = this.#told.get(toldKey(name, key));
      if (told !== undefined && shown.has(subject))
        this.#told.set(toldKey(name, key), { ...told, isOpen: true });
    }
  }

  /** Whoever is named on the screen is to be told when that is over. */
  #owe(id: string, facts: readonly Fact[]): void {
    const subjects = this.#shown.get(id)?.subjects;
    for (const { when, subject, view } of facts)
      if (when === 'now' && subjects?.has(subject) === true) this.#change(view.account, { isOwed: true });
  }

  #change(account: string, change: Partial<Followed>): void {
    const followed = this.accounts.get(account);
    if (followed !== undefined) this.accounts.set(account, { ...followed, ...change });
  }

  #lasts(id: string, isStill: boolean): void {
    const last = this.#last.get(id);
    if (last !== undefined) this.#last.set(id, { ...last, isStill });
  }

  /** Until when it may not be shown anew, milliseconds since the epoch; null: it may. A clock set back ends the pause. */
  #pauseOf(id: string, least?: number): number | null {
    const last = this.#last.get(id);
    if (last === undefined || last.at > this.#now) return null;
    const end = last.at + (least ?? (last.isStill ? pauseMs.still : pauseMs.again));
    return end > this.#now ? end : null;
  }
}
