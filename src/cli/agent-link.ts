/** From a command to the agent: finds it, or starts it where that is wanted. */
import { existsSync } from 'node:fs';
import { AgentClient } from '../agent-client/agent-client.ts';
import { surroundings } from '../agent-client/surroundings.ts';
import { AppError, isAppError } from '../shared/errors.ts';
import { pathsOf } from '../shared/paths.ts';
import type { Terminal } from './command.ts';
import { whileAlive } from './deadline.ts';

export interface LinkOptions {
  /** Start an agent where none runs. */
  readonly start: boolean;
  /** Name of this command's event stream, where it can answer prompts. */
  readonly client?: string;
  /** How long the agent may give no sign of life, milliseconds; ten seconds by default, null for ever. */
  readonly patienceMs?: number | null;
  /** The work changes AWS files, or counts on them: it is refused where the agent writes others than this environment names. */
  readonly sameFiles?: true;
}

const defaultPatienceMs = 10_000;

/**
 * Runs `use` with a client of the agent, and once more after starting the agent where none ran.
 * @throws AppError `agent-not-running` where none runs and none may be started, `agent-failed` where it hangs, `agent-other-files`,
 * and whatever `use` throws.
 */
export async function withAgent<T>(
  terminal: Terminal,
  options: LinkOptions,
  use: (agent: AgentClient) => Promise<T>,
): Promise<T> {
  const paths = pathsOf(surroundings());
  const agent = new AgentClient({
    socket: paths.socket,
    command: terminal.commandName,
    ...(options.client === undefined ? {} : { client: options.client }),
  });
  const { patienceMs = defaultPatienceMs } = options;
  const work = async (): Promise<T> => {
    if (options.sameFiles === true) {
      const { refuseOtherFiles } = await import('../agent-client/same-files.ts');
      refuseOtherFiles((await agent.call('status', {})).agent, paths);
    }
    return use(agent);
  };
  const useAlive = (): Promise<T> =>
    patienceMs === null ? work() : whileAlive(patienceMs, () => agent.call('status', {}), work());
  try {
    return await useAlive();
  } catch (error) {
    if (!isAppError(error, 'agent-not-running')) throw error;
    if (!options.start) throw terminal.env.ROLEKEY_AUTOSTART === '0' ? notStarted() : error;
  }
  const { startAgent } = await import('../agent-client/start-agent.ts');
  await startAgent(ownCommand(), terminal.env, terminal.directory);
  return useAlive();
}

/** No command helps then, not even one that starts the agent otherwise. */
function notStarted(): AppError {
  return new AppError('agent-not-running', {
    remedy: 'Run it with: rolekey agent; ROLEKEY_AUTOSTART=0 keeps commands from starting it.',
  });
}

/** Whether a command that starts the agent by default may do so: ROLEKEY_AUTOSTART=0 means --no-start. */
export function mayStart(terminal: Terminal, noStart = false): boolean {
  return !noStart && terminal.env.ROLEKEY_AUTOSTART !== '0';
}

/** Whether a command that starts no agent by default was told to: one that answers tools, not a person. */
export function mustStart(terminal: Terminal): boolean {
  return terminal.env.ROLEKEY_AUTOSTART === '1';
}

/**
 * Whether the last agent ended without taking its socket away, if none runs now: what it wrote into AWS files may be
 * there still, and only an agent takes that away.
 */
export function agentWasKilled(): boolean {
  return existsSync(pathsOf(surroundings()).socket);
}

/** Whether anything answers at the agent's socket, whatever it says. */
export async function agentRuns(terminal: Terminal): Promise<boolean> {
  return withAgent(terminal, { start: false }, (agent) => agent.call('status', {})).then(
    () => true,
    (error: unknown) => !isAppError(error, 'agent-not-running'),
  );
}

/** How this program was started, to start it again: absolute paths. */
export function ownCommand(): [string, ...string[]] {
  const [, script] = process.argv;
  return script === undefined ? [process.execPath] : [process.execPath, script];
}
