/** Gathers what modules, tokens and the service of readers tell, and has each check of keys judge its own. */
import type { Finding } from '../../shared/api.ts';
import { isAppError, type AppError, type ErrorCode } from '../../shared/errors.ts';
import type { Account, TokenInfo, Tokens } from '../../shared/model.ts';
import type { ReaderService, ReaderServiceState } from '../ports.ts';
import { lintCertificate } from '../roles-anywhere/certificate-lint.ts';
import type { Signer } from '../tokens/signer.ts';
import { isPkcs11Uri, parseUri } from '../tokens/uri.ts';
import { forAccount } from './finding.ts';
import { judgeKey, type KeyFacts } from './key.ts';
import { judgeModules } from './modules.ts';
import { judgeReader, needsReader, type Need } from './reader.ts';

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

/** A key that was looked for. */
interface Search {
  readonly account: Account;
  readonly found: Pick<Signer, 'key' | 'certificate' | 'issuers'> | AppError;
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
  // After the search, so that the modules in use are running already.
  const listed = looksAtTokens ? await listAll(options, accounts) : { modules: [], tokens: [] };
  const own = searches.flatMap((each) => {
    const { account } = each;
    const facts = factsOf(options, each, listed.tokens);
    return judgeKey(account.id, facts).map((finding) => forAccount(account.id, finding));
  });
  return looksAtTokens ? [...(await examineModules(options, searches, listed)), ...own] : own;
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

function namedModules({ keys, pkcs11Lib }: Account): string[] {
  const inUris = keys.filter(isPkcs11Uri).flatMap((key) => moduleIn(key) ?? []);
  return pkcs11Lib === null ? inUris : [pkcs11Lib, ...inUris];
}

function moduleIn(key: string): string | null {
  try {
    return parseUri(key).modulePath;
  } catch (error) {
    if (isAppError(error)) return null; // told where the key is looked for
    throw error;
  }
}

async function examineModules(
  { platform, readerService, overSsh, user }: KeyOptions,
  searches: readonly Search[],
  { modules, tokens }: Tokens,
): Promise<Finding[]> {
  const need = (path: string): Need => needOf(searches, path);
  const readers = modules.map(({ path }) => path).filter(needsReader);
  const state: ReaderServiceState = readers.length === 0 ? { kind: 'built-in' } : await readerService.probe();
  const needs = readers.map(need);
  const worst = needs.includes('missed') ? 'missed' : needs.includes('maybe') ? 'maybe' : 'none';
  const readerIsDown = state.kind !== 'built-in' && state.kind !== 'answers';
  return [
    ...judgeReader({ state, need: worst, overSsh, user }),
    ...judgeModules({ platform, modules, tokens, need, readerIsDown }),
  ];
}

/** What the search for a key ends with where what would have shown it is not there, or does not work. */
const otherFaults: readonly ErrorCode[] = [
  'account-invalid',
  'key-ambiguous',
  'key-unsupported',
  'pin-needed',
];

function needOf(searches: readonly Search[], path: string): Need {
  if (searches.length === 0) return 'maybe';
  const needs = searches.map(({ account, found }) => {
    if (!isAppError(found) || found.code.startsWith('cert-') || otherFaults.includes(found.code))
      return 'none';
    return account.keys.some(isPkcs11Uri) ? needOfAccount(account, path) : 'none';
  });
  return needs.includes('missed') ? 'missed' : needs.includes('maybe') ? 'maybe' : 'none';
}

/** Which module a key that is missed may be behind, told by what the account says of it. */
function needOfAccount(account: Account, path: string): Need {
  const named = namedModules(account);
  if (named.length > 0) return named.includes(path) ? 'missed' : 'none';
  const text = account.keys.join(' ');
  for (const { inUri, inPath } of families) {
    if (inUri.test(text)) return path === '' || inPath.test(path) ? 'missed' : 'none';
  }
  return path === '' ? 'missed' : 'maybe';
}

/** What URIs say where they name maker, model or label as the modules have them, and the files of these modules. */
const families = [
  { inUri: /yubi/i, inPath: /(?:ykcs11|opensc)[^/\\]*$/i },
  { inUri: /softhsm/i, inPath: /softhsm[^/\\]*$/i },
];

function factsOf(
  { awsTime }: KeyOptions,
  { account, found }: Search,
  tokens: readonly TokenInfo[],
): KeyFacts {
  if (isAppError(found)) return { error: found };
  const { key, certificate, issuers } = found;
  const token =
    tokens.find(({ label, serial }) => label === key.token?.label && serial === key.token.serial) ?? null;
  const lint = lintCertificate({ account, certificate, issuers, now: awsTime(account) });
  return { key, certificate, lint, token };
}
