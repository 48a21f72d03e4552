/**
 * The agent as a service of the user's own manager: systemd on Linux, launchd on macOS. It starts with every login and
 * is started anew where it fails.
 */
import { AppError } from '../../shared/errors.ts';
import type { Surroundings } from '../../shared/paths.ts';
import { serviceEnvironment } from './environment.ts';
import { launchd } from './launchd.ts';
import type { ServiceManager } from './manager.ts';
import { runTool, type RunTool } from './run-tool.ts';
import { readOurs, removeFile, writeOurs } from './service-file.ts';
import { systemd } from './systemd.ts';

export interface InstallOptions {
  /** How the agent is started; the first word is an absolute path. */
  readonly command: readonly [string, ...string[]];
  /** Whether an agent runs now, as whatever. */
  readonly agentRuns: boolean;
  /** By default the manager's own tool is run. */
  readonly run?: RunTool;
}

export interface Installed {
  /** Absolute paths of the files that are there now. */
  readonly installed: readonly string[];
  /** Whether the agent runs as a service now. */
  readonly started: boolean;
  /** What is left to do, or to know, as sentences. */
  readonly notes: readonly string[];
}

/**
 * Writes the service's file and has the manager start it, now and with every login. Doing so again changes nothing.
 * @param here with absolute paths in its environment.
 * @throws AppError `platform-unsupported`, `cli-path-unsafe`, `file-foreign` (a file of that name that is not ours),
 * `file-unreadable`, `file-readonly`, `disk-full`.
 */
export async function installService(here: Surroundings, options: InstallOptions): Promise<Installed> {
  const manager = managerOf(here);
  if (manager === null) throw unsupported();
  const { environment, leftOut } = serviceEnvironment(here.env, '/');
  const text = manager.text({ command: options.command, environment });
  const changed = writeOurs(manager.path, text, here.uid);
  const { started, notes } = await manager.take(options.run ?? runTool, changed, options.agentRuns);
  const secrets = leftOut.map(
    (name) =>
      `${name} is not written into the file, since it may hold a password; the service has to be told it otherwise.`,
  );
  return { installed: [manager.path], started, notes: [...secrets, ...notes] };
}

export interface Uninstalled {
  /** Absolute paths; none where nothing of ours was there. */
  readonly removed: readonly string[];
  /** Files of that name that are not ours: they stay as they are. */
  readonly left: readonly string[];
}

/**
 * Ends the service, which disconnects its accounts, and removes exactly what {@link installService} wrote.
 * @throws AppError `file-unreadable`, `file-readonly`.
 */
export async function uninstallService(here: Surroundings, run: RunTool = runTool): Promise<Uninstalled> {
  const manager = managerOf(here);
  const found = manager === null ? null : readOurs(manager.path);
  if (manager === null || found === null) return { removed: [], left: [] };
  if (found === 'foreign') return { removed: [], left: [manager.path] };
  await manager.stop(run);
  removeFile(manager.path);
  return { removed: [manager.path, ...(await manager.forget(run))], left: [] };
}

/** @throws AppError `platform-unsupported`. */
export function refuseWithoutManager(here: Surroundings): void {
  if (managerOf(here) === null) throw unsupported();
}

function managerOf(here: Surroundings): ServiceManager | null {
  if (here.platform === 'linux') return systemd(here);
  return here.platform === 'darwin' ? launchd(here) : null;
}

function unsupported(): AppError {
  return new AppError('platform-unsupported', {
    message: 'Rolekey’s agent cannot be installed as a service on this system.',
    remedy: 'Start “rolekey agent” from your session’s own autostart.',
  });
}
