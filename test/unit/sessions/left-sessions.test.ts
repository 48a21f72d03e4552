import { describe, expect, it } from 'vitest';
import { takeUpLeft } from '../../../src/main/sessions/left-sessions.ts';
import type { LiveSession } from '../../../src/main/sessions/live-session.ts';
import type { Account } from '../../../src/shared/model.ts';
import { account as sample } from './create-session-world.ts';

const now = Date.UTC(2026, 3, 14, 9, 0, 0);
const credentials = { accessKeyId: 'ASIA', secretAccessKey: 's', sessionToken: 't' };

/** What becomes of one section of account `a` in the credentials file. */
async function takenUp(outlet: Account['outlet'] | null, expiresAt: number) {
  const resumed: { account: string; live: LiveSession }[] = [];
  const cleared: string[] = [];
  await takeUpLeft(
    {
      left: async () => [{ accountId: 'a', credentials, expiresAt }],
      clear: async (ids) => void cleared.push(...ids),
    },
    { resume: (found) => void resumed.push(...found) },
    outlet === null ? [] : [{ ...sample, id: 'a', outlet }],
    now,
  );
  return { resumed, cleared };
}

describe('what a crashed agent left', () => {
  it('is served where it is good and still wanted there', async () => {
    const live = { credentials, expiresAt: now + 1, issuedAt: now, assumedRoleArn: null };
    expect(await takenUp('credentials-file', now + 1)).toEqual({
      resumed: [{ account: 'a', live }],
      cleared: [],
    });
  });

  it.each([
    ['has expired', 'credentials-file', now],
    ['has no time to expire at', 'credentials-file', Number.NaN],
    ['belongs elsewhere now', 'credential-process', now + 1],
    ['is of an account that is gone', null, now + 1],
  ] as const)('is taken away where it %s', async (_, outlet, expiresAt) => {
    expect(await takenUp(outlet, expiresAt)).toEqual({ resumed: [], cleared: ['a'] });
  });
});
