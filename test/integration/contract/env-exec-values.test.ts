/** Whatever an agent answers, a value arrives byte for byte in the shell it is printed for, or is refused. */
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shellFormats } from '../../../src/cli/shell-formats.ts';
import { AppError } from '../../../src/shared/errors.ts';
import type { Result } from '../../support/world/program.ts';
import { World } from '../../support/world/world.ts';
import { cmdReads, powershellReads } from './env-exec-oracle.ts';
import { textFailure } from './expectations.ts';

let world: World;
let agent: Server;
let socket: string;
/** What the agent answers as secret key and session token. */
let answered = { secretAccessKey: '', sessionToken: '' };

beforeAll(async () => {
  world = await World.open();
  socket = join(world.folder('foreign-agent'), 'agent.sock');
  agent = createServer((_request, response) => {
    const credentials = { accessKeyId: 'ASIA', ...answered, expiration: '2026-11-24T12:00:00Z' };
    response.writeHead(200, { 'rolekey-protocol': '1', 'content-type': 'application/json' });
    response.end(JSON.stringify({ credentials, profileRegion: null }));
  });
  await new Promise<void>((resolve) => agent.listen(socket, resolve));
});
afterAll(async () => {
  agent.closeAllConnections();
  agent.close();
  await world.dispose();
});

/** Made to be misread: syntax of some shell each, alone and in each other's company. */
const syntax = [
  ...[
    "'",
    '"',
    '`',
    '$',
    '\\',
    '!',
    '%',
    '^',
    '&',
    '|',
    ';',
    '<',
    '>',
    '(',
    ')',
    '{',
    '}',
    '[',
    ']',
    '*',
    '?',
  ],
  ...[
    '~',
    '#',
    '=',
    ' ',
    '  ',
    '$(id)',
    '`id`',
    '${HOME}',
    '$HOME',
    '%PATH%',
    '!!',
    "'\\''",
    "\\'",
    '\\\\',
    '""',
  ],
  ...[
    "''",
    '$$',
    '-n',
    '--',
    '“',
    '”',
    '„',
    '‘',
    '’',
    'é',
    '�',
    '\u{1f511}',
    '$Env:PATH',
    '`n',
    '`0',
    '^&',
    'a',
    '9',
  ],
];
const hostile = fc
  .array(fc.constantFrom(...syntax), { minLength: 1, maxLength: 12 })
  .map((parts) => parts.join(''));
const control = [
  ...Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)),
  '\u007f',
  '\u0085',
  '\u2028',
];
const values = [...syntax, ...fc.sample(hostile, { numRuns: 400, seed: 5 })];
const setAll = (format: string): string =>
  values.map((value, index) => `${shellFormats[format]!.set(`V${String(index)}`, value)}\n`).join('');

