/**
 * What AWS SDKs call: cached credentials on one line, or nothing and an exit code, always within the timeout.
 * The agent answers from memory, so nothing here can wait for a person, a token or the network.
 */
import { AppError } from '../../shared/errors.ts';
import { mustStart, withAgent } from '../agent-link.ts';
import type { Work } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { flagNumber } from '../flag-values.ts';

export const credentialProcess: Work = async ({ flags }, terminal) => {
  const account = flags.text('account');
  if (account === null) throw new AppError('usage-invalid', { message: '--account is missing.' });
  const timeoutMs = flagNumber(flags, 'timeout-ms', 2000, { min: 1, max: 600_000 });
  // An agent started here would hold an account that nobody connected; only who asks for that gets it.
  const answer = withAgent(terminal, { start: mustStart(terminal) }, (agent) =>
    agent.call('credentials', { account }),
  );
  const { credentials } = await within(timeoutMs, answer);
  terminal.write(`${processDocument(credentials)}\n`);
  return exitCodes.ok;
};

/** @param timeoutMs milliseconds. @throws AppError `agent-failed` when they are over. */
async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new AppError('agent-failed', { message: 'The Rolekey agent did not answer in time.' }));
    }, timeoutMs);
  });
  return Promise.race([work, timeout]).finally(() => clearTimeout(timer));
}

/** The document of the AWS SDKs' "external process" provider. */
export function processDocument(credentials: {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: string;
}): string {
  return JSON.stringify({
    Version: 1,
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey,
    SessionToken: credentials.sessionToken,
    Expiration: credentials.expiration,
  });
}
