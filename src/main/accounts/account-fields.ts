/** Accounts made from what a person gave: defaults and edits. Pure. */
import type { AccountFields } from '../../shared/api.ts';
import { sessionDurationRange, type UnsettableField } from '../../shared/constants.ts';
import type { Account } from '../../shared/model.ts';
import { anchorOf, bothGivenAndUnset, judge, noEnvironment } from './account-rules.ts';
import type { AccountRules, Draft } from './account-rules.ts';

export interface AccountChanges {
  readonly fields: AccountFields;
  /** Fields that go back to their default. */
  readonly unset: readonly UnsettableField[];
}

/**
 * Fields without which the credentials served are no longer those the account describes: a change of one drops a live
 * session. Duration, session name and intermediates count from the next renewal on.
 */
export const sessionVoidingFields = [
  'roleArn',
  'profileArn',
  'trustAnchorArn',
  'region',
  'keys',
  'certificate',
  'pkcs11Lib',
  'endpoint',
  'useFipsEndpoint',
  'useDualstackEndpoint',
] as const satisfies readonly (keyof Account)[];

/** Whether `after` cannot be served by a session of `before`. */
export function voidsSession(before: Account, after: Account): boolean {
  return sessionVoidingFields.some((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));
}

/** An account from its ID and what was given, good or not; the rest are the command line's defaults. */
export function draftAccount(id: string, fields: AccountFields): Draft {
  const { roleArn, profileArn, trustAnchorArn, keys } = fields;
  return {
    id,
    label: fields.label ?? id,
    group: fields.group ?? null,
    favourite: fields.favourite ?? false,
    roleArn,
    profileArn,
    trustAnchorArn,
    region: fields.region ?? anchorOf(trustAnchorArn)?.region,
    sessionDuration: fields.sessionDuration ?? sessionDurationRange.default,
    roleSessionName: fields.roleSessionName ?? null,
    keys,
    certificate: fields.certificate ?? null,
    intermediates: fields.intermediates ?? null,
    pkcs11Lib: fields.pkcs11Lib ?? null,
    awsProfile: fields.awsProfile ?? id,
    profileRegion: fields.profileRegion ?? null,
    outlet: fields.outlet ?? 'credential-process',
    endpoint: fields.endpoint ?? null,
    useFipsEndpoint: fields.useFipsEndpoint ?? false,
    useDualstackEndpoint: fields.useDualstackEndpoint ?? false,
    source: { kind: 'local' },
  };
}

/**
 * A whole account from its ID and what was given; see {@link draftAccount}.
 * @throws AppError `account-invalid`, `arn-malformed`, `arn-mismatch`, `duration-range`, `endpoint-insecure`.
 */
export function makeAccount(id: string, fields: AccountFields, rules: AccountRules): Account {
  const { findings, account } = judge(draftAccount(id, fields), rules, noEnvironment);
  const [first] = findings;
  if (first !== undefined) throw first.error;
  if (account === null) throw new Error('A draft with nothing wrong is an account.');
  return account;
}

/**
 * `account` with changes. Its region follows a new trust anchor, since it can be no other than the anchor's.
 * @throws AppError as {@link makeAccount}; `account-invalid` for a field both given and unset.
 */
export function editAccount(
  account: Account,
  { fields, unset }: AccountChanges,
  rules: AccountRules,
): Account {
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const both = unset.find((field) => field in given);
  if (both !== undefined) throw bothGivenAndUnset(both);
  const reset = new Set<string>(['id', 'source', 'region', ...unset]);
  const kept = Object.fromEntries(Object.entries(account).filter(([field]) => !reset.has(field)));
  const next: AccountFields = { ...kept, ...given };
  const keepsProfile = (next.awsProfile ?? account.id) === account.awsProfile;
  return makeAccount(account.id, next, { allowDefault: rules.allowDefault || keepsProfile });
}
