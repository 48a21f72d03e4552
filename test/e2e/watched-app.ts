/** The app in its window, with everything a test of it holds in its hands. */
import type { Page } from 'playwright-core';
import type { RunningApp } from '../support/desktop/app.ts';
import { builtApp } from '../support/world/built-cli.ts';
import { AccountsPage } from './accounts-page.ts';
import { windowOf, type AppWorld } from './app-world.ts';
import { PageWatch } from './page-watch.ts';
import { SystemDialogs } from './system-dialogs.ts';

export interface WatchedApp {
  readonly app: RunningApp;
  readonly page: Page;
  readonly accounts: AccountsPage;
  readonly dialogs: SystemDialogs;
  readonly watch: PageWatch;
}

/**
 * Starts the app and waits until its window can be used. Accounts that name no endpoint use the world's server, by the
 * environment; nothing is asked for that.
 * @param more is added to the app's environment.
 */
export async function openWatched(
  world: AppWorld,
  more: Readonly<Record<string, string>> = {},
): Promise<WatchedApp> {
  const env = { ...world.env, ...more, AWS_ENDPOINT_URL_ROLESANYWHERE: world.world.server.url };
  const app = await world.desktop.launch({ app: builtApp(), env });
  const watch = new PageWatch();
  watch.watch(app);
  const dialogs = await SystemDialogs.over(app);
  const page = await windowOf(app, 'app://window/');
  const ready = (): Promise<void> => page.locator('main[aria-busy=false]').waitFor();
  await ready();
  // Once more under watch: what happened while it was loaded first may have been missed.
  await page.reload();
  await ready();
  return { app, page, accounts: new AccountsPage(page), dialogs, watch };
}
