/** Adding, changing, removing and importing accounts, with what that does to sessions and AWS files. */
import pLimit from 'p-limit';
import type { CallInput, CallOutput, Imported } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { Account, Problem } from '../../shared/model.ts';
import type { Preview } from '../outlets/preview.ts';
import type { Outlets } from '../outlets/outlets.ts';
import { unifiedDiff } from '../outlets/unified-diff.ts';
import type { Files } from '../ports.ts';
import { overrideOf, type EndpointEnvironment } from '../roles-anywhere/endpoint.ts';
import { checkAccount, refuse } from '../roles-anywhere/preflight.ts';
import { isPkcs11Uri, parseUri } from '../tokens/uri.ts';
import { checkNewAccount, outletWarnings } from './account-check.ts';
import { editAccount, makeAccount, voidsSession } from './account-fields.ts';
import type { ImportContext } from './account-import.ts';
import type { AccountStore } from './account-store.ts';
import { importAwsConfig, profileNames } from './import-aws-config.ts';
import { importCommandLine } from './import-command-line.ts';

/** What a change of an account asks of live sessions. */
export interface LiveSessions {
  /** Whether credentials are served. */
  isConnected(id: string): boolean;
  /** Ends what is served and what is under way; of an account that has neither it is nothing. */
  disconnect(ids: readonly string[]): Promise<void>;
  /** Hands what is served to the account's outlet, as the outlet is now. */
  republish(id: string): Promise<void>;
  /** Drops what is known of an account that is no more. */
  forget(id: string): void;
}

export interface AccountServiceOptions {
  readonly store: AccountStore;
  readonly outlets: Outlets;
  readonly sessions: LiveSessions;
  /** Accounts were added, changed or removed. */
  readonly onChange: () => void;
  readonly environment: EndpointEnvironment;
  readonly files: Files;
  /** The AWS files that are written; the config file is also what an import reads when no other is named. */
  readonly configPath: string;
  readonly credentialsPath: string;
  /** @throws AppError `module-unconfirmed`, or another `module-*`, where a module may not be named in a URI. */
  readonly refuseUnconfirmed: (modulePath: string) => Promise<void>;
  readonly importContext: Omit<ImportContext, 'existing' | 'takenProfiles'>;
}

/** The calls `accounts...` of shared/api. Each refuses as a whole or is done as a whole, one after the other. */
export class AccountService {
  readonly #options: AccountServiceOptions;
  /** A change is made from what is stored: another one in between would be undone by it. */
  readonly #inTurn = pLimit(1);

  constructor(options: AccountServiceOptions) {
    this.#options = options;
  }

  list(ids: readonly string[] | undefined): Account[] {
    const { store } = this.#options;
    return ids === undefined ? [...store.list()] : ids.map((id) => store.get(id));
  }

  /** The address that stands in for AWS's own, of each account that has one from itself or the environment. */
  endpoints(accounts: readonly Account[]): Record<string, string> {
    const overrides = accounts.flatMap((account) => {
      const override = overrideOf(account, this.#options.environment);
      return override === null ? [] : [[account.id, override] as const];
    });
    return Object.fromEntries(overrides);
  }

  add(input: CallInput<'accountsAdd'>): Promise<CallOutput<'accountsAdd'>> {
    return this.#inTurn(() => this.#add(input));
  }

  edit(input: CallInput<'accountsEdit'>): Promise<CallOutput<'accountsEdit'>> {
    return this.#inTurn(() => this.#edit(input));
  }

  /** @returns the IDs, each once, in the order given. */
  remove(ids: readonly string[]): Promise<string[]> {
    return this.#inTurn(() => this.#remove([...new Set(ids)]));
  }

  import(input: CallInput<'accountsImport'>): Promise<Imported> {
    return this.#inTurn(() => this.#import(input));
  }

  /** What is wrong with a new account, and what may be. Changes nothing. */
  async check({ id, fields }: CallInput<'checkAccount'>): Promise<CallOutput<'checkAccount'>> {
    const { store, outlets, environment } = this.#options;
    return checkNewAccount(id, fields, { existing: store.list(), environment, outlets });
  }

  /** What an import of the command line would bring. Changes nothing. */
  async readCommandLine(commandLine: string): Promise<CallOutput<'readCommandLine'>> {
    const from = { commandLine, directory: null };
    const { imported, skipped, dropped } = importCommandLine(
      { ...from, id: null },
      await this.#importContext(),
    );
    const [refusal] = skipped;
    return {
      account: imported[0] ?? null,
      problem: refusal === undefined ? null : { code: refusal.code, message: refusal.message },
      dropped: dropped.map(({ flag, reason }) => ({ flag, reason })),
    };
  }

  async #add(input: CallInput<'accountsAdd'>): Promise<CallOutput<'accountsAdd'>> {
    const { store, outlets } = this.#options;
    const account = makeAccount(input.id, input.fields, input);
    const warnings = this.#check(account, null);
    await this.#checkModules(account, null);
    store.refuseClash([...store.list(), account]);
    const previews = await outlets.preview(account, null, input.adopt);
    if (input.dryRun) return { account, diff: diffOf(previews), warnings };
    await this.#store(account, input.adopt);
    return { account, diff: null, warnings };
  }

