/** The two addresses of a sign-in (IAM user guide, “Enable custom identity broker access to the AWS console”). Pure. */
import * as z from 'zod';
import { AppError } from '../../shared/errors.ts';
import type { SessionCredentials } from '../roles-anywhere/response.ts';
import type { SignInAddress } from './sign-in-address.ts';

export interface SignInRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * Asks for a sign-in token. Secret, the address too where the method is GET.
 * @param sessionDuration of the console's session, 900 to 43,200 seconds; null: AWS's choice, which is at most what the
 * credentials have left.
 */
export function signInTokenRequest(
  { origin, method }: SignInAddress,
  { accessKeyId, secretAccessKey, sessionToken }: SessionCredentials,
  sessionDuration: number | null,
): SignInRequest {
  const form = new URLSearchParams({
    Action: 'getSigninToken',
    ...(sessionDuration !== null && { SessionDuration: String(sessionDuration) }),
    Session: JSON.stringify({ sessionId: accessKeyId, sessionKey: secretAccessKey, sessionToken }),
  }).toString();
  const url = `${origin}/federation`;
  const accept = { accept: 'application/json' };
  if (method === 'GET') return { method, url: `${url}?${form}`, headers: accept };
  return {
    method,
    url,
    headers: { ...accept, 'content-type': 'application/x-www-form-urlencoded' },
    body: form,
  };
}

/** The address that signs a browser in, for 15 minutes. Secret. */
export function loginUrl({ origin }: SignInAddress, signInToken: string, destination: string): string {
  const query = new URLSearchParams({
    Action: 'login',
    Destination: destination,
    SigninToken: signInToken,
  });
  return `${origin}/federation?${query.toString()}`;
}

// Visible ASCII: what AWS issues is base64 of some kind.
const tokenSchema = z.object({ SigninToken: z.string().regex(/^[!-~]{1,16384}$/) });

/**
 * The token in an answer.
 * @throws AppError `aws-access-denied` where the credentials are not taken, `aws-throttled`, `aws-failed`,
 * `response-invalid`.
 */
export function readSignInToken({
  status,
  body,
}: {
  readonly status: number;
  readonly body: string;
}): string {
  if (status === 200) {
    const parsed = tokenSchema.safeParse(parseJson(body));
    if (parsed.success) return parsed.data.SigninToken;
  }
  const told = `(status ${String(status)})`;
  if ([400, 401, 403].includes(status)) {
    throw new AppError('aws-access-denied', {
      message: `AWS took the credentials for no console session ${told}.`,
      remedy: 'Disconnect the account and connect it again.',
    });
  }
  if (status === 429) throw new AppError('aws-throttled', { remedy: 'Wait a little and ask again.' });
  if (status >= 500) throw new AppError('aws-failed', { message: `AWS sign-in failed ${told}.` });
  throw new AppError('response-invalid', { message: `The answer was not one of AWS sign-in ${told}.` });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
