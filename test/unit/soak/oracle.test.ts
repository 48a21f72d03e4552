import { describe, expect, it } from 'vitest';
import type { Journal, MemorySample, TokenCall } from '../../soak/journal.ts';
import { judge, servedAfterSetBack } from '../../soak/oracle.ts';
import { growthOf } from '../../soak/token-oracle.ts';
import { at, goodJournal, issued, reading, told } from './journals.ts';

const rulesBroken = (change: Partial<Journal>): string[] =>
  judge(goodJournal(change)).map(({ rule }) => rule);
const span = (from: number, to: number) => ({ from: at(from), to: at(to) });
const login = (change: Partial<TokenCall> = {}): TokenCall => ({
  call: 'login',
  pid: 7,
  token: 't',
  result: 0,
  at: 1000,
  ...change,
});
const calls = goodJournal().tokenCalls;
const grown = (megabytes: (index: number) => number, count = 100): MemorySample[] =>
  Array.from({ length: count }, (_, index) => ({ who: 'agent', bytes: megabytes(index) * 1e6 }));
const ofFile = { source: 'credentials-file' } as const;

describe('a soak in which all went well', () => {
  it.each<[string, Partial<Journal>]>([
    ['breaks no rule', {}],
    ['may miss what was never served', { readings: [reading(1, { code: 'not-connected' })] }],
    [
      'may miss what has expired',
      { readings: [reading(1, told(1, 0)), reading(61, { code: 'session-expired' })] },
    ],
    [
      'may miss what a person disconnected',
      {
        readings: [reading(1, told(1, 0)), reading(3, { code: 'not-connected' })],
        disconnected: [{ ...span(2, 4), account: 'a' }],
      },
    ],
    [
      'may go without an answer while the computer sleeps',
      { readings: [reading(1, told(1, 0)), reading(3, { code: 'no-answer' })], suspended: [span(2, 4)] },
    ],
    [
      'may serve for as long as the clock was set back',
      { readings: [reading(69, told(1, 0), { agentTime: at(59) })], clockSet: [{ at: at(5), by: -600_000 }] },
    ],
    [
      'may serve for longer what was issued while the clock was ahead for a moment',
      {
        readings: [reading(69, told(1, 10), { agentTime: at(69) })],
        clockSet: [
          { at: at(-1), by: 600_000 },
          { at: at(5), by: -600_000 },
        ],
      },
    ],
    [
      'may tell too late an expiry where the computer slept as the answer came',
      { readings: [reading(15, told(1, 11))], suspended: [span(0, 11)] },
    ],
    [
      'may take as expired what the agent’s clock, set ahead, says is',
      {
        readings: [reading(1, told(1, 0)), reading(3, { code: 'session-expired' }, { agentTime: at(63) })],
        clockSet: [{ at: at(2), by: 3_600_000 }],
      },
    ],
    ['may leave a section for a moment', { readings: [reading(64, told(1, 0), ofFile)] }],
    [
      'may leave a section as long as the disk is full',
      { readings: [reading(100, told(1, 0), ofFile)], diskFull: [span(50, 89)] },
    ],
    [
      'may renew early once the clock was set',
      { issued: [issued(1, 0), issued(2, 9)], readings: [], clockSet: [{ at: at(8), by: 1000 }] },
    ],
    [
      'may issue twice for one signature',
      { issued: [issued(1, 0), issued(2, 1, { signature: 'signature 1' })], readings: [] },
    ],
    [
      'may renew at once what was lost on the way',
      { issued: [issued(1, 0, { delivered: false }), issued(2, 1)], readings: [] },
    ],
    ['may log in again by itself in a host that was given the PIN', { tokenCalls: [login(), ...calls] }],
    [
      'may lose a signature with a host',
      { tokenCalls: [...calls, { ...login(), call: 'sign' }], hostCrashes: 1 },
    ],
    ['may weigh a little more', { memory: grown((index) => 100 + index / 50) }],
  ])('%s', (_, change) => {
    expect(judge(goodJournal(change))).toEqual([]);
  });
});

