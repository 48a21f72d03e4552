/** What the writer program is told to do, and how it is run. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

export interface Job {
  readonly credentials: string;
  readonly config: string;
  readonly runtimeDirectory: string;
  /** IDs, which are the names of the profiles, too. */
  readonly accounts: readonly string[];
  /** Versions of the credentials that are put, one after the other: `first` and so on. */
  readonly first: number;
  readonly rounds: number;
  /** Remove the sections before each put; with no rounds, once. */
  readonly removes?: boolean;
  /** Put the config sections for this command, once, and no credentials. */
  readonly cliPath?: string;
}

export interface Writer {
  /** A folder that every user may enter. */
  readonly folder: string;
  /** The job with its files in a new folder. */
  job(accounts: readonly string[], rest?: Partial<Job>): Job;
  start(job: Job, user?: number): ChildProcess;
  /** Runs to the end. @returns the error's code, or null. */
  finish(job: Job, user?: number): Promise<string | null>;
  /** Ends what still runs and removes the folder. */
  remove(): Promise<void>;
}

export async function buildWriter(): Promise<Writer> {
  const folder = fs.mkdtempSync(join(tmpdir(), 'rolekey-writer-'));
  fs.chmodSync(folder, 0o755);
  const program = join(folder, 'writer.cjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'writer.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'es2022',
    logLevel: 'warning',
  });
  let homes = 0;
  const children = new Set<ChildProcess>();

  function start(job: Job, user?: number): ChildProcess {
    const identity = user === undefined ? {} : { uid: user, gid: user };
    const child = spawn(process.execPath, [program, JSON.stringify(job)], {
      ...identity,
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: folder,
    });
    children.add(child.once('close', () => children.delete(child)));
    return child;
  }

  return {
    folder,
    start,
    job(accounts, rest = {}) {
      const home = join(folder, String((homes += 1)));
      fs.mkdirSync(home);
      const [credentials, config] = [join(home, '.aws/credentials'), join(home, '.aws/config')];
      return {
        credentials,
        config,
        runtimeDirectory: join(home, 'run'),
        accounts,
        first: 1,
        rounds: 1,
        ...rest,
      };
    },
    async finish(job, user) {
      const child = start(job, user);
      let output = '';
      child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
      await once(child, 'close');
      const failure = output.split('\n').find((line) => line.startsWith('{'));
      if (failure !== undefined) return (JSON.parse(failure) as { code: string }).code;
      if (child.exitCode !== 0) throw new Error(`The writer ended with ${String(child.exitCode)}: ${output}`);
      return null;
    },
    async remove() {
      for (const child of children) {
        const closed = once(child, 'close');
        child.kill('SIGKILL');
        await closed;
      }
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The section the writer writes, by the command line's contract. */
export function writtenSection(accountId: string, version: number): string {
  const value = `${accountId}-${String(version)}`;
  return `[${accountId}]
# managed by rolekey: ${accountId}
aws_access_key_id = KEY-${value}
aws_secret_access_key = SECRET-${value}
aws_session_token = TOKEN-${value}-${'x'.repeat(800)}
x_security_token_expires = 2026-11-22T12:00:00Z
`;
}
