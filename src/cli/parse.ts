/** From words to a command and its flags. */
import { parseArgs } from 'node:util';
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
  const argv = words[0] === '--json' ? [...words.slice(1), '--json'] : words;
  const [first, second] = argv;
  if (first === undefined || asksForHelp(first) || first === 'help') {
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

function parseFlags(
  args: readonly string[],
  command: CommandSpec,
): { values: ConstructorParameters<typeof Flags>[0]; positionals: string[] } {
  const options = { ...commonFlags, ...command.flags };
  // Not strict: its refusals are paragraphs for programmers, ours are one sentence.
  const parsed = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  for (const token of parsed.tokens) {
    if (token.kind !== 'option') continue;
    const flag = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    const problem = flag === undefined ? `There is no flag ${token.rawName}.` : flagProblem(flag, token);
    if (problem !== null) throw usage(problem, command.name);
  }
  return parsed;
}

/** A flag as it was given: `--label=x` has its value inline, `--label x` behind it. */
interface GivenFlag {
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

/** What is wrong with the value of a flag there is; null: nothing. */
function flagProblem(flag: FlagSpec, { rawName, value, inlineValue }: GivenFlag): string | null {
  if (flag.type === 'boolean') return value === undefined ? null : `${rawName} takes no value.`;
  if (value === undefined) return `${rawName} needs a value.`;
  // Most likely the value was forgotten, and this is the next flag.
  const looksLikeFlag = inlineValue !== true && value.length > 1 && value.startsWith('-');
  return looksLikeFlag
    ? `${rawName} needs a value; one that begins with “-” is given as ${rawName}=VALUE.`
    : null;
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

function usage(message: string, commandName?: string): AppError {
  return new AppError('usage-invalid', {
    message,
    remedy: `See: rolekey ${commandName === undefined ? '' : `${commandName} `}--help.`,
  });
}
