import { describe, expect, it } from 'vitest';
import type { ImportContext } from '../../../src/main/accounts/account-import.ts';
import { importAwsConfig, profileNames } from '../../../src/main/accounts/import-aws-config.ts';
import type { Imported } from '../../../src/shared/api.ts';
import { importedSchema } from '../../../src/shared/api.ts';
import { profileArn, roleArn, trustAnchorArn } from './sample.ts';

const arns = `--role-arn ${roleArn} --profile-arn ${profileArn} --trust-anchor-arn ${trustAnchorArn}`;
const line = `aws_signing_helper credential-process ${arns} --certificate /pki/cert.pem --private-key /pki/key.pem`;
const all = { profiles: null, id: null };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function importText(
  text: string,
  more: Partial<ImportContext> = {},
  selection: Parameters<typeof importAwsConfig>[1] = all,
): Imported {
  const context: ImportContext = {
    existing: [],
    takenProfiles: profileNames(bytes(text)),
    home: '/home/me',
    windows: false,
    isBuiltInModule: () => false,
    ...more,
  };
  const result = importAwsConfig(bytes(text), selection, context);
  expect(importedSchema.parse(result)).toEqual(result);
  return result;
}

describe('profiles of a config file', () => {
  it.each<[string, string, string]>([
    ['default', `[default]\ncredential_process = ${line}\n`, 'default'],
    ['a named one', `[profile dev]\ncredential_process = ${line}\n`, 'dev'],
    ['one with spaces around', `[ profile   dev ]\n  credential_process=${line}`, 'dev'],
    ['one in double quotes', `[profile "my dev"]\ncredential_process = ${line}\n`, 'my dev'],
    ['one in single quotes', `[profile 'dev']\ncredential_process = ${line}\n`, 'dev'],
    ['one with a note behind', `[profile dev] # mine\ncredential_process = ${line}\n`, 'dev'],
    ['Windows line ends', `[profile dev]\r\ncredential_process = ${line}\r\n`, 'dev'],
    ['a byte order mark', `\ufeff[default]\ncredential_process = ${line}\n`, 'default'],
    ['a key in capitals', `[profile dev]\nCredential_Process = ${line}\n`, 'dev'],
    [
      'one line over several',
      `[profile dev]\ncredential_process =\n  ${line.replaceAll(' --', '\n  --')}\noutput = json\n`,
      'dev',
    ],
    [
      'one line over several with tabs',
      `[profile dev]\ncredential_process = ${line.replaceAll(' --', '\n\t--')}\n`,
      'dev',
    ],
    [
      'quoted values',
      `[profile dev]\ncredential_process = "/opt/aws_signing_helper" credential-process ${arns} --certificate "/pki/cert.pem" --private-key '/pki/key.pem'\n`,
      'dev',
    ],
    [
      'the key in a second section of the name',
      `[profile dev]\nregion = us-east-1\n[profile x]\n[profile dev]\ncredential_process = ${line}\n`,
      'dev',
    ],
  ])('%s', (_what, text, source) => {
    const result = importText(text);
    expect(result.skipped).toEqual([]);
    expect(result.imported).toHaveLength(1);
    expect(result.imported[0]).toMatchObject({
      roleArn,
      keys: ['/pki/key.pem'],
      certificate: '/pki/cert.pem',
      awsProfile: `${source.replace(' ', '-')}-rolekey`.replace('my-dev-rolekey', 'my-dev'),
    });
  });

  it.each([
    ['[dev]', 'no profile to AWS’s tools'],
    ['[profile my dev]', 'no profile either'],
    ['[sso-session dev]', 'something else'],
    ['[profiledev]', 'something else'],
  ])('%s is %s', (header) => {
    expect(importText(`${header}\ncredential_process = ${line}\n`)).toEqual({
      imported: [],
      skipped: [],
      dropped: [],
    });
  });

  it('are read from bytes that are UTF-8 or not at all', () => {
    const importBytes = (): unknown =>
      importAwsConfig(Uint8Array.of(0x5b, 0xff), all, {
        existing: [],
        takenProfiles: new Set(),
        home: '/',
        windows: false,
        isBuiltInModule: () => false,
      });
    expect(importBytes).toThrow(expect.objectContaining({ code: 'file-undecodable' }));
  });
});

