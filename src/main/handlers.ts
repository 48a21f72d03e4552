/** What every call of shared/api does with the engine's parts. */
import type { Caller, CallName, Handler } from '../shared/api.ts';
import { askedByWindow } from '../shared/constants.ts';
import { AppError } from '../shared/errors.ts';
import { formatTime, type Account, type AgentInfo } from '../shared/model.ts';
import type { AccountService } from './accounts/account-service.ts';
import type { AccountStore } from './accounts/account-store.ts';
import { consoleUrl } from './console/console-url.ts';
import { cleanUp, type CleanUpOptions } from './doctor/clean-up.ts';
import { examine, type DoctorOptions } from './doctor/doctor.ts';
import { replaceKeys, type ReplaceKeysOptions } from './doctor/replace-keys.ts';
import type { Notices } from './notices.ts';
import type { ContainerEndpoints } from './outlets/container-endpoint-grants.ts';
import type { Clock, Http } from './ports.ts';
import type { PromptBroker } from './prompt-broker.ts';
import { callerIdentity, stsOrigin, type StsEnvironment } from './sessions/caller-identity.ts';
import { connectAnswer } from './sessions/connect-answer.ts';
import type { SessionService } from './sessions/session-service.ts';
import type { TokenService } from './tokens/token-service.ts';

export interface EngineParts {
  readonly info: AgentInfo;
  readonly store: AccountStore;
  readonly accounts: AccountService;
  readonly sessions: SessionService;
  readonly tokens: TokenService;
  readonly prompts: PromptBroker;
  readonly notices: Notices;
  readonly containerEndpoints: ContainerEndpoints;
  readonly clock: Clock;
  readonly http: Http;
  readonly stsEnvironment: StsEnvironment;
  /** AWS_ENDPOINT_URL_SIGNIN; null: not set. */
  readonly signInUrl: string | null;
  /** Now, by the clock of the account's endpoint as far as it is known, milliseconds since the epoch. */
  readonly awsTime: (account: Account) => number;
  /** What `doctor`, `replaceKeys` and `cleanUp` look at and work on. */
  readonly doctor: DoctorOptions & ReplaceKeysOptions & CleanUpOptions;
}

/** The calls every engine answers itself; the others are for who runs it. */
export type EngineHandlers = {
  readonly [Name in Exclude<CallName, ShellCall>]: Handler<Name>;
};

/** What only a process with windows, or a socket, can do. */
type ShellCall =
  'addAccount' | 'removeAccount' | 'copyCommand' | 'openLink' | 'currentPrompt' | 'takeover' | 'shutdown';

