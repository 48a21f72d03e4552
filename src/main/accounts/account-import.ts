/** What an import brings: helper command lines made into accounts, one after another, beside those there are. */
import type { Imported } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import type { Account } from '../../shared/model.ts';
import { regionSchema } from '../../shared/model.ts';
import { makeAccount } from './account-fields.ts';
import { readHelperLine } from './helper-line.ts';
import type { HelperLine, Surroundings } from './helper-line.ts';
import { freeId, freeProfile } from './import-names.ts';

export interface ImportContext extends Omit<Surroundings, 'directory'> {
  /** The accounts there are. */
  readonly existing: readonly Account[];
  /** Names of the profiles in the AWS files Rolekey writes; see `profileNames`. */
  readonly takenProfiles: ReadonlySet<string>;
}

export interface Candidate {
  /** Names it in the answer. */
  readonly source: string;
  readonly commandLine: string;
  /** The AWS profile it comes from. */
  readonly profile: string | null;
  readonly profileRegion: string | null;
  /** The new account's ID; null: made from a name. */
  readonly id: string | null;
}

/**
 * Accounts for what can be imported; for the rest the reason. Never throws for what a candidate holds.
 * @param directory as in {@link Surroundings}.
 */
export function importCandidates(
  candidates: readonly Candidate[],
  directory: string | null,
  context: ImportContext,
): Imported {
  const result: Imported = { imported: [], skipped: [], dropped: [] };
  const ids = new Set(context.existing.map((account) => account.id));
  const profiles = new Set([
    ...context.takenProfiles,
    ...context.existing.map((account) => account.awsProfile),
  ]);
  for (const candidate of candidates) {
    const { source } = candidate;
    try {
      const line = readHelperLine(candidate.commandLine, { ...context, directory });
      const account = accountOf(candidate, line, ids, profiles);
      refuseKnown(account, context.existing);
      ids.add(account.id);
      profiles.add(account.awsProfile);
      result.imported.push(account);
      result.dropped.push(...line.dropped.map(({ flag, reason }) => ({ source, flag, reason })));
      if (candidate.profileRegion !== null && account.profileRegion === null) {
        result.dropped.push({ source, flag: 'region', reason: 'it is not the name of a region' });
      }
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      result.skipped.push({ source, code: error.code, message: error.message });
    }
  }
  return result;
}

function accountOf(
  candidate: Candidate,
  line: HelperLine,
  ids: ReadonlySet<string>,
  profiles: ReadonlySet<string>,
): Account {
  const name = candidate.profile ?? line.profile;
  const id = candidate.id ?? freeId(name ?? roleName(line), ids);
  if (ids.has(id)) throw new AppError('account-exists', { message: `There is an account ${id} already.` });
  const region = regionSchema.safeParse(candidate.profileRegion);
  return makeAccount(
    id,
    { ...line.fields, awsProfile: freeProfile(name ?? id, profiles), profileRegion: region.data ?? null },
    { allowDefault: false },
  );
}

function roleName({ fields }: HelperLine): string {
  return fields.roleArn?.split('/').at(-1) ?? '';
}

/** An import done twice brings nothing the second time. */
function refuseKnown(account: Account, existing: readonly Account[]): void {
  const same = existing.find((other) => identityOf(other) === identityOf(account));
  if (same === undefined) return;
  throw new AppError('account-exists', { message: `It is account ${same.id} already.` });
}

function identityOf(account: Account): string {
  const { roleArn, profileArn, trustAnchorArn, keys, roleSessionName, profileRegion } = account;
  return JSON.stringify([roleArn, profileArn, trustAnchorArn, keys, roleSessionName, profileRegion]);
}
