/** `rolekey connect`, `disconnect`, `lock`. */
import { randomUUID } from 'node:crypto';
import type { AgentClient } from '../../agent-client/agent-client.ts';
import type { CallOutput } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import { accountIdPattern, idleState } from '../../shared/constants.ts';
import type { Prompt } from '../../shared/model.ts';
import { aboutAccount, aboutThemselves } from '../about-account.ts';
import { agentWasKilled, mayStart, withAgent } from '../agent-link.ts';
import { answererAtTerminal, answererFromStdin, answerPrompts, type Answerer } from '../answer-prompts.ts';
import type { Invocation, Terminal, Work } from '../command.ts';
import { exitCodeOf, exitCodes } from '../exit-codes.ts';
import { flagNumber } from '../flag-values.ts';
import { selectionOf } from '../select.ts';
import { errorLine, resultLines } from '../text.ts';
import { whileTellingTouches } from '../touch-notes.ts';

export const connect: Work = async (invocation, terminal) => {
  const { flags } = invocation;
  const select = selectionOf(invocation);
  const timeoutMs = 1000 * flagNumber(flags, 'timeout', 60, { min: 0, max: 3600 });
  const answerer = await answererFor(invocation, terminal);
  const typedPins: Prompt[] = [];
  const answer: Answerer | null =
    answerer &&
    (async (prompt, cancelled) => {
      const given = await answerer(prompt, cancelled);
      if (prompt.kind === 'pin' && 'secret' in given) typedPins.push(prompt);
      return given;
    });
  const link = {
    start: mayStart(terminal, flags.on('no-start')),
    sameFiles: true as const,
    // The agent keeps the time itself; one that hangs must not keep us longer than that.
    patienceMs: Math.min(Math.max(timeoutMs, 1000), 10_000),
  };
  const isNamed = (account: string): boolean => 'all' in select || select.accounts.includes(account);
  const connecting =
    answer === null
      ? withAgent(terminal, link, (agent) => {
          const connectAll = () => agent.call('connect', { select, timeoutMs });
          // Who reads JSON reads the states.
          return terminal.json ? connectAll() : whileTellingTouches(agent, terminal, isNamed, connectAll);
        })
      : withAgent(terminal, { ...link, client: randomUUID() }, (agent) =>
          whileAnswering(agent, answer, () => agent.call('connect', { select, timeoutMs })),
        );
  const { notices, ...output } = await aboutAccount(
    'accounts' in select ? String(select.accounts[0]) : '',
    connecting,
  );
  for (const { account, message } of terminal.json ? [] : notices) {
    terminal.say(`rolekey: ${account === null ? '' : `${account}: `}${message}`);
  }
  if (flags.on('remember-pin') && typedPins.length === 0) {
    terminal.say('rolekey: No token’s PIN was typed, so none is remembered.');
  }
  // Credentials that found no place in their outlet are served from memory all the same; that is a failure to tell.
  return report(output, terminal);
};

export const disconnect: Work = async (invocation, terminal) => {
  const select = selectionOf(invocation);
  const start = mayStart(terminal) && agentWasKilled();
  const output = await withAgent(terminal, { start, sameFiles: true }, (agent) =>
    agent.call('disconnect', { select }),
  ).catch((error: unknown) => {
    if (start || !isAppError(error, 'agent-not-running')) throw error;
    // Without an agent nothing is connected, but which accounts there are is not known.
    const accounts = 'all' in select ? [] : select.accounts;
    if (!accounts.every((account) => accountIdPattern.test(account))) throw new AppError('account-unknown');
    return { results: accounts.map((account) => ({ account, state: idleState })) };
  });
  return report(output, terminal, 'Nothing was connected.');
};

export const lock: Work = async ({ flags }, terminal) => {
  const forgetRemembered = flags.on('forget-pins');
  // Without an agent no PIN is held; what is in the keyring only an agent can take out.
  const start = forgetRemembered && mayStart(terminal);
  try {
    await withAgent(terminal, { start }, (agent) =>
      agent.call('lock', forgetRemembered ? { forgetRemembered } : {}),
    );
  } catch (error) {
    if (forgetRemembered || !isAppError(error, 'agent-not-running')) throw error;
  }
  terminal.print({}, () =>
    forgetRemembered
      ? 'Every PIN is forgotten, in the keyring too; sessions stay.'
      : 'Every PIN is forgotten; sessions stay.',
  );
  return exitCodes.ok;
};

/** Who answers the agent's questions; null: nobody can. */
export async function answererFor({ flags }: Invocation, terminal: Terminal): Promise<Answerer | null> {
  const remember = flags.on('remember-pin');
  if (remember && (flags.on('pin-stdin') || !terminal.interactive)) {
    throw new AppError('usage-invalid', {
      message: '--remember-pin is for a PIN that is typed at a terminal.',
      remedy: 'Leave it out here.',
    });
  }
  if (flags.on('pin-stdin')) {
    if (terminal.interactive) {
      throw new AppError('usage-invalid', {
        message: '--pin-stdin reads a pipe or a file, not the terminal, where the PIN would be seen.',
      });
    }
    return answererFromStdin();
  }
  return terminal.interactive ? answererAtTerminal(remember) : null;
}

export async function whileAnswering<T>(
  agent: AgentClient,
  answer: Answerer,
  work: () => Promise<T>,
): Promise<T> {
  const stop = await answerPrompts(agent, answer);
  try {
    return await work();
  } finally {
    await stop();
  }
}

/** Prints the results; the exit code is that of the first that failed, in argument order: its state has the error. */
function report(output: CallOutput<'disconnect'>, terminal: Terminal, none?: string): number {
  const results = aboutThemselves(output.results);
  terminal.print({ results }, () => resultLines(results, none));
  const failed = results.flatMap(({ account, state: { error } }) =>
    error === null ? [] : [{ account, error }],
  );
  for (const { account, error } of terminal.json ? [] : failed) {
    terminal.say(`rolekey: ${errorLine(account, error)}`);
  }
  const [first] = failed;
  return first === undefined ? exitCodes.ok : exitCodeOf(first.error.code);
}
