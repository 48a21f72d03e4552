/** Electron's entry: one instance per user, running the same agent as `rolekey agent`. Windows and tray come with the shell. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { app } from 'electron';
import { pathsOf } from '../shared/paths.ts';
import { startAgent } from './engine.ts';

declare const ROLEKEY_VERSION: string;

/** Resolves when there is nothing left to run. */
async function run(): Promise<void> {
  if (!app.requestSingleInstanceLock()) return;
  await app.whenReady();
  const root = app.getAppPath();
  const agent = await startAgent({
    version: ROLEKEY_VERSION,
    paths: pathsOf({
      platform: process.platform,
      env: process.env,
      uid: process.getuid?.() ?? 0,
      home: homedir(),
    }),
    cliPath: join(root, 'bin', 'rolekey'),
    home: homedir(),
    env: process.env,
    tokenHostBundle: join(root, 'dist', 'main', 'token-host.cjs'),
    endsWhenIdle: false,
  });
  if (agent === null) return; // `rolekey agent` runs already and serves the same socket
  app.on('window-all-closed', () => undefined); // the agent lives without a window
  app.on('before-quit', (event) => {
    event.preventDefault(); // until credentials are where they may stay
    void agent.stop();
  });
  await agent.ended;
}

run().then(
  () => app.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? String(error.stack) : String(error)}\n`);
    app.exit(1);
  },
);
