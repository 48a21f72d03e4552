/** Errors in the words of the account they are about. */
import { accountIdPattern } from '../shared/constants.ts';
import { AppError, isAppError } from '../shared/errors.ts';
import type { State } from '../shared/model.ts';

/** The remedy with the account's ID where it names a command for "ID", so that it can be typed as it is. */
export function remedyFor(account: string, remedy: string): string {
  if (!accountIdPattern.test(account)) return remedy;
  return remedy.replace(/(rolekey (?:connect|accounts edit)) ID\b/g, `$1 ${account}`);
}

/** Accounts with their states, each error with a remedy for its account. */
export function aboutThemselves<T extends { account: string; state: State }>(entries: readonly T[]): T[] {
  return entries.map((entry) => {
    const { error } = entry.state;
    if (error === null) return entry;
    const remedy = remedyFor(entry.account, error.remedy);
    return { ...entry, state: { ...entry.state, error: { ...error, remedy } } };
  });
}

/** What `work` answers. @throws what it throws, with a remedy for this account. */
export async function aboutAccount<T>(account: string, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    if (!isAppError(error)) throw error;
    const { code, message, requestId, cause } = error;
    throw new AppError(code, { message, remedy: remedyFor(account, error.remedy), requestId, cause });
  });
}
