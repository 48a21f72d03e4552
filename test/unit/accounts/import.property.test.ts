import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ImportContext } from '../../../src/main/accounts/account-import.ts';
import { importAwsConfig } from '../../../src/main/accounts/import-aws-config.ts';
import { importCommandLine } from '../../../src/main/accounts/import-command-line.ts';
import { emptySettings, settingsSchema } from '../../../src/main/accounts/settings.ts';
import type { Account } from '../../../src/shared/model.ts';
import { isAppError } from '../../../src/shared/errors.ts';
import { importedSchema } from '../../../src/shared/api.ts';
import { profileArn, roleArn, sampleAccount, trustAnchorArn } from './sample.ts';

const existing = [sampleAccount('dev'), sampleAccount('x')];
const context: ImportContext = {
  existing,
  takenProfiles: new Set(['a', 'b-rolekey']),
  home: '/home/me',
  windows: false,
  isBuiltInModule: (path) => path.startsWith('/usr/lib/'),
};

/** What holds of every import: accounts that can be stored beside those there are, and no other module. */
function expectStorable(result: ReturnType<typeof importCommandLine>): void {
  expect(importedSchema.parse(result)).toEqual(result);
  const accounts: Account[] = [...existing, ...result.imported];
  settingsSchema.parse({ ...emptySettings, accounts });
  for (const account of result.imported) {
    expect(account.endpoint).toBeNull();
    expect(context.takenProfiles.has(account.awsProfile)).toBe(false);
    expect(account.awsProfile.toLowerCase()).not.toBe('default');
    expect(account.pkcs11Lib ?? '/usr/lib/').toMatch(/^\/usr\/lib\//);
    expect(JSON.stringify(account)).not.toMatch(/pin-(value|source)/i);
  }
}

const flag = fc.constantFrom(
  ...['role-arn', 'profile-arn', 'trust-anchor-arn', 'private-key', 'certificate', 'intermediates', 'region'],
  ...[
    'endpoint',
    'session-duration',
    'role-session-name',
    'pkcs11-lib',
    'profile',
    'debug',
    'pkcs8-password',
    'zz',
  ],
);
const secret = 'zq7secret7qz';
const value = fc.constantFrom(
  ...[
    roleArn,
    profileArn,
    trustAnchorArn,
    '/k.pem',
    'k.pem',
    '~/k',
    '',
    '900',
    'eu-west-2',
    '/usr/lib/a.so',
    '/tmp/b.so',
  ],
  ...[
    `'pkcs11:id=%01?pin-value=${secret}'`,
    `pkcs11:token=a;pin-source=${secret}`,
    `"pkcs11:a?module-path=/tmp/b.so"`,
  ],
  ...[
    '"a b"',
    `'`,
    '$X',
    ';',
    '\\',
    '%USERPROFILE%',
    '\u0000',
    '\ud800',
    '#',
    'pkcs11:',
    'pkcs11:?',
    'handle:1',
  ],
);
const pair = fc
  .tuple(flag, fc.constantFrom(' ', '=', ' = '), value)
  .map(([name, by, text]) => `--${name}${by}${text}`);
const start = fc.constantFrom(
  'aws_signing_helper credential-process',
  'aws_signing_helper update',
  '"C:\\x y\\aws_signing_helper.exe" serve',
  'rolekey credential-process',
);
const whole = `--role-arn ${roleArn} --profile-arn ${profileArn} --trust-anchor-arn ${trustAnchorArn} --private-key /k`;
const commandLine = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .tuple(start, fc.constantFrom('', whole), fc.array(pair, { maxLength: 8 }))
    .map((parts) => parts.flat().join(' ')),
);

it('any line at all brings an account that can be stored, or a reason', () => {
  fc.assert(
    fc.property(commandLine, fc.option(fc.string()), (line, id) => {
      const result = importCommandLine({ commandLine: line, directory: '/work', id }, context);
      expect(result.imported.length + result.skipped.length).toBe(1);
      expect(JSON.stringify(result)).not.toContain(secret);
      expectStorable(result);
    }),
    { numRuns: 1000 },
  );
});

const configLine = fc.oneof(
  fc.constantFrom(
    '[default]',
    '[profile a]',
    '[profile "b c"]',
    '[a]',
    '# note',
    '',
    'region = us-east-1',
    '  --debug',
  ),
  commandLine.map((line) => `credential_process = ${line.replace(/[\r\n]/g, ' ')}`),
  fc.string({ unit: 'binary' }),
);
const config = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.array(configLine, { maxLength: 12 }).map((lines) => new TextEncoder().encode(lines.join('\n'))),
);

it('any bytes at all bring accounts that can be stored, or reasons, or are no text', () => {
  fc.assert(
    fc.property(
      config,
      fc.option(fc.array(fc.constantFrom('default', 'a', 'b c', 'zz'))),
      (bytes, profiles) => {
        try {
          const result = importAwsConfig(bytes, { profiles, id: null }, context);
          expect(JSON.stringify(result)).not.toContain(secret);
          expectStorable(result);
        } catch (error) {
          if (!isAppError(error, 'file-undecodable')) throw error;
        }
      },
    ),
    { numRuns: 500 },
  );
});
