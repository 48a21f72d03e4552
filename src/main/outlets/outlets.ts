/** Where an account's credentials go: the one place that knows which outlet touches which file, and when. */
import { formatTime, type Account } from '../../shared/model.ts';
import type { SessionCredentials } from '../roles-anywhere/response.ts';
import type { EditResult } from '../ports.ts';
import { Batcher } from './batcher.ts';
import type { ConfigFile } from './config-file.ts';
import type { CredentialsEntry, CredentialsFile } from './credentials-file.ts';
import type { Preview } from './preview.ts';

export interface OutletsOptions {
  readonly credentialsFile: CredentialsFile;
  readonly configFile: ConfigFile;
  /** Whether the user allowed an account to take over a section of its AWS profile's name. */
  readonly mayAdopt: (accountId: string) => boolean;
  /** Called once when permissions were taken from the credentials file. */
  readonly onTightened: () => void;
}

/** What is served, as far as an outlet needs it. */
export interface Published {
  readonly credentials: SessionCredentials;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface LeftCredentials extends Published {
  readonly accountId: string;
}

/** What of an account decides about its sections of the AWS files. */
export type SectionFields = Pick<Account, 'id' | 'awsProfile' | 'profileRegion' | 'outlet'>;

/** Every method throws what the AWS files throw (see createAwsFile): nothing is written then. */
export interface Outlets {
  /**
   * What an account's sections would do to each AWS file they touch, nothing done.
   * @param former the account before an edit; null for a new one.
   */
  preview(account: SectionFields, former: SectionFields | null, adopt: boolean): Promise<readonly Preview[]>;
  /** Brings the config file to what the account wants; no credentials are touched. */
  settle(account: Account, former: Account | null): Promise<void>;
  /** Puts credentials where the outlet keeps them; several at once are one write. */
  publish(account: Account, session: Published): Promise<void>;
  /** Takes them away again; several at once are one write. */
  withdraw(account: Account): Promise<void>;
  /** Takes every trace of removed accounts away. */
  forget(accounts: readonly Account[]): Promise<void>;
  /** What an agent that crashed left in the credentials file. */
  left(): Promise<readonly LeftCredentials[]>;
  /** Takes sections of accounts away that nobody serves. */
  clear(accountIds: readonly string[]): Promise<void>;
  /** Takes away what a write of the credentials file that was cut off left beside it. */
  tidy(): Promise<void>;
}

/** Credentials to put, or null to take them away. */
interface CredentialsChange {
  readonly accountId: string;
  readonly entry: CredentialsEntry | null;
}

export function createOutlets(options: OutletsOptions): Outlets {
  const { credentialsFile, configFile, mayAdopt, onTightened } = options;
  const tell = ({ tightened }: EditResult): void => {
    if (tightened) onTightened();
  };
  // One queue for both, so that of a publish and a withdrawal of one account the later one counts.
  const changes = new Batcher<CredentialsChange>(async (batch) => {
    const last = [...new Map(batch.map((change) => [change.accountId, change])).values()];
    const removed = last.filter(({ entry }) => entry === null).map(({ accountId }) => accountId);
    const put = last.flatMap(({ entry }) => (entry === null ? [] : [entry]));
    if (removed.length > 0) await credentialsFile.remove(removed);
    if (put.length > 0) tell(await credentialsFile.put(put));
  });

  return {
    preview: async (account, former, adopt) => {
      const previews: Promise<Preview>[] = [];
      if (account.outlet === 'credential-process') {
        previews.push(configFile.previewPut([{ ...configEntry(account, former), adopt }]));
      } else if (former?.outlet === 'credential-process') {
        previews.push(configFile.previewRemove([removalOf(former)]));
      }
      if (account.outlet === 'credentials-file') {
        const target = { accountId: account.id, profile: account.awsProfile, adopt };
        previews.push(credentialsFile.previewPut([target]));
      } else if (former?.outlet === 'credentials-file') {
        previews.push(credentialsFile.previewRemove([former.id]));
      }
      return Promise.all(previews);
    },
    settle: async (account, former) => {
      if (account.outlet === 'credential-process') {
        await configFile.put([{ ...configEntry(account, former), adopt: mayAdopt(account.id) }]);
      } else if (former?.outlet === 'credential-process') {
        await configFile.remove([removalOf(former)]);
      }
    },
    publish: async (account, { credentials, expiresAt }) => {
      if (account.outlet !== 'credentials-file') return;
      const entry = {
        accountId: account.id,
        profile: account.awsProfile,
        credentials: { ...credentials, expiration: formatTime(expiresAt) },
        adopt: mayAdopt(account.id),
      };
      await changes.add({ accountId: account.id, entry });
    },
    withdraw: async (account) => {
      if (account.outlet === 'credentials-file') await changes.add({ accountId: account.id, entry: null });
    },
    forget: async (accounts) => {
      const inCredentials = accounts.filter(({ outlet }) => outlet === 'credentials-file');
      if (inCredentials.length > 0) {
        await credentialsFile.remove(
          inCredentials.map(({ id }) => id),
          { forget: true },
        );
      }
      const inConfig = accounts.filter(({ outlet }) => outlet === 'credential-process');
      if (inConfig.length > 0) {
        await configFile.remove(inConfig.map((account) => ({ ...removalOf(account), forget: true })));
      }
    },
    left: async () => {
      const contents = await credentialsFile.contents();
      return contents.map(({ accountId, credentials: { expiration, ...credentials } }) => ({
        accountId,
        credentials,
        expiresAt: Date.parse(expiration), // NaN is never later than now
      }));
    },
    clear: async (accountIds) => {
      if (accountIds.length > 0) await credentialsFile.remove(accountIds);
    },
    tidy: () => credentialsFile.tidy(),
  };
}

function configEntry(
  account: SectionFields,
  former: SectionFields | null,
): { accountId: string; profile: string; profileRegion: string | null; formerRegion: string | null } {
  return {
    accountId: account.id,
    profile: account.awsProfile,
    profileRegion: account.profileRegion,
    formerRegion: former?.profileRegion ?? null,
  };
}

function removalOf({ id, profileRegion }: SectionFields): {
  accountId: string;
  profileRegion: string | null;
} {
  return { accountId: id, profileRegion };
}
