/** What an account's own fields tell. Pure. */
import type { Finding } from '../../shared/api.ts';
import type { Findings } from '../roles-anywhere/preflight.ts';
import { failed, warning } from './finding.ts';

/** Nothing where nothing is wrong: that an account is there is no news. */
export function judgeAccount(account: string, { problems, warnings }: Findings): Finding[] {
  return [
    ...problems.map((error) => failed('account', account, error)),
    ...warnings.map(({ message }) => warning('account', account, message, null)),
  ];
}
