/**
 * A session for one page: it knows the app's scheme and nothing else. No network, no permissions, no storage on disk.
 * Windows of such a session cannot be led elsewhere.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  session,
  shell,
  type BrowserWindowConstructorOptions,
  type Session,
  type WebContents,
} from 'electron';
import type { Logger } from '../ports.ts';
import { externalLink } from './external-links.ts';
import { fileOf, isPage, pageUrl, scheme, securityHeaders, typeOf, type Page } from './pages.ts';

/** The privileges the scheme needs; to be registered before Electron is ready. */
export const schemePrivileges = {
  scheme,
  privileges: { standard: true, secure: true, supportFetchAPI: false, allowServiceWorkers: false },
} as const;

/**
 * Switches that leave Chromium no way out: all that Rolekey sends, it sends from Node. The policy of a page and
 * `webRequest` do not reach WebRTC and name look-ups; a proxy that is not there, taken for loopback too, does.
 */
export const noNetwork = [
  ['force-webrtc-ip-handling-policy', 'disable_non_proxied_udp'],
  ['webrtc-ip-handling-policy', 'disable_non_proxied_udp'], // its name in old Chromiums
  ['proxy-server', 'socks5://127.0.0.1:1'],
  ['proxy-bypass-list', '<-loopback>'],
  ['host-resolver-rules', 'MAP * ~NOTFOUND'],
] as const;

export interface SealedSessionOptions {
  readonly page: Page;
  /** The built renderer's folder. */
  readonly root: string;
  readonly logger: Logger;
}

/** In memory only: without the prefix `persist:` nothing of it is written. */
export function createSealedSession({ page, root, logger }: SealedSessionOptions): Session {
  const sealed = session.fromPartition(page.host, { cache: false });
  sealed.protocol.handle(scheme, (request) => serve(page, root, request));
  sealed.setPermissionRequestHandler((_contents, permission, answer) => {
    logger.log('warn', 'permission-denied', { page: page.host, permission });
    answer(false);
  });
  sealed.setPermissionCheckHandler(() => false);
  sealed.setDevicePermissionHandler(() => false);
  sealed.webRequest.onBeforeRequest(({ url }, answer) => {
    // Developer tools, where they may be opened, load their own pages.
    const cancel = !(url.startsWith(`${scheme}://${page.host}/`) || url.startsWith('devtools://'));
    if (cancel) logger.log('warn', 'request-blocked', { page: page.host });
    answer({ cancel });
  });
  sealed.setSpellCheckerEnabled(false); // it would fetch dictionaries
  return sealed;
}

async function serve(
  page: Page,
  root: string,
  request: { readonly url: string; readonly method: string },
): Promise<Response> {
  const file = request.method === 'GET' ? fileOf(page, request.url) : null;
  const type = file === null ? null : typeOf(file);
  const body = file === null || type === null ? null : await readFile(join(root, file)).catch(() => null);
  if (body === null || type === null)
    return new Response('Not found', { status: 404, headers: securityHeaders });
  return new Response(new Uint8Array(body), { headers: { ...securityHeaders, 'content-type': type } });
}

/**
 * What every window of ours is made with.
 * @param preload absolute path of its bundled preload.
 * @param devTools whether developer tools may be opened; never in a packaged app.
 */
export function webPreferences(
  sealed: Session,
  preload: string,
  devTools: boolean,
): NonNullable<BrowserWindowConstructorOptions['webPreferences']> {
  return {
    session: sealed,
    preload,
    devTools,
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    webviewTag: false,
    navigateOnDragDrop: false,
    spellcheck: false,
    safeDialogs: true,
  };
}

/** The page in `contents` stays the page it is, and opens nothing but links of the closed list, in the user's browser. */
export function sealContents(contents: WebContents, page: Page, logger: Logger): void {
  const refuse = (what: string) => (event: { preventDefault(): void }) => {
    logger.log('warn', what, { page: page.host });
    event.preventDefault();
  };
  contents.on('will-navigate', (event, url) => {
    // Loading itself anew is no way out: developers do it.
    if (!isPage(page, url) || url !== pageUrl(page)) refuse('navigation-refused')(event);
  });
  contents.on('will-redirect', refuse('redirect-refused'));
  contents.on('will-attach-webview', refuse('webview-refused'));
  contents.setWebRTCIPHandlingPolicy('disable_non_proxied_udp');
  contents.setWindowOpenHandler(({ url }) => {
    const link = externalLink(url);
    if (link === null) logger.log('warn', 'window-refused', { page: page.host });
    else void shell.openExternal(link);
    return { action: 'deny' };
  });
}
