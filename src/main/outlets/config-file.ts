/**
 * The outlet `credential-process`: a profile in the user's `~/.aws/config` whose credentials come from the rolekey
 * command. The section lives as long as the account has this outlet.
 */
import { AppError } from '../../shared/errors.ts';
import type { EditResult } from '../ports.ts';
import { createAwsFile, refuseHeld } from './aws-file.ts';
import type { AwsFileOptions } from './aws-file.ts';
import { configDialect, credentialsDialect } from './dialects.ts';
import { readSections } from './ini-document.ts';
import type { KeyValue, ManagedSection, SectionEntry, SectionRemoval } from './managed-sections.ts';
import type { Preview } from './preview.ts';

export interface ConfigEntry {
  readonly accountId: string;
  readonly profile: string;
  readonly profileRegion: string | null;
  /**
   * The region the section was written with before, if any: people set `region` in any section, and a value that is
   * not ours is kept.
   */
  readonly formerRegion?: string | null;
  /** Take over a section of that name that is not ours. What it held comes back when ours is removed. */
  readonly adopt?: boolean;
}

export interface ConfigRemoval {
  readonly accountId: string;
  /** The region the section was written with. */
  readonly profileRegion: string | null;
  /** The account is gone for good: leave no marker, either, in a section that stays for lines of the user. */
  readonly forget?: boolean;
}

export interface ConfigFile {
  /** One write however many entries. */
  put(entries: readonly ConfigEntry[]): Promise<EditResult>;
  /** One write; an account without a section is passed over. */
  remove(removals: readonly ConfigRemoval[]): Promise<EditResult>;
  /** The sections with our marker. */
  managed(): Promise<ManagedSection[]>;
  /** What `put` would do; throws what `put` would throw. A credentials section of the same account is let pass. */
  previewPut(entries: readonly ConfigEntry[]): Promise<Preview>;
  previewRemove(removals: readonly ConfigRemoval[]): Promise<Preview>;
}

export interface ConfigFileOptions extends AwsFileOptions {
  /** The credentials file: keys there would be taken before the `credential_process` of the same profile. */
  readonly credentialsPath: string;
  /** Absolute path of the rolekey command. */
  readonly cliPath: string;
}

/** @see createAwsFile for what calls may throw; `put` also throws AppError `cli-path-unsafe`. */
export function createConfigFile(options: ConfigFileOptions): ConfigFile {
  const { credentialsPath, cliPath } = options;
  const file = createAwsFile(options, configDialect, false);
  const credentials = createAwsFile({ ...options, path: credentialsPath }, credentialsDialect, false);

  /** Keys of the user's in the credentials file would be taken before our `credential_process`, in every SDK. */
  async function refuseShadowed(entries: readonly ConfigEntry[]): Promise<void> {
    const bytes = await credentials.read();
    if (bytes === null) return;
    const ours = new Set((await credentials.list()).map(({ profile }) => profile));
    const withKeys = readSections(bytes).filter(({ keys }) => keys.has('aws_access_key_id'));
    const shadowing = new Map(withKeys.map(({ name, line }) => [credentialsDialect.profileOf(name), line]));
    for (const { profile } of entries) {
      const line = shadowing.get(profile);
      if (line === undefined || ours.has(profile)) continue;
      throw new AppError('section-foreign', {
        message: `${credentialsPath}: the AWS profile ${profile} has keys of its own (line ${String(line)}), which programs take before those of Rolekey.`,
        remedy: 'Remove those keys, or choose another name with --aws-profile.',
      });
    }
  }

  function sectionOf(entry: ConfigEntry): SectionEntry {
    const { accountId, profile, profileRegion, formerRegion = null, adopt = false } = entry;
    const process: KeyValue = ['credential_process', processCommand(cliPath, accountId)];
    return {
      accountId,
      profile,
      adopt,
      values: [process, ...region(profileRegion)],
      written: region(formerRegion),
    };
  }

  return {
    put: async (entries) => {
      refuseUnsafe(cliPath);
      await refuseHeld(credentials, entries);
      await refuseShadowed(entries);
      return await file.put(entries.map(sectionOf));
    },
    remove: (removals) => file.remove(removals.map(removalOf)),
    managed: () => file.list(),
    previewPut: async (entries) => {
      refuseUnsafe(cliPath);
      await refuseHeld(credentials, entries, { exceptByItself: true });
      await refuseShadowed(entries);
      return await file.previewPut(entries.map(sectionOf));
    },
    previewRemove: (removals) => file.previewRemove(removals.map(removalOf)),
  };
}

/** The value of `credential_process` in an account's section. */
export function processCommand(cliPath: string, accountId: string): string {
  return `"${cliPath}" credential-process --account ${accountId}`;
}

function region(value: string | null): KeyValue[] {
  return value === null ? [] : [['region', value]];
}

function removalOf({ accountId, profileRegion, forget = false }: ConfigRemoval): SectionRemoval {
  return { accountId, forget, written: region(profileRegion) };
}

/**
 * Between double quotes these characters mean themselves to `sh -c`, `cmd.exe /C`, Python's shlex and botocore's own
 * splitter for Windows; a backslash does not where another one or the closing quote follows. Two begin a UNC path,
 * which only Windows has.
 */
function refuseUnsafe(cliPath: string): void {
  const absolute = /^(\/|[A-Za-z]:[\\/]|\\\\)/.test(cliPath);
  const plain = /^[A-Za-z0-9\-_./\\: ]+$/.test(cliPath);
  const escaping = /.\\\\|\\$/.test(cliPath);
  if (absolute && plain && !escaping) return;
  throw new AppError('cli-path-unsafe', {
    message: `Programs that read ~/.aws/config may misread the path of the rolekey command: ${JSON.stringify(cliPath)}.`,
  });
}
