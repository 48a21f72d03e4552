import type { Clock } from '../ports.ts';

/** The computer's own clock and timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  running: () => performance.now(),
  after: (delayMs, action) => {
    const timer = setTimeout(action, Math.max(0, delayMs));
    return () => {
      clearTimeout(timer);
    };
  },
};
