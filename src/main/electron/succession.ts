/** Takes the place of an agent without windows: it hands over what it serves, and ends. */
import { AgentClient } from '../../agent-client/agent-client.ts';
import { isAppError } from '../../shared/errors.ts';
import type { AgentInfo, HandedOver } from '../../shared/model.ts';

/**
 * Asks whoever has the socket.
 * @param own which AWS files this app writes.
 * @returns what the other served, nothing where it was told to take it away itself; null where it is an app as well.
 * @throws AppError `agent-version` where it cannot be understood, and what it answers.
 */
export async function succeedAgent(
  socket: string,
  own: Pick<AgentInfo, 'credentialsFile' | 'configFile'>,
): Promise<HandedOver[] | null> {
  const agent = new AgentClient({ socket, command: 'Rolekey' });
  try {
    const { agent: other } = await agent.call('status', {});
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
