/** `rolekey doctor`: what may go wrong, found before it does. Agent and socket are judged here, the rest by the agent. */
import { refuseOtherFiles } from '../../agent-client/same-files.ts';
import { surroundings } from '../../agent-client/surroundings.ts';
import type { CallInput, Finding } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { AgentInfo } from '../../shared/model.ts';
import { pathsOf } from '../../shared/paths.ts';
import { agentRuns, mayStart, withAgent } from '../agent-link.ts';
import { typedAtTerminal } from '../answer-prompts.ts';
import type { Invocation, Terminal, Work } from '../command.ts';
import { judgeAgent, type AgentFacts } from '../doctor/agent-finding.ts';
import { judgeSocket, socketFacts } from '../doctor/socket-finding.ts';
import { findingsText } from '../doctor/text.ts';
import { exitCodes } from '../exit-codes.ts';

declare const ROLEKEY_VERSION: string;

export const doctor: Work = async (invocation, terminal) => {
  const { words, flags } = invocation;
  if (flags.text('replace-keys') !== null || flags.text('account') !== null) {
    return replaceKeys(invocation, terminal);
  }
  const start = mayStart(terminal, flags.on('no-start'));
  const input = words.length === 0 ? {} : { accounts: [...words] };
  const { facts, findings: others } = await throughAgent(terminal, start, input);
  const findings = [judgeAgent(facts, ROLEKEY_VERSION), judgeSocket(socketFacts(surroundings())), ...others];
  terminal.print({ findings }, () => findingsText(findings));
  return findings.some(({ status }) => status === 'problem') ? exitCodes.failed : exitCodes.ok;
};

interface Examined {
  readonly facts: AgentFacts;
  readonly findings: readonly Finding[];
}

/**
 * What the agent finds, and how it was met itself.
 * @throws AppError `account-unknown`, which is no finding.
 */
async function throughAgent(
  terminal: Terminal,
  start: boolean,
  input: CallInput<'doctor'>,
): Promise<Examined> {
  const ran = await agentRuns(terminal);
  try {
    return await withAgent(terminal, { start }, async (agent) => {
      const { agent: info } = await agent.call('status', {});
      const { findings } = await agent.call('doctor', input);
      return { facts: { kind: 'running', info, justStarted: !ran, otherFiles: otherFiles(info) }, findings };
    });
  } catch (error) {
    if (!isAppError(error) || isAppError(error, 'account-unknown')) throw error;
    const isAbsent = isAppError(error, 'agent-not-running') && !start;
    return { facts: isAbsent ? { kind: 'absent' } : { kind: 'failed', error }, findings: [] };
  }
}

/** Why the AWS files the agent writes are not those this environment names; null where they are. */
function otherFiles(info: AgentInfo): AppError | null {
  try {
    refuseOtherFiles(info, pathsOf(surroundings()));
    return null;
  } catch (error) {
    if (isAppError(error)) return error;
    throw error;
  }
}

/** `--replace-keys PROFILE --account ID`: shows what would change, and does it once the profile's name was typed. */
async function replaceKeys({ words, flags }: Invocation, terminal: Terminal): Promise<number> {
  const profile = flags.text('replace-keys');
  const account = flags.text('account');
  if (profile === null || account === null || words.length > 0) {
    throw new AppError('usage-invalid', {
      message: '--replace-keys PROFILE and --account ID are given together, and nothing else.',
    });
  }
  if (!terminal.interactive) {
    throw new AppError('usage-invalid', {
      message: 'Keys are taken out only after a person has confirmed it, and there is no terminal to ask at.',
      remedy: 'Run it at a terminal.',
    });
  }
  const ask = (dryRun: boolean) =>
    withAgent(terminal, { start: mayStart(terminal, flags.on('no-start')), sameFiles: true }, (agent) =>
      agent.call('replaceKeys', { profile, account, dryRun }),
    );
  const { diff } = await ask(true);
  const former = await profileOf(terminal, account);
  for (const line of diff.trimEnd().split('\n')) terminal.say(line);
  terminal.say(
    `The keys of the AWS profile ${profile} leave these files, after a copy only you can read was made; the account ${account} serves it from then on. AWS still takes the keys until they are deleted there.`,
  );
  if (former !== profile) {
    terminal.say(`The AWS profile ${former} goes away: what uses it must name ${profile} from then on.`);
  }
  if (!(await typedAtTerminal(`Type the name of the AWS profile (${profile}) to go on: `, profile))) {
    throw new AppError('cancelled', { message: 'Nothing was changed.', remedy: '' });
  }
  const { backup } = await ask(false);
  terminal.print(
    { replaced: { profile, account, backup } },
    () =>
      `The account ${account} serves the AWS profile ${profile} now. Its former keys are in ${String(backup)}; delete them in AWS, then the file.`,
  );
  return exitCodes.ok;
}

/** The AWS profile an account has now. */
async function profileOf(terminal: Terminal, account: string): Promise<string> {
  const { accounts } = await withAgent(terminal, { start: false }, (agent) =>
    agent.call('accountsList', { accounts: [account] }),
  );
  return accounts[0]?.awsProfile ?? account;
}
