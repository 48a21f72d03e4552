// @ts-nocheck -- see index.cjs
'use strict';

/**
 * Gives `target` a property it lacks, made when it is first asked for: an app that starts should not load what it does
 * not use. One that is there stays as it is.
 */
exports.supply = (target, name, make) => {
  if (name in target) return;
  const keep = (value) => {
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
    return value;
  };
  Object.defineProperty(target, name, { configurable: true, get: () => keep(make()), set: keep });
};
