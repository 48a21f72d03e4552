import { describe, expect, it } from 'vitest';
import type { ImportContext } from '../../../src/main/accounts/account-import.ts';
import { importCommandLine } from '../../../src/main/accounts/import-command-line.ts';
import type { Account } from '../../../src/shared/model.ts';
import type { Imported } from '../../../src/shared/api.ts';
import { importedSchema } from '../../../src/shared/api.ts';
import { profileArn, roleArn, sampleAccount, trustAnchorArn } from './sample.ts';

const context: ImportContext = {
  existing: [],
  takenProfiles: new Set(),
  home: '/home/me',
  windows: false,
  isBuiltInModule: (path) => path === '/usr/lib/libykcs11.so',
};
const helper = 'aws_signing_helper credential-process';
const arns = `--role-arn ${roleArn} --profile-arn ${profileArn} --trust-anchor-arn ${trustAnchorArn}`;
const files = '--certificate /pki/cert.pem --private-key /pki/key.pem';
/** Stands for every secret in the lines below; nothing may hold it afterwards. */
const secret = 'hunter2-482913';

function importLine(
  commandLine: string,
  more: Partial<ImportContext> = {},
  id: string | null = null,
): Imported {
  const result = importCommandLine({ commandLine, directory: '/data/here', id }, { ...context, ...more });
  expect(importedSchema.parse(result)).toEqual(result);
  expect(JSON.stringify(result)).not.toContain(secret);
  for (const each of [...result.skipped, ...result.dropped]) expect(each.source).toBe('stdin');
  return result;
}

const standard = {
  roleArn,
  profileArn,
  trustAnchorArn,
  region: 'eu-west-2',
  sessionDuration: 3600,
  keys: ['/pki/key.pem'],
  certificate: '/pki/cert.pem',
  outlet: 'credential-process',
  endpoint: null,
} satisfies Partial<Account>;

