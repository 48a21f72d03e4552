/** The command line's entry: parse, load one command, run it, answer its exit code. */
import { isAppError, toErrorShape } from '../shared/errors.ts';
import { commands } from './commands.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { commandHelp, overview } from './help.ts';
import { parseCommandLine } from './parse.ts';
import { processTerminal } from './terminal.ts';

declare const ROLEKEY_VERSION: string;

async function main(argv: readonly string[]): Promise<number> {
  const json = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length).includes('--json');
  let name = argv.find((word) => word !== '--json') ?? '';
  try {
    const parsed = parseCommandLine(argv, commands);
    if (parsed.kind === 'version') {
      process.stdout.write(`rolekey ${ROLEKEY_VERSION}\n`);
      return exitCodes.ok;
    }
    if (parsed.kind === 'help') {
      process.stdout.write(parsed.command === null ? overview(parsed.commands) : commandHelp(parsed.command));
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
  const told = `rolekey: ${shape.message} ${shape.remedy}`.trimEnd();
  if (terminal.json) terminal.print({ error: shape }, () => '');
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

// A reader that went away (`rolekey status --watch | head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok);
  throw error;
});

void main(process.argv.slice(2)).then((code) => {
  // A command that was cut short (a timeout) may leave a connection open; it must not keep the process.
  process.stdout.write('', () => process.exit(code));
});
