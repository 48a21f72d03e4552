import { describe, expect, it } from 'vitest';
import { emptySettings, findClash, settingsFormat } from '../../../src/main/accounts/settings.ts';
import { sampleAccount } from './sample.ts';

const path = '/home/me/.config/rolekey/config.json';
const decode = (value: unknown): unknown => settingsFormat.decode(value, path).document;
const dev = sampleAccount('dev');

describe('the stored document', () => {
  it('is read as it was written, accounts in their order', () => {
    const settings = {
      ...emptySettings,
      accounts: [sampleAccount('z'), dev, sampleAccount('a', { group: 'Größe', outlet: 'none' })],
      confirmedModules: [{ path: '/opt/vendor/lib.so', sha256: '0'.repeat(64) }],
      createdFiles: ['/home/me/.aws/config'],
      unemptied: ['dev'],
    };
    expect(decode(JSON.parse(JSON.stringify(settings)))).toEqual(settings);
  });

  it.each<[string, unknown, string]>([
    [
      'a typo in an account',
      { accounts: [dev, { ...dev, id: 'b', regoin: 'x' }] },
      'accounts[1] has an unknown field "regoin"',
    ],
    ['a typo at the top', { acounts: [] }, 'the document has an unknown field "acounts"'],
    [
      'a field missing',
      { accounts: [{ ...dev, roleArn: undefined }] },
      'accounts[0].roleArn is missing or not of type string',
    ],
    [
      'a region that is none',
      { accounts: [{ ...dev, region: 'London' }] },
      'accounts[0].region must be a region such as eu-west-2',
    ],
    [
      'a duration out of range',
      { accounts: [{ ...dev, sessionDuration: 60 }] },
      'accounts[0].sessionDuration must be at least 900',
    ],
    [
      'half a second',
      { accounts: [{ ...dev, sessionDuration: 900.5 }] },
      'accounts[0].sessionDuration is missing or not of type int',
    ],
    [
      'an unknown outlet',
      { accounts: [{ ...dev, outlet: 'file' }] },
      'accounts[0].outlet must be credential-process or credentials-file',
    ],
    ['no key', { accounts: [{ ...dev, keys: [] }] }, 'accounts[0].keys must have at least 1 of them'],
    [
      'an ID twice',
      { accounts: [dev, { ...dev, awsProfile: 'x' }] },
      'accounts[1].id is also that of account dev',
    ],
    [
      'an AWS profile twice',
      { accounts: [dev, { ...dev, id: 'b' }] },
      'accounts[1].awsProfile is also that of account dev',
    ],
    [
      'a hash that is none',
      { confirmedModules: [{ path: '/m', sha256: 'x' }] },
      'confirmedModules[0].sha256 must be 64 of 0-9, a-f',
    ],
    [
      'a setting of another version',
      { settings: { ...emptySettings.settings, theme: 'dark' } },
      'settings has an unknown field "theme"',
    ],
  ])('is refused by name with %s', (_what, change, message) => {
    const value: unknown = JSON.parse(JSON.stringify({ ...emptySettings, ...(change as object) }));
    expect(() => decode(value)).toThrow(
      expect.objectContaining({
        code: 'config-unreadable',
        message: expect.stringContaining(`In ${path}, ${message}`) as string,
      }),
    );
  });
});

describe('two accounts', () => {
  const clash = (a: object, b: object): string | null =>
    findClash([
      { ...dev, ...a },
      { ...dev, id: 'other', ...b },
    ])?.field ?? null;

  it.each([
    ['credential-process', 'credential-process', 'awsProfile'],
    ['credential-process', 'credentials-file', 'awsProfile'],
    ['credentials-file', 'credentials-file', 'awsProfile'],
    ['credentials-file', 'none', null],
    ['container-endpoint', 'container-endpoint', null],
    ['none', 'credential-process', null],
  ])('of one AWS profile with outlets %s and %s: %s', (first, second, field) => {
    expect(clash({ outlet: first }, { outlet: second })).toBe(field);
  });

  it('of profiles that differ in case are two profiles, as for AWS', () => {
    expect(clash({ awsProfile: 'dev' }, { awsProfile: 'Dev' })).toBeNull();
  });
});

it('a document of version 1 is brought up to date: nothing is left in the AWS files on quit', () => {
  const { document, storedVersion } = settingsFormat.decode(
    { ...emptySettings, accounts: [dev], version: 1, settings: {} },
    path,
  );
  expect(storedVersion).toBe(1);
  expect(document).toEqual({ ...emptySettings, accounts: [dev] });
});

it('a document of version 2 is brought up to date: no PIN is remembered', () => {
  const before: Partial<typeof emptySettings> = { ...emptySettings };
  delete before.rememberedTokens;
  const { document, storedVersion } = settingsFormat.decode({ ...before, accounts: [dev], version: 2 }, path);
  expect(storedVersion).toBe(2);
  expect(document).toEqual({ ...emptySettings, accounts: [dev], rememberedTokens: [] });
});
