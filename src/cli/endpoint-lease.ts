/** The container endpoint of an account, for a program that is to ask for its credentials itself. */
import { randomUUID } from 'node:crypto';
import type { CallOutput } from '../shared/api.ts';
import { AppError } from '../shared/errors.ts';
import { aboutAccount } from './about-account.ts';
import { mustStart, withAgent } from './agent-link.ts';
import { answerMs } from './cached-credentials.ts';
import type { Terminal } from './command.ts';
import { within } from './deadline.ts';

type Opened = CallOutput<'containerEndpoint'>;

export interface Lease {
  readonly variables: Readonly<Record<string, string>>;
  /** Gives it back: the token opens nothing any more. */
  readonly end: () => void;
}

/**
 * An endpoint that ends with this process, however that ends: the agent takes it back once nobody listens to its events.
 * @param onLost called where the agent ended first, and the endpoint with it.
 * @throws AppError why there is none; `agent-failed` where the agent takes longer than {@link answerMs}.
 */
export async function leaseEndpoint(account: string, terminal: Terminal, onLost: () => void): Promise<Lease> {
  const link = { start: mustStart(terminal), client: randomUUID() };
  const leased = withAgent(terminal, link, async (agent) => {
    let isHeld = false;
    const stop = await agent.events(
      () => undefined,
      () => {
        if (isHeld) onLost();
      },
    );
    const end = (): void => {
      isHeld = false;
      stop();
    };
    try {
      const opened = await agent.call('containerEndpoint', { account, lasting: false });
      isHeld = true;
      return { variables: endpointVariables(opened), end };
    } catch (error) {
      end();
      throw error;
    }
  });
  return within(answerMs, aboutAccount(account, leased));
}

/** The variables of an endpoint that lasts as long as the agent. @throws AppError as {@link leaseEndpoint}. */
export async function lastingEndpoint(account: string, terminal: Terminal): Promise<Lease['variables']> {
  const answer = withAgent(terminal, { start: mustStart(terminal) }, (agent) =>
    agent.call('containerEndpoint', { account, lasting: true }),
  );
  return endpointVariables(await within(answerMs, aboutAccount(account, answer)));
}

/** The variables AWS SDKs read (AWS SDKs and Tools Reference Guide, container credential provider). */
function endpointVariables(opened: Partial<Opened>): Record<string, string> {
  const { url, token, profileRegion = null } = opened;
  if (typeof url !== 'string' || typeof token !== 'string') throw new AppError('agent-failed');
  return {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: url,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: token,
    ...(profileRegion === null ? {} : { AWS_REGION: profileRegion }),
  };
}
