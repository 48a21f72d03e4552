/** The type declarations of the test Electron, out of its npm package, which is not installed for that. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { testCache } from './cache.mjs';
import { testElectronVersion } from './obtain.mjs';
import { runProgram } from './run.mjs';

const integrity =
  'sha512-AjrP7bebMs/IPsgmyowptbA7jycTkrJC7jLZTb5JoH30PkBC6pZx/7XQ0aDok82SsmSiF4UJDOg+HoLrEBiqmg==';

/**
 * @param {{ cache?: string, run?: import('./run.mjs').Run }} [options]
 * @returns {string} its electron.d.ts, fetched the first time.
 * @throws {Error} where npm cannot fetch it, or gives another one.
 */
export function oldElectronTypes({ cache = testCache(), run = runProgram } = {}) {
  const file = join(resolve(cache), `electron-${testElectronVersion}.d.ts`);
  if (existsSync(file)) return file;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(resolve(cache), 'types-'));
  try {
    const wanted = `electron@${testElectronVersion}`;
    const packed = run('npm', ['pack', wanted, '--pack-destination', work, '--silent']);
    const archive = readdirSync(work).find((name) => name.endsWith('.tgz'));
    if (!packed.ok || archive === undefined) {
      throw new Error(`npm could not fetch ${wanted} (${packed.complaint}).`);
    }
    const digest = createHash('sha512')
      .update(readFileSync(join(work, archive)))
      .digest('base64');
    if (integrity !== `sha512-${digest}`) throw new Error(`npm gave another ${wanted} than expected.`);
    const unpacked = run('tar', ['-xzf', join(work, archive), '-C', work, 'package/electron.d.ts']);
    if (!unpacked.ok) throw new Error(`The package ${wanted} has no electron.d.ts (${unpacked.complaint}).`);
    renameSync(join(work, 'package', 'electron.d.ts'), file);
    return file;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
