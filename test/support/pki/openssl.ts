import { spawnSync } from 'node:child_process';

/** Runs the openssl command line. @throws Error with the command and its stderr when it fails. */
export function openssl(args: readonly string[]): void {
  const run = spawnSync('openssl', args, { encoding: 'utf8' });
  if (run.error !== undefined) throw new Error(`openssl cannot be run: ${run.error.message}`);
  if (run.status !== 0) throw new Error(`openssl ${args.join(' ')} failed:\n${run.stderr}`);
}
