import { describe, expect, it } from 'vitest';
import type { CommandSpec } from '../../../src/cli/command.ts';
import { commands } from '../../../src/cli/commands.ts';
import { commandHelp, overview } from '../../../src/cli/help.ts';

describe('the overview', () => {
  const text = overview(commands);

  it.each(commands.map(({ name, words, summary }) => [`${name} ${words}`.trim(), summary]))(
    'has “%s” with its summary',
    (usage, summary) => {
      expect(text.split('\n').some((line) => line.startsWith(`  ${usage} `) && line.endsWith(summary))).toBe(
        true,
      );
    },
  );

  it('aligns the summaries, fits a terminal and ends in a newline', () => {
    const lines = text.split('\n').filter((line) => line.startsWith('  '));
    const columns = commands.map(({ summary }) =>
      lines.find((line) => line.endsWith(summary))!.lastIndexOf(summary),
    );
    expect(new Set(columns).size).toBe(1);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(110);
    expect(text.endsWith('\n')).toBe(true);
  });
});

describe('the help of a command', () => {
  it.each(commands.map((command) => [command.name, command] as const))(
    '%s names every flag',
    (_, command) => {
      const text = commandHelp(command);
      expect(text).toContain(command.summary);
      expect(text).toContain(`Usage: rolekey ${command.name}`);
      for (const [name, { help }] of Object.entries(command.flags)) {
        expect(text).toMatch(new RegExp(`^  --${name}\\b`, 'm'));
        expect(text).toContain(help);
      }
      expect(text).toContain('--json');
      expect(text).toContain('--help');
    },
  );

  it('tells what a flag takes, and whether it can be given again', () => {
    const text = commandHelp(commands.find(({ name }) => name === 'accounts add')!);
    expect(text).toMatch(/--private-key KEY \.\.\./);
    expect(text).toMatch(/--label TEXT /);
    expect(text).toMatch(/--adopt /);
  });

  it('marks what a new account needs, and only there', () => {
    const helpOf = (name: string): string => commandHelp(commands.find((each) => each.name === name)!);
    const needed = ['role-arn', 'profile-arn', 'trust-anchor-arn', 'private-key'];
    const marked = (text: string): string[] =>
      Array.from(text.matchAll(/^ {2}--(\S+) .*\(required\)$/gm), ([, name]) => String(name));
    expect(marked(helpOf('accounts add'))).toEqual(needed);
    expect(marked(helpOf('accounts edit'))).toEqual([]);
    expect(helpOf('accounts add')).toMatch(/^Usage: rolekey accounts add ID --role-arn ARN .*\[FLAGS\]$/m);
  });

  it('says what a key may be', () => {
    const add = commandHelp(commands.find(({ name }) => name === 'accounts add')!);
    for (const kind of ['pkcs11:', 'PEM', 'PKCS#12', 'ssh-agent:SHA256:']) expect(add).toContain(kind);
  });

  it('tells of the command to run', () => {
    expect(commandHelp(commands.find(({ name }) => name === 'exec')!)).toContain(
      'Usage: rolekey exec ID [FLAGS] -- CMD ARG...',
    );
  });

  it('gives a flag that is too wide a line of its own', () => {
    const wide: CommandSpec = {
      name: 'x',
      summary: 'S.',
      words: '',
      minWords: 0,
      maxWords: 0,
      flags: { [`f${'o'.repeat(60)}`]: { type: 'boolean', help: 'H' } },
      load: () => Promise.reject(new Error('not run')),
    };
    expect(commandHelp(wide)).toMatch(/^ {2}--fo+\n {48}H$/m);
  });
});
