import { expect, it } from 'vitest';
import { ServerClock } from '../../../src/main/sessions/server-clock.ts';
import { FakeClock, start } from './create-session-world.ts';

const hour = 3_600_000;

function answer(date: string | number | undefined, verified = true) {
  const text = typeof date === 'number' ? new Date(date).toUTCString() : date;
  return { verified, headers: text === undefined ? {} : { date: text } };
}

it('is this computer’s while nothing is known', () => {
  const serverClock = new ServerClock(new FakeClock());
  expect(serverClock.now('a')).toBe(start);
  expect(serverClock.offset('a')).toBe(0);
});

it('is the host’s after an answer, for that host alone', () => {
  const clock = new FakeClock();
  const serverClock = new ServerClock(clock);
  expect(serverClock.learn('a', answer(start + hour), start)).toBe(hour + 500);
  expect(serverClock.offset('a')).toBe(hour + 500);
  expect(serverClock.offset('b')).toBe(0);
  clock.time += 10_000;
  expect(serverClock.now('a')).toBe(start + 10_000 + hour + 500);
});

it('takes the date for one of the middle of the exchange', () => {
  const clock = new FakeClock();
  const serverClock = new ServerClock(clock);
  clock.time += 10_000;
  expect(serverClock.learn('a', answer(start + 5_000), start)).toBe(500);
});

it('is set anew by each answer', () => {
  const serverClock = new ServerClock(new FakeClock());
  serverClock.learn('a', answer(start + hour), start);
  serverClock.learn('a', answer(start), start);
  expect(serverClock.offset('a')).toBe(500);
});

it.each([
  ['an answer that is not verified', answer(start + hour, false)],
  ['no date', answer(undefined)],
  ['nonsense', answer('soon')],
  ['another form of date', answer('2026-03-12T10:30:00Z')],
  ['a date there is not', answer('Thu, 99 Mar 2026 10:30:00 GMT')],
])('learns nothing of %s', (_, given) => {
  const serverClock = new ServerClock(new FakeClock());
  expect(serverClock.learn('a', given, start)).toBeNull();
  expect(serverClock.offset('a')).toBe(0);
});

it.each([24 * hour, -25 * hour])('is not corrected by more than a day: %d', (ahead) => {
  const serverClock = new ServerClock(new FakeClock());
  expect(serverClock.learn('a', answer(start + ahead), start)).toBe(ahead + 500);
  expect(serverClock.offset('a')).toBe(0);
});

it('is not changed by more than the caller believes', () => {
  const serverClock = new ServerClock(new FakeClock());
  serverClock.learn('a', answer(start + hour), start);
  expect(serverClock.learn('a', answer(start + 2 * hour), start, hour - 1)).toBe(2 * hour + 500);
  expect(serverClock.offset('a')).toBe(hour + 500);
  serverClock.learn('a', answer(start + 2 * hour), start, hour);
  expect(serverClock.offset('a')).toBe(2 * hour + 500);
});

it.each([2 * hour, -2 * hour])('of a clock that was set by %d ms is as right as before', (ms) => {
  const clock = new FakeClock();
  const serverClock = new ServerClock(clock);
  serverClock.learn('a', answer(start + hour), start);
  clock.set(ms);
  expect(serverClock.now('a')).toBe(start + hour + 500);
  expect(serverClock.offset('a')).toBe(hour + 500 - ms);
  expect(serverClock.offset('b')).toBe(0);
});

it('of a clock that was set by more than a day corrects nothing: no program should mend that in silence', () => {
  const clock = new FakeClock();
  const serverClock = new ServerClock(clock);
  serverClock.learn('a', answer(start + hour), start);
  clock.set(-24 * hour);
  expect(serverClock.offset('a')).toBe(0);
});
