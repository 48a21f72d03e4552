/** Tells of a touch where nobody can be asked: to standard error, since no prompt comes to who cannot answer one. */
import type { AgentClient } from '../agent-client/agent-client.ts';
import type { Terminal } from './command.ts';
import { touchNote } from './text.ts';

/** Accounts that wait for one token are told of within this time of each other, milliseconds. */
const gatherMs = 100;

/**
 * Runs `work`, and says meanwhile which accounts wait for a touch.
 * @param concerns whether that account is one of the command's own.
 */
export async function whileTellingTouches<T>(
  agent: AgentClient,
  terminal: Terminal,
  concerns: (account: string) => boolean,
  work: () => Promise<T>,
): Promise<T> {
  const gathered = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const say = (): void => {
    timer = undefined;
    if (gathered.size > 0) terminal.say(`rolekey: ${touchNote([...gathered])}`);
    gathered.clear();
  };
  const stop = await agent.events((event) => {
    if (event.name !== 'state') return;
    const { account, state } = event.payload;
    const waits = state.reason === 'touch' && state.activity !== 'needs-you';
    if (!waits || !concerns(account)) gathered.delete(account);
    else gathered.add(account);
    if (gathered.size > 0) timer ??= setTimeout(say, gatherMs);
  });
  try {
    return await work();
  } finally {
    clearTimeout(timer);
    stop();
  }
}
