import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAccountConfig } from '../../../support/roles-anywhere/account-config.ts';

const directory = mkdtempSync(join(tmpdir(), 'rolekey-account-'));
const at = (name: string): string => join(directory, name);
const vectorKeys = join(import.meta.dirname, '../../../vectors/peer-derived/keys');
const root = join(vectorKeys, 'root.pem');

const anchorArn = 'arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/a';
const profileArn = 'arn:aws:rolesanywhere:eu-west-1:123456789012:profile/p';
const roleArn = 'arn:aws:iam::123456789012:role/r';
const good = {
  trustAnchors: [{ arn: anchorArn }],
  profiles: [{ arn: profileArn, roleArns: [roleArn] }],
  roles: [{ arn: roleArn }],
};

beforeAll(() => {
  writeFileSync(at('not-a-crl.pem'), 'x');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function read(config: unknown, trustAnchor: string | null = root) {
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  writeFileSync(at('account.json'), text);
  return readAccountConfig(at('account.json'), trustAnchor);
}

describe('a configuration', () => {
  it('has AWS’s defaults', () => {
    const account = read(good);
    expect(account.trustAnchor(anchorArn)).toMatchObject({ enabled: true, crls: [] });
    expect(account.profile(profileArn)).toMatchObject({
      enabled: true,
      durationSeconds: 3600,
      acceptRoleSessionName: false,
    });
    expect(account.profile(profileArn)!.allows(roleArn)).toBe(true);
    expect(account.profile(profileArn)!.allows(`${roleArn}2`)).toBe(false);
    expect(account.role(roleArn)).toEqual({ maxSessionDuration: 3600, condition: {} });
  });

  it('knows nothing else', () => {
    const account = read(good);
    expect(account.trustAnchor(`${anchorArn}b`)).toBeUndefined();
    expect(account.profile(`${profileArn}b`)).toBeUndefined();
    expect(account.role(`${roleArn}b`)).toBeUndefined();
  });

  it('takes every member', () => {
    const account = read(
      {
        trustAnchors: [{ arn: anchorArn, certificateFile: root, enabled: false, crls: [] }],
        profiles: [
          {
            arn: profileArn,
            roleArns: [],
            durationSeconds: 900,
            acceptRoleSessionName: true,
            enabled: false,
          },
        ],
        roles: [{ arn: roleArn, maxSessionDuration: 43_200, condition: { 'x509Subject/CN': ['a'] } }],
      },
      null,
    );
    expect(account.trustAnchor(anchorArn)).toMatchObject({ enabled: false });
    expect(account.profile(profileArn)).toMatchObject({
      durationSeconds: 900,
      acceptRoleSessionName: true,
      enabled: false,
    });
    expect(account.role(roleArn)).toMatchObject({
      maxSessionDuration: 43_200,
      condition: { 'x509Subject/CN': ['a'] },
    });
  });

  it('does not read a list that is not enabled', () => {
    const [anchor] = good.trustAnchors;
    const crls = [{ file: 'missing.pem', enabled: false }];
    expect(read({ ...good, trustAnchors: [{ ...anchor, crls }] }).trustAnchor(anchorArn)!.crls).toEqual([]);
  });

  const [anchor] = good.trustAnchors;
  const [profile] = good.profiles;
  it.each([
    ['no JSON', '{', /JSON/],
    ['a missing member', { ...good, roles: undefined }, /roles/],
    ['an unknown member', { ...good, extra: 1 }, /extra/],
    ['an unknown member inside', { ...good, roles: [{ arn: roleArn, max: 1 }] }, /max/],
    [
      'an ARN of another kind',
      { ...good, roles: [{ arn: profileArn }] },
      /not the ARN of a role[\s\S]*roles\[0\]\.arn/,
    ],
    [
      'an ARN twice',
      { ...good, roles: [{ arn: roleArn }, { arn: roleArn }] },
      /an ARN occurs twice[\s\S]*roles/,
    ],
    ['a short duration', { ...good, profiles: [{ ...profile, durationSeconds: 899 }] }, /durationSeconds/],
    [
      'a short maximum',
      { ...good, roles: [{ arn: roleArn, maxSessionDuration: 900 }] },
      /maxSessionDuration/,
    ],
    ['251 roles', { ...good, profiles: [{ ...profile, roleArns: Array(251).fill(roleArn) }] }, /250/],
    ['three lists', { ...good, trustAnchors: [{ ...anchor, crls: Array(3).fill({ file: 'x' }) }] }, /2 CRLs/],
    [
      'a bad condition',
      { ...good, roles: [{ arn: roleArn, condition: { CN: ['x'] } }] },
      /Invalid key[\s\S]*roles\[0\].condition.CN/,
    ],
    [
      'a missing file',
      { ...good, trustAnchors: [{ ...anchor, certificateFile: 'none.pem' }] },
      /ENOENT.*none\.pem/,
    ],
    [
      'a list that is none',
      { ...good, trustAnchors: [{ ...anchor, crls: [{ file: 'not-a-crl.pem' }] }] },
      /X509 CRL/,
    ],
    [
      'a device’s certificate for an anchor',
      { ...good, trustAnchors: [{ ...anchor, certificateFile: join(vectorKeys, 'p256.pem') }] },
      /Incorrect basic constraints for CA certificate/,
    ],
  ])('with %s is refused, by the name of the file', (_, config, text) => {
    expect(() => read(config)).toThrow(text);
    expect(() => read(config)).toThrow(at('account.json'));
  });

  it('without any certificate for an anchor is refused', () => {
    expect(() => read(good, null)).toThrow('has no certificateFile, and --trust-anchor is not given');
  });
});
