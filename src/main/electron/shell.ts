/** The app around an engine: window, tray, PIN window and notifications, and how it begins and ends. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { app, clipboard, Menu, shell } from 'electron';
import type { Caller, EngineEvent, Handlers } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import type { Engine } from '../engine.ts';
import type { Clock, Logger, Notifier } from '../ports.ts';
import type { RunningAgent } from '../start-agent.ts';
import { Allowance } from './allowance.ts';
import type { AnotherStart } from './another-start.ts';
import { appMenu } from './app-menu.ts';
import { ask, say, type Question } from './dialogs.ts';
import { addressOf } from './external-links.ts';
import { watchMachine } from './machine.ts';
import { MainWindow } from './main-window.ts';
import { createNotifier } from './notifier.ts';
import { Pace } from './pace.ts';
import { createPinWindows } from './pin-window.ts';
import { PromptDesk } from './prompt-desk.ts';
import { StateFeed } from './state-feed.ts';
import type { TrayAction } from './tray-model.ts';
import { hasTrayHost } from './tray-host.ts';
import { TrayIcon } from './tray.ts';
import { brokenHandlers, pinHandlers, windowHandlers } from './window-handlers.ts';
import { openWindowMemory } from './window-state.ts';

export interface ShellOptions {
  /** The app's folder, with dist/ in it. */
  readonly root: string;
  readonly version: string;
  readonly platform: NodeJS.Platform;
  readonly environment: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Starts the engine behind its socket. @throws AppError what keeps it from starting; it can be tried again. */
  readonly start: (notifier: Notifier) => Promise<RunningAgent>;
}

/** How long a person may take for what a click began, milliseconds. */
const humanTimeoutMs = 300_000;
/** How many dialogs a minute the calls of the window can bring up. */
const dialogsPerMinute = 10;
/** The tray is not drawn more often than this, milliseconds. */
const trayPaceMs = 250;
/** Its menu tells the time that is left, in minutes. */
const trayMinuteMs = 60_000;

export class Shell {
  /** Resolves when everything is over and the process may end. */
  readonly ended: Promise<void>;
  readonly #options: ShellOptions;
  /** Names the stream of prompts that the PIN window answers. */
  readonly #client = randomUUID();
  readonly #memory = openWindowMemory(app.getPath('userData'));
  readonly #dialogs: Allowance;
  readonly #desk: PromptDesk;
  readonly #notifier: Notifier;
  readonly #feed: StateFeed;
  readonly #window: MainWindow;
  readonly #tray: TrayIcon;
  readonly #trayPace: Pace;
  readonly #undo: (() => void)[] = [];
  #agent: RunningAgent | null = null;
  #starting: Promise<void> | null = null;
  #handlers: Handlers<'window'>;
  #isAskingToQuit = false;
  #isAskedForWindow = false;
  #isEnding = false;
  #end: () => void = () => undefined;

