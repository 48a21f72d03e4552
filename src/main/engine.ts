/**
 * Composition root of all that works without Electron: from adapters to the handlers of every call.
 * `startAgent` puts them behind the socket.
 */
import { dirname } from 'node:path';
import { formatTime, type Account, type AgentInfo, type HandedOver } from '../shared/model.ts';
import { AppError } from '../shared/errors.ts';
import type { Paths } from '../shared/paths.ts';
import { AccountService } from './accounts/account-service.ts';
import { createAccountStore } from './accounts/account-store.ts';
import { settingsFormat } from './accounts/settings.ts';
import { Announcer } from './announcer.ts';
import { createAgentServer } from './agent/server.ts';
import { EventHub } from './event-hub.ts';
import { createAgentListener } from './node/agent-listener.ts';
import { systemClock } from './node/clock.ts';
import { createFiles } from './node/files.ts';
import type { Lock } from './node/lock-file.ts';
import { beOnlyAgent } from './node/only-agent.ts';
import { createNodeHttp, httpOptionsOf } from './node/http.ts';
import { createLogFile } from './node/log-file.ts';
import { createModuleFiles } from './node/module-files.ts';
import { createSettingsFile } from './node/settings-file.ts';
import { createTokenHosts, type TokenHostsOptions } from './node/token-hosts.ts';
import { createConfigFile } from './outlets/config-file.ts';
import { createCredentialsFile } from './outlets/credentials-file.ts';
import { createOutlets } from './outlets/outlets.ts';
import { createHandlers, type EngineHandlers } from './handlers.ts';
import { Notices } from './notices.ts';
import type { Clock, Files, Http, Logger, ModuleFiles, Notifier, TokenHosts } from './ports.ts';
import { PromptBroker } from './prompt-broker.ts';
import { parseRoleArn } from './roles-anywhere/arn.ts';
import { endpointEnvironmentOf, resolveEndpoint } from './roles-anywhere/endpoint.ts';
import { preflight, refuse } from './roles-anywhere/preflight.ts';
import { createSession } from './sessions/create-session.ts';
import { handOver, takeHandedOver, takeUpLeft } from './sessions/left-sessions.ts';
import { byLocalClock } from './sessions/live-session.ts';
import { ServerClock } from './sessions/server-clock.ts';
import { SessionService, type Unemptied } from './sessions/session-service.ts';
import { isBuiltInModule } from './tokens/module-finder.ts';
import type { Computer } from './tokens/shared-library.ts';
import { createTokenService } from './tokens/token-service.ts';

/** The adapters an engine lives on. */
export interface World {
  readonly clock: Clock;
  readonly files: Files;
  readonly http: Http;
  readonly tokenHosts: TokenHosts;
  readonly moduleFiles: ModuleFiles;
  readonly logger: Logger;
  /** Null: headless, and nobody is told. */
  readonly notifier: Notifier | null;
}

/** What the computer tells of itself. */
export interface Machine {
  /** It woke up. */
  resumed(): void;
  /** The screen is locked, or is not any more. */
  setLocked(isLocked: boolean): void;
  /** Whether there is a network. */
  setOnline(isOnline: boolean): void;
}

