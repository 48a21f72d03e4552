/** What the tray shows, as plain values: its shape, its tooltip and its menu. Electron turns them into an icon and a Menu. */
import { controlOrBidi } from '../../shared/constants.ts';
import type { AccountStatus, Reason } from '../../shared/model.ts';

/** An account as the tray needs it; a favourite comes first where not all can be shown. */
export type TrayAccount = AccountStatus & { readonly favourite?: boolean };

export type TrayShape = 'idle' | 'connected' | 'needs-you' | 'working' | 'error';

export interface TrayModel {
  readonly shape: TrayShape;
  readonly tooltip: string;
}

/** What an entry of the menu does. `account` is an account's ID. */
export type TrayAction =
  | { readonly kind: 'connect'; readonly account: string }
  | { readonly kind: 'disconnect'; readonly account: string }
  | { readonly kind: 'copy-profile'; readonly account: string; readonly awsProfile: string }
  | { readonly kind: 'connect-all' }
  | { readonly kind: 'disconnect-all' }
  /** Forget every PIN. */
  | { readonly kind: 'lock' }
  | { readonly kind: 'forget-remembered' }
  /** Show the window, at this account where there is one. */
  | { readonly kind: 'open'; readonly account: string | null }
  | { readonly kind: 'quit' };

/** Labels are ready for Electron's `label`: nothing in them is a mnemonic any more. */
export type TrayMenuItem =
  | { readonly kind: 'separator' }
  /** Says something and does nothing: a disabled entry. */
  | { readonly kind: 'text'; readonly label: string }
  | {
      readonly kind: 'action';
      readonly label: string;
      readonly enabled: boolean;
      readonly action: TrayAction;
    }
  | { readonly kind: 'submenu'; readonly label: string; readonly items: readonly TrayMenuItem[] };

/** More accounts than this make a menu that runs off the screen. */
const mostAccounts = 15;
/** Code points. Panels cut long labels themselves, each in its own way, or let the menu span the screen. */
const longestLabel = 60;

/**
 * The shape that one account asks for. Credentials that are served are what counts: a renewal or a retry behind them is
 * nobody's concern, and an icon that flickers with every renewal teaches people not to look at it.
 */
function shapeOf({ state }: AccountStatus): TrayShape {
  switch (state.activity) {
    case 'failed':
      return 'error';
    case 'needs-you':
      return 'needs-you';
    case 'idle':
      return state.serving === null ? 'idle' : 'connected';
    case 'connecting':
    case 'renewing':
    case 'retrying':
      if (state.reason === 'touch') return 'needs-you'; // the token blinks, and not for long
      return state.serving === null ? 'working' : 'connected';
  }
}

/**
 * What is shown of several accounts: the first of these that one asks for. An error comes before a wish, since what needs
 * the user also asks by a window or a notification, and an error has this place alone. Both come before work, which ends
 * by itself, and that before what is well.
 */
const byUrgency: readonly TrayShape[] = ['error', 'needs-you', 'working', 'connected', 'idle'];

const counted: Readonly<Record<TrayShape, (count: number) => string>> = {
  error: (count) => `${String(count)} failed`,
  'needs-you': (count) => `${String(count)} ${count === 1 ? 'needs' : 'need'} you`,
  working: (count) => `${String(count)} connecting`,
  connected: (count) => `${String(count)} connected`,
  idle: (count) => `${String(count)} not connected`,
};

/** What the tray's icon and its tooltip say of all accounts. The tooltip is plain text, not a menu label. */
export function trayModel(accounts: readonly AccountStatus[]): TrayModel {
  const shapes = accounts.map(shapeOf);
  return {
    shape: byUrgency.find((shape) => shapes.includes(shape)) ?? 'idle',
    tooltip: `Rolekey: ${summary(shapes)}`,
  };
}

function summary(shapes: readonly TrayShape[]): string {
  if (shapes.length === 0) return 'no accounts';
  if (shapes.every((shape) => shape === 'idle')) return 'nothing connected';
  return byUrgency
    .filter((shape) => shape !== 'idle' && shapes.includes(shape))
    .map((shape) => counted[shape](shapes.filter((one) => one === shape).length))
    .join(', ');
}

/**
 * The tray's menu. It holds every action of the tray, since a click on the icon itself reaches the app on some desktops
 * only.
 * @param now milliseconds since the epoch.
 */
export function trayMenu(accounts: readonly TrayAccount[], now: number): readonly TrayMenuItem[] {
  const separator: TrayMenuItem = { kind: 'separator' };
  return [
    { kind: 'text', label: menuLabel(trayModel(accounts).tooltip) },
    separator,
    ...accountEntries(accounts, now),
    ...(accounts.length === 0 ? [] : [separator]),
    action('Connect all', { kind: 'connect-all' }, accounts.some(canConnect)),
    action('Disconnect all', { kind: 'disconnect-all' }, accounts.some(canDisconnect)),
    action('Forget PINs', { kind: 'lock' }),
    action('Forget PINs in the keyring too', { kind: 'forget-remembered' }),
    separator,
    action('Open Rolekey', { kind: 'open', account: null }),
    action('Quit Rolekey', { kind: 'quit' }),
  ];
}

function accountEntries(accounts: readonly TrayAccount[], now: number): TrayMenuItem[] {
  const shown = accounts.length <= mostAccounts ? accounts : inOrder(accounts).slice(0, mostAccounts);
  const entries = shown.map((account) => accountEntry(account, now));
  if (shown.length === accounts.length) return entries;
  return [...entries, action('Show all…', { kind: 'open', account: null })];
}

