/**
 * Electron's security checklist (electronjs.org, “Security”, 20 points), one test a point, on the windows as they are;
 * and what a page that was taken over would try. Points that are kept by a rule instead are in docs/threat-model.md.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningApp } from '../support/desktop/app.ts';
import { until } from '../support/desktop/until.ts';
import { AppWorld, windowOf } from './app-world.ts';

let world: AppWorld;
let app: RunningApp;
let page: Page;
let pinPage: Page;
let outside: Server;
let outsideUrl: string;
let outsideRequests = 0;

interface Seen {
  readonly url: string;
  readonly preferences: Readonly<Record<string, unknown>>;
  readonly partition: string;
}

/** What the main process says of every window. */
function windowsOf({ electron }: RunningApp): Promise<Seen[]> {
  return electron.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows().map(({ webContents }) => ({
      url: webContents.getURL(),
      // Not in Electron's types: for tests, its source says.
      preferences: {
        ...(webContents as unknown as { getLastWebPreferences(): object }).getLastWebPreferences(),
      },
      partition: String(webContents.session.getStoragePath()),
    })),
  );
}

/** What the log says since the app was started. */
const logged = (): string => world.fileInHome('.local', 'state', 'rolekey', 'rolekey.log') ?? '';

beforeAll(async () => {
  outside = createServer((_request, response) => {
    outsideRequests += 1;
    response.end('outside');
  });
  await new Promise<void>((resolve) => void outside.listen(0, '127.0.0.1', resolve));
  outsideUrl = `http://127.0.0.1:${String((outside.address() as AddressInfo).port)}/`;
  world = await AppWorld.open();
  await world.addAccount('dev');
  ({ app, page } = await world.open());
  // A command that cannot ask a person itself: the PIN window opens, and stays.
  void world.rolekey(['connect', 'dev']);
  pinPage = await windowOf(app, 'app://pin-window/');
});

afterAll(async () => {
  await world.close();
  outside.close();
});

/** The same held for both windows. */
function eachWindow(check: (seen: Seen) => void): Promise<void> {
  return windowsOf(app).then((seen) => {
    expect(seen.map(({ url }) => new URL(url).host).sort()).toEqual(['pin-window', 'window']);
    for (const one of seen) check(one);
  });
}

