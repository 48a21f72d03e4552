/** Later, as a page has it. What decides what happens is given one of these, so that a test decides when. */
export interface Timers {
  /** Runs once after `ms` milliseconds. @returns its undo. */
  readonly after: (ms: number, run: () => void) => () => void;
}

export const pageTimers: Timers = {
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
