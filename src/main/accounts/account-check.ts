/** An account that is being filled in, judged by every rule that needs neither key nor person. Changes nothing. */
import type { AccountFields, CallOutput, FieldProblem } from '../../shared/api.ts';
import { isAppError } from '../../shared/errors.ts';
import type { Account, Problem } from '../../shared/model.ts';
import type { Outlets } from '../outlets/outlets.ts';
import type { EndpointEnvironment } from '../roles-anywhere/endpoint.ts';
import { checkAccount } from '../roles-anywhere/preflight.ts';
import { draftAccount } from './account-fields.ts';
import { judge, usableRegion, type Draft, type Field } from './account-rules.ts';
import { clashes, clashText } from './settings.ts';

export interface CheckContext {
  /** The accounts there are. */
  readonly existing: readonly Account[];
  readonly environment: EndpointEnvironment;
  readonly outlets: Pick<Outlets, 'preview'>;
}

/**
 * Everything that is wrong with a new account, and what may be. Never throws for what a person typed.
 * @throws what reading the AWS files throws beside AppErrors.
 */
export async function checkNewAccount(
  id: string,
  fields: AccountFields,
  { existing, environment, outlets }: CheckContext,
): Promise<CallOutput<'checkAccount'>> {
  const draft = draftAccount(id, withoutBlanks(fields));
  // The default profile is asked for at a terminal alone.
  const { findings } = judge(draft, { allowDefault: false }, environment);
  const problems: FieldProblem[] = findings.map(({ field, error, message }) => ({
    field,
    code: error.code,
    message,
  }));
  problems.push(...clashProblems(draft, existing));
  const written: (Field | null)[] = ['id', 'awsProfile', 'profileRegion', 'outlet'];
  if (!problems.some(({ field }) => field !== null && written.includes(field))) {
    problems.push(...(await sectionProblems(draft, outlets)));
  }
  return {
    problems: eachOnce(problems),
    warnings: [...warningsOf(draft, environment), ...outletWarnings(draft, null)],
  };
}

/** What an outlet does not do, said where it was asked for. @param former null for a new account. */
export function outletWarnings(
  { outlet, profileRegion }: Pick<Account, 'outlet' | 'profileRegion'>,
  former: Account | null,
): Problem[] {
  if (former?.outlet === outlet && former.profileRegion === profileRegion) return [];
  if (profileRegion === null || outlet === 'credential-process') return [];
  const message =
    'The profile’s region is written into the AWS files with the outlet credential-process only.';
  return [{ code: 'region-not-written', message }];
}

/** A form has its fields before anything stands in them: what is needed and empty is missing, not malformed. */
function withoutBlanks(fields: AccountFields): AccountFields {
  const { roleArn, profileArn, trustAnchorArn, keys, ...others } = fields;
  const written = keys?.filter((key) => key !== '') ?? [];
  return {
    ...others,
    ...(roleArn ? { roleArn } : {}),
    ...(profileArn ? { profileArn } : {}),
    ...(trustAnchorArn ? { trustAnchorArn } : {}),
    ...(written.length > 0 ? { keys: written } : {}),
  };
}

function clashProblems(draft: Draft, existing: readonly Account[]): FieldProblem[] {
  return clashes([...existing, draft])
    .filter(({ later }) => later === draft)
    .map((clash) => ({ field: clash.field, code: 'account-exists', message: `${clashText(clash)}.` }));
}

/** What stands in the way in the AWS files; where one cannot be read at all, that. */
async function sectionProblems(draft: Draft, outlets: CheckContext['outlets']): Promise<FieldProblem[]> {
  try {
    await outlets.preview(draft, null, false);
    return [];
  } catch (error) {
    if (!isAppError(error)) throw error;
    const { code, message } = error;
    return [{ field: code === 'section-foreign' ? 'awsProfile' : null, code, message }];
  }
}

/** The preflight's; its problems are those of the rules. */
function warningsOf(draft: Draft, environment: EndpointEnvironment): readonly Problem[] {
  const { roleArn = '', profileArn = '', trustAnchorArn = '' } = draft;
  const region = usableRegion(draft) ?? '';
  return checkAccount({ ...draft, roleArn, profileArn, trustAnchorArn, region }, environment).warnings;
}

function eachOnce(problems: readonly FieldProblem[]): FieldProblem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}
