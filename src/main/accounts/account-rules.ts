/**
 * Every rule an account's own fields have, each once: the command line throws the first that is broken, a form shows all.
 * Pure.
 */
import type { FieldProblem } from '../../shared/api.ts';
import { sessionDurationRange } from '../../shared/constants.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { Account } from '../../shared/model.ts';
import { accountSchema, regionSchema } from '../../shared/model.ts';
import { disagreements, parseProfileArn, parseRoleArn, parseTrustAnchorArn } from '../roles-anywhere/arn.ts';
import type { RolesAnywhereArn } from '../roles-anywhere/arn.ts';
import { parseEndpointUrl, resolveEndpoint, type EndpointEnvironment } from '../roles-anywhere/endpoint.ts';
import { isPkcs11Uri, mentionsPin, parseUri } from '../tokens/uri.ts';
import { isAbsolutePath } from './absolute-path.ts';
import { firstIssue, whatIsWrong } from './field-issue.ts';
import type * as z from 'zod';

export interface AccountRules {
  /** Let the account have the AWS profile `default`, which every program uses that names none. */
  readonly allowDefault: boolean;
}

/** A field a person fills in. */
export type Field = NonNullable<FieldProblem['field']>;

/** What is broken, and how each of the two who ask is told. */
export interface Finding {
  /** Null: how fields go together. */
  readonly field: Field | null;
  /** As the command line says it. */
  readonly error: AppError;
  /** As a form says it: a predicate for its label (“is needed.”), else a whole sentence. */
  readonly message: string;
}

const needed = ['roleArn', 'profileArn', 'trustAnchorArn', 'keys'] as const;
type Needed = (typeof needed)[number];

/** An account in which what has no default may be missing. The region is, too, where no anchor tells it. */
export type Draft = {
  readonly [Name in keyof Account]: Account[Name] | (Name extends Needed | 'region' ? undefined : never);
};

export interface Judgement {
  /** In the order in which they are refused. */
  readonly findings: readonly Finding[];
  /** The draft where nothing was found. */
  readonly account: Account | null;
}

/** What people know each field by. */
const flags: Readonly<Record<Field, string>> = {
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
};

/** @param environment what it says of endpoints; {@link noEnvironment} where that is not to count. */
export function judge(draft: Draft, rules: AccountRules, environment: EndpointEnvironment): Judgement {
  const missing = needed.filter((field) => draft[field] === undefined);
  const shape = accountSchema.safeParse(draft);
  const shapes = shape.success ? [] : shapeFindings(draft, shape.error);
  const misshapen = new Set<string | null>(shapes.map(({ field }) => field));
  // One thing wrong with a value is enough: what has the wrong shape is not read any further.
  const others = [
    ...arnFindings(draft),
    ...pinFindings(draft),
    ...fileFindings(draft),
    ...endpointFindings(draft, environment),
    ...defaultFindings(draft, rules),
  ].filter(({ field }) => field === null || !misshapen.has(field));
  const findings = [...missing.map((field) => finding(field, 'is needed')), ...shapes, ...others];
  return { findings, account: findings.length === 0 && shape.success ? shape.data : null };
}

export const noEnvironment: EndpointEnvironment = {
  rolesAnywhereUrl: null,
  useFips: false,
  useDualstack: false,
};

/** The draft's region where it is one, else its anchor's; null where neither tells. */
export function usableRegion({
  region,
  trustAnchorArn,
}: Pick<Draft, 'region' | 'trustAnchorArn'>): string | null {
  if (regionSchema.safeParse(region).success) return region ?? null;
  return anchorOf(trustAnchorArn)?.region ?? null;
}

/** Null where there is none, or it is malformed. */
export function anchorOf(trustAnchorArn: string | undefined): RolesAnywhereArn | null {
  return trustAnchorArn === undefined ? null : readOrNull(() => parseTrustAnchorArn(trustAnchorArn));
}

/**
 * What a schema refused of an account or of what was given for one, as the refusal a person gets.
 * @param error with the field's name somewhere in its path.
 */
export function fieldRefusal(error: z.ZodError): AppError {
  return issueFinding(firstIssue(error)).error;
}

/** A field both given and taken back to its default. */
export function bothGivenAndUnset(field: Field): AppError {
  return invalid(`${flags[field]} cannot be both given and unset`);
}

function shapeFindings(draft: Draft, { issues }: z.ZodError): Finding[] {
  const found = issues.map(issueFinding);
  const idIsBad = found.some(({ field }) => field === 'id');
  return found.filter(({ field }) => {
    if (field === null) return true;
    if (draft[field] === undefined) return false; // told as missing, or with the anchor
    // Label and AWS profile are the ID where they are not given: nobody typed what is wrong with them.
    return !(idIsBad && (field === 'label' || field === 'awsProfile') && draft[field] === draft.id);
  });
}

function issueFinding(issue: z.core.$ZodIssue): Finding {
  const field = issue.path.find((part): part is Field => Object.hasOwn(flags, part));
  if (field === undefined) return whole(null, invalid(`The account ${whatIsWrong(issue)}`));
  if (field !== 'sessionDuration') return finding(field, whatIsWrong(issue));
  const { min, max } = sessionDurationRange;
  const message = `must be a whole number from ${String(min)} to ${String(max)} seconds.`;
  return { field, error: new AppError('duration-range'), message };
}

