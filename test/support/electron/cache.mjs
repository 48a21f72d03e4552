/** Where fetched things stay between test runs: outside the checkout, so that a fresh one does not fetch again. */
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * @param {Readonly<Record<string, string | undefined>>} [env]
 * @returns {string} the folder, which may not be there yet.
 */
export function testCache(env = process.env) {
  const base = env.XDG_CACHE_HOME ?? '';
  return join(base === '' ? join(env.HOME ?? homedir(), '.cache') : base, 'rolekey-tests');
}
