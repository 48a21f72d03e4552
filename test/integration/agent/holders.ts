/** Runs holders of the agent's socket: processes that can be killed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';

export class Holders {
  readonly #folder: string;
  readonly #running = new Set<ChildProcess>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async build(): Promise<Holders> {
    const folder = mkdtempSync(join(tmpdir(), 'rolekey-holder-'));
    await build({
      entryPoints: ['test/integration/agent/holder.ts'],
      outfile: join(folder, 'holder.cjs'),
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'es2022',
      logLevel: 'warning',
    });
    return new Holders(folder);
  }

  /** Starts one and waits for what it says first. */
  async start(socket: string): Promise<{ readonly said: string; readonly child: ChildProcess }> {
    return this.run([join(this.#folder, 'holder.cjs'), socket]);
  }

  /** Runs Node with these arguments and waits for its first line. */
  async run(args: readonly string[]): Promise<{ readonly said: string; readonly child: ChildProcess }> {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#running.add(child);
    child.on('close', () => this.#running.delete(child));
    const [said] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    return { said, child };
  }

  /** Ends a process at once, without a chance to tidy up. */
  async kill(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  }

  async killAll(): Promise<void> {
    await Promise.all([...this.#running].map((child) => this.kill(child)));
  }

  async remove(): Promise<void> {
    await this.killAll();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