describe('a line that becomes an account', () => {
  it.each<[string, string, Partial<Account>, string[]]>([
    ['plain', `${helper} ${arns} ${files}`, {}, []],
    ['by path', `/opt/aws/bin/${helper} ${arns} ${files}`, {}, []],
    [
      'quoted path with a space',
      `"/opt/my tools/aws_signing_helper" credential-process ${arns} ${files}`,
      {},
      [],
    ],
    ['versioned name', `/opt/aws_signing_helper-1.8.0 credential-process ${arns} ${files}`, {}, []],
    ['with its key in a config file', `credential_process=${helper} ${arns} ${files}`, {}, []],
    ['behind a byte order mark', `\u{feff} credential_process = ${helper} ${arns} ${files}`, {}, []],
    [
      'behind variables',
      `AWS_REGION=eu-west-1 _x='${secret} y' AWS_REGION= ${helper} ${arns} ${files}`,
      {},
      ['AWS_REGION', '_x', 'AWS_REGION'],
    ],
    ['name with dashes', `aws-signing-helper credential-process ${arns} ${files}`, {}, []],
    [
      'equals signs',
      `${helper} ${arns.replaceAll('-arn ', '-arn=')} --certificate=/pki/cert.pem --private-key=/pki/key.pem`,
      {},
      [],
    ],
    ['single quotes', `${helper} ${arns} --certificate '/pki/cert.pem' --private-key '/pki/key.pem'`, {}, []],
    [
      'quotes inside a word',
      `${helper} ${arns} --certificate=/p"k"i/cert.pem --private-key=/pki/'key'.pem`,
      {},
      [],
    ],
    ['several lines, as pasted', `${helper} \\\n  ${arns} \\\r\n  ${files}\n`, {}, []],
    ['several lines, as in a config file', `${helper}\n${arns}\n${files}`, {}, []],
    ['a note at the end', `${helper} ${arns} ${files} # my laptop's key; don't touch`, {}, []],
    ['flags before the command', `aws_signing_helper ${arns} credential-process ${files}`, {}, []],
    ['a flag twice: the last counts', `${helper} --private-key /old ${arns} ${files}`, {}, []],
    [
      'relative paths',
      `${helper} ${arns} --certificate cert.pem --private-key ../key.pem`,
      { certificate: '/data/here/cert.pem', keys: ['/data/key.pem'] },
      [],
    ],
    [
      'the home directory',
      `${helper} ${arns} --certificate ~/cert.pem --private-key "$HOME/my key.pem"`,
      { certificate: '/home/me/cert.pem', keys: ['/home/me/my key.pem'] },
      [],
    ],
    [
      'one file for both',
      `${helper} ${arns} --certificate /pki/both.pem --private-key /pki/both.pem`,
      { certificate: null, keys: ['/pki/both.pem'] },
      [],
    ],
    [
      'a key alone',
      `${helper} ${arns} --private-key /pki/both.pem`,
      { certificate: null, keys: ['/pki/both.pem'] },
      [],
    ],
    [
      'PKCS#12',
      `${helper} ${arns} --certificate /pki/me.p12`,
      { certificate: null, keys: ['/pki/me.p12'] },
      [],
    ],
    [
      'everything',
      `${helper} ${arns} ${files} --intermediates chain.pem --region eu-west-2 --session-duration 900 --role-session-name me@x`,
      { intermediates: '/data/here/chain.pem', sessionDuration: 900, roleSessionName: 'me@x' },
      [],
    ],
    [
      'empty values are none',
      `${helper} ${arns} ${files} --region '' --intermediates= --role-session-name ""`,
      { intermediates: null, roleSessionName: null },
      [],
    ],
    [
      'URIs',
      `${helper} ${arns} --certificate 'pkcs11:token=a;object=c' --private-key 'pkcs11:token=a;object=k;type=private'`,
      { certificate: 'pkcs11:token=a;object=c', keys: ['pkcs11:token=a;object=k;type=private'] },
      [],
    ],
    [
      'a bare URI, as the AWS CLI takes it',
      `${helper} ${arns} --private-key pkcs11:token=a;id=%01`,
      { certificate: null, keys: ['pkcs11:token=a;id=%01'] },
      [],
    ],
    [
      'a certificate on a token',
      `${helper} ${arns} --certificate 'pkcs11:type=cert;manufacturer=piv_II;id=%01'`,
      {
        certificate: 'pkcs11:type=cert;manufacturer=piv_II;id=%01',
        keys: ['pkcs11:manufacturer=piv_II;id=%01'],
      },
      [],
    ],
    [
      'a certificate in a file, its key on a token',
      `${helper} ${arns} --certificate /pki/cert.pem --private-key pkcs11:id=%01`,
      { keys: ['pkcs11:id=%01'] },
      [],
    ],
    [
      'spaces in a URI',
      `${helper} ${arns} --private-key 'pkcs11:object=Private key for größe'`,
      { certificate: null, keys: ['pkcs11:object=Private%20key%20for%20gr%C3%B6%C3%9Fe'] },
      [],
    ],
    [
      'a PIN in a URI',
      `${helper} ${arns} --private-key 'pkcs11:id=%01?pin-value=${secret}'`,
      { certificate: null, keys: ['pkcs11:id=%01'] },
      ['pin-value'],
    ],
    [
      'a PIN among a bare URI',
      `${helper} ${arns} --private-key pkcs11:id=%01?pin-value=${secret}&module-path=/usr/lib/libykcs11.so`,
      { certificate: null, keys: ['pkcs11:id=%01?module-path=/usr/lib/libykcs11.so'] },
      ['pin-value'],
    ],
    [
      'a PIN in the wrong part',
      `${helper} ${arns} --private-key 'pkcs11:pin-value=${secret};id=%01'`,
      { certificate: null, keys: ['pkcs11:id=%01'] },
      ['pin-value'],
    ],
    [
      'a PIN glued on',
      `${helper} ${arns} --private-key 'pkcs11:token=a;id=%01&pin-value=${secret}'`,
      { certificate: null, keys: ['pkcs11:token=a'] },
      ['pin-value'],
    ],
    [
      'a PIN with a separator in it',
      `${helper} ${arns} --private-key 'pkcs11:id=%01?pin-value=1&${secret}'`,
      { certificate: null, keys: ['pkcs11:id=%01'] },
      ['pin-value', '(unknown attribute)'],
    ],
    [
      'PINs in both URIs',
      `${helper} ${arns} --certificate 'pkcs11:id=%01?pin-value=${secret}' --private-key 'pkcs11:id=%01?pin-source=file:/${secret}'`,
      { certificate: null, keys: ['pkcs11:id=%01'] },
      ['pin-value', 'pin-source'],
    ],
    [
      'attributes that tell no keys apart',
      `${helper} ${arns} --private-key 'pkcs11:slot-description=x;id=%01;library-version=2;x-vendor=1'`,
      { certificate: null, keys: ['pkcs11:id=%01'] },
      ['slot-description', 'library-version', 'x-vendor'],
    ],
    [
      'a module of the list',
      `${helper} ${arns} ${files} --pkcs11-lib /usr/lib/libykcs11.so`,
      { pkcs11Lib: '/usr/lib/libykcs11.so' },
      [],
    ],
    [
      'a module off the list',
      `${helper} ${arns} ${files} --pkcs11-lib /tmp/evil.so`,
      { pkcs11Lib: null },
      ['--pkcs11-lib'],
    ],
    [
      'a module by name',
      `${helper} ${arns} ${files} --pkcs11-lib libykcs11.so`,
      { pkcs11Lib: null },
      ['--pkcs11-lib'],
    ],
    [
      'a module in the URI',
      `${helper} ${arns} --private-key 'pkcs11:id=%01?module-path=/tmp/evil.so'`,
      { certificate: null, keys: ['pkcs11:id=%01'] },
      ['module-path'],
    ],
    [
      'a module in the URI, encoded',
      `${helper} ${arns} --private-key 'pkcs11:id=%01?module-path=%2Fusr%2Flib%2Flibykcs11.so'`,
      { certificate: null, keys: ['pkcs11:id=%01?module-path=%2Fusr%2Flib%2Flibykcs11.so'] },
      [],
    ],
    [
      'another endpoint',
      `${helper} ${arns} ${files} --endpoint https://evil.example`,
      { endpoint: null },
      ['--endpoint'],
    ],
    [
      'what is not needed',
      `${helper} ${arns} --no-verify-ssl ${files} --with-proxy --debug --reuse-pin=true`,
      {},
      ['--no-verify-ssl', '--with-proxy', '--debug', '--reuse-pin'],
    ],
    [
      'passwords',
      `${helper} ${arns} ${files} --pkcs8-password ${secret} --tpm-key-password=${secret}`,
      {},
      ['--pkcs8-password', '--tpm-key-password'],
    ],
    [
      'a certificate store',
      `${helper} ${arns} ${files} --cert-selector Key=x509Subject,Value=CN=a --system-store-name MY --use-latest-expiring-certificate --no-tpm-key-password`,
      {},
      [
        '--cert-selector',
        '--system-store-name',
        '--use-latest-expiring-certificate',
        '--no-tpm-key-password',
      ],
    ],
    [
      'flags of a later version',
      `${helper} ${arns} --new-thing ${secret} --other --third=${secret} ${files}`,
      {},
      ['--new-thing', '--other', '--third'],
    ],
    ['a short flag with its value', `${helper} ${arns} -p${secret} ${files}`, {}, ['-p']],
    ['a flag that is none', `${helper} ${arns} --${secret}:x=1 ${files}`, {}, ['(not a flag’s name)']],
    [
      'update',
      `aws_signing_helper update ${arns} ${files} --profile Work.1 --once`,
      { outlet: 'credentials-file', id: 'work-1', awsProfile: 'Work.1' },
      ['--once'],
    ],
    [
      'update of the default profile',
      `aws_signing_helper update ${arns} ${files}`,
      { outlet: 'credentials-file', id: 'default', awsProfile: 'default-rolekey' },
      [],
    ],
    [
      'serve',
      `aws_signing_helper serve ${arns} ${files} --port 9911 --hop-limit 2`,
      {},
      ['--port', '--hop-limit'],
    ],
    [
      'Windows',
      `"C:\\Program Files\\Amazon\\aws_signing_helper.exe" credential-process ${arns} --certificate "C:\\my pki\\cert.pem" --private-key C:\\pki\\key.pem`,
      { certificate: 'C:\\my pki\\cert.pem', keys: ['C:\\pki\\key.pem'] },
      [],
    ],
    [
      'Windows, bare name',
      `aws_signing_helper.exe credential-process ${arns} --certificate C:\\pki\\cert.pem --private-key C:\\pki\\key.pem`,
      { certificate: 'C:\\pki\\cert.pem', keys: ['C:\\pki\\key.pem'] },
      [],
    ],
  ])('%s', (_what, line, expected, dropped) => {
    const result = importLine(line);
    expect(result.skipped).toEqual([]);
    expect(result.imported).toHaveLength(1);
    expect(result.imported[0]).toMatchObject({ ...standard, ...expected });
    expect(result.dropped.map(({ flag }) => flag).sort()).toEqual([...dropped].sort());
  });

  it('says of each thing dropped why', () => {
    const { dropped } = importLine(
      `${helper} ${arns} ${files} --no-verify-ssl --private-key 'pkcs11:id=%01?pin-value=1'`,
    );
    expect(dropped).toEqual([
      { source: 'stdin', flag: '--no-verify-ssl', reason: 'the server’s certificate is always verified' },
      {
        source: 'stdin',
        flag: 'pin-value',
        reason: 'in --private-key: a PIN is asked for when it is needed and never stored; it was not kept',
      },
    ]);
  });
});