describe('the oracle finds', () => {
  it.each<[string, Partial<Journal>, string]>([
    [
      'credentials AWS never issued',
      { readings: [reading(1, told(9, 0))] },
      'credentials AWS did not issue for the account',
    ],
    [
      'credentials of another account',
      { readings: [reading(1, told(1, 0), { account: 'b' })] },
      'credentials AWS did not issue for the account',
    ],
    ['expired credentials', { readings: [reading(63, told(1, 0))] }, 'expired credentials were served'],
    [
      'expired credentials of the command line',
      { readings: [reading(63, told(1, 0), { source: 'credential-process' })] },
      'expired credentials were served',
    ],
    [
      'credentials served for longer than the clock was set back',
      { readings: [reading(73, told(1, 0))], clockSet: [{ at: at(5), by: -600_000 }] },
      'expired credentials were served',
    ],
    [
      'a clock set back before they were issued, which is no excuse',
      { readings: [reading(69, told(1, 0))], clockSet: [{ at: at(-5), by: -600_000 }] },
      'expired credentials were served',
    ],
    [
      'a wrong expiry, though the computer slept later',
      { readings: [reading(25, told(1, 11))], suspended: [span(5, 16)] },
      'a wrong expiry was told',
    ],
    [
      'an expiry later than the computer slept',
      { readings: [reading(15, told(1, 14))], suspended: [span(0, 11)] },
      'a wrong expiry was told',
    ],
    ['a wrong expiry', { readings: [reading(1, told(1, 5))] }, 'a wrong expiry was told'],
    [
      'an error in place of good credentials',
      { readings: [reading(1, told(1, 0)), reading(3, { code: 'pin-needed' })] },
      'good credentials were replaced by nothing',
    ],
    [
      'an error in place of good credentials, though another account was disconnected',
      {
        readings: [reading(1, told(1, 0)), reading(3, { code: 'pin-needed' })],
        disconnected: [{ ...span(2, 4), account: 'b' }],
      },
      'good credentials were replaced by nothing',
    ],
    [
      'a section that vanished',
      { readings: [reading(1, told(1, 0), ofFile), reading(3, { code: 'absent' }, ofFile)] },
      'good credentials were replaced by nothing',
    ],
    [
      'an agent that does not answer',
      { readings: [reading(3, { code: 'no-answer' })], suspended: [span(4, 5)] },
      'the agent did not answer',
    ],
    [
      'a section left behind',
      { readings: [reading(90, told(1, 0), ofFile)] },
      'a section outlived its credentials',
    ],
    [
      'a section left behind long after the disk had room again',
      { readings: [reading(100, told(1, 0), ofFile)], diskFull: [span(50, 70)] },
      'a section outlived its credentials',
    ],
    [
      'a renewal too soon',
      { issued: [issued(1, 0), issued(2, 9)], readings: [reading(1, told(1, 0))] },
      'renewed too soon',
    ],
    ['a wrong PIN', { tokenCalls: [login({ result: 0xa0 }), ...calls] }, 'a PIN try was spent'],
    ['a locked PIN', { tokenCalls: [login({ result: 0xa4 }), ...calls] }, 'a PIN try was spent'],
    [
      'a host that had a PIN nobody typed for it',
      { tokenCalls: [...calls, login({ pid: 8, at: 2000 })] },
      'a login nobody typed a PIN for',
    ],
    ['a PIN typed too late', { typedPins: [{ token: 't', at: 1001 }] }, 'a login nobody typed a PIN for'],
    [
      'a PIN typed for another token',
      { typedPins: [{ token: 'u', at: 1 }] },
      'a login nobody typed a PIN for',
    ],
    [
      'a signature that went nowhere',
      { tokenCalls: [...calls, { ...login(), call: 'sign' }] },
      'signatures are not renewals',
    ],
    [
      'a request no token signed',
      { signatures: new Map([...goodJournal().signatures, ['signature 3', 'a']]) },
      'signatures are not renewals',
    ],
    ['memory that grows', { memory: grown((index) => 100 + index) }, 'memory grows'],
    ['a user’s file that was changed', { foreignChanges: ['config'] }, 'foreign bytes changed'],
  ])('%s', (_, change, rule) => {
    expect(rulesBroken(change)).toEqual([rule]);
  });
});

describe('figures', () => {
  it('count what was served after its true expiry', () => {
    const readings = [reading(1, told(1, 0)), reading(65, told(1, 0)), reading(70, told(1, 0), ofFile)];
    expect(servedAfterSetBack(goodJournal({ readings }))).toBe(1);
  });

  it('tell the medians of the second and of the last quarter', () => {
    expect(growthOf({ memory: grown((index) => index, 8) })).toEqual([
      { who: 'agent', second: 3e6, last: 7e6, samples: 8 },
    ]);
  });
});
