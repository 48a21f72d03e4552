import { describe, expect, it } from 'vitest';
import { judgeProfileKeys } from '../../../src/main/doctor/profile-keys.ts';
import { profilePlaces } from '../../../src/main/doctor/static-keys.ts';
import { configDialect, credentialsDialect } from '../../../src/main/outlets/dialects.ts';
import { account, configPath, credentialsPath, wrongs } from './facts.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const judged = (config: string, credentials: string, accounts = [account('dev')]) =>
  judgeProfileKeys({
    places: [
      ...profilePlaces(configPath, bytes(config), configDialect),
      ...profilePlaces(credentialsPath, bytes(credentials), credentialsDialect),
    ],
    accounts,
  });

const long = 'aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = s\n';
const short = 'aws_access_key_id = ASIAEXAMPLE\naws_secret_access_key = s\naws_session_token = t\n';
const process = 'credential_process = other\n';
const ours = '[profile dev]\n# managed by rolekey: dev\ncredential_process = x\n';

describe('keys of AWS profiles', () => {
  const rows: readonly (readonly [string, string, string, string[]])[] = [
    ['none at all', '', '', []],
    ['long-lived in credentials', '', `[me]\n${long}`, ['warning profile-keys me']],
    ['long-lived in config', `[profile me]\n${long}`, '', ['warning profile-keys me']],
    ['long-lived in [default]', `[default]\n${long}`, '', ['warning profile-keys default']],
    ['long-lived in both: told once', `[profile me]\n${long}`, `[me]\n${long}`, ['warning profile-keys me']],
    ['long-lived with : and capitals', '', '[me]\nAWS_Access_Key_Id: AKIAX\n', ['warning profile-keys me']],
    ['that end by themselves', '', `[me]\n${short}`, []],
    ['an AKIA key with a session token', '', `[me]\n${long}aws_session_token = t\n`, []],
    ['put out of effect', '', '[me]\n# aws_access_key_id = AKIAX\n; aws_access_key_id = AKIAX\n', []],
    ['that are Rolekey’s own', '', `[me]\n# managed by rolekey: me\n${short}`, []],
    ['in a section that is no profile', `[sso-session me]\n${long}`, '', []],
    ['before a command in config', `[profile me]\n${process}`, `[me]\n${short}`, ['warning profile-keys me']],
    ['and a command in one section', `[profile me]\n${short}${process}`, '', ['warning profile-keys me']],
    ['and a command in credentials', '', `[me]\n${process}${short}`, ['warning profile-keys me']],
    ['before Rolekey’s command', ours, `[dev]\n${short}`, ['problem profile-keys dev']],
    ['inside Rolekey’s section', `${ours}${long}`, '', ['problem profile-keys dev']],
    ['of another profile than the command’s', ours, `[me]\n${short}`, []],
  ];

  it.each(rows)('%s', (_what, config, credentials, expected) => {
    expect(wrongs(judged(config, credentials))).toEqual(expected);
  });

  it('say where they are, and how to replace them, without a letter of them', () => {
    const [finding] = judged('', `[x]\n\n[me]\n${long}`);
    expect(finding!.message).toContain(`${credentialsPath}, line 3`);
    expect(finding!.remedy).toContain('rolekey doctor --replace-keys me --account ID');
    expect(JSON.stringify(finding)).not.toContain('AKIA');
  });

  it('of a profile that an account has are to be replaced by that account', () => {
    expect(judged('', `[dev]\n${long}`)[0]!.remedy).toContain('--replace-keys dev --account dev.');
  });

  it('of a profile with an odd name are named as a shell takes it', () => {
    expect(judged('', `[it’s me]\n${long}`)[0]!.remedy).toContain("--replace-keys 'it’s me' ");
  });
});
