import { uptime } from 'node:os';
import type { Clock } from '../ports.ts';

/** The computer's own clock and timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sinceBoot: () => uptime() * 1000,
  after: (delayMs, action) => {
    const timer = setTimeout(action, Math.max(0, delayMs));
    return () => {
      clearTimeout(timer);
    };
  },
};