describe('Electron’s checklist', () => {
  it('1, 18: only pages of the app’s own scheme are loaded', () =>
    eachWindow(({ url }) => expect(new URL(url).protocol).toBe('app:')));

  it('2: no page has Node', async () => {
    await eachWindow(({ preferences }) =>
      expect(preferences).toMatchObject({ nodeIntegration: false, nodeIntegrationInWorker: false }),
    );
    for (const each of [page, pinPage]) {
      const kinds = await each.evaluate(() =>
        ['require', 'process', 'module', 'Buffer', 'global'].map(
          (name) => typeof Reflect.get(globalThis, name),
        ),
      );
      expect(kinds).toEqual(Array<string>(5).fill('undefined'));
    }
  });

  it('3: context isolation', () =>
    eachWindow(({ preferences }) => expect(preferences).toMatchObject({ contextIsolation: true })));

  it('4: sandbox', () =>
    eachWindow(({ preferences }) => expect(preferences).toMatchObject({ sandbox: true })));

  it('5: every permission is denied', async () => {
    for (const each of [page, pinPage]) {
      const states = await each.evaluate(async () => {
        const names = ['geolocation', 'notifications', 'camera', 'microphone', 'midi', 'clipboard-read'];
        const found: string[] = [];
        for (const name of names) {
          const query = { name } as unknown as PermissionDescriptor;
          found.push(
            await navigator.permissions.query(query).then(
              ({ state }) => state,
              () => 'denied',
            ),
          );
        }
        found.push(
          await navigator.clipboard.readText().then(
            () => 'granted',
            () => 'denied',
          ),
        );
        found.push(await Notification.requestPermission());
        return found;
      });
      expect(states).toEqual(Array<string>(8).fill('denied'));
    }
  });

  it('6, 8: web security is on, mixed content off', () =>
    eachWindow(({ preferences }) =>
      expect(preferences).toMatchObject({ webSecurity: true, allowRunningInsecureContent: false }),
    ));

  it('7: the policy is in force, as a header', async () => {
    for (const each of [page, pinPage]) {
      const heard = await each.evaluate(async () => {
        const violations: string[] = [];
        document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) =>
          violations.push(effectiveDirective),
        );
        const attempts: (() => unknown)[] = [
          () =>
            document.body.append(
              Object.assign(document.createElement('img'), { src: 'https://example.invalid/x.png' }),
            ),
          () => document.body.setAttribute('style', 'color: red'),
          () => (document.body.lastElementChild!.innerHTML = '<b>x</b>'),
          () => Reflect.get(globalThis, 'eval')('1'),
          () => void fetch('https://example.invalid/').catch(() => undefined),
        ];
        for (const attempt of attempts) {
          try {
            attempt();
          } catch {
            // Refused, as it should be.
          }
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
        document.body.lastElementChild!.remove();
        return violations;
      });
      expect(heard).toEqual(
        expect.arrayContaining([
          'img-src',
          'style-src-attr',
          'require-trusted-types-for',
          'script-src',
          'connect-src',
        ]),
      );
    }
  });

  it('9, 10, 11, 12: no experimental features, and no webview', () =>
    eachWindow(({ preferences }) => {
      expect(preferences.experimentalFeatures ?? false).toBe(false);
      expect(preferences.enableBlinkFeatures ?? '').toBe('');
      expect(preferences.webviewTag ?? false).toBe(false);
    }));

  it('13: a page stays where it is', async () => {
    for (const each of [page, pinPage]) {
      const before = each.url();
      for (const target of [
        outsideUrl,
        'file:///etc/passwd',
        'app://window/assets/',
        'data:text/html,x',
        'app://evil/index.html',
      ]) {
        await each.evaluate((url) => location.assign(url), target).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(each.url()).toBe(before);
      }
    }
    expect(outsideRequests).toBe(0);
    expect(logged()).toContain('navigation-refused');
  });

  it('14: no page opens a window', async () => {
    const before = app.electron.windows().length;
    for (const each of [page, pinPage]) {
      expect(await each.evaluate((url) => window.open(url) === null, outsideUrl)).toBe(true);
      expect(await each.evaluate(() => window.open('app://window/index.html') === null)).toBe(true);
    }
    expect(app.electron.windows()).toHaveLength(before);
    expect(logged()).toContain('window-refused');
  });

  it('15: nothing but a link of the closed list reaches the system', async () => {
    await app.electron.evaluate(({ shell }) => {
      const opened: string[] = [];
      Reflect.set(globalThis, 'opened', opened);
      shell.openExternal = async (url: string) => void opened.push(url);
    });
    await page.evaluate(async () => {
      for (const url of ['https://evil.example/', 'file:///bin/sh', 'smb://evil/']) window.open(url);
      const { calls } = Reflect.get(window, 'rolekey') as {
        calls: { openLink(input: unknown): Promise<unknown> };
      };
      await calls.openLink({ link: 'https://evil.example/' });
      await calls.openLink({ link: 'roles-anywhere-guide' });
    });
    expect(await app.electron.evaluate(() => Reflect.get(globalThis, 'opened') as string[])).toEqual([
      'https://docs.aws.amazon.com/rolesanywhere/latest/userguide/introduction.html',
    ]);
  });

  it('17: a frame that is not the page itself is no sender', async () => {
    const before = logged().split('window-call-failed').length;
    // The policy lets no frame in, so one is made on the main side, as a hole in it would.
    const answer = await app.electron.evaluate(async ({ BrowserWindow }) => {
      const window = BrowserWindow.getAllWindows().find(({ webContents }) =>
        webContents.getURL().startsWith('app://window/'),
      )!;
      const { ipc } = window.webContents as unknown as {
        ipc: { _invokeHandlers: Map<string, (...args: unknown[]) => Promise<unknown>> };
      };
      const handler = ipc._invokeHandlers.get('rolekey:call')!;
      const frame = (url: string) => ({ senderFrame: { url } });
      const said: unknown[] = [];
      for (const event of [
        frame('https://evil.example/'),
        frame('app://window/index.html'),
        { senderFrame: null },
      ]) {
        said.push(await handler(event, 'status', '{}'));
      }
      return said.map(String);
    });
    for (const one of answer) expect(JSON.parse(one)).toMatchObject({ error: { code: 'usage-invalid' } });
    expect(logged().split('window-call-failed').length).toBe(before + 3);
  });

  it('20: a page sees names of calls and events, and nothing of Electron', async () => {
    const shapes = await page.evaluate(() => {
      const bridge = Reflect.get(window, 'rolekey') as { calls: object };
      return {
        bridge: Object.keys(bridge),
        calls: Object.keys(bridge.calls),
        frozen: Object.isFrozen(bridge.calls),
      };
    });
    expect(shapes.bridge.sort()).toEqual(['calls', 'on']);
    expect(shapes.calls).not.toContain('answerPrompt');
    expect(shapes.calls).not.toContain('credentials');
    expect(shapes.frozen).toBe(true);
    const pinCalls = await pinPage.evaluate(() =>
      Object.keys((Reflect.get(window, 'rolekey') as { calls: object }).calls),
    );
    expect(pinCalls.sort()).toEqual(['answerPrompt', 'currentPrompt']);
  });
});

