/** `rolekey exec`: a command with credentials in its environment, and nothing of other AWS credentials. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { cachedCredentials } from '../cached-credentials.ts';
import type { Terminal, Work } from '../command.ts';
import { credentialVariables } from './env.ts';

/** Exit codes of POSIX shells for a command that could not be run. */
const notFound = 127;
const notRunnable = 126;

/** Variables that would choose other credentials, or another profile, than the account's. */
const otherCredentials =
  /^AWS_(PROFILE|DEFAULT_PROFILE|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|SECURITY_TOKEN|CREDENTIAL_EXPIRATION|CONTAINER_.+|WEB_IDENTITY_TOKEN_FILE|ROLE_ARN|ROLE_SESSION_NAME|CREDENTIAL_FILE)$/i;

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

async function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  terminal: Terminal,
): Promise<number> {
  // The terminal sends its signals to both of us; what is sent to us alone is for the child, and its end is ours.
  // Listened to before there is a child: it may be ready, and the user press Ctrl-C, before we are back from starting it.
  const forward = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore).on('SIGQUIT', ignore).on('SIGTERM', forward).on('SIGHUP', forward);
  const child = spawn(command, args, { env, stdio: 'inherit' });
  return new Promise((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      const code = error.code === 'ENOENT' ? notFound : notRunnable;
      terminal.say(`rolekey: ${command}: ${code === notFound ? 'not found' : 'cannot be run'}.`);
      resolve(code);
    });
    child.on('close', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}
