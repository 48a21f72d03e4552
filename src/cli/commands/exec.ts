/** `rolekey exec`: a command with credentials in its environment, and nothing of other AWS credentials. */
import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { cachedCredentials } from '../cached-credentials.ts';
import type { Terminal, Work } from '../command.ts';
import { credentialVariables } from './env.ts';

/** Exit codes of POSIX shells for a command that could not be run. */
const notFound = 127;
const notRunnable = 126;

/** Variables that would choose other credentials, or another profile, than the account's. */
const otherCredentials =
  /^AWS_(PROFILE|DEFAULT_PROFILE|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|SECURITY_TOKEN|CREDENTIAL_EXPIRATION|CONTAINER_.+|WEB_IDENTITY_TOKEN_FILE|ROLE_ARN|ROLE_SESSION_NAME|CREDENTIAL_FILE|ACCOUNT_ID|BEARER_TOKEN_.+|SSO_.+|LOGIN_.+)$/i;

/** What whoever starts us sends to us alone, and means for the command. A terminal's own of these do no harm twice. */
const forwarded = [
  'SIGTERM',
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGWINCH',
  'SIGCONT',
] as const satisfies readonly NodeJS.Signals[];

/** What a terminal sends, at a key, to the command as well as to us. */
const keySignals = ['SIGINT', 'SIGQUIT'] as const satisfies readonly NodeJS.Signals[];

export const exec: Work = async ({ words, rest }, terminal) => {
  const [command = '', ...args] = rest ?? [];
  const credentials = credentialVariables(await cachedCredentials(String(words[0]), terminal));
  return run(command, args, { ...childEnvironment(terminal.env), ...credentials }, terminal);
};

export function childEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !otherCredentials.test(name)));
}

/** Runs the command to its end, which is ours. */
async function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  terminal: Terminal,
): Promise<number> {
  let child: ChildProcess | undefined;
  const forward = (signal: NodeJS.Signals): void => {
    child?.kill(signal);
  };
  const ignore = (): void => undefined;
  // Without a terminal among the standard streams a supervisor has sent these, and to us alone.
  const onKeySignal = [0, 1, 2].some(isatty) ? ignore : forward;
  // Listened to before there is a child: it may be ready, and the user press Ctrl-C, before we are back from starting it.
  for (const signal of forwarded) process.on(signal, forward);
  for (const signal of keySignals) process.on(signal, onKeySignal);
  return new Promise<number>((resolve, reject) => {
    child = spawn(command, args, { env, stdio: 'inherit' }); // some failures are thrown, others come as an event
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  }).catch((error: unknown) => {
    const code = isNotFound(error as NodeJS.ErrnoException) ? notFound : notRunnable;
    terminal.say(`rolekey: “${command}”: ${code === notFound ? 'not found' : 'cannot be run'}.`);
    return code;
  });
}

/** As POSIX has it: what is found may have anything wrong with it. Node itself refuses an empty name. */
function isNotFound({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ENOENT' || code === 'ERR_INVALID_ARG_VALUE';
}
