/** `rolekey agent stop`. */
import { isAppError } from '../../shared/errors.ts';
import { withAgent } from '../agent-link.ts';
import type { Work } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';

export const agentStop: Work = async (_invocation, terminal) => {
  try {
    await withAgent(terminal, { start: false }, (agent) => agent.call('shutdown', {}));
    terminal.print({}, () => 'The agent has stopped.');
  } catch (error) {
    if (!isAppError(error, 'agent-not-running')) throw error;
    terminal.print({}, () => 'No agent was running.');
  }
  return exitCodes.ok;
};
