/** "Common to all commands": what every command does alike. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { World } from '../../support/world/world.ts';
import { documentOf, jsonFailure, textFailure } from './expectations.ts';
import { connected, failure } from './shapes.ts';

let world: World;

beforeAll(async () => {
  world = await World.open();
  await world.addAccount('ready');
  await world.addAccount('absent', '--private-key', 'pkcs11:token=elsewhere;id=%01');
  await world.addAccount(
    'missing',
    '--private-key',
    '/nowhere/key.pem',
    '--certificate',
    '/nowhere/cert.pem',
  );
  await world.connect('ready');
});
afterAll(() => world.dispose());

/** Every command of the contract as far as it is built, each with words that make it a good one. */
const commands: readonly (readonly [name: string, ...words: string[]])[] = [
  ['accounts add', 'x'],
  ['accounts edit', 'ready'],
  ['accounts list'],
  ['accounts export'],
  ['accounts remove', 'x', '--yes'],
  ['accounts import', '--all'],
  ['connect', 'ready'],
  ['disconnect', 'ready'],
  ['lock'],
  ['status'],
  ['credential-process', '--account', 'ready'],
  ['tokens'],
  ['env', 'ready'],
  ['exec', 'ready'],
  ['whoami', 'ready'],
  ['agent'],
  ['agent stop'],
];
const names = commands.map(([name]) => name);
const line = (name: string, ...words: readonly string[]): string[] => [...name.split(' '), ...words];
/** Command lines as rows of a table, each named by its words. */
const lines = (...all: readonly (readonly string[])[]) =>
  all.map((words) => [words.map((word) => JSON.stringify(word).slice(1, -1)).join(' '), words] as const);

describe('an unknown command is exit 2', () => {
  it.each(
    lines(
      ['bogus'],
      ['Connect'],
      ['accounts'],
      ['accounts', 'bogus'],
      ['agent', 'bogus'],
      ['--bogus'],
      ['-x'],
      [''],
      ['constructor'],
      ['__proto__'],
    ),
  )('%s', async (_named, words) => {
    textFailure(await world.rolekey(words), 2);
    const { error } = documentOf(await world.rolekey([...words, '--json']), failure);
    expect(error.message.length).toBeGreaterThan(10);
  });
});

describe('an unknown flag is exit 2', () => {
  it.each(commands)('%s', async (name, ...words) => {
    const bad = line(name, ...words, '--no-such-flag');
    expect(textFailure(await world.rolekey(bad), 2)).toContain('--no-such-flag');
  });

  it.each(['-j', '--jsonx', '--json=yes', '--constructor', '--__proto__'])('%s of status', async (flag) => {
    textFailure(await world.rolekey(['status', flag]), 2);
  });
});

describe('a word too many or too few is exit 2', () => {
  it.each(
    lines(
      ['accounts', 'add'],
      ['accounts', 'add', 'a', 'b'],
      ['accounts', 'edit'],
      ['accounts', 'edit', 'a', 'b'],
      ['accounts', 'list', 'a'],
      ['accounts', 'remove', '--yes'],
      ['accounts', 'import'],
      ['accounts', 'import', 'a'],
      ['accounts', 'import', '-', '-'],
      ['accounts', 'import', '--all', '--from-profile', 'a'],
      ['connect'],
      ['connect', '--all', 'ready'],
      ['disconnect'],
      ['disconnect', '--all', 'ready'],
      ['lock', 'a'],
      ['credential-process'],
      ['credential-process', 'ready'],
      ['credential-process', '--account'],
      ['tokens', 'a'],
      ['env'],
      ['env', 'a', 'b'],
      ['exec'],
      ['exec', 'ready'],
      ['exec', 'ready', '--'],
      ['exec', '--', 'true'],
      ['whoami'],
      ['agent', 'stop', 'now'],
      ['status', '--', 'ready'],
    ),
  )('%s', async (_named, words) => {
    textFailure(await world.rolekey(words), 2);
  });
});

describe('a value that is none is exit 2', () => {
  it.each(
    lines(
      ['connect', 'ready', '--timeout', 'soon'],
      ['connect', 'ready', '--timeout', '-1'],
      ['connect', 'ready', '--timeout', '1.5'],
      ['connect', 'ready', '--timeout', ''],
      ['credential-process', '--account', 'ready', '--timeout-ms', 'x'],
      ['credential-process', '--account', 'ready', '--timeout-ms', '-5'],
      ['env', 'ready', '--format', 'yaml'],
      ['env', 'ready', '--format', 'constructor'],
      ['accounts', 'edit', 'ready', '--outlet', 'clipboard'],
      ['accounts', 'edit', 'ready', '--unset', 'roleArn'],
      ['accounts', 'edit', 'ready', '--unset', 'nonsense'],
    ),
  )('%s', async (_named, words) => {
    const result = await world.rolekey(words);
    textFailure(result, 2);
  });
});

