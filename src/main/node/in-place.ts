/**
 * Writing a file without giving it a new identity: for one with several hard links, or a mount on it.
 *
 * Before the first byte is written, the old and the new content are put beside it as `NAME.rolekey-before` and
 * `NAME.rolekey-after` (mode 0600). Both there means: a write is under way, or was cut off and is to be undone.
 */
import { open, readFile, rename, rm } from 'node:fs/promises';
import { AppError } from '../../shared/errors.ts';
import { ifThere } from './file-failures.ts';
import { stage } from './staged-file.ts';

/**
 * @param mode permission bits the file is to have.
 * @param lastCheck whether `target` still holds `before`; asked when everything is ready.
 * @returns false where it does not, and nothing was written.
 */
export async function writeInPlace(
  target: string,
  before: Uint8Array,
  after: Uint8Array,
  mode: number,
  lastCheck: () => Promise<boolean>,
): Promise<boolean> {
  let current: boolean;
  try {
    await putCopy(target, 'after', after);
    await putCopy(target, 'before', before);
    current = await lastCheck();
    if (current) await overwrite(target, after, mode);
  } catch (error) {
    await recover(target);
    throw error;
  }
  await removeCopies(target);
  return current;
}

/**
 * Gives a file back the content from before a write that was cut off. Call it under the file's lock.
 * @throws AppError `file-unreadable` where the file holds neither that content nor the new one nor a mix of both.
 */
export async function recover(target: string): Promise<void> {
  const before = await ifThere(readFile(copyOf(target, 'before')));
  const after = await ifThere(readFile(copyOf(target, 'after')));
  if (before !== null && after !== null) {
    const now = (await ifThere(readFile(target))) ?? Buffer.alloc(0);
    if (!isMix(now, before, after)) {
      throw new AppError('file-unreadable', {
        message: `${target} was changed by another program after Rolekey's own write to it was cut off.`,
        remedy: `Compare it with ${copyOf(target, 'before')}, then remove that file.`,
      });
    }
    if (!now.equals(after)) await overwrite(target, before);
  }
  await removeCopies(target);
}

/** Every byte, at its place, is of one content or the other: no other program wrote there. */
function isMix(now: Buffer, before: Buffer, after: Buffer): boolean {
  if (now.length < Math.min(before.length, after.length)) return false;
  return now.every((byte, index) => byte === before[index] || byte === after[index]);
}

async function overwrite(target: string, bytes: Uint8Array, mode?: number): Promise<void> {
  const handle = await open(target, 'r+');
  try {
    if (mode !== undefined) await handle.chmod(mode); // first: where it is not permitted, nothing is written
    await handle.writeFile(bytes);
    await handle.truncate(bytes.length);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

type Copy = 'before' | 'after';

function copyOf(target: string, which: Copy): string {
  return `${target}.rolekey-${which}`;
}

/** Staged and renamed, so that a copy is complete as soon as it is there. */
async function putCopy(target: string, which: Copy, bytes: Uint8Array): Promise<void> {
  const copy = copyOf(target, which);
  const staged = await stage(copy, bytes, { mode: 0o600, owner: null });
  if (staged !== null) await rename(staged, copy);
}

async function removeCopies(target: string): Promise<void> {
  await rm(copyOf(target, 'before'), { force: true });
  await rm(copyOf(target, 'after'), { force: true });
}
