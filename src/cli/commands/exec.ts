/** `rolekey exec`: a command with credentials in its environment, and nothing of other AWS credentials. */
import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { surroundings } from '../../agent-client/surroundings.ts';
import { cachedCredentials } from '../cached-credentials.ts';
import type { Terminal, Work } from '../command.ts';
import { defaultInTheWay } from '../default-profile.ts';
import { leaseEndpoint } from '../endpoint-lease.ts';
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

export const exec: Work = async ({ words, rest, flags }, terminal) => {
  const [command = '', ...args] = rest ?? [];
  const account = String(words[0]);
  const env = childEnvironment(terminal.env);
  if (!flags.on('refresh')) {
    const credentials = credentialVariables(await cachedCredentials(account, terminal));
    return run(command, args, { ...env, ...credentials }, terminal);
  }
  const lease = await leaseEndpoint(account, terminal, () =>
    terminal.say(
      `rolekey: The agent has ended, and with it the endpoint of “${command}”, which gets no new credentials any more. Start it again once ${account} is connected.`,
    ),
  );
  try {
    const hidden = hideDefault(env, terminal);
    return await run(command, args, { ...env, ...hidden, ...lease.variables }, terminal);
  } finally {
    lease.end();
  }
};

/** Whatever the profile `default` says, the command gets the account's credentials. */
function hideDefault(
  env: Readonly<Record<string, string | undefined>>,
  terminal: Terminal,
): Readonly<Record<string, string>> {
  const inTheWay = defaultInTheWay(env, surroundings().home);
  if (inTheWay === null) return {};
  terminal.say(
    `rolekey: The AWS profile “default” has credentials of its own, which would be taken before those of the account. The command is run without ${inTheWay.paths.join(' and ')}.`,
  );
  return inTheWay.variables;
}

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
