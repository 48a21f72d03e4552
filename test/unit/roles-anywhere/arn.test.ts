import { describe, expect, it } from 'vitest';
import {
  disagreements,
  isSessionOf,
  parseAssumedRoleArn,
  parseProfileArn,
  parseRoleArn,
  parseTrustAnchorArn,
} from '../../../src/main/roles-anywhere/arn.ts';
import { isAppError } from '../../../src/shared/errors.ts';

const id = '1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d';

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('role ARN', () => {
  it.each([
    ['arn:aws:iam::123456789012:role/Reader', '/', 'Reader'],
    ['arn:aws:iam::123456789012:role/team/a/Reader', '/team/a/', 'Reader'],
    ['arn:aws:iam::123456789012:role/r', '/', 'r'],
    ['arn:aws:iam::123456789012:role/A=b,c@d.e-f_g+h', '/', 'A=b,c@d.e-f_g+h'],
    ['arn:aws:iam::123456789012:role/p:q/!~=/Reader', '/p:q/!~=/', 'Reader'],
    [`arn:aws:iam::123456789012:role/${'n'.repeat(64)}`, '/', 'n'.repeat(64)],
    [`arn:aws:iam::123456789012:role/${'p'.repeat(510)}/n`, `/${'p'.repeat(510)}/`, 'n'],
    ['arn:aws-cn:iam::123456789012:role/Reader', '/', 'Reader'],
    ['arn:aws-us-gov:iam::000000000000:role/Reader', '/', 'Reader'],
    ['arn:aws-eusc:iam::123456789012:role/Reader', '/', 'Reader'],
  ])('takes %s', (text, path, name) => {
    const arn = parseRoleArn(text);
    expect([arn.path, arn.name]).toEqual([path, name]);
    expect(arn.text).toBe(text);
  });

  it.each([
    ['', 'six parts'],
    ['Reader', 'six parts'],
    ['arn:aws:iam::123456789012', 'six parts'],
    [' arn:aws:iam::123456789012:role/Reader', 'six parts'],
    ['arn:aws:iam::123456789012:role/Reader ', 'name'],
    ['arn:aws:iam::123456789012:role/Reader\n', 'name'],
    ['arn:aws:iam::123456789012:role/Re\nader', 'name'],
    ['arn:aws-mars:iam::123456789012:role/Reader', 'no partition “aws-mars”'],
    ['arn::iam::123456789012:role/Reader', 'no partition “”'],
    ['arn:aws:sts::123456789012:role/Reader', 'service is “sts”'],
    ['arn:aws:iam:eu-west-1:123456789012:role/Reader', 'no region'],
    ['arn:aws:iam::12345678901:role/Reader', 'not 12 digits'],
    ['arn:aws:iam::1234567890123:role/Reader', 'not 12 digits'],
    ['arn:aws:iam::12345678901a:role/Reader', 'not 12 digits'],
    ['arn:aws:iam:::role/Reader', 'not 12 digits'],
    ['arn:aws:iam::123456789012:user/Reader', 'names “user/Reader”, not role/'],
    ['arn:aws:iam::123456789012:role', 'names “role”, not role/'],
    ['arn:aws:iam::123456789012:role/', 'name'],
    ['arn:aws:iam::123456789012:role/team/', 'name'],
    ['arn:aws:iam::123456789012:role/Rea der', 'name'],
    ['arn:aws:iam::123456789012:role/Leser~', 'name'],
    ['arn:aws:iam::123456789012:role/Läser', 'name'],
    ['arn:aws:iam::123456789012:role/té/Reader', 'path'],
    ['arn:aws:iam::123456789012:role/a b/Reader', 'path'],
    [`arn:aws:iam::123456789012:role/${'n'.repeat(65)}`, 'name'],
    [`arn:aws:iam::123456789012:role/${'p'.repeat(511)}/n`, 'longer than 512'],
  ])('refuses %j', (text, why) => {
    const error = thrownBy(() => parseRoleArn(text));
    expect(isAppError(error, 'arn-malformed')).toBe(true);
    expect(String(error)).toContain('role ARN');
    expect(String(error)).toContain(why);
  });

  it('shows no control characters of a bad ARN', () => {
    expect(String(thrownBy(() => parseRoleArn('arn:aws:iam::1\u001b[31m2\u202e:role/x')))).not.toMatch(
      /[\u001b\u202e]/u,
    );
  });
});

