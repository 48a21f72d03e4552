/** What AWS SDKs call: cached credentials on one line, or nothing and an exit code, always within the timeout. */
import { AppError } from '../../shared/errors.ts';
import { answerMs, cachedCredentials } from '../cached-credentials.ts';
import type { Work } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { flagNumber } from '../flag-values.ts';

export const credentialProcess: Work = async ({ flags }, terminal) => {
  const account = flags.text('account');
  if (account === null) throw new AppError('usage-invalid', { message: '--account is missing.' });
  const timeoutMs = flagNumber(flags, 'timeout-ms', answerMs, { min: 1, max: 600_000 });
  const { credentials } = await cachedCredentials(account, terminal, timeoutMs);
  terminal.write(`${processDocument(credentials)}\n`);
  return exitCodes.ok;
};

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
