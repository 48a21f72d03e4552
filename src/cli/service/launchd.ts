/** The agent as a job of launchd, in the user's graphical session. */
import { join } from 'node:path';
import type { Surroundings } from '../../shared/paths.ts';
import { firstLine, otherGoesOn, startsAnewWith, type ServiceManager } from './manager.ts';
import { plistLabel, plistText } from './plist.ts';

/** launchctl(1): `gui/UID` is the domain of who is logged in at the screen. */
export function launchd(here: Surroundings): ServiceManager {
  const path = join(here.home, 'Library', 'LaunchAgents', `${plistLabel}.plist`);
  const domain = `gui/${String(here.uid)}`;
  const job = `${domain}/${plistLabel}`;
  return {
    path,
    text: plistText,
    take: async (run, changed, otherRuns) => {
      const isLoaded = (await run('launchctl', ['print', job])).code === 0;
      if (isLoaded) {
        const again = `launchctl bootout ${job}; then: rolekey agent install`;
        return { started: true, notes: changed ? [startsAnewWith(again)] : [] };
      }
      if (otherRuns) {
        return { started: false, notes: [otherGoesOn(`launchctl bootstrap ${domain} ${path}`)] };
      }
      const loaded = await run('launchctl', ['bootstrap', domain, path]);
      if (loaded.code === 0) return { started: true, notes: [] };
      const why = firstLine(loaded.stderr);
      return {
        started: false,
        notes: [`launchd did not start it now (${why}); it starts when you log in at the screen.`],
      };
    },
    stop: async (run) => {
      await run('launchctl', ['bootout', job]); // where it fails, it was not loaded
    },
    forget: async () => [],
  };
}
