/** Giving a file new content, by renaming where that can be and in place where it cannot. */
import { access, constants, mkdir, rename, rm, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ifThere, systemCode } from './file-failures.ts';
import { writeInPlace } from './in-place.ts';
import type { Place } from './place.ts';
import { isCurrent } from './snapshot.ts';
import type { Snapshot } from './snapshot.ts';
import { stage, syncFolder } from './staged-file.ts';

/** `stale`: another program wrote first, and nothing was done. */
export type Outcome = 'replaced' | 'in-place' | 'stale';

/**
 * Puts `after` in the place of `current`; null stands for no file. A folder that is missing is created with mode 0700.
 * @param mode permission bits the file is to have.
 * @throws what node:fs throws.
 */
export async function replaceFile(
  { target, dangling }: Place,
  current: Snapshot | null,
  after: Uint8Array | null,
  mode: number,
): Promise<Outcome> {
  if (current === null) {
    if (!dangling) await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  } else if ((await ifThere(access(target, constants.W_OK))) === null) {
    return 'stale';
  }
  if (after === null) return await putNothing(target, current);
  const outcome = await putByRename(target, current, after, mode);
  if (outcome !== 'impossible') return outcome;
  const lastCheck = (): Promise<boolean> => isCurrent(target, current);
  const written = await writeInPlace(target, current?.bytes ?? Buffer.alloc(0), after, mode, lastCheck);
  return written ? 'in-place' : 'stale';
}

async function putNothing(target: string, current: Snapshot | null): Promise<Outcome> {
  if (!(await isCurrent(target, current))) return 'stale';
  await unlink(target);
  await syncFolder(dirname(target));
  return 'replaced';
}

/** `impossible`: the file would become another one, under its other names or as a mount, or have another owner. */
async function putByRename(
  target: string,
  current: Snapshot | null,
  after: Uint8Array,
  mode: number,
): Promise<Outcome | 'impossible'> {
  if (current !== null && current.stat.nlink > 1n) return 'impossible';
  const owner = current === null ? null : { uid: Number(current.stat.uid), gid: Number(current.stat.gid) };
  const staged = await stage(target, after, { mode, owner });
  if (staged === null) return 'impossible';
  try {
    if (!(await isCurrent(target, current))) return 'stale';
    await rename(staged, target);
  } catch (error) {
    if (['EXDEV', 'EBUSY'].includes(systemCode(error))) return 'impossible';
    if (systemCode(error) === 'ENOENT') return 'stale'; // swept away by a process with another lock folder
    throw error;
  } finally {
    await rm(staged, { force: true });
  }
  await syncFolder(dirname(target));
  return 'replaced';
}
