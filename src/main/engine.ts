/**
 * Composition root of all that works without Electron: from adapters to the handlers of every call.
 * start-agent.ts puts them behind the socket.
 */
import { join } from 'node:path';
import { askedByRenewal } from '../shared/constants.ts';
import { formatTime, type Account, type AgentInfo, type HandedOver } from '../shared/model.ts';
import type { Paths } from '../shared/paths.ts';
import { AccountService } from './accounts/account-service.ts';
import { createAccountStore } from './accounts/account-store.ts';
import { settingsFormat } from './accounts/settings.ts';
import { Announcer } from './announcer.ts';
import { EventHub } from './event-hub.ts';
import { createSettingsFile } from './node/settings-file.ts';
import { ContainerEndpoints, type EndpointListener } from './outlets/container-endpoint-grants.ts';
import { createConfigFile } from './outlets/config-file.ts';
import { createCredentialsFile } from './outlets/credentials-file.ts';
import { createOutlets, type Outlets } from './outlets/outlets.ts';
import { createHandlers, type EngineHandlers } from './handlers.ts';
import { Notices } from './notices.ts';
import type {
  Clock,
  FileModes,
  Files,
  Http,
  Logger,
  ModuleFiles,
  Notifier,
  ReaderService,
  SecretStore,
  SshAgent,
  TokenHosts,
} from './ports.ts';
import { PromptBroker } from './prompt-broker.ts';
import { parseRoleArn } from './roles-anywhere/arn.ts';
import { endpointEnvironmentOf, resolveEndpoint } from './roles-anywhere/endpoint.ts';
import { preflight, refuse } from './roles-anywhere/preflight.ts';
import { viewOf } from './sessions/account-view.ts';
import { createSession } from './sessions/create-session.ts';
import { handOver, takeHandedOver, takeUpLeft } from './sessions/left-sessions.ts';
import { byLocalClock } from './sessions/live-session.ts';
import { ServerClock } from './sessions/server-clock.ts';
import { SessionService, type Unemptied } from './sessions/session-service.ts';
import { isBuiltInModule } from './tokens/module-places.ts';
import type { Computer } from './tokens/shared-library.ts';
import { isSealed } from './tokens/signer.ts';
import { createTokenService } from './tokens/token-service.ts';

