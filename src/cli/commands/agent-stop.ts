/** `rolekey agent stop`. */
import type { CallOutput } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import { withAgent } from '../agent-link.ts';
import type { Work } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';

export const agentStop: Work = async (_invocation, terminal) => {
  try {
    const { pid, unemptied } = await withAgent(terminal, { start: false }, async (agent) => {
      const { agent: running } = await agent.call('status', {});
      return { pid: running.pid, ...(await agent.call('shutdown', {})) };
    });
    await ended(pid);
    refuse(unemptied);
    terminal.print({}, () => 'The agent has stopped.');
  } catch (error) {
    if (!isAppError(error, 'agent-not-running')) throw error;
    terminal.print({}, () => 'No agent was running.');
  }
  return exitCodes.ok;
};

/** @throws AppError what kept credentials from being taken away, of the first account of which any are left. */
function refuse(unemptied: CallOutput<'shutdown'>['unemptied']): void {
  const [first] = unemptied;
  if (first === undefined) return;
  const { code, message, remedy } = first.error;
  const accounts = unemptied.map(({ account }) => account).join(', ');
  throw new AppError(code, {
    message: `The agent has stopped, but could not take the credentials of ${accounts} away: ${message}`,
    remedy: `${remedy} The next agent takes them away.`,
  });
}

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
