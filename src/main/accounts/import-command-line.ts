/** Import of one `aws_signing_helper` command line, typed or pasted. */
import type { Imported } from '../../shared/api.ts';
import { importCandidates } from './account-import.ts';
import type { ImportContext } from './account-import.ts';

export interface TypedLine {
  readonly commandLine: string;
  /** Absolute path of the folder it was typed in; null: not known, see `Surroundings`. */
  readonly directory: string | null;
  /** The new account's ID; null: made from the profile `update` writes, else from the role's name. */
  readonly id: string | null;
}

/** What a line copied from an AWS config file may begin with; a byte order mark is white space here. */
const keyOfConfig = /^\s*(credential_process\s*=\s*)?/;

export function importCommandLine(
  { commandLine, directory, id }: TypedLine,
  context: ImportContext,
): Imported {
  const candidate = {
    source: 'stdin',
    commandLine: commandLine.replace(keyOfConfig, ''),
    profile: null,
    profileRegion: null,
    id,
  };
  return importCandidates([candidate], directory, context);
}
