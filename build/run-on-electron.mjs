/**
 * As run-program.mjs, for programs that open the app's windows: `node build/run-on-electron.mjs FILE [ARG...]`. The app
 * has to be built.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describeElectron, findElectron } from '../test/support/electron/find-electron.mjs';
import { handOn } from '../test/support/electron/hand-on.mjs';

const electron = await findElectron();
if ('reason' in electron) {
  console.error(`This needs an Electron: ${electron.reason}.`);
  process.exit(1);
}
console.log(`On ${describeElectron(electron)}.`);
handOn(electron);
const program = [join('build', 'run-program.mjs'), ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, program, { stdio: 'inherit' });
process.exitCode = status ?? 1;
