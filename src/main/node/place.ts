/** Where a file of the user's really is. */
import { readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ifThere, readFailure } from './file-failures.ts';

export interface Place {
  /** As the caller names it, for messages. */
  readonly path: string;
  /** With every symbolic link followed; there need not be a file. */
  readonly target: string;
  /** The path is a symbolic link that leads nowhere: the folder it names is not ours to create. */
  readonly dangling: boolean;
}

/** @throws AppError `file-unreadable` (a circle of links, a folder that may not be searched). */
export async function findPlace(path: string): Promise<Place> {
  try {
    return await follow(resolve(path));
  } catch (cause) {
    throw readFailure(path, cause);
  }

  async function follow(at: string, dangling = false): Promise<Place> {
    const real = await ifThere(realpath(at));
    if (real !== null) return { path, target: real, dangling };
    const folder = (await ifThere(realpath(dirname(at)))) ?? dirname(at);
    const target = join(folder, basename(at));
    const link = await ifThere(readlink(target));
    return link === null ? { path, target, dangling } : await follow(resolve(folder, link), true);
  }
}
