/** `rolekey cleanup`: takes away what Rolekey put onto this computer, and leaves everything else as it is. */
import { surroundings } from '../../agent-client/surroundings.ts';
import type { CallOutput } from '../../shared/api.ts';
import { AppError, isAppError, toErrorShape, type ErrorShape } from '../../shared/errors.ts';
import { pathsOf, type Surroundings } from '../../shared/paths.ts';
import { mayStart, withAgent } from '../agent-link.ts';
import { confirmAtTerminal } from '../answer-prompts.ts';
import type { Terminal, Work } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { autostartFiles, configFiles, ownFolders, removeFiles, stateFiles } from '../own-files.ts';
import { plain } from '../plain-text.ts';
import { uninstallService } from '../service/service.ts';
import { stopAgent } from './agent-stop.ts';

/** What could not be taken away, and why. */
interface Failure {
  readonly subject: string;
  readonly error: ErrorShape;
}

interface Outcome {
  readonly removed: string[];
  readonly failed: Failure[];
}

export const cleanup: Work = async ({ flags }, terminal) => {
  const withConfig = flags.on('config');
  if (!flags.on('yes')) await confirm(terminal, withConfig);
  const here = surroundings();
  // Whatever an agent that is started for this writes is not worth telling.
  const logs = withConfig ? stateFiles(here) : [];
  const outcome = await cleanAwsFiles(terminal);
  // The service first: its manager might start the agent again.
  await attempt(outcome, 'service', async () => {
    outcome.removed.push(...(await uninstallService(here)).removed);
  });
  await attempt(outcome, 'agent', () => endAgent(terminal));
  await removeOwn(outcome, autostartFiles(here), []);
  if (withConfig) await removeConfiguration(outcome, here, logs);
  const { removed, failed } = outcome;
  terminal.print(failed.length === 0 ? { removed } : { removed, failed }, () => removedText(removed));
  if (!terminal.json) {
    for (const { subject, error } of failed) terminal.say(failureText(subject, error));
  }
  return failed.length === 0 ? exitCodes.ok : exitCodes.failed;
};

/** @throws AppError `usage-invalid` where nobody can be asked, `cancelled`. */
async function confirm(terminal: Terminal, withConfig: boolean): Promise<void> {
  if (!terminal.interactive) {
    throw new AppError('usage-invalid', {
      message: 'Cleaning up needs a yes, and there is no terminal to ask at.',
      remedy: 'Give --yes.',
    });
  }
  const more = withConfig ? ', its configuration with every account, and its log' : '';
  const question = `Disconnect every account, stop the agent, and remove all that Rolekey wrote into the AWS files${more}?`;
  if (await confirmAtTerminal(question)) return;
  throw new AppError('cancelled', { message: 'Nothing was removed.', remedy: '' });
}

/** The agent knows what in the AWS files is ours; one of another version makes room for ours first. */
async function cleanAwsFiles(terminal: Terminal): Promise<Outcome> {
  const clean = (): Promise<CallOutput<'cleanUp'>> =>
    withAgent(terminal, { start: mayStart(terminal), sameFiles: true }, (agent) => agent.call('cleanUp', {}));
  try {
    return await clean().catch(async (error: unknown) => {
      if (!isAppError(error, 'agent-version')) throw error;
      await stopAgent(terminal);
      return clean();
    });
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { removed: [], failed: [{ subject: 'AWS files', error: toErrorShape(error) }] };
  }
}

/** What it could not take out of an AWS file has been told by then. */
async function endAgent(terminal: Terminal): Promise<void> {
  try {
    await stopAgent(terminal);
  } catch (error) {
    if (!isAppError(error, 'agent-not-running')) throw error;
  }
}

/** The configuration stays where an AWS file is still to be cleaned: it says what in it is ours. */
async function removeConfiguration(
  outcome: Outcome,
  here: Surroundings,
  logs: readonly string[],
): Promise<void> {
  const config = configFiles(here);
  const isNeeded = outcome.failed.length > 0;
  if (isNeeded && config.length > 0) {
    const error = new AppError('file-busy', {
      message: 'The configuration was kept, because it tells what is still to be removed.',
      remedy: 'Put right what could not be removed, then run it again: rolekey cleanup --config.',
    });
    outcome.failed.push({ subject: pathsOf(here).configFolder, error: toErrorShape(error) });
  }
  await removeOwn(outcome, logs, []);
  await removeOwn({ ...outcome, removed: [] }, stateFiles(here), []); // what this run itself wrote
  await removeOwn(outcome, isNeeded ? [] : config, ownFolders(here));
}

async function removeOwn(
  outcome: Outcome,
  paths: readonly string[],
  folders: readonly string[],
): Promise<void> {
  for (const path of paths) {
    const isRemoved = await attempt(outcome, path, async () => removeFiles([path], []));
    if (isRemoved) outcome.removed.push(path);
  }
  removeFiles([], folders);
}

/** Whether it could be done; what it fails with is told at the end, and the rest goes on. */
async function attempt(outcome: Outcome, subject: string, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (cause) {
    const error = isAppError(cause)
      ? cause
      : new AppError('file-readonly', { message: `${subject} cannot be removed.`, cause });
    outcome.failed.push({ subject, error: toErrorShape(error) });
    return false;
  }
}

function removedText(removed: readonly string[]): string {
  if (removed.length === 0) return 'Nothing of Rolekey’s was there to remove.';
  return removed.map((what) => plain`Removed: ${what}`).join('\n');
}

/** A file's own messages name it already. */
function failureText(subject: string, { message, remedy }: ErrorShape): string {
  const named = message.includes(subject) ? message : `${subject}: ${message}`;
  return `rolekey: ${named} ${remedy}`.trimEnd();
}
