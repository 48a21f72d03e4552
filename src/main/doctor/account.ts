/** What an account's own fields tell. Pure. */
import type { Finding } from '../../shared/api.ts';
import type { Findings } from '../roles-anywhere/preflight.ts';
import { failed, warning } from './finding.ts';

/** What to do about what stops nothing, where it may not be what the user wants. */
const remedies: Readonly<Record<string, string>> = {
  'arn-unusual': 'Compare it with the IAM Roles Anywhere console.',
  'endpoint-overridden':
    'If you do not know of it, take it away: rolekey accounts edit ID --unset endpoint; or AWS_ENDPOINT_URL_ROLESANYWHERE from the agent’s environment.',
};

/** Nothing where nothing is wrong: that an account is there is no news. */
export function judgeAccount(account: string, { problems, warnings }: Findings): Finding[] {
  return [
    ...problems.map((error) => failed('account', account, error)),
    ...warnings.map(({ code, message }) => warning('account', account, message, remedies[code] ?? null)),
  ];
}
