import { beforeEach, describe, expect, it } from 'vitest';
import { Announcer } from '../../../src/renderer/announcer.ts';
import { ManualTimers } from './manual-timers.ts';

let timers: ManualTimers;
let announcer: Announcer;

beforeEach(() => {
  timers = new ManualTimers();
  announcer = new Announcer(timers);
});

describe('what is read out', () => {
  it('is gathered, and of one account only its last state', () => {
    announcer.changed('a', 'A', 'Connecting…');
    announcer.say('Copied: x');
    announcer.changed('b', 'B', 'Expired');
    announcer.changed('a', 'A', 'Not connected');
    expect(announcer.getSnapshot()).toBe('');
    timers.pass(500);
    expect(announcer.getSnapshot()).toBe('Copied: x A: Not connected. B: Expired.');
  });

  it('is read again where the same happens again', () => {
    announcer.say('Copied: x');
    timers.pass(500);
    announcer.say('Copied: x');
    timers.pass(500);
    expect(announcer.getSnapshot()).toBe('Copied: x\u00A0');
  });

  it('begins anew after each time, and tells once', () => {
    let told = 0;
    announcer.subscribe(() => (told += 1));
    for (let turn = 0; turn < 10_000; turn += 1) announcer.changed(String(turn), 'A', 'Expired');
    timers.pass(500);
    expect(announcer.getSnapshot()).toBe('10000 accounts changed.');
    announcer.changed('a', 'A', 'Expired');
    timers.pass(500);
    expect(announcer.getSnapshot()).toBe('A: Expired.');
    expect(told).toBe(2);
  });
});