describe('a page that was taken over', () => {
  it('cannot call what its door does not show, nor send what is no text', async () => {
    const answers = await app.electron.evaluate(async ({ BrowserWindow }) => {
      const window = BrowserWindow.getAllWindows().find(({ webContents }) =>
        webContents.getURL().startsWith('app://window/'),
      )!;
      const { webContents } = window;
      const { ipc } = webContents as unknown as {
        ipc: { _invokeHandlers: Map<string, (...args: unknown[]) => Promise<unknown>> };
      };
      const handler = ipc._invokeHandlers.get('rolekey:call')!;
      const event = { senderFrame: webContents.mainFrame };
      const sent: [unknown, unknown][] = [
        ['answerPrompt', '{"id":"x","answer":{"secret":"1"}}'],
        ['credentials', '{"account":"dev"}'],
        ['shutdown', '{}'],
        ['__proto__', '{}'],
        ['status', { accounts: ['dev'] }],
        ['status', `{"accounts":["${'x'.repeat(2_000_000)}"]}`],
        ['addAccount', '{"id":"a","fields":{"__proto__":{"x":1}},"adopt":false}'],
      ];
      const said: unknown[] = [];
      for (const [name, text] of sent) said.push(await handler(event, name, text));
      return said.map(String);
    });
    for (const one of answers) expect(JSON.parse(one)).toMatchObject({ error: { code: 'usage-invalid' } });
  });

  it('reads no file by way of the scheme', async () => {
    const statuses = await app.electron.evaluate(async ({ session }) => {
      const found: string[] = [];
      for (const path of [
        '../../package.json',
        '%2e%2e/%2e%2e/package.json',
        '..%2f..%2fpackage.json',
        'assets/../../main/index.cjs',
      ]) {
        found.push(
          await session
            .fromPartition('window')
            .fetch(`app://window/${path}`)
            .then(({ status }) => String(status), String),
        );
      }
      return found;
    });
    expect(statuses.every((status) => status === '404' || status.includes('Error'))).toBe(true);
  });

  it('keeps nothing on disk', () => eachWindow(({ partition }) => expect(partition).toBe('null')));

  it('is loaded again after it died, and the app goes on', async () => {
    await app.electron.evaluate(({ BrowserWindow }) => {
      const window = BrowserWindow.getAllWindows().find(({ webContents }) =>
        webContents.getURL().startsWith('app://window/'),
      )!;
      window.webContents.forcefullyCrashRenderer();
    });
    await until(() => logged().includes('window-page-gone'), 'the app to notice');
    await until(async () => {
      const { code } = await world.rolekey(['status', '--json']);
      return code === 0;
    }, 'an answer of the agent');
    await until(
      () =>
        app.electron.evaluate(({ BrowserWindow }) =>
          BrowserWindow.getAllWindows().some(
            ({ webContents }) =>
              webContents.getURL().startsWith('app://window/') &&
              !webContents.isCrashed() &&
              !webContents.isLoading(),
          ),
        ),
      'the page to be back',
    );
  });
});
