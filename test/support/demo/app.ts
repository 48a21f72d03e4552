/**
 * `npm run demo -- --app`: the app in a window, on the demo's token, server and accounts, so that a person can click
 * Connect. It lives in the demo's private folder, which is removed when the app is quit.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { handedOn } from '../electron/hand-on.mjs';
import type { RunningServer } from '../roles-anywhere/server.ts';
import { builtApp } from '../world/built-cli.ts';
import { addAccounts, makeDevice, startDemoServer } from './device.ts';
import { Laptop } from './laptop.ts';
import { Steps } from './steps.ts';

const steps = new Steps();
const laptop = new Laptop();
const pin = String(randomInt(100_000, 1_000_000));

/** What a program needs to show a window. */
function desktopEnvironment(): Record<string, string> {
  const names =
    /^(DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|DBUS_SESSION_BUS_ADDRESS|XDG_(CURRENT_DESKTOP|SESSION_TYPE)|LANG)$/;
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => names.test(entry[0]) && entry[1] !== undefined,
    ),
  );
}

function startApp(server: RunningServer): ChildProcess {
  const electron = handedOn();
  if (electron === null) throw new Error('No Electron was handed on: start this with npm run demo -- --app');
  const sandbox = process.platform === 'linux' && process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return spawn(electron.executable, [...sandbox, ...electron.args, builtApp()], {
    env: { ...laptop.env, ...desktopEnvironment(), AWS_ENDPOINT_URL_STS: server.url },
    stdio: ['ignore', 'inherit', 'ignore'],
  });
}

async function main(): Promise<void> {
  console.log('Rolekey in a window. Nothing here touches your home directory or AWS.');
  let server: RunningServer | null = null;
  try {
    const device = await makeDevice(laptop, pin, steps);
    server = await startDemoServer(device, steps);
    await addAccounts(laptop, server, steps);
    const app = startApp(server);
    const ended = new Promise<void>((resolve) => {
      app.once('exit', () => resolve());
      app.once('error', () => resolve());
    });
    // More than once: a terminal's Ctrl-C comes from the terminal and from who started this.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => app.kill());
    const { HOME = '', XDG_RUNTIME_DIR = '' } = laptop.env;
    console.log(
      `\nThe same at a terminal: HOME=${HOME} XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR} bin/rolekey status`,
    );
    console.log(
      `Click Connect. The PIN of the demo token is ${pin}. Quit the app, or press Ctrl-C, to end the demo.`,
    );
    await ended;
    console.log('The demo is over; its folder is removed.');
  } catch (error) {
    steps.broken(error);
    process.exitCode = 1;
  } finally {
    await laptop.dispose();
    await server?.close();
  }
}

void main();
