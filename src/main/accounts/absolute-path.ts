import { posix, win32 } from 'node:path';

/** Whether a path names one place whatever the current folder is, on the system it was written for. */
export function isAbsolutePath(path: string): boolean {
  return path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path) || /^\\\\[^\\]/.test(path);
}

/** `path` taken from `directory` (absolute), by the rules of the system `directory` is of. */
export function toAbsolutePath(path: string, directory: string): string {
  if (isAbsolutePath(path)) return path;
  return (directory.startsWith('/') ? posix : win32).join(directory, path);
}
