/**
 * The Files port: the user's files, changed as a whole or not at all.
 *
 * Other programs write the same files without asking (the AWS CLI truncates and writes in place, and takes no lock).
 * What cannot be prevented is noticed: a file is looked at again just before it is replaced, and once more after.
 */
import { createHash } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../../shared/errors.ts';
import type { EditOptions, EditResult, Files } from '../ports.ts';
import { readFailure, writeFailure } from './file-failures.ts';
import { recover } from './in-place.ts';
import { takeLock } from './lock-file.ts';
import type { Lock } from './lock-file.ts';
import { findPlace } from './place.ts';
import type { Place } from './place.ts';
import { replaceFile } from './replace-file.ts';
import { isUntouched, readAll, statOf, takeSnapshot } from './snapshot.ts';
import type { Snapshot } from './snapshot.ts';
import { sweep } from './staged-file.ts';

/** How long a program may take from truncating a file to writing it, milliseconds. */
const settleMs = 200;
const settleStepMs = 10;
/** How long another process of ours may hold the lock, milliseconds. */
const lockWaitMs = 10_000;
/** How often such a file is looked at before it is taken as it is. */
const maxLooks = 5;
/** How often an edit is tried while other programs write in between. */
const maxAttempts = 10;

type Change = (before: Uint8Array | null) => Uint8Array | null;

/** A file was replaced while another program wrote to it. */
interface Overtaken {
  /** What we put in its place. While that stands there, nobody built on it. */
  readonly ours: Uint8Array | null;
  /** What the other program wrote to the file that has no name any more: the newer content as long as nobody did. */
  readonly theirs: Uint8Array;
}

/** @param runtimeDirectory of this user alone; lock files go to `locks` in it. */
export function createFiles(runtimeDirectory: string): Files {
  const locks = join(runtimeDirectory, 'locks');
  /** Sizes in bytes as last seen here: a file that got smaller since may be half written. */
  const sizes = new Map<string, number>();

  async function read(path: string, maxBytes?: number): Promise<Uint8Array | null> {
    if (maxBytes === undefined && (await isDevice(path))) return null;
    const snapshot = await look(path, path, maxBytes);
    await snapshot?.handle.close();
    return snapshot?.bytes ?? null;
  }

  async function edit(path: string, change: Change, options: EditOptions): Promise<EditResult> {
    const place = await findPlace(path);
    const lock = await lockPlace(place);
    try {
      await cleanUp(place.target).catch((cause: unknown) => {
        throw writeFailure(path, cause);
      });
      return await attempt(place, change, options, maxAttempts);
    } finally {
      await lock.release();
    }
  }

  async function lockPlace({ path, target }: Place): Promise<Lock> {
    const name = createHash('sha256').update(target).digest('hex').slice(0, 32);
    const lock = await takeLock(locks, name, lockWaitMs).catch((cause: unknown) => {
      throw writeFailure(locks, cause);
    });
    if (lock !== null) return lock;
    throw new AppError('file-busy', {
      message: `Another Rolekey process has been holding ${path} for 10 s.`,
    });
  }

  /** @param left how many tries there are, this one included. */
  async function attempt(
    place: Place,
    change: Change,
    options: EditOptions,
    left: number,
    overtaken?: Overtaken,
  ): Promise<EditResult> {
    if (left === 0) {
      throw new AppError('file-busy', { message: `Other programs keep changing ${place.path}.` });
    }
    const failed = (cause: unknown): never => {
      throw writeFailure(place.path, cause);
    };
    const current = await settled(place);
    const bytes = current?.bytes ?? null;
    try {
      const newer = overtaken !== undefined && isSame(bytes, overtaken.ours);
      const after = change(newer ? overtaken.theirs : bytes);
      const mode = modeFor(current, options);
      const tightened = current !== null && after !== null && mode !== permissions(current);
      if (isSame(bytes, after)) {
        if (tightened) await chmod(place.target, mode).catch(failed);
        return { changed: false, tightened };
      }
      const outcome = await replaceFile(place, current, after, mode).catch(failed);
      if (outcome === 'stale') return await attempt(place, change, options, left - 1, overtaken);
      sizes.set(place.target, after?.length ?? 0);
      const theirs = outcome === 'replaced' ? await writtenSince(current) : null;
      if (theirs === null) return { changed: true, tightened };
      const again = await attempt(place, change, options, left - 1, { ours: after, theirs });
      return { ...again, changed: true };
    } finally {
      await current?.handle.close();
    }
  }

  /** The file as it is when nobody seems to be in the middle of writing it. */
  async function settled({ path, target }: Place): Promise<Snapshot | null> {
    for (let looks = 1; ; looks += 1) {
      const snapshot = await look(path, target);
      if (looks === maxLooks || !looksCutOff(target, snapshot)) {
        sizes.set(target, snapshot?.bytes.length ?? 0);
        return snapshot;
      }
      await snapshot?.handle.close();
      await delay(settleMs);
    }
  }

  /** Smaller than when last seen, empty since a moment ago, or longer by now than what was read of it. */
  function looksCutOff(target: string, snapshot: Snapshot | null): boolean {
    const size = snapshot?.bytes.length ?? 0;
    const shrunk = size < (sizes.get(target) ?? 0);
    // A smaller file is looked at once more; one that became empty, until it is filled or the looks are used up.
    if (size > 0) sizes.set(target, size);
    if (snapshot === null) return shrunk;
    const { stat } = snapshot;
    const justEmptied = size === 0 && Math.abs(Date.now() - Number(stat.mtimeMs)) < settleMs;
    return shrunk || justEmptied || BigInt(size) !== stat.size;
  }

  return { read, edit };
}

/** What a process that was killed left of its write, also where nothing is to be written now. */
async function cleanUp(target: string): Promise<void> {
  await sweep(target);
  await recover(target);
}

/** `/dev/null`, a pipe: programs that read AWS files pass over it as if there were no file. */
async function isDevice(path: string): Promise<boolean> {
  const found = await statOf(path).catch(() => null);
  return found !== null && !found.isFile() && !found.isDirectory();
}

async function look(path: string, target: string, maxBytes?: number): Promise<Snapshot | null> {
  try {
    return await takeSnapshot(target, maxBytes);
  } catch (cause) {
    throw readFailure(path, cause);
  }
}

/**
 * What another program wrote to a file after we had looked at it for the last time, while it lost its name to ours.
 * Null where nothing was, and where the file was emptied and not filled in time.
 */
async function writtenSince(replaced: Snapshot | null): Promise<Uint8Array | null> {
  if (replaced === null || (await isUntouched(replaced))) return null;
  for (let waitedMs = 0; waitedMs < settleMs; waitedMs += settleStepMs) {
    const bytes = await readAll(replaced.handle);
    if (bytes.length >= replaced.bytes.length) return bytes;
    await delay(settleStepMs);
  }
  const bytes = await readAll(replaced.handle);
  return bytes.length === 0 ? null : bytes;
}

function permissions({ stat }: Snapshot): number {
  return Number(stat.mode) & 0o7777;
}

function modeFor(current: Snapshot | null, { createMode, tighten }: EditOptions): number {
  if (current === null) return createMode;
  const mode = permissions(current);
  return tighten && process.platform !== 'win32' ? mode & ~0o077 : mode;
}

function isSame(before: Uint8Array | null, after: Uint8Array | null): boolean {
  return before === null || after === null ? before === after : Buffer.compare(before, after) === 0;
}
