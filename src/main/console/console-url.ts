/** An address that signs a browser in to the AWS console with the credentials an account serves. Nothing of it is kept. */
import type { CallInput, CallOutput } from '../../shared/api.ts';
import type { Account } from '../../shared/model.ts';
import type { Http } from '../ports.ts';
import { parseRoleArn } from '../roles-anywhere/arn.ts';
import type { SessionCredentials } from '../roles-anywhere/response.ts';
import { askOnce } from '../sessions/ask-once.ts';
import { destinationUrl, signInAddress } from './sign-in-address.ts';
import { loginUrl, readSignInToken, signInTokenRequest } from './sign-in.ts';

/** For each of at most two requests. */
const timeoutMs = 10_000;

/**
 * The duration, the account's own where none is asked for, is sent first. Where AWS refuses that with status 400, as it
 * does for credentials of a chained role, it is asked once more without: the session then ends with the credentials.
 * @param signInUrl AWS_ENDPOINT_URL_SIGNIN; null or empty: AWS's own.
 * @throws AppError what the Http port, `signInAddress`, `destinationUrl` and `readSignInToken` throw.
 */
export async function consoleUrl(
  account: Pick<Account, 'roleArn' | 'region' | 'profileRegion' | 'sessionDuration'>,
  credentials: SessionCredentials,
  wanted: Pick<CallInput<'consoleUrl'>, 'destination' | 'sessionDuration'>,
  signInUrl: string | null,
  http: Http,
): Promise<CallOutput<'consoleUrl'>> {
  const region = account.profileRegion ?? account.region;
  const address = signInAddress(parseRoleArn(account.roleArn).partition.id, region, signInUrl);
  const destination = destinationUrl(wanted.destination, address, region);
  const ask = (seconds: number | null) =>
    askOnce(http, { ...signInTokenRequest(address, credentials, seconds), timeoutMs });

  let sessionDuration: number | null = wanted.sessionDuration ?? account.sessionDuration;
  let answer = await ask(sessionDuration);
  if (answer.status === 400) {
    sessionDuration = null;
    answer = await ask(null);
  }
  return { url: loginUrl(address, readSignInToken(answer), destination), sessionDuration };
}
