import { expect, it } from 'vitest';
import type { EngineEvent, EventAt } from '../../../src/shared/api.ts';
import { idleState } from '../../../src/shared/constants.ts';
import { Pace } from '../../../src/main/electron/pace.ts';
import { StateFeed } from '../../../src/main/electron/state-feed.ts';
import { FakeClock } from '../../support/fakes/clock.ts';

function createFeed() {
  const clock = new FakeClock();
  const told: EventAt<'window'>[] = [];
  return { clock, told, feed: new StateFeed(clock, (event) => told.push(event)) };
}

const state = (account: string, activity: 'idle' | 'connecting' = 'idle'): EngineEvent => ({
  name: 'state',
  payload: { account, state: { ...idleState, activity } },
});

it('tells at once what comes after a quiet moment', () => {
  const { feed, told } = createFeed();
  feed.hear(state('a'));
  expect(told).toEqual([state('a')]);
});

it('tells 10,000 events of one second as a few, and always the last word', async () => {
  const { clock, feed, told } = createFeed();
  for (let n = 0; n < 10_000; n += 1) {
    feed.hear(state(`a-${String(n % 10)}`, n < 9990 ? 'connecting' : 'idle'));
    if (n % 10 === 9) await clock.advance(1);
  }
  await clock.advance(100);
  expect(told.length).toBeLessThanOrEqual(10 * (1000 / 50 + 2));
  const last = new Map(
    told.flatMap((event) => (event.name === 'state' ? [[event.payload.account, event]] : [])),
  );
  expect([...last.values()].map(({ payload }) => payload.state.activity)).toEqual(
    Array<string>(10).fill('idle'),
  );
  expect(clock.pending).toBe(0);
});

it('keeps states of different accounts apart, and other events with them', async () => {
  const { clock, feed, told } = createFeed();
  const events: EngineEvent[] = [
    { name: 'accounts', payload: {} },
    state('a'),
    state('b'),
    { name: 'accounts', payload: {} },
    { name: 'reveal', payload: { account: 'a' } },
    state('a', 'connecting'),
  ];
  for (const event of events) feed.hear(event);
  await clock.advance(50);
  expect(told).toEqual([events[0], events[2], events[3], events[4], events[5]]);
});

it('tells nothing that is not for the window', async () => {
  const { clock, feed, told } = createFeed();
  feed.hear({ name: 'promptClosed', payload: { id: 'p-1' } });
  await clock.advance(100);
  expect(told).toEqual([]);
});

it('tells nothing any more once it is stopped', async () => {
  const { clock, feed, told } = createFeed();
  feed.hear(state('a'));
  feed.hear(state('b'));
  feed.stop();
  await clock.advance(1000);
  expect(told).toEqual([state('a')]);
});

function createPace() {
  const clock = new FakeClock();
  const times: number[] = [];
  const start = clock.now();
  const pace = new Pace(clock, 250, () => times.push(clock.now() - start));
  return { clock, times, pace };
}

it('a pace acts at once, then after its pause, however often it is asked', async () => {
  const { clock, times, pace } = createPace();
  for (let n = 0; n < 500; n += 1) {
    pace.ask();
    await clock.advance(1);
  }
  await clock.advance(5000);
  expect(times).toEqual([0, 250, 500]);
});

it('a pace acts later where nobody asks before, and only then', async () => {
  const { clock, times, pace } = createPace();
  pace.ask();
  pace.askLater(60_000);
  await clock.advance(59_999);
  expect(times).toEqual([0]);
  await clock.advance(1);
  expect(times).toEqual([0, 60_000]);
});

it('asking for later does not lose what is wanted now', async () => {
  const { clock, times, pace } = createPace();
  pace.ask();
  pace.ask();
  pace.askLater(60_000);
  await clock.advance(250);
  expect(times).toEqual([0, 250]);
  pace.askLater(60_000);
  await clock.advance(1000);
  pace.ask();
  expect(times).toEqual([0, 250, 1250]);
});

it('a pace that is stopped acts no more', async () => {
  const { clock, times, pace } = createPace();
  pace.ask();
  pace.ask();
  pace.stop();
  pace.ask();
  await clock.advance(100_000);
  expect(times).toEqual([0]);
});
