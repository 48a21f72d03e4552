/** Text of others inside what the system shows: menus, dialogs, notifications. */
import { controlOrBidi } from '../../shared/constants.ts';

const everyControl = new RegExp(controlOrBidi.source, 'gu');

/**
 * One line without control and bidirectional characters. What is longer than `most` characters loses its middle: how a
 * path ends says more than how it goes on.
 */
export function plainLine(text: string, most = 400): string {
  const characters = Array.from(text.replace(everyControl, '�'));
  if (characters.length <= most) return characters.join('');
  const half = Math.floor((most - 1) / 2);
  return `${characters.slice(0, half).join('')}…${characters.slice(-half).join('')}`;
}
