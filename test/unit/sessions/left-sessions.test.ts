import { describe, expect, it } from 'vitest';
import { handOver, takeHandedOver, takeUpLeft } from '../../../src/main/sessions/left-sessions.ts';
import type { LiveSession } from '../../../src/main/sessions/live-session.ts';
import { calls } from '../../../src/shared/api.ts';
import type { Account, HandedOver } from '../../../src/shared/model.ts';
import { account as sample } from './create-session-world.ts';

const now = Date.UTC(2026, 3, 14, 9, 0, 0);
const credentials = { accessKeyId: 'ASIA', secretAccessKey: 's', sessionToken: 't' };

/** What becomes of one section of account `a` in the credentials file. */
async function takenUp(
  outlet: Account['outlet'] | null,
  expiresAt: number,
  unemptied: readonly string[] = [],
) {
  const resumed: { account: string; live: LiveSession }[] = [];
  const withdrawn: string[] = [];
  const cleared: string[] = [];
  await takeUpLeft(
    {
      left: async () => [{ accountId: 'a', credentials, expiresAt }],
      clear: async (ids) => void cleared.push(...ids),
    },
    {
      resume: (found) => void resumed.push(...found),
      withdraw: async (ids) => void withdrawn.push(...ids),
    },
    outlet === null ? [] : [{ ...sample, id: 'a', outlet }],
    unemptied,
    now,
  );
  return { resumed, withdrawn, cleared };
}

describe('what an agent left', () => {
  it('is served where it is good and still wanted there', async () => {
    const live = { credentials, expiresAt: now + 1, issuedAt: now, assumedRoleArn: null };
    expect(await takenUp('credentials-file', now + 1)).toEqual({
      resumed: [{ account: 'a', live }],
      withdrawn: [],
      cleared: [],
    });
  });

  it.each([
    ['has expired', now, []],
    ['has no time to expire at', Number.NaN, []],
    ['was to be gone', now + 1, ['a']],
  ] as const)('is taken away by its session where it %s', async (_, expiresAt, unemptied) => {
    expect(await takenUp('credentials-file', expiresAt, unemptied)).toEqual({
      resumed: [],
      withdrawn: ['a'],
      cleared: [],
    });
  });

  it.each([
    ['belongs elsewhere now', 'credential-process'],
    ['is of an account that is gone', null],
  ] as const)('is taken away where it %s', async (_, outlet) => {
    expect(await takenUp(outlet, now + 1)).toEqual({ resumed: [], withdrawn: [], cleared: ['a'] });
  });

  it('of an account that is gone is taken away, whatever is remembered', async () => {
    expect(await takenUp(null, now + 1, ['a'])).toEqual({ resumed: [], withdrawn: [], cleared: ['a'] });
  });
});

describe('what one agent hands to the next', () => {
  const live: LiveSession = {
    credentials,
    issuedAt: now - 1000,
    expiresAt: now + 3_600_000,
    assumedRoleArn: 'arn:aws:sts::123456789012:assumed-role/Reader/a',
  };
  const accounts = [
    { ...sample, id: 'a' },
    { ...sample, id: 'b' },
  ];

  function taken(handedOver: readonly HandedOver[], at = now): { account: string; live: LiveSession }[] {
    const resumed: { account: string; live: LiveSession }[] = [];
    takeHandedOver({ resume: (found) => void resumed.push(...found) }, accounts, handedOver, at);
    return resumed;
  }

  it('is what the contract of the call allows, and arrives as it was', () => {
    const sessions = [
      { account: 'a', live },
      { account: 'b', live: { ...live, assumedRoleArn: null } },
    ];
    const handed = sessions.map(handOver);
    expect(calls.takeover.output.parse({ sessions: handed })).toEqual({ sessions: handed });
    expect(taken(handed)).toEqual(sessions);
  });

  it('loses fractions of a second, and never promises more than there is', () => {
    const [arrived] = taken([handOver({ account: 'a', live: { ...live, expiresAt: live.expiresAt + 999 } })]);
    expect(arrived?.live.expiresAt).toBe(live.expiresAt);
  });

  it.each([
    ['is good for a second', 'a', live.expiresAt - 1000, 1],
    ['has just expired', 'a', live.expiresAt, 0],
    ['expired long ago', 'a', live.expiresAt + 3_600_000, 0],
    ['is of an account that is gone', 'x', now, 0],
  ] as const)('and %s is taken: %s at %d, %d', (_, account, at, count) => {
    expect(taken([handOver({ account, live })], at)).toHaveLength(count);
  });
});