export function createHandlers(parts: EngineParts): EngineHandlers {
  const { info, store, accounts, sessions, tokens, prompts, notices, clock, http } = parts;
  const selected = (select: { accounts: string[] } | { all: true }): string[] =>
    'all' in select ? store.list().map(({ id }) => id) : select.accounts;
  const results = (ids: readonly string[]) => ({
    results: ids.map((account) => ({ account, state: sessions.state(account) })),
  });

  return {
    status: async (input) => {
      const listed = accounts.list(input.accounts);
      return {
        agent: info,
        accounts: listed.map((account) => sessions.status(account)),
        endpoints: accounts.endpoints(listed),
      };
    },
    accountsList: async (input) => {
      const listed = accounts.list(input.accounts);
      return { accounts: listed, endpoints: accounts.endpoints(listed) };
    },
    accountsAdd: (input) => accounts.add(input),
    accountsEdit: (input) => accounts.edit(input),
    accountsRemove: async (input) => ({ removed: await accounts.remove(input.accounts) }),
    accountsImport: (input) => accounts.import(input),
    checkAccount: (input) => accounts.check(input),
    readCommandLine: ({ commandLine }) => accounts.readCommandLine(commandLine),
    connect: async ({ select, timeoutMs }, caller) => {
      const ids = selected(select);
      const connecting = sessions.connect(ids, {
        prompts: prompts.promptsFor(caller.client, timeoutMs),
        askedBy: askedBy(caller),
      });
      // Where nobody is asked there is nobody to be kept waiting.
      const waiting = timeoutMs === 0 ? connecting : within(clock, timeoutMs + connectGraceMs, connecting);
      const told = await notices.during(ids, waiting);
      const isAsked = (id: string): boolean => prompts.isAsking && sessions.isUnlocking(id);
      return {
        results: ids.map((account) => ({
          account,
          state: connectAnswer(sessions.state(account), isAsked(account)),
        })),
        notices: [...told],
      };
    },
    disconnect: async ({ select }) => {
      const ids = selected(select);
      await sessions.disconnect(ids);
      return results(ids);
    },
    lock: async ({ forgetRemembered }) => {
      await tokens.lock();
      if (forgetRemembered === true) await tokens.forgetRemembered();
      return {};
    },
    credentials: async ({ account: id }) => {
      const { profileRegion } = store.get(id);
      const { credentials, expiresAt } = sessions.serving(id);
      return { credentials: { ...credentials, expiration: formatTime(expiresAt) }, profileRegion };
    },
    containerEndpoint: async ({ account: id, lasting }, { client }) => {
      const account = store.get(id);
      if (lasting) refuseLasting(account);
      else if (client === null) throw new AppError('usage-invalid', { message: 'The caller has no name.' });
      const opened = await parts.containerEndpoints.open(id, lasting ? null : client);
      return { ...opened, profileRegion: account.profileRegion };
    },
    tokens: (input, caller) => tokens.tokens(input, humanOf(caller)),
    findKeys: () => tokens.tokens({ pkcs11Lib: null, login: false }, null),
    whoami: async ({ account: id }) => {
      const account = store.get(id);
      const { credentials } = sessions.serving(id);
      const origin = stsOrigin(account, parts.stsEnvironment);
      return callerIdentity(account, credentials, origin, parts.awsTime(account), http);
    },
    doctor: async (input) => ({ findings: await examine(parts.doctor, input.accounts) }),
    replaceKeys: (input) => replaceKeys(parts.doctor, input),
    cleanUp: () => cleanUp(parts.doctor),
    consoleUrl: async ({ account: id, ...wanted }) => {
      const account = store.get(id);
      const { credentials } = sessions.serving(id);
      return consoleUrl(account, credentials, wanted, parts.signInUrl, http);
    },
    answerPrompt: async ({ id, answer }) => {
      prompts.answer(id, answer);
      return {};
    },
  };

  function humanOf(caller: Caller) {
    if (caller.client === null) return null;
    return {
      prompts: prompts.promptsFor(caller.client, humanTimeoutMs),
      accounts: [],
      askedBy: askedBy(caller),
    };
  }
}

/** A token that lasts is for accounts whose outlet says so. @throws AppError `usage-invalid`. */
function refuseLasting({ id, outlet }: Account): void {
  if (outlet === 'container-endpoint') return;
  throw new AppError('usage-invalid', {
    message: `The outlet of ${id} is ${outlet}, not container-endpoint.`,
    remedy: `Change it: rolekey accounts edit ${id} --outlet container-endpoint; or run one program: rolekey exec ${id} --refresh -- CMD.`,
  });
}

/** Who asks, as a sentence's subject. A program of the user's may say what it likes, so it only says so. */
function askedBy({ door, saysItIs }: Caller): string {
  return door === 'agent' ? `a command that says it is “${saysItIs}”` : askedByWindow;
}

/** How much longer a connect takes than its questions stay open, so that it tells of one that nobody answered, milliseconds. */
const connectGraceMs = 300;

/** Waits for `work`, but not for ever: it goes on unwatched. @throws what it throws until then. */
async function within(clock: Clock, ms: number, work: Promise<void>): Promise<void> {
  let undo: () => void = () => undefined;
  const timeout = new Promise<void>((resolve) => (undo = clock.after(ms, resolve)));
  await Promise.race([work, timeout]).finally(() => undo());
}

/** How long a person may take to answer what `rolekey tokens` asks, milliseconds. */
const humanTimeoutMs = 120_000;
