/** Electron's entry and composition root: one app per user, the same engine as `rolekey agent`, and a face for it. */
import { join } from 'node:path';
import { app, protocol } from 'electron';
import { surroundings } from '../agent-client/surroundings.ts';
import { AppError } from '../shared/errors.ts';
import { pathsOf } from '../shared/paths.ts';
import { maySpeak, readAnotherStart, thisStart } from './electron/another-start.ts';
import { deepLink } from './electron/deep-link.ts';
import { runUtilityKeyring } from './electron/run-keyring.ts';
import { noNetwork, schemePrivileges } from './electron/sealed-session.ts';
import { Shell } from './electron/shell.ts';
import { succeedAgent } from './electron/succession.ts';
import { createUtilityTokenHosts } from './electron/token-hosts.ts';
import { systemClock } from './node/clock.ts';
import { createLogFile } from './node/log-file.ts';
import { startAgent } from './start-agent.ts';

declare const ROLEKEY_VERSION: string;

/** Resolves when there is nothing left to run. */
async function run(): Promise<void> {
  if (!maySpeak(process.argv)) throw new Error('Rolekey was started with arguments that are too long.');
  if (!app.requestSingleInstanceLock({ ...thisStart(ROLEKEY_VERSION, process.argv) })) return;
  await app.whenReady();
  const root = app.getAppPath();
  const here = surroundings();
  const paths = pathsOf(here);
  const logger = createLogFile(paths.logFile, systemClock);
  const shell = new Shell({
    root,
    version: ROLEKEY_VERSION,
    platform: process.platform,
    environment: here.env,
    clock: systemClock,
    logger,
    start: async (notifier) => {
      const agent = await startAgent({
        version: ROLEKEY_VERSION,
        mode: 'app',
        paths,
        cliPath: join(root, 'bin', 'rolekey'),
        home: here.home,
        env: here.env,
        tokenHostBundle: join(root, 'dist', 'main', 'token-host.cjs'),
        createTokenHosts: createUtilityTokenHosts,
        keyringBundle: join(root, 'dist', 'main', 'keyring.cjs'),
        runKeyring: runUtilityKeyring,
        endsWhenIdle: false,
        logger,
        notifier,
        succeed: (own) => succeedAgent(paths.socket, own, systemClock),
      });
      if (agent !== null) return agent;
      throw new AppError('agent-failed', {
        message: 'Another Rolekey app of yours is running, in another session of this computer.',
        remedy: 'Quit that one first.',
      });
    },
  });
  app.on('second-instance', (_event, _argv, _directory, other) => {
    shell.openForAnother(readAnotherStart(other));
  });
  app.on('open-url', (event, url) => {
    event.preventDefault();
    if (deepLink(url) !== null) shell.open(null);
  });
  app.on('window-all-closed', () => undefined); // the engine lives without a window
  app.on('activate', () => shell.open(null));
  app.on('before-quit', (event) => {
    event.preventDefault(); // until credentials are where they may stay
    void shell.quit(true);
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => void shell.quit(false));
  await shell.run();
  await shell.ended;
}

protocol.registerSchemesAsPrivileged([schemePrivileges]);
for (const [name, value] of noNetwork) app.commandLine.appendSwitch(name, value);
run().then(
  () => app.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? String(error.stack) : String(error)}\n`);
    app.exit(1);
  },
);
