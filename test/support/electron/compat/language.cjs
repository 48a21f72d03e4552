// @ts-nocheck -- core-js has no types, see index.cjs
'use strict';
/** The library of ECMAScript 2023 to 2025: toSorted, Object.groupBy, Set methods, withResolvers, structuredClone, URL.canParse. */
require('core-js/actual');
