import { describe, expect, it } from 'vitest';
import { checkNewAccount } from '../../../src/main/accounts/account-check.ts';
import { makeAccount } from '../../../src/main/accounts/account-fields.ts';
import { calls, type AccountFields, type FieldProblem } from '../../../src/shared/api.ts';
import { AppError, isAppError, type ErrorCode } from '../../../src/shared/errors.ts';
import type { Account } from '../../../src/shared/model.ts';
import { fields, keyUri, profileArn, roleArn, sampleAccount, trustAnchorArn } from './sample.ts';

interface Surroundings {
  readonly existing?: readonly Account[];
  readonly rolesAnywhereUrl?: string;
  /** Thrown by the look at the AWS files. */
  readonly files?: Error;
}

async function check(id: string, given: AccountFields, surroundings: Surroundings = {}) {
  const { existing = [], rolesAnywhereUrl = null, files } = surroundings;
  const looks: string[] = [];
  const answer = await checkNewAccount(id, given, {
    existing,
    environment: { rolesAnywhereUrl, useFips: false, useDualstack: false },
    outlets: {
      preview: async ({ awsProfile }, former, adopt) => {
        expect([former, adopt]).toEqual([null, false]);
        looks.push(awsProfile);
        if (files !== undefined) throw files;
        return [];
      },
    },
  });
  expect(calls.checkAccount.output.parse(answer)).toEqual(answer);
  for (const { field, message } of answer.problems) {
    expect(message).not.toContain('--');
    expect(message).toMatch(/\.$/);
    // A predicate needs a label to stand behind.
    if (field === null) expect(message).toMatch(/^[A-Z/]/);
  }
  return { ...answer, looks };
}

/** What the command line throws for the same. */
function refusal(id: string, given: AccountFields): AppError | null {
  try {
    makeAccount(id, given, { allowDefault: false });
    return null;
  } catch (error) {
    if (isAppError(error)) return error;
    throw error;
  }
}

const flagOf: Readonly<Partial<Record<NonNullable<FieldProblem['field']>, string>>> = {
  id: 'The ID',
  label: '--label',
  group: '--group',
  roleArn: '--role-arn',
  profileArn: '--profile-arn',
  trustAnchorArn: '--trust-anchor-arn',
  region: '--region',
  roleSessionName: '--role-session-name',
  keys: '--private-key',
  certificate: '--certificate',
  intermediates: '--intermediates',
  pkcs11Lib: '--pkcs11-lib',
  awsProfile: '--aws-profile',
  profileRegion: '--profile-region',
};

const inChina: AccountFields = {
  roleArn: roleArn.replace('arn:aws:', 'arn:aws-cn:'),
  profileArn: profileArn.replace('arn:aws:', 'arn:aws-cn:').replace('eu-west-2', 'cn-north-1'),
  trustAnchorArn: trustAnchorArn.replace('arn:aws:', 'arn:aws-cn:').replace('eu-west-2', 'cn-north-1'),
};
const pinText = 'A PIN is only ever typed; it has no place in the name of a key or a file.';
const textRule = 'must hold no control or bidirectional-override characters.';
const keyRule = 'must be a pkcs11: URI, an absolute path or ssh-agent:SHA256:....';
const sshRule = 'names a key of the SSH agent as ssh-agent:SHA256: and 43 characters of Base64.';
const elsewhere = { profileArn: profileArn.replace('eu-west-2', 'us-east-1') };

type Row = [
  what: string,
  given: { readonly [Name in keyof AccountFields]: AccountFields[Name] | undefined },
  field: FieldProblem['field'],
  code: ErrorCode,
  message: string,
  /** What the command line says, where that is not the flag with the predicate, or the same sentence. */
  atTheTerminal?: string,
];

