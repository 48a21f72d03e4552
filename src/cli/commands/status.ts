/** `rolekey status`: what every account is doing. */
import type { AgentClient } from '../../agent-client/agent-client.ts';
import { refuseOtherFiles } from '../../agent-client/same-files.ts';
import { surroundings } from '../../agent-client/surroundings.ts';
import type { CallInput, CallOutput } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import { pathsOf } from '../../shared/paths.ts';
import { aboutThemselves, remedyFor } from '../about-account.ts';
import { withAgent } from '../agent-link.ts';
import type { Terminal, Work } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { statusTable } from '../text.ts';

type Status = CallOutput<'status'>;

export const status: Work = async ({ words, flags }, terminal) => {
  const input = words.length === 0 ? {} : { accounts: [...words] };
  try {
    const patience = flags.on('watch') ? { patienceMs: null } : {};
    return await withAgent(terminal, { start: false, ...patience }, async (agent) => {
      if (flags.on('watch')) {
        await watch(agent, input, ({ agent: info, accounts }) =>
          terminal.write(
            `${JSON.stringify({ version: 1, agent: info, accounts: aboutThemselves(accounts) })}\n`,
          ),
        );
        throw new AppError('agent-not-running'); // it ended while it was watched
      }
      const { endpoints, ...answer } = await agent.call('status', input);
      const accounts = aboutThemselves(answer.accounts);
      if (!terminal.json) warnOfOtherFiles(answer, terminal);
      terminal.print({ ...answer, accounts }, () => statusTable(accounts, endpoints));
      return exitCodes.ok;
    });
  } catch (error) {
    if (!isAppError(error, 'agent-not-running')) throw error;
    const none = { agent: null, accounts: [] };
    if (flags.on('watch')) terminal.write(`${JSON.stringify({ version: 1, ...none })}\n`);
    else {
      const remedy = remedyFor(words[0] ?? '', error.remedy);
      terminal.print(none, () => `${error.message} ${remedy}`);
    }
    return exitCodes.noAgent;
  }
};

/** Nothing is refused here: this is where to look which files the agent writes. */
function warnOfOtherFiles({ agent }: Pick<Status, 'agent'>, terminal: Terminal): void {
  try {
    refuseOtherFiles(agent, pathsOf(surroundings()));
  } catch (error) {
    if (!isAppError(error, 'agent-other-files')) throw error;
    terminal.say(`rolekey: ${error.message} ${error.remedy}`);
  }
}

/** Calls `show` now and after every change, one at a time, until the agent ends. */
async function watch(
  agent: AgentClient,
  input: CallInput<'status'>,
  show: (answer: Status) => void,
): Promise<void> {
  const changes = new Signal();
  const stop = await agent.events(
    ({ name }) => {
      if (name === 'state' || name === 'accounts') changes.raise();
    },
    () => changes.end(),
  );
  try {
    do show(await statusNow(agent, input));
    while (await changes.next());
  } finally {
    stop();
  }
}

async function statusNow(agent: AgentClient, input: CallInput<'status'>): Promise<Status> {
  try {
    return await agent.call('status', input);
  } catch (error) {
    if (!isAppError(error, 'agent-failed')) throw error;
    return agent.call('status', input); // an agent that ends breaks an answer off; the next call finds none
  }
}

/** Many raises between two looks are one. */
class Signal {
  #raised = false;
  #ended = false;
  #wake: () => void = () => undefined;

  raise(): void {
    this.#raised = true;
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** True once it was raised since the last call; false once it ended. */
  async next(): Promise<boolean> {
    while (!this.#raised && !this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#raised = false;
    return !this.#ended;
  }
}
