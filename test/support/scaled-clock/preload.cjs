/**
 * A clock that runs faster, for one process: `SCALED_CLOCK=FILE node -r THIS PROGRAM`. FILE is a ScaledClock's.
 *
 * Scaled: `Date`, `os.uptime` (which nobody sets), `setTimeout`, `setInterval`, `AbortSignal.timeout`. Not scaled:
 * `performance`, `process.hrtime`, `node:timers/promises` and util.promisify's form of them, Node's own timers of sockets, and every process the program starts without this file.
 *
 * A timer takes its scaled time, but at least one real second, or its own length where that is shorter: what guards an
 * exchange on loopback takes real time however fast the clock runs, and cannot be told from a timer that waits for time
 * to pass. So at factor 100 a time-out of 20 s is one second, a tick of 15 s comes every 100 s of scaled time, and a
 * pause of 250 ms stays one. What is armed just before a forked process is sent something guards its answer: while that
 * is owed, such a timer waits ten real seconds more, since a process takes as long to start as the computer is busy.
 */
'use strict';
const { openSync, readSync } = require('node:fs');
const processes = require('node:child_process');
const os = require('node:os');
const timers = require('node:timers');

const RealDate = Date;
const real = { setTimeout, setInterval, clearTimeout, fork: processes.fork, uptime: os.uptime };
const leastRealMs = 1000;
/** How long a forked process may hold a timer up, and how often that is looked at, milliseconds. */
const patience = { most: 10_000, look: 20 };

const file = openSync(process.env.SCALED_CLOCK ?? '', 'r');
const bytes = Buffer.alloc(40);

/** Milliseconds since the epoch, by the clock of the file. See scaled-clock.ts for its content. */
function now() {
  readSync(file, bytes, 0, 40, 0);
  const since = bytes.readDoubleLE(0);
  const scaled = bytes.readDoubleLE(8) + (RealDate.now() - since) * bytes.readDoubleLE(16);
  return Math.floor(scaled + bytes.readDoubleLE(24));
}

/** Seconds since the computer started, as if it had always run so fast. */
function sinceBoot() {
  readSync(file, bytes, 0, 40, 0);
  return real.uptime() * bytes.readDoubleLE(16) + bytes.readDoubleLE(32) / 1000;
}

/** @param {unknown} delay milliseconds of the program's time */
function realDelay(delay) {
  const ms = Number(delay);
  if (!(ms > 0)) return 0;
  return Math.max(ms / bytes.readDoubleLE(16), Math.min(ms, leastRealMs));
}

now(); // so that the factor is known
os.uptime = sinceBoot;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    /** @type {object} */ (Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget)),
  apply: (Target) => new Target(now()).toString(),
  get: (target, name, receiver) =>
    name === 'now' ? now : /** @type {unknown} */ (Reflect.get(target, name, receiver)),
});

/**
 * How many answers each forked process owes.
 * @type {Map<import('node:child_process').ChildProcess, number>}
 */
const owed = new Map();

/** @param {Parameters<typeof processes.fork>} args */
function fork(...args) {
  const child = real.fork(...args);
  const send = child.send.bind(child);
  owed.set(child, 0);
  const count = (/** @type {number} */ by) => {
    const before = owed.get(child);
    if (before !== undefined) owed.set(child, Math.max(0, before + by));
  };
  /** @param {any[]} message */
  const counted = (...message) => {
    count(1);
    for (const timer of armed) guards.set(timer, child);
    return Reflect.apply(send, child, message);
  };
  child.on('message', () => count(-1));
  for (const end of ['exit', 'error']) child.on(end, () => owed.delete(child));
  return Object.assign(child, { send: counted });
}

/**
 * Timers that were armed in this run to completion.
 * @type {NodeJS.Timeout[]}
 */
const armed = [];
/**
 * Timers that guard an answer, with who owes it.
 * @type {WeakMap<NodeJS.Timeout, import('node:child_process').ChildProcess>}
 */
const guards = new WeakMap();
/** Timers that were held up, with the one in their place. */
const held = new WeakMap();

/**
 * @param {(...args: unknown[]) => void} action
 * @param {unknown} delay
 * @param {unknown[]} args
 */
function scaledTimeout(action, delay, ...args) {
  const latest = performance.now() + realDelay(delay) + patience.most;
  const fire = () => {
    const debtor = guards.get(timer);
    const isHeld = debtor !== undefined && (owed.get(debtor) ?? 0) > 0 && performance.now() < latest;
    if (isHeld) held.set(timer, real.setTimeout(fire, patience.look));
    else action(...args);
  };
  const timer = real.setTimeout(fire, realDelay(delay));
  if (armed.push(timer) === 1) queueMicrotask(() => void (armed.length = 0));
  return timer;
}

/** @param {NodeJS.Timeout | undefined} timer */
function clearScaled(timer) {
  real.clearTimeout(timer);
  if (typeof timer === 'object') real.clearTimeout(held.get(timer));
}

/**
 * @param {(...args: unknown[]) => void} action
 * @param {unknown} delay
 * @param {unknown[]} args
 */
function scaledInterval(action, delay, ...args) {
  return real.setInterval(action, realDelay(delay), ...args);
}

const scaled = {
  setTimeout: Object.assign(scaledTimeout, real.setTimeout), // with the form util.promisify looks for, unscaled
  setInterval: Object.assign(scaledInterval, real.setInterval),
  clearTimeout: clearScaled,
};
Object.assign(globalThis, scaled);
Object.assign(timers, scaled);
Object.assign(processes, { fork });

AbortSignal.timeout = (delay) => {
  const controller = new AbortController();
  const reason = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
  real.setTimeout(() => controller.abort(reason), realDelay(delay)).unref();
  return controller.signal;
};
