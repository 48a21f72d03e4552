/** `rolekey agent`: the engine in the foreground, behind its socket, until a signal or `rolekey agent stop`. */
import { join } from 'node:path';
import { surroundings } from '../../agent-client/surroundings.ts';
import { printedNotifications, startAgent } from '../../main/start-agent.ts';
import { AppError } from '../../shared/errors.ts';
import { pathsOf } from '../../shared/paths.ts';
import { agentRuns, withAgent } from '../agent-link.ts';
import type { Terminal, Work } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';

declare const ROLEKEY_VERSION: string;

export const agent: Work = async ({ flags }, terminal) => {
  const here = surroundings();
  const paths = pathsOf(here);
  if (flags.on('reset-config') && (await agentRuns(terminal))) {
    throw new AppError('usage-invalid', {
      message: 'The agent is running, and its configuration is left as it is.',
      remedy: 'Stop it first with: rolekey agent stop.',
    });
  }
  const running = await startAgent({
    version: ROLEKEY_VERSION,
    paths,
    cliPath: String(process.argv[1]),
    home: here.home,
    env: here.env,
    tokenHostBundle: join(__dirname, '..', '..', 'main', 'token-host.cjs'),
    keyringBundle: join(__dirname, '..', '..', 'main', 'keyring.cjs'),
    endsWhenIdle: flags.on('auto-started'),
    ...(flags.on('reset-config')
      ? {
          onSetAside: (path) =>
            terminal.say(
              `rolekey: The configuration could not be used and is now ${path}. Rolekey goes on without accounts.`,
            ),
        }
      : {}),
    // Nobody reads what an agent says that a command started.
    notifier: flags.on('auto-started') ? null : printedNotifications,
  });
  if (running === null) return other(terminal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => void running.stop());
  terminal.print({ pid: running.engine.info.pid }, () => `The Rolekey agent is running at ${paths.socket}.`);
  await running.ended;
  return exitCodes.ok;
};

/** One agent a user: the second one says who the first is. */
async function other(terminal: Terminal): Promise<number> {
  const { agent: first } = await withAgent(terminal, { start: false }, (agent) => agent.call('status', {}));
  terminal.print(
    { pid: first.pid },
    () => `The Rolekey agent is running already (process ${String(first.pid)}).`,
  );
  return exitCodes.ok;
}