describe('--help is everywhere: text on standard output, exit 0', () => {
  it.each(lines(['--help'], ['-h'], ['help'], ...names.map((name) => line(name, '--help'))))(
    '%s',
    async (_named, words) => {
      const result = await world.rolekey(words);
      expect(result).toMatchObject({ code: 0, stderr: '' });
      expect(result.stdout).toMatch(/^Usage: rolekey /m);
    },
  );

  it('and of a group of commands', async () => {
    const result = await world.rolekey(['accounts', '--help']);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    for (const name of ['add', 'edit', 'list', 'export', 'remove', 'import']) {
      expect(result.stdout).toContain(`accounts ${name}`);
    }
  });

  it('and names every flag of the contract', async () => {
    const flags: Readonly<Record<string, string>> = {
      'accounts add':
        '--role-arn --profile-arn --trust-anchor-arn --private-key --certificate --intermediates --pkcs11-lib --region --session-duration --role-session-name --label --group --aws-profile --profile-region --outlet --endpoint --use-fips-endpoint --use-dualstack-endpoint --adopt --allow-default --dry-run --json',
      'accounts edit': '--role-arn --unset --adopt --allow-default --dry-run --json',
      'accounts remove': '--yes',
      'accounts import': '--from-profile --all --config-file --id --dry-run',
      connect: '--all --pin-stdin --timeout --no-start',
      disconnect: '--all',
      status: '--watch',
      'credential-process': '--account --timeout-ms',
      tokens: '--pkcs11-lib --login',
      env: '--format',
    };
    for (const [name, given] of Object.entries(flags)) {
      const { stdout } = await world.rolekey(line(name, '--help'));
      for (const flag of given.split(' ')) expect(stdout, name).toContain(`${flag} `);
    }
  });
});

describe('--version is everywhere: exit 0', () => {
  it.each(lines(['--version'], ...names.map((name) => line(name, '--version'))))(
    '%s',
    async (_named, words) => {
      const result = await world.rolekey(words);
      expect(result).toMatchObject({ code: 0, stderr: '' });
      expect(result.stdout).toMatch(/^rolekey \d+\.\d+\.\d+\S*\n$/);
    },
  );
});

describe('--version and --help with --json', () => {
  it.each([
    [['--version', '--json'], 'rolekey'],
    [['--json', '--version'], 'rolekey'],
    [['connect', '--version', '--json'], 'rolekey'],
    [['--help', '--json'], 'help'],
    [['--json'], 'help'],
    [['accounts', 'add', '--json', '--help'], 'help'],
  ])('%j is one document with %s', async (words, field) => {
    const document = documentOf(
      await world.rolekey(words),
      z.strictObject({ version: z.literal(1), [field]: z.string() }),
    );
    expect(document[field]).not.toBe('');
  });
});

describe('standard output that takes nothing', () => {
  const sh = (command: string, env: Record<string, string> = {}) =>
    world.run('/bin/sh', ['-c', command], { env: { CLI: world.cli, ...env } });

  it.each([
    'accounts export',
    'env ready',
    'credential-process --account ready',
    'status --json',
    '--version',
  ])('a full disk is disk-full: %s', async (words) => {
    const { code, stderr } = await sh(`"$CLI" ${words} > /dev/full`);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^rolekey: There is no space left for the output\. [^\n]+\n$/);
  });

  it('a reader that went away is no failure', async () => {
    const { stdout, stderr } = await sh(
      'exec 3>&1; { sleep 0.3; "$CLI" accounts list; echo "exit $?" >&3; } | true; sleep 1',
    );
    expect({ stdout, stderr }).toEqual({ stdout: 'exit 0\n', stderr: '' });
  });
});

describe('a folder that was removed', () => {
  const inRemovedFolder = (...words: string[]) =>
    world.run('/bin/sh', ['-c', 'mkdir gone && cd gone && rmdir ../gone && "$0" "$@"', world.cli, ...words]);

  it.each([['status'], ['accounts', 'list'], ['env', 'ready'], ['credential-process', '--account', 'ready']])(
    'does not keep from %s',
    async (...words) => {
      expect(await inRemovedFolder(...words)).toMatchObject({ code: 0, stderr: '' });
    },
  );

  it('is told where a relative path needs it', async () => {
    const result = await inRemovedFolder('accounts', 'edit', 'ready', '--intermediates', 'ca.pem');
    expect(textFailure(result, 1)).toContain('The current folder does not exist any more.');
  });
});

