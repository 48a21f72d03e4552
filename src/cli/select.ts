/** Which accounts a command is for. */
import type { CallInput } from '../shared/api.ts';
import { AppError } from '../shared/errors.ts';
import type { Invocation } from './command.ts';

/** The IDs given, each once, or all. @throws AppError `usage-invalid` for neither and for both. */
export function selectionOf({ words, flags }: Invocation): CallInput<'connect'>['select'] {
  if (flags.on('all') === words.length > 0) {
    throw new AppError('usage-invalid', {
      message: 'Name accounts by ID, or give --all.',
      remedy: 'See the IDs with: rolekey accounts list.',
    });
  }
  return flags.on('all') ? { all: true } : { accounts: [...new Set(words)] };
}
