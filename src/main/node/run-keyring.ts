/** Starts {@link file://./keyring-process.ts} as a child process of plain Node. */
import { fork } from 'node:child_process';
import type { KeyringRequest } from './keyring-process.ts';
import { hostEnvironment } from './token-hosts.ts';

/**
 * Asks a new process one thing and ends it.
 * @param bundle path of the bundled keyring-process.ts.
 * @returns what it answered; undefined where it ended, could not start or did not answer within {@link keyringTimeoutMs}.
 */
export type RunKeyring = (
  bundle: string,
  environment: NodeJS.ProcessEnv,
  request: KeyringRequest,
) => Promise<unknown>;

/** Milliseconds; a keyring that is open answers in a few, a process may take a second to start. */
export const keyringTimeoutMs = 10_000;

export const runKeyring: RunKeyring = (bundle, environment, request) =>
  new Promise((resolve) => {
    const child = fork(bundle, [], {
      env: hostEnvironment(environment),
      execArgv: [],
      serialization: 'json',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const timer = setTimeout(() => end(undefined), keyringTimeoutMs);
    const end = (answer: unknown): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      resolve(answer);
    };
    child.once('message', end);
    child.once('exit', () => end(undefined));
    child.once('error', () => end(undefined));
    child.send(request, () => undefined); // one that is lost ends with the process
  });
