import { describe, expect, it } from 'vitest';
import { aboutAccount, remedyFor } from '../../../src/cli/about-account.ts';
import { AppError } from '../../../src/shared/errors.ts';

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
