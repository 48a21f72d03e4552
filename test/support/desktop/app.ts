/** The app on the Electron of this test run, under Playwright or as a person starts it. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import type { FoundElectron } from '../electron/find-electron.mjs';

export interface LaunchOptions {
  /** The folder of the app's package.json. */
  readonly app: string;
  /** The app's own arguments. */
  readonly args?: readonly string[];
  /** Added to the desktop's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Outcome {
  /** Null where a signal ended it. */
  readonly code: number | null;
  /** The signal or exit code it ended with; null where that is 0. */
  readonly failure: string | null;
  /** What it wrote, both to stdout and stderr. */
  readonly output: string;
}

function outcomeOf(code: number | null, signal: NodeJS.Signals | null, output: string): Outcome {
  const failure = code === 0 ? null : (signal ?? `exit code ${String(code)}`);
  return { code, failure, output };
}

type Surroundings = LaunchOptions & { readonly env: Record<string, string> };

/** As root Chromium refuses to start with its sandbox. */
const isRoot = process.getuid?.() === 0;

export class RunningApp {
  /** Playwright's view: `evaluate` runs in the main process. */
  readonly electron: ElectronApplication;
  /** Of the main process. */
  readonly pid: number;
  /** Resolves when the main process has ended. */
  readonly ended: Promise<Outcome>;
  #output = '';
  #hasEnded = false;

  constructor(electron: ElectronApplication) {
    const child = electron.process();
    this.electron = electron;
    this.pid = child.pid ?? 0;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    }
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#hasEnded = true;
        resolve(outcomeOf(code, signal, this.#output));
      });
    });
  }

  /** What it wrote since Playwright has been connected, both to stdout and stderr. */
  get output(): string {
    return this.#output;
  }

  /** Its first window, as soon as it is there. */
  async window(): Promise<Page> {
    return this.electron.firstWindow();
  }

  /** Ends it without asking its windows, which may only hide; by force where it does not answer for five seconds. */
  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    const force = setTimeout(() => process.kill(this.pid, 'SIGKILL'), 5000);
    // It may be ending by itself at this moment.
    await this.electron.evaluate(({ app }) => void setImmediate(() => app.exit(0))).catch(() => undefined);
    await this.ended;
    clearTimeout(force);
  }

  /** Once nothing runs that it started: Playwright waits for all that hold its pipes, and removes its files. */
  async release(): Promise<void> {
    await this.electron.close().catch(() => undefined);
  }
}

/**
 * Holds the app back until Playwright is connected, which it adds to an Electron of its own only: a window that is made
 * while it connects now and then keeps it waiting for ever.
 */
const loader = resolve('node_modules/playwright-core/lib/server/electron/loader.js');
/** So that an app which ends well is not ended by its inspector; see there. */
const endInspector = resolve('test/support/desktop/end-inspector.cjs');

/** @throws Error when it ends before its main process can be talked to; the message holds what it wrote. */
export async function launchWithPlaywright(
  electron: FoundElectron,
  { app, args = [], env }: Surroundings,
  folder: string,
): Promise<RunningApp> {
  return new RunningApp(
    await _electron.launch({
      executablePath: electron.executable,
      args: ['--disable-gpu', '-r', loader, '-r', endInspector, ...electron.args, app, ...args],
      env,
      cwd: folder,
      chromiumSandbox: !isRoot,
      timeout: 30_000,
    }),
  );
}

/** @throws Error when it cannot be started. */
export async function launchOnce(
  electron: FoundElectron,
  { app, args = [], env }: Surroundings,
  folder: string,
): Promise<Outcome> {
  const switches = [...(isRoot ? ['--no-sandbox'] : []), '--disable-gpu'];
  const child = spawn(electron.executable, [...switches, ...electron.args, app, ...args], {
    env,
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(outcomeOf(code, signal, output)));
  });
}
