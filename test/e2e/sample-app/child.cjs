// @ts-nocheck -- parentPort is Electron's
'use strict';
process.parentPort.on('message', ({ data }) => {
  if (data === 'end') process.exit(4);
  process.parentPort.postMessage({ data, argument: process.argv[2], sorted: [2, 1].toSorted() });
});
