/** Many accounts at once, and troubles that last: how often a person is told, and of what at last. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { AccountView } from '../../../src/main/notifications/notification.ts';
import type { State } from '../../../src/shared/model.ts';
import { Screen } from './screen.ts';
import { connecting, day, disconnected, expired, minute, needs, now, refusedForClock } from './states.ts';
import { renewing, second, serving, viewOf } from './states.ts';

const end = now + 60 * minute;
const pin = 'person-needed:pin 1 T';
const unplugged = 'key-unplugged:1 T';
const locked = 'pin-locked:1 T';
const over = 'session-expired';
const back = 'back-again';

let screen: Screen;
beforeEach(() => (screen = new Screen()));

/** Accounts A0, A1 ... each in a state of its own. */
const many = (
  count: number,
  state: (index: number) => State,
  more: Partial<AccountView> = {},
): AccountView[] =>
  Array.from({ length: count }, (_, index) => viewOf(state(index), `A${String(index)}`, more));

/** Looks every few seconds, as the announcer does. @param stepMs milliseconds. */
function watch(from: number, to: number, views: (at: number) => AccountView[], stepMs = 5 * second): void {
  for (let at = from; at <= to; at += stepMs) screen.see(views(at), at);
}

describe('a hundred accounts', () => {
  it('that expire together are one notification', () => {
    screen.see(many(100, () => serving(end)));
    expect(
      screen.see(
        many(100, () => expired),
        end,
      ),
    ).toEqual([over]);
    expect(screen.shown.get(over)).toMatchObject({
      title: 'The sessions of 100 accounts have expired',
      body: 'Programs get no credentials for “A0”, “A1”, “A2” and 97 others any more. Connect them again to go on working with them.',
    });
    expect(screen.shown.get(over)?.accounts).toHaveLength(100);
    watch(end, end + 5 * minute, () => many(100, () => expired));
    expect(screen.count).toBe(1);
  });

  it('that expire one after the other are one a minute, and the last names them all', () => {
    const ends = (index: number): number => end + index * second;
    screen.see(many(100, (index) => serving(ends(index))));
    watch(end, end + 5 * minute, (at) =>
      many(100, (index) => (at < ends(index) ? serving(ends(index)) : expired)),
    );
    expect(screen.count).toBe(3); // at once, after a minute, after two
    expect(screen.shown.get(over)?.accounts).toHaveLength(100);
  });

  it('that need their PIN within two minutes are told at 15 and at 5 minutes, once each', () => {
    const ends = (index: number): number => end + index * second;
    screen.see(many(100, (index) => serving(ends(index))));
    const views = many(100, (index) => needs('pin', ends(index)));
    watch(end - 20 * minute, end - minute, () => views);
    expect(screen.count).toBe(2);
    expect(screen.shown.get(pin)).toMatchObject({
      title: '100 accounts need the PIN of the token “T”',
      body: 'The sessions of “A0”, “A1”, “A2” and 97 others end, the first within 5 minutes. Connect them and type the PIN or passphrase.',
    });
  });

  it('that come back one after the other are one notification', () => {
    screen.see(many(100, () => serving(end)));
    screen.see(
      many(100, () => expired),
      end,
    );
    const next = end + 60 * minute;
    watch(end + minute, end + 3 * minute, (at) =>
      many(100, (index) => (at > end + minute + index * second ? serving(next) : connecting)),
    );
    expect([...screen.shown.keys()]).toEqual([back]);
    expect(screen.count).toBe(2);
    expect(screen.shown.get(back)?.title).toBe('100 accounts work again');
  });

  it('of which now one and then another is down for a second are two a minute', () => {
    const ends = Array.from({ length: 100 }, () => end);
    screen.see(many(100, () => serving(end)));
    for (let turn = 1; turn <= 100; turn += 1) {
      const at = end - 10 * minute + turn * second;
      screen.see(
        many(100, (index) => (index === turn % 100 ? expired : serving(ends[index] ?? end))),
        at,
      );
      ends[turn % 100] = at + 60 * minute;
    }
    expect(screen.count).toBe(4);
  });
});

