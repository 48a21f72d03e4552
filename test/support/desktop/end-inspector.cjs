// @ts-nocheck -- no types of Electron here: `electron` is the executable's path where no Electron runs
'use strict';
/**
 * Ends Node's inspector when the app has ended, and before its process does. Otherwise the process says that it waits
 * for the debugger, Playwright hangs up at that word, and Node tells the debugger of the end: what is written to a
 * connection that was closed just before is a SIGSEGV (https://github.com/nodejs/node/issues/34833), once in some
 * sixty ends on a busy computer. Only Playwright switches the inspector on; the app of a user has none.
 */
const { app } = require('electron');
const inspector = require('node:inspector');

// Blocks until what was sent is out and the thread of the inspector is gone.
app.once('quit', () => inspector.close());
