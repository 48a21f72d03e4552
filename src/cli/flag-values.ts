/** Flag values that are more than text. */
import { AppError } from '../shared/errors.ts';
import type { Flags } from './command.ts';

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
