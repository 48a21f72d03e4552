/** Accounts made from what a person gave: defaults, edits, and every rule a field has. Pure. */
import type { AccountFields } from '../../shared/api.ts';
import { sessionDurationRange, type UnsettableField } from '../../shared/constants.ts';
import { AppError } from '../../shared/errors.ts';
import type { Account } from '../../shared/model.ts';
import { accountSchema } from '../../shared/model.ts';
import { checkAgreement, parseArns, parseTrustAnchorArn } from '../roles-anywhere/arn.ts';
import { resolveEndpoint } from '../roles-anywhere/endpoint.ts';
import { isPkcs11Uri, mentionsPin, parseUri, type Pkcs11Uri } from '../tokens/uri.ts';
import { isAbsolutePath } from './absolute-path.ts';
import { firstIssue, whatIsWrong } from './field-issue.ts';
import type * as z from 'zod';

export interface AccountRules {
  /** Let the account have the AWS profile `default`, which every program uses that names none. */
  readonly allowDefault: boolean;
}

export interface AccountChanges {
  readonly fields: AccountFields;
  /** Fields that go back to their default. */
  readonly unset: readonly UnsettableField[];
}

/** What people know each field by. */
const flags: Readonly<Record<keyof Account, string>> = {
  id: 'The ID',
  label: '--label',
  group: '--group',
  favourite: 'favourite',
  roleArn: '--role-arn',
  profileArn: '--profile-arn',
  trustAnchorArn: '--trust-anchor-arn',
  region: '--region',
  sessionDuration: '--session-duration',
  roleSessionName: '--role-session-name',
  keys: '--private-key',
  certificate: '--certificate',
  intermediates: '--intermediates',
  pkcs11Lib: '--pkcs11-lib',
  awsProfile: '--aws-profile',
  profileRegion: '--profile-region',
  outlet: '--outlet',
  endpoint: '--endpoint',
  useFipsEndpoint: '--use-fips-endpoint',
  useDualstackEndpoint: '--use-dualstack-endpoint',
  source: 'source',
};

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

/**
 * A whole account from its ID and what was given; the rest are the command line's defaults.
 * @throws AppError `account-invalid`, `arn-malformed`, `arn-mismatch`, `duration-range`, `endpoint-insecure`.
 */
export function makeAccount(id: string, fields: AccountFields, rules: AccountRules): Account {
  const { roleArn, profileArn, trustAnchorArn, keys } = fields;
  const account: Account = {
    id,
    label: fields.label ?? id,
    group: fields.group ?? null,
    favourite: fields.favourite ?? false,
    roleArn: required('roleArn', roleArn),
    profileArn: required('profileArn', profileArn),
    trustAnchorArn: required('trustAnchorArn', trustAnchorArn),
    region: fields.region ?? parseTrustAnchorArn(required('trustAnchorArn', trustAnchorArn)).region,
    sessionDuration: fields.sessionDuration ?? sessionDurationRange.default,
    roleSessionName: fields.roleSessionName ?? null,
    keys: required('keys', keys),
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
  check(account, rules);
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
  if (both !== undefined) throw invalid(`${flags[both]} cannot be both given and unset`);
  const reset = new Set<string>(['id', 'source', 'region', ...unset]);
  const kept = Object.fromEntries(Object.entries(account).filter(([field]) => !reset.has(field)));
  const next: AccountFields = { ...kept, ...given };
  const keepsProfile = (next.awsProfile ?? account.id) === account.awsProfile;
  return makeAccount(account.id, next, { allowDefault: rules.allowDefault || keepsProfile });
}

/**
 * What a schema refused of an account or of what was given for one, as the refusal a person gets.
 * @param error with the field's name somewhere in its path.
 */
export function fieldRefusal(error: z.ZodError): AppError {
  const issue = firstIssue(error);
  const field = issue.path.find((part): part is keyof Account => Object.hasOwn(flags, part));
  if (field === undefined) return invalid(`The account ${whatIsWrong(issue)}`);
  return field === 'sessionDuration'
    ? new AppError('duration-range')
    : invalid(`${flags[field]} ${whatIsWrong(issue)}`);
}

function check(account: Account, rules: AccountRules): void {
  const shape = accountSchema.safeParse(account);
  if (!shape.success) throw fieldRefusal(shape.error);
  const arns = parseArns(account);
  checkAgreement(arns, account.region);
  const files = [...account.keys, account.certificate, account.intermediates, account.pkcs11Lib];
  // A URI's own refusal says more; this is for one that was spelled so wrongly that it is taken for a path.
  if (files.some((text) => text !== null && !isPkcs11Uri(text) && mentionsPin(text))) {
    throw invalid('A PIN is only ever typed; it has no place in the name of a key or a file');
  }
  account.keys.forEach(checkKey);
  if (account.certificate !== null) checkCertificate(account.certificate);
  if (account.intermediates !== null) checkPath('intermediates', account.intermediates);
  if (account.pkcs11Lib !== null) checkPath('pkcs11Lib', account.pkcs11Lib);
  resolveEndpoint(account, arns.trustAnchor.partition, {
    rolesAnywhereUrl: null,
    useFips: false,
    useDualstack: false,
  });
  // `[DEFAULT]` is the defaults of every section to programs that read the files with Python's configparser.
  if (account.awsProfile.toLowerCase() === 'default' && !rules.allowDefault) {
    throw new AppError('account-invalid', {
      message: 'The AWS profile “default” is what every program uses that names none.',
      remedy: 'Choose another name with --aws-profile, or allow it with --allow-default.',
    });
  }
}

function checkKey(key: string): void {
  if (isPkcs11Uri(key)) {
    const { type } = checkUri('--private-key', key);
    if (type !== null && type !== 'private') {
      throw invalid(`--private-key names a private key, and its URI says type=${type}`);
    }
  } else if (key.startsWith('ssh-agent:')) {
    if (/^ssh-agent:SHA256:[A-Za-z0-9+/]{43}$/.test(key)) return;
    throw invalid(
      '--private-key names a key of the SSH agent as ssh-agent:SHA256: and 43 characters of Base64',
    );
  } else if (!isCleanPath(key)) {
    throw invalid('--private-key must be a pkcs11: URI, an absolute path or ssh-agent:SHA256:...');
  }
}

/** @throws AppError also for a module that another folder would make another one. */
function checkUri(flag: string, text: string): Pkcs11Uri {
  const uri = parseUri(text);
  if (uri.modulePath === null || isCleanPath(uri.modulePath)) return uri;
  throw invalid(`The module-path in ${flag} must be an absolute path`);
}

function checkCertificate(certificate: string): void {
  if (isPkcs11Uri(certificate)) checkUri('--certificate', certificate);
  else if (!isCleanPath(certificate))
    throw invalid('--certificate must be a pkcs11: URI or an absolute path');
}

function checkPath(field: 'intermediates' | 'pkcs11Lib', path: string): void {
  if (!isCleanPath(path)) throw invalid(`${flags[field]} must be an absolute path`);
}

/** Paths are shown to people and written to JSON: control characters have no business in one. */
function isCleanPath(path: string): boolean {
  return isAbsolutePath(path) && !/\p{Cc}/u.test(path);
}

function required<Value>(field: keyof Account, value: Value | undefined): Value {
  if (value !== undefined) return value;
  throw invalid(`${flags[field]} is needed`);
}

function invalid(message: string): AppError {
  return new AppError('account-invalid', { message: `${message}.` });
}
