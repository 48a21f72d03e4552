/** What a check says of one thing it looked at. */
import type { Finding } from '../../shared/api.ts';
import type { AppError } from '../../shared/errors.ts';

/** What is as it should be. */
export function fine(check: string, subject: string, message: string): Finding {
  return { check, status: 'ok', subject, message, remedy: null };
}

/** What works, or may work, but wants attention. */
export function warning(check: string, subject: string, message: string, remedy: string | null): Finding {
  return { check, status: 'warning', subject, message, remedy };
}

/** What keeps something from working. */
export function problem(check: string, subject: string, message: string, remedy: string | null): Finding {
  return { check, status: 'problem', subject, message, remedy };
}

/** A problem in the words of its error. */
export function failed(check: string, subject: string, { message, remedy }: AppError): Finding {
  return problem(check, subject, message, remedy === '' ? null : remedy);
}

/** A remedy with the account's ID where it names a command for “ID”, so that it can be typed as it is. */
export function forAccount(id: string, finding: Finding): Finding {
  const { remedy } = finding;
  if (remedy === null) return finding;
  return {
    ...finding,
    remedy: remedy.replace(/(rolekey (?:connect|disconnect|accounts edit)) ID\b/g, `$1 ${id}`),
  };
}
