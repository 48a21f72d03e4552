/**
 * Bundles a TypeScript program of this repository and runs it: `node build/run-program.mjs FILE [ARG...]`.
 * For programs that are no part of the product: the demo, the benchmark, the Roles Anywhere server.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const [file, ...args] = process.argv.slice(2);
if (file === undefined) throw new Error('Which program?');

// Inside the checkout, so that native packages are found from there.
const cache = join(import.meta.dirname, '..', 'node_modules', '.cache');
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, 'program-'));
const outfile = join(folder, 'program.cjs');
await build({
  entryPoints: [join(import.meta.dirname, '..', file)],
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'es2022',
  outfile,
  packages: 'external',
  logLevel: 'warning',
});

const child = spawn(process.execPath, [outfile, ...args], { stdio: 'inherit' });
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => child.kill(signal));
}
child.on('close', (code, signal) => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(code ?? (signal === null ? 1 : 128));
});
