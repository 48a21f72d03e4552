import { expect, it } from 'vitest';
import { connectAnswer } from '../../../src/main/sessions/connect-answer.ts';
import { idleState } from '../../../src/shared/constants.ts';
import { AppError, toErrorShape } from '../../../src/shared/errors.ts';
import type { Activity } from '../../../src/shared/model.ts';

const serving = { expiresAt: '2026-04-14T10:00:00Z', renewAt: '2026-04-14T09:30:00Z' };

it.each<[Activity, boolean, string]>([
  ['idle', false, 'cancelled'],
  ['idle', true, 'cancelled'],
  ['connecting', false, 'timed-out'],
  ['connecting', true, 'pin-needed'],
])('what does not serve and is %s has its reason (asked: %s): %s', (activity, isAsked, code) => {
  const state = { ...idleState, activity };
  expect(connectAnswer(state, isAsked)).toMatchObject({ ...state, error: { code } });
});

it('what waits for a touch says that, and nothing of a PIN', () => {
  const state = { ...idleState, activity: 'connecting', reason: 'touch' } as const;
  for (const isAsked of [false, true]) {
    expect(connectAnswer(state, isAsked)).toMatchObject({ ...state, error: { code: 'touch-needed' } });
  }
});

it('what serves, or says why it does not, is told as it is', () => {
  const renewing = { ...idleState, activity: 'renewing' as const, serving };
  expect(connectAnswer(renewing, true)).toBe(renewing);
  const failed = { ...idleState, activity: 'failed' as const, error: toErrorShape(new AppError('internal')) };
  expect(connectAnswer(failed, true)).toBe(failed);
});