describe('what ends for one of several', () => {
  const three = (state: State, others: State): AccountView[] =>
    many(3, (index) => (index === 0 ? state : others));

  it('is taken back, and of the others it is told once more when a minute is over', () => {
    screen.see(three(serving(end), serving(end)));
    expect(screen.see(three(expired, expired), end)).toEqual([over]);
    const next = serving(end + 60 * minute);
    expect(screen.see(three(next, expired), end + 10 * second)).toEqual([`-${over}`, back]);
    expect(screen.wakeAt).toBe(end + minute);
    expect(screen.see(three(next, expired), end + minute - 1)).toEqual([]);
    expect(screen.see(three(next, expired), end + minute)).toEqual([over]);
    expect(screen.shown.get(over)?.accounts).toEqual(['a1', 'a2']);
    expect(screen.see(three(next, expired), end + 60 * minute)).toEqual([]);
  });

  it('is not said again in the words that were on the screen before', () => {
    const a = (state: State): AccountView[] => [viewOf(state, 'A0'), viewOf(expired, 'A1')];
    screen.see([viewOf(serving(end), 'A0'), viewOf(serving(end), 'A1')]);
    screen.see(a(serving(end + minute)), end);
    expect(screen.shown.get(over)?.accounts).toEqual(['a1']);
    screen.see(a(expired), end + minute);
    expect(screen.shown.get(over)?.accounts).toEqual(['a0', 'a1']);
    expect(screen.see(a(serving(end + 60 * minute)), end + 2 * minute)).toEqual([`-${over}`, back]);
    watch(end + 2 * minute, end + 9 * minute, () => a(serving(end + 60 * minute)));
    expect(screen.shown.has(over)).toBe(false);
  });

  it('is told of one that joins them in the place of the older', () => {
    screen.see([viewOf(serving(end), 'A0'), viewOf(serving(end), 'A1')]);
    screen.see([viewOf(expired, 'A0'), viewOf(serving(end + 1), 'A1')], end);
    expect(screen.see([viewOf(expired, 'A0'), viewOf(expired, 'A1')], end + 5 * minute)).toEqual([over]);
    expect(screen.shown.get(over)?.accounts).toEqual(['a0', 'a1']);
  });

  it('waits ten seconds where it was over in between', () => {
    const late = end + 60 * minute;
    screen.see([viewOf(serving(end), 'A0'), viewOf(serving(late), 'A1')]);
    screen.see([viewOf(expired, 'A0'), viewOf(serving(late), 'A1')], end);
    screen.see([viewOf(serving(late), 'A0'), viewOf(serving(late), 'A1')], end + second);
    const now = [viewOf(serving(late), 'A0'), viewOf(expired, 'A1')];
    expect(screen.see(now, end + 2 * second)).toEqual([]);
    expect(screen.wakeAt).toBe(end + 10 * second);
    expect(screen.see(now, end + 10 * second)).toEqual([over]);
  });
});

describe('a token that is pulled out', () => {
  const absent = needs('token-absent', end);

  it('is one notification, whoever comes upon it and however often it is looked for', () => {
    screen.see(many(3, () => serving(end)));
    const first = many(3, (index) => (index === 0 ? absent : serving(end)));
    expect(screen.see(first, now + minute)).toEqual([unplugged]);
    expect(screen.shown.get(unplugged)?.accounts).toEqual(['a0', 'a1', 'a2']);
    const looking = many(3, (index) => (index === 0 ? renewing(end) : serving(end)));
    expect(screen.see(looking, now + 2 * minute)).toEqual([]);
    expect(screen.see(first, now + 3 * minute)).toEqual([]);
    expect(
      screen.see(
        many(3, () => absent),
        now + 30 * minute,
      ),
    ).toEqual([]);
    expect(
      screen.see(
        many(3, () => needs('token-absent', null)),
        end,
      ),
    ).toEqual([over]);
    expect(screen.shown.has(unplugged)).toBe(true);
  });

  it('is told for each token', () => {
    const two = (state: State): AccountView[] => [
      ...many(2, () => state),
      viewOf(state, 'B', { token: { label: 'T', serial: '2' } }),
    ];
    screen.see(two(serving(end)));
    expect(screen.see(two(absent), now + minute)).toEqual([unplugged, 'key-unplugged:2 T']);
  });

  it('is taken back when one of its accounts was renewed, and that is told', () => {
    screen.see(many(2, () => serving(end)));
    screen.see(
      many(2, () => absent),
      now + minute,
    );
    const next = serving(end + 60 * minute);
    expect(
      screen.see(
        many(2, (index) => (index === 0 ? next : absent)),
        now + 2 * minute,
      ),
    ).toEqual([`-${unplugged}`, back]);
    expect(
      screen.see(
        many(2, () => next),
        now + 3 * minute,
      ),
    ).toEqual([back]);
    expect(screen.shown.get(back)?.title).toBe('2 accounts work again');
  });

  it('is told again when it is pulled out again', () => {
    const next = serving(end + 60 * minute);
    screen.look(serving(end));
    screen.look(absent, now + minute);
    expect(screen.look(next, now + 2 * minute)).toEqual([`-${unplugged}`, back]);
    expect(screen.look(needs('token-absent', end + 60 * minute), now + 3 * minute)).toEqual([
      `-${back}`,
      unplugged,
    ]);
  });

  it('and needs its PIN when it is back is not told to work', () => {
    screen.look(serving(end));
    screen.look(absent, now + minute);
    expect(screen.look(needs('pin', end), now + 2 * minute)).toEqual([`-${unplugged}`]);
    expect(screen.look(serving(end + 60 * minute), now + 3 * minute)).toEqual([back]);
  });
});