export interface EngineOptions {
  readonly version: string;
  readonly mode: AgentInfo['mode'];
  readonly paths: Paths;
  /** Absolute path of the rolekey command, as it is written into ~/.aws/config. */
  readonly cliPath: string;
  readonly computer: Computer;
  /** The user's home directory. */
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Engine {
  readonly info: AgentInfo;
  readonly handlers: EngineHandlers;
  readonly hub: EventHub;
  readonly machine: Machine;
  /** Questions that nobody else can be asked go to this client of the hub. */
  askThrough(client: string): void;
  /** Whether any account is connected, connecting or trying again. */
  isBusy(): boolean;
  /** Takes up what an agent that crashed left in the AWS files, as far as they can be read. */
  resume(): Promise<void>;
  /** Serves what the agent in whose place this one is handed over. */
  take(handedOver: readonly HandedOver[]): void;
  /** Gives up what is served to the agent that lives on in this one's place, and every PIN to nobody. */
  release(): Promise<HandedOver[]>;
  /** Disconnects every account and ends every token host. @returns whose credentials could not be taken away. */
  stop(): Promise<readonly Unemptied[]>;
}

/** @throws AppError `config-unreadable`, `config-newer`. */
export function createEngine(options: EngineOptions, world: World): Engine {
  const { paths, env } = options;
  const { clock, files, http, logger } = world;
  const environment = endpointEnvironmentOf(env);
  const store = createAccountStore(createSettingsFile(paths.configFolder, settingsFormat));
  store.list(); // a configuration that cannot be read is told at once, not with the first call

  const hub = new EventHub();
  const notices = new Notices(logger);
  const prompts = new PromptBroker(clock, hub);
  const serverClock = new ServerClock(clock);
  const tokens = createTokenService({
    hosts: world.tokenHosts,
    moduleFiles: world.moduleFiles,
    confirmedModules: store.confirmedModules,
    files,
    clock,
    log: logger,
    computer: options.computer,
  });
  const awsFiles = { files, createdFiles: store.createdFiles };
  const { awsCredentialsFile, awsConfigFile } = paths;
  const outlets = createOutlets({
    credentialsFile: createCredentialsFile({
      ...awsFiles,
      path: awsCredentialsFile,
      configPath: awsConfigFile,
    }),
    configFile: createConfigFile({
      ...awsFiles,
      path: awsConfigFile,
      credentialsPath: awsCredentialsFile,
      cliPath: options.cliPath,
    }),
    mayAdopt: store.adoptions.has,
    onTightened: () => {
      notices.tell(null, {
        code: 'credentials-file-tightened',
        message: `Others could read ${awsCredentialsFile}; it is yours alone now (mode 0600).`,
      });
    },
  });
  const announcer = new Announcer({
    notifier: world.notifier,
    accounts: () => store.list().map(({ id, label }) => ({ account: id, label, state: sessions.state(id) })),
    clock,
    logger,
  });
  const sessions: SessionService = new SessionService({
    accounts: store,
    prepareSigner: async (account) => {
      const signer = await tokens.signer(account);
      const { certificate, issuers } = signer;
      const now = awsTime(account);
      const findings = preflight({ account, certificate, issuers, environment, now });
      refuse(findings);
      for (const warning of findings.warnings) notices.tell(account.id, warning);
      return signer;
    },
    createSession: async (account, signer, signal) =>
      byLocalClock(
        await createSession({ account, signer, environment, signal }, { clock, http }, serverClock),
      ),
    outlets,
    unemptied: store.unemptied,
    clock,
    random: Math.random,
    logger,
    onChange: (account, state) => {
      hub.emit({ name: 'state', payload: { account, state } });
      announcer.changed(account, state);
    },
  });
  const accounts = new AccountService({
    store,
    outlets,
    sessions,
    onChange: () => hub.emit({ name: 'accounts', payload: {} }),
    environment,
    files,
    configPath: awsConfigFile,
    credentialsPath: awsCredentialsFile,
    importContext: {
      home: options.home,
      windows: options.computer.platform === 'win32',
      isBuiltInModule: (path) => isBuiltInModule(path, options.computer),
    },
  });

  const info: AgentInfo = {
    pid: process.pid,
    version: options.version,
    protocol: 1,
    startedAt: formatTime(clock.now()),
    mode: options.mode,
    credentialsFile: awsCredentialsFile,
    configFile: awsConfigFile,
  };
  return {
    info,
    hub,
    machine: {
      resumed: () => {
        sessions.nudge();
        announcer.resumed();
      },
      setLocked: (isLocked) => {
        announcer.setLocked(isLocked);
        if (!isLocked) sessions.nudge();
      },
      setOnline: (isOnline) => sessions.setOnline(isOnline),
    },
    askThrough: (client) => prompts.askThrough(client),
    isBusy: () => sessions.isBusy(),
    resume: async () => {
      const takeUp = () => takeUpLeft(outlets, sessions, store.list(), store.unemptied.list(), clock.now());
      for (const work of [() => outlets.tidy(), takeUp]) {
        try {
          await work();
        } catch (error) {
          // A file in disorder is told to who connects an account that needs it; all others go on.
          logger.log('warn', 'left-not-taken-up', { error });
        }
      }
    },
    take: (handedOver) => takeHandedOver(sessions, store.list(), handedOver, clock.now()),
    release: async () => {
      announcer.stop();
      const released = await sessions.release();
      await tokens.close();
      return released.map(handOver);
    },
    stop: async () => {
      announcer.stop();
      const unemptied = await sessions.stop();
      await tokens.close();
      return unemptied;
    },
    handlers: createHandlers({
      info,
      store,
      accounts,
      sessions,
      tokens,
      prompts,
      notices,
      clock,
      http,
      stsEnvironment: { ...environment, stsUrl: env.AWS_ENDPOINT_URL_STS ?? null },
      awsTime,
    }),
  };

  /** Now, by the clock of the account's endpoint as far as it is known. */
  function awsTime(account: Account): number {
    return serverClock.now(
      resolveEndpoint(account, parseRoleArn(account.roleArn).partition, environment).host,
    );
  }
}

export interface AgentOptions extends Omit<EngineOptions, 'computer' | 'mode'> {
  /** By default `headless`. */
  readonly mode?: AgentInfo['mode'];
  /** Path of the bundled tokens/host/index.ts. */
  readonly tokenHostBundle: string;
  /** By default the log file of `paths`. */
  readonly logger?: Logger;
  /** How token hosts are started; by default as child processes of plain Node. */
  readonly createTokenHosts?: (options: TokenHostsOptions) => TokenHosts;
  /** Absent: nobody is told. */
  readonly notifier?: Notifier;
  /** End by itself after {@link idleLimitMs} with nothing connected and nobody asking. */
  readonly endsWhenIdle: boolean;
  /**
   * Asks the agent that has the socket to end, and for what it serves.
   * @returns null where it lives on. Absent: whoever has the socket keeps it.
   */
  readonly succeed?: (
    info: Pick<AgentInfo, 'credentialsFile' | 'configFile'>,
  ) => Promise<HandedOver[] | null>;
}

export interface RunningAgent {
  readonly engine: Engine;
  /** Resolves when the agent has ended, by `stop`, by a call, or because it was idle. */
  readonly ended: Promise<void>;
  /** Disconnects everything and gives the socket up. Safe to call twice. */
  stop(): Promise<void>;
}

const idleLimitMs = 600_000;
/** How long an agent that handed over may take to give the socket up, and how often that is looked at, milliseconds. */
const successionMs = { patience: 5000, pause: 50 };

/**
 * Runs an engine behind the agent's socket.
 * @returns null where another agent has the socket.
 * @throws AppError `agent-unsafe`, `config-unreadable`, `config-newer`, `file-unreadable`, `file-undecodable` (AWS_CA_BUNDLE),
 * `usage-invalid` (HTTPS_PROXY), and what `succeed` throws.
 */
export async function startAgent(options: AgentOptions): Promise<RunningAgent | null> {
  const { paths, env } = options;
  const clock = systemClock;
  const logger = options.logger ?? createLogFile(paths.logFile, clock);
  const http = createNodeHttp(httpOptionsOf(env));
  const computer: Computer = { platform: process.platform, arch: process.arch };
  const engine = createEngine(
    { mode: 'headless', ...options, computer },
    {
      clock,
      http,
      logger,
      files: createFiles(paths.runtimeFolder),
      tokenHosts: (options.createTokenHosts ?? createTokenHosts)({
        bundle: options.tokenHostBundle,
        environment: env,
      }),
      moduleFiles: createModuleFiles(),
      notifier: options.notifier ?? null,
    },
  );
  const listener = createAgentListener(paths.socket);
  let lastUse = clock.now();
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  let cancelWatch: () => void = () => undefined;
  let stopping: Promise<void> | null = null;
  let only: Lock | null = null;
  const stop = (): Promise<void> => (stopping ??= finish());
  /** Once the answer to the call that ends it is on its way. */
  const stopSoon = (): void => void clock.after(0, () => void stop());

  async function finish(): Promise<void> {
    cancelWatch();
    await engine.stop();
    await listener.close();
    await http.close();
    await only?.release();
    logger.log('info', 'agent-stopped');
    end();
  }

  const serve = createAgentServer({
    handlers: {
      ...engine.handlers,
      shutdown: async () => {
        const unemptied = await engine.stop();
        stopSoon();
        return { unemptied: [...unemptied] };
      },
      takeover: async () => {
        if (engine.info.mode === 'app') {
          throw new AppError('usage-invalid', {
            message: 'The Rolekey app hands over to nobody.',
            remedy: '',
          });
        }
        const sessions = await engine.release();
        stopSoon();
        return { sessions };
      },
    },
    subscribe: (client, tell) => engine.hub.subscribe(client, tell),
    logger,
  });
  let open: () => void = () => undefined;
  const resumed = new Promise<void>((resolve) => (open = resolve));
  const listen = (): Promise<boolean> =>
    listener.listen(async (request) => {
      lastUse = clock.now();
      await resumed; // what was left must not be taken for, or away with, what is connected now
      return serve(request);
    });
  let handedOver: readonly HandedOver[] = [];
  const succeeds = !(await listen());
  if (succeeds) {
    const received = (await options.succeed?.(engine.info)) ?? null;
    if (received === null || !(await listenAfter(clock, listen))) return null;
    handedOver = received;
  }
  logger.log('info', 'agent-started', { ...engine.info });
  only = await beOnlyAgent(dirname(paths.logFile), succeeds ? successionMs.patience : 0);
  if (only === null) logger.log('warn', 'other-agent', { socket: paths.socket });
  else await engine.resume();
  engine.take(handedOver);
  open();
  if (options.endsWhenIdle) watchIdleness();
  return { engine, ended, stop };

  function watchIdleness(): void {
    if (engine.isBusy()) lastUse = clock.now();
    const left = lastUse + idleLimitMs - clock.now();
    if (left <= 0) void stop();
    else cancelWatch = clock.after(Math.min(left, 60_000), watchIdleness);
  }
}

/** Waits for the socket, which whoever had it is about to give up. @returns whether it was had. */
async function listenAfter(clock: Clock, listen: () => Promise<boolean>): Promise<boolean> {
  const until = clock.now() + successionMs.patience;
  while (!(await listen())) {
    if (clock.now() > until) return false;
    await new Promise<void>((resolve) => void clock.after(successionMs.pause, resolve));
  }
  return true;
}
