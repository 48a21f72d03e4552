import { describe, expect, it } from 'vitest';
import { configDialect, credentialsDialect } from '../../../src/main/outlets/dialects.ts';

describe('the profile a section is for', () => {
  it.each([
    ['work', 'work'],
    [' work ', 'work'],
    ['"work"', 'work'],
    ['default', 'default'],
    ['profile work', 'profile work'], // which no reader takes for `work` there
  ])('in the credentials file: [%s] is %j', (name, profile) => {
    expect(credentialsDialect.profileOf(name)).toBe(profile);
  });

  it.each([
    ['profile work', 'work'],
    [' profile \t work ', 'work'],
    ['profile "work"', 'work'],
    ["profile 'work'", 'work'],
    ['profile wo"rk"', 'work'],
    ['profile wo\\rk', 'work'],
    ['default', 'default'],
    ['profile default', 'default'],
    ['work', null],
    ['profilework', null],
    ['sso-session work', null],
    ['services work', null],
  ])('in the config file: [%s] is %j', (name, profile) => {
    expect(configDialect.profileOf(name)).toBe(profile);
  });
});

it.each([
  [credentialsDialect, 'work', 'work'],
  [credentialsDialect, 'default', 'default'],
  [configDialect, 'work', 'profile work'],
  [configDialect, 'default', 'default'],
])('a header we write is one that is read back', (dialect, profile, header) => {
  expect(dialect.headerOf(profile)).toBe(header);
  expect(dialect.profileOf(header)).toBe(profile);
});
