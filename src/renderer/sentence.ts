/**
 * Sentences with foreign text in them: what a person, a token, a certificate or a program calls itself. It is kept apart
 * until it is shown, each piece isolated, so that it can neither turn the sentence round nor hide in it.
 */
import { controlOrBidi } from '../shared/constants.ts';

export interface Foreign {
  readonly foreign: string;
}
export type Sentence = readonly (string | Foreign)[];

/** Longer than any name that is one; what lies beyond is cut, since laying it out would take the window down. */
const longest = 300;
const steering = new RegExp(controlOrBidi, 'gu');

/** A template whose values are foreign. */
export function sentence(strings: TemplateStringsArray, ...values: readonly string[]): Sentence {
  return strings.flatMap((piece, index) => {
    const value = values[index];
    return value === undefined ? [piece] : [piece, { foreign: visible(value) }];
  });
}

/** Foreign text as it may be shown: every character that steers the reader’s screen is one that can be seen. */
export function visible(text: string): string {
  // Twice the code units hold as many characters at least: the rest need not be taken apart.
  const characters = Array.from(text.slice(0, longest * 2 + 2));
  const cut = characters.length > longest ? `${characters.slice(0, longest).join('')}…` : characters.join('');
  return cut.replace(steering, '\uFFFD');
}

/** The sentence as one text, for a name that only a screen reader says. */
export function flat(words: Sentence): string {
  return words.map((piece) => (typeof piece === 'string' ? piece : piece.foreign)).join('');
}
