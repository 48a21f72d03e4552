/** `npm run demo [-- --app]`: the demo at a terminal, or the app on the demo's token, server and accounts. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describeElectron, findElectron } from '../test/support/electron/find-electron.mjs';
import { handOn } from '../test/support/electron/hand-on.mjs';

const withApp = process.argv.includes('--app');
if (withApp) {
  const electron = await findElectron();
  if ('reason' in electron) {
    console.error(`The app cannot be shown: ${electron.reason}. Without a window: npm run demo.`);
    process.exit(1);
  }
  console.log(`The app runs on ${describeElectron(electron)}.`);
  handOn(electron);
}
// A terminal's Ctrl-C reaches the demo too, which cleans up; this process waits for that.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => undefined);
const program = withApp ? 'test/support/demo/app.ts' : 'test/support/demo/main.ts';
const { status } = spawnSync(process.execPath, [join('build', 'run-program.mjs'), program], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