describe('a PIN that is locked', () => {
  it('is told once for the token, also to whom it happens later', () => {
    const state = needs('pin-locked', end);
    screen.see(many(3, () => serving(end)));
    expect(
      screen.see(
        many(3, (index) => (index === 0 ? state : serving(end))),
        now + minute,
      ),
    ).toEqual([locked]);
    expect(
      screen.see(
        many(3, () => state),
        now + 9 * minute,
      ),
    ).toEqual([]);
    const next = many(3, (index) => (index === 0 ? serving(end + 60 * minute) : state));
    expect(screen.see(next, now + 20 * minute)).toEqual([`-${locked}`]);
    watch(now + 20 * minute, now + 30 * minute, () => next, minute);
    expect(screen.count).toBe(1);
  });
});

describe('an account that works again', () => {
  it('is told nothing of where nothing was told of its trouble', () => {
    screen.look(serving(end));
    screen.look(expired, end, true);
    expect(screen.look(serving(end + 60 * minute), end + minute, true)).toEqual([]);
    expect(screen.look(serving(end + 60 * minute), end + 2 * minute)).toEqual([]);
  });

  it('is told so when the screen is unlocked, and until its next session', () => {
    const [next, third] = [end + 60 * minute, end + 90 * minute];
    screen.look(serving(end));
    screen.look(expired, end);
    expect(screen.look(serving(next), end + minute, true)).toEqual([`-${over}`]);
    expect(screen.look(serving(next), end + 2 * minute)).toEqual([back]);
    expect(screen.look(renewing(next), end + 30 * minute)).toEqual([]);
    expect(screen.look(serving(third), end + 31 * minute)).toEqual([`-${back}`]);
  });

  it('is told nothing of where somebody disconnected it meanwhile', () => {
    screen.look(serving(end));
    screen.look(expired, end);
    expect(screen.look(disconnected, end + minute)).toEqual([`-${over}`]);
    expect(screen.look(serving(end + 60 * minute), end + 2 * minute)).toEqual([]);
  });
});

describe('a certificate that expires', () => {
  const id = 'certificate-expires';
  const notAfter = now + 40 * day;
  const withOne = (at: number, sha256 = 'c'): AccountView[] =>
    many(3, () => serving(at + 60 * minute), { certificate: { sha256, notBefore: 0, notAfter } });

  it('is told four times, whatever sessions were made of it, and whoever uses it', () => {
    const days: number[] = [];
    for (let at = now; at < notAfter; at += 30 * minute) {
      const before = screen.count;
      screen.see(withOne(at), at);
      if (screen.count > before) days.push((notAfter - at) / day);
    }
    expect(days).toEqual([30, 14, 7, 1]);
    expect([...screen.shown.keys()]).toEqual([id]);
    screen.see(withOne(notAfter), notAfter);
    expect(screen.shown.size).toBe(0); // the state says the rest
  });

  it('is not told again after a disconnect, but of another one it is', () => {
    const at = notAfter - 10 * day;
    screen.see(withOne(at), at);
    expect(
      screen.see(
        many(3, () => disconnected),
        at + minute,
      ),
    ).toEqual([`-${id}`]);
    expect(screen.see(withOne(at), at + 2 * minute)).toEqual([]);
    expect(screen.see(withOne(at, 'd'), at + 3 * minute)).toEqual([id]);
  });
});

describe('a clock that is wrong', () => {
  const id = 'clock-wrong';
  const off = (minutes: number, until: number): AccountView[] =>
    many(3, () => serving(until), { clockOffsetMs: minutes * minute });

  it('is told once, for the computer, until it changes', () => {
    expect(screen.see(off(3, end))).toEqual([id]);
    expect(screen.shown.get(id)?.accounts).toEqual([]);
    expect(screen.see(off(4, end + 1), now + minute)).toEqual([]);
    expect(screen.see(off(10, end + 2), now + 2 * minute)).toEqual([id]);
    expect(screen.see(off(1.5, end + 3), now + 3 * minute)).toEqual([`-${id}`]);
    expect(screen.see(off(3, end + 4), now + 4 * minute)).toEqual([]); // it was never right
    expect(screen.see(off(0, end + 5), now + 5 * minute)).toEqual([]);
    expect(screen.see(off(3, end + 6), now + 6 * minute)).toEqual([id]);
  });

  it('is told where AWS refuses it', () => {
    screen.see([viewOf(serving(end))]);
    expect(screen.see([viewOf(refusedForClock)], end)).toEqual([over, id]);
  });
});

it('remembers no more for all it has told', () => {
  const sizes: number[] = [];
  for (let hour = 0; hour < 200; hour += 1) {
    const at = now + hour * 60 * minute;
    screen.see(
      many(20, () => serving(at + 60 * minute)),
      at,
    );
    screen.see(
      many(20, () => needs('pin', at + 60 * minute)),
      at + 50 * minute,
    );
    screen.see(
      many(20, () => expired),
      at + 60 * minute - 1,
    );
    sizes.push(screen.memorySize);
  }
  expect(new Set(sizes.slice(1)).size).toBe(1);
});
