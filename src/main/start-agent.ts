/** Runs an engine of plain Node adapters behind the agent's socket: what `rolekey agent` and the app have in common. */
import { dirname } from 'node:path';
import { AppError } from '../shared/errors.ts';
import type { AgentInfo, HandedOver } from '../shared/model.ts';
import { settingsFormat } from './accounts/settings.ts';
import { createAgentServer } from './agent/server.ts';
import { createEngine, type Engine, type EngineOptions } from './engine.ts';
import { createAgentListener } from './node/agent-listener.ts';
import { systemClock } from './node/clock.ts';
import { createEndpointListener } from './node/endpoint-listener.ts';
import { fileModes } from './node/file-modes.ts';
import { createFiles } from './node/files.ts';
import { createNodeHttp, httpOptionsOf } from './node/http.ts';
import { createLineNotifier, writeStandardError } from './node/line-notifier.ts';
import type { Lock } from './node/lock-file.ts';
import { createLogFile } from './node/log-file.ts';
import { createModuleFiles } from './node/module-files.ts';
import { beOnlyAgent } from './node/only-agent.ts';
import { checkHome } from './node/own-home.ts';
import { createReaderService } from './node/reader-service.ts';
import { setAside } from './node/set-aside.ts';
import type { RunKeyring } from './node/run-keyring.ts';
import { createSecretStore } from './node/secrets.ts';
import { createSettingsFile } from './node/settings-file.ts';
import { watchPlugs } from './node/plugs.ts';
import { createSshAgent, sshAgentAddress } from './node/ssh-agent-socket.ts';
import { createTokenHosts, type TokenHostsOptions } from './node/token-hosts.ts';
import type { Clock, Logger, Notifier, TokenHosts } from './ports.ts';
import type { Computer } from './tokens/shared-library.ts';

export interface AgentOptions extends Omit<EngineOptions, 'computer' | 'mode'> {
  /** By default `headless`. */
  readonly mode?: AgentInfo['mode'];
  /** Path of the bundled tokens/host/index.ts. */
  readonly tokenHostBundle: string;
  /** Path of the bundled node/keyring-process.ts. */
  readonly keyringBundle: string;
  /** By default the log file of `paths`. */
  readonly logger?: Logger;
  /** How token hosts are started; by default as child processes of plain Node. */
  readonly createTokenHosts?: (options: TokenHostsOptions) => TokenHosts;
  /** How the process for the keyring is started; by default as a child process of plain Node. */
  readonly runKeyring?: RunKeyring;
  /** Where the kernel shows what is plugged in, as {@link watchPlugs} takes it. */
  readonly plugFolder?: string;
  /** Null or absent: nobody is told. */
  readonly notifier?: Notifier | null;
  /** End by itself after {@link idleLimitMs} with nothing connected and nobody asking. */
  readonly endsWhenIdle: boolean;
  /**
   * A configuration that cannot be used is put aside, and is told here with its new path. Absent: it ends the start.
   * Only for who knows that no other agent runs.
   */
  readonly onSetAside?: (path: string) => void;
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
/** For an agent without windows: what a person should know is printed on standard error, a line each. */
export const printedNotifications: Notifier = createLineNotifier(writeStandardError);

/** How long an agent that handed over may take to give the socket up, and how often that is looked at, milliseconds. */
const successionMs = { patience: 5000, pause: 50 };

/**
 * Runs an engine behind the agent's socket.
 * @returns null where another agent has the socket.
 * @throws AppError `agent-unsafe` (socket, home directory), `config-unreadable`, `config-newer`, `file-unreadable`, `file-undecodable` (AWS_CA_BUNDLE),
 * `usage-invalid` (HTTPS_PROXY), and what `succeed` throws.
 */
export async function startAgent(options: AgentOptions): Promise<RunningAgent | null> {
  const { paths, env } = options;
  const clock = systemClock;
  checkHome(options.home, process.getuid?.() ?? null);
  if (options.onSetAside !== undefined) {
    const path = setAside(createSettingsFile(paths.configFolder, settingsFormat), clock.now());
    if (path !== null) options.onSetAside(path);
  }
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
      fileModes,
      tokenHosts: (options.createTokenHosts ?? createTokenHosts)({
        bundle: options.tokenHostBundle,
        environment: env,
      }),
      moduleFiles: createModuleFiles(),
      readerService: createReaderService({ platform: computer.platform, env }),
      secretStore: createSecretStore({
        platform: computer.platform,
        environment: env,
        bundle: options.keyringBundle,
        run: options.runKeyring,
      }),
      sshAgent: createSshAgent(sshAgentAddress(env, process.platform)),
      endpointListener: createEndpointListener(),
      notifier: options.notifier ?? null,
    },
  );
  const listener = createAgentListener(paths.socket);
  let lastUse = clock.now();
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  let cancelWatch: () => void = () => undefined;
  let unwatchPlugs: () => void = () => undefined;
  let stopping: Promise<void> | null = null;
  let only: Lock | null = null;
  const stop = (): Promise<void> => (stopping ??= finish());
  /** Once the answer to the call that ends it is on its way. */
  const stopSoon = (): void => void clock.after(0, () => void stop());

  async function finish(): Promise<void> {
    cancelWatch();
    unwatchPlugs();
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
  unwatchPlugs = watchPlugs(clock, () => engine.machine.plugged(), options.plugFolder);
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
