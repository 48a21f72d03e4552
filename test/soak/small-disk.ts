/** A folder that can be made full, by a small file system of its own where that may be mounted. */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const size = 2 * 1024 * 1024;

export class SmallDisk {
  /** Whether {@link fill} can do anything: only root may mount. */
  readonly canBeFull: boolean;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.canBeFull =
      process.getuid?.() === 0 &&
      spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${String(size)},mode=700`, 'tmpfs', folder]).status ===
        0;
  }

  /** Leaves not one byte. */
  fill(): void {
    if (!this.canBeFull) return;
    const filler = openSync(this.#filler, 'w');
    try {
      for (let block = 65_536; block >= 1;) {
        try {
          writeSync(filler, Buffer.alloc(block));
        } catch {
          block = Math.floor(block / 2); // the rest is smaller than that
        }
      }
    } finally {
      closeSync(filler);
    }
  }

  empty(): void {
    rmSync(this.#filler, { force: true });
  }

  remove(): void {
    if (this.canBeFull) execFileSync('umount', ['--lazy', this.#folder]);
  }

  get #filler(): string {
    return join(this.#folder, 'filler');
  }
}
