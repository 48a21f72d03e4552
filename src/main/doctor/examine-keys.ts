/** Gathers what modules, tokens and the service of readers tell, and has each check of keys judge its own. */
import type { Finding } from '../../shared/api.ts';
import { isAppError } from '../../shared/errors.ts';
import type { Account, TokenInfo, Tokens } from '../../shared/model.ts';
import type { ReaderService, ReaderServiceState } from '../ports.ts';
import { lintCertificate } from '../roles-anywhere/certificate-lint.ts';
import type { Signer } from '../tokens/signer.ts';
import { isPkcs11Uri } from '../tokens/uri.ts';
import { forAccount } from './finding.ts';
import { judgeKey, type KeyFacts } from './key.ts';
import { judgeModules } from './modules.ts';
import { namedModules, needOf, needOfAccount, worstOf, type Need, type Search } from './need.ts';
import { needsReader } from '../tokens/reader-trouble.ts';
import { judgeReader } from './reader.ts';

export interface KeyOptions {
  /** Finds an account's key and asks nobody; see TokenService. */
  readonly findSigner: (account: Account) => Promise<Pick<Signer, 'key' | 'certificate' | 'issuers'>>;
  /** Modules and tokens, of one module or all, without a PIN and asking nobody; see TokenService. */
  readonly listTokens: (pkcs11Lib: string | null) => Promise<Tokens>;
  /** Now, by AWS's clock as far as it is known, milliseconds since the epoch. */
  readonly awsTime: (account: Account) => number;
  readonly readerService: ReaderService;
  readonly platform: NodeJS.Platform;
  /** The agent was started over ssh. */
  readonly overSsh: boolean;
  /** Name of the user; null where nobody says. */
  readonly user: string | null;
}

/**
 * @param isWhole whether every account is looked at, and all that is plugged in; else modules are loaded only where an
 * account has a key on a token.
 */
export async function examineKeys(
  options: KeyOptions,
  accounts: readonly Account[],
  isWhole: boolean,
): Promise<Finding[]> {
  const searches: Search[] = [];
  // One after the other: a token does one thing at a time.
  for (const account of accounts) searches.push({ account, found: await search(options, account) });
  const looksAtTokens = isWhole || accounts.some(({ keys }) => keys.some(isPkcs11Uri));
  if (!looksAtTokens) return judgeAll(options, searches, [], []);
  // After the search, so that the modules in use are running already.
  const { modules, tokens } = await listAll(options, accounts);
  const readers = modules.map(({ path }) => path).filter(needsReader);
  const state: ReaderServiceState =
    readers.length === 0 ? { kind: 'built-in' } : await options.readerService.probe();
  const isDown = state.kind !== 'built-in' && state.kind !== 'answers';
  const { platform, overSsh, user } = options;
  const need = (path: string): Need => needOf(searches, path);
  const own = judgeAll(options, searches, tokens, isDown ? readers : []);
  // What an account says already is not said of its module once more.
  const told = new Set(own.map(({ message }) => message));
  const ofModules = judgeModules({ platform, modules, tokens, need, readerIsDown: isDown });
  return [
    ...judgeReader({ state, need: worstOf(readers.map(need)), overSsh, user }),
    ...ofModules.filter(({ message }) => !told.has(message)),
    ...own,
  ];
}

/** @param unreachable modules whose service does not answer. */
function judgeAll(
  options: KeyOptions,
  searches: readonly Search[],
  tokens: readonly TokenInfo[],
  unreachable: readonly string[],
): Finding[] {
  return searches.flatMap((each) => {
    const { account } = each;
    const readerIsDown = unreachable.some((path) => needOfAccount(account, path) === 'missed');
    const facts = factsOf(options, each, { tokens, readerIsDown });
    return judgeKey(account.id, facts).map((finding) => forAccount(account.id, finding));
  });
}

async function search({ findSigner }: KeyOptions, account: Account): Promise<Search['found']> {
  try {
    return await findSigner(account);
  } catch (error) {
    if (isAppError(error)) return error;
    throw error;
  }
}

/** The built-in modules, and those that accounts name. */
async function listAll({ listTokens }: KeyOptions, accounts: readonly Account[]): Promise<Tokens> {
  const lists = [await listTokens(null)];
  for (const path of new Set(accounts.flatMap(namedModules))) {
    if (lists.some(({ modules }) => modules.some((module) => module.path === path))) continue;
    try {
      lists.push(await listTokens(path));
    } catch (error) {
      if (!isAppError(error)) throw error; // the account that names it tells that
    }
  }
  return {
    modules: lists.flatMap(({ modules }) => modules),
    tokens: lists.flatMap(({ tokens }) => tokens),
  };
}

function factsOf(
  { awsTime }: KeyOptions,
  { account, found }: Search,
  { tokens, readerIsDown }: { readonly tokens: readonly TokenInfo[]; readonly readerIsDown: boolean },
): KeyFacts {
  if (isAppError(found)) return { error: found, readerIsDown };
  const { key, certificate, issuers } = found;
  const token =
    tokens.find(({ label, serial }) => label === key.token?.label && serial === key.token.serial) ?? null;
  const lint = lintCertificate({ account, certificate, issuers, now: awsTime(account) });
  return { key, certificate, lint, token };
}
