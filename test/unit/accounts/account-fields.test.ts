import { describe, expect, it } from 'vitest';
import {
  editAccount,
  makeAccount,
  sessionVoidingFields,
  voidsSession,
} from '../../../src/main/accounts/account-fields.ts';
import { fieldRefusal } from '../../../src/main/accounts/account-rules.ts';
import type { AccountFields } from '../../../src/shared/api.ts';
import { accountFieldsSchema } from '../../../src/shared/api.ts';
import { fields, keyUri, profileArn, roleArn, sampleAccount, trustAnchorArn } from './sample.ts';

const rules = { allowDefault: false };
const make = (more: object, id = 'dev'): unknown => makeAccount(id, { ...fields, ...more }, rules);
const refusal = (code: string, message: string): Error =>
  expect.objectContaining({ code, message: expect.stringContaining(message) as string }) as Error;

describe('a new account', () => {
  it('has the defaults of the command line', () => {
    expect(makeAccount('dev', fields, rules)).toEqual({
      id: 'dev',
      label: 'dev',
      group: null,
      favourite: false,
      roleArn,
      profileArn,
      trustAnchorArn,
      region: 'eu-west-2',
      sessionDuration: 3600,
      roleSessionName: null,
      keys: [keyUri],
      certificate: null,
      intermediates: null,
      pkcs11Lib: null,
      awsProfile: 'dev',
      profileRegion: null,
      outlet: 'credential-process',
      endpoint: null,
      useFipsEndpoint: false,
      useDualstackEndpoint: false,
      source: { kind: 'local' },
    });
  });

  it('has what was given', () => {
    const given: Required<AccountFields> = {
      label: 'Größe ✓',
      group: 'team',
      favourite: true,
      roleArn,
      profileArn,
      trustAnchorArn,
      region: 'eu-west-2',
      sessionDuration: 43_200,
      roleSessionName: 'me@example.org',
      keys: [keyUri, '/home/me/key.pem', `ssh-agent:SHA256:${'a'.repeat(43)}`],
      certificate: '/home/me/cert.pem',
      intermediates: '/home/me/chain.pem',
      pkcs11Lib: '/usr/lib/softhsm/libsofthsm2.so',
      awsProfile: 'Dev.1_x@y-z',
      profileRegion: 'us-east-1',
      outlet: 'credentials-file',
      endpoint: 'https://vpce-1.rolesanywhere.eu-west-2.vpce.amazonaws.com',
      useFipsEndpoint: true,
      useDualstackEndpoint: true,
    };
    expect(makeAccount('dev', given, rules)).toEqual({ id: 'dev', source: { kind: 'local' }, ...given });
  });

  it.each([
    ['Windows', 'C:\\Users\\me\\key.pem'],
    ['Windows with slashes', 'C:/Users/me/key.pem'],
    ['a share', '\\\\server\\share\\key.pem'],
    ['spaces and non-ASCII', '/home/mé/my key.pem'],
    ['PKCS#12', '/home/me/key.p12'],
  ])('may have a key file by a path of %s', (_what, path) => {
    expect(make({ keys: [path], certificate: path })).toMatchObject({ keys: [path], certificate: path });
  });

  it.each([
    ['http://127.0.0.1:8080'],
    ['http://[::1]:8080'],
    ['http://localhost:1234'],
    ['https://example.org:8443'],
  ])('may have the endpoint %s', (endpoint) => {
    expect(make({ endpoint })).toMatchObject({ endpoint });
  });

  it.each<[string, object, string, string]>([
    ['no role', { roleArn: undefined }, 'account-invalid', '--role-arn is needed'],
    ['no profile', { profileArn: undefined }, 'account-invalid', '--profile-arn is needed'],
    ['no anchor', { trustAnchorArn: undefined }, 'account-invalid', '--trust-anchor-arn is needed'],
    ['no key', { keys: undefined }, 'account-invalid', '--private-key is needed'],
    ['an empty list of keys', { keys: [] }, 'account-invalid', '--private-key must have at least 1'],
    [
      '17 keys',
      { keys: Array.from({ length: 17 }, () => keyUri) },
      'account-invalid',
      '--private-key must have at most 16',
    ],
    ['a malformed role', { roleArn: 'arn:aws:iam::1:role/x' }, 'arn-malformed', 'role ARN'],
    ['a user as role', { roleArn: 'arn:aws:iam::111122223333:user/x' }, 'arn-malformed', 'role ARN'],
    ['role and profile mixed up', { roleArn: profileArn, profileArn: roleArn }, 'arn-malformed', 'ARN'],
    [
      'a role of another account',
      { roleArn: 'arn:aws:iam::999999999999:role/x' },
      'arn-mismatch',
      '999999999999',
    ],
    [
      'a profile of another region',
      { profileArn: profileArn.replace('eu-west-2', 'us-east-1') },
      'arn-mismatch',
      'us-east-1',
    ],
    [
      'a role of another partition',
      { roleArn: roleArn.replace('arn:aws:', 'arn:aws-cn:') },
      'arn-mismatch',
      'aws-cn',
    ],
    ['a region that is not the anchor’s', { region: 'us-east-1' }, 'arn-mismatch', 'us-east-1'],
    ['a region that is none', { region: 'London' }, 'account-invalid', '--region must be a region such as'],
    ['899 seconds', { sessionDuration: 899 }, 'duration-range', 'out of range'],
    ['43201 seconds', { sessionDuration: 43_201 }, 'duration-range', 'out of range'],
    ['no whole seconds', { sessionDuration: 900.5 }, 'duration-range', 'out of range'],
    ['NaN seconds', { sessionDuration: Number.NaN }, 'duration-range', 'out of range'],
    [
      'a session name of one character',
      { roleSessionName: 'x' },
      'account-invalid',
      '--role-session-name must be 2 to 64',
    ],
    [
      'a session name with a space',
      { roleSessionName: 'a b' },
      'account-invalid',
      '--role-session-name must be',
    ],
    [
      'a label that turns the text round',
      { label: 'a\u202eb' },
      'account-invalid',
      '--label must hold no control',
    ],
    ['a label of two lines', { label: 'a\nb' }, 'account-invalid', '--label must hold no control'],
    ['an empty label', { label: '' }, 'account-invalid', '--label must be at least 1'],
    ['a label too long', { label: 'x'.repeat(65) }, 'account-invalid', '--label must be at most 64'],
    ['a group with an escape', { group: '\u001b[2J' }, 'account-invalid', '--group must hold no control'],
    ['a PIN in the key', { keys: [`${keyUri}?pin-value=1234`] }, 'account-invalid', 'pin-value'],
    [
      'an unknown attribute in the key',
      { keys: ['pkcs11:slot-description=x'] },
      'account-invalid',
      'slot-description',
    ],
    ['a certificate as key', { keys: ['pkcs11:id=%01;type=cert'] }, 'account-invalid', 'type=cert'],
    [
      'a relative module in the key',
      { keys: ['pkcs11:id=%01?module-path=lib/module.so'] },
      'account-invalid',
      'module-path in --private-key must be an absolute path',
    ],
    [
      'a relative module in the certificate',
      { certificate: 'pkcs11:?module-path=../module.so' },
      'account-invalid',
      'module-path in --certificate must be an absolute path',
    ],
    ['a PIN in the certificate', { certificate: `${keyUri}?pin-value=1234` }, 'account-invalid', 'pin-value'],
    [
      'a relative key',
      { keys: ['key.pem'] },
      'account-invalid',
      '--private-key must be a pkcs11: URI, an absolute path',
    ],
    ['a key at home', { keys: ['~/key.pem'] }, 'account-invalid', '--private-key must be'],
    ['a TPM handle', { keys: ['handle:0x81000001'] }, 'account-invalid', '--private-key must be'],
    ['a drive without a folder', { keys: ['C:key.pem'] }, 'account-invalid', '--private-key must be'],
    ['a key of two lines', { keys: ['/a\nb'] }, 'account-invalid', '--private-key must be'],
    ['an SSH key that is none', { keys: ['ssh-agent:MD5:00'] }, 'account-invalid', 'ssh-agent:SHA256:'],
    ['a second key that is bad', { keys: [keyUri, 'x'] }, 'account-invalid', '--private-key must be'],
    ['a relative certificate', { certificate: 'cert.pem' }, 'account-invalid', '--certificate must be'],
    [
      'relative intermediates',
      { intermediates: 'chain.pem' },
      'account-invalid',
      '--intermediates must be an absolute path',
    ],
    [
      'intermediates on a token',
      { intermediates: keyUri },
      'account-invalid',
      '--intermediates must be an absolute path',
    ],
    [
      'a relative module',
      { pkcs11Lib: 'libykcs11.so' },
      'account-invalid',
      '--pkcs11-lib must be an absolute path',
    ],
    ['a profile with a bracket', { awsProfile: 'a]b' }, 'account-invalid', '--aws-profile must be'],
    ['the profile default', { awsProfile: 'default' }, 'account-invalid', 'default'],
    ['the profile DEFAULT', { awsProfile: 'DEFAULT' }, 'account-invalid', 'default'],
    ['a profile region that is none', { profileRegion: 'x' }, 'account-invalid', '--profile-region must be'],
    [
      'an unknown outlet',
      { outlet: 'file' },
      'account-invalid',
      '--outlet must be credential-process or credentials-file',
    ],
    ['plain http', { endpoint: 'http://example.org' }, 'endpoint-insecure', 'not https'],
    ['an endpoint with a path', { endpoint: 'https://example.org/x' }, 'account-invalid', 'endpoint'],
    ['an endpoint that is none', { endpoint: 'x' }, 'account-invalid', 'endpoint'],
    [
      'FIPS where there is none',
      {
        useFipsEndpoint: true,
        roleArn: 'arn:aws-cn:iam::111122223333:role/x',
        profileArn: 'arn:aws-cn:rolesanywhere:cn-north-1:111122223333:profile/1',
        trustAnchorArn: 'arn:aws-cn:rolesanywhere:cn-north-1:111122223333:trust-anchor/1',
      },
      'account-invalid',
      'FIPS',
    ],
  ])('is refused with %s', (_what, more, code, message) => {
    expect(() => make(more)).toThrow(refusal(code, message));
  });

  it.each(['', 'Dev', '-dev', 'de v', 'dev_', 'x'.repeat(64), 'dév', '../dev'])(
    'is refused with the ID %j',
    (id) => {
      expect(() => make({ awsProfile: 'p' }, id)).toThrow(
        refusal('account-invalid', 'The ID must be 1 to 63'),
      );
    },
  );

  it.each<AccountFields>([
    { keys: ['pkcs11:id=%01?pin-value=482913'] },
    { keys: ['pkcs11:token=a&pin-value=482913'] },
    { keys: ['/home/me/ pkcs11:token=a?pin-value=482913'] },
    { keys: ['/home/me/pkcs11;token=a;PIN-VALUE=482913'] },
    { certificate: '/home/me/"pkcs11:token=a?pin-value=482913"' },
  ])('never takes and never repeats a PIN: %j', (more) => {
    try {
      make(more);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'account-invalid' });
      expect(JSON.stringify(error) + String(error)).not.toContain('482913');
    }
  });

  it('may be the default profile where that is allowed', () => {
    const account = makeAccount('default', fields, { allowDefault: true });
    expect(account.awsProfile).toBe('default');
  });
});

