import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unitText } from '../../../../src/cli/service/unit.ts';
import { AppError } from '../../../../src/shared/errors.ts';

const unitOf = (command: readonly [string, ...string[]], environment: Record<string, string> = {}): string =>
  unitText({ command, environment });
const lineOf = (unit: string, key: string): string =>
  unit
    .split('\n')
    .find((line) => line.startsWith(`${key}=`))!
    .slice(key.length + 1);

describe('the command line of the unit', () => {
  it.each<[what: string, path: string, word: string]>([
    ['spaces', '/opt/my apps/rolekey', '"/opt/my apps/rolekey"'],
    ['a percent sign', '/opt/100%/%h', '"/opt/100%%/%%h"'],
    ['a dollar', '/opt/$HOME/${X}', '"/opt/$$HOME/$${X}"'],
    ['two dollars', '/opt/$$', '"/opt/$$$$"'],
    ['quotation marks', `/opt/"a" 'b'`, `"/opt/\\"a\\" 'b'"`],
    ['a backslash', '/opt/a\\n', '"/opt/a\\\\n"'],
    ['letters of all kinds', '/opt/ključ/🔑', '"/opt/ključ/🔑"'],
    ['a semicolon of its own', ';', '";"'],
  ])('has an argument with %s as one word', (_what, path, word) => {
    expect(lineOf(unitOf(['/usr/bin/node', path, 'agent']), 'ExecStart')).toBe(
      `"/usr/bin/node" ${word} "agent"`,
    );
  });

  it('leaves a dollar in the program’s path, where systemd looks for no variable', () => {
    expect(lineOf(unitOf(['/opt/$x 5%/node']), 'ExecStart')).toBe('"/opt/$x 5%%/node"');
  });

  it.each(['/opt/"x"/node', "/opt/it's/node", '/opt/a\\b/node', 'node', ''])(
    'of program %j is refused: systemd takes no such path',
    (program) => {
      expect(() => unitOf([program])).toThrow(expect.objectContaining({ code: 'cli-path-unsafe' }));
    },
  );

  it.each(['/opt/a\nExecStart=/bin/evil', '/opt/\u0000', '/opt/\u001b[2J', '/opt/\u0085'])(
    'with control characters is refused: %j',
    (path) => {
      for (const command of [[path], ['/usr/bin/node', path]] as const) {
        expect(() => unitOf(command)).toThrow(AppError);
      }
    },
  );

  it('means the words it was given, whatever they are', () => {
    const word = fc.string({ unit: 'grapheme' }).filter((text) => !/\p{Cc}/u.test(text));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 4 }), (args) => {
        expect(wordsOf(lineOf(unitOf(['/node', ...args]), 'ExecStart'))).toEqual(['/node', ...args]);
      }),
    );
  });
});

/** Double-quoted words as systemd.syntax(7) and systemd.service(5) read them, for arguments; a fault where they could not. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  let at = 0;
  while (at < line.length) {
    if (line[at] !== '"') throw new Error(`no word at ${String(at)}: ${line}`);
    let word = '';
    for (at += 1; line[at] !== '"'; at += 1) {
      const pair = line.slice(at, at + 2);
      if (['\\\\', '\\"', '%%', '$$'].includes(pair)) at += 1;
      else if (line[at] === undefined || '\\%$'.includes(line[at]!)) throw new Error(`bad: ${pair}`);
      word += line[at]!;
    }
    words.push(word);
    at += 2; // the mark and the space
  }
  return words;
}

describe('the environment of the unit', () => {
  it('is a line a variable, in which a dollar is a dollar', () => {
    const unit = unitOf(['/node'], { AWS_CONFIG_FILE: '/a b/50% "c" $d\\e', TSS2_LOG: 'all+none' });
    expect(unit.split('\n').filter((line) => line.startsWith('Environment='))).toEqual([
      'Environment="AWS_CONFIG_FILE=/a b/50%% \\"c\\" $d\\\\e"',
      'Environment="TSS2_LOG=all+none"',
    ]);
  });

  it('with a line end in it is refused, naming the variable', () => {
    expect(() => unitOf(['/node'], { AWS_CONFIG_FILE: '/a\nExecStart=/bin/evil' })).toThrow(
      /AWS_CONFIG_FILE/,
    );
  });

  it('has no NODE_OPTIONS, not even of the manager', () => {
    expect(lineOf(unitOf(['/node']), 'UnsetEnvironment').split(' ')).toContain('NODE_OPTIONS');
  });
});

it('the unit as a whole', () => {
  const unit = unitOf(['/usr/bin/node', '/opt/rolekey/bin/rolekey', 'agent'], { OPENSC_CONF: '/c' });
  expect(unit.split('\n').filter((line) => !line.startsWith('#'))).toEqual([
    '[Unit]',
    'Description=Rolekey agent: AWS credentials from a hardware key',
    'StartLimitIntervalSec=300',
    'StartLimitBurst=5',
    '',
    '[Service]',
    'Type=exec',
    'ExecStart="/usr/bin/node" "/opt/rolekey/bin/rolekey" "agent"',
    'WorkingDirectory=/',
    'Environment="OPENSC_CONF=/c"',
    'UnsetEnvironment=NODE_OPTIONS NODE_PATH NODE_REPL_EXTERNAL_MODULE NODE_TLS_REJECT_UNAUTHORIZED AWS_ENDPOINT_URL_ROLESANYWHERE AWS_ENDPOINT_URL_STS AWS_ENDPOINT_URL_SIGNIN',
    'Restart=on-failure',
    'RestartSec=5',
    'KillMode=mixed',
    'TimeoutStopSec=30',
    'UMask=0077',
    'LimitCORE=0',
    'NoNewPrivileges=yes',
    'LockPersonality=yes',
    'RestrictRealtime=yes',
    'RestrictSUIDSGID=yes',
    'SystemCallArchitectures=native',
    '',
    '[Install]',
    'WantedBy=default.target',
    '',
  ]);
});
