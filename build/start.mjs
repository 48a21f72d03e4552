/** `npm start`: the app on whatever Electron is there. Arguments are the app's own. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describeElectron, findElectron } from '../test/support/electron/find-electron.mjs';

const root = join(import.meta.dirname, '..');
const electron = await findElectron({ download: false });
if ('reason' in electron) {
  console.error(
    `${electron.reason}: get it with “npx install-electron --no”, see the app on the tests’ own with “npm run demo -- --app”, or work without a window with “bin/rolekey --help”.`,
  );
  process.exit(1);
}
console.log(`Starting Rolekey on ${describeElectron(electron)}.`);
if (electron.from === 'test') {
  console.log(
    'That Electron is old and meant for tests: look around with it, but use another for real work.',
  );
}
// As root, which developers of containers are, Chromium refuses to start with its sandbox.
const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
const app = spawn(
  electron.executable,
  [...(isRoot ? ['--no-sandbox'] : []), ...electron.args, root, ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => app.kill(signal));
}
app.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
