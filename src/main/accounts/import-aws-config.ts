/** Import of the `credential_process` lines of an AWS config file. The file is read and never changed. */
import type { Imported } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import { readSections } from '../outlets/ini-document.ts';
import { importCandidates } from './account-import.ts';
import type { Candidate, ImportContext } from './account-import.ts';

export interface ConfigSelection {
  /** Profiles to import; null: every one with a `credential_process`. */
  readonly profiles: readonly string[] | null;
  /** The new account's ID, where it is one account; null: made from the profile's name. */
  readonly id: string | null;
}

/**
 * A relative path in the file means the folder each program happens to be started in. It is taken from the home
 * directory, where terminals start, and that is listed.
 * @returns what was skipped, too, in the order of the selection.
 * @throws AppError `file-undecodable`; `account-invalid` for an ID given to several profiles.
 */
export function importAwsConfig(
  bytes: Uint8Array,
  selection: ConfigSelection,
  context: ImportContext,
): Imported {
  const profiles = readProfiles(bytes);
  const calling = [...profiles.keys()].filter((name) => profiles.get(name)?.has('credential_process'));
  const chosen = new Set(selection.profiles ?? calling);
  if (selection.id !== null && chosen.size > 1) {
    throw new AppError('account-invalid', {
      message: `--id names one account, but ${String(chosen.size)} profiles are to be imported.`,
      remedy: 'Name one profile with --from-profile.',
    });
  }
  const candidates: Candidate[] = [];
  const skipped: Imported['skipped'] = [];
  for (const name of chosen) {
    const keys = profiles.get(name);
    const commandLine = keys?.get('credential_process');
    if (commandLine === undefined) {
      skipped.push({ source: name, ...(keys === undefined ? noSuchProfile : noCommand) });
      continue;
    }
    const profileRegion = keys?.get('region') ?? null;
    candidates.push({ source: name, commandLine, profile: name, profileRegion, id: selection.id });
  }
  const result = importCandidates(candidates, null, context);
  const order = [...chosen];
  const place = ({ source }: { source: string }): number => order.indexOf(source);
  return { ...result, skipped: [...skipped, ...result.skipped].sort((a, b) => place(a) - place(b)) };
}

const noSuchProfile = { code: 'account-unknown', message: 'There is no such profile in the file.' };
const noCommand = { code: 'account-invalid', message: 'The profile has no credential_process.' };

/**
 * Names of the profiles in an AWS config or credentials file. A section `[x]` counts as profile x in either, though
 * it is one in a credentials file only.
 * @throws AppError `file-undecodable`.
 */
export function profileNames(bytes: Uint8Array): ReadonlySet<string> {
  return new Set(readSections(bytes).map(({ name }) => profileName(name) ?? name.trim()));
}

/** The profiles in file order; of one in several sections all keys, later ones first. */
function readProfiles(bytes: Uint8Array): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const profiles = new Map<string, Map<string, string>>();
  for (const { name: header, keys } of readSections(bytes)) {
    const name = profileName(header);
    if (name !== null) profiles.set(name, new Map([...(profiles.get(name) ?? []), ...keys]));
  }
  return profiles;
}

/** `default`, `profile NAME`, `profile "NAME"`; other sections are no profiles to AWS's tools. */
function profileName(header: string): string | null {
  const text = header.trim();
  if (text === 'default') return text;
  const [, quote, quotedName, bareName] = /^profile[ \t]+(?:(["'])(.*)\1|(\S+))$/.exec(text) ?? [];
  return (quote === undefined ? bareName : quotedName) ?? null;
}