describe('profile and trust anchor ARN', () => {
  it.each([
    ['aws', 'eu-west-2'],
    ['aws', 'ap-southeast-5'],
    ['aws', 'mx-central-1'],
    ['aws-cn', 'cn-north-1'],
    ['aws-us-gov', 'us-gov-west-1'],
    ['aws-iso', 'us-iso-east-1'],
    ['aws-iso-b', 'us-isob-east-1'],
    ['aws-iso-e', 'eu-isoe-west-1'],
    ['aws-iso-f', 'us-isof-south-1'],
    ['aws-eusc', 'eusc-de-east-1'],
  ])('takes partition %s with region %s', (partition, region) => {
    const start = `arn:${partition}:rolesanywhere:${region}:123456789012`;
    expect(parseProfileArn(`${start}:profile/${id}`)).toMatchObject({ region, id, account: '123456789012' });
    expect(parseTrustAnchorArn(`${start}:trust-anchor/${id}`).partition.id).toBe(partition);
  });

  it.each([
    ['aws', 'cn-north-1'],
    ['aws', 'us-gov-west-1'],
    ['aws', 'us-iso-east-1'],
    ['aws', 'eusc-de-east-1'],
    ['aws', 'fips-us-east-1'],
    ['aws', 'us-east-1-fips'],
    ['aws', 'us-east-1a'],
    ['aws', 'US-EAST-1'],
    ['aws', ''],
    ['aws-cn', 'us-east-1'],
    ['aws-us-gov', 'us-west-1'],
    ['aws-us-gov', 'us-gov-west-1-fips'],
    ['aws-iso', 'us-isob-east-1'],
    ['aws-iso-b', 'us-iso-east-1'],
    ['aws-iso-e', 'eu-west-1'],
    ['aws-eusc', 'eu-central-1'],
  ])('refuses partition %s with region %j', (partition, region) => {
    const error = thrownBy(() =>
      parseProfileArn(`arn:${partition}:rolesanywhere:${region}:123456789012:profile/${id}`),
    );
    expect(isAppError(error, 'arn-malformed')).toBe(true);
    expect(String(error)).toContain(`no region of partition ${partition}`);
  });

  it.each([
    [`profile/${id}/x`, 'no ID'],
    ['profile/', 'no ID'],
    ['profile', 'not profile/'],
    [`trust-anchor/${id}`, 'not profile/'],
    [`crl/${id}`, 'not profile/'],
    [`profiles/${id}`, 'not profile/'],
    [`profile/${id}\n`, 'no ID'],
  ])('refuses the resource %j as a profile', (resource, why) => {
    const error = thrownBy(() => parseProfileArn(`arn:aws:rolesanywhere:eu-west-2:123456789012:${resource}`));
    expect(isAppError(error, 'arn-malformed')).toBe(true);
    expect(String(error)).toContain(why);
  });

  it('says which of the three is malformed and what its form is', () => {
    const error = thrownBy(() => parseTrustAnchorArn('x'));
    expect(error).toMatchObject({
      message: 'The trust anchor ARN “x” is not valid: it has not the six parts of an ARN.',
      remedy: 'Its form is arn:PARTITION:rolesanywhere:REGION:ACCOUNT:trust-anchor/ID.',
    });
  });
});

