/** Questions of the main side itself, in dialogs of the system: no page can answer them, or forge their words. */
import { dialog, type BrowserWindow, type MessageBoxOptions } from 'electron';
import { plainLine } from './plain-line.ts';

export interface Question {
  readonly message: string;
  /** One thing a line. Shown as it is, but for characters that would steer the dialog. */
  readonly details: readonly string[];
  /** The button that goes on; the other one is always “Cancel”, and the default. */
  readonly action: string;
}

/**
 * @param signal raised where nobody wants to know any more: the dialog goes away.
 * @returns whether the user agreed; closing the dialog is a no.
 */
export async function ask(
  parent: BrowserWindow | null,
  question: Question,
  signal?: AbortSignal,
): Promise<boolean> {
  const options: MessageBoxOptions = {
    type: 'question',
    title: 'Rolekey',
    message: plainLine(question.message),
    detail: question.details.map((line) => plainLine(line)).join('\n'),
    buttons: [question.action, 'Cancel'],
    defaultId: 1,
    cancelId: 1,
    noLink: true,
    ...(signal === undefined ? {} : { signal }),
  };
  const { response } = await show(parent, options);
  return response === 0;
}

/** Says something, and waits until it was read. */
export async function say(
  parent: BrowserWindow | null,
  told: Pick<Question, 'message' | 'details'>,
): Promise<void> {
  await show(parent, {
    type: 'info',
    title: 'Rolekey',
    message: plainLine(told.message),
    detail: told.details.map((line) => plainLine(line)).join('\n'),
    buttons: ['OK'],
  });
}

function show(
  parent: BrowserWindow | null,
  options: MessageBoxOptions,
): Promise<{ readonly response: number }> {
  const isThere = parent !== null && !parent.isDestroyed() && parent.isVisible();
  return isThere ? dialog.showMessageBox(parent, options) : dialog.showMessageBox(options);
}
