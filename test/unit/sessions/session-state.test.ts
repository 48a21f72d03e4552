import { describe, expect, it } from 'vitest';
import { consequenceOf, idle, toState } from '../../../src/main/sessions/session-state.ts';
import { idleState } from '../../../src/shared/constants.ts';
import { errorTable, type ErrorCode } from '../../../src/shared/errors.ts';
import { stateSchema } from '../../../src/shared/model.ts';

/** What each failure asks for; every code not named asks for nothing that would help by itself. */
const expected: Partial<Record<ErrorCode, string>> = {
  'pin-needed': 'needs-you pin',
  'pin-incorrect': 'needs-you pin',
  'pin-length': 'needs-you pin',
  'pin-final': 'needs-you pin',
  'passphrase-incorrect': 'needs-you pin',
  'pin-locked': 'needs-you pin-locked',
  'touch-needed': 'needs-you touch',
  'token-absent': 'needs-you token-absent',
  'key-ambiguous': 'needs-you choose',
  'ssh-agent-refused': 'needs-you choose',
  'module-unconfirmed': 'needs-you choose',
  'cert-missing': 'needs-you certificate',
  'cert-unreadable': 'needs-you certificate',
  'cert-expired': 'needs-you certificate',
  'cert-not-yet-valid': 'needs-you certificate',
  'cert-no-digital-signature': 'needs-you certificate',
  'cert-is-ca': 'needs-you certificate',
  'cert-sha1': 'needs-you certificate',
  'cert-version': 'needs-you certificate',
  'cert-empty-subject': 'needs-you certificate',
  'cert-key-mismatch': 'needs-you certificate',
  'network-unreachable': 'retrying',
  'aws-throttled': 'retrying',
  'aws-failed': 'retrying',
  'token-failed': 'retrying',
  'clock-skew': 'retrying',
};

it.each(Object.keys(errorTable) as ErrorCode[])('%s asks for what it should', (code) => {
  const consequence = consequenceOf(code);
  const said =
    'reason' in consequence ? `${consequence.activity} ${consequence.reason}` : consequence.activity;
  expect(said).toBe(expected[code] ?? 'failed');
});

describe('a state of the engine is one of the contract', () => {
  it('when idle', () => {
    expect(toState(idle)).toEqual(idleState);
  });

  it('with times cut to whole seconds', () => {
    const state = toState({
      activity: 'retrying',
      reason: null,
      serving: { expiresAt: 1_800_000_000_999, renewAt: 1_799_998_200_000.5 },
      retryAt: 1_799_999_000_000,
      error: { code: 'aws-throttled', message: 'M.', remedy: 'R.', requestId: 'q' },
    });
    expect(stateSchema.parse(state)).toEqual({
      activity: 'retrying',
      reason: null,
      serving: { expiresAt: '2027-01-15T08:00:00Z', renewAt: '2027-01-15T07:30:00Z' },
      retryAt: '2027-01-15T07:43:20Z',
      error: { code: 'aws-throttled', message: 'M.', remedy: 'R.', requestId: 'q' },
    });
  });
});