/** The adapters an engine lives on. */
export interface World {
  readonly clock: Clock;
  readonly files: Files;
  readonly fileModes: FileModes;
  readonly http: Http;
  readonly tokenHosts: TokenHosts;
  readonly moduleFiles: ModuleFiles;
  readonly readerService: ReaderService;
  readonly secretStore: SecretStore;
  readonly sshAgent: SshAgent;
  readonly endpointListener: EndpointListener;
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
  /** Something was plugged into it or pulled out of it: perhaps a token. */
  plugged(): void;
  /** A person turned to the app. */
  attended(): void;
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
  /** Whether any account is connected, connecting or trying again, or a program runs that may ask the container endpoint. */
  isBusy(): boolean;
  /** Takes up what an agent that crashed left in the AWS files, as far as they can be read. */
  resume(): Promise<void>;
  /** Serves what the agent in whose place this one is handed over. */
  take(handedOver: readonly HandedOver[]): void;
  /** Gives up what is served to the agent that lives on in this one's place, and every PIN to nobody. */
  release(): Promise<HandedOver[]>;
  /**
   * Disconnects every account and ends every token host. Where the settings say so the AWS files keep what is still good.
   * @returns whose credentials could not be taken away.
   */
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
    sshAgent: world.sshAgent,
    confirmedModules: store.confirmedModules,
    files,
    clock,
    log: logger,
    computer: options.computer,
    readerService: world.readerService,
    onTokens: (change) => sessions.tokensChanged(change),
    environment: env,
    remembered: {
      store: world.secretStore,
      tokens: store.rememberedTokens,
      tell: (problem) => notices.tell(null, problem),
    },
  });
  const { awsCredentialsFile, awsConfigFile } = paths;
  const awsFilesOn = (place: Files) => {
    const awsFiles = { files: place, createdFiles: store.createdFiles };
    return {
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
    };
  };
  const awsFiles = awsFilesOn(files);
  const outletsOn = (written: typeof awsFiles): Outlets =>
    createOutlets({
      ...written,
      mayAdopt: store.adoptions.has,
      onTightened: () => {
        notices.tell(null, {
          code: 'credentials-file-tightened',
          message: `Others could read ${awsCredentialsFile}; it is yours alone now (mode 0600).`,
        });
      },
    });
  const outlets = outletsOn(awsFiles);
  const announcer = new Announcer({
    notifier: world.notifier,
    accounts: () =>
      store.list().map((account) => viewOf(account, sessions, serverClock.offset(hostOf(account)))),
    clock,
    logger,
  });
  const sessions: SessionService = new SessionService({
    accounts: store,
    prepareSigner: async (account) => {
      const signer = await tokens.find(account);
      if (isSealed(signer)) return signer;
      const { certificate, issuers } = signer;
      const now = awsTime(account);
      const findings = preflight({ account, certificate, issuers, environment, now });
      refuse(findings);
      for (const warning of findings.warnings) notices.tell(account.id, warning);
      return signer;
    },
    createSession: async (account, signer, signal, inTurn, human) =>
      byLocalClock(
        await createSession(
          { account, signer, environment, signal, inTurn, human },
          { clock, http },
          serverClock,
        ),
      ),
    bystander: { prompts: prompts.promptsFor(null, 0), askedBy: askedByRenewal },
    outlets,
    unemptied: store.unemptied,
    clock,
    random: Math.random,
    logger,
    onChange: (account, state) => {
      hub.emit({ name: 'state', payload: { account, state } });
      announcer.changed(account, state);
    },
    onAsk: () => announcer.look(),
  });
  const containerEndpoints = new ContainerEndpoints({
    listener: world.endpointListener,
    serving: (id) => ({ ...sessions.serving(id), roleArn: store.get(id).roleArn }),
    isThere: (client) => hub.hears(client),
    clock,
  });
  hub.onGone((client) => void containerEndpoints.clientGone(client));
  const accounts = new AccountService({
    store,
    outlets,
    sessions,
    onChange: () => {
      void containerEndpoints.accountsChanged(store.list());
      hub.emit({ name: 'accounts', payload: {} });
    },
    environment,
    files,
    configPath: awsConfigFile,
    credentialsPath: awsCredentialsFile,
    refuseUnconfirmed: (modulePath) => tokens.refuseUnconfirmed(modulePath),
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
        announcer.look();
      },
      setLocked: (isLocked) => {
        announcer.setLocked(isLocked);
        sessions.setLocked(isLocked);
      },
      setOnline: (isOnline) => sessions.setOnline(isOnline),
      plugged: () => {
        void tokens.lookAtHeld();
        sessions.plugged();
      },
      attended: () => sessions.lookForTokens(),
    },
    askThrough: (client) => prompts.askThrough(client),
    isBusy: () => sessions.isBusy() || containerEndpoints.isInUse,
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
      prompts.close();
      await containerEndpoints.close();
      const released = await sessions.release();
      await tokens.close();
      return released.map(handOver);
    },
    stop: async () => {
      announcer.stop();
      prompts.close();
      await containerEndpoints.close();
      const unemptied = await sessions.stop(store.settings().leaveCredentialsOnQuit);
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
      containerEndpoints,
      clock,
      http,
      signInUrl: env.AWS_ENDPOINT_URL_SIGNIN ?? null,
      stsEnvironment: { ...environment, stsUrl: env.AWS_ENDPOINT_URL_STS ?? null },
      awsTime,
      doctor: {
        accounts: () => store.list(),
        account: (id) => store.get(id),
        isServing: (id) => sessions.isConnected(id),
        waitsFor: (id) => sessions.state(id),
        disconnect: (ids) => sessions.disconnect(ids),
        findSigner: (account) => tokens.signer(account),
        listTokens: (pkcs11Lib) => tokens.tokens({ pkcs11Lib, login: false }, null),
        readerService: world.readerService,
        platform: options.computer.platform,
        overSsh: (env.SSH_CONNECTION ?? '') !== '',
        user: env.USER ?? env.LOGNAME ?? null,
        forgetRemembered: () => tokens.forgetRemembered(),
        awsTime,
        edit: (input) => accounts.edit(input),
        outletsOn: (place) => outletsOn(awsFilesOn(place)),
        files,
        fileModes: world.fileModes,
        http,
        clock,
        environment,
        config: awsFiles.configFile,
        configPath: awsConfigFile,
        credentials: awsFiles.credentialsFile,
        credentialsPath: awsCredentialsFile,
        unemptied: store.unemptied,
        cliPath: options.cliPath,
        backupFolder: join(paths.configFolder, 'replaced-keys'),
      },
    }),
  };

  /** Now, by the clock of the account's endpoint as far as it is known. */
  function awsTime(account: Account): number {
    return serverClock.now(hostOf(account));
  }

  /** Of the account's endpoint: name and port, as in a URL. */
  function hostOf(account: Account): string {
    return resolveEndpoint(account, parseRoleArn(account.roleArn).partition, environment).host;
  }
}