const rows: readonly Row[] = [
  ['no role', { roleArn: undefined }, 'roleArn', 'account-invalid', 'is needed.'],
  ['no profile', { profileArn: undefined }, 'profileArn', 'account-invalid', 'is needed.'],
  ['no anchor', { trustAnchorArn: undefined }, 'trustAnchorArn', 'account-invalid', 'is needed.'],
  ['no key', { keys: undefined }, 'keys', 'account-invalid', 'is needed.'],
  [
    '17 keys',
    { keys: Array.from({ length: 17 }, () => keyUri) },
    'keys',
    'account-invalid',
    'must have at most 16 of them.',
  ],
  [
    'a malformed role',
    { roleArn: 'x' },
    'roleArn',
    'arn-malformed',
    'The role ARN “x” is not valid: it has not the six parts of an ARN.',
  ],
  [
    'a malformed profile',
    { profileArn: 'x' },
    'profileArn',
    'arn-malformed',
    'The profile ARN “x” is not valid: it has not the six parts of an ARN.',
  ],
  [
    'a malformed anchor',
    { trustAnchorArn: 'x' },
    'trustAnchorArn',
    'arn-malformed',
    'The trust anchor ARN “x” is not valid: it has not the six parts of an ARN.',
  ],
  [
    'a role of another account',
    { roleArn: 'arn:aws:iam::999999999999:role/x' },
    null,
    'arn-mismatch',
    'The role is of account 999999999999, the trust anchor of account 111122223333.',
  ],
  [
    'a profile of another region',
    elsewhere,
    null,
    'arn-mismatch',
    'The profile is of region us-east-1, the trust anchor of region eu-west-2.',
  ],
  [
    'a region that is not the anchor’s',
    { region: 'us-east-1' },
    null,
    'arn-mismatch',
    'The region is “us-east-1”, the trust anchor is of eu-west-2.',
  ],
  [
    'a region that is none',
    { region: 'Lon don' },
    'region',
    'account-invalid',
    'must be a region such as eu-west-2.',
  ],
  ...[899, 43_201, 900.5, Number.NaN].map((sessionDuration): Row => [
    `${String(sessionDuration)} seconds`,
    { sessionDuration },
    'sessionDuration',
    'duration-range',
    'must be a whole number from 900 to 43200 seconds.',
    'The session duration is out of range.',
  ]),
  [
    'a session name of one character',
    { roleSessionName: 'x' },
    'roleSessionName',
    'account-invalid',
    'must be 2 to 64 of letters, digits and + = , . @ - _.',
  ],
  ['an empty label', { label: '' }, 'label', 'account-invalid', 'must be at least 1 characters long.'],
  [
    'a label too long',
    { label: 'x'.repeat(65) },
    'label',
    'account-invalid',
    'must be at most 64 characters.',
  ],
  ['a label that turns the text round', { label: 'a\u202eb' }, 'label', 'account-invalid', textRule],
  ['a group with an escape', { group: '\u001b[2J' }, 'group', 'account-invalid', textRule],
  [
    'a PIN in the key',
    { keys: [`${keyUri}?pin-value=1234`] },
    'keys',
    'account-invalid',
    'The PKCS#11 URI is not valid: “pin-value” is refused, since a PIN is only ever typed.',
  ],
  ['a PIN in a key’s path', { keys: ['/k pin-value=1234'] }, 'keys', 'account-invalid', pinText],
  ...(['certificate', 'intermediates', 'pkcs11Lib'] as const).map((field): Row => [
    `a PIN in ${field}`,
    { [field]: '/c;pin-source=/p' },
    field,
    'account-invalid',
    pinText,
  ]),
  [
    'a certificate as key',
    { keys: ['pkcs11:id=%01;type=cert'] },
    'keys',
    'account-invalid',
    'names a private key, and its URI says type=cert.',
  ],
  [
    'a relative module in the key',
    { keys: ['pkcs11:id=%01?module-path=lib/module.so'] },
    'keys',
    'account-invalid',
    'must give its module-path as an absolute path.',
    'The module-path in --private-key must be an absolute path.',
  ],
  [
    'a relative module in the certificate',
    { certificate: 'pkcs11:?module-path=../module.so' },
    'certificate',
    'account-invalid',
    'must give its module-path as an absolute path.',
    'The module-path in --certificate must be an absolute path.',
  ],
  ['a relative key', { keys: ['key.pem'] }, 'keys', 'account-invalid', keyRule],
  ['a second key that is bad', { keys: [keyUri, 'x'] }, 'keys', 'account-invalid', keyRule],
  ['an SSH key that is none', { keys: ['ssh-agent:MD5:00'] }, 'keys', 'account-invalid', sshRule],
  [
    'a relative certificate',
    { certificate: 'cert.pem' },
    'certificate',
    'account-invalid',
    'must be a pkcs11: URI or an absolute path.',
  ],
  [
    'intermediates on a token',
    { intermediates: keyUri },
    'intermediates',
    'account-invalid',
    'must be an absolute path.',
  ],
  ['a relative module', { pkcs11Lib: 'm.so' }, 'pkcs11Lib', 'account-invalid', 'must be an absolute path.'],
  [
    'an AWS profile with a bracket',
    { awsProfile: 'a]b' },
    'awsProfile',
    'account-invalid',
    'must be 1 to 64 of A-Z, a-z, 0-9 and _ . @ -, beginning with a letter or digit.',
  ],
  ...['default', 'DEFAULT'].map((awsProfile): Row => [
    `the AWS profile ${awsProfile}`,
    { awsProfile },
    'awsProfile',
    'account-invalid',
    'must not be “default”, which every program uses that names none.',
    'The AWS profile “default” is what every program uses that names none.',
  ]),
  [
    'a profile region that is none',
    { profileRegion: 'x' },
    'profileRegion',
    'account-invalid',
    'must be a region such as eu-west-2.',
  ],
  [
    'plain http',
    { endpoint: 'http://example.org' },
    'endpoint',
    'endpoint-insecure',
    'The endpoint “http://example.org” is not https.',
  ],
  [
    'an endpoint that is none',
    { endpoint: 'x' },
    'endpoint',
    'account-invalid',
    'The endpoint is not an address such as https://HOST or https://HOST:PORT.',
  ],
  [
    'FIPS where there is none',
    { ...inChina, useFipsEndpoint: true },
    null,
    'account-invalid',
    'IAM Roles Anywhere has no FIPS endpoint in partition aws-cn.',
  ],
];

