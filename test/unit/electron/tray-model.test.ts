import { describe, expect, it } from 'vitest';
import {
  trayIcon,
  trayMenu,
  trayModel,
  type TrayAccount,
  type TrayMenuItem,
  type TrayShape,
} from '../../../src/main/electron/tray-model.ts';
import type { Activity, Reason, State } from '../../../src/shared/model.ts';

const now = Date.parse('2030-01-02T12:00:00Z');
const serving = { expiresAt: '2030-01-02T13:05:00Z', renewAt: '2030-01-02T12:30:00Z' };

function account(activity: Activity, isServing: boolean, more: Partial<State> = {}): TrayAccount {
  return {
    account: 'a',
    label: 'Production',
    awsProfile: 'prod',
    outlet: 'credential-process',
    state: {
      activity,
      reason: null,
      serving: isServing ? serving : null,
      retryAt: null,
      error: null,
      ...more,
    },
    assumedRoleArn: null,
    key: { uri: 'pkcs11:', token: null, serial: null, hardware: false },
  };
}
const named = (id: string, of: TrayAccount, more: Partial<TrayAccount> = {}): TrayAccount => ({
  ...of,
  account: id,
  label: id,
  ...more,
});

const idle = account('idle', false);
const connected = account('idle', true);
const working = account('connecting', false);
const needsYou = account('needs-you', false, { reason: 'pin' });
const failed = account('failed', false);

/** Every action of a menu with its label and whether it can be chosen, by the entry it is under. */
function actions(items: readonly TrayMenuItem[], under = ''): [string, boolean, object][] {
  return items.flatMap((item): [string, boolean, object][] => {
    if (item.kind === 'action') return [[`${under}${item.label}`, item.enabled, item.action]];
    return item.kind === 'submenu' ? actions(item.items, `${item.label} > `) : [];
  });
}
const submenus = (items: readonly TrayMenuItem[]): string[] =>
  items.flatMap((item) => (item.kind === 'submenu' ? [item.label] : []));
const labelOf = (of: TrayAccount): string => submenus(trayMenu([of], now))[0]!;
const enabled = (of: TrayAccount, label: string): boolean =>
  actions(trayMenu([of], now)).find(([name]) => name.endsWith(`> ${label}`))![1];

describe('the shape of the tray', () => {
  it.each([
    account('connecting', false, { reason: 'touch' }),
    account('renewing', true, { reason: 'touch' }),
  ])('asks for the user while a token waits for a touch: %#', (waiting) => {
    expect(trayModel([waiting, connected]).shape).toBe('needs-you');
  });

  it.each<[Activity, boolean, TrayShape]>([
    ['idle', false, 'idle'],
    ['idle', true, 'connected'],
    ['connecting', false, 'working'],
    ['connecting', true, 'connected'],
    ['renewing', false, 'working'],
    ['renewing', true, 'connected'],
    ['retrying', false, 'working'],
    ['retrying', true, 'connected'],
    ['needs-you', false, 'needs-you'],
    ['needs-you', true, 'needs-you'],
    ['failed', false, 'error'],
    ['failed', true, 'error'],
  ])('of an account that is %s, serving %s: %s', (activity, isServing, shape) => {
    expect(trayModel([account(activity, isServing)]).shape).toBe(shape);
  });

  const byUrgency = [failed, needsYou, working, connected, idle];
  const shapes = ['error', 'needs-you', 'working', 'connected', 'idle'] as const;
  it.each(shapes.map((shape, place) => [shape, place] as const))(
    'is %s where nothing more urgent is there, in any order',
    (shape, place) => {
      const accounts = byUrgency.slice(place);
      expect(trayModel(accounts).shape).toBe(shape);
      expect(trayModel(accounts.toReversed()).shape).toBe(shape);
    },
  );

  it('is idle without accounts', () => {
    expect(trayModel([])).toEqual({ shape: 'idle', tooltip: 'Rolekey: no accounts' });
  });
});

