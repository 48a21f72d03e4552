import { describe, expect, it } from 'vitest';
import type { CommandSpec } from '../../../src/cli/command.ts';
import { commands } from '../../../src/cli/commands.ts';
import { parseCommandLine } from '../../../src/cli/parse.ts';
import { AppError } from '../../../src/shared/errors.ts';

function run(line: string | readonly string[], table: readonly CommandSpec[] = commands) {
  const parsed = parseCommandLine(typeof line === 'string' ? line.split(' ') : line, table);
  if (parsed.kind !== 'run') throw new Error(`This is ${parsed.kind}, no command.`);
  return parsed;
}

function refusal(line: string | readonly string[]): AppError {
  try {
    parseCommandLine(typeof line === 'string' ? line.split(' ') : line, commands);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error(`${String(line)} was taken.`);
}

describe('a command line', () => {
  it.each([
    ['connect a b', 'connect', ['a', 'b']],
    ['connect --all', 'connect', []],
    ['accounts add work --role-arn R', 'accounts add', ['work']],
    ['accounts list', 'accounts list', []],
    ['agent', 'agent', []],
    ['agent stop', 'agent stop', []],
    ['--json status', 'status', []],
    ['status --json work', 'status', ['work']],
    ['accounts import -', 'accounts import', ['-']],
  ])('“%s” is %s with %j', (line, name, words) => {
    const { command, invocation } = run(line);
    expect(command.name).toBe(name);
    expect(invocation.words).toEqual(words);
    expect(invocation.rest).toBeNull();
  });

  it('hands flags on by their type', () => {
    const { flags } = run('accounts add a --private-key x --private-key=y --label L --adopt').invocation;
    expect(flags.texts('private-key')).toEqual(['x', 'y']);
    expect(flags.text('label')).toBe('L');
    expect(flags.on('adopt')).toBe(true);
    expect([flags.on('dry-run'), flags.text('group'), flags.texts('unset')]).toEqual([false, null, []]);
  });

  it.each(['--json status', 'status --json', 'accounts --json list', 'exec x --json -- true'])(
    '“%s” asks for JSON',
    (line) => {
      expect(run(line).invocation.flags.on('json')).toBe(true);
    },
  );

  it('takes what is behind “--” as it stands', () => {
    const { invocation } = run(['exec', 'work', '--', 'ls', '--json', '-l', '--', 'a b']);
    expect(invocation.words).toEqual(['work']);
    expect(invocation.rest).toEqual(['ls', '--json', '-l', '--', 'a b']);
    expect(invocation.flags.on('json')).toBe(false);
  });

  it('may end in “--”', () => {
    expect(run('status work --').invocation.words).toEqual(['work']);
  });

  it.each([
    [[], null],
    [['--help'], null],
    [['-h'], null],
    [['help'], null],
    [['--json', '--help'], null],
    [['connect', '--help'], 'connect'],
    [['connect', '-h'], 'connect'],
    [['help', 'connect'], 'connect'],
    [['help', '--json', 'accounts', 'add'], 'accounts add'],
    [['help', 'accounts'], null],
    [['help', '--json'], null],
    [['exec', '--help'], 'exec'],
    [['accounts', 'add', '--help'], 'accounts add'],
    [['accounts', 'add', '--role-arn', 'x', '--help'], 'accounts add'],
    [['credential-process', '--help', '--json'], 'credential-process'],
  ])('%j is a call for help', (words, name) => {
    const parsed = parseCommandLine(words, commands);
    expect(parsed).toMatchObject({ kind: 'help' });
    expect(parsed.kind === 'help' ? (parsed.command?.name ?? null) : '').toBe(name);
  });

  // "--help and --version everywhere."
  it('every command knows --help and --version', () => {
    for (const { name } of commands) {
      expect(parseCommandLine([...name.split(' '), '--help'], commands).kind).toBe('help');
      expect(parseCommandLine([...name.split(' '), '--version'], commands).kind).toBe('version');
    }
  });

  it('a word that stands for several commands knows --help', () => {
    expect(parseCommandLine(['accounts', '--help'], commands).kind).toBe('help');
  });

  it('… and its help is of those alone, and it knows -h and --version', () => {
    const parsed = parseCommandLine(['accounts', '-h'], commands);
    const names = parsed.kind === 'help' && parsed.command === null ? parsed.commands : [];
    expect(names.map(({ name }) => name)).toEqual(
      ['add', 'edit', 'list', 'export', 'remove', 'import'].map((verb) => `accounts ${verb}`),
    );
    expect(parseCommandLine(['accounts', '--version'], commands)).toEqual({ kind: 'version' });
  });

  it('a value may begin with “-” behind “=”, and “-” alone is one', () => {
    const { flags } = run('accounts add a --label=-x --group -').invocation;
    expect([flags.text('label'), flags.text('group')]).toEqual(['-x', '-']);
  });

  it.each([[['--version']], [['--json', '--version']], [['--version', 'connect']]])(
    '%j asks for the version',
    (words) => {
      expect(parseCommandLine(words, commands)).toEqual({ kind: 'version' });
    },
  );

  it.each([
    ['bogus', /bogus/],
    ['--bogus', /--bogus/],
    ['Connect a', /Connect/],
    ['accounts', /add, edit, list/],
    ['accounts bogus', /add, edit, list/],
    ['toString', /toString/],
    ['__proto__', /__proto__/],
    ['status --bogus', /--bogus/],
    ['status -x', /-x/],
    ['status --watch=yes', /--watch/],
    ['connect a --timeout', /--timeout/],
    ['accounts add', /ID is missing/],
    ['accounts add a b', /b/],
    ['accounts list a', /a/],
    ['accounts remove', /ID.* is missing/],
    ['lock now', /now/],
    ['whoami', /is missing/],
    ['env', /is missing/],
    ['exec work', /--/],
    ['exec dev ls -la', /-la; the command to run goes behind “--”/],
    ['exec dev env', /'env'; the command to run goes behind “--”/],
    ['help bogus', /bogus/],
    ['exec work --', /--/],
    ['exec -- ls', /ID is missing/],
    ['status -- ls', /ls/],
    ['accounts add a --json=1', /--json/],
    ['accounts add a --pin 123456', /--pin/],
  ])('“%s” is not understood, and says where', (line, naming) => {
    const error = refusal(line);
    expect(error.code).toBe('usage-invalid');
    expect(error.message).toMatch(naming);
    expect(error.remedy).toMatch(/^See: rolekey .*--help\.$/);
  });

  it.each([
    'status --bogus',
    'accounts add a --label -x',
    'accounts add a --label --group g',
    'connect a --timeout',
    'status --watch=yes',
    'status -x',
  ])('“%s” is refused in one line of plain sentences', (line) => {
    expect(refusal(line).message).toMatch(/^[^\n]+\.$/);
  });
});

describe('the table of commands', () => {
  it('has the commands of the contract that exist now', () => {
    expect(commands.map(({ name }) => name).sort()).toEqual(
      [
        ...['add', 'edit', 'list', 'export', 'remove', 'import'].map((verb) => `accounts ${verb}`),
        ...['connect', 'disconnect', 'lock', 'status', 'credential-process', 'tokens', 'env', 'exec'],
        ...['whoami', 'console', 'agent', 'agent stop', 'agent install', 'agent uninstall'],
        ...['doctor', 'explain', 'cleanup'],
      ].sort(),
    );
  });

  it.each([
    [
      'accounts add',
      [
        ...['role-arn', 'profile-arn', 'trust-anchor-arn', 'private-key', 'certificate', 'intermediates'],
        ...['pkcs11-lib', 'region', 'session-duration', 'role-session-name', 'label', 'group'],
        ...['aws-profile', 'profile-region', 'outlet', 'endpoint', 'use-fips-endpoint'],
        ...['use-dualstack-endpoint', 'adopt', 'allow-default', 'dry-run'],
      ],
    ],
    ['accounts remove', ['yes']],
    ['accounts import', ['from-profile', 'all', 'config-file', 'id', 'dry-run']],
    ['connect', ['all', 'pin-stdin', 'timeout', 'no-start']],
    ['disconnect', ['all']],
    ['status', ['watch']],
    ['doctor', ['no-start', 'replace-keys', 'account']],
    ['explain', []],
    ['cleanup', ['config', 'yes']],
    ['credential-process', ['account', 'timeout-ms']],
    ['tokens', ['pkcs11-lib', 'login']],
    ['env', ['format']],
  ])('%s takes the flags of the contract', (name, flags) => {
    const command = commands.find((each) => each.name === name)!;
    expect(Object.keys(command.flags)).toEqual(expect.arrayContaining(flags));
  });

  it('edit takes what add takes, and --unset', () => {
    const flagsOf = (name: string): string[] =>
      Object.keys(commands.find((each) => each.name === name)!.flags);
    expect(flagsOf('accounts edit').sort()).toEqual([...flagsOf('accounts add'), 'unset'].sort());
  });

  it('takes no secret on the command line', () => {
    for (const { flags } of commands) {
      for (const [name, { type }] of Object.entries(flags)) {
        if (type === 'string') expect(name).not.toMatch(/^pin|-pin|secret|pass/);
      }
    }
  });

  it.each(commands.map((command) => [command.name, command] as const))(
    '%s loads its work',
    async (name, command) => {
      if (name === 'agent') return; // the engine, in a bundle of its own
      expect(await command.load()).toBeTypeOf('function');
    },
  );
});
