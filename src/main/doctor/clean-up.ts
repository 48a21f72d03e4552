/** `rolekey cleanup`, the agent's half: nothing of Rolekey's is left in the AWS files, and nothing else is changed. */
import { isAppError, toErrorShape } from '../../shared/errors.ts';
import type { CallOutput } from '../../shared/api.ts';
import type { Account } from '../../shared/model.ts';
import type { ConfigFile } from '../outlets/config-file.ts';
import type { CredentialsFile } from '../outlets/credentials-file.ts';
import { configDialect, credentialsDialect } from '../outlets/dialects.ts';
import type { ManagedSection } from '../outlets/managed-sections.ts';
import type { Dialect } from '../outlets/section-file.ts';
import type { Files } from '../ports.ts';

export interface CleanUpOptions {
  readonly accounts: () => readonly Account[];
  readonly disconnect: (ids: readonly string[]) => Promise<void>;
  readonly files: Files;
  readonly config: ConfigFile;
  readonly configPath: string;
  readonly credentials: CredentialsFile;
  readonly credentialsPath: string;
  /** Accounts whose credentials could not be taken away; emptied here. */
  readonly unemptied: { list(): readonly string[]; delete(accountId: string): void };
  /** Takes every remembered PIN out of the keyring. @throws AppError where one stays. */
  readonly forgetRemembered: () => Promise<void>;
}

type CleanedUp = CallOutput<'cleanUp'>;

/** One file and how its sections, of whichever account, are taken away. */
interface Target {
  readonly path: string;
  readonly dialect: Dialect;
  readonly managed: () => Promise<ManagedSection[]>;
  readonly remove: (accountIds: readonly string[]) => Promise<unknown>;
}

/**
 * Disconnects every account and removes every section with our marker from both files, also of accounts that are gone.
 * What was adopted comes back as it was; a file that Rolekey made is deleted. Where one file cannot be cleaned the other
 * is all the same.
 * @throws AppError `config-unreadable`, `config-newer`: what Rolekey wrote is not known then.
 */
export async function cleanUp(options: CleanUpOptions): Promise<CleanedUp> {
  const accounts = options.accounts();
  const { config, credentials } = options;
  const regions = new Map(accounts.map(({ id, profileRegion }) => [id, profileRegion]));
  const targets: Target[] = [
    {
      path: options.configPath,
      dialect: configDialect,
      managed: () => config.managed(),
      remove: (ids) =>
        // Of an account that is gone nobody knows which region was ours: the line stays.
        config.remove(
          ids.map((accountId) => ({
            accountId,
            profileRegion: regions.get(accountId) ?? null,
            forget: true,
          })),
        ),
    },
    {
      path: options.credentialsPath,
      dialect: credentialsDialect,
      managed: () => credentials.managed(),
      remove: async (ids) => {
        await credentials.remove(ids, { forget: true });
        for (const id of options.unemptied.list()) options.unemptied.delete(id);
      },
    },
  ];
  // Before the disconnect, which takes some of them away.
  const before = await Promise.all(targets.map((target) => lookAt(target, options.files)));
  await options.disconnect(accounts.map(({ id }) => id));
  const cleaned: CleanedUp = { removed: [], failed: [] };
  for (const [index, target] of targets.entries()) {
    const { sections, existed } = before[index] ?? { sections: [], existed: false };
    const error = await clean(target);
    if (error !== null) {
      cleaned.failed.push({ subject: target.path, error });
      continue;
    }
    cleaned.removed.push(...sections.map(({ profile }) => sectionName(target, profile)));
    if (existed && (await options.files.read(target.path)) === null) cleaned.removed.push(target.path);
  }
  try {
    await options.forgetRemembered();
  } catch (error) {
    if (!isAppError(error)) throw error;
    cleaned.failed.push({ subject: 'keyring', error: toErrorShape(error) });
  }
  return cleaned;
}

/** What is there; where that cannot be told, cleaning it will say why. */
async function lookAt(
  { path, managed }: Target,
  files: Files,
): Promise<{ sections: readonly ManagedSection[]; existed: boolean }> {
  try {
    return { sections: await managed(), existed: (await files.read(path)) !== null };
  } catch (error) {
    if (isAppError(error)) return { sections: [], existed: false };
    throw error;
  }
}

/** @returns why it could not be done, or null. */
async function clean({ managed, remove }: Target): Promise<CleanedUp['failed'][number]['error'] | null> {
  try {
    const ids = (await managed()).map(({ accountId }) => accountId);
    if (ids.length > 0) await remove(ids);
    return null;
  } catch (error) {
    if (isAppError(error)) return toErrorShape(error);
    throw error;
  }
}

function sectionName({ path, dialect }: Target, profile: string): string {
  return `${path} [${dialect.headerOf(profile)}]`;
}
