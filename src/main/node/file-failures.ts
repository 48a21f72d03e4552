/** What the system says when a file of the user cannot be read or written, as this product's errors. */
import { AppError, isAppError } from '../../shared/errors.ts';

/** The `code` of a system error, for example `ENOENT`; empty for any other value. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** What was asked for, or null where there is none (ENOENT). */
export async function ifThere<T>(found: Promise<T>): Promise<T | null> {
  try {
    return await found;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

export function readFailure(path: string, cause: unknown): AppError {
  if (isAppError(cause)) return cause;
  return new AppError('file-unreadable', {
    message: `${path} cannot be read${reason(cause)}.`,
    cause,
  });
}

export function writeFailure(path: string, cause: unknown): AppError {
  if (isAppError(cause)) return cause;
  const full = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(systemCode(cause));
  return full
    ? new AppError('disk-full', { message: `There is no space left to write ${path}.`, cause })
    : new AppError('file-readonly', { message: `${path} cannot be written${reason(cause)}.`, cause });
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the disk is read-only',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
  ELOOP: 'its symbolic links go round in a circle',
  ENOENT: 'its folder is missing',
};

function reason(cause: unknown): string {
  const code = systemCode(cause);
  return code === '' ? '' : `: ${reasons[code] ?? code}`;
}
