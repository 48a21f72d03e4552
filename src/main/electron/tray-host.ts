/** Whether there is something that shows a tray icon. Without it a window that is closed could not be found again. */
import { execFile } from 'node:child_process';

const watcher = 'org.kde.StatusNotifierWatcher';
const path = '/StatusNotifierWatcher';
const get = 'org.freedesktop.DBus.Properties.Get';
const property = 'IsStatusNotifierHostRegistered';
/**
 * Milliseconds for each try. The window waits for the answer, and a bus that is well answers in a few; but on a busy
 * computer the tool alone may take a second to start, and that must not be told as a desktop without a tray.
 */
const timeoutMs = 3000;

/** GLib's tool and that of the reference implementation: every desktop with a session bus has one of them. */
const questions: readonly {
  readonly tool: string;
  readonly args: readonly string[];
  readonly yes: RegExp;
}[] = [
  {
    tool: 'gdbus',
    args: ['call', '--session', '--dest', watcher, '--object-path', path, '--method', get, watcher, property],
    yes: /^\(<true>,\)$/,
  },
  {
    tool: 'dbus-send',
    args: [
      '--session',
      '--print-reply=literal',
      `--dest=${watcher}`,
      path,
      get,
      `string:${watcher}`,
      `string:${property}`,
    ],
    yes: /^variant\s+boolean true$/,
  },
];

export interface TrayHostOptions {
  readonly platform: NodeJS.Platform;
  /** Where the tools and the session bus are found. */
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Whether a tray icon will be seen. Where that cannot be found out it is taken to be unseen: a window too many is better
 * than an app that cannot be reached. Takes up to three seconds.
 */
export async function hasTrayHost({ platform, environment }: TrayHostOptions): Promise<boolean> {
  if (platform === 'darwin' || platform === 'win32') return true;
  if (platform !== 'linux') return false;
  const env = busEnvironment(environment);
  for (const { tool, args, yes } of questions) {
    const answer = await run(tool, args, env);
    if (answer !== 'missing') return yes.test(answer.trim());
  }
  return false;
}

/** Without DISPLAY, where no bus is named: with it these tools would start one, and leave it. */
function busEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = ['PATH', 'HOME', 'XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS'];
  return Object.fromEntries(names.map((name) => [name, environment[name]]));
}

/** What a tool printed; nothing where it failed or was too slow; `missing` where it is not installed. */
function run(tool: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve) => {
    const options = {
      env,
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: 4096,
      shell: false,
    } as const;
    execFile(tool, args, options, (error, stdout) => {
      if (error === null) resolve(stdout);
      else resolve(error.code === 'ENOENT' ? 'missing' : '');
    });
  });
}