function arnFindings(draft: Draft): Finding[] {
  const findings: Finding[] = [];
  const read = <T>(
    field: 'roleArn' | 'profileArn' | 'trustAnchorArn',
    parse: (text: string) => T,
  ): T | null => {
    const text = draft[field];
    return text === undefined ? null : attempt(findings, field, () => parse(text));
  };
  const trustAnchor = read('trustAnchorArn', parseTrustAnchorArn);
  const profile = read('profileArn', parseProfileArn);
  const role = read('roleArn', parseRoleArn);
  if (trustAnchor === null || profile === null || role === null) return findings;
  const region = usableRegion(draft) ?? trustAnchor.region;
  return disagreements({ trustAnchor, profile, role }, region).map((error) => whole(null, error));
}

/** A URI's own refusal says more; this is for one that was spelled so wrongly that it is taken for a path. */
function pinFindings(draft: Draft): Finding[] {
  return namesOf(draft)
    .filter(([, text]) => hidesPin(text))
    .map(([field]) =>
      whole(field, invalid('A PIN is only ever typed; it has no place in the name of a key or a file')),
    );
}

function fileFindings(draft: Draft): Finding[] {
  return namesOf(draft).flatMap(([field, text]) => {
    if (hidesPin(text)) return [];
    const broken = field === 'keys' ? keyFinding(text) : fileFinding(field, text);
    return broken === null ? [] : [broken];
  });
}

type Named = 'keys' | 'certificate' | 'intermediates' | 'pkcs11Lib';

/** Everything that names a key or a file. */
function namesOf({ keys, certificate, intermediates, pkcs11Lib }: Draft): [Named, string][] {
  const files = { certificate, intermediates, pkcs11Lib };
  return [
    ...(keys ?? []).map((key): [Named, string] => ['keys', key]),
    ...(Object.entries(files) as [Named, string | null][]).filter(
      (each): each is [Named, string] => each[1] !== null,
    ),
  ];
}

function hidesPin(text: string): boolean {
  return !isPkcs11Uri(text) && mentionsPin(text);
}

function keyFinding(key: string): Finding | null {
  if (isPkcs11Uri(key)) return uriFinding('keys', key);
  if (key.startsWith('ssh-agent:')) {
    if (/^ssh-agent:SHA256:[A-Za-z0-9+/]{43}$/.test(key)) return null;
    return finding('keys', 'names a key of the SSH agent as ssh-agent:SHA256: and 43 characters of Base64');
  }
  if (isCleanPath(key)) return null;
  return finding('keys', 'must be a pkcs11: URI, an absolute path or ssh-agent:SHA256:...');
}

function fileFinding(field: Exclude<Named, 'keys'>, text: string): Finding | null {
  if (field === 'certificate' && isPkcs11Uri(text)) return uriFinding(field, text);
  if (isCleanPath(text)) return null;
  return finding(
    field,
    field === 'certificate' ? 'must be a pkcs11: URI or an absolute path' : 'must be an absolute path',
  );
}

/** A relative module would be another one in another folder. */
function uriFinding(field: 'keys' | 'certificate', text: string): Finding | null {
  const findings: Finding[] = [];
  const uri = attempt(findings, field, () => parseUri(text));
  if (uri === null) return findings[0] ?? null;
  if (uri.modulePath !== null && !isCleanPath(uri.modulePath)) {
    const error = invalid(`The module-path in ${flags[field]} must be an absolute path`);
    return { field, error, message: 'must give its module-path as an absolute path.' };
  }
  const { type } = uri;
  if (field === 'certificate' || type === null || type === 'private') return null;
  return finding(field, `names a private key, and its URI says type=${type}`);
}

function endpointFindings(draft: Draft, environment: EndpointEnvironment): Finding[] {
  const findings: Finding[] = [];
  const { endpoint } = draft;
  const anchor = anchorOf(draft.trustAnchorArn);
  // Where the account names none, what it chooses does not go with its partition or with the environment.
  const field = endpoint === null ? null : 'endpoint';
  if (anchor !== null) {
    const fields = { ...draft, region: usableRegion(draft) ?? anchor.region };
    attempt(findings, field, () => resolveEndpoint(fields, anchor.partition, environment));
  } else if (endpoint !== null) {
    attempt(findings, field, () => parseEndpointUrl(endpoint));
  }
  return findings;
}

/** `[DEFAULT]` is the defaults of every section to programs that read the files with Python's configparser. */
function defaultFindings({ awsProfile }: Draft, { allowDefault }: AccountRules): Finding[] {
  if (allowDefault || awsProfile.toLowerCase() !== 'default') return [];
  const error = new AppError('account-invalid', {
    message: 'The AWS profile “default” is what every program uses that names none.',
    remedy: 'Choose another name with --aws-profile, or allow it with --allow-default.',
  });
  return [
    {
      field: 'awsProfile',
      error,
      message: 'must not be “default”, which every program uses that names none.',
    },
  ];
}

/** Paths are shown to people and written to JSON: control characters have no business in one. */
function isCleanPath(path: string): boolean {
  return isAbsolutePath(path) && !/\p{Cc}/u.test(path);
}

/** What `read` answers; its refusal goes to `findings`, and the answer is null. */
function attempt<T>(findings: Finding[], field: Field | null, read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (!isAppError(error)) throw error;
    findings.push(whole(field, error));
    return null;
  }
}

function readOrNull<T>(read: () => T): T | null {
  return attempt([], null, read);
}

/** @param predicate without a full stop. */
function finding(field: Field, predicate: string): Finding {
  return { field, error: invalid(`${flags[field]} ${predicate}`), message: `${predicate}.` };
}

/** One that is a whole sentence for both. */
function whole(field: Field | null, error: AppError): Finding {
  return { field, error, message: error.message };
}

function invalid(message: string): AppError {
  return new AppError('account-invalid', { message: `${message}.` });
}
