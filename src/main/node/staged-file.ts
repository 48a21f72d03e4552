/** New content beside the file it is for: complete and on the disk before it takes the file's name. */
import { randomBytes } from 'node:crypto';
import { open, readdir, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ifThere, systemCode } from './file-failures.ts';

export interface Attributes {
  /** Permission bits. */
  readonly mode: number;
  /** Null: whoever runs this. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
}

/** What the name of a staged file begins with, and that of one staged for a copy of the target (see in-place.ts). */
function prefixOf(target: string): string {
  return `.${basename(target)}.rolekey-`;
}

/** Removes what killed processes staged for `target`: it holds secrets as the file does. Call it under the file's lock. */
export async function sweep(target: string): Promise<void> {
  const folder = dirname(target);
  for (const name of (await ifThere(readdir(folder))) ?? []) {
    if (name.startsWith(prefixOf(target)) && name.endsWith('.tmp'))
      await rm(join(folder, name), { force: true });
  }
}

/**
 * Writes `.NAME.rolekey-RANDOM.tmp` in the folder of `target`.
 * @returns its path, or null where the owner may not be set.
 */
export async function stage(
  target: string,
  bytes: Uint8Array,
  attributes: Attributes,
): Promise<string | null> {
  const path = join(dirname(target), `${prefixOf(target)}${randomBytes(6).toString('hex')}.tmp`);
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    const owned = await setOwner(handle, attributes.owner);
    await handle.chmod(attributes.mode);
    await handle.sync();
    if (owned) return path;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await rm(path, { force: true });
  return null;
}

/** Makes a rename or a removal in a folder last through a power failure. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // a folder cannot be opened there
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function setOwner(handle: FileHandle, owner: Attributes['owner']): Promise<boolean> {
  const { uid, gid } = await handle.stat();
  if (owner === null || (owner.uid === uid && owner.gid === gid)) return true;
  try {
    await handle.chown(owner.uid, owner.gid);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EPERM') return false;
    throw error;
  }
}
