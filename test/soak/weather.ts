/** What happens to a laptop, one thing after the other: in an order of chance. */
import { setTimeout as pause } from 'node:timers/promises';
import type { FaultInput } from '../support/roles-anywhere/faults.ts';
import type { Laptop } from './laptop.ts';
import type { Person } from './person.ts';
import type { Random } from './random.ts';
import type { Recorder } from './recorder.ts';

const minute = 60_000;

interface Misfortune {
  readonly name: string;
  readonly happen: () => Promise<void> | void;
}

export interface Happening {
  readonly name: string;
  readonly at: number;
}

export class Weather {
  /** What happened, and when it was over, by the world's clock. */
  readonly happened: Happening[] = [];
  readonly #laptop: Laptop;
  readonly #recorder: Recorder;
  readonly #person: Person;
  readonly #random: Random;
  readonly #ids: readonly string[];
  readonly #misfortunes: readonly Misfortune[];
  #isOver = false;

  constructor(laptop: Laptop, recorder: Recorder, person: Person, ids: readonly string[], random: Random) {
    this.#laptop = laptop;
    this.#recorder = recorder;
    this.#person = person;
    this.#ids = ids;
    this.#random = random;
    this.#misfortunes = [
      this.#fault('latency', () => ({ kind: 'latency', milliseconds: random.between(50, 400) })),
      this.#fault('answers too late', () => ({ kind: 'latency', milliseconds: 1500 }), 3),
      this.#fault('5xx', () => ({ kind: 'error', status: random.pick([500, 502, 503]) })),
      this.#fault('429 with Retry-After', () => ({
        kind: 'throttle',
        retryAfterSeconds: random.between(1, 120),
      })),
      this.#fault('connection cut before reading', () => ({ kind: 'drop', when: 'before-reading' })),
      this.#fault('answer lost', () => ({ kind: 'drop', when: 'before-answer' })),
      this.#fault('answer cut short', () => ({ kind: 'drop', when: 'mid-answer' })),
      { name: 'token unplugged and plugged in', happen: () => this.#unplug() },
      { name: 'token host killed', happen: () => this.#crash('SIGKILL') },
      { name: 'token host crashed', happen: () => this.#crash('SIGSEGV') },
      { name: 'short sleep', happen: () => this.#sleep(0) },
      { name: 'long sleep', happen: () => this.#sleep(random.between(5, 90) * minute) },
      { name: 'clock set ahead and back', happen: () => this.#setClock(random.between(1, 30) * minute) },
      { name: 'clock set back and ahead', happen: () => this.#setClock(-random.between(1, 30) * minute) },
      { name: 'disk full', happen: () => this.#fillDisk() },
      { name: 'disconnect and connect', happen: () => this.#disconnect() },
    ];
  }

  stop(): void {
    this.#isOver = true;
  }

  /**
   * Each of the misfortunes once, in an order of chance, and again, until {@link stop}; the first round is gone through
   * in any case.
   * @param calmMs how long nothing happens in between, of the computer's time.
   */
  async run(calmMs: number): Promise<void> {
    let left: Misfortune[] = [];
    await this.#calm(calmMs);
    while (!this.#isOver || this.happened.length < this.#misfortunes.length) {
      if (left.length === 0) left = [...this.#misfortunes];
      const next = this.#random.pick(left);
      left.splice(left.indexOf(next), 1);
      await next.happen();
      this.happened.push({ name: next.name, at: this.#recorder.now() });
      await this.#calm(calmMs);
    }
    this.#laptop.server.faults.clear();
  }

  async #calm(ms: number): Promise<void> {
    for (const until = Date.now() + ms; Date.now() < until && !this.#isOver;) await pause(50);
  }

  #fault(name: string, make: () => FaultInput, most = 10): Misfortune {
    const happen = (): void => {
      this.#laptop.server.faults.add({ ...make(), times: this.#random.between(1, most) });
    };
    return { name, happen };
  }

  async #unplug(): Promise<void> {
    const token = this.#random.pick([...this.#laptop.tokens.values()]);
    token.remove();
    await pause(this.#random.between(300, 2500));
    token.restore();
  }

  #crash(signal: 'SIGKILL' | 'SIGSEGV'): void {
    const hosts = this.#laptop.hosts();
    if (hosts.length === 0) return;
    this.#recorder.hostCrashes += 1;
    process.kill(this.#random.pick(hosts).pid, signal);
  }

  /** @param ms how long it lasts beside a real second, scaled. */
  async #sleep(ms: number): Promise<void> {
    const wake = this.#recorder.begin(this.#recorder.suspended, {});
    this.#laptop.signalAll('SIGSTOP');
    await pause(this.#random.between(300, 1200));
    this.#laptop.clock.sleep(ms);
    this.#laptop.agentClock.sleep(ms);
    this.#laptop.signalAll('SIGCONT');
    await pause(100); // whoever was asked meanwhile may be slow to answer
    wake();
  }

  /** Somebody sets the laptop's clock, and later sets it right. */
  async #setClock(by: number): Promise<void> {
    for (const each of [by, -by]) {
      this.#laptop.agentClock.jump(each);
      this.#recorder.clockSet.push({ at: this.#recorder.now(), by: each });
      await this.#calm(this.#random.between(1500, 4000));
    }
  }

  async #fillDisk(): Promise<void> {
    if (!this.#laptop.disk.canBeFull) return;
    const end = this.#recorder.begin(this.#recorder.diskFull, {});
    this.#laptop.disk.fill();
    await this.#calm(this.#random.between(500, 3000));
    this.#laptop.disk.empty();
    end();
  }

  async #disconnect(): Promise<void> {
    const ids = Array.from({ length: 5 }, () => this.#random.pick(this.#ids));
    await this.#person.leave([...new Set(ids)]);
    await this.#calm(this.#random.between(500, 2000));
    await this.#person.comeBack();
  }
}
