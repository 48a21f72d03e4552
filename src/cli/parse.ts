/** From words to a command and its flags. */
import { AppError } from '../shared/errors.ts';
import { Flags, type CommandSpec, type FlagSpec, type Invocation } from './command.ts';

export const commonFlags: Readonly<Record<string, FlagSpec>> = {
  json: { type: 'boolean', help: 'print one JSON document' },
  help: { type: 'boolean', help: 'show this help' },
  version: { type: 'boolean', help: 'show the version' },
};

export type Parsed =
  | { readonly kind: 'run'; readonly command: CommandSpec; readonly invocation: Invocation }
  | { readonly kind: 'help'; readonly command: CommandSpec }
  /** Help on several commands: all, or those that begin with one word. */
  | { readonly kind: 'help'; readonly command: null; readonly commands: readonly CommandSpec[] }
  | { readonly kind: 'version' };

/** @throws AppError `usage-invalid`, saying what is wrong and where help is. */
export function parseCommandLine(words: readonly string[], commands: readonly CommandSpec[]): Parsed {
  const argv = jsonLast(words);
  const [first, second] = argv;
  if (first === 'help' && second !== undefined && !second.startsWith('-')) {
    return parseCommandLine([...argv.slice(1), '--help'], commands);
  }
  if (first === undefined || first === '--json' || asksForHelp(first) || first === 'help') {
    return { kind: 'help', command: null, commands };
  }
  if (first === '--version') return { kind: 'version' };
  const command =
    commands.find(({ name }) => name === `${first} ${String(second)}`) ??
    commands.find(({ name }) => name === first);
  if (command === undefined) return parseGroup(argv, commands);

  const end = argv.indexOf('--');
  const before = end === -1 ? argv : argv.slice(0, end);
  const { values, positionals } = parseFlags(before.slice(command.name.split(' ').length), command);
  const invocation: Invocation = {
    words: positionals,
    rest: end === -1 ? null : argv.slice(end + 1),
    flags: new Flags(values),
  };
  if (invocation.flags.on('help')) return { kind: 'help', command };
  if (invocation.flags.on('version')) return { kind: 'version' };
  checkWords(command, invocation);
  return { kind: 'run', command, invocation };
}

/** `--json` may stand anywhere before “--”, also among the words of a command's name. */
function jsonLast(words: readonly string[]): readonly string[] {
  const end = words.indexOf('--');
  const before = end === -1 ? words : words.slice(0, end);
  if (!before.includes('--json')) return words;
  return [...before.filter((word) => word !== '--json'), '--json', ...(end === -1 ? [] : words.slice(end))];
}

/** What is no command: the first word of several (`accounts`), which has help alone, or nothing. */
function parseGroup([first = '', second]: readonly string[], commands: readonly CommandSpec[]): Parsed {
  const inside = commands.filter(({ name }) => name.startsWith(`${first} `));
  if (inside.length === 0) throw usage(`There is no command “${first}”.`);
  if (second !== undefined && asksForHelp(second)) return { kind: 'help', command: null, commands: inside };
  if (second === '--version') return { kind: 'version' };
  const verbs = inside.map(({ name }) => name.slice(first.length + 1));
  throw usage(`“${first}” needs one of: ${verbs.join(', ')}.`, first);
}

function asksForHelp(word: string): boolean {
  return word === '--help' || word === '-h';
}

interface ParsedFlags {
  readonly values: ConstructorParameters<typeof Flags>[0];
  readonly positionals: string[];
}

/** `--name`, `--name value` and `--name=value`; of a flag given twice the last counts, unless it may be given often. */
function parseFlags(args: readonly string[], command: CommandSpec): ParsedFlags {
  const specs = { ...commonFlags, ...command.flags };
  const values = new Map<string, string | boolean | readonly string[]>();
  const positionals: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const word = String(args[at]);
    if (word === '-' || !word.startsWith('-')) {
      positionals.push(word);
      continue;
    }
    if (word === '-h') {
      values.set('help', true);
      continue;
    }
    const equals = word.indexOf('=');
    const rawName = equals === -1 ? word : word.slice(0, equals);
    const inline = equals === -1 ? null : word.slice(equals + 1);
    const name = rawName.startsWith('--') ? rawName.slice(2) : '';
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    if (spec === undefined) throw usage(`There is no flag ${rawName}${restNote(command)}.`, command.name);
    if (spec.type === 'boolean') {
      if (inline !== null) throw usage(`${rawName} takes no value.`, command.name);
      values.set(name, true);
      continue;
    }
    if (inline === null) at += 1;
    const value = inline ?? valueBehind(rawName, args[at], command);
    const former = values.get(name);
    values.set(
      name,
      spec.multiple === true ? [...(Array.isArray(former) ? former.map(String) : []), value] : value,
    );
  }
  return { values: Object.fromEntries(values), positionals };
}

/** The word behind a flag as its value. Most likely the value was forgotten where it looks like the next flag. */
function valueBehind(rawName: string, value: string | undefined, command: CommandSpec): string {
  if (value === undefined) throw usage(`${rawName} needs a value.`, command.name);
  if (value.length < 2 || !value.startsWith('-')) return value;
  throw usage(
    `${rawName} needs a value; one that begins with “-” is given as ${rawName}=VALUE.`,
    command.name,
  );
}

function checkWords(command: CommandSpec, { words, rest }: Invocation): void {
  if (words.length < command.minWords) throw usage(`${command.words} is missing.`, command.name);
  if (words.length > command.maxWords) {
    throw usage(
      `Unexpected argument '${String(words[command.maxWords])}'${restNote(command)}.`,
      command.name,
    );
  }
  if (command.takesRest === true && (rest === null || rest.length === 0)) {
    throw usage('The command to run is missing: put it behind “--”.', command.name);
  }
  if (command.takesRest !== true && rest !== null && rest.length > 0) {
    throw usage(`Unexpected argument '${String(rest[0])}'.`, command.name);
  }
}

/** What most likely was meant, of a command that runs another one. */
function restNote({ takesRest }: CommandSpec): string {
  return takesRest === true ? '; the command to run goes behind “--”' : '';
}

/** Where a command's own help is. */
export function helpOf(commandName: string): string {
  return `See: rolekey ${commandName} --help.`;
}

function usage(message: string, commandName?: string): AppError {
  return new AppError('usage-invalid', {
    message,
    ...(commandName === undefined ? {} : { remedy: helpOf(commandName) }),
  });
}
