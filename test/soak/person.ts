/** Who sits at the laptop: types a PIN when the agent says it needs one, and connects what fell off. */
import { setTimeout as pause } from 'node:timers/promises';
import type { FleetAccount } from './fleet.ts';
import type { Laptop } from './laptop.ts';
import type { Recorder } from './recorder.ts';

/** Milliseconds between two looks at `status`, of the computer's time. */
const lookMs = 600;

export interface AccountState {
  readonly account: string;
  readonly state: {
    readonly activity: string;
    readonly reason: string | null;
    readonly serving: object | null;
    readonly error: { readonly code: string } | null;
  };
}

export class Person {
  /** States seen, by activity, reason and error, with how often. */
  readonly seen = new Map<string, number>();
  /** How often a PIN was asked for, told by the state. */
  pinsWanted = 0;
  readonly #laptop: Laptop;
  readonly #recorder: Recorder;
  readonly #fleet: ReadonlyMap<string, FleetAccount>;
  readonly #gone = new Map<string, () => void>();
  #isOver = false;

  constructor(laptop: Laptop, recorder: Recorder, fleet: readonly FleetAccount[]) {
    this.#laptop = laptop;
    this.#recorder = recorder;
    this.#fleet = new Map(fleet.map((account) => [account.id, account]));
  }

  stop(): void {
    this.#isOver = true;
  }

  /** Looks after the accounts until {@link stop}. */
  async run(): Promise<void> {
    while (!this.#isOver) {
      await this.look().catch(() => undefined); // an agent that sleeps does not answer; the next look will
      await pause(lookMs);
    }
  }

  async connectAll(): Promise<void> {
    await this.#connect([...this.#fleet.keys()]);
  }

  /** Disconnects for good, until {@link comeBack}. */
  async leave(ids: readonly string[]): Promise<void> {
    const ends = ids.map((account) => this.#recorder.begin(this.#recorder.disconnected, { account }));
    ids.forEach((id, index) => this.#gone.set(id, ends[index]!));
    await this.#laptop.rolekey(['disconnect', ...ids]);
  }

  /** Connects what was disconnected. */
  async comeBack(): Promise<void> {
    const ids = [...this.#gone.keys()];
    if (ids.length === 0) return;
    await this.#connect(ids);
    for (const end of this.#gone.values()) end();
    this.#gone.clear();
  }

  async states(): Promise<readonly AccountState[]> {
    const status = (await this.#laptop.socket.must('status', {})) as { accounts: readonly AccountState[] };
    return status.accounts;
  }

  async look(): Promise<void> {
    const states = (await this.states()).filter(({ account }) => !this.#gone.has(account));
    for (const { state } of states) {
      const name = [state.activity, state.reason, state.error?.code]
        .filter((part) => typeof part === 'string')
        .join(' ');
      this.seen.set(name, (this.seen.get(name) ?? 0) + 1);
    }
    const wants = states.filter(({ state }) => state.reason === 'pin');
    const lost = states.filter(({ state: { activity, reason, serving } }) => {
      const isAtWork = activity === 'connecting' || activity === 'retrying' || reason === 'token-absent';
      return serving === null && !isAtWork;
    });
    if (wants.length > 0) this.pinsWanted += 1;
    await this.#connect([...new Set([...wants, ...lost].map(({ account }) => account))]);
  }

  /** One command per token, since one PIN is typed to each. */
  async #connect(ids: readonly string[]): Promise<void> {
    const accounts = ids.map((id) => this.#fleet.get(id)!);
    for (const label of new Set(accounts.map(({ token }) => token?.label ?? null))) {
      const group = accounts.filter(({ token }) => (token?.label ?? null) === label).map(({ id }) => id);
      this.#recorder.connects.push(this.#recorder.now());
      if (label === null) {
        await this.#laptop.rolekey(['connect', ...group]);
      } else {
        this.#recorder.typedPins.push({ token: label, at: Date.now() });
        await this.#laptop.connectWithPin(group);
      }
      this.#recorder.connects.push(this.#recorder.now());
    }
  }
}