describe('an error is one line on standard error: rolekey: MESSAGE REMEDY', () => {
  // What a user gave is repeated in messages; a line end in it must not begin a second line.
  it.each(
    lines(
      ['no\nsuch'],
      ['accounts', 'no\nsuch'],
      ['accounts', 'list', 'a\nb'],
      ['status', '--no\nsuch'],
      ['status', 'a\nb'],
      ['accounts', 'edit', 'ready', '--outlet', 'a\nb'],
      ['accounts', 'edit', 'ready', '--unset', 'a\nb'],
      ['accounts', 'edit', 'ready', '--session-duration', 'a\nb'],
      ['accounts', 'edit', 'ready', '--role-arn', 'arn:aws:iam::1:role/a\nb'],
      ['accounts', 'edit', 'ready', '--endpoint', 'http://a\nb/'],
      ['connect', 'ready', '--timeout', 'a\nb'],
      ['env', 'ready', '--format', 'a\nb'],
      ['credential-process', '--account', 'a\nb'],
      ['whoami', 'a\nb'],
      ['tokens', '--pkcs11-lib', 'a\nb'],
    ),
  )('%s', async (_named, words) => {
    const { code, stderr } = await world.rolekey(words);
    expect(code).toBeGreaterThan(0);
    expect(stderr).toMatch(/^rolekey: [^\n]*\n$/);
  });

  it('without control characters that a terminal would obey', async () => {
    const { stderr } = await world.rolekey(['no\u001b[2Jsuch\u0007']);
    expect(stderr).toMatch(/^rolekey: \P{Cc}+\n$/u);
  });
});

describe('--json answers exactly one document', () => {
  it('wherever it stands', async () => {
    for (const words of [
      ['status', '--json', 'nobody'],
      ['--json', 'status', 'nobody'],
      ['status', 'nobody', '--json'],
    ]) {
      jsonFailure(await world.rolekey(words), 'account-unknown');
    }
  });

  it('on a usage error as well, with exit 2', async () => {
    const result = await world.rolekey(['status', '--bogus', '--json']);
    documentOf(result, failure);
    expect(result).toMatchObject({ code: 2, stderr: '' });
  });

  it('but none on a failure of credential-process, whose standard output is for credentials alone', async () => {
    for (const words of [
      ['credential-process', '--account', 'nobody', '--json'],
      ['--json', 'credential-process', '--account', 'nobody'],
      ['credential-process', '--bogus', '--json'],
      ['--json', 'credential-process', '--bogus'],
    ]) {
      textFailure(await world.rolekey(words), 2);
    }
  });

  it('and --json behind “--” belongs to the command that is run', async () => {
    const result = await world.rolekey(['exec', 'ready', '--', 'echo', '--json', '--help']);
    expect(result).toMatchObject({ code: 0, stdout: '--json --help\n', stderr: '' });
  });
});

describe('with several accounts the exit code is that of the first that failed, in argument order', () => {
  it.each([
    { ids: ['ready', 'absent', 'missing'], exit: 4 },
    { ids: ['missing', 'ready', 'absent'], exit: 1 },
    { ids: ['absent', 'missing'], exit: 4 },
    { ids: ['ready'], exit: 0 },
  ])('connect $ids: $exit', async ({ ids, exit }) => {
    const result = await world.rolekey(['connect', ...ids, '--json']);
    const { results } = documentOf(result, connected);
    expect(results.map(({ account }) => account)).toEqual(ids);
    expect(result.code).toBe(exit);
    const text = await world.rolekey(['connect', ...ids]);
    expect(text.code).toBe(exit);
    const failed = ids.filter((id) => id !== 'ready');
    expect(text.stderr.split('\n')).toEqual([
      ...failed.map((id) => expect.stringMatching(new RegExp(`^rolekey: ${id}: \\S`)) as unknown),
      '',
    ]);
  });

  it('whoami', async () => {
    expect((await world.rolekey(['whoami', 'absent', 'nobody'])).code).toBe(4);
    expect((await world.rolekey(['whoami', 'nobody', 'absent'])).code).toBe(2);
  });
});

describe('colour', () => {
  const escape = '\u001b[';

  it('is not used where standard output is no terminal, even if colour is forced on others', async () => {
    const { stdout, stderr } = await world.rolekey(['status'], { env: { FORCE_COLOR: '1' } });
    expect(stdout + stderr).not.toContain(escape);
    expect(stdout).toContain('connected until');
  });

  it.each([
    { env: {}, coloured: true },
    { env: { NO_COLOR: '' }, coloured: true },
    { env: { NO_COLOR: '1' }, coloured: false },
  ])('at a terminal with $env: $coloured', async ({ env, coloured }) => {
    const terminal = world.terminal(['status'], { env: { TERM: 'xterm-256color', ...env } });
    expect(await terminal.ended).toBe(0);
    expect(terminal.output).toContain('connected until');
    expect(terminal.output.includes(escape)).toBe(coloured);
  });
});
