/** Text that came from elsewhere, made fit for a terminal and for one line. */
import { controlOrBidi } from '../shared/constants.ts';

const steering = new RegExp(controlOrBidi, 'gu');

/** The text with `?` for every character a terminal would obey, as `ls` shows file names. */
export function plainText(text: string): string {
  return text.replace(steering, '?');
}

/** A template whose values are foreign: what a token, a certificate or a file calls itself. */
export function plain(strings: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return String.raw({ raw: strings }, ...values.map((value) => plainText(String(value))));
}
