import { describe, expect, it } from 'vitest';
import { flat, sentence, visible } from '../../../src/renderer/sentence.ts';

describe('foreign text', () => {
  it.each([
    ['plain', 'Ada’s key', 'Ada’s key'],
    ['markup, which is only text', '<img src=x>', '<img src=x>'],
    ['a bidirectional override', 'a\u202Eb\u2066c', 'a\uFFFDb\uFFFDc'],
    ['control characters', 'a\u0000\u001b[2J\nb\u0085', 'a\uFFFD\uFFFD[2J\uFFFDb\uFFFD'],
    ['another direction that is honest', 'חשבון', 'חשבון'],
  ])('%s', (_, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it('is cut by whole characters', () => {
    expect(visible('A'.repeat(300))).toBe('A'.repeat(300));
    expect(visible('A'.repeat(10_000))).toBe(`${'A'.repeat(300)}…`);
    expect(visible('😀'.repeat(301))).toBe(`${'😀'.repeat(300)}…`);
  });
});

describe('a sentence', () => {
  it('keeps what is foreign apart', () => {
    expect(sentence`PIN of token ${'<b>'}, serial ${'\u202E1'}`).toEqual([
      'PIN of token ',
      { foreign: '<b>' },
      ', serial ',
      { foreign: '\uFFFD1' },
      '',
    ]);
  });

  it('can be one text', () => {
    expect(flat(sentence`${'a'} in ${'b'}.`)).toBe('a in b.');
  });
});
