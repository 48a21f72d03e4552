/** One soak from an empty laptop to its journal. */
import { copyFileSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Consumers } from './consumers.ts';
import { makeFleet } from './fleet.ts';
import type { Journal } from './journal.ts';
import { Laptop, userFiles } from './laptop.ts';
import { residentBytes } from './memory.ts';
import { Person } from './person.ts';
import { Random } from './random.ts';
import { Recorder } from './recorder.ts';
import { Weather, type Happening } from './weather.ts';

export interface SoakOptions {
  /** Of scaled time, sleeps not counted. */
  readonly hours: number;
  /** Scaled seconds per second. */
  readonly scale: number;
  readonly accounts: number;
  readonly seed: number;
  /** Milliseconds between two misfortunes, of the computer's time. */
  readonly calmMs: number;
  readonly tell: (line: string) => void;
  /** Where the agent's log is kept; null: nowhere. */
  readonly log: string | null;
}

export interface Soaked {
  readonly journal: Journal;
  readonly happened: readonly Happening[];
  readonly states: ReadonlyMap<string, number>;
  readonly pinsWanted: number;
  /** Requests AWS refused, by reason. */
  readonly refusals: ReadonlyMap<string, number>;
  readonly requests: number;
  readonly canFillDisk: boolean;
}

/** @throws Error where the laptop cannot be set up, or does not come to rest in the end. */
export async function soak(options: SoakOptions): Promise<Soaked> {
  const laptop = await Laptop.open(options.scale);
  try {
    return await soakOn(laptop, options);
  } finally {
    if (options.log !== null) copyFileSync(laptop.logFile, options.log);
    await laptop.dispose();
  }
}

async function soakOn(laptop: Laptop, options: SoakOptions): Promise<Soaked> {
  const { accounts, seed, calmMs, hours, scale, tell } = options;
  const fleet = makeFleet(accounts);
  const ids = fleet.map(({ id }) => id);
  await laptop.startAgent();
  for (const account of fleet) await laptop.addAccount(account);
  const recorder = new Recorder(laptop);
  const person = new Person(laptop, recorder, fleet);
  await person.connectAll();
  tell(`${String(accounts)} accounts connected`);

  const consumers = new Consumers(laptop, recorder, fleet, new Random(seed));
  const weather = new Weather(laptop, recorder, person, ids, new Random(seed + 1));
  let isOver = false;
  const life = live();
  const storms = weather.run(calmMs);
  const workers = [person.run(), consumers.run(), storms, weigh(laptop, recorder, () => isOver)];
  // One that fails ends the soak at once.
  await Promise.race([life, Promise.all(workers)]);
  weather.stop();
  await storms;
  isOver = true;
  for (const each of [person, consumers]) each.stop();
  await Promise.all(workers);

  async function live(): Promise<void> {
    for (const until = Date.now() + (hours * 3_600_000) / scale; Date.now() < until;) {
      await pause(Math.min(60_000, Math.max(0, until - Date.now())));
      tell(`${new Date(recorder.now()).toISOString()} ${String(laptop.server.requests.length)} requests`);
    }
  }
  await comeToRest(laptop, person, recorder, ids);

  const { requests } = laptop.server;
  return {
    journal: recorder.journal(fleet),
    happened: weather.happened,
    states: person.seen,
    pinsWanted: person.pinsWanted,
    refusals: count(requests.flatMap(({ reason }) => (reason === null ? [] : [reason]))),
    requests: requests.length,
    canFillDisk: laptop.disk.canBeFull,
  };
}

/** Every account serves again once nothing more happens; removed, they leave the user's files as they were. */
async function comeToRest(
  laptop: Laptop,
  person: Person,
  recorder: Recorder,
  ids: readonly string[],
): Promise<void> {
  for (const until = Date.now() + 30_000; ;) {
    await person.look();
    const states = await person.states();
    if (states.every(({ state }) => state.serving !== null)) break;
    if (Date.now() > until) throw new Error(`not all serve again: ${JSON.stringify(states)}`);
    await pause(300);
  }
  await laptop.socket.must('accounts-remove', { accounts: ids });
  for (const name of ['credentials', 'config'] as const) {
    const text = readFileSync(name === 'config' ? laptop.configFile : laptop.credentialsFile, 'utf8');
    if (text !== userFiles[name]) recorder.foreignChanges.push(`${name} after the last account: ${text}`);
  }
}

async function weigh(laptop: Laptop, recorder: Recorder, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const hosts = laptop.hosts().map(({ pid, module }) => ({ pid, who: `token host ${String(module)}` }));
    for (const { pid, who } of [{ pid: laptop.agentPid, who: 'agent' }, ...hosts]) {
      const bytes = residentBytes(pid);
      if (bytes !== null) recorder.memory.push({ who, bytes });
    }
    await pause(1000);
  }
}

function count(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
