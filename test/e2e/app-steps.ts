/** What tests of the desktop side do and look at again and again. */
import type { RunningApp } from '../support/desktop/app.ts';
import type { TrayItem } from '../support/desktop/tray.ts';
import { pin } from '../support/world/world.ts';
import type { AppWorld } from './app-world.ts';
import { PinWindow } from './pin-window.ts';

/** An account as `rolekey status --json` tells it, as far as these tests look. */
export interface SeenAccount {
  readonly account: string;
  readonly state: {
    readonly activity: string;
    readonly reason: string | null;
    readonly retryAt: string | null;
    readonly serving: { readonly expiresAt: string } | null;
  };
}

/** Lines of the app's log; each is a JSON document. */
export function logOf(world: AppWorld): string {
  return world.fileInHome('.local', 'state', 'rolekey', 'rolekey.log') ?? '';
}

/** The account by the command line. @throws Error where the command fails. */
export async function accountOf(world: AppWorld, id: string): Promise<SeenAccount> {
  const result = await world.rolekey(['status', '--json']);
  if (result.code !== 0) throw new Error(`status: ${result.stderr}`);
  const found = (result.json() as { accounts: SeenAccount[] }).accounts.find(({ account }) => account === id);
  if (found === undefined) throw new Error(`There is no account ${id}.`);
  return found;
}

/** Connects by the command line, with the PIN on its standard input. @throws Error with what it said. */
export async function connect(world: AppWorld, ...ids: readonly string[]): Promise<void> {
  const { code, stderr } = await world.rolekey(['connect', ...ids, '--pin-stdin'], { stdin: `${pin}\n` });
  if (code !== 0) throw new Error(`connect ${ids.join(' ')}: ${stderr}`);
}

/** Waits for the PIN window that asks and types the token's PIN as a person does. */
export async function typePin(app: RunningApp): Promise<void> {
  const asked = await PinWindow.of(app);
  await asked.enter(pin);
}

export interface WindowLook {
  readonly visible: boolean;
  readonly minimised: boolean;
  readonly bounds: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  };
}

/** How the window of the accounts stands. */
export function windowLook({ electron }: RunningApp): Promise<WindowLook> {
  return electron.evaluate(({ BrowserWindow }) => {
    const window = BrowserWindow.getAllWindows().find(({ webContents }) =>
      webContents.getURL().startsWith('app://window/'),
    )!;
    return { visible: window.isVisible(), minimised: window.isMinimized(), bounds: window.getBounds() };
  });
}

/** What a person does with the window’s frame. */
export function closeWindow({ electron }: RunningApp): Promise<void> {
  return electron.evaluate(({ BrowserWindow }) => {
    BrowserWindow.getAllWindows()
      .find(({ webContents }) => webContents.getURL().startsWith('app://window/'))!
      .close();
  });
}

/** What a system dialog said. */
export interface Told {
  readonly message: string;
  readonly detail: string;
  readonly buttons: readonly string[];
}

/**
 * From now on system dialogs are remembered instead of shown, and answered with that button.
 * @param response the button's place, from 0.
 */
export async function answerDialogs({ electron }: RunningApp, response: number): Promise<void> {
  await electron.evaluate(({ dialog }, button) => {
    const told = (Reflect.get(globalThis, 'told') as unknown[] | undefined) ?? [];
    Reflect.set(globalThis, 'told', told);
    const answer = async (...args: unknown[]): Promise<object> => {
      const { message, detail, buttons } = args.at(-1) as Record<string, unknown>;
      told.push({ message, detail, buttons });
      return { response: button, checkboxChecked: false };
    };
    Reflect.set(dialog, 'showMessageBox', answer);
  }, response);
}

/** What dialogs said since {@link answerDialogs}. */
export function dialogsOf({ electron }: RunningApp): Promise<Told[]> {
  return electron.evaluate(() => [...(Reflect.get(globalThis, 'told') as Told[])]);
}

/**
 * Waits until the app was told that of the screen, and acts on it. It asks every two seconds; what the desktop says
 * meanwhile it does not hear.
 */
export function toldOfScreen({ electron }: RunningApp, awaited: 'locked' | 'active'): Promise<void> {
  return electron.evaluate(
    ({ powerMonitor }, state) =>
      new Promise<void>((resolve) => {
        const own = Reflect.get(powerMonitor, 'getSystemIdleState') as (seconds: number) => string;
        Reflect.set(powerMonitor, 'getSystemIdleState', (seconds: number) => {
          const told = own.call(powerMonitor, seconds);
          if (told !== state) return told;
          Reflect.set(powerMonitor, 'getSystemIdleState', own);
          setImmediate(resolve);
          return told;
        });
      }),
    awaited,
  );
}

/** The labels of what a person can click in the tray’s menu, and those of its submenus. */
export async function labelsOf(item: TrayItem): Promise<string[]> {
  const entries = await item.menu();
  return entries.filter(({ type, visible }) => type === 'standard' && visible).map(({ label }) => label);
}

/** Counts from now on how often the window is minimised: a screen without a window manager does not do it. */
export async function countMinimisations({ electron }: RunningApp): Promise<void> {
  await electron.evaluate(({ BrowserWindow }) => {
    const window = BrowserWindow.getAllWindows().find(({ webContents }) =>
      webContents.getURL().startsWith('app://window/'),
    )!;
    Reflect.set(globalThis, 'minimised', 0);
    Reflect.set(window, 'minimize', () => {
      Reflect.set(globalThis, 'minimised', (Reflect.get(globalThis, 'minimised') as number) + 1);
      BrowserWindow.prototype.minimize.call(window);
    });
  });
}

/** How often it was, since {@link countMinimisations}. */
export function minimisations({ electron }: RunningApp): Promise<number> {
  return electron.evaluate(() => Reflect.get(globalThis, 'minimised') as number);
}

/** Presses a key in the window of the accounts, as the keyboard does: also what the menu of the window is told of. */
export async function pressKeys(
  { electron }: RunningApp,
  keyCode: string,
  modifiers: readonly ('control' | 'alt')[],
): Promise<void> {
  await electron.evaluate(
    ({ BrowserWindow }, key) => {
      const { webContents } = BrowserWindow.getAllWindows().find((window) =>
        window.webContents.getURL().startsWith('app://window/'),
      )!;
      webContents.focus();
      webContents.sendInputEvent({ type: 'keyDown', keyCode: key.code, modifiers: [...key.modifiers] });
    },
    { code: keyCode, modifiers },
  );
}

/** Clicks Quit in the tray’s menu. An app that ends at once may end before it has answered the click. */
export async function clickQuit(tray: TrayItem): Promise<void> {
  await tray.click('Quit Rolekey').catch((error: unknown) => {
    if (!String(error).includes('without replying')) throw error;
  });
}
