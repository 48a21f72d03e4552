/** `rolekey agent stop`. */
import { isAppError } from '../../shared/errors.ts';
import { withAgent } from '../agent-link.ts';
import type { Work } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';

export const agentStop: Work = async (_invocation, terminal) => {
  try {
    const pid = await withAgent(terminal, { start: false }, async (agent) => {
      const { agent: running } = await agent.call('status', {});
      await agent.call('shutdown', {});
      return running.pid;
    });
    await ended(pid);
    terminal.print({}, () => 'The agent has stopped.');
  } catch (error) {
    if (!isAppError(error, 'agent-not-running')) throw error;
    terminal.print({}, () => 'No agent was running.');
  }
  return exitCodes.ok;
};

/** How long the process may take to end once it has disconnected everything, milliseconds. */
const endMs = 5000;

/** Resolves when there is no such process: it answers before it closes its socket. */
async function ended(pid: number): Promise<void> {
  for (let waited = 0; waited < endMs && isRunning(pid); waited += 10) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
