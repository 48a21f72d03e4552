// @ts-nocheck -- no types of Electron here: `electron` is the executable's path where no Electron runs
'use strict';
/**
 * The smallest app with what Rolekey's has: a page of its own scheme, a tray, a notification, a utilityProcess, one
 * instance. Written as for Electron 45. It shows that launcher and desktop work; `--fault=WHAT` breaks one thing.
 */
const { app, BrowserWindow, clipboard, Menu, nativeImage, net, Notification } = require('electron');
const { powerMonitor, protocol, Tray, utilityProcess } = require('electron');
const { spawn } = require('node:child_process');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

const png =
  'iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mNQSDhAEmIY1TCqYfhqAAB/t0AQzUKeVwAAAABJRU5ErkJggg==';
const fault = process.argv.find((each) => each.startsWith('--fault='))?.slice('--fault='.length);
const kept = {}; // what nobody holds is collected, and a tray icon vanishes
const events = [];
globalThis.sample = { events, ask, readClipboard };

protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges: { standard: true, secure: true } }]);
if (app.requestSingleInstanceLock()) {
  app.on('second-instance', () => {
    events.push('second instance');
    show();
  });
  app.on('window-all-closed', () => events.push('no window'));
  void app.whenReady().then(start);
} else {
  console.log('there is one already');
  app.exit(0);
}

async function start() {
  if (fault === 'orphan') spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  protocol.handle('app', async ({ url }) => {
    const page = await net.fetch(pathToFileURL(join(__dirname, new URL(url).pathname)).href);
    const headers = { 'content-type': 'text/html', 'content-security-policy': "default-src 'none'" };
    return new Response(page.body, { headers });
  });
  kept.child = utilityProcess.fork(join(__dirname, 'child.cjs'), ['one'], { serviceName: 'sample child' });
  kept.child.once('exit', (code) => events.push(`child ended with ${String(code)}`));
  makeTray();
  for (const event of ['suspend', 'resume']) powerMonitor.on(event, () => events.push(event));
  kept.window = new BrowserWindow({ width: 400, height: 300 });
  await kept.window.loadURL('app://sample/page.html');
}

function makeTray() {
  const image = fault === 'icon' ? Buffer.from('no image') : Buffer.from(png, 'base64');
  kept.tray = new Tray(nativeImage.createFromBuffer(image));
  kept.tray.setToolTip('Two accounts are connected');
  kept.tray.on('click', () => events.push('tray clicked'));
  kept.tray.setContextMenu(
    Menu.buildFromTemplate([
      { label: 'Show', click: show },
      { label: 'Notify', click: notify },
      { label: 'Accounts', submenu: [{ label: 'One', type: 'checkbox', checked: true }] },
      { type: 'separator' },
      { label: 'Locked', enabled: false },
      { label: 'Quit', click: () => app.exit(3) },
    ]),
  );
}

function show() {
  kept.window.show();
}

function notify() {
  const body = fault === 'notification' ? '' : 'It is valid for one hour.';
  kept.notification = new Notification({ title: 'Connected', body });
  kept.notification.on('click', () => events.push('notification clicked'));
  kept.notification.show();
}

/** What the child answers to a question. */
function ask(question) {
  const { promise, resolve } = Promise.withResolvers();
  kept.child.once('message', resolve);
  kept.child.postMessage(question);
  return promise;
}

async function readClipboard(text) {
  await clipboard.writeText(text);
  return clipboard.readText().then((read) => read);
}
