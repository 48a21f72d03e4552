// @ts-nocheck -- see index.cjs
'use strict';
/** `-r` means nothing to a utilityProcess: what it is to run is given to this compat, which runs it after itself. */

/** In the main process. */
exports.passOn = (entry) => {
  const { utilityProcess } = require('electron');
  const { fork } = utilityProcess;
  utilityProcess.fork = (modulePath, args = [], options = {}) => fork(entry, [modulePath, ...args], options);
};

/** In the utilityProcess, whose `process.argv` is then as if the wanted file had been forked. */
exports.runWanted = () => {
  process.argv.splice(1, 1);
  require(process.argv[1]);
};
