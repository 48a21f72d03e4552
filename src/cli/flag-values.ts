/** Flag values that are more than text. */
import { resolve } from 'node:path';
import { AppError } from '../shared/errors.ts';
import type { Flags, Terminal } from './command.ts';

/** A whole number. @throws AppError `usage-invalid`. */
export function flagNumber(
  flags: Flags,
  name: string,
  absent: number,
  range: { readonly min: number; readonly max: number },
): number {
  const text = flags.text(name);
  if (text === null) return absent;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= range.min && value <= range.max) return value;
  throw new AppError('usage-invalid', {
    message: `--${name} takes a whole number from ${String(range.min)} to ${String(range.max)}, not “${text}”.`,
  });
}

/**
 * A path, taken from where the command runs.
 * @throws AppError `usage-invalid` for nothing, which would mean that folder itself.
 */
export function absolutePath(flag: string, text: string, terminal: Terminal): string {
  if (text !== '') return resolve(terminal.directory, text);
  throw new AppError('usage-invalid', { message: `--${flag} takes a path, not nothing.` });
}
