/** A clock that runs faster than the computer's and can be set, shared with other processes through a file. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** For `node -r`: the process that is started with it lives by the clock in the file {@link clockVariable} names. */
export const scaledClockPreload = join('test', 'support', 'scaled-clock', 'preload.cjs');
export const clockVariable = 'SCALED_CLOCK';

/**
 * The file holds five float64, little-endian: since when it runs (the computer's milliseconds), what it showed then, its
 * factor, what was added by setting it and in sleep, and in sleep alone.
 */
export class ScaledClock {
  readonly path: string;
  readonly scale: number;
  readonly #since: number;
  readonly #file: number;
  #offset = 0;
  #slept = 0;

  /**
   * @param scale how many of its seconds one of the computer's is.
   * @param since when it showed the computer's time, milliseconds since the epoch; one value makes clocks agree.
   */
  constructor(path: string, scale: number, since = Date.now()) {
    this.path = path;
    this.scale = scale;
    this.#since = since;
    this.#file = openSync(path, 'w', 0o600);
    this.#write();
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return Math.floor(this.#since + (Date.now() - this.#since) * this.scale + this.#offset);
  }

  /** Sets it ahead, or back where `ms` is negative. Milliseconds of its own time. */
  jump(ms: number): void {
    this.#offset += ms;
    this.#write();
  }

  /** Whoever lives by it sleeps so long: that much passes at once. Milliseconds of its own time. */
  sleep(ms: number): void {
    this.#offset += ms;
    this.#slept += ms;
    this.#write();
  }

  close(): void {
    closeSync(this.#file);
  }

  /** In one write, which readers see whole or not at all. */
  #write(): void {
    const bytes = Buffer.alloc(40);
    bytes.writeDoubleLE(this.#since, 0);
    bytes.writeDoubleLE(this.#since, 8);
    bytes.writeDoubleLE(this.scale, 16);
    bytes.writeDoubleLE(this.#offset, 24);
    bytes.writeDoubleLE(this.#slept, 32);
    writeSync(this.#file, bytes, 0, 40, 0);
  }
}