describe('an account that is filled in', () => {
  it('and has nothing wrong is told so, and its profile is looked up in the AWS files', async () => {
    expect(await check('dev', { ...fields, awsProfile: 'work' })).toEqual({
      problems: [],
      warnings: [],
      looks: ['work'],
    });
  });

  it.each<Row>(rows)(
    'is told of %s as the command line is',
    async (_, more, field, code, message, atTheTerminal) => {
      const given = { ...fields, ...more };
      expect((await check('dev', given)).problems).toEqual([{ field, code, message }]);
      const isPredicate = field !== null && /^[a-z]/.test(message);
      const spoken = isPredicate ? `${flagOf[field] ?? field} ${message}` : message;
      expect(refusal('dev', given)).toMatchObject({ code, message: atTheTerminal ?? spoken });
    },
  );

  it.each(['', 'Dev', '-dev', 'de v', 'x'.repeat(64)])('is told of the ID %j once', async (id) => {
    const message = 'must be 1 to 63 of a-z, 0-9 and -, not beginning with -.';
    expect((await check(id, fields)).problems).toEqual([{ field: 'id', code: 'account-invalid', message }]);
    expect(refusal(id, fields)).toMatchObject({ code: 'account-invalid', message: `The ID ${message}` });
  });

  it('is told everything at once', async () => {
    const { problems, looks } = await check('Dev', {
      ...elsewhere,
      roleArn: 'arn:aws:iam::999999999999:role/x',
      trustAnchorArn,
      keys: ['a', 'pkcs11:type=cert', 'b'],
      certificate: 'c',
      region: 'x',
      sessionDuration: 1,
      awsProfile: 'default',
      endpoint: 'http://example.org',
    });
    expect(problems.map(({ field }) => field)).toEqual([
      ...['id', 'region', 'sessionDuration', null, null],
      ...['keys', 'keys', 'certificate', 'endpoint', 'awsProfile'],
    ]);
    expect(looks).toEqual([]);
  });

  it('and is empty lacks what is needed, and no more', async () => {
    const blank = { roleArn: '', profileArn: '', trustAnchorArn: '', keys: [''] };
    const needed = ['roleArn', 'profileArn', 'trustAnchorArn', 'keys'].map((field) => ({
      field,
      code: 'account-invalid',
      message: 'is needed.',
    }));
    expect((await check('dev', {})).problems).toEqual(needed);
    expect((await check('dev', blank)).problems).toEqual(needed);
    expect((await check('dev', { keys: [] })).problems).toEqual(needed);
  });

  it('is told of its endpoint before there is an anchor', async () => {
    const { problems } = await check('dev', {
      ...fields,
      trustAnchorArn: '',
      endpoint: 'http://example.org',
    });
    expect(problems.map(({ field, code }) => [field, code])).toEqual([
      ['trustAnchorArn', 'account-invalid'],
      ['endpoint', 'endpoint-insecure'],
    ]);
  });

  it('is told what the environment makes impossible', async () => {
    const { problems } = await check('dev', fields, { rolesAnywhereUrl: 'http://example.org' });
    expect(problems).toMatchObject([{ field: null, code: 'endpoint-insecure' }]);
  });

  it.each<[string, string, AccountFields, string[]]>([
    ['its ID', 'dev', { awsProfile: 'other' }, ['id']],
    ['its AWS profile', 'other', { awsProfile: 'work' }, ['awsProfile']],
    ['both', 'dev', { awsProfile: 'work' }, ['id', 'awsProfile']],
    ['an AWS profile that no file has', 'other', { awsProfile: 'work', outlet: 'none' }, []],
  ])('is told that another account has %s', async (_, id, more, told) => {
    const existing = [sampleAccount('first'), sampleAccount('dev', { awsProfile: 'work' })];
    const { problems, looks } = await check(id, { ...fields, ...more }, { existing });
    const message = 'is also that of account dev.';
    expect(problems).toEqual(told.map((field) => ({ field, code: 'account-exists', message })));
    expect(looks).toHaveLength(told.length === 0 ? 1 : 0);
  });

  it.each<[ErrorCode, FieldProblem['field']]>([
    ['section-foreign', 'awsProfile'],
    ['cli-path-unsafe', null],
    ['file-undecodable', null],
    ['marker-damaged', null],
  ])('is told of %s in the AWS files, whatever else is wrong', async (code, field) => {
    const files = new AppError(code, { message: 'The sentence of it.' });
    const { problems } = await check('dev', { ...fields, keys: [] }, { files });
    expect(problems).toEqual([
      { field: 'keys', code: 'account-invalid', message: 'is needed.' },
      { field, code, message: 'The sentence of it.' },
    ]);
  });

  it('fails for what nobody expected', async () => {
    await expect(check('dev', fields, { files: new TypeError('broken') })).rejects.toThrow(TypeError);
  });

  it.each<[string, AccountFields, string[]]>([
    ['an ARN that ends in no UUID', { profileArn: `${profileArn.slice(0, -36)}abc` }, ['arn-unusual']],
    [
      'the same while other ARNs are missing',
      { ...{ roleArn: '', profileArn: '' }, trustAnchorArn: `${trustAnchorArn.slice(0, -36)}abc` },
      ['arn-unusual'],
    ],
    [
      'FIPS beside an endpoint',
      { endpoint: 'https://example.org', useFipsEndpoint: true },
      ['endpoint-overridden'],
    ],
    ['nothing in any outlet', { outlet: 'container-endpoint' }, []],
    ['a region that is not written', { outlet: 'none', profileRegion: 'eu-west-1' }, ['region-not-written']],
    ['nothing in a region that is none', { region: 'Lon don' }, []],
  ])('is warned of %s', async (_, more, codes) => {
    const { warnings } = await check('dev', { ...fields, ...more });
    expect(warnings.map(({ code }) => code)).toEqual(codes);
  });

  it.each([
    { keys: [`${keyUri}?pin-value=482913`] },
    { keys: ['/home/me/ pkcs11:token=a?pin-value=482913'] },
    { certificate: '/home/me/"pkcs11:token=a?pin-value=482913"' },
  ])('never has a PIN repeated: %j', async (more) => {
    const { problems } = await check('dev', { ...fields, ...more });
    expect(problems).toHaveLength(1);
    expect(JSON.stringify(problems)).not.toContain('482913');
  });
});
