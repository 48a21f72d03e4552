import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { posixWords, windowsWords } from '../../../src/main/accounts/shell-words.ts';
import { isAppError } from '../../../src/shared/errors.ts';

/** Answers of Python's own modules, for many inputs at once. */
function python(expression: string, inputs: unknown): unknown[] {
  const script = `import json, shlex, subprocess, sys
def attempt(f, x):
    try: return f(x)
    except ValueError: return None
print(json.dumps([attempt(lambda x: ${expression}, x) for x in json.load(sys.stdin)]))`;
  const answer = execFileSync('python3', ['-c', script], { input: JSON.stringify(inputs), encoding: 'utf8' });
  return JSON.parse(answer) as unknown[];
}

function wordsOrNull(split: () => string[]): string[] | null {
  try {
    return split();
  } catch (error) {
    if (isAppError(error, 'account-invalid')) return null;
    throw error;
  }
}

/** Pieces a shell and shlex agree on; operators, expansions, comments and line breaks are where they part. */
const piece = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(' ', '\t', "'", '"', '\\', '\\\\', '\\"', "''", '""', '=', '--flag', 'a b'),
  },
  fc.constantFrom(
    'pkcs11:id=%01',
    'arn:aws:iam::1:role/x',
    '/p/q',
    'ß',
    '😀',
    '*',
    '?',
    '[',
    '{',
    '%',
    '!',
    '^',
    '@',
    ':',
  ),
);
const line = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(''));

describe('words are those of the programs that would run the line', () => {
  it('as Python’s shlex parts them', () => {
    const lines = fc.sample(line, 20_000);
    const expected = python('shlex.split(x)', lines);
    for (const [index, each] of lines.entries()) {
      expect([each, wordsOrNull(() => posixWords(each, '/home/me'))]).toEqual([each, expected[index]]);
    }
  });

  it('as /bin/sh parts them', () => {
    const words = fc.array(
      fc.string({ unit: 'binary' }).map((word) => word.replace(/[\0\ud800-\udfff\r]/g, '')),
      { maxLength: 6 },
    );
    const lists = fc.sample(words, 100);
    const lines = python('shlex.join(x)', lists) as string[];
    for (const each of lines) {
      const script = `for word in ${each}; do printf '%s\\0' "$word"; done`;
      const told = execFileSync('sh', ['-c', script], { encoding: 'utf8' });
      expect(posixWords(each, '/home/me')).toEqual(told.split('\0').slice(0, -1));
    }
  });

  it('as Microsoft’s C runtime parts what Python writes for it', () => {
    const argument = fc.array(fc.constantFrom('a', ' ', '"', '\\', '\\\\', '\t', 'ß', '-'), {
      maxLength: 10,
    });
    const lists = fc.sample(
      fc.array(
        argument.map((parts) => parts.join('')),
        { maxLength: 6 },
      ),
      5000,
    );
    const lines = python('subprocess.list2cmdline(x)', lists);
    for (const [index, each] of lists.entries()) {
      expect([lines[index], windowsWords(lines[index] as string, 'C:\\Users\\me')]).toEqual([
        lines[index],
        each,
      ]);
    }
  });
});
