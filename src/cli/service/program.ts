/** What a service runs, whichever manager runs it. */
import { AppError } from '../../shared/errors.ts';

export interface ServiceProgram {
  /** The program and its arguments; the first is an absolute path. */
  readonly command: readonly [string, ...string[]];
  /** What the agent needs of the environment it was installed from; never a secret, since the file is plain text. */
  readonly environment: Readonly<Record<string, string>>;
}

/** How a file of ours begins, behind what opens a comment: whatever begins otherwise is somebody else's. */
export const fileMarker = 'managed by rolekey';

/**
 * @param what names the text in the message.
 * @throws AppError `cli-path-unsafe` where a text holds what neither kind of file can: control characters.
 */
export function refuseControl(what: string, text: string): void {
  if (!/\p{Cc}/u.test(text)) return;
  throw new AppError('cli-path-unsafe', {
    message: `${what} holds control characters, which a service’s file cannot.`,
    remedy: 'Change it and try again.',
  });
}
