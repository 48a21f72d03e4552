/**
 * Credentials as `credential-process`, `env` and `exec` get them: what the agent holds, and in time.
 * The agent answers from memory, so nothing here can wait for a person, a token or the network.
 */
import type { CallOutput } from '../shared/api.ts';
import { AppError } from '../shared/errors.ts';
import { aboutAccount } from './about-account.ts';
import { mustStart, withAgent } from './agent-link.ts';
import type { Terminal } from './command.ts';
import { within } from './deadline.ts';

export type Served = CallOutput<'credentials'>;

/** What an answer may take, milliseconds, where nothing else is asked for. */
export const answerMs = 2000;

/**
 * @param timeoutMs milliseconds, the start of an agent among them.
 * @throws AppError why there are none; `agent-failed` when the time is over or the answer holds none.
 */
export async function cachedCredentials(
  account: string,
  terminal: Terminal,
  timeoutMs = answerMs,
): Promise<Served> {
  // An agent started here would hold an account that nobody connected; only who asks for that gets it.
  const answer = aboutAccount(
    account,
    withAgent(terminal, { start: mustStart(terminal) }, (agent) => agent.call('credentials', { account })),
  );
  const served = await within(timeoutMs, answer);
  if (!holdsCredentials(served)) throw new AppError('agent-failed');
  return served;
}

/** Answers are not parsed again, but half a credential must not reach an SDK. No schema: reading one takes time. */
function holdsCredentials(answer: { readonly credentials?: Partial<Served['credentials']> }): boolean {
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = answer.credentials ?? {};
  return [accessKeyId, secretAccessKey, sessionToken, expiration].every((part) => typeof part === 'string');
}