describe('a line that is skipped', () => {
  it.each<[string, string, string, string]>([
    ['empty', '', 'account-invalid', 'it holds no command'],
    ['blank', ' \n ', 'account-invalid', 'it holds no command'],
    [
      'another program',
      `/usr/local/bin/granted credential-process --profile x`,
      'account-invalid',
      'calls another program than aws_signing_helper',
    ],
    [
      'a program named alike',
      `my_aws_signing_helper credential-process ${arns} ${files}`,
      'account-invalid',
      'calls another program',
    ],
    [
      'a script named alike',
      `aws_signing_helper.sh credential-process ${arns} ${files}`,
      'account-invalid',
      'calls another program',
    ],
    [
      'a folder named alike',
      `/opt/aws_signing_helper/run credential-process ${arns} ${files}`,
      'account-invalid',
      'calls another program',
    ],
    ['a shell around it', `sh -c '${helper} ${arns} ${files}'`, 'account-invalid', 'calls another program'],
    [
      'a variable before another',
      `AWS_PROFILE=${secret} rm -rf /`,
      'account-invalid',
      'calls another program',
    ],
    ['variables alone', `AWS_PROFILE=${secret} A=`, 'account-invalid', 'it holds no command'],
    [
      'a variable that needs the shell',
      `A=$(echo ${secret}) ${helper} ${arns} ${files}`,
      'account-invalid',
      'uses the shell',
    ],
    [
      'env before it',
      `env A=${secret} ${helper} ${arns} ${files}`,
      'account-invalid',
      'calls another program',
    ],
    [
      'Rolekey’s own',
      `"/opt/Rolekey/rolekey" credential-process --account dev`,
      'account-exists',
      'served by Rolekey already',
    ],
    [
      'Rolekey’s own on Windows',
      `"C:\\Program Files\\Rolekey\\rolekey.exe" credential-process --account dev`,
      'account-exists',
      'served by Rolekey already',
    ],
    [
      'no command',
      `aws_signing_helper ${arns} ${files}`,
      'account-invalid',
      'none of the commands credential-process, update, serve',
    ],
    [
      'a command that gets no credentials',
      `aws_signing_helper sign-string ${files}`,
      'account-invalid',
      'none of the commands',
    ],
    ['version', `aws_signing_helper version`, 'account-invalid', 'none of the commands'],
    [
      'nothing given',
      helper,
      'account-invalid',
      'lacks --role-arn, --profile-arn, --trust-anchor-arn, --private-key.',
    ],
    [
      'no anchor',
      `${helper} --role-arn ${roleArn} --profile-arn ${profileArn} ${files}`,
      'account-invalid',
      'lacks --trust-anchor-arn.',
    ],
    ['an empty role', `${helper} ${arns} ${files} --role-arn ''`, 'account-invalid', 'lacks --role-arn.'],
    [
      'a certificate alone',
      `${helper} ${arns} --certificate /pki/cert.pem`,
      'account-invalid',
      'lacks --private-key.',
    ],
    [
      'a certificate store alone',
      `${helper} ${arns} --cert-selector Key=x509Serial,Value=01`,
      'account-invalid',
      'lacks --private-key.',
    ],
    [
      'single dashes',
      `${helper} ${arns.replaceAll('--', '-')} ${files}`,
      'account-invalid',
      'lacks --role-arn',
    ],
    [
      'a flag without its value',
      `${helper} ${arns} ${files} --region`,
      'account-invalid',
      '--region has no value.',
    ],
    [
      'a flag as value',
      `${helper} ${arns} ${files} --region --debug`,
      'account-invalid',
      '--region has no value.',
    ],
    [
      'a password as value',
      `${helper} ${arns} ${files} --role-arn --pkcs8-password=${secret}`,
      'account-invalid',
      '--role-arn has no value.',
    ],
    [
      'a PIN as role',
      `${helper} ${arns} ${files} --role-arn 'pkcs11:id=%01?pin-value=${secret}'`,
      'account-invalid',
      '--role-arn holds a PKCS#11 URI in the wrong form or place.',
    ],
    [
      'a path with a bare space',
      `${helper} ${arns} --certificate /pki/my cert.pem --private-key /k`,
      'account-invalid',
      'a value with spaces must be in quotation marks',
    ],
    ['a word too many', `${helper} ${arns} ${files} ${secret}`, 'account-invalid', 'belongs to no flag'],
    ['two commands in one', `${helper} ${arns} ${files} ${helper}`, 'account-invalid', 'belongs to no flag'],
    [
      'malformed role',
      `${helper} ${arns} ${files} --role-arn arn:aws:iam::12:role/x`,
      'arn-malformed',
      'role ARN',
    ],
    [
      'a role of another account',
      `${helper} ${arns} ${files} --role-arn arn:aws:iam::999999999999:role/x`,
      'arn-mismatch',
      '999999999999',
    ],
    ['another region', `${helper} ${arns} ${files} --region us-east-1`, 'arn-mismatch', 'us-east-1'],
    ['a short session', `${helper} ${arns} ${files} --session-duration 60`, 'duration-range', 'out of range'],
    [
      'a session in words',
      `${helper} ${arns} ${files} --session-duration 1h`,
      'duration-range',
      'no number of seconds',
    ],
    [
      'a long session',
      `${helper} ${arns} ${files} --session-duration 99999999999`,
      'duration-range',
      'no number of seconds',
    ],
    [
      'a bad session name',
      `${helper} ${arns} ${files} --role-session-name 'a b'`,
      'account-invalid',
      '--role-session-name',
    ],
    [
      'a TPM handle',
      `${helper} ${arns} --certificate /c --private-key handle:0x81000001`,
      'account-invalid',
      'it names a TPM key by its handle',
    ],
    [
      'a quoted tilde',
      `${helper} ${arns} --certificate /c --private-key '~/k.pem'`,
      'account-invalid',
      'begins with a ~',
    ],
    [
      'somebody’s home',
      `${helper} ${arns} --certificate /c --private-key ~root/k.pem`,
      'account-invalid',
      'uses the shell',
    ],
    [
      'a path of two lines',
      `${helper} ${arns} --certificate /c --private-key '/a\nb'`,
      'account-invalid',
      '--private-key',
    ],
    [
      'intermediates on a token',
      `${helper} ${arns} ${files} --intermediates 'pkcs11:object=ca?pin-value=${secret}'`,
      'account-invalid',
      '--intermediates holds a PKCS#11 URI in the wrong form or place.',
    ],
    [
      'a URI that lost its scheme',
      `${helper} ${arns} --private-key 'token=a?pin-value=${secret}'`,
      'account-invalid',
      '--private-key holds a PKCS#11 URI in the wrong form or place.',
    ],

    [
      'a URI with an attribute twice',
      `${helper} ${arns} --private-key 'pkcs11:id=%01;id=%02'`,
      'account-invalid',
      '“id” stands twice',
    ],
    [
      'a URI that is none',
      `${helper} ${arns} --private-key 'pkcs11:id=%zz'`,
      'account-invalid',
      'PKCS#11 URI',
    ],
    [
      'substitution',
      `${helper} ${arns} --certificate /c --private-key $(cat /etc/passwd)`,
      'account-invalid',
      'uses the shell',
    ],
    [
      'substitution in quotes',
      `${helper} ${arns} --certificate /c --private-key "$(rm -rf /)"`,
      'account-invalid',
      'uses the shell',
    ],
    [
      'backquotes',
      `${helper} ${arns} --certificate /c --private-key \`rm -rf /\``,
      'account-invalid',
      'uses the shell',
    ],
    [
      'a variable',
      `${helper} ${arns} --certificate $PKI/c --private-key /k`,
      'account-invalid',
      'uses the shell',
    ],
    ['a pipe', `${helper} ${arns} ${files} | jq .`, 'account-invalid', 'uses the shell'],
    ['a second command', `${helper} ${arns} ${files}; rm -rf ~`, 'account-invalid', 'uses the shell'],
    ['a second command before', `cd /pki && ${helper} ${arns} ${files}`, 'account-invalid', 'uses the shell'],
    [
      'a command behind a URI',
      `${helper} ${arns} --private-key pkcs11:id=%01; rm -rf ~`,
      'account-invalid',
      'uses the shell',
    ],
    ['redirection', `${helper} ${arns} ${files} 2>/dev/null`, 'account-invalid', 'uses the shell'],
    ['the background', `${helper} ${arns} ${files} &`, 'account-invalid', 'uses the shell'],
    ['an open quotation', `${helper} ${arns} --private-key '/k`, 'account-invalid', 'left open'],
    [
      'PowerShell',
      `& "C:\\x\\aws_signing_helper.exe" credential-process ${arns}`,
      'account-invalid',
      'uses the shell',
    ],
    [
      'cmd.exe',
      `"C:\\x\\aws_signing_helper.exe" credential-process ${arns} --private-key %APPDATA%\\k`,
      'account-invalid',
      'uses the shell',
    ],
    ['NUL', `${helper} ${arns} --private-key /k\u0000x`, 'account-invalid', '--private-key'],
    [
      'escapes of a terminal',
      `${helper} ${arns} --private-key /\u001b[2Jk`,
      'account-invalid',
      '--private-key',
    ],
    [
      'half a character',
      `${helper} ${arns} --private-key 'pkcs11:object=\ud83d;id=%01;id=%02'`,
      'account-invalid',
      'stands twice',
    ],
  ])('%s', (_what, line, code, message) => {
    const result = importLine(line);
    expect(result).toMatchObject({ imported: [], dropped: [] });
    expect(result.skipped).toEqual([
      { source: 'stdin', code, message: expect.stringContaining(message) as string },
    ]);
    expect(result.skipped[0]?.message).toMatch(/^[^\p{Cc}]+\.$/u);
  });
});

