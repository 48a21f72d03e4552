/**
 * A clock that runs faster, for one process: `SCALED_CLOCK=FILE node -r THIS PROGRAM`. FILE is a ScaledClock's.
 *
 * Scaled: `Date`, `setTimeout`, `setInterval`, `AbortSignal.timeout`. Not scaled: `performance`, `node:timers/promises`,
 * Node's own timers of sockets, and every process the program starts without this file.
 *
 * A timer takes its scaled time, but at least one real second, or its own length where that is shorter: what guards a
 * process or an exchange on loopback takes real time however fast the clock runs, and cannot be told from a timer that
 * waits for time to pass. So at factor 100 a time-out of 20 s is one second, a tick of 15 s comes every 100 s of scaled
 * time, and a pause of 250 ms stays one.
 */
'use strict';
const { openSync, readSync } = require('node:fs');
const timers = require('node:timers');

const RealDate = Date;
const realSetTimeout = setTimeout;
const realSetInterval = setInterval;
const leastRealMs = 1000;

const file = openSync(process.env.SCALED_CLOCK ?? '', 'r');
const bytes = Buffer.alloc(32);

/** Milliseconds since the epoch, by the clock of the file. See scaled-clock.ts for its content. */
function now() {
  readSync(file, bytes, 0, 32, 0);
  const since = bytes.readDoubleLE(0);
  const scaled = bytes.readDoubleLE(8) + (RealDate.now() - since) * bytes.readDoubleLE(16);
  return Math.floor(scaled + bytes.readDoubleLE(24));
}

/** @param {unknown} delay milliseconds of the program's time */
function realDelay(delay) {
  const ms = Number(delay);
  if (!(ms > 0)) return 0;
  return Math.max(ms / bytes.readDoubleLE(16), Math.min(ms, leastRealMs));
}

now(); // so that the factor is known

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    /** @type {object} */ (Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget)),
  apply: (Target) => new Target(now()).toString(),
  get: (target, name, receiver) =>
    name === 'now' ? now : /** @type {unknown} */ (Reflect.get(target, name, receiver)),
});

/**
 * @param {typeof setTimeout | typeof setInterval} real
 */
function scaled(real) {
  /**
   * @param {(...args: unknown[]) => void} action
   * @param {unknown} delay
   * @param {unknown[]} args
   */
  const timer = (action, delay, ...args) => real(action, realDelay(delay), ...args);
  return Object.assign(timer, real); // with the form util.promisify looks for
}

Object.assign(globalThis, { setTimeout: scaled(realSetTimeout), setInterval: scaled(realSetInterval) });
Object.assign(timers, { setTimeout, setInterval });

AbortSignal.timeout = (delay) => {
  const controller = new AbortController();
  const reason = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
  realSetTimeout(() => controller.abort(reason), realDelay(delay)).unref();
  return controller.signal;
};
