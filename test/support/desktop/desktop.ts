/**
 * One test file's desktop: a screen, a home, both message buses, tray, notifications, sleep, screen lock. Nothing of
 * the user's own is seen or touched, and nothing is left of it.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { handedOn } from '../electron/hand-on.mjs';
import { endProcesses, processesWith, type RunningProcess } from '../world/processes.ts';
import { launchOnce, launchWithPlaywright, type LaunchOptions, type Outcome } from './app.ts';
import type { RunningApp } from './app.ts';
import { startBus, type Bus } from './bus.ts';
import { startDisplay, type Display } from './display.ts';
import { Login1 } from './login1.ts';
import { Notifications } from './notifications.ts';
import { ScreenSaver } from './screen-saver.ts';
import { Tray } from './tray.ts';
import { until } from './until.ts';

export interface DesktopOptions {
  /** False: a desktop without a tray, such as GNOME's own; `desktop.tray.appear()` brings it later. */
  readonly tray?: boolean;
  /** False: without a notification daemon; `desktop.notifications.appear()` brings it later. */
  readonly notifications?: boolean;
}

interface Parts {
  readonly directory: string;
  readonly display: Display;
  readonly sessionBus: Bus;
  readonly systemBus: Bus;
}

export class Desktop {
  /** Where programs of this desktop find HOME and the folders of XDG. */
  readonly home: string;
  /** What every program of this desktop is started with. */
  readonly env: Readonly<Record<string, string>>;
  readonly tray: Tray;
  readonly notifications: Notifications;
  readonly login1: Login1;
  readonly screenSaver: ScreenSaver;
  readonly #parts: Parts;
  readonly #apps: RunningApp[] = [];

  /** @throws Error where dbus-daemon or Xvfb is missing. */
  static async start({ tray = true, notifications = true }: DesktopOptions = {}): Promise<Desktop> {
    const directory = mkdtempSync(join(tmpdir(), 'rolekey-desktop-'));
    const [display, sessionBus, systemBus] = await Promise.all([startDisplay(), startBus(), startBus()]);
    const desktop = new Desktop({ directory, display, sessionBus, systemBus });
    await Promise.all([
      desktop.login1.appear(),
      desktop.screenSaver.appear(),
      ...(tray ? [desktop.tray.appear()] : []),
      ...(notifications ? [desktop.notifications.appear()] : []),
    ]);
    return desktop;
  }

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.home = join(parts.directory, 'home');
    const runtime = join(parts.directory, 'run');
    mkdirSync(this.home, { mode: 0o700 });
    mkdirSync(runtime, { mode: 0o700 });
    this.env = {
      PATH: process.env.PATH ?? '',
      LANG: 'C.UTF-8',
      TZ: 'UTC',
      HOME: this.home,
      XDG_CONFIG_HOME: join(this.home, '.config'),
      XDG_DATA_HOME: join(this.home, '.local', 'share'),
      XDG_STATE_HOME: join(this.home, '.local', 'state'),
      XDG_CACHE_HOME: join(this.home, '.cache'),
      XDG_RUNTIME_DIR: runtime,
      XDG_CURRENT_DESKTOP: 'GNOME',
      DISPLAY: parts.display.name,
      GDK_BACKEND: 'x11',
      NO_AT_BRIDGE: '1', // GTK would look for a bus of assistive programs
      DBUS_SESSION_BUS_ADDRESS: parts.sessionBus.address,
      DBUS_SYSTEM_BUS_ADDRESS: parts.systemBus.address,
    };
    this.tray = new Tray(parts.sessionBus);
    this.notifications = new Notifications(parts.sessionBus);
    this.screenSaver = new ScreenSaver(parts.sessionBus);
    this.login1 = new Login1(parts.systemBus);
  }

  /** For further services of the desktop, such as a keyring. */
  get sessionBus(): Bus {
    return this.#parts.sessionBus;
  }

  /**
   * Starts the app under Playwright; resolves when its main process can be talked to. One that a failed test has left
   * is ended before: beside it this one would be a second start, and fail as well.
   */
  async launch(options: LaunchOptions): Promise<RunningApp> {
    await Promise.all(this.#apps.map((app) => app.stop()));
    const app = await launchWithPlaywright(electronOfRun(), this.#withEnv(options), this.home);
    this.#apps.push(app);
    return app;
  }

  /** Starts the app as a person does, without Playwright; resolves when that process has ended. */
  async launchAgain(options: LaunchOptions): Promise<Outcome> {
    return launchOnce(electronOfRun(), this.#withEnv(options), this.home);
  }

  /** What runs on this desktop. */
  processes(): readonly RunningProcess[] {
    return processesWith(`HOME=${this.home}`);
  }

  /**
   * Ends the apps and then the desktop.
   * @throws Error when a process outlived its app; it has been ended by force.
   */
  async stop(): Promise<void> {
    const { directory, display, sessionBus, systemBus } = this.#parts;
    try {
      await Promise.all(this.#apps.map((app) => app.stop()));
      await this.#noneLeft();
    } finally {
      await endProcesses(() => this.processes());
      await Promise.all(this.#apps.map((app) => app.release()));
      await Promise.all([sessionBus.stop(), systemBus.stop()]);
      await display.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  }

  async #noneLeft(): Promise<void> {
    await until(() => this.processes().length === 0, 'the processes of the app to end', 5000).catch(() => {
      const left = this.processes().map(({ pid, argv }) => `${String(pid)} ${argv.slice(0, 3).join(' ')}`);
      throw new Error(`Still running after the app had ended: ${left.join('; ')}.`);
    });
  }

  #withEnv(options: LaunchOptions): LaunchOptions & { env: Record<string, string> } {
    return { ...options, env: { ...this.env, ...options.env } };
  }
}

function electronOfRun(): NonNullable<ReturnType<typeof handedOn>> {
  const electron = handedOn();
  if (electron === null) throw new Error('No Electron was handed on to this test run (hand-on.mjs).');
  return electron;
}
