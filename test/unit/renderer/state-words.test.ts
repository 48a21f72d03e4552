import { describe, expect, it } from 'vitest';
import {
  canConnect,
  canDisconnect,
  errorUnderHeadline,
  errorWords,
  isSameKind,
  stateWords,
} from '../../../src/renderer/state-words.ts';
import { clockTime } from '../../../src/renderer/text.ts';
import { AppError, toErrorShape, type ErrorCode } from '../../../src/shared/errors.ts';
import type { State } from '../../../src/shared/model.ts';
import { at, everyState, noon, servingFor, state } from './states.ts';

const error = (code: ErrorCode): State['error'] => toErrorShape(new AppError(code));
const serving = servingFor(42);
const left = '42 min';

/** Headline without and with credentials that are handed out. */
const table: readonly (readonly [Partial<State>, notServing: string, whileServing: string, tone: string])[] =
  [
    [{ activity: 'connecting' }, 'Connecting…', `Connecting; still connected for ${left}`, 'busy'],
    [{ activity: 'renewing' }, 'Renewing…', `Connected, renewing now; ${left} left`, 'busy'],
    ...(['connecting', 'renewing'] as const).map(
      (activity) =>
        [
          { activity, reason: 'touch' },
          'Touch the token now',
          `Touch the token now; still connected for ${left}`,
          'wants',
        ] as const,
    ),
    [{ activity: 'retrying' }, 'Tries again soon', `Tries again soon; still connected for ${left}`, 'wants'],
    [
      { activity: 'retrying', retryAt: at(5) },
      `Tries again at ${clockTime(at(5))}`,
      `Tries again at ${clockTime(at(5))}; still connected for ${left}`,
      'wants',
    ],
    [{ activity: 'failed' }, 'Could not connect', `Could not renew; still connected for ${left}`, 'bad'],
    [
      { activity: 'failed', error: error('file-readonly') },
      'The AWS file could not be changed',
      `The AWS file could not be changed; still connected for ${left}`,
      'bad',
    ],
    ...(
      [
        [null, 'Needs you'],
        ['pin', 'Needs your PIN'],
        ['pin-locked', 'The PIN is locked'],
        ['touch', 'Needs your touch on the token'],
        ['token-absent', 'The token is not plugged in'],
        ['certificate', 'The certificate cannot be used'],
        ['choose', 'Needs a decision of yours'],
      ] as const
    ).map(
      ([reason, words]) =>
        [{ activity: 'needs-you', reason }, words, `${words}; still connected for ${left}`, 'wants'] as const,
    ),
  ];

describe('the state in words', () => {
  it.each(table)('%o', (rest, notServing, whileServing, tone) => {
    expect(stateWords(state(rest), noon)).toEqual({ headline: notServing, tone });
    expect(stateWords(state({ ...rest, serving }), noon)).toEqual({ headline: whileServing, tone });
  });

  it.each([
    [state(), { headline: 'Not connected', tone: 'off' }],
    [state({ serving }), { headline: `Connected, renews by itself; ${left} left`, tone: 'on' }],
    [state({ error: error('session-expired') }), { headline: 'Expired', tone: 'off' }],
    [state({ error: error('cancelled') }), { headline: 'Not connected', tone: 'off' }],
    [state({ serving: servingFor(0) }), { headline: 'Expired', tone: 'off' }],
  ])('of an idle account: %o', (idle, words) => {
    expect(stateWords(idle, noon)).toEqual(words);
  });

  it('is there for every activity, reason and serving, and tells of credentials whenever there are some', () => {
    expect(everyState).toHaveLength(6 * 7 * 3);
    for (const each of everyState) {
      const { headline } = stateWords(each, noon);
      expect(headline).toMatch(/^[A-Z].*[a-zA-Z…]$/);
      expect(headline.includes(left)).toBe(each.serving?.expiresAt === serving.expiresAt);
    }
  });
});

describe('what can be done', () => {
  it.each<readonly [Partial<State>, connect: boolean, disconnect: boolean]>([
    [{}, true, false],
    [{ serving }, false, true],
    [{ serving: servingFor(-1) }, true, false],
    [{ activity: 'connecting' }, false, false],
    [{ activity: 'connecting', serving }, false, false],
    [{ activity: 'renewing', serving }, false, true],
    [{ activity: 'needs-you' }, true, false],
    [{ activity: 'needs-you', serving }, true, true],
    [{ activity: 'retrying' }, true, true],
    [{ activity: 'failed' }, true, false],
    [{ activity: 'failed', serving }, true, true],
  ])('%o', (rest, connect, disconnect) => {
    expect([canConnect(state(rest), noon), canDisconnect(state(rest), noon)]).toEqual([connect, disconnect]);
  });

  it('leaves no account that is not busy without a button', () => {
    const idle = everyState.filter(({ activity }) => activity !== 'connecting' && activity !== 'renewing');
    for (const each of idle) expect(canConnect(each, noon) || canDisconnect(each, noon)).toBe(true);
  });
});

describe('the error under the headline', () => {
  it('is none without an error', () => {
    expect(errorUnderHeadline(state())).toBeNull();
  });

  it('does not say again what the headline says', () => {
    expect(errorUnderHeadline(state({ error: error('pin-needed') }))).toEqual({
      message: '',
      remedy: 'Choose Connect and type it.',
    });
  });

  it('says a sentence that says more than its code', () => {
    const shape = toErrorShape(new AppError('token-absent', { message: 'No token “Work” is plugged in.' }));
    expect(errorUnderHeadline(state({ error: shape }))?.message).toBe('No token “Work” is plugged in.');
  });

  it('names fields as the window does', () => {
    const shape = toErrorShape(new AppError('account-invalid', { message: '--role-arn is needed.' }));
    expect(errorWords(shape).message).toBe('“Role ARN” is needed.');
  });
});

describe('isSameKind', () => {
  it('is not moved by times', () => {
    expect(isSameKind(state({ serving }), state({ serving: servingFor(12) }))).toBe(true);
  });

  it.each<Partial<State>>([
    { activity: 'renewing' },
    { reason: 'touch' },
    { serving: null },
    { error: error('internal') },
  ])('is moved by %o', (change) => {
    expect(isSameKind(state({ serving }), state({ serving, ...change }))).toBe(false);
  });
});