/** Variables as `env -0` prints them. */
const variablesOf = ({ stdout }: Result): Map<string, string> =>
  new Map(
    stdout.split('\0').map((entry) => {
      const at = entry.indexOf('=');
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );

describe('every hostile value arrives', () => {
  it.each([
    ['sh', 'env', 'eval "$(cat "$FILE")"'],
    ['dash', 'env', 'eval "$(cat "$FILE")"'],
    ['bash', 'env', 'eval "$(cat "$FILE")"'],
    ['zsh', 'env', 'eval "$(cat "$FILE")"'],
    ['zsh', 'env', 'setopt rcquotes banghist; eval "$(cat "$FILE")"'],
    ['bash', 'env', 'set -o histexpand; eval "$(cat "$FILE")"'],
    ['bash', 'env', '. "$FILE"'],
    ['sh', 'env-no-export', 'set -a; eval "$(cat "$FILE")"'],
    ['bash', 'env-no-export', 'set -a; eval "$(cat "$FILE")"'],
    ['zsh', 'env-no-export', 'set -a; eval "$(cat "$FILE")"'],
    ['fish', 'fish', 'cat $FILE | source'],
    ['fish', 'fish', 'eval (cat $FILE | string collect)'],
  ])('in %s, by --format %s and %s', async (shell, format, take) => {
    const FILE = world.file('home/lines', setAll(format));
    const result = await world.run(shell, ['-c', `${take}; env -0`], { env: { FILE } });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    const variables = variablesOf(result);
    for (const [index, value] of values.entries()) expect(variables.get(`V${String(index)}`)).toBe(value);
  });

  it('in PowerShell, as its maker’s pages say (Debian has none)', () => {
    for (const value of values) {
      expect(powershellReads(shellFormats.powershell!.set('NAME', value))).toEqual({ name: 'NAME', value });
    }
  });

  it('in cmd.exe, as its maker’s pages say, or is refused (Debian has none)', () => {
    const printed = values.filter((value) => {
      try {
        expect(cmdReads(shellFormats['windows-cmd']!.set('NAME', value))).toEqual({ name: 'NAME', value });
        return true;
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        expect(error.code).toBe('response-invalid');
        return false;
      }
    });
    expect(printed.length).toBeGreaterThan(0);
    for (const value of ['ASIAX', 'a/b+c=', '2026-11-24T12:00:00Z', 'http://127.0.0.1:80/accounts/x']) {
      expect(cmdReads(shellFormats['windows-cmd']!.set('NAME', value)).value).toBe(value);
    }
  });
});

it.each(Object.keys(shellFormats))('%s refuses every control character', (format) => {
  for (const character of control) {
    expect(() => shellFormats[format]!.set('NAME', `a${character}b`)).toThrow(AppError);
  }
});

it('the oracles tell what is not quoted', () => {
  for (const text of ['$HOME', '$(id)', 'a"; id; "b', 'a“; id', '`n', 'a\nb', 'a`']) {
    expect(() => powershellReads(`$Env:NAME="${text}"`)).toThrow();
  }
  for (const text of ['a&id', '%PATH%', 'a b', '^a', '!x!', 'a"', 'é', 'a\nb']) {
    expect(() => cmdReads(`set NAME=${text}`)).toThrow();
  }
});

describe('through the command', () => {
  const secretAccessKey = `a'b"c$(id)\`id\`\\!!%PATH%  ~*#é“”`;
  const sessionToken = `'; exit 7; '`;
  const rolekey = (args: readonly string[]) => world.rolekey(args, { env: { ROLEKEY_SOCKET: socket } });

  it.each([
    ['sh', 'env', 'eval "$(CALL)"'],
    ['bash', 'env', 'eval "$(CALL)"'],
    ['zsh', 'env', 'eval "$(CALL)"'],
    ['dash', 'env-no-export', 'set -a; eval "$(CALL)"'],
    ['fish', 'fish', 'CALL | source'],
  ])('%s has them by --format %s', async (shell, format, take) => {
    answered = { secretAccessKey, sessionToken };
    const call = take.replace('CALL', `"${world.cli}" env dev --format ${format}`);
    const result = await world.run(shell, ['-c', `${call}; env -0`], { env: { ROLEKEY_SOCKET: socket } });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(variablesOf(result).get('AWS_SECRET_ACCESS_KEY')).toBe(secretAccessKey);
    expect(variablesOf(result).get('AWS_SESSION_TOKEN')).toBe(sessionToken);
  });

  it('exec’s command has them', async () => {
    answered = { secretAccessKey, sessionToken };
    const variables = variablesOf(await rolekey(['exec', 'dev', '--', 'env', '-0']));
    expect(variables.get('AWS_SECRET_ACCESS_KEY')).toBe(secretAccessKey);
    expect(variables.get('AWS_SESSION_TOKEN')).toBe(sessionToken);
  });

  it('--format process has them, also what no shell line can carry', async () => {
    answered = { secretAccessKey, sessionToken: 'a\nb' };
    expect((await rolekey(['env', 'dev', '--format', 'process'])).json()).toMatchObject({
      SecretAccessKey: secretAccessKey,
      SessionToken: 'a\nb',
    });
  });

  it.each(['env', 'env-no-export', 'fish', 'powershell', 'windows-cmd'])(
    '--format %s refuses a line end, and prints nothing of it',
    async (format) => {
      answered = { secretAccessKey: 'x\nid', sessionToken: 'y' };
      textFailure(await rolekey(['env', 'dev', '--format', format]), 1);
    },
  );

  it('exec refuses what an environment cannot carry, and the command is not run', async () => {
    answered = { secretAccessKey: 'x\0y', sessionToken: 'y' };
    textFailure(await rolekey(['exec', 'dev', '--', 'echo', 'run']), 1);
  });
});
