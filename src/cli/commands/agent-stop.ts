/** `rolekey agent stop`. */
import type { AgentClient } from '../../agent-client/agent-client.ts';
import type { CallOutput } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import { withAgent } from '../agent-link.ts';
import type { Terminal, Work } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';

export const agentStop: Work = async (_invocation, terminal) => {
  try {
    refuse(await stopAgent(terminal));
    terminal.print({}, () => 'The agent has stopped.');
  } catch (error) {
    if (!isAppError(error, 'agent-not-running')) throw error;
    terminal.print({}, () => 'No agent was running.');
  }
  return exitCodes.ok;
};

/**
 * Ends the agent, of whichever version, and waits until it is gone.
 * @returns accounts whose credentials it could not take away.
 * @throws AppError `agent-not-running`, `agent-unsafe`, `agent-failed`.
 */
export async function stopAgent(terminal: Terminal): Promise<CallOutput<'shutdown'>['unemptied']> {
  return withAgent(terminal, { start: false }, async (agent) => {
    const pid = await pidOf(agent);
    const answer: Partial<CallOutput<'shutdown'>> = await agent.call('shutdown', {});
    await ended(agent, pid);
    return answer.unemptied ?? []; // an agent of another version may not say
  });
}

/** The agent's process; null where it is of another version, which says no more than that but can be stopped. */
async function pidOf(agent: AgentClient): Promise<number | null> {
  try {
    return (await agent.call('status', {})).agent.pid;
  } catch (error) {
    if (!isAppError(error, 'agent-version')) throw error;
    return null;
  }
}

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

/** Resolves when the agent is gone: it answers before it closes its socket. */
async function ended(agent: AgentClient, pid: number | null): Promise<void> {
  for (let waited = 0; waited < endMs; waited += 10) {
    if (!(pid === null ? await answers(agent) : isRunning(pid))) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Whether anything listens, whatever it says. */
async function answers(agent: AgentClient): Promise<boolean> {
  return agent.call('status', {}).then(
    () => true,
    (error: unknown) => !isAppError(error, 'agent-not-running'),
  );
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
