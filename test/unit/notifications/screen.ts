/** What a person sees, step by step. */
import { expect } from 'vitest';
import { announce, nothingTold, type Memory } from '../../../src/main/notifications/announce.ts';
import type { AccountView, Notification } from '../../../src/main/notifications/notification.ts';
import type { State } from '../../../src/shared/model.ts';
import { now, viewOf } from './states.ts';

export class Screen {
  readonly shown = new Map<string, Notification>();
  wakeAt: number | null = null;
  label = 'Dev';
  /** How many were ever shown. */
  count = 0;
  #memory: Memory = nothingTold;

  /** With one account, or none. @returns as {@link Screen.see}. */
  look(state: State | null, at = now, isLocked = false): string[] {
    const views = state === null ? [] : [{ ...viewOf(state, this.label), account: 'dev' }];
    const seen = this.see(views, at, isLocked);
    for (const { accounts } of this.shown.values()) expect(accounts).toEqual(['dev']);
    return seen;
  }

  /** @returns IDs of what is taken back, with a minus, and of what is shown anew. */
  see(views: readonly AccountView[], at = now, isLocked = false): string[] {
    const { show, withdraw, memory, wakeAt } = announce(at, isLocked, views, this.#memory);
    this.#memory = memory;
    this.wakeAt = wakeAt;
    for (const id of withdraw) expect(this.shown.delete(id), `${id} is shown`).toBe(true);
    for (const each of show) this.shown.set(each.id, each);
    this.count += show.length;
    return [...withdraw.map((id) => `-${id}`), ...show.map(({ id }) => id)];
  }

  /** How much is remembered. */
  get memorySize(): number {
    const { accounts, told, shown, said, last } = this.#memory;
    return accounts.size + told.size + shown.size + said.size + last.size;
  }
}
