/** `rolekey agent install` and `rolekey agent uninstall`: the agent as a service of the user's own. */
import { surroundings } from '../../agent-client/surroundings.ts';
import { pathsOf, type Paths } from '../../shared/paths.ts';
import { agentRuns, ownCommand } from '../agent-link.ts';
import type { Terminal, Work } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { installService, refuseWithoutManager, uninstallService } from '../service/service.ts';

export const agentInstall: Work = async (_invocation, terminal) => {
  const here = surroundings();
  refuseWithoutManager(here);
  const [program, ...args] = ownCommand();
  const service = await installService(here, {
    command: [program, ...args, 'agent'],
    agentRuns: await agentRuns(terminal),
  });
  const { installed } = service;
  const started = service.started && (await answers(terminal));
  for (const note of service.notes) terminal.say(`rolekey: ${note}`);
  if (service.started && !started) terminal.say(`rolekey: ${doesNotAnswer(pathsOf(here))}`);
  terminal.print({ installed, started }, () =>
    [
      `Installed: ${installed.join(', ')}`,
      started
        ? 'The agent runs as a service, and starts with every login.'
        : 'The agent does not run as a service yet.',
    ].join('\n'),
  );
  return exitCodes.ok;
};

/** How long the agent may take from its start until it listens, and how often that is looked at, milliseconds. */
const start = { patience: 10_000, pause: 100 };

/** Whether the agent answers, now or soon: a manager counts it as started when its process runs. */
async function answers(terminal: Terminal): Promise<boolean> {
  for (let waited = 0; waited < start.patience; waited += start.pause) {
    if (await agentRuns(terminal)) return true;
    await new Promise((resolve) => setTimeout(resolve, start.pause));
  }
  return false;
}

function doesNotAnswer({ socket, logFile }: Paths): string {
  return `The service was started, but no agent answers at ${socket}; ${logFile} may tell why.`;
}

export const agentUninstall: Work = async (_invocation, terminal) => {
  const here = surroundings();
  refuseWithoutManager(here);
  const { removed, left } = await uninstallService(here);
  for (const path of left) terminal.say(`rolekey: ${path} is not Rolekey’s and was left as it is.`);
  terminal.print({ removed }, () =>
    removed.length === 0 ? 'No service was installed.' : `Removed: ${removed.join(', ')}`,
  );
  return exitCodes.ok;
};
