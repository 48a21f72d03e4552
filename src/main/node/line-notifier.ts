/** The Notifier port where there is no desktop: a line of text each, for whoever reads them. */
import { controlOrBidi } from '../../shared/constants.ts';
import type { Notification, Notifier } from '../ports.ts';

const everyControl = new RegExp(controlOrBidi.source, 'gu');
/** Who has more accounts than this to connect is not told a command for them. */
const mostNamed = 5;

/**
 * @param say takes a line without its end; null: nobody is told. What it throws is dropped, since an agent must not end
 * because nobody reads what it says.
 * @returns null where nobody is told.
 */
export function createLineNotifier(say: ((line: string) => void) | null): Notifier | null {
  if (say === null) return null;
  return {
    show: (notification) => {
      try {
        say(lineOf(notification));
      } catch {
        // The terminal was closed, or the pipe's reader ended.
      }
    },
    withdraw: () => undefined, // what is printed stays printed
  };
}

/** No label can end the line or steer the terminal. */
function lineOf({ title, body, button }: Notification): string {
  const { action } = button;
  const isShort = action.kind === 'connect' && action.accounts.length <= mostNamed;
  const command = isShort ? ` (rolekey connect ${action.accounts.join(' ')})` : '';
  return `${title}. ${body}${command}`.replace(everyControl, '');
}
