/** The command line as it is built in this checkout. */
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * Absolute path of the `rolekey` command.
 * @throws Error where it is not built, or was before the last change.
 */
export function builtCli(): string {
  const bundle = resolve('dist/cli/rolekey.cjs');
  const built = statSync(bundle, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built < lastChange(resolve('src'))) {
    throw new Error(`${bundle} is missing or older than src; build it with: npm run build`);
  }
  return resolve('bin/rolekey');
}

/** The folder of the built app's package.json. @throws as {@link builtCli}. */
export function builtApp(): string {
  builtCli();
  return resolve('.');
}

/** When anything in a folder changed last, milliseconds since the epoch. */
function lastChange(folder: string): number {
  const times = readdirSync(folder, { withFileTypes: true }).map((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? lastChange(path) : statSync(path).mtimeMs;
  });
  return Math.max(0, ...times);
}
