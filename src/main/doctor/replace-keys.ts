/**
 * Puts an account in the place of static keys: they leave the AWS files, after a private copy of their sections was made,
 * and the account's own section comes in. All or nothing.
 */
import type { CallInput, CallOutput } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import { formatTime, type Account } from '../../shared/model.ts';
import { editAccount } from '../accounts/account-fields.ts';
import { configDialect, credentialsDialect } from '../outlets/dialects.ts';
import type { Outlets } from '../outlets/outlets.ts';
import type { Preview } from '../outlets/preview.ts';
import type { Dialect } from '../outlets/section-file.ts';
import { unifiedDiff } from '../outlets/unified-diff.ts';
import type { Clock, Files } from '../ports.ts';
import { withoutStaticKeys } from './static-keys.ts';

export interface ReplaceKeysOptions {
  readonly account: (id: string) => Account;
  /** `accounts edit`. */
  readonly edit: (input: CallInput<'accountsEdit'>) => Promise<unknown>;
  /** The outlets on other files than the real ones, to look ahead. */
  readonly outletsOn: (files: Files) => Pick<Outlets, 'preview'>;
  readonly files: Files;
  readonly clock: Clock;
  readonly configPath: string;
  readonly credentialsPath: string;
  /** Where private copies go. */
  readonly backupFolder: string;
}

/** One file with keys in it, before and after. */
interface Planned {
  readonly path: string;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /** The sections that change, as they were. */
  readonly sections: string;
  readonly tighten: boolean;
}

const encoder = new TextEncoder();

/**
 * @throws AppError `account-unknown`, `account-invalid` (no outlet that serves AWS profiles, a name that cannot be one),
 * `usage-invalid` (no keys in that profile), `section-foreign` (the profile is another account's), and what reading and
 * writing the files throws; nothing is changed then.
 */
export async function replaceKeys(
  options: ReplaceKeysOptions,
  { profile, account: id, dryRun }: CallInput<'replaceKeys'>,
): Promise<CallOutput<'replaceKeys'>> {
  const edit = {
    id,
    fields: { awsProfile: profile },
    unset: [],
    adopt: true,
    allowDefault: profile === 'default',
    dryRun: false,
  };
  const former = options.account(id);
  const account = editAccount(former, edit, edit);
  refuseWithoutProfile(account);
  const planned = await plan(options, profile);
  const diff = await diffOf(options, planned, account, former);
  if (dryRun) return { diff, backup: null };
  const backup = await backUp(options, profile, planned);
  const done: Planned[] = [];
  try {
    for (const one of planned) {
      await takeKeys(options.files, one);
      done.push(one);
    }
    await options.edit(edit);
  } catch (error) {
    await putBack(options.files, done, backup);
    throw error;
  }
  return { diff, backup };
}

function refuseWithoutProfile({ id, outlet }: Account): void {
  if (outlet === 'credential-process' || outlet === 'credentials-file') return;
  throw new AppError('account-invalid', {
    message: `The account ${id} has the outlet ${outlet}, which gives no AWS profile its credentials.`,
    remedy: `Change it first: rolekey accounts edit ${id} --outlet credential-process.`,
  });
}

async function plan(
  { files, configPath, credentialsPath }: ReplaceKeysOptions,
  profile: string,
): Promise<Planned[]> {
  const targets: readonly (readonly [path: string, dialect: Dialect, tighten: boolean])[] = [
    [configPath, configDialect, false],
    [credentialsPath, credentialsDialect, true],
  ];
  const planned: Planned[] = [];
  for (const [path, dialect, tighten] of targets) {
    const before = await files.read(path);
    if (before === null) continue;
    const { after, sections } = withoutStaticKeys(before, dialect, profile);
    if (sections !== '') planned.push({ path, before, after, sections, tighten });
  }
  if (planned.length > 0) return planned;
  throw new AppError('usage-invalid', {
    message: `The AWS profile ${profile} has no keys of its own.`,
    remedy: 'See which profiles have some with: rolekey doctor.',
  });
}

/** What the files will be in the end: without the keys, and with the account's section. */
async function diffOf(
  { files, outletsOn }: ReplaceKeysOptions,
  planned: readonly Planned[],
  account: Account,
  former: Account,
): Promise<string> {
  const outlets = outletsOn(withContents(files, new Map(planned.map(({ path, after }) => [path, after]))));
  const previews = await outlets.preview(account, former, true);
  const changed = new Map<string, Preview>(
    planned.map(({ path, before, after }) => [path, { path, before, after }]),
  );
  for (const preview of previews) {
    const real = changed.get(preview.path);
    changed.set(preview.path, real === undefined ? preview : { ...preview, before: real.before });
  }
  return [...changed.values()].map(unifiedDiff).join('');
}

/** The files as they would be read if some had another content. Nothing can be written. */
function withContents(files: Files, contents: ReadonlyMap<string, Uint8Array>): Files {
  return {
    read: async (path) => contents.get(path) ?? files.read(path),
    edit: () => Promise.reject(new AppError('internal')),
  };
}

/** Copies the sections as they are to a new file of the user's alone. @returns its path. */
async function backUp(
  { files, clock, backupFolder }: ReplaceKeysOptions,
  profile: string,
  planned: readonly Planned[],
): Promise<string> {
  const time = formatTime(clock.now());
  const path = `${backupFolder}/${profile}-${time.replaceAll(':', '')}.txt`;
  const text = planned
    .map((one) => `# From ${one.path}, ${time}, before rolekey took the keys out:\n${one.sections}`)
    .join('\n');
  await files.edit(
    path,
    (before) => {
      if (before === null) return encoder.encode(text);
      throw new AppError('file-busy', { message: `There is a file ${path} already.` });
    },
    { createMode: 0o600, tighten: true },
  );
  return path;
}

async function takeKeys(files: Files, { path, before, after, tighten }: Planned): Promise<void> {
  const change = (now: Uint8Array | null): Uint8Array => {
    if (now !== null && isSame(now, before)) return after;
    throw new AppError('file-busy', { message: `Another program changed ${path} just now.` });
  };
  await files.edit(path, change, { createMode: 0o600, tighten });
}

/** Best effort: where a file was changed since, or cannot be written any more, the copy has what was taken. */
async function putBack(files: Files, done: readonly Planned[], backup: string): Promise<void> {
  for (const one of done) {
    if (await isPutBack(files, one)) continue;
    throw new AppError('file-busy', {
      message: `The keys were taken out of ${one.path}, no account could be put in their place, and they could not be put back.`,
      remedy: `They are in ${backup}.`,
    });
  }
}

async function isPutBack(files: Files, { path, before, after }: Planned): Promise<boolean> {
  const change = (now: Uint8Array | null): Uint8Array | null =>
    now !== null && isSame(now, after) ? before : now;
  try {
    return (await files.edit(path, change, { createMode: 0o600, tighten: false })).changed;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return false;
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
