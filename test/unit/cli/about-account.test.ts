import { describe, expect, it } from 'vitest';
import { aboutAccount, aboutThemselves, remedyFor } from '../../../src/cli/about-account.ts';
import { idleState } from '../../../src/shared/constants.ts';
import { AppError, toErrorShape } from '../../../src/shared/errors.ts';
import type { State } from '../../../src/shared/model.ts';

describe('a remedy', () => {
  it.each([
    ['Connect it with: rolekey connect ID.', 'Connect it with: rolekey connect dev.'],
    ['Say: rolekey accounts edit ID --adopt.', 'Say: rolekey accounts edit dev --adopt.'],
    ['See: rolekey accounts list; the ID is there.', 'See: rolekey accounts list; the ID is there.'],
  ])('has the account’s ID in its commands: %s', (remedy, filled) => {
    expect(remedyFor('dev', remedy)).toBe(filled);
  });

  it.each(['', 'no ID', '$(reboot)', '$&'])('stays where %j is no ID', (account) => {
    expect(remedyFor(account, 'rolekey connect ID.')).toBe('rolekey connect ID.');
  });
});

it('states tell remedies for their own accounts', () => {
  const error = toErrorShape(new AppError('not-connected'));
  const idle = { account: 'a', state: idleState };
  const [same, b] = aboutThemselves<{ account: string; state: State }>([
    idle,
    { account: 'b', state: { ...idleState, error } },
  ]);
  expect(same).toBe(idle);
  expect(b?.state.error).toEqual({ ...error, remedy: 'Connect it with: rolekey connect b.' });
});

describe('a failure about an account', () => {
  it('keeps all but the remedy', async () => {
    const error = new AppError('aws-failed', {
      message: 'M.',
      remedy: 'rolekey connect ID.',
      requestId: 'r',
    });
    await expect(aboutAccount('dev', Promise.reject(error))).rejects.toMatchObject({
      code: 'aws-failed',
      message: 'M.',
      remedy: 'rolekey connect dev.',
      requestId: 'r',
    });
  });

  it('that is none of ours passes as it is', async () => {
    const fault = new TypeError('x');
    await expect(aboutAccount('dev', Promise.reject(fault))).rejects.toBe(fault);
    expect(await aboutAccount('dev', Promise.resolve(1))).toBe(1);
  });
});
