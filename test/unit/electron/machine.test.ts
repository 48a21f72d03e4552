import { EventEmitter } from 'node:events';
import { beforeEach, expect, it, vi } from 'vitest';
import { FakeClock } from '../../support/fakes/clock.ts';

const computer = vi.hoisted(() => ({
  idleState: 'active',
  isOnline: true,
  events: null as EventEmitter | null,
}));

vi.mock('electron', () => ({
  net: { isOnline: () => computer.isOnline },
  powerMonitor: {
    on: (name: string, listener: () => void) => computer.events?.on(name, listener),
    off: (name: string, listener: () => void) => computer.events?.off(name, listener),
    getSystemIdleState: () => computer.idleState,
  },
}));

const { watchMachine } = await import('../../../src/main/electron/machine.ts');

let told: string[];
let clock: FakeClock;
let stop: () => void;

beforeEach(() => {
  Object.assign(computer, { idleState: 'active', isOnline: true, events: new EventEmitter() });
  told = [];
  clock = new FakeClock();
  stop = watchMachine(
    clock,
    {
      resumed: () => told.push('resumed'),
      setLocked: (locked) => told.push(`locked ${String(locked)}`),
      setOnline: (online) => told.push(`online ${String(online)}`),
    },
    () => told.push('shutdown'),
  );
});

it('tells nothing of a computer that is as it should be', async () => {
  await clock.advance(60_000);
  expect(told).toEqual([]);
});

it.each(['idle', 'unknown'])('takes a screen that is %s for open', async (state) => {
  computer.idleState = state;
  await clock.advance(10_000);
  expect(told).toEqual([]);
});

it('tells once that the screen is locked, and that it is open again, within two seconds', async () => {
  computer.idleState = 'locked';
  await clock.advance(2000);
  await clock.advance(10_000);
  expect(told).toEqual(['locked true']);
  computer.idleState = 'active';
  await clock.advance(2000);
  expect(told).toEqual(['locked true', 'locked false']);
});

it('tells once that the network is gone, and that it is back, within two seconds', async () => {
  computer.isOnline = false;
  await clock.advance(2000);
  await clock.advance(10_000);
  expect(told).toEqual(['online false']);
  computer.isOnline = true;
  await clock.advance(2000);
  expect(told).toEqual(['online false', 'online true']);
});

it('tells of waking up and of the end at once', () => {
  computer.events?.emit('resume');
  computer.events?.emit('shutdown');
  expect(told).toEqual(['resumed', 'shutdown']);
});

it('tells nothing any more once it is stopped', async () => {
  stop();
  computer.idleState = 'locked';
  computer.isOnline = false;
  computer.events?.emit('resume');
  await clock.advance(60_000);
  expect(told).toEqual([]);
  expect(clock.pending).toBe(0);
});
