/** Journals of soaks that never were: a good one, to be spoilt in one place. */
import type { Issued, Journal, Reading } from '../../soak/journal.ts';

export const start = Date.UTC(2026, 0, 1);
/** Seconds of the one account's sessions. */
export const durationSeconds = 3600;
/** Milliseconds after {@link start}. */
export const at = (minutes: number): number => start + minutes * 60_000;

/** The session that was issued `minutes` after the start, delivered. */
export function issued(number: number, minutes: number, change: Partial<Issued> = {}): Issued {
  return {
    account: 'a',
    accessKeyId: `KEY${String(number)}`,
    at: at(minutes),
    expiresAt: at(minutes + durationSeconds / 60),
    signature: `signature ${String(number)}`,
    delivered: true,
    ...change,
  };
}

export function reading(minutes: number, found: Reading['found'], change: Partial<Reading> = {}): Reading {
  return {
    asked: at(minutes),
    answered: at(minutes),
    account: 'a',
    source: 'socket',
    found,
    ...change,
  };
}

/** What is told of the session of that number, issued so many minutes after the start. */
export const told = (number: number, issuedAt: number): Reading['found'] => ({
  accessKeyId: `KEY${String(number)}`,
  expiration: at(issuedAt + durationSeconds / 60),
});

/** One account, renewed once when half of its hour was gone. */
export function goodJournal(change: Partial<Journal> = {}): Journal {
  return {
    scale: 100,
    durations: new Map([['a', durationSeconds]]),
    onTokens: new Set(['a']),
    issued: [issued(1, 0), issued(2, 30)],
    signatures: new Map([
      ['signature 1', 'a'],
      ['signature 2', 'a'],
    ]),
    readings: [reading(1, told(1, 0)), reading(31, told(2, 30))],
    suspended: [],
    diskFull: [],
    clockSet: [],
    disconnected: [],
    connects: [at(-5)],
    hostCrashes: 0,
    tokenCalls: [
      { call: 'login', pid: 7, token: 't', result: 0, at: 1000 },
      { call: 'sign', pid: 7, token: 't', result: 0, at: 1010 },
      { call: 'sign', pid: 7, token: 't', result: 0, at: 9000 },
    ],
    typedPins: [{ token: 't', at: 990 }],
    memory: [],
    foreignChanges: [],
    ...change,
  };
}
