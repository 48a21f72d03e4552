/** The ticker’s surroundings in a page. */
import type { TickerSurroundings } from './ticker.ts';

export const pageSurroundings: TickerSurroundings = {
  now: () => Date.now(),
  isHidden: () => document.hidden,
  onVisibility: (listener) => {
    document.addEventListener('visibilitychange', listener);
    return () => document.removeEventListener('visibilitychange', listener);
  },
  every: (ms, run) => {
    const timer = setInterval(run, ms);
    return () => clearInterval(timer);
  },
};
