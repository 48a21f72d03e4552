/** The help, made from the table of commands. */
import type { CommandSpec, FlagSpec } from './command.ts';
import { commonFlags } from './parse.ts';

export function overview(commands: readonly CommandSpec[]): string {
  const rows = commands.map(({ name, words, summary }) => [`${name} ${words}`.trim(), summary] as const);
  return [
    'Rolekey turns the hardware key in a laptop into short-lived AWS credentials.',
    '',
    'Usage: rolekey COMMAND [--json]',
    '',
    ...columns(rows),
    '',
    'More of one command: rolekey COMMAND --help. Version: rolekey --version.',
    '',
  ].join('\n');
}

export function commandHelp(command: CommandSpec): string {
  const flags = Object.entries({ ...command.flags, ...commonFlags });
  const required = flags
    .filter(([, flag]) => flag.required === true)
    .map(([name, flag]) => flagText(name, flag));
  return [
    command.summary,
    '',
    `Usage: rolekey ${[command.name, command.words, ...required, '[FLAGS]'].filter((part) => part !== '').join(' ')}${
      command.takesRest === true ? ' -- CMD ARG...' : ''
    }`,
    '',
    ...columns(flags.map(([name, flag]) => [flagText(name, flag), helpText(flag)] as const)),
    '',
  ].join('\n');
}

function helpText({ help, required }: FlagSpec): string {
  return required === true ? `${help} (required)` : help;
}

function flagText(name: string, flag: FlagSpec): string {
  const value = flag.type === 'string' ? ` ${flag.value ?? 'VALUE'}` : '';
  return `--${name}${value}${flag.multiple === true ? ' ...' : ''}`;
}

function columns(rows: readonly (readonly [left: string, right: string])[]): string[] {
  const width = Math.min(Math.max(...rows.map(([left]) => left.length)), 44);
  return rows.map(([left, right]) =>
    left.length > width ? `  ${left}\n  ${' '.repeat(width)}  ${right}` : `  ${left.padEnd(width)}  ${right}`,
  );
}
