/** When the AWS profile `default` would be taken before a container endpoint, and what hides it. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultInTheWay } from '../../../src/cli/default-profile.ts';

let home: string;
const credentials = () => join(home, '.aws', 'credentials');
const config = () => join(home, '.aws', 'config');

beforeEach(() => {
  home = fs.mkdtempSync(join(tmpdir(), 'rolekey-default-'));
  fs.mkdirSync(join(home, '.aws'));
});
afterEach(() => fs.rmSync(home, { recursive: true }));

describe('it is in the way', () => {
  it.each([
    ['keys', '[default]\naws_access_key_id = A\naws_secret_access_key = B\n'],
    ['a key alone', '[default]\naws_access_key_id=A'],
    ['a process', '[default]\ncredential_process = x\n'],
    ['a role', '[default]\nrole_arn = x\nsource_profile = y\n'],
    ['a source of the machine', '[default]\ncredential_source = Ec2InstanceMetadata\n'],
    ['SSO', '[default]\nsso_session = x\n'],
    ['SSO of old', '[default]\nsso_start_url = https://x\n'],
    ['a web identity', '[default]\nweb_identity_token_file = /x\n'],
    ['a login', '[default]\nlogin_session = x\n'],
    ['a name as of other profiles', '[profile default]\naws_access_key_id = A\n'],
    ['quotes', '[profile "default"]\naws_access_key_id = A\n'],
    ['blanks', ' [ default ] # mine\n  aws_access_key_id : A\n'],
    ['CRLF', '[default]\r\nregion = x\r\naws_access_key_id = A\r\n'],
    ['CR alone', '[default]\rregion = x\raws_access_key_id = A\r'],
    ['a byte order mark', '\uFEFF[default]\naws_access_key_id = A\n'],
    ['a second section', '[default]\nregion = x\n[other]\nx = y\n[default]\naws_access_key_id = A\n'],
    ['keys in capitals', '[default]\nAWS_ACCESS_KEY_ID = A\n'],
  ])('with %s', (_, text) => {
    for (const path of [credentials(), config()]) {
      fs.writeFileSync(path, text);
      expect(defaultInTheWay({}, home)?.paths).toEqual([path]);
      fs.rmSync(path);
    }
  });

  it('in a file that is named by the environment, however that is written', () => {
    fs.writeFileSync(join(home, 'mine'), '[default]\naws_access_key_id = A\n');
    for (const name of [join(home, 'mine'), '~/mine']) {
      const inTheWay = defaultInTheWay({ AWS_SHARED_CREDENTIALS_FILE: name }, home);
      expect(inTheWay?.variables).toEqual({ AWS_SHARED_CREDENTIALS_FILE: '/dev/null' });
    }
    expect(defaultInTheWay({ AWS_SHARED_CREDENTIALS_FILE: '' }, home)).toBeNull();
  });
});

describe('it is not', () => {
  it.each([
    ['there are no files', null],
    ['there is nothing in them', ''],
    ['it has settings alone', '[default]\nregion = eu-west-1\noutput = json\n'],
    ['another profile has keys', '[default]\nregion = x\n[work]\naws_access_key_id = A\n'],
    ['one whose name begins so', '[default-2]\naws_access_key_id = A\n[profile defaults]\nrole_arn = x\n'],
    ['it is no section', '# [default]\naws_access_key_id = A\n'],
    ['its keys are comments', '[default]\n# aws_access_key_id = A\n;role_arn = x\n'],
  ])('where %s', (_, text) => {
    if (text !== null) for (const path of [credentials(), config()]) fs.writeFileSync(path, text);
    expect(defaultInTheWay({}, home)).toBeNull();
  });

  it('where the file is a folder or cannot be read', () => {
    fs.mkdirSync(credentials());
    fs.symlinkSync(config(), config());
    expect(defaultInTheWay({}, home)).toBeNull();
  });
});

describe('what hides it', () => {
  const both = () => {
    fs.writeFileSync(credentials(), '[default]\naws_access_key_id = A\n');
    fs.writeFileSync(config(), '[default]\nregion = eu-north-1\nrole_arn = x\n');
  };

  it('is the file alone that has it', () => {
    fs.writeFileSync(credentials(), '[default]\naws_access_key_id = A\n');
    fs.writeFileSync(config(), '[default]\nregion = eu-north-1\n');
    expect(defaultInTheWay({}, home)?.variables).toEqual({ AWS_SHARED_CREDENTIALS_FILE: '/dev/null' });
  });

  it('keeps the region the profile had', () => {
    both();
    expect(defaultInTheWay({}, home)).toEqual({
      paths: [credentials(), config()],
      variables: {
        AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
        AWS_CONFIG_FILE: '/dev/null',
        AWS_REGION: 'eu-north-1',
      },
    });
  });

  it.each(['AWS_REGION', 'AWS_DEFAULT_REGION'])('leaves %s as it is set', (name) => {
    both();
    expect(defaultInTheWay({ [name]: 'us-east-1' }, home)?.variables).not.toHaveProperty('AWS_REGION');
  });
});
