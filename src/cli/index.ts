/** The command line's entry: parse, load one command, run it, answer its exit code. */
import { AppError, toErrorShape } from '../shared/errors.ts';
import { commands } from './commands.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { commandHelp, overview } from './help.ts';
import { parseCommandLine } from './parse.ts';
import { processTerminal } from './terminal.ts';

declare const ROLEKEY_VERSION: string;

async function main(argv: readonly string[]): Promise<number> {
  const json = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length).includes('--json');
  let name = argv[0] ?? '';
  try {
    const parsed = parseCommandLine(argv, commands);
    if (parsed.kind === 'version') {
      process.stdout.write(`rolekey ${ROLEKEY_VERSION}\n`);
      return exitCodes.ok;
    }
    if (parsed.kind === 'help') {
      process.stdout.write(parsed.command === null ? overview(commands) : commandHelp(parsed.command));
      return exitCodes.ok;
    }
    name = parsed.command.name;
    const work = await parsed.command.load();
    return await work(parsed.invocation, processTerminal(name, json));
  } catch (error) {
    // SDKs read the standard output of credential-process: it stays empty on failure, whatever the flags.
    return fail(error, processTerminal(name, json && name !== 'credential-process'));
  }
}

function fail(error: unknown, terminal: ReturnType<typeof processTerminal>): number {
  const shape = toErrorShape(error);
  if (shape.code === 'internal' && !(error instanceof AppError)) {
    terminal.say(error instanceof Error ? String(error.stack) : String(error));
  }
  if (terminal.json) terminal.print({ error: shape }, () => '');
  else terminal.say(`rolekey: ${shape.message} ${shape.remedy}`);
  return exitCodeOf(shape.code);
}

// Node would open its inspector, and with it everything this process holds, to whoever sends the signal.
if (process.platform !== 'win32') process.on('SIGUSR1', () => undefined);

// A reader that went away (`rolekey status --watch | head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok);
  throw error;
});

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
  // A command that was cut short (a timeout) may leave a connection open; it must not keep the process.
  setTimeout(() => process.exit(), 100).unref();
});
