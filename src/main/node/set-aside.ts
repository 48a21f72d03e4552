/** Puts a configuration that cannot be used aside, so that Rolekey can go on with defaults. */
import { lstatSync, renameSync } from 'node:fs';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { SettingsFile } from '../ports.ts';

/**
 * Renames the file where it cannot be read or is of a newer version; one that is in order stays. Nothing of it is changed:
 * it lies beside its old place, under a name that was free, a symbolic link as the link it is.
 * @param now milliseconds since the epoch; the name tells it.
 * @returns its new path; null where there was nothing to put aside.
 * @throws AppError `file-readonly` where it cannot be renamed.
 */
export function setAside(file: Pick<SettingsFile<object>, 'path' | 'read'>, now: number): string | null {
  if (isInOrder(file)) return null;
  const stamp = new Date(now).toISOString().slice(0, 19).replaceAll(':', '-');
  const target = freeName(`${file.path}.aside-${stamp}Z`);
  try {
    renameSync(file.path, target);
  } catch (cause) {
    throw new AppError('file-readonly', { message: `${file.path} cannot be put aside.`, cause });
  }
  return target;
}

function isInOrder(file: Pick<SettingsFile<object>, 'read'>): boolean {
  try {
    file.read();
    return true;
  } catch (error) {
    if (isAppError(error, 'config-unreadable') || isAppError(error, 'config-newer')) return false;
    throw error;
  }
}

function freeName(wanted: string): string {
  let name = wanted;
  for (let n = 2; lstatSync(name, { throwIfNoEntry: false }) !== undefined; n += 1)
    name = `${wanted}-${String(n)}`;
  return name;
}
