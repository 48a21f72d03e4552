/** The outlet `credentials-file`: credentials in the user's `~/.aws/credentials`, from connect to disconnect. */
import type { Credentials } from '../../shared/model.ts';
import type { EditResult } from '../ports.ts';
import { createAwsFile, refuseHeld } from './aws-file.ts';
import type { AwsFileOptions } from './aws-file.ts';
import { configDialect, credentialsDialect } from './dialects.ts';
import type { ManagedSection, SectionEntry, SectionRemoval } from './managed-sections.ts';
import type { Preview } from './preview.ts';
import { mask } from './unified-diff.ts';

export interface CredentialsTarget {
  readonly accountId: string;
  readonly profile: string;
  /** Take over a section of that name that is not ours. What it held comes back when ours is removed. */
  readonly adopt?: boolean;
}

export interface CredentialsEntry extends CredentialsTarget {
  readonly credentials: Credentials;
}

export interface CredentialsContent {
  readonly accountId: string;
  readonly credentials: Credentials;
}

export interface RemoveOptions {
  /** The account is gone for good: leave no marker, either, in a section that stays for lines of the user. */
  readonly forget?: boolean;
}

export interface CredentialsFile {
  /** One write however many entries. Where it answers `tightened`, tell the user that permissions were taken away. */
  put(entries: readonly CredentialsEntry[]): Promise<EditResult>;
  /** One write; an account without a section is passed over. */
  remove(accountIds: readonly string[], options?: RemoveOptions): Promise<EditResult>;
  /** The sections with our marker. */
  managed(): Promise<ManagedSection[]>;
  /** What the file hands out for our accounts, for instance what a killed agent left; a missing value is empty. */
  contents(): Promise<CredentialsContent[]>;
  /** Takes away what a write that was cut off left beside the file, and changes nothing in it. */
  tidy(): Promise<void>;
  /** What `put` would do, values masked; throws what `put` would throw. A config section of the same account is let pass. */
  previewPut(targets: readonly CredentialsTarget[]): Promise<Preview>;
  previewRemove(accountIds: readonly string[], options?: RemoveOptions): Promise<Preview>;
}

export interface CredentialsFileOptions extends AwsFileOptions {
  /** The config file, which must not hand out the same profile. */
  readonly configPath: string;
}

/** @see createAwsFile for what calls may throw. */
export function createCredentialsFile(options: CredentialsFileOptions): CredentialsFile {
  const file = createAwsFile(options, credentialsDialect, true);
  const config = createAwsFile({ ...options, path: options.configPath }, configDialect, false);

  return {
    put: async (entries) => {
      await refuseHeld(config, entries);
      return await file.put(entries.map(entryOf));
    },
    remove: (accountIds, { forget = false } = {}) => file.remove(removals(accountIds, forget)),
    managed: () => file.list(),
    tidy: () => file.tidy(),
    contents: async () => (await file.list()).filter(({ active }) => active).map(contentOf),
    previewPut: async (targets) => {
      await refuseHeld(config, targets, { exceptByItself: true });
      return await file.previewPut(targets.map((target) => entryOf({ ...target, credentials: unshown })));
    },
    previewRemove: (accountIds, { forget = false } = {}) => file.previewRemove(removals(accountIds, forget)),
  };
}

const unshown: Credentials = {
  accessKeyId: mask,
  secretAccessKey: mask,
  sessionToken: mask,
  expiration: mask,
};

function entryOf({ accountId, profile, credentials, adopt = false }: CredentialsEntry): SectionEntry {
  const values = [
    ['aws_access_key_id', credentials.accessKeyId],
    ['aws_secret_access_key', credentials.secretAccessKey],
    ['aws_session_token', credentials.sessionToken],
    ['x_security_token_expires', credentials.expiration],
  ] as const;
  return { accountId, profile, adopt, values, written: [] };
}

function contentOf({ accountId, values }: ManagedSection): CredentialsContent {
  const value = (key: string): string => values.get(key) ?? '';
  return {
    accountId,
    credentials: {
      accessKeyId: value('aws_access_key_id'),
      secretAccessKey: value('aws_secret_access_key'),
      sessionToken: value('aws_session_token'),
      expiration: value('x_security_token_expires'),
    },
  };
}

function removals(accountIds: readonly string[], forget: boolean): SectionRemoval[] {
  return accountIds.map((accountId) => ({ accountId, forget, written: [] }));
}
