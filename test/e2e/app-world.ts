/** The built app on a desktop of its own, with a token, a certified key and AWS on loopback: what every test begins with. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { Desktop, type DesktopOptions } from '../support/desktop/desktop.ts';
import type { Outcome, RunningApp } from '../support/desktop/app.ts';
import { until } from '../support/desktop/until.ts';
import { builtApp } from '../support/world/built-cli.ts';
import type { Result } from '../support/world/program.ts';
import { World } from '../support/world/world.ts';

export class AppWorld {
  readonly desktop: Desktop;
  readonly world: World;
  /** What the app and every command of its user are started with. */
  readonly env: Readonly<Record<string, string>>;

  static async open(options: DesktopOptions = {}): Promise<AppWorld> {
    const world = await World.open();
    try {
      return new AppWorld(await Desktop.start(options), world);
    } catch (error) {
      await world.dispose();
      throw error;
    }
  }

  private constructor(desktop: Desktop, world: World) {
    this.desktop = desktop;
    this.world = world;
    this.env = { ...world.env, ...desktop.env };
  }

  /** A file of the user's home; null where there is none. */
  fileInHome(...path: string[]): string | null {
    try {
      return readFileSync(join(this.desktop.home, ...path), 'utf8');
    } catch {
      return null;
    }
  }

  /** Starts the app; resolves when its main process can be talked to. */
  launch(args: readonly string[] = []): Promise<RunningApp> {
    return this.desktop.launch({ app: builtApp(), args, env: this.env });
  }

  /**
   * Starts the app once more, as a person does; resolves when that process has ended.
   * @param folder that of another build's package.json.
   */
  launchAgain(args: readonly string[] = [], folder = builtApp()): Promise<Outcome & { readonly ms: number }> {
    const started = performance.now();
    return this.desktop
      .launchAgain({ app: folder, args, env: this.env })
      .then((outcome) => ({ ...outcome, ms: performance.now() - started }));
  }

  /** Starts the app and waits until its window can be used. */
  async open(args: readonly string[] = []): Promise<{ readonly app: RunningApp; readonly page: Page }> {
    const app = await this.launch(args);
    const page = await windowOf(app, 'app://window/');
    await page.locator('main[aria-busy=false]').waitFor(); // the window is there before the engine is
    return { app, page };
  }

  /** Runs the built `rolekey` as the app's user. */
  rolekey(args: readonly string[], options: { readonly stdin?: string } = {}): Promise<Result> {
    return this.world.rolekey(args, { ...options, cwd: this.desktop.home, env: this.env });
  }

  /** Adds an account with the device's key by the command line. @throws Error with what it said. */
  async addAccount(id: string, ...flags: readonly string[]): Promise<void> {
    const key = flags.includes('--private-key') ? [] : ['--private-key', this.world.device.uri];
    const { code, stderr } = await this.rolekey([
      ...['accounts', 'add', id],
      ...this.world.accountFlags(id),
      ...key,
      ...flags,
    ]);
    if (code !== 0) throw new Error(`accounts add ${id}: ${stderr}`);
  }

  async close(): Promise<void> {
    try {
      await this.desktop.stop();
    } finally {
      await this.world.dispose();
    }
  }
}

/** The app's window whose address begins like that, as soon as it is there. */
export async function windowOf(app: RunningApp, address: string): Promise<Page> {
  return until(
    () => app.electron.windows().find((page) => page.url().startsWith(address)),
    `a window ${address}`,
  );
}
