/** A screen of its own, on a display number the X server chooses. */
import { endHelper, startHelper } from './helper.ts';

export interface Display {
  /** For DISPLAY. */
  readonly name: string;
  stop(): Promise<void>;
}

/** @throws Error where Xvfb is missing or does not start. */
export async function startDisplay(): Promise<Display> {
  const screen = ['-screen', '0', '1280x800x24', '-nolisten', 'tcp'];
  const { child, line } = await startHelper('Xvfb', ['-displayfd', '3', ...screen], 3);
  return { name: `:${line.trim()}`, stop: () => endHelper(child) };
}
