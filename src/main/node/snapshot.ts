/** One look at a file that other programs write, too. */
import type { BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { AppError } from '../../shared/errors.ts';
import { ifThere } from './file-failures.ts';

const chunkBytes = 1 << 18;

/** A file's content, and its state just before that was read. */
export interface Snapshot {
  readonly bytes: Buffer;
  readonly stat: BigIntStats;
  /** Stays with this very file, also when another one takes its name. */
  readonly handle: FileHandle;
}

/**
 * Null where there is no file.
 * @throws AppError `file-unreadable` for what is no regular file or has more than `maxBytes`, and what node:fs throws.
 */
export async function takeSnapshot(path: string, maxBytes = Infinity): Promise<Snapshot | null> {
  const found = await statOf(path);
  if (found === null) return null;
  if (!found.isFile()) {
    throw new AppError('file-unreadable', { message: `${path} is not a regular file.` });
  }
  const handle = await ifThere(open(path, 'r'));
  if (handle === null) return null;
  try {
    const stat = await handle.stat({ bigint: true });
    const bytes = await readAll(handle, maxBytes);
    if (bytes.length > maxBytes) throw tooLong(path, maxBytes);
    return { stat, bytes, handle };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** From the first byte, wherever the handle stands, to the end; or no further once there are more than `maxBytes`. */
export async function readAll(handle: FileHandle, maxBytes = Infinity): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let position = 0;
  while (position <= maxBytes) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, position);
    if (bytesRead === 0) break;
    chunks.push(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
  return Buffer.concat(chunks);
}

function tooLong(path: string, maxBytes: number): AppError {
  return new AppError('file-unreadable', {
    message: `${path} is longer than ${String(maxBytes / 1024)} KiB, the most such a file may have.`,
    remedy: 'Check whether it is the file you mean.',
  });
}

/** Whether `path` still names the file of the snapshot, untouched since. */
export async function isCurrent(path: string, snapshot: Snapshot | null): Promise<boolean> {
  const now = await statOf(path);
  if (now === null || snapshot === null) return now === snapshot;
  const then = snapshot.stat;
  return (
    now.dev === then.dev && now.ino === then.ino && now.ctimeNs === then.ctimeNs && isUnwritten(now, then)
  );
}

/** Whether nothing was written to the snapshot's own file since, whatever name it has now. */
export async function isUntouched({ handle, stat: then }: Snapshot): Promise<boolean> {
  return isUnwritten(await handle.stat({ bigint: true }), then);
}

function isUnwritten(now: BigIntStats, then: BigIntStats): boolean {
  return now.size === then.size && now.mtimeNs === then.mtimeNs;
}

/** Links are followed; null where there is nothing. */
export function statOf(path: string): Promise<BigIntStats | null> {
  return ifThere(stat(path, { bigint: true }));
}
