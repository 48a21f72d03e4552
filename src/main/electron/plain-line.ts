/** Text of others inside what the system shows: menus, dialogs, notifications. */
import { controlOrBidi } from '../../shared/constants.ts';

const everyControl = new RegExp(controlOrBidi.source, 'gu');

/** One line without control and bidirectional characters, cut after `most` characters. */
export function plainLine(text: string, most = 400): string {
  const characters = Array.from(text.replace(everyControl, '�'));
  return characters.length <= most ? characters.join('') : `${characters.slice(0, most - 1).join('')}…`;
}