describe('the tooltip', () => {
  it.each<[string, TrayAccount[]]>([
    ['Rolekey: nothing connected', [idle, idle]],
    ['Rolekey: 1 connected', [connected, idle]],
    ['Rolekey: 1 needs you', [needsYou]],
    ['Rolekey: 2 need you', [needsYou, needsYou]],
    [
      'Rolekey: 1 failed, 1 needs you, 1 connecting, 2 connected',
      [connected, failed, working, needsYou, connected],
    ],
  ])('%s', (tooltip, accounts) => {
    expect(trayModel(accounts).tooltip).toBe(tooltip);
  });

  it('fits what Windows shows, however many accounts there are', () => {
    const accounts = Array.from({ length: 1000 }, () => [failed, needsYou, working, connected, idle]).flat();
    expect(trayModel(accounts).tooltip.length).toBeLessThan(128);
  });
});

describe('the menu', () => {
  it('holds every action', () => {
    const label = 'Production: not connected';
    expect(actions(trayMenu([idle], now))).toEqual([
      [`${label} > Connect`, true, { kind: 'connect', account: 'a' }],
      [`${label} > Disconnect`, false, { kind: 'disconnect', account: 'a' }],
      [`${label} > Copy AWS profile`, true, { kind: 'copy-profile', account: 'a', awsProfile: 'prod' }],
      [`${label} > Show in Rolekey`, true, { kind: 'open', account: 'a' }],
      ['Connect all', true, { kind: 'connect-all' }],
      ['Disconnect all', false, { kind: 'disconnect-all' }],
      ['Forget PINs', true, { kind: 'lock' }],
      ['Forget PINs in the keyring too', true, { kind: 'forget-remembered' }],
      ['Open Rolekey', true, { kind: 'open', account: null }],
      ['Quit Rolekey', true, { kind: 'quit' }],
    ]);
  });

  it('begins with what the tooltip says, since not every desktop shows tooltips', () => {
    expect(trayMenu([connected], now)[0]).toEqual({ kind: 'text', label: 'Rolekey: 1 connected' });
  });

  it('without accounts can still open and quit, and has no separator beside another', () => {
    const menu = trayMenu([], now);
    expect(actions(menu).map(([label, on]) => [label, on])).toEqual([
      ['Connect all', false],
      ['Disconnect all', false],
      ['Forget PINs', true],
      ['Forget PINs in the keyring too', true],
      ['Open Rolekey', true],
      ['Quit Rolekey', true],
    ]);
    const kinds = menu.map(({ kind }) => kind).join(' ');
    expect(kinds).not.toMatch(/separator separator|^separator|separator$/);
  });

  it.each<[Activity, boolean, boolean, boolean]>([
    ['idle', false, true, false],
    ['idle', true, false, true],
    ['connecting', false, false, true],
    ['renewing', true, false, true],
    ['retrying', false, true, true],
    ['retrying', true, true, true],
    ['needs-you', false, true, true],
    ['needs-you', true, true, true],
    ['failed', false, true, true],
  ])(
    'of an account that is %s, serving %s: connect %s, disconnect %s',
    (activity, isServing, connect, disconnect) => {
      const one = account(activity, isServing);
      expect([enabled(one, 'Connect'), enabled(one, 'Disconnect')]).toEqual([connect, disconnect]);
      const all = actions(trayMenu([one], now));
      expect(all.find(([label]) => label === 'Connect all')![1]).toBe(connect);
      expect(all.find(([label]) => label === 'Disconnect all')![1]).toBe(disconnect);
    },
  );

  it.each([
    ['credential-process', true],
    ['credentials-file', true],
    ['container-endpoint', false],
    ['none', false],
  ] as const)('copies the profile of the outlet %s: %s', (outlet, can) => {
    expect(enabled({ ...connected, outlet }, 'Copy AWS profile')).toBe(can);
  });
});

describe('an account’s state in words', () => {
  const needing = (reason: Reason | null) => account('needs-you', true, { reason });
  it.each<[string, TrayAccount]>([
    ['not connected', idle],
    ['connected until 13:05', connected],
    ['connected until 13:05', account('renewing', true)],
    ['connected until 13:05', account('retrying', true, { retryAt: '2030-01-02T12:09:00Z' })],
    ['expired', account('idle', true, { serving: { ...serving, expiresAt: '2030-01-02T12:00:00Z' } })],
    ['connecting', working],
    ['connecting', account('renewing', false)],
    ['trying again at 12:09', account('retrying', false, { retryAt: '2030-01-02T12:09:00Z' })],
    ['connecting', account('retrying', false)],
    ['failed', account('failed', true)],
    ['needs you', needing(null)],
    ['needs your PIN', needing('pin')],
    ['PIN is locked', needing('pin-locked')],
    ['needs a touch', needing('touch')],
    ['touch the token now', account('connecting', false, { reason: 'touch' })],
    ['touch the token now', account('renewing', true, { reason: 'touch' })],
    ['key is not plugged in', needing('token-absent')],
    ['needs a new certificate', needing('certificate')],
    ['needs your choice', needing('choose')],
  ])('%s', (words, of) => {
    expect(labelOf(of)).toBe(`Production: ${words}`);
  });
});

