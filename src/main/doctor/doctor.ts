/**
 * `rolekey doctor`, the agent's half: gathers facts and has each check judge its own. Nothing here asks a person, signs,
 * spends a PIN try or connects; the only request is one without credentials to each endpoint.
 */
import pLimit from 'p-limit';
import type { Finding } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { Account, State } from '../../shared/model.ts';
import { configDialect, credentialsDialect } from '../outlets/dialects.ts';
import { listSections } from '../outlets/managed-sections.ts';
import type { Dialect } from '../outlets/section-file.ts';
import type { Clock, FileModes, Files, Http } from '../ports.ts';
import { parseTrustAnchorArn } from '../roles-anywhere/arn.ts';
import { resolveEndpoint, type EndpointEnvironment } from '../roles-anywhere/endpoint.ts';
import { checkAccount } from '../roles-anywhere/preflight.ts';
import { judgeAccount } from './account.ts';
import { judgeAwsFiles, type AwsFileFacts } from './aws-files.ts';
import { judgeClock } from './clock.ts';
import { examineKeys, type KeyOptions } from './examine-keys.ts';
import { forAccount, problem } from './finding.ts';
import { judgeNetwork, type Reached } from './network.ts';
import { judgeProfileKeys } from './profile-keys.ts';
import { profilePlaces } from './static-keys.ts';

export interface DoctorOptions extends KeyOptions {
  readonly accounts: () => readonly Account[];
  readonly isServing: (id: string) => boolean;
  /** What keeps an account waiting for a person since it was tried last. */
  readonly waitsFor: (id: string) => Pick<State, 'reason' | 'error'>;
  readonly files: Files;
  readonly fileModes: FileModes;
  readonly http: Http;
  readonly clock: Clock;
  readonly environment: EndpointEnvironment;
  readonly configPath: string;
  readonly credentialsPath: string;
  readonly cliPath: string;
}

/** For one request, milliseconds; and how many are under way at once. */
const networkTimeoutMs = 10_000;
const atOnce = 8;

/**
 * Everything found, in the order of the checks.
 * @param ids the accounts to look at; undefined for all. The AWS files are looked at as wholes.
 * @throws AppError `account-unknown`, `config-unreadable`, `config-newer`.
 */
export async function examine(
  options: DoctorOptions,
  ids: readonly string[] | undefined,
): Promise<Finding[]> {
  const all = options.accounts();
  const accounts = ids === undefined ? all : [...new Set(ids)].map((id) => accountOf(id, all));
  const [files, network, keys] = await Promise.all([
    examineFiles(options, all, accounts),
    examineNetwork(options, accounts),
    examineKeys(options, accounts, ids === undefined),
  ]);
  const own = accounts.flatMap((account) =>
    judgeAccount(account.id, checkAccount(account, options.environment)).map((finding) =>
      forAccount(account.id, finding),
    ),
  );
  return [...files, ...network, ...own, ...keys, ...lockedPins(options, accounts, keys)];
}

/** Of tokens whose flags tell nothing, such as a TPM's, a try has told that the PIN is locked. */
function lockedPins(
  { waitsFor }: DoctorOptions,
  accounts: readonly Account[],
  keys: readonly Finding[],
): Finding[] {
  const told = new Set(keys.filter(({ check }) => check === 'pin').map(({ subject }) => subject));
  return accounts.flatMap(({ id }) => {
    const { reason, error } = waitsFor(id);
    if (reason !== 'pin-locked' || error === null || told.has(id)) return [];
    return [forAccount(id, problem('pin', id, error.message, error.remedy))];
  });
}

function accountOf(id: string, accounts: readonly Account[]): Account {
  const account = accounts.find((each) => each.id === id);
  if (account !== undefined) return account;
  throw new AppError('account-unknown', { message: `There is no account ${JSON.stringify(id)}.` });
}

async function examineFiles(
  { files, fileModes, configPath, credentialsPath, cliPath, isServing }: DoctorOptions,
  all: readonly Account[],
  asked: readonly Account[],
): Promise<Finding[]> {
  const [config, credentials] = await Promise.all([
    readAwsFile(files, configPath, configDialect),
    readAwsFile(files, credentialsPath, credentialsDialect),
  ]);
  const findings = judgeAwsFiles({
    config: { ...config.facts, mode: null }, // AWS's tools make it readable for all
    credentials: { ...credentials.facts, mode: await fileModes.mode(credentialsPath) },
    accounts: all,
    asked: new Set(asked.map(({ id }) => id)),
    serving: new Set(all.filter(({ id }) => isServing(id)).map(({ id }) => id)),
    cliPath,
  });
  const places = [config, credentials].flatMap(({ facts, bytes, dialect }) =>
    facts.error === null ? profilePlaces(facts.path, bytes, dialect) : [],
  );
  return [...findings, ...judgeProfileKeys({ places, accounts: all })];
}

interface ReadFile {
  readonly facts: Omit<AwsFileFacts, 'mode'>;
  readonly bytes: Uint8Array | null;
  readonly dialect: Dialect;
}

async function readAwsFile(files: Files, path: string, dialect: Dialect): Promise<ReadFile> {
  try {
    const bytes = await files.read(path);
    const sections = bytes === null ? [] : listSections(bytes, dialect);
    return { facts: { path, exists: bytes !== null, error: null, sections }, bytes, dialect };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { facts: { path, exists: true, error, sections: [] }, bytes: null, dialect };
  }
}

async function examineNetwork(
  { http, clock, environment }: DoctorOptions,
  accounts: readonly Account[],
): Promise<Finding[]> {
  const limit = pLimit(atOnce);
  const findings = await Promise.all(
    origins(accounts, environment).map((origin) => limit(() => examineEndpoint(origin, http, clock))),
  );
  return findings.flat();
}

/** Each once. An account whose endpoint cannot be told says so among what its fields tell. */
function origins(accounts: readonly Account[], environment: EndpointEnvironment): string[] {
  const found = accounts.flatMap((account) => {
    try {
      const { partition } = parseTrustAnchorArn(account.trustAnchorArn);
      return [resolveEndpoint(account, partition, environment).origin];
    } catch (error) {
      if (!isAppError(error)) throw error;
      return [];
    }
  });
  return [...new Set(found)];
}

async function examineEndpoint(origin: string, http: Http, clock: Clock): Promise<Finding[]> {
  const { host } = new URL(origin);
  const sentAt = clock.now();
  try {
    const { status, headers } = await http.send({
      method: 'GET',
      url: `${origin}/`,
      headers: {},
      timeoutMs: networkTimeoutMs,
    });
    const reached: Reached = { host, status };
    return [judgeNetwork(reached), judgeClock({ host, date: headers.date, sentAt, receivedAt: clock.now() })];
  } catch (error) {
    if (!isAppError(error)) throw error;
    return [judgeNetwork({ host, error })];
  }
}
