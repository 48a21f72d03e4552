// @ts-nocheck -- it calls what only Electron has, and Node's own inner functions
'use strict';
/**
 * In place of Electron's own default app, which the Python package lacks:
 *   electron [-r MODULE]... [--SWITCH]... APP [ARGUMENT]...
 * It must let `-r` modules in before the app, as Playwright's loader and our compat need.
 */
const { app } = require('electron');
const { existsSync, readFileSync } = require('node:fs');
const { dirname, join, resolve } = require('node:path');
const Module = require('node:module');

const { modules, appPath, consumed } = commandLine(process.argv);
if (appPath === undefined) {
  console.error('Which app? electron [-r MODULE]... [--SWITCH]... APP [ARGUMENT]...');
  process.exit(2);
}
process.argv.splice(1, consumed, appPath);
Object.defineProperty(process, 'defaultApp', { value: true, enumerable: true });
endOnUncaughtException();
for (const file of modules) Module._load(resolve(file), null, true);
introduce(appPath);
Module._load(appPath, null, true);

function commandLine([, ...args]) {
  const modules = [];
  for (let index = 0; index < args.length; index += 1) {
    if (args[index] === '-r' || args[index] === '--require') modules.push(args[(index += 1)]);
    else if (!args[index].startsWith('-')) {
      return { modules, appPath: resolve(args[index]), consumed: index + 1 };
    }
  }
  return { modules, appPath: undefined, consumed: args.length };
}

/** Electron would show a box nobody sees and wait; a test wants the reason and an end. */
function endOnUncaughtException() {
  const others = process.listenerCount('uncaughtException');
  process.on('uncaughtException', (error) => {
    if (process.listenerCount('uncaughtException') > others + 1) return; // the app has its own
    console.error(error);
    app.exit(70);
  });
}

/** Name, version and folders, from the app's package.json. */
function introduce(path) {
  const manifest = join(path, 'package.json');
  if (!existsSync(manifest)) {
    app.setAppPath(dirname(path));
    return;
  }
  const { name, productName = name, version, desktopName } = JSON.parse(readFileSync(manifest, 'utf8'));
  if (version !== undefined) app.setVersion(version);
  app.name = productName;
  app.setDesktopName(desktopName ?? `${productName}.desktop`);
  app.setPath('userData', join(app.getPath('appData'), productName));
  app.setAppPath(path);
}