  async #edit(input: CallInput<'accountsEdit'>): Promise<CallOutput<'accountsEdit'>> {
    const { store, outlets, sessions } = this.#options;
    const before = store.get(input.id);
    const after = editAccount(before, input, input);
    const warnings = this.#check(after, before);
    await this.#checkModules(after, before);
    store.refuseClash(store.list().map((account) => (account.id === after.id ? after : account)));
    const moves = before.outlet !== after.outlet || before.awsProfile !== after.awsProfile;
    // Leave that was given for a section of the user's lasts as long as the account wants that section.
    const adopt = input.adopt || (!moves && store.adoptions.has(before.id));
    const previews = await outlets.preview(after, before, adopt);
    if (input.dryRun) return { account: after, diff: diffOf(previews), warnings, disconnected: false };
    // First what may be refused, so that a refusal finds session and credentials as they were.
    store.replace(after, input.adopt);
    try {
      if (moves) await outlets.withdraw(before);
      await outlets.settle(after, before);
    } catch (error) {
      store.replace(before, false);
      if (moves) await sessions.republish(before.id);
      throw error;
    }
    const voided = voidsSession(before, after);
    const disconnected = voided && sessions.isConnected(after.id);
    if (voided) await sessions.disconnect([after.id]);
    else if (moves) await sessions.republish(after.id);
    this.#options.onChange();
    return { account: after, diff: null, warnings, disconnected };
  }

  async #remove(ids: readonly string[]): Promise<string[]> {
    const { store, outlets, sessions } = this.#options;
    const accounts = ids.map((id) => store.get(id));
    await sessions.disconnect(ids);
    await outlets.forget(accounts);
    store.remove(ids);
    for (const id of ids) sessions.forget(id);
    this.#options.onChange();
    return [...ids];
  }

  async #import(input: CallInput<'accountsImport'>): Promise<Imported> {
    const imported = await this.#read(input);
    if (input.dryRun) return imported;
    const result: Imported = { ...imported, imported: [] };
    for (const account of imported.imported) {
      try {
        await this.#store(account, false);
        result.imported.push(account);
      } catch (error) {
        if (!isAppError(error)) throw error;
        result.skipped.push({ source: account.id, code: error.code, message: error.message });
      }
    }
    return result;
  }

  /** Remembers an account and gives it its AWS profile: both or neither. */
  async #store(account: Account, adopt: boolean): Promise<void> {
    const { store, outlets } = this.#options;
    store.add([account], adopt);
    try {
      await outlets.settle(account, null);
    } catch (error) {
      store.remove([account.id]);
      throw error;
    }
    this.#options.onChange();
  }

  async #read({ from, id }: CallInput<'accountsImport'>): Promise<Imported> {
    const { files, configPath } = this.#options;
    const context = await this.#importContext();
    if ('commandLine' in from) return importCommandLine({ ...from, id }, context);
    const bytes = await files.read(from.configFile ?? configPath);
    if (bytes === null && from.configFile !== null) {
      throw new AppError('file-unreadable', {
        message: `There is no file ${from.configFile}.`,
        remedy: 'Name the AWS config file to import from.',
      });
    }
    return importAwsConfig(bytes ?? new Uint8Array(), { profiles: from.profiles, id }, context);
  }

  async #importContext(): Promise<ImportContext> {
    const { store, importContext } = this.#options;
    return { ...importContext, existing: store.list(), takenProfiles: await this.#takenProfiles() };
  }

  async #takenProfiles(): Promise<ReadonlySet<string>> {
    const { files, configPath, credentialsPath } = this.#options;
    const [config, credentials] = await Promise.all([files.read(configPath), files.read(credentialsPath)]);
    return new Set(
      [config, credentials].flatMap((bytes) => (bytes === null ? [] : [...profileNames(bytes)])),
    );
  }

  /** Of modules that URIs name which the account did not have. @param former null for a new account. */
  async #checkModules(account: Account, former: Account | null): Promise<void> {
    const known = former === null ? [] : namedInUris(former);
    for (const path of namedInUris(account)) {
      if (!known.includes(path)) await this.#options.refuseUnconfirmed(path);
    }
  }

  /** @param former null for a new account. */
  #check(account: Account, former: Account | null): Problem[] {
    const findings = checkAccount(account, this.#options.environment);
    refuse(findings);
    return [...findings.warnings, ...outletWarnings(account, former)];
  }
}

function namedInUris({ keys, certificate }: Account): string[] {
  return [...keys, ...(certificate === null ? [] : [certificate])]
    .filter(isPkcs11Uri)
    .flatMap((uri) => parseUri(uri).modulePath ?? []);
}

function diffOf(previews: readonly Preview[]): string {
  return previews.map(unifiedDiff).join('');
}
