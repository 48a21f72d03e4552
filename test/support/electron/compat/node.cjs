// @ts-nocheck -- see index.cjs
'use strict';
/** What Node gained between 16 and 24. */
const asyncHooks = require('node:async_hooks');
const buffer = require('node:buffer');
const crypto = require('node:crypto');
const diagnosticsChannel = require('node:diagnostics_channel');
const events = require('node:events');
const http = require('node:http');
const os = require('node:os');
const stream = require('node:stream');
const webStreams = require('node:stream/web');
const util = require('node:util');
const workerThreads = require('node:worker_threads');
const { supply } = require('./supply.cjs');

globals();
aborting();
cryptography();
smallFunctions();
whatLibrariesWatch();
servers();

function globals() {
  for (const name of ['fetch', 'Headers', 'Request', 'Response', 'FormData']) {
    supply(globalThis, name, () => require('undici-5')[name]);
  }
  supply(globalThis, 'File', () => require('undici-5').File);
  supply(globalThis, 'Blob', () => buffer.Blob);
  for (const name of Object.keys(webStreams).filter((key) => key.endsWith('Stream'))) {
    supply(globalThis, name, () => webStreams[name]);
  }
  supply(
    globalThis,
    'CustomEvent',
    () =>
      class CustomEvent extends Event {
        #detail;
        constructor(type, options = {}) {
          super(type, options);
          this.#detail = options.detail ?? null;
        }
        get detail() {
          return this.#detail;
        }
      },
  );
}

function aborting() {
  supply(AbortSignal, 'any', () => (signals) => {
    const either = new AbortController();
    for (const signal of signals) {
      const pass = () => either.abort(signal.reason);
      if (signal.aborted) pass();
      else signal.addEventListener('abort', pass, { once: true });
    }
    return either.signal;
  });
  supply(events, 'addAbortListener', () => (signal, listener) => {
    if (signal.aborted) queueMicrotask(() => listener(new Event('abort')));
    else signal.addEventListener('abort', listener, { once: true });
    return { [Symbol.dispose]: () => signal.removeEventListener('abort', listener) };
  });
}

function cryptography() {
  supply(globalThis, 'crypto', () => crypto.webcrypto);
  supply(crypto, 'subtle', () => crypto.webcrypto.subtle);
  supply(crypto, 'getRandomValues', () => crypto.webcrypto.getRandomValues.bind(crypto.webcrypto));
  supply(crypto, 'hash', () => (algorithm, data, encoding = 'hex') => {
    const hash = crypto.createHash(algorithm).update(data);
    return encoding === 'buffer' ? hash.digest() : hash.digest(encoding);
  });
  for (const end of ['validFrom', 'validTo']) {
    const name = `${end}Date`;
    if (name in crypto.X509Certificate.prototype) continue;
    Object.defineProperty(crypto.X509Certificate.prototype, name, {
      configurable: true,
      get() {
        return new Date(this[end]);
      },
    });
  }
}

function smallFunctions() {
  supply(process, 'getBuiltinModule', () => (id) => {
    const name = id.replace(/^node:/, '');
    return require('node:module').builtinModules.includes(name) ? require(name) : undefined;
  });
  supply(os, 'availableParallelism', () => () => os.cpus().length);
  supply(util, 'styleText', () => (format, text) => text);
  supply(stream, 'getDefaultHighWaterMark', () => (objects) => (objects ? 16 : 16 * 1024));
  supply(
    stream.Readable,
    'fromWeb',
    () => (source, options) => stream.Readable.from(source, { objectMode: false, ...options }),
  );
  supply(workerThreads, 'markAsUncloneable', () => () => undefined);
  supply(
    asyncHooks.AsyncLocalStorage,
    'snapshot',
    () => () => asyncHooks.AsyncResource.bind((run, ...args) => run(...args)),
  );
}

/** Libraries tell diagnostics channels what they do; in a test nobody listens. */
function whatLibrariesWatch() {
  supply(diagnosticsChannel, 'tracingChannel', () => () => {
    const call = (run, context, self, ...args) => Reflect.apply(run, self, args);
    const channels = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((name) => [
      name,
      { hasSubscribers: false, publish: () => undefined },
    ]);
    return {
      hasSubscribers: false,
      traceSync: call,
      tracePromise: call,
      traceCallback: (run, position, context, self, ...args) => Reflect.apply(run, self, args),
      ...Object.fromEntries(channels),
    };
  });
}

/** Server.closeAllConnections: what is open is known from the server's own events. */
function servers() {
  const { prototype } = http.Server;
  if ('closeAllConnections' in prototype) return;
  const openSockets = new WeakMap();
  const { emit } = prototype;
  prototype.emit = function (event, ...args) {
    if (event === 'connection') {
      const [socket] = args;
      const sockets = openSockets.get(this) ?? new Set();
      openSockets.set(this, sockets.add(socket));
      socket.once('close', () => sockets.delete(socket));
    }
    return Reflect.apply(emit, this, [event, ...args]);
  };
  prototype.closeAllConnections = function () {
    for (const socket of openSockets.get(this) ?? []) socket.destroy();
  };
}