describe('the name of an imported line', () => {
  const line = `${helper} ${arns} ${files}`;
  const names = (more: Partial<ImportContext>, id: string | null = null): unknown =>
    importLine(line, more, id).imported.map((account) => [account.id, account.awsProfile, account.label]);

  it('is the role’s, or the one given', () => {
    expect(names({})).toEqual([['dev-admin', 'dev-admin', 'dev-admin']]);
    expect(names({}, 'mine')).toEqual([['mine', 'mine', 'mine']]);
  });

  it('makes way for accounts and AWS profiles that are there', () => {
    const existing = [
      sampleAccount('dev-admin', { awsProfile: 'x' }),
      sampleAccount('dev-admin-2', { awsProfile: 'y' }),
    ];
    const takenProfiles = new Set(['dev-admin-3', 'dev-admin-3-rolekey']);
    expect(names({ existing, takenProfiles })).toEqual([
      ['dev-admin-3', 'dev-admin-3-rolekey-2', 'dev-admin-3'],
    ]);
  });

  it.each([
    ['taken', 'there', 'account-exists', 'There is an account there already.'],
    ['no ID', 'Bad ID', 'account-invalid', 'The ID must be'],
  ])('given but %s is told', (_what, id, code, message) => {
    const { skipped } = importLine(line, { existing: [sampleAccount('there')] }, id);
    expect(skipped).toEqual([{ source: 'stdin', code, message: expect.stringContaining(message) as string }]);
  });

  it('is not made up where the line is an account already', () => {
    const existing = importLine(line).imported.map((account) => ({
      ...account,
      id: 'renamed',
      label: 'x',
      outlet: 'none' as const,
    }));
    expect(importLine(line, { existing }).skipped).toEqual([
      { source: 'stdin', code: 'account-exists', message: 'It is account renamed already.' },
    ]);
  });
});

it('a line of another system takes its relative paths by the rules of that system', () => {
  const result = importCommandLine(
    {
      commandLine: `aws_signing_helper credential-process ${arns} --private-key pki\\key.pem --certificate ..\\c.pem`,
      directory: 'C:\\Users\\me',
      id: null,
    },
    { ...context, home: 'C:\\Users\\me', windows: true },
  );
  expect(result.imported[0]).toMatchObject({
    keys: ['C:\\Users\\me\\pki\\key.pem'],
    certificate: 'C:\\Users\\c.pem',
  });
});
