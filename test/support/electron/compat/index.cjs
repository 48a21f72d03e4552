// @ts-nocheck -- what it looks for is what the installed types say is always there
'use strict';
/**
 * What the test Electron (22: Node 16, V8 10.8) lacks of what an app for Electron 45 calls. Loaded with `-r` before the
 * app, which knows nothing of it. What is not supplied fails with “… is not a function”: supply it here, and name it in
 * supplies.json. None of this reaches a page or a preload.
 */
require('./language.cjs');
require('./node.cjs');
if (process.type === 'browser') {
  require('./electron-main.cjs');
  require('./utility-process.cjs').passOn(__filename);
}
if (process.type === 'utility') require('./utility-process.cjs').runWanted();
