import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Ticker } from '../../../src/renderer/ticker.ts';

let now: number;
let hidden: boolean;
let beats: (() => void)[];
let visibility: (() => void)[];
let ticker: Ticker;

beforeEach(() => {
  now = 1000;
  hidden = false;
  beats = [];
  visibility = [];
  ticker = new Ticker({
    now: () => now,
    isHidden: () => hidden,
    onVisibility: (listener) => {
      visibility.push(listener);
      return () => (visibility = visibility.filter((other) => other !== listener));
    },
    every: (ms, run) => {
      expect(ms).toBe(1000);
      beats.push(run);
      return () => (beats = beats.filter((other) => other !== run));
    },
  });
});

function setHidden(is: boolean): void {
  hidden = is;
  for (const listener of visibility) listener();
}

describe('the ticker', () => {
  it('has one timer for all, and none for nobody', () => {
    const undo = [ticker.subscribe(() => undefined), ticker.subscribe(() => undefined)];
    expect(beats).toHaveLength(1);
    undo[0]?.();
    expect(beats).toHaveLength(1);
    undo[1]?.();
    expect([beats, visibility]).toEqual([[], []]);
  });

  it('gives all the same time until the next beat', () => {
    const listener = vi.fn();
    ticker.subscribe(listener);
    listener.mockClear();
    now = 2345;
    expect(ticker.now()).toBe(1000);
    beats[0]?.();
    expect(ticker.now()).toBe(2345);
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it('rests while the window is hidden and catches up at once', () => {
    const listener = vi.fn();
    ticker.subscribe(listener);
    setHidden(true);
    expect(beats).toEqual([]);
    listener.mockClear();
    now = 99_000;
    setHidden(false);
    expect(beats).toHaveLength(1);
    expect(listener).toHaveBeenCalledTimes(1);
    expect(ticker.now()).toBe(99_000);
  });

  it('does not begin in a hidden window', () => {
    hidden = true;
    ticker.subscribe(() => undefined);
    expect(beats).toEqual([]);
  });
});
