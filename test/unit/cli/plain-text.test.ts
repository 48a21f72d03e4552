import { describe, expect, it } from 'vitest';
import { plain, plainText } from '../../../src/cli/plain-text.ts';

describe('foreign text', () => {
  it.each([
    ['plain', 'plain'],
    ['Žofie’s “key” 🔑', 'Žofie’s “key” 🔑'],
    ['a\nb\r\tc', 'a?b??c'],
    ['\u001b[2J\u0007', '?[2J?'],
    ['\u009b2J\u007f', '?2J?'],
    ['\u202eabc\u2066\u200f', '?abc??'],
    ['a\u2028b\u2029c', 'a?b?c'],
  ])('%j is shown as %j', (text, shown) => {
    expect(plainText(text)).toBe(shown);
  });

  it('is made plain in a template, whose own line ends stay', () => {
    expect(plain`PIN of ${'a\nb'}\n  ${3} tries`).toBe('PIN of a?b\n  3 tries');
  });
});
