import { describe, expect, it } from 'vitest';
import { findAllowedSkip, parseAllowedSkips } from '../../../build/allowed-skips.mjs';

const file = 'test/integration/a.test.ts';

describe('the list of tests that may be skipped', () => {
  it('has file, beginning of the name and reason; comments and empty lines are nothing', () => {
    expect(parseAllowedSkips(`# all\n\n${file} | a disk is full | needs root\n`)).toEqual([
      { file, name: 'a disk is full', reason: 'needs root' },
    ]);
  });

  it.each(['a disk is full', `${file} | a disk is full`, `${file} | | needs root`, `${file} | a | b | c`])(
    'is refused as a whole where a line is %j',
    (line) => {
      expect(() => parseAllowedSkips(line)).toThrow('not FILE | NAME | REASON');
    },
  );

  it.each([
    [file, ' a disk is full: tmpfs', true],
    [file, 'a disk is empty', false],
    [file, 'when a disk is full', false],
    ['test/unit/a.test.ts', 'a disk is full', false],
  ])('speaks of %s “%s”: %s', (where, name, expected) => {
    const allowed = parseAllowedSkips(`${file} | a disk is full | needs root`);
    expect(findAllowedSkip(allowed, where, name) !== undefined).toBe(expected);
  });
});
