/** Whether an agent is alone with the user's things, wherever its socket is. */
import { join } from 'node:path';
import { takeLock, type Lock } from './lock-file.ts';

/**
 * Two agents can live side by side where one was started without XDG_RUNTIME_DIR (cron, su). Only the first takes up what
 * an agent left that crashed: to the second, what the first one serves looks just like that.
 * @param folder of this user's, the same however the agent was started.
 * @param waitMs how long to wait for one that is about to end.
 * @returns null where another agent lives; else to be released at the end. Where the folder cannot be used it is
 * taken to be alone.
 */
export async function beOnlyAgent(folder: string, waitMs: number): Promise<Lock | null> {
  try {
    return await takeLock(join(folder, 'locks'), 'agent', waitMs);
  } catch {
    return { release: () => Promise.resolve() };
  }
}