describe('an edit', () => {
  const before = sampleAccount('dev', {
    label: 'Development',
    group: 'g',
    favourite: true,
    sessionDuration: 7200,
    roleSessionName: 'me',
    certificate: '/c.pem',
    intermediates: '/i.pem',
    pkcs11Lib: '/m.so',
    awsProfile: 'p',
    profileRegion: 'us-east-1',
    outlet: 'none',
    endpoint: 'https://example.org',
    useFipsEndpoint: true,
    useDualstackEndpoint: true,
  });
  const edit = (given: AccountFields, unset: Parameters<typeof editAccount>[1]['unset'] = []): unknown =>
    editAccount(before, { fields: given, unset }, rules);

  it('of nothing is nothing', () => {
    expect(edit({})).toEqual(before);
    expect(edit({ label: undefined })).toEqual(before);
  });

  it('changes what is given and keeps the rest', () => {
    expect(edit({ label: 'new', sessionDuration: 900 })).toEqual({
      ...before,
      label: 'new',
      sessionDuration: 900,
    });
  });

  it.each<[Parameters<typeof editAccount>[1]['unset'][number], unknown]>([
    ['label', 'dev'],
    ['group', null],
    ['favourite', false],
    ['region', 'eu-west-2'],
    ['sessionDuration', 3600],
    ['roleSessionName', null],
    ['certificate', null],
    ['intermediates', null],
    ['pkcs11Lib', null],
    ['awsProfile', 'dev'],
    ['profileRegion', null],
    ['outlet', 'credential-process'],
    ['endpoint', null],
    ['useFipsEndpoint', false],
    ['useDualstackEndpoint', false],
  ])('takes %s back to its default', (field, value) => {
    expect(edit({}, [field])).toEqual({ ...before, [field]: value });
  });

  it('of the anchor moves the region with it', () => {
    const moved = {
      profileArn: profileArn.replace('eu-west-2', 'us-east-1'),
      trustAnchorArn: trustAnchorArn.replace('eu-west-2', 'us-east-1'),
    };
    expect(edit(moved)).toEqual({ ...before, ...moved, region: 'us-east-1' });
    expect(() => edit({ ...moved, region: 'eu-west-2' })).toThrow(refusal('arn-mismatch', 'eu-west-2'));
  });

  it('refuses what a new account would be refused, and one field given and unset', () => {
    expect(() => edit({ sessionDuration: 1 })).toThrow(refusal('duration-range', ''));
    expect(() => edit({ trustAnchorArn: trustAnchorArn.replace('eu-west-2', 'us-east-1') })).toThrow(
      refusal('arn-mismatch', ''),
    );
    expect(() => edit({ label: 'x' }, ['label'])).toThrow(
      refusal('account-invalid', '--label cannot be both given and unset'),
    );
  });

  it('asks anew before an account becomes the default profile, and not where it is', () => {
    expect(() => edit({ awsProfile: 'default' })).toThrow(refusal('account-invalid', 'default'));
    const standard = makeAccount('default', fields, { allowDefault: true });
    expect(editAccount(standard, { fields: { label: 'x' }, unset: [] }, rules).awsProfile).toBe('default');
    const elsewhere = makeAccount('default', { ...fields, awsProfile: 'p' }, rules);
    expect(() => editAccount(elsewhere, { fields: {}, unset: ['awsProfile'] }, rules)).toThrow(
      refusal('account-invalid', 'default'),
    );
  });
});

