/**
 * What is plugged in and out, on Linux: the kernel makes a file per USB device, in a folder per bus. Watching the folders
 * touches no device. Elsewhere, and in containers without the folders, nothing is told.
 */
import { watch, type FSWatcher } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../ports.ts';

/**
 * Milliseconds of quiet after which it is told: plugging is several files within moments, and the reader's service needs
 * as long to know of it.
 */
const quietMs = 500;

/**
 * @param listener something was plugged in or pulled out.
 * @param folder with a folder per bus; another one for tests.
 * @returns the undo.
 */
export function watchPlugs(clock: Clock, listener: () => void, folder = '/dev/bus/usb'): () => void {
  const watching = new Watching(clock, folder, listener);
  return () => watching.end();
}

class Watching {
  readonly #clock: Clock;
  readonly #folder: string;
  readonly #listener: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #ended = false;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock, folder: string, listener: () => void) {
    this.#clock = clock;
    this.#folder = folder;
    this.#listener = listener;
    this.#watch(folder);
    void this.#watchBuses();
  }

  end(): void {
    this.#ended = true;
    this.#cancel();
    for (const path of [...this.#watchers.keys()]) this.#unwatch(path);
  }

  #watch(path: string): void {
    if (this.#ended || this.#watchers.has(path)) return;
    try {
      // It alone must not keep the agent running.
      const watcher = watch(path, { persistent: false }, () => this.#changed());
      watcher.on('error', () => this.#unwatch(path));
      this.#watchers.set(path, watcher);
    } catch {
      // There is no such folder, or it cannot be watched: other ways to see a token remain.
    }
  }

  #unwatch(path: string): void {
    this.#watchers.get(path)?.close();
    this.#watchers.delete(path);
  }

  /** A hub is a bus of its own, and comes and goes with what is plugged into it. */
  async #watchBuses(): Promise<void> {
    const entries = await readdir(this.#folder, { withFileTypes: true }).catch(() => []);
    const buses = new Set(entries.filter((e) => e.isDirectory()).map(({ name }) => join(this.#folder, name)));
    for (const path of [...this.#watchers.keys()]) {
      if (path !== this.#folder && !buses.has(path)) this.#unwatch(path);
    }
    for (const bus of buses) this.#watch(bus);
  }

  #changed(): void {
    if (this.#ended) return;
    this.#cancel();
    this.#cancel = this.#clock.after(quietMs, () => {
      void this.#watchBuses();
      this.#listener();
    });
  }
}
