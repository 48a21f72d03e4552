import { describe, expect, it } from 'vitest';
import { Flags, type Invocation } from '../../../src/cli/command.ts';
import { childEnvironment } from '../../../src/cli/commands/exec.ts';
import { processDocument } from '../../../src/cli/commands/credential-process.ts';
import { credentialVariables } from '../../../src/cli/commands/env.ts';
import { flagNumber } from '../../../src/cli/flag-values.ts';
import { selectionOf } from '../../../src/cli/select.ts';
import { AppError } from '../../../src/shared/errors.ts';

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return 'nothing thrown';
}

describe('a number', () => {
  const of = (value: string): number =>
    flagNumber(new Flags({ timeout: value }), 'timeout', 60, { min: 1, max: 3600 });

  it.each([
    ['1', 1],
    ['3600', 3600],
    ['007', 7],
  ])('%s is taken', (text, value) => {
    expect(of(text)).toBe(value);
  });

  it('has a value when it is not given', () => {
    expect(flagNumber(new Flags({}), 'timeout', 60, { min: 1, max: 3600 })).toBe(60);
  });

  it.each([
    '0',
    '3601',
    '-1',
    '1.5',
    '1e3',
    '',
    ' 5',
    '0x10',
    'ten',
    'Infinity',
    '99999999999999999999',
    '٣',
  ])('%j is none', (text) => {
    expect(codeOf(() => of(text))).toBe('usage-invalid');
  });
});

describe('a selection', () => {
  const of = (words: readonly string[], all: boolean) => {
    const invocation: Invocation = { words, rest: null, flags: new Flags({ all }) };
    return selectionOf(invocation);
  };

  it('is what was named, each once, in order', () => {
    expect(of(['b', 'a', 'b'], false)).toEqual({ accounts: ['b', 'a'] });
    expect(of([], true)).toEqual({ all: true });
  });

  it.each([
    [[], false],
    [['a'], true],
  ])('is not %j with --all %s', (words, all) => {
    expect(codeOf(() => of(words, all))).toBe('usage-invalid');
  });
});

describe('flags', () => {
  const flags = new Flags({ on: true, text: 'x', many: ['a', 'b'] });

  it('answer only as what they are', () => {
    expect([flags.on('on'), flags.on('text'), flags.on('many'), flags.on('other')]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect([flags.text('text'), flags.text('on'), flags.text('many'), flags.text('other')]).toEqual([
      'x',
      null,
      null,
      null,
    ]);
    expect([flags.texts('many'), flags.texts('text'), flags.texts('other')]).toEqual([['a', 'b'], [], []]);
  });
});

describe('the environment of a command', () => {
  it.each([
    ...['AWS_PROFILE', 'AWS_DEFAULT_PROFILE', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
    ...['AWS_SESSION_TOKEN', 'AWS_SECURITY_TOKEN', 'AWS_CREDENTIAL_EXPIRATION', 'AWS_CREDENTIAL_FILE'],
    ...['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'],
    ...['AWS_CONTAINER_AUTHORIZATION_TOKEN', 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'],
    ...['AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_ROLE_ARN', 'AWS_ROLE_SESSION_NAME', 'aws_profile'],
  ])('%s is taken out', (name) => {
    expect(childEnvironment({ [name]: 'x', PATH: '/bin' })).toEqual({ PATH: '/bin' });
  });

  it.each([
    ...['PATH', 'HOME', 'AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE'],
    ...['AWS_CA_BUNDLE', 'AWS_ENDPOINT_URL', 'AWS_PAGER', 'MY_AWS_PROFILE', 'AWS_PROFILES'],
  ])('%s stays', (name) => {
    expect(childEnvironment({ [name]: 'x' })).toEqual({ [name]: 'x' });
  });
});

describe('credentials', () => {
  const credentials = {
    accessKeyId: 'ASIA',
    secretAccessKey: 'secret/+=',
    sessionToken: 'token',
    expiration: '2026-04-14T10:00:00Z',
  };

  it('are variables, with the region where the account has one', () => {
    const four = {
      AWS_ACCESS_KEY_ID: 'ASIA',
      AWS_SECRET_ACCESS_KEY: 'secret/+=',
      AWS_SESSION_TOKEN: 'token',
      AWS_CREDENTIAL_EXPIRATION: '2026-04-14T10:00:00Z',
    };
    expect(credentialVariables({ credentials, profileRegion: null })).toEqual(four);
    expect(credentialVariables({ credentials, profileRegion: 'eu-west-2' })).toEqual({
      ...four,
      AWS_REGION: 'eu-west-2',
    });
  });

  it('are one line for an SDK, with these five members and no other', () => {
    const line = processDocument({ ...credentials, ...{ extra: 'x' } });
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toEqual({
      Version: 1,
      AccessKeyId: 'ASIA',
      SecretAccessKey: 'secret/+=',
      SessionToken: 'token',
      Expiration: '2026-04-14T10:00:00Z',
    });
  });
});
