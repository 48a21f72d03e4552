/** From words to a command and its flags. */
import { parseArgs } from 'node:util';
import { AppError } from '../shared/errors.ts';
import { Flags, type CommandSpec, type FlagSpec, type Invocation } from './command.ts';

export const commonFlags: Readonly<Record<string, FlagSpec>> = {
  json: { type: 'boolean', help: 'print one JSON document' },
  help: { type: 'boolean', help: 'show this help' },
};

export type Parsed =
  | { readonly kind: 'run'; readonly command: CommandSpec; readonly invocation: Invocation }
  | { readonly kind: 'help'; readonly command: CommandSpec | null }
  | { readonly kind: 'version' };

/** @throws AppError `usage-invalid`, saying what is wrong and where help is. */
export function parseCommandLine(words: readonly string[], commands: readonly CommandSpec[]): Parsed {
  const argv = words[0] === '--json' ? [...words.slice(1), '--json'] : words;
  const [first, second] = argv;
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    return { kind: 'help', command: null };
  }
  if (first === '--version') return { kind: 'version' };
  const command =
    commands.find(({ name }) => name === `${first} ${String(second)}`) ??
    commands.find(({ name }) => name === first);
  if (command === undefined) throw unknownCommand(argv, commands);

  const end = argv.indexOf('--');
  const before = end === -1 ? argv : argv.slice(0, end);
  const { values, positionals } = parseFlags(before.slice(command.name.split(' ').length), command);
  const invocation: Invocation = {
    words: positionals,
    rest: end === -1 ? null : argv.slice(end + 1),
    flags: new Flags(values),
  };
  if (invocation.flags.on('help')) return { kind: 'help', command };
  checkWords(command, invocation);
  return { kind: 'run', command, invocation };
}

function parseFlags(
  args: readonly string[],
  command: CommandSpec,
): { values: ConstructorParameters<typeof Flags>[0]; positionals: string[] } {
  try {
    return parseArgs({
      args: [...args],
      options: { ...commonFlags, ...command.flags },
      allowPositionals: true,
      strict: true,
    });
  } catch (cause) {
    // node:util words its sentences for people: they name the flag. The advice behind the first one is for programmers.
    const [sentence] = (cause as Error).message.split('. ');
    throw usage(`${String(sentence)}.`, command.name, cause);
  }
}

function checkWords(command: CommandSpec, { words, rest }: Invocation): void {
  if (words.length < command.minWords) throw usage(`${command.words} is missing.`, command.name);
  if (words.length > command.maxWords) {
    throw usage(`Unexpected argument '${String(words[command.maxWords])}'.`, command.name);
  }
  if (command.takesRest === true && (rest === null || rest.length === 0)) {
    throw usage('The command to run is missing: put it behind “--”.', command.name);
  }
  if (command.takesRest !== true && rest !== null && rest.length > 0) {
    throw usage(`Unexpected argument '${String(rest[0])}'.`, command.name);
  }
}

function unknownCommand(argv: readonly string[], commands: readonly CommandSpec[]): AppError {
  const [first] = argv;
  const inside = commands.filter(({ name }) => name.startsWith(`${String(first)} `));
  if (inside.length > 0) {
    return usage(
      `“${String(first)}” needs one of: ${inside.map(({ name }) => name.split(' ')[1]).join(', ')}.`,
      first,
    );
  }
  return usage(`There is no command “${String(first)}”.`);
}

function usage(message: string, commandName?: string, cause?: unknown): AppError {
  return new AppError('usage-invalid', {
    message,
    remedy: `See: rolekey ${commandName === undefined ? '' : `${commandName} `}--help.`,
    cause,
  });
}
