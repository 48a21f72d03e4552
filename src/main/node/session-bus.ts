/** Questions to the session bus of a Linux desktop, through the tools that come with it. */
import { execFile } from 'node:child_process';

/** A method without a reply worth more than its words, in the forms of both tools. */
export interface BusQuestion {
  readonly destination: string;
  readonly path: string;
  /** Interface and name, with a dot between. */
  readonly method: string;
  /** As `gdbus` takes them (GVariant text) and as `dbus-send` does (TYPE:VALUE). */
  readonly args: { readonly gdbus: readonly string[]; readonly dbusSend: readonly string[] };
}

/** Milliseconds: a bus that is well answers in a few, but on a busy computer the tool alone may take a second to start. */
const timeoutMs = 5000;

/**
 * Asks, and starts no bus where none is there.
 * @param environment where the tools and the bus are found.
 * @returns the answer as one of the tools prints it; null where bus or service is not there, or says no; undefined
 * where neither tool is installed.
 */
export async function askSessionBus(
  { destination, path, method, args }: BusQuestion,
  environment: NodeJS.ProcessEnv,
): Promise<string | null | undefined> {
  const ways: readonly (readonly [tool: string, args: readonly string[]])[] = [
    [
      'gdbus',
      [
        ...['call', '--session', '--dest', destination, '--object-path', path],
        ...['--method', method, ...args.gdbus],
      ],
    ],
    [
      'dbus-send',
      ['--session', '--print-reply=literal', `--dest=${destination}`, path, method, ...args.dbusSend],
    ],
  ];
  const env = busEnvironment(environment);
  for (const [tool, words] of ways) {
    const answer = await run(tool, words, env);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** Without DISPLAY, with which the tools would start a bus of their own where none is named. */
function busEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = ['PATH', 'HOME', 'XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS'];
  return Object.fromEntries(names.map((name) => [name, environment[name]]));
}

function run(
  tool: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<string | null | undefined> {
  const options = {
    ...{ env, timeout: timeoutMs, maxBuffer: 65_536 },
    ...({ killSignal: 'SIGKILL', shell: false } as const),
  };
  return new Promise((resolve) => {
    execFile(tool, args, options, (error, stdout) => {
      if (error === null) resolve(stdout.trim());
      else resolve(error.code === 'ENOENT' ? undefined : null);
    });
  });
}
