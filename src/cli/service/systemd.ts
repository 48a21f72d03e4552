/** The agent as a service of the systemd user manager. */
import { lstatSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Surroundings } from '../../shared/paths.ts';
import { firstLine, otherGoesOn, startsAnewWith, type ServiceManager, type Taken } from './manager.ts';
import type { RunTool, ToolResult } from './run-tool.ts';
import { removeFile } from './service-file.ts';
import { unitName, unitText } from './unit.ts';

/** systemd.unit(5), "User Unit Search Path". */
export function systemd(here: Surroundings): ServiceManager {
  const base = here.env.XDG_CONFIG_HOME;
  const configHome = base?.startsWith('/') === true ? base : join(here.home, '.config');
  const path = join(configHome, 'systemd', 'user', unitName);
  return { path, text: unitText, take, stop, forget: async (run) => forget(run, path) };
}

const systemctl = (run: RunTool, ...args: readonly string[]): Promise<ToolResult> =>
  run('systemctl', ['--user', '--no-ask-password', ...args]);
const isActive = async (run: RunTool): Promise<boolean> =>
  (await systemctl(run, '--quiet', 'is-active', unitName)).code === 0;

async function take(run: RunTool, changed: boolean, otherRuns: boolean): Promise<Taken> {
  const reload = await systemctl(run, 'daemon-reload');
  if (reload.code !== 0) return { started: false, notes: [notReached(reload)] };
  const wasActive = await isActive(run);
  const waits = otherRuns && !wasActive;
  const enabled = await systemctl(run, 'enable', ...(waits ? [] : ['--now']), unitName);
  if (enabled.code !== 0) {
    const why = firstLine(enabled.stderr);
    const seeMore = `See: systemctl --user status ${unitName}.`;
    return { started: false, notes: [`systemd did not start it (${why}). ${seeMore}`] };
  }
  if (waits) return { started: false, notes: [otherGoesOn(`systemctl --user start ${unitName}`)] };
  const notes = wasActive && changed ? [startsAnewWith(`systemctl --user restart ${unitName}`)] : [];
  return { started: await isActive(run), notes };
}

function notReached({ code }: ToolResult): string {
  return code === null
    ? 'There is no systemd here, so nothing was started; start “rolekey agent” from your session’s own autostart.'
    : `Your systemd user manager cannot be reached from here, so nothing was started; once you are logged in: systemctl --user daemon-reload; then: systemctl --user enable --now ${unitName}.`;
}

async function stop(run: RunTool): Promise<void> {
  await systemctl(run, 'disable', '--now', unitName); // where it fails, it was not running
}

/** Without a manager the link that enabled the unit is left. */
async function forget(run: RunTool, path: string): Promise<readonly string[]> {
  const link = join(dirname(path), 'default.target.wants', unitName);
  const leads =
    lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() === true &&
    resolve(dirname(link), readlinkSync(link)) === path;
  if (leads) removeFile(link);
  await systemctl(run, 'daemon-reload');
  return leads ? [link] : [];
}