describe('an import', () => {
  const text = [
    '[default]',
    'region = eu-west-1',
    `credential_process = ${line}`,
    '[profile dev]',
    `credential_process = ${line} --no-verify-ssl`,
    'region = us-east-1',
    '[profile Dev]',
    `credential_process = ${line} --certificate c.pem --private-key keys/k.pem --intermediates ../chain.pem`,
    'region = moon',
    '[profile keys]',
    'aws_access_key_id = AKIAEXAMPLE',
    '[profile other]',
    'credential_process = /usr/bin/granted credential-process --profile other',
    '[profile ours]',
    '# managed by rolekey: ours',
    'credential_process = "/opt/Rolekey/rolekey" credential-process --account ours',
    '[profile broken]',
    `credential_process = ${line} --region eu-central-1`,
    '',
  ].join('\n');

  it('brings every profile that calls the helper, and says what it does not bring and why', () => {
    const { imported, skipped, dropped } = importText(text);
    expect(imported.map(({ id, awsProfile, profileRegion }) => [id, awsProfile, profileRegion])).toEqual([
      ['default', 'default-rolekey', 'eu-west-1'],
      ['dev', 'dev-rolekey', 'us-east-1'],
      ['dev-2', 'Dev-rolekey', null],
    ]);
    expect(skipped.map(({ source, code }) => [source, code])).toEqual([
      ['other', 'account-invalid'],
      ['ours', 'account-exists'],
      ['broken', 'arn-mismatch'],
    ]);
    const from = 'the path is relative and was taken from your home directory, /home/me';
    expect(dropped).toEqual([
      { source: 'dev', flag: '--no-verify-ssl', reason: 'the server’s certificate is always verified' },
      { source: 'Dev', flag: '--certificate', reason: from },
      { source: 'Dev', flag: '--private-key', reason: from },
      { source: 'Dev', flag: '--intermediates', reason: from },
      { source: 'Dev', flag: 'region', reason: 'it is not the name of a region' },
    ]);
    expect(imported[2]).toMatchObject({
      keys: ['/home/me/keys/k.pem'],
      certificate: '/home/me/c.pem',
      intermediates: '/home/chain.pem',
    });
  });

  it('of named profiles brings those, in the order given, each once', () => {
    const { imported, skipped } = importText(
      text,
      {},
      { profiles: ['dev', 'gone', 'default', 'keys', 'dev'], id: null },
    );
    expect(imported.map(({ id }) => id)).toEqual(['dev', 'default']);
    const others = importText(text, {}, { profiles: ['other', 'gone'], id: null }).skipped;
    expect(others.map(({ source }) => source)).toEqual(['other', 'gone']);
    expect(skipped).toEqual([
      { source: 'gone', code: 'account-unknown', message: 'There is no such profile in the file.' },
      { source: 'keys', code: 'account-invalid', message: 'The profile has no credential_process.' },
    ]);
  });

  it('takes an ID for one profile', () => {
    const { imported } = importText(text, {}, { profiles: ['dev', 'dev'], id: 'mine' });
    expect(imported.map(({ id, label, awsProfile }) => [id, label, awsProfile])).toEqual([
      ['mine', 'mine', 'dev-rolekey'],
    ]);
  });

  it('refuses one ID for several', () => {
    expect(() => importText(text, {}, { profiles: ['dev', 'default'], id: 'mine' })).toThrow(
      expect.objectContaining({
        code: 'account-invalid',
        message: '--id names one account, but 2 profiles are to be imported.',
      }),
    );
  });

  it('done a second time brings nothing', () => {
    const existing = importText(text).imported;
    const again = importText(text, { existing });
    expect(again.imported).toEqual([]);
    expect(again.skipped.filter(({ code }) => code === 'account-exists')).toHaveLength(4);
  });

  it('keeps the name of a profile that Rolekey’s own AWS files do not have, but never `default`', () => {
    const { imported } = importText(
      text,
      { takenProfiles: new Set() },
      { profiles: ['dev', 'default'], id: null },
    );
    expect(imported.map(({ awsProfile }) => awsProfile)).toEqual(['dev', 'default-rolekey']);
  });
});

describe('names', () => {
  it.each([
    ['dev', 'dev', 'dev'],
    ['Dev_EU.1@x', 'dev-eu-1-x', 'Dev_EU.1@x'],
    ['my dev', 'my-dev', 'my-dev'],
    ['-x-', 'x', 'x'],
    ['_x', 'x', 'x'],
    ['größe', 'gr-e', 'gr-e'],
    ['日本', 'account', 'account-rolekey'],
    ['DEFAULT', 'default', 'DEFAULT-rolekey'],
    ['a/b:c', 'a-b-c', 'a-b-c'],
    ['x'.repeat(200), 'x'.repeat(58), 'x'.repeat(50)],
  ])('of profile %j are ID %j and AWS profile %j', (name, id, awsProfile) => {
    const { imported } = importText(`[profile "${name}"]\ncredential_process = ${line}\n`, {
      takenProfiles: new Set(),
    });
    expect(imported.map((account) => [account.id, account.awsProfile])).toEqual([[id, awsProfile]]);
  });

  it('are told apart where two profiles would share one', () => {
    const text = `[profile "a b"]\ncredential_process = ${line}\n[profile "a/b"]\ncredential_process = ${line}\n`;
    const { imported } = importText(text);
    expect(imported.map((account) => [account.id, account.awsProfile])).toEqual([
      ['a-b', 'a-b'],
      ['a-b-2', 'a-b-rolekey'],
    ]);
  });

  it('are taken by sections of either AWS file, however they are written', () => {
    const config = '[default]\n[profile a]\n[profile "b c"]\n[ profile   d ]\n[sso-session e]\n';
    const credentials = '[default]\n[f] # note\n[ g ]\n';
    expect([...profileNames(bytes(config + credentials))]).toEqual([
      'default',
      'a',
      'b c',
      'd',
      'sso-session e',
      'f',
      'g',
    ]);
  });
});
