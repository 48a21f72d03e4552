// Controls, line and paragraph separators, and the bidirectional controls of UAX #9.
const unprintable = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Foreign text for a sentence: in quotation marks, one line, nothing invisible, at most `max` characters. */
export function quoted(text: string, max = 200): string {
  const shown = Array.from(text.replace(unprintable, '?'));
  return `“${shown.length > max ? `${shown.slice(0, max).join('')}…` : shown.join('')}”`;
}