describe('agreement', () => {
  const good = {
    roleArn: 'arn:aws:iam::123456789012:role/Reader',
    profileArn: `arn:aws:rolesanywhere:eu-west-2:123456789012:profile/${id}`,
    trustAnchorArn: `arn:aws:rolesanywhere:eu-west-2:123456789012:trust-anchor/${id}`,
  };
  const arnsOf = (fields: typeof good) => ({
    role: parseRoleArn(fields.roleArn),
    profile: parseProfileArn(fields.profileArn),
    trustAnchor: parseTrustAnchorArn(fields.trustAnchorArn),
  });

  it('finds nothing where all is of one partition, account and region', () => {
    expect(disagreements(arnsOf(good), 'eu-west-2')).toEqual([]);
  });

  it.each([
    [
      'the role’s account',
      { roleArn: 'arn:aws:iam::999999999999:role/Reader' },
      ['The role is of account 999999999999, the trust anchor of account 123456789012.'],
    ],
    [
      'the role’s partition',
      { roleArn: 'arn:aws-cn:iam::123456789012:role/Reader' },
      ['The role is of partition aws-cn, the trust anchor of partition aws.'],
    ],
    [
      'the profile’s account',
      { profileArn: `arn:aws:rolesanywhere:eu-west-2:999999999999:profile/${id}` },
      ['The profile is of account 999999999999, the trust anchor of account 123456789012.'],
    ],
    [
      'the profile’s region',
      { profileArn: `arn:aws:rolesanywhere:eu-west-1:123456789012:profile/${id}` },
      ['The profile is of region eu-west-1, the trust anchor of region eu-west-2.'],
    ],
    [
      'the profile’s partition',
      { profileArn: `arn:aws-cn:rolesanywhere:cn-north-1:123456789012:profile/${id}` },
      ['The profile is of partition aws-cn, the trust anchor of partition aws.'],
    ],
    [
      'the anchor’s account: both others differ from it',
      { trustAnchorArn: `arn:aws:rolesanywhere:eu-west-2:999999999999:trust-anchor/${id}` },
      [
        'The profile is of account 123456789012, the trust anchor of account 999999999999.',
        'The role is of account 123456789012, the trust anchor of account 999999999999.',
      ],
    ],
  ])('finds %s', (_, change, messages) => {
    const found = disagreements(arnsOf({ ...good, ...change }), 'eu-west-2');
    expect(found.map(({ message }) => message)).toEqual(messages);
    expect(new Set(found.map(({ code }) => code))).toEqual(new Set(['arn-mismatch']));
  });

  it('takes no region but the anchor’s', () => {
    expect(disagreements(arnsOf(good), 'eu-west-1')[0]).toMatchObject({
      code: 'arn-mismatch',
      message: 'The region is “eu-west-1”, the trust anchor is of eu-west-2.',
    });
  });

  it.each(['fips-eu-west-2', 'eu-west-2-fips'])('calls %s what it is', (region) => {
    expect(disagreements(arnsOf(good), region)[0]).toMatchObject({
      code: 'arn-mismatch',
      message: `“${region}” is the name of a FIPS endpoint, not a region.`,
    });
  });
});

describe('assumed role', () => {
  const role = parseRoleArn('arn:aws:iam::123456789012:role/team/Reader');

  it('is a session of its role, whose path STS leaves out', () => {
    const identity = parseAssumedRoleArn('arn:aws:sts::123456789012:assumed-role/Reader/laptop-1');
    expect(identity).toEqual({
      partition: 'aws',
      account: '123456789012',
      roleName: 'Reader',
      sessionName: 'laptop-1',
    });
    expect(isSessionOf(role, identity!)).toBe(true);
  });

  it.each([
    'arn:aws-cn:sts::123456789012:assumed-role/Reader/s1',
    'arn:aws:sts::999999999999:assumed-role/Reader/s1',
    'arn:aws:sts::123456789012:assumed-role/Writer/s1',
    'arn:aws:sts::123456789012:assumed-role/reader/s1',
  ])('%s is of another role', (text) => {
    expect(isSessionOf(role, parseAssumedRoleArn(text)!)).toBe(false);
  });

  it.each([
    '',
    'arn:aws:iam::123456789012:role/Reader',
    'arn:aws:sts::123456789012:assumed-role/Reader',
    'arn:aws:sts::123456789012:assumed-role/team/Reader/s1',
    'arn:aws:sts::123456789012:assumed-role/Reader/s1\n',
    'arn:aws:sts::123456789012:federated-user/x',
  ])('%j is none', (text) => {
    expect(parseAssumedRoleArn(text)).toBeNull();
  });
});