describe('a label of the menu', () => {
  const label = (text: string): string => labelOf({ ...idle, label: text }).replace(/: not connected$/, '');
  it.each([
    ['R&D', 'R&&D'],
    ['a && b', 'a &&&& b'],
    ['under_score', 'under_score'],
    ['tab\tand\nline\r\n', 'tab and line'],
    ['\u001b[31mred', '[31mred'],
    ['prod\u202etset\u202c', 'prod tset'],
    ['\u2066x\u2069\u061c\u200e', 'x'],
    ['zero\u200bwidth\ufeff', 'zero width'],
    ['tag\u{e0041}', 'tag'],
    ['half \ud83d', 'half'],
    ['Grüße 東京 🔑', 'Grüße 東京 🔑'],
    ['\u0007\u202e', 'a'],
    ['', 'a'],
  ])('%j is shown as %j', (text, shown) => {
    expect(label(text)).toBe(shown);
  });

  it.each([
    ['x'.repeat(200), `${'x'.repeat(44)}…`],
    ['🔑'.repeat(64), `${'🔑'.repeat(44)}…`],
    ['x'.repeat(45), 'x'.repeat(45)],
  ])('is cut to 60 characters in its name, never in its state: %s', (text, shown) => {
    const whole = labelOf({ ...idle, label: text });
    expect(whole).toBe(`${shown}: not connected`);
    expect(Array.from(whole).length).toBe(60);
  });

  it('is cut before “&” is doubled, so that none is left single', () => {
    const shown = label('&'.repeat(100));
    expect(shown).toBe(`${'&'.repeat(88)}…`);
  });
});

describe('many accounts', () => {
  const many = (count: number, of: TrayAccount) =>
    Array.from({ length: count }, (_, n) => named(`n${String(n)}`, of));
  const shown = (accounts: readonly TrayAccount[]) =>
    submenus(trayMenu(accounts, now)).map((label) => label.split(':')[0]);

  it('are all there, in their order, up to 15', () => {
    const accounts = [...many(14, idle), named('last', connected)];
    expect(shown(accounts)).toEqual(accounts.map(({ account: id }) => id));
    expect(actions(trayMenu(accounts, now)).map(([label]) => label)).not.toContain('Show all…');
  });

  it('begin with what needs the user, then favourites and what is connected; the window has the rest', () => {
    const accounts = [
      ...many(14, idle),
      named('connected', connected),
      named('failed', failed),
      named('favourite', idle, { favourite: true }),
      named('plain', idle, { favourite: false }),
      named('needing', needsYou),
    ];
    const first = ['failed', 'needing', 'connected', 'favourite'];
    const rest = many(11, idle).map(({ account: id }) => id);
    expect(shown(accounts)).toEqual([...first, ...rest]);
    expect(actions(trayMenu(accounts, now))).toContainEqual([
      'Show all…',
      true,
      { kind: 'open', account: null },
    ]);
  });

  it('can all be connected at once, shown or not', () => {
    const accounts = [...many(15, connected), named('hidden', idle)];
    expect(actions(trayMenu(accounts, now)).find(([label]) => label === 'Connect all')![1]).toBe(true);
  });
});

describe('the icon’s file', () => {
  it.each([
    ['darwin', true, { file: 'tray-errorTemplate.png', template: true }],
    ['darwin', false, { file: 'tray-errorTemplate.png', template: true }],
    ['linux', true, { file: 'tray-error-light-large.png', template: false }],
    ['linux', false, { file: 'tray-error-dark-large.png', template: false }],
    ['win32', true, { file: 'tray-error-light.png', template: false }],
    ['win32', false, { file: 'tray-error-dark.png', template: false }],
  ] as const)('on %s, dark panel %s', (platform, dark, icon) => {
    expect(trayIcon('error', platform, dark)).toEqual(icon);
  });
});
