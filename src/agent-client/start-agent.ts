/** Starts the agent in the background and waits until it listens. */
import { spawn } from 'node:child_process';
import { AppError, fromErrorShape, isErrorCode, type ErrorShape } from '../shared/errors.ts';
import { withAbsolutePaths } from './surroundings.ts';

/** How long an agent may take from start to listening, milliseconds. */
const startTimeoutMs = 15_000;

/**
 * What an agent started by a command may inherit: who the user is, where things are, whether they are there over ssh, and
 * what PKCS#11 modules need.
 * Not NODE_OPTIONS, which loads code, and not AWS_ENDPOINT_URL_*, which sends requests elsewhere: for those an agent is started by hand.
 */
const inherited = [
  /^(HOME|USER|LOGNAME|PATH|SHELL|LANG|LANGUAGE|TZ|TMPDIR|XDG_[A-Z_]+|DBUS_SESSION_BUS_ADDRESS|SSH_AUTH_SOCK|SSH_CONNECTION|DISPLAY|WAYLAND_DISPLAY)$/,
  /^LC_[A-Z]+$/,
  /^ROLEKEY_(CONFIG_DIR|SOCKET)$/,
  /^AWS_(SHARED_CREDENTIALS_FILE|CONFIG_FILE|USE_FIPS_ENDPOINT|USE_DUALSTACK_ENDPOINT|CA_BUNDLE)$/,
  /^(HTTPS_PROXY|NO_PROXY|https_proxy|no_proxy|NODE_EXTRA_CA_CERTS)$/,
  /^(SOFTHSM2_CONF|TPM2_PKCS11_[A-Z_]+|TPM2TOOLS_TCTI|TSS2_[A-Z]+|PCSCLITE_CSOCK_NAME|OPENSC_CONF)$/,
  /^(SystemRoot|USERPROFILE|APPDATA|LOCALAPPDATA|TEMP|TMP)$/,
];

/** What of `env` the agent gets; paths are made absolute, since it runs in another folder than `directory`. */
export function inheritedEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  directory: string,
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(withAbsolutePaths(env, () => directory))) {
    if (value !== undefined && inherited.some((pattern) => pattern.test(name))) result[name] = value;
  }
  return result;
}

/**
 * Runs `rolekey agent` detached from this terminal. Resolves once an agent listens: this one, or one that was quicker
 * where this one has ended.
 * @param command the program and its first arguments, for example `['node', '/opt/rolekey/bin/rolekey']`.
 * @throws AppError what the agent said, or `agent-not-running`.
 */
export async function startAgent(
  command: readonly [string, ...string[]],
  env: Readonly<Record<string, string | undefined>>,
  directory: string,
): Promise<void> {
  const [program, ...args] = command;
  const child = spawn(program, [...args, 'agent', '--auto-started', '--json'], {
    detached: true,
    cwd: '/',
    env: inheritedEnvironment(env, directory),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const line = await new Promise<string>((done, failed) => {
    const timer = setTimeout(() => {
      failed(new AppError('agent-not-running', { message: 'The Rolekey agent did not start in time.' }));
    }, startTimeoutMs);
    let text = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) done(text);
    });
    child.stdout.on('end', () => done(text));
    child.on('error', (cause) => failed(new AppError('agent-not-running', { cause })));
    child.on('close', () => clearTimeout(timer));
    child.stdout.on('close', () => clearTimeout(timer));
  }).finally(() => {
    child.stdout.destroy();
    child.unref();
  });
  const answer = answerIn(line);
  if (answer === child.pid) return;
  child.ref();
  await ended; // it failed, or another agent was quicker: nothing of it is left when that is told
  if (answer instanceof AppError) throw answer;
}

/** The agent's first line is `{"version":1,"pid":N}`, of whichever agent listens, or `{"version":1,"error":...}`. */
function answerIn(line: string): number | AppError {
  try {
    const { error, pid } = JSON.parse(line) as { error?: ErrorShape; pid?: number };
    if (error !== undefined && isErrorCode(error.code)) return fromErrorShape(error);
    if (typeof pid === 'number') return pid;
  } catch {
    // Said below.
  }
  return new AppError('agent-not-running', { message: 'The Rolekey agent could not be started.' });
}
