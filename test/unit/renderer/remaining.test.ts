import { describe, expect, it } from 'vitest';
import { fractionLeft, secondsLeft, servesAt } from '../../../src/renderer/remaining.ts';
import { remaining, remainingShort } from '../../../src/renderer/text.ts';
import { at, noon, servingFor, state } from './states.ts';

describe('the remaining time', () => {
  it.each([
    [0, 'less than a minute', '<1 min'],
    [59, 'less than a minute', '<1 min'],
    [60, '1 min', '1 min'],
    [42 * 60 + 59, '42 min', '42 min'],
    [3599, '59 min', '59 min'],
    [3600, '1 h', '1:00 h'],
    [3900, '1 h 5 min', '1:05 h'],
    [43_200, '12 h', '12:00 h'],
  ])('%i s: %s', (seconds, words, short) => {
    expect(remaining(seconds)).toBe(words);
    const { value, unit } = remainingShort(seconds);
    expect(`${value} ${unit}`).toBe(short);
  });

  it('is counted in whole seconds and never below none', () => {
    expect(secondsLeft(at(1), noon + 500)).toBe(59);
    expect(secondsLeft(at(-1), noon)).toBe(0);
  });
});

describe('the fraction of a ring', () => {
  it.each([
    [servingFor(60), 1],
    [servingFor(30), 0.5],
    [servingFor(15), 0.25],
    [servingFor(0), 0],
    [servingFor(-5), 0],
    // A clock that was set back: more is left than the whole.
    [servingFor(90), 1],
    // No lifetime can be told from these.
    [{ expiresAt: at(10), renewAt: at(10) }, 1],
    [{ expiresAt: at(10), renewAt: at(20) }, 1],
  ])('%o: %d', (serving, fraction) => {
    expect(fractionLeft(serving, noon)).toBe(fraction);
  });

  it('changes 360 times in a lifetime, and is never empty before the end', () => {
    const seen = new Set<number>();
    for (let second = 0; second < 3600; second += 1) {
      seen.add(fractionLeft(servingFor(60), noon + second * 1000));
    }
    expect(seen.size).toBe(360);
    expect(Math.min(...seen)).toBeGreaterThan(0);
  });
});

describe('servesAt', () => {
  it('ends with the credentials, whatever the state still says', () => {
    const connected = state({ serving: servingFor(1) });
    expect(servesAt(connected, noon + 59_999)).toBe(true);
    expect(servesAt(connected, noon + 60_000)).toBe(false);
    expect(servesAt(state(), noon)).toBe(false);
  });
});
