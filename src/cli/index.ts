/** The command line's entry: parse, load one command, run it, answer its exit code. */
import { AppError, errorTable, isAppError, toErrorShape } from '../shared/errors.ts';
import type { Terminal } from './command.ts';
import { commands } from './commands.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { helpOf, parseCommandLine } from './parse.ts';
import { processTerminal, ReaderGone } from './terminal.ts';

declare const ROLEKEY_VERSION: string;

async function main(argv: readonly string[]): Promise<number> {
  const end = argv.indexOf('--');
  const json = argv.slice(0, end === -1 ? argv.length : end).includes('--json');
  const name = argv.find((word) => word !== '--json') ?? '';
  // SDKs read the standard output of credential-process: it stays empty on failure, whatever the flags.
  const failing = processTerminal(name, json && name !== 'credential-process');
  try {
    return await run(argv, json);
  } catch (error) {
    if (error instanceof ReaderGone) return exitCodes.ok;
    return fail(error, failing);
  }
}

async function run(argv: readonly string[], json: boolean): Promise<number> {
  const parsed = parseCommandLine(argv, commands);
  if (parsed.kind === 'run') {
    const { command, invocation } = parsed;
    const work = await command.load();
    return work(invocation, processTerminal(command.name, json)).catch((error: unknown) => {
      throw pointingTo(command.name, error);
    });
  }
  const terminal = processTerminal('', json);
  if (parsed.kind === 'version') {
    terminal.print({ rolekey: ROLEKEY_VERSION }, () => `rolekey ${ROLEKEY_VERSION}`);
  } else {
    const { commandHelp, overview } = await import('./help.ts');
    const help = parsed.command === null ? overview(parsed.commands) : commandHelp(parsed.command);
    terminal.print({ help }, () => help);
  }
  return exitCodes.ok;
}

/** The error; of a usage that is not valid, with the command's own help where it names no better remedy. */
function pointingTo(commandName: string, error: unknown): unknown {
  if (!isAppError(error, 'usage-invalid') || error.remedy !== errorTable['usage-invalid'].remedy)
    return error;
  return new AppError('usage-invalid', { message: error.message, remedy: helpOf(commandName), cause: error });
}

/** Tells a failure, in JSON where that is wanted and can be written. */
function fail(error: unknown, terminal: Terminal): number {
  const shape = toErrorShape(error);
  const told = `rolekey: ${shape.message} ${shape.remedy}`.trimEnd();
  try {
    if (terminal.json) terminal.print({ error: shape }, () => '');
  } catch {
    terminal.say(told);
  }
  // A fault of ours has no log of its own: what is needed to find it stands on the same line.
  if (shape.code === 'internal' && !isAppError(error)) terminal.say(`${told} ${traceOf(error)}`);
  else if (!terminal.json) terminal.say(told);
  return exitCodeOf(shape.code);
}

function traceOf(error: unknown): string {
  return String(error instanceof Error ? error.stack : error).replace(/\s*\n\s*/g, ' < ');
}

// Node would open its inspector, and with it everything this process holds, to whoever sends the signal.
if (process.platform !== 'win32') process.on('SIGUSR1', () => undefined);

void main(process.argv.slice(2)).then((code) => {
  // A command that was cut short (a timeout) may leave a connection open; it must not keep the process.
  process.exit(code);
});
