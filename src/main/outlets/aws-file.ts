/** One of the user's two AWS files with our sections in it: what both file outlets have in common. */
import { AppError, isAppError } from '../../shared/errors.ts';
import type { EditResult, Files } from '../ports.ts';
import type { Preview } from './preview.ts';
import { listSections, putSections, removeSections } from './managed-sections.ts';
import type { ManagedSection, SectionEntry, SectionRemoval } from './managed-sections.ts';
import type { Dialect } from './section-file.ts';

/** AWS files that were not there before we wrote them; remembered for as long as they hold a section of ours. */
export interface CreatedFiles {
  has(path: string): boolean;
  add(path: string): void;
  delete(path: string): void;
}

export interface AwsFile {
  readonly path: string;
  /** One write for all entries; a file that is missing is created with mode 0600. */
  put(entries: readonly SectionEntry[]): Promise<EditResult>;
  /** One write for all; a file we created is deleted when nothing is left in it. */
  remove(removals: readonly SectionRemoval[]): Promise<EditResult>;
  list(): Promise<ManagedSection[]>;
  /** Takes away what a write that was cut off left beside the file, and changes nothing in it. */
  tidy(): Promise<void>;
  read(): Promise<Uint8Array | null>;
  previewPut(entries: readonly SectionEntry[]): Promise<Preview>;
  previewRemove(removals: readonly SectionRemoval[]): Promise<Preview>;
}

export interface AwsFileOptions {
  readonly files: Files;
  /** Absolute. */
  readonly path: string;
  readonly createdFiles: CreatedFiles;
}

/**
 * Every call may throw AppError `file-unreadable`, `file-undecodable`, `marker-damaged`; a write also
 * `section-foreign`, `file-readonly`, `file-busy`, `disk-full`. Messages name the file.
 * @param tighten take permissions of group and others from the file.
 */
export function createAwsFile(
  { files, path, createdFiles }: AwsFileOptions,
  dialect: Dialect,
  tighten: boolean,
): AwsFile {
  const options = { createMode: 0o600, tighten };

  function afterPut(before: Uint8Array | null, entries: readonly SectionEntry[]): Uint8Array {
    return naming(path, () => putSections(before, dialect, entries));
  }

  function afterRemove(before: Uint8Array | null, removals: readonly SectionRemoval[]): Uint8Array | null {
    if (before === null) return null;
    const after = naming(path, () => removeSections(before, dialect, removals));
    const emptied = after.length === 0 && before.length > 0;
    return emptied && createdFiles.has(path) ? null : after;
  }

  function sectionsIn(bytes: Uint8Array | null): ManagedSection[] {
    return bytes === null ? [] : naming(path, () => listSections(bytes, dialect));
  }

  async function put(entries: readonly SectionEntry[]): Promise<EditResult> {
    // Remembered before the write: one too many is put right by the next write, one too few leaves a file behind.
    if ((await files.read(path)) === null) createdFiles.add(path);
    const seen = { foreign: false };
    const change = (before: Uint8Array | null): Uint8Array => {
      seen.foreign = before !== null && sectionsIn(before).length === 0;
      return afterPut(before, entries);
    };
    const result = await files.edit(path, change, options);
    if (seen.foreign) createdFiles.delete(path);
    return result;
  }

  async function remove(removals: readonly SectionRemoval[]): Promise<EditResult> {
    const seen = { left: 0 };
    const change = (before: Uint8Array | null): Uint8Array | null => {
      const after = afterRemove(before, removals);
      seen.left = sectionsIn(after).length;
      return after;
    };
    const result = await files.edit(path, change, options);
    if (seen.left === 0) createdFiles.delete(path);
    return result;
  }

  return {
    path,
    put,
    remove,
    read: () => files.read(path),
    list: async () => sectionsIn(await files.read(path)),
    tidy: async () => {
      await files.edit(path, (before) => before, { ...options, tighten: false });
    },
    previewPut: async (entries) => {
      const before = await files.read(path);
      return { path, before, after: afterPut(before, entries) };
    },
    previewRemove: async (removals) => {
      const before = await files.read(path);
      return { path, before, after: afterRemove(before, removals) };
    },
  };
}

/**
 * One profile is never handed out by both files: keys in the one would be taken before the command in the other.
 * @param other the file that is not going to be written.
 * @throws AppError `section-foreign`.
 */
export async function refuseHeld(
  other: AwsFile,
  targets: readonly { readonly accountId: string; readonly profile: string }[],
  { exceptByItself = false } = {},
): Promise<void> {
  const sections = (await other.list()).filter(({ active }) => active);
  const holders = new Map(sections.map(({ profile, accountId }) => [profile, accountId]));
  for (const { accountId, profile } of targets) {
    const holder = holders.get(profile);
    if (holder === undefined || (exceptByItself && holder === accountId)) continue;
    throw new AppError('section-foreign', {
      message: `${other.path}: the AWS profile ${profile} belongs to the account ${holder}.`,
      remedy: 'Choose another name with --aws-profile.',
    });
  }
}

/** Adds the file's path to the message of what `action` throws. */
function naming<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!isAppError(error)) throw error;
    throw new AppError(error.code, {
      message: `${path}: ${error.message}`,
      remedy: error.remedy,
      cause: error,
    });
  }
}
