/** The accounts and what else is remembered, kept in one file; every change is one replacement of it. */
import { AppError, isAppError } from '../../shared/errors.ts';
import type { Account } from '../../shared/model.ts';
import type { SettingsFile } from '../ports.ts';
import { tokenName, type TokenRef } from '../tokens/host/protocol.ts';
import { emptySettings, findClash, type Settings } from './settings.ts';

/**
 * All methods read the file as it is now. Where it cannot be read any more, `list` and every change tell so, and what
 * looks one thing up goes on with the last document that could be read.
 * @throws AppError as {@link SettingsFile} beside what they name.
 */
export interface AccountStore {
  /** In file order. */
  list(): readonly Account[];
  /** @throws AppError `account-unknown`. */
  get(id: string): Account;
  /**
   * Appends all of them or none.
   * @param adopt the user allows them to take over sections of their AWS profiles' names; see `adoptions`.
   * @throws AppError `account-exists` for an ID or an AWS profile that is taken.
   */
  add(accounts: readonly Account[], adopt: boolean): void;
  /**
   * Puts an account in the place of the one with its ID.
   * @param adopt as for `add`; false takes nothing back.
   * @throws AppError `account-unknown`, `account-exists`.
   */
  replace(account: Account, adopt: boolean): void;
  /** Takes away all of them or none; answers them in file order. @throws AppError `account-unknown`. */
  remove(ids: readonly string[]): readonly Account[];
  /** Changes nothing. @throws AppError `account-exists` where these could not all be stored together. */
  refuseClash(accounts: readonly Account[]): void;
  readonly adoptions: Adoptions;
  readonly confirmedModules: ConfirmedModules;
  readonly createdFiles: CreatedFiles;
  readonly unemptied: Unemptied;
  readonly rememberedTokens: RememberedTokens;
  /** Of the program itself. */
  settings(): Settings['settings'];
}

/** Leave to take over a section that is not ours: given for an account and the AWS profile it has, with `--adopt`. */
export interface Adoptions {
  readonly has: (accountId: string) => boolean;
}

/** PKCS#11 modules the user confirmed; one that changed since is not. */
export interface ConfirmedModules {
  has(path: string, sha256: string): boolean;
  /** Whether one at this path was confirmed, whatever it was then. */
  knows(path: string): boolean;
  /** Of all that were confirmed, whether they are still as they were or not. */
  paths(): readonly string[];
  add(path: string, sha256: string): void;
}

/** AWS files that Rolekey created and may delete again. */
export interface CreatedFiles {
  has(path: string): boolean;
  add(path: string): void;
  delete(path: string): void;
}

/** Accounts whose credentials had to leave the AWS files and could not. */
export interface Unemptied {
  list(): readonly string[];
  add(accountId: string): void;
  delete(accountId: string): void;
}

/** Which tokens' PINs are in the desktop's keyring. */
export interface RememberedTokens {
  list(): Settings['rememberedTokens'];
  /** In the place of what was listed of that token. */
  put(token: Settings['rememberedTokens'][number]): void;
  delete(token: TokenRef): void;
}

/** How often a change is made anew because somebody edited the file in the same moment. */
const attempts = 3;

