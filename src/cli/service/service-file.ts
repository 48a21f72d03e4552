/** A service's file on disk: ours or nobody's business. */
import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { fileMarker } from './program.ts';

/** The text; null where there is no file, `foreign` where what is there is not ours. @throws AppError `file-unreadable`. */
export function readOurs(path: string): { readonly text: string } | 'foreign' | null {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return null;
    if (!stat.isFile()) return 'foreign'; // a link among them: `systemctl mask` makes one
    const text = readFileSync(path, 'utf8');
    return isOurs(text) ? { text } : 'foreign';
  } catch (cause) {
    throw new AppError('file-unreadable', { message: `${path} cannot be read (${errno(cause)}).`, cause });
  }
}

/** By a comment that stands above everything of meaning. */
function isOurs(text: string): boolean {
  const head = text.split('\n').slice(0, 3);
  return head.some((line) => line.startsWith(`# ${fileMarker}:`) || line.startsWith(`<!-- ${fileMarker}:`));
}

/**
 * Writes the file as a whole, mode 0600, below folders made where they are missing.
 * @param uid who the folder must belong to: root with another user's HOME would leave what that user cannot change.
 * @returns whether anything changed.
 * @throws AppError `file-foreign`, `file-unreadable`, `file-readonly`, `disk-full`.
 */
export function writeOurs(path: string, text: string, uid: number): boolean {
  const before = readOurs(path);
  if (before === 'foreign') {
    throw new AppError('file-foreign', { message: `${path} is there already, and is not Rolekey’s.` });
  }
  if (before?.text === text) return false;
  const folder = existingFolder(dirname(path));
  if (statSync(folder).uid !== uid) {
    throw new AppError('file-readonly', {
      message: `The folder ${folder} belongs to another user.`,
      remedy: 'Set HOME and XDG_CONFIG_HOME to folders of your own and try again.',
    });
  }
  const staged = `${path}.rolekey-new`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(staged, text, { mode: 0o600 });
    renameSync(staged, path);
  } catch (cause) {
    rmSync(staged, { force: true });
    throw writeFailure(path, cause);
  }
  return true;
}

/** @throws AppError `file-readonly`. */
export function removeFile(path: string): void {
  try {
    rmSync(path);
  } catch (cause) {
    throw writeFailure(path, cause);
  }
}

function existingFolder(folder: string): string {
  return statSync(folder, { throwIfNoEntry: false }) === undefined ? existingFolder(dirname(folder)) : folder;
}

function writeFailure(path: string, cause: unknown): AppError {
  const code = errno(cause);
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code)
    ? new AppError('disk-full', { message: `The disk of ${path} is full.`, cause })
    : new AppError('file-readonly', { message: `${path} cannot be written (${code}).`, cause });
}

function errno(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