/** First what asks for the user, then favourites and what is connected or on its way, then the rest; each in file order. */
function inOrder(accounts: readonly TrayAccount[]): TrayAccount[] {
  const ranked = accounts.map((account) => ({ account, rank: rankOf(account) }));
  return ranked.sort((one, other) => one.rank - other.rank).map(({ account }) => account);
}

function rankOf(account: TrayAccount): number {
  const shape = shapeOf(account);
  if (shape === 'error' || shape === 'needs-you') return 0;
  return shape !== 'idle' || account.favourite === true ? 1 : 2;
}

function accountEntry(account: TrayAccount, now: number): TrayMenuItem {
  const { account: id, awsProfile, outlet } = account;
  const tools = outlet === 'credential-process' || outlet === 'credentials-file';
  return {
    kind: 'submenu',
    label: accountLabel(account, now),
    items: [
      action('Connect', { kind: 'connect', account: id }, canConnect(account)),
      action('Disconnect', { kind: 'disconnect', account: id }, canDisconnect(account)),
      // Without one of these outlets no AWS tool finds anything under the profile's name.
      action('Copy AWS profile', { kind: 'copy-profile', account: id, awsProfile }, tools),
      action('Show in Rolekey', { kind: 'open', account: id }),
    ],
  };
}

/** Whether a connect would do something that is not under way already. */
function canConnect({ state }: AccountStatus): boolean {
  if (state.activity === 'idle') return state.serving === null;
  return state.activity !== 'connecting' && state.activity !== 'renewing';
}

/** Whether there is a session to end, or an attempt to give up. */
function canDisconnect({ state }: AccountStatus): boolean {
  return state.activity !== 'idle' || state.serving !== null;
}

function action(label: string, what: TrayAction, enabled = true): TrayMenuItem {
  return { kind: 'action', label, enabled, action: what };
}

/** The account's name gives way where both are too long: the state is what one looks for. */
function accountLabel(account: TrayAccount, now: number): string {
  const state = `: ${stateInWords(account, now)}`;
  const name = plain(account.label) || account.account;
  return menuLabel(`${cut(name, longestLabel - Array.from(state).length)}${state}`);
}

const needs: Readonly<Record<Reason, string>> = {
  pin: 'needs your PIN',
  'pin-locked': 'PIN is locked',
  touch: 'needs a touch',
  'token-absent': 'key is not plugged in',
  certificate: 'needs a new certificate',
  choose: 'needs your choice',
};

function stateInWords({ state }: AccountStatus, now: number): string {
  const { activity, reason, serving, retryAt } = state;
  switch (activity) {
    case 'failed':
      return 'failed';
    case 'needs-you':
      return reason === null ? 'needs you' : needs[reason];
    case 'idle':
    case 'connecting':
    case 'renewing':
    case 'retrying':
      if (reason === 'touch') return 'touch the token now';
      if (serving !== null) return connectedUntil(Date.parse(serving.expiresAt), now);
      if (activity === 'idle') return 'not connected';
      return activity === 'retrying' && retryAt !== null
        ? `trying again at ${clockTime(Date.parse(retryAt))}`
        : 'connecting';
  }
}

/** A time of day stays true while the menu is not made anew; minutes left would not. */
function connectedUntil(expiresAt: number, now: number): string {
  return expiresAt <= now ? 'expired' : `connected until ${clockTime(expiresAt)}`;
}

/** Hours and minutes where the user is. @param ms milliseconds since the epoch. */
function clockTime(ms: number): string {
  const time = new Date(ms);
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}`;
}

/**
 * Text as a menu shows it: at most 60 characters, and `&` doubled, since Electron takes a single one for the mark of a
 * mnemonic on every platform. `_`, which marks it in GTK and on D-Bus, is escaped by Chromium on the way there.
 */
function menuLabel(text: string): string {
  return cut(text, longestLabel).replaceAll('&', '&&');
}

/** Without characters that steer who shows them: controls, bidirectional and other formatting, halves of a character. */
function plain(text: string): string {
  const harmless = Array.from(text, (char) =>
    controlOrBidi.test(char) || /[\p{Cf}\p{Cs}]/u.test(char) ? ' ' : char,
  );
  return harmless.join('').replace(/\s+/g, ' ').trim();
}

/** @param most code points, the ellipsis included. */
function cut(text: string, most: number): string {
  const characters = Array.from(text);
  return characters.length <= most
    ? text
    : `${characters
        .slice(0, most - 1)
        .join('')
        .trimEnd()}…`;
}

/** Where an icon lies within dist/icons, and whether macOS may colour it (`setTemplateImage`). */
export interface TrayIcon {
  readonly file: string;
  readonly template: boolean;
}

/**
 * The icon of a shape; the one for double resolution lies beside it as `@2x`.
 * @param darkPanel whether the panel is dark (it is on most Linux desktops); macOS finds its colour itself.
 */
export function trayIcon(shape: TrayShape, platform: NodeJS.Platform, darkPanel: boolean): TrayIcon {
  if (platform === 'darwin') return { file: `tray-${shape}Template.png`, template: true };
  // Linux panels take one image of 22 to 48 pixels whatever the scale: a large one is scaled down well, a small one not.
  const size = platform === 'linux' ? '-large' : '';
  return { file: `tray-${shape}-${darkPanel ? 'light' : 'dark'}${size}.png`, template: false };
}