  constructor(options: ShellOptions) {
    this.#options = options;
    const { root, clock, logger } = options;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    this.#dialogs = new Allowance(clock, dialogsPerMinute);
    this.#handlers = brokenHandlers(() => this.#startAgain());
    const devTools = !app.isPackaged;
    const openView = createPinWindows({
      root,
      devTools,
      logger,
      door: { handlers: () => pinHandlers(this.#desk), client: null, logger },
    });
    this.#desk = new PromptDesk({
      answer: async (id, answer) => {
        await this.#agent?.engine.handlers.answerPrompt({ id, answer }, this.#caller);
      },
      openView,
      confirm: ({ path, sha256, changed, askedBy }, signal) =>
        ask(
          null,
          {
            message: 'Load this PKCS#11 module?',
            details: [
              `Asked by ${askedBy}.`,
              ...(changed === true ? ['You confirmed it before, and it changed since.'] : []),
              path,
              `SHA-256 ${sha256}`,
              'Its code runs on this computer and sees the PIN. Go on only if you know where it comes from.',
            ],
            action: 'Load',
          },
          signal,
        ),
      clock,
      logger,
    });
    this.#notifier = createNotifier({
      onOpen: (account) => this.open(account),
      onConnect: (accounts) =>
        void this.#ask(({ handlers }) => this.#connect(handlers, { accounts: [...accounts] })),
      logger,
    });
    this.#window = new MainWindow({
      root,
      devTools,
      logger,
      memory: this.#memory,
      door: { handlers: () => this.#handlers, client: this.#client, logger },
      onClose: () => void this.#putAway(),
      onFocus: () => this.#agent?.engine.machine.attended(),
    });
    this.#feed = new StateFeed(clock, (event) => this.#window.tell(event));
    this.#tray = new TrayIcon({
      icons: join(root, 'dist', 'icons'),
      platform: options.platform,
      desktop: options.environment.XDG_CURRENT_DESKTOP ?? '',
      onAction: (action) => this.#act(action),
      logger,
    });
    this.#trayPace = new Pace(clock, trayPaceMs, () => void this.#drawTray());
    Menu.setApplicationMenu(Menu.buildFromTemplate(appMenu(devTools)));
  }

  get #caller(): Caller {
    return { door: 'window', client: this.#client, saysItIs: 'window' };
  }

  /** Starts the engine and shows the window; where the engine does not start, the window says why. */
  async run(): Promise<void> {
    this.open(null); // at once: what the engine waits for may take its time
    await this.#start().catch((error: unknown) => {
      this.#options.logger.log('error', 'engine-not-started', { error });
    });
  }

  /** Shows the window, with that account in sight. */
  open(account: string | null): void {
    if (this.#isEnding) return;
    this.#window.show();
    if (account !== null) this.#feed.hear({ name: 'reveal', payload: { account } });
  }

  /** Another start of the app ended in favour of this one. The only screen it can ask for is the one that opens anyway. */
  openForAnother({ version }: AnotherStart): void {
    this.open(null);
    if (version === null || version === this.#options.version) return;
    void say(this.#window.native, {
      message: 'Another version of Rolekey is running',
      details: [
        `This is version ${this.#options.version}; you started version ${version}.`,
        'Quit this one first.',
      ],
    });
  }

  /**
   * Ends the app, and with it every session.
   * @param mayAsk whether a person can be asked before accounts are disconnected.
   */
  async quit(mayAsk: boolean): Promise<void> {
    if (mayAsk && !(await this.#mayQuit())) return;
    this.#isEnding = true;
    // What an agent is handing over at this moment would be left in the AWS files, and served by nobody.
    await this.#starting?.catch(() => undefined);
    if (this.#agent === null) this.#finish();
    else await this.#agent.stop();
  }

  #start(): Promise<void> {
    this.#starting ??= this.#options
      .start(this.#notifier)
      .then((agent) => this.#attach(agent))
      .finally(() => (this.#starting = null));
    return this.#starting;
  }

  /** The window asks again: what was in the way may be gone. @throws what is still in the way. */
  async #startAgain(): Promise<Handlers<'window'>> {
    if (this.#agent === null) await this.#start();
    return this.#handlers;
  }

  #attach(agent: RunningAgent): void {
    const { engine } = agent;
    this.#agent = agent;
    this.#handlers = windowHandlers(engine.handlers, {
      ask: (question) => this.#askForWindow(question),
      copy: async (text) => clipboard.writeText(text),
      openLink: (link) => shell.openExternal(addressOf(link)),
    });
    engine.askThrough(this.#client);
    this.#undo.push(
      engine.hub.subscribe(this.#client, (event) => this.#hear(event)),
      watchMachine(this.#options.clock, engine.machine, () => void this.quit(false)),
    );
    void agent.ended.then(() => this.#finish());
    this.#trayPace.ask();
  }

  #hear(event: EngineEvent): void {
    this.#desk.hear(event);
    this.#feed.hear(event);
    this.#trayPace.ask();
  }

  async #drawTray(): Promise<void> {
    const { clock, logger } = this.#options;
    if (this.#agent === null) return;
    const { handlers } = this.#agent.engine;
    try {
      const { accounts } = await handlers.status({}, this.#caller);
      const listed = await handlers.accountsList({}, this.#caller);
      const favourites = new Set(listed.accounts.filter(({ favourite }) => favourite).map(({ id }) => id));
      const shown = accounts.map((each) => ({ ...each, favourite: favourites.has(each.account) }));
      this.#tray.show(shown, clock.now());
    } catch (error) {
      // A configuration that was spoilt meanwhile: the window tells, and the icon stays what it is.
      logger.log('error', 'tray-not-drawn', { error });
    }
    this.#trayPace.askLater(trayMinuteMs);
  }

  #act(action: TrayAction): void {
    switch (action.kind) {
      case 'open':
        this.open(action.account);
        break;
      case 'quit':
        void this.quit(true);
        break;
      case 'copy-profile':
        void clipboard.writeText(action.awsProfile);
        break;
      case 'connect':
        void this.#ask(({ handlers }) => this.#connect(handlers, { accounts: [action.account] }));
        break;
      case 'connect-all':
        void this.#ask(({ handlers }) => this.#connect(handlers, { all: true }));
        break;
      case 'disconnect':
        void this.#ask(({ handlers }) =>
          handlers.disconnect({ select: { accounts: [action.account] } }, this.#caller),
        );
        break;
      case 'disconnect-all':
        void this.#ask(({ handlers }) => handlers.disconnect({ select: { all: true } }, this.#caller));
        break;
      case 'lock':
        void this.#ask(({ handlers }) => handlers.lock({}, this.#caller));
        break;
      case 'forget-remembered':
        void this.#ask(({ handlers }) => handlers.lock({ forgetRemembered: true }, this.#caller));
    }
  }

  /** What the menu of the tray has done; it has no place of its own to say what failed. */
  async #ask(work: (engine: Engine) => Promise<unknown>): Promise<void> {
    if (this.#agent === null) {
      this.open(null); // it says why there is no engine
      return;
    }
    try {
      await work(this.#agent.engine);
    } catch (error) {
      this.#options.logger.log('error', 'tray-action-failed', { error });
      this.open(null);
    }
  }

  async #connect(
    handlers: Engine['handlers'],
    select: { accounts: string[] } | { all: true },
  ): Promise<void> {
    const { results } = await handlers.connect({ select, timeoutMs: humanTimeoutMs }, this.#caller);
    // What failed is told by the account's state, and there is no other place to read it than the window.
    const failed = results.find(({ state }) => state.serving === null && state.error !== null);
    if (failed !== undefined) this.open(failed.account);
  }

  /** For a call of the window: one dialog at a time, and not without end, whatever the page calls for. */
  async #askForWindow(question: Question): Promise<boolean> {
    if (this.#isAskedForWindow || this.#dialogs.take() === null) {
      this.#options.logger.log('warn', 'dialog-refused');
      throw new AppError('cancelled', {
        message: 'Another question is open, or there were too many.',
        remedy: '',
      });
    }
    this.#isAskedForWindow = true;
    try {
      return await ask(this.#window.native, question);
    } finally {
      this.#isAskedForWindow = false;
    }
  }

  /** The user closed the window. */
  async #putAway(): Promise<void> {
    if (await hasTrayHost(this.#options)) {
      this.#window.hide();
      return;
    }
    if (!this.#memory.saidNoTray) {
      this.#memory.rememberSaidNoTray();
      await say(this.#window.native, {
        message: 'Rolekey keeps running',
        details: [
          'This desktop shows no tray icons, so the window is minimised instead of closed.',
          'To end Rolekey choose Quit in its menu (press Alt), or press Ctrl+Q.',
        ],
      });
    }
    this.#window.minimise();
  }

  async #mayQuit(): Promise<boolean> {
    const message = await this.#questionBeforeQuitting();
    if (message === null) return true;
    if (this.#isAskingToQuit) return false; // it is on the screen already
    this.#isAskingToQuit = true;
    this.#window.show();
    try {
      return await ask(this.#window.native, {
        message,
        details: ['Programs that use their AWS profiles get no credentials until you connect again.'],
        action: 'Quit',
      });
    } finally {
      this.#isAskingToQuit = false;
    }
  }

  /** Null where nothing would be disconnected. */
  async #questionBeforeQuitting(): Promise<string | null> {
    const engine = this.#agent?.engine;
    if (engine === undefined) return null;
    try {
      const { accounts } = await engine.handlers.status({}, this.#caller);
      const connected = accounts.filter(({ state }) => state.serving !== null);
      if (connected.length === 0) return null;
      const [only] = connected;
      return connected.length === 1 && only !== undefined
        ? `Quit and disconnect “${only.label}”?`
        : `Quit and disconnect ${String(connected.length)} accounts?`;
    } catch (error) {
      // A configuration that cannot be read must not keep anybody from quitting.
      this.#options.logger.log('warn', 'status-unknown', { error });
      return engine.isBusy() ? 'Quit and disconnect every account?' : null;
    }
  }

  #finish(): void {
    for (const undo of this.#undo) undo();
    this.#trayPace.stop();
    this.#feed.stop();
    this.#tray.destroy();
    this.#window.destroy();
    this.#end();
  }
}
