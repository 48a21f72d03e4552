import { describe, expect, it } from 'vitest';
import type { State } from '../../../src/shared/model.ts';
import { Screen } from './screen.ts';
import { connecting, disconnected, expired, failed, minute, needs, now, renewing } from './states.ts';
import { retrying, second, serving } from './states.ts';

const pin = 'person-needed:pin 1 T';
const over = 'session-expired';
const back = 'back-again';
const end = now + 60 * minute;

describe('a session that needs its PIN', () => {
  it('is told at 15 minutes, at 5, and when it is over, each once', () => {
    const screen = new Screen();
    expect(screen.look(serving(end))).toEqual([]);
    expect(screen.look(needs('pin', end), end - 30 * minute)).toEqual([]);
    expect(screen.wakeAt).toBe(end - 15 * minute);
    expect(screen.look(needs('pin', end), end - 15 * minute)).toEqual([pin]);
    expect(screen.wakeAt).toBe(end - 5 * minute);
    expect(screen.look(needs('pin', end), end - 14 * minute)).toEqual([]);
    expect(screen.look(needs('pin', end), end - 5 * minute)).toEqual([pin]);
    expect(screen.wakeAt).toBeNull();
    expect(screen.look(needs('pin', end), end - minute)).toEqual([]);
    expect(screen.look(needs('pin', null), end)).toEqual([`-${pin}`, over]);
    expect(screen.look(needs('pin', null), end + 60 * minute)).toEqual([]);
  });

  it('and lasts a minute is told once, at once', () => {
    const screen = new Screen();
    const soon = now + 60 * second;
    screen.look(serving(soon));
    expect(screen.look(needs('pin', soon), now + 30 * second)).toEqual([pin]);
    expect(screen.look(needs('pin', soon), now + 59 * second)).toEqual([]);
  });

  it('is not told any more once it is renewed, and anew when the next one needs it', () => {
    const screen = new Screen();
    screen.look(serving(end));
    screen.look(needs('pin', end), end - 10 * minute);
    expect(screen.look(renewing(end), end - 9 * minute)).toEqual([`-${pin}`]);
    const next = end + 60 * minute;
    expect(screen.look(serving(next), end - 9 * minute)).toEqual([]);
    expect(screen.look(needs('pin', next), next - 10 * minute)).toEqual([pin]);
  });

  it('is not told again where what was typed was wrong', () => {
    const screen = new Screen();
    screen.look(serving(end));
    screen.look(needs('pin', end), end - 10 * minute);
    screen.look(renewing(end), end - 9 * minute);
    expect(screen.look(needs('pin', end), end - 8 * minute)).toEqual([]);
    expect(screen.look(needs('pin', end), end - 4 * minute)).toEqual([pin]);
  });

  it('and then something else is told that in its place, and neither again', () => {
    const screen = new Screen();
    const touch = 'person-needed:touch 1 T';
    screen.look(serving(end));
    screen.look(needs('pin', end), end - 10 * minute);
    expect(screen.look(needs('touch', end), end - 9 * minute)).toEqual([`-${pin}`, touch]);
    expect(screen.shown.get(touch)?.title).toBe('“Dev” needs a touch of its token');
    expect(screen.look(needs('pin', end), end - 8 * minute)).toEqual([`-${touch}`]);
    expect(screen.look(needs('touch', end), end - 7 * minute)).toEqual([]);
  });

  it('is not told again for another label', () => {
    const screen = new Screen();
    screen.look(serving(end));
    screen.look(needs('pin', end), end - 10 * minute);
    screen.label = 'Development';
    expect(screen.look(needs('pin', end), end - 9 * minute)).toEqual([]);
  });
});

describe('a locked screen', () => {
  it('is shown nothing; unlocked it is shown what is still true', () => {
    const screen = new Screen();
    screen.look(serving(end), now, true);
    expect(screen.look(needs('pin', end), end - 14 * minute, true)).toEqual([]);
    expect(screen.wakeAt).toBeNull();
    expect(screen.look(needs('pin', end), end - 12 * minute)).toEqual([pin]);
  });

  it('is not shown afterwards what was true meanwhile', () => {
    const screen = new Screen();
    screen.look(serving(end));
    expect(screen.look(needs('pin', end), end - 14 * minute, true)).toEqual([]);
    expect(screen.look(serving(end + 60 * minute), end - 10 * minute, true)).toEqual([]);
    expect(screen.look(serving(end + 60 * minute), end - 9 * minute)).toEqual([]);
  });

  it('is shown the end alone of a session that ended meanwhile', () => {
    const screen = new Screen();
    screen.look(serving(end));
    screen.look(needs('pin', end), end - 14 * minute, true);
    screen.look(needs('pin', null), end, true);
    expect(screen.look(needs('pin', null), end + minute)).toEqual([over]);
  });

  it('keeps what is shown and true, and loses what is not', () => {
    const screen = new Screen();
    screen.look(serving(end));
    screen.look(needs('pin', end), end - 14 * minute);
    expect(screen.look(needs('pin', end), end - 13 * minute, true)).toEqual([]);
    expect(screen.look(serving(end + 60 * minute), end - 12 * minute, true)).toEqual([`-${pin}`]);
  });
});

describe('a session that has expired', () => {
  it.each<[string, State]>([
    ['waits', expired],
    ['needs a person', needs('touch', null)],
    ['is tried again', retrying(null)],
    ['failed', failed],
  ])('and %s is told once, and until it serves again', (_, state) => {
    const screen = new Screen();
    screen.look(serving(end));
    expect(screen.look(state, end)).toEqual([over]);
    expect(screen.look(connecting, end + minute)).toEqual([]);
    expect(screen.look(state, end + 2 * minute)).toEqual([]);
    expect(screen.look(serving(end + 60 * minute), end + 3 * minute)).toEqual([`-${over}`, back]);
  });

  it('while it was being renewed is told when that fails, and not before', () => {
    const screen = new Screen();
    screen.look(renewing(end));
    expect(screen.look(connecting, end)).toEqual([]);
    expect(screen.look(retrying(null), end + second)).toEqual([over]);
  });
});

describe('nothing is told of an account', () => {
  it.each<[string, State[]]>([
    ['that was never connected', [disconnected]],
    ['whose first connect needs a person', [connecting, needs('pin', null)]],
    ['whose first connect failed', [connecting, failed]],
    ['whose first connect is tried again', [connecting, retrying(null)]],
    ['that was disconnected', [serving(end), disconnected]],
    ['that was disconnected, and the next connect failed', [serving(end), disconnected, connecting, failed]],
    ['that serves', [serving(end), renewing(end), serving(end + 60 * minute)]],
  ])('%s', (_, states) => {
    const screen = new Screen();
    for (const [index, state] of states.entries()) expect(screen.look(state, now + index)).toEqual([]);
  });

  it('that is gone: what was shown is taken back', () => {
    const screen = new Screen();
    screen.look(serving(end));
    screen.look(expired, end);
    expect(screen.look(null, end + 1)).toEqual([`-${over}`]);
    expect(screen.look(expired, end + 2)).toEqual([]);
  });

  it('that was disconnected: what was shown is taken back', () => {
    const screen = new Screen();
    screen.look(serving(end));
    screen.look(needs('pin', end), end - minute);
    expect(screen.look(disconnected, end - minute)).toEqual([`-${pin}`]);
  });
});
