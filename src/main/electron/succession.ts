/** Takes the place of an agent without windows: it hands over what it serves, and ends. */
import { AgentClient } from '../../agent-client/agent-client.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { AgentInfo, HandedOver } from '../../shared/model.ts';
import type { Clock } from '../ports.ts';

type OwnFiles = Pick<AgentInfo, 'credentialsFile' | 'configFile'>;

/** How long the other may take to answer, milliseconds. */
const patienceMs = 10_000;

/**
 * Asks whoever has the socket.
 * @param own which AWS files this app writes.
 * @returns what the other served, nothing where it was told to take it away itself; null where it is an app as well.
 * @throws AppError `agent-version` where it cannot be understood, `agent-failed` where it does not answer, and what it
 * answers.
 */
export async function succeedAgent(
  socket: string,
  own: OwnFiles,
  clock: Clock,
): Promise<HandedOver[] | null> {
  const agent = new AgentClient({ socket, command: 'Rolekey' });
  try {
    const { agent: other } = await inTime(clock, agent.call('status', {}));
    if (other.mode === 'app') return null;
    if (other.credentialsFile === own.credentialsFile && other.configFile === own.configFile) {
      return (await agent.call('takeover', {})).sessions;
    }
    // It writes other AWS files than this app would: what it put there is its own to take away.
    await agent.call('shutdown', {});
    return [];
  } catch (error) {
    if (isAppError(error, 'agent-not-running')) return []; // it ended meanwhile
    throw error;
  }
}

/** @throws AppError `agent-failed` where it takes too long: who hangs does not hand over either. */
async function inTime<T>(clock: Clock, answer: Promise<T>): Promise<T> {
  let cancel: () => void = () => undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(patienceMs, () => {
      reject(new AppError('agent-failed', { message: 'The Rolekey agent that is running does not answer.' }));
    });
  });
  return Promise.race([answer, tooLate]).finally(() => cancel());
}