describe('a live session', () => {
  const before = sampleAccount('dev');

  it.each(sessionVoidingFields)('is void when %s changes', (field) => {
    expect(voidsSession(before, { ...before, [field]: field === 'keys' ? ['/other.pem'] : 'other' })).toBe(
      true,
    );
  });

  it('is void when the order of keys changes', () => {
    const two = { ...before, keys: ['/a', '/b'] };
    expect(voidsSession(two, { ...two, keys: ['/b', '/a'] })).toBe(true);
  });

  it.each([
    { label: 'x' },
    { group: 'x' },
    { favourite: true },
    { sessionDuration: 900 },
    { roleSessionName: 'me' },
    { intermediates: '/i.pem' },
    { awsProfile: 'x' },
    { profileRegion: 'us-east-1' },
    { outlet: 'none' as const },
  ])('lives on when only %o changes', (change) => {
    expect(voidsSession(before, { ...before, ...change })).toBe(false);
  });
});

describe('what the door of a call refuses', () => {
  it.each<[object, string, string]>([
    [{ label: 'x'.repeat(4097) }, 'account-invalid', '--label must be at most 4096 characters long.'],
    [{ favourite: 'yes' }, 'account-invalid', 'favourite is missing or not of type boolean.'],
    [{ colour: 'red' }, 'account-invalid', 'The account has an unknown field "colour".'],
    [{ sessionDuration: 'x' }, 'duration-range', 'The session duration is out of range.'],
  ])('%j is told as the field would be', (given, code, message) => {
    const checked = accountFieldsSchema.safeParse(given);
    expect(checked.error && fieldRefusal(checked.error)).toMatchObject({ code, message });
  });
});