export function createAccountStore(file: SettingsFile<Settings>): AccountStore {
  let lastGood: Settings | null = null;

  function read(): Settings {
    return (lastGood = file.read() ?? emptySettings);
  }

  /** A typo made by hand must not take credentials from an account that is connected. */
  function lookUp(): Settings {
    try {
      return read();
    } catch (error) {
      if (lastGood === null || !isAppError(error)) throw error;
      return lastGood;
    }
  }

  /** `change` gets the stored document and answers the next one; the same one means that there is nothing to do. */
  function update(change: (before: Settings) => Settings): void {
    for (let attempt = 1; ; attempt += 1) {
      const before = read();
      const after = change(before);
      if (after === before) return;
      try {
        file.write(after);
        lastGood = after;
        return;
      } catch (error) {
        if (attempt === attempts || !isAppError(error, 'file-busy')) throw error;
      }
    }
  }

  return {
    list: () => read().accounts,
    get: (id) => find(lookUp().accounts, id),
    add(added, adopt) {
      if (added.length === 0) return;
      update((before) => {
        const accounts = [...before.accounts, ...added];
        refuseClash(accounts);
        return { ...before, accounts, adoptions: adoptionsAfter(before, adopt ? added : []) };
      });
    },
    replace(account, adopt) {
      update((before) => {
        const old = find(before.accounts, account.id);
        const accounts = before.accounts.map((each) => (each === old ? account : each));
        refuseClash(accounts);
        return { ...before, accounts, adoptions: adoptionsAfter(before, adopt ? [account] : []) };
      });
    },
    remove(ids) {
      let removed: readonly Account[] = [];
      update((before) => {
        const going = new Set(ids.map((id) => find(before.accounts, id)));
        removed = before.accounts.filter((account) => going.has(account));
        if (going.size === 0) return before;
        return {
          ...before,
          accounts: before.accounts.filter((account) => !going.has(account)),
          adoptions: before.adoptions.filter((each) => !ids.includes(each.account)),
          unemptied: before.unemptied.filter((each) => !ids.includes(each)),
        };
      });
      return removed;
    },
    refuseClash,
    adoptions: {
      has: (id) => {
        const { accounts, adoptions } = lookUp();
        const { awsProfile } = find(accounts, id);
        return adoptions.some((each) => each.account === id && each.awsProfile === awsProfile);
      },
    },
    confirmedModules: {
      has: (path, sha256) =>
        lookUp().confirmedModules.some((module) => module.path === path && module.sha256 === sha256),
      knows: (path) => lookUp().confirmedModules.some((module) => module.path === path),
      paths: () => lookUp().confirmedModules.map(({ path }) => path),
      add(path, sha256) {
        update((before) => ({
          ...before,
          confirmedModules: [
            ...before.confirmedModules.filter((module) => module.path !== path),
            { path, sha256 },
          ],
        }));
      },
    },
    createdFiles: {
      has: (path) => lookUp().createdFiles.includes(path),
      add: (path) => update((before) => listed(before, 'createdFiles', path)),
      delete: (path) => update((before) => unlisted(before, 'createdFiles', path)),
    },
    unemptied: {
      list: () => lookUp().unemptied,
      add: (id) => update((before) => listed(before, 'unemptied', id)),
      delete: (id) => update((before) => unlisted(before, 'unemptied', id)),
    },
    rememberedTokens: {
      list: () => lookUp().rememberedTokens,
      put: (token) =>
        update((before) => ({ ...before, rememberedTokens: [...withoutToken(before, token), token] })),
      delete: (token) =>
        update((before) => {
          const rememberedTokens = withoutToken(before, token);
          const isSame = rememberedTokens.length === before.rememberedTokens.length;
          return isSame ? before : { ...before, rememberedTokens };
        }),
    },
    settings: () => lookUp().settings,
  };
}

function find(accounts: readonly Account[], id: string): Account {
  const account = accounts.find((each) => each.id === id);
  if (account !== undefined) return account;
  throw new AppError('account-unknown', { message: `There is no account ${JSON.stringify(id)}.` });
}

/** With `entry` in a list, once. */
function listed(before: Settings, list: 'createdFiles' | 'unemptied', entry: string): Settings {
  return before[list].includes(entry) ? before : { ...before, [list]: [...before[list], entry] };
}

/** Without `entry` in a list. */
function unlisted(before: Settings, list: 'createdFiles' | 'unemptied', entry: string): Settings {
  return before[list].includes(entry)
    ? { ...before, [list]: before[list].filter((each) => each !== entry) }
    : before;
}

function withoutToken({ rememberedTokens }: Settings, token: TokenRef): Settings['rememberedTokens'] {
  return rememberedTokens.filter((each) => tokenName(each) !== tokenName(token));
}

function adoptionsAfter({ adoptions }: Settings, allowed: readonly Account[]): Settings['adoptions'] {
  const added = allowed.map(({ id, awsProfile }) => ({ account: id, awsProfile }));
  const isNew = (each: (typeof added)[number]): boolean =>
    !adoptions.some((other) => other.account === each.account && other.awsProfile === each.awsProfile);
  return [...adoptions, ...added.filter(isNew)];
}

function refuseClash(accounts: readonly Account[]): void {
  const clash = findClash(accounts);
  if (clash === null) return;
  const { field, earlier, later } = clash;
  throw field === 'id'
    ? new AppError('account-exists', { message: `There is an account ${earlier.id} already.` })
    : new AppError('account-exists', {
        message: `Accounts ${earlier.id} and ${later.id} cannot both have the AWS profile ${later.awsProfile}.`,
        remedy: 'Choose another name with --aws-profile.',
      });
}
