/** The Notifier port where there is no desktop: a line of text each, on standard error. */
import { write } from 'node:fs';
import { controlOrBidi } from '../../shared/constants.ts';
import type { Notification, Notifier } from '../ports.ts';

const everyControl = new RegExp(controlOrBidi.source, 'gu');
/** Who has more accounts than this to connect is not told a command for them. */
const mostNamed = 5;
/** Lines that may wait while their reader takes none; later ones are dropped. */
const mostWaiting = 20;
const standardError = 2;

/** Takes text and calls `done` when it is written, or cannot be. */
export type WriteText = (text: string, done: () => void) => void;

/** Not as streams do, which wait for a reader of the pipe: an agent must serve on though nobody reads what it says. */
export const writeStandardError: WriteText = (text, done) => write(standardError, text, () => done());

/** One line each, in order. What is printed stays printed: nothing is taken back. */
export function createLineNotifier(writeText: WriteText): Notifier {
  const waiting: string[] = [];
  let isWriting = false;
  const next = (): void => {
    const line = waiting.shift();
    isWriting = line !== undefined;
    if (line !== undefined) writeText(`${line}\n`, next);
  };
  return {
    show: (notification) => {
      if (waiting.length < mostWaiting) waiting.push(lineOf(notification));
      if (!isWriting) next();
    },
    withdraw: () => undefined,
  };
}

/** No label can end the line or steer the terminal. */
function lineOf({ title, body, button }: Notification): string {
  const { action } = button;
  const isShort = action.kind === 'connect' && action.accounts.length <= mostNamed;
  const command = isShort ? ` (rolekey connect ${action.accounts.join(' ')})` : '';
  return `${title}. ${body}${command}`.replace(everyControl, '');
}
