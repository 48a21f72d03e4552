import { beforeEach, describe, expect, it } from 'vitest';
import { editAccount } from '../../../src/main/accounts/account-fields.ts';
import { replaceKeys, type ReplaceKeysOptions } from '../../../src/main/doctor/replace-keys.ts';
import { createConfigFile } from '../../../src/main/outlets/config-file.ts';
import { createCredentialsFile } from '../../../src/main/outlets/credentials-file.ts';
import { createOutlets, type Outlets } from '../../../src/main/outlets/outlets.ts';
import type { Files } from '../../../src/main/ports.ts';
import { AppError } from '../../../src/shared/errors.ts';
import type { Account } from '../../../src/shared/model.ts';
import { failureOf } from '../failure-of.ts';
import { MemoryFiles } from '../outlets/memory-files.ts';
import { account, cliPath, configPath, credentialsPath } from './facts.ts';

const time = Date.UTC(2026, 10, 24, 12, 30, 5);
const backup = '/home/u/.config/rolekey/replaced-keys/me-2026-11-24T123005Z.txt';
const config = '[profile me]\nregion = x\n';
const credentials =
  '[you]\naws_access_key_id = AKIAYOU\n[me]\naws_access_key_id = AKIAME\naws_secret_access_key = SECRETME\n# mine\n';
const section = '[profile me]\n# managed by rolekey: dev\n';

let files: MemoryFiles;
let stored: Account;

beforeEach(() => {
  files = new MemoryFiles({ [configPath]: config, [credentialsPath]: credentials });
  stored = account('dev');
});

function outletsOn(place: Files): Outlets {
  const common = { files: place, createdFiles: new Set<string>() };
  return createOutlets({
    credentialsFile: createCredentialsFile({ ...common, path: credentialsPath, configPath }),
    configFile: createConfigFile({ ...common, path: configPath, credentialsPath, cliPath }),
    mayAdopt: () => true,
    onTightened: () => undefined,
  });
}

const options = (some: Partial<ReplaceKeysOptions> = {}): ReplaceKeysOptions => ({
  account: () => stored,
  edit: async (input) => {
    const after = editAccount(stored, input, input);
    await outletsOn(files).settle(after, stored);
    stored = after;
  },
  outletsOn,
  files,
  clock: { now: () => time, sinceBoot: () => 0, after: () => () => undefined },
  configPath,
  credentialsPath,
  backupFolder: '/home/u/.config/rolekey/replaced-keys',
  ...some,
});
const replace = (some: Partial<ReplaceKeysOptions> = {}, input = {}) =>
  replaceKeys(options(some), { profile: 'me', account: 'dev', dryRun: false, ...input });

describe('putting an account in the place of keys', () => {
  it('shows both files as they will be, without a secret, and changes nothing', async () => {
    const { diff, backup: none } = await replace({}, { dryRun: true });
    expect(none).toBeNull();
    expect(diff).toContain('-aws_access_key_id = ********');
    expect(diff).toContain('-aws_secret_access_key = ********');
    expect(diff).toContain('+# managed by rolekey: dev');
    expect(diff).not.toMatch(/AKIAME|SECRETME/);
    expect(files.writes).toEqual([]);
    expect(stored.awsProfile).toBe('dev');
  });

  it('copies the sections to a private file, takes the keys out, and writes the account’s', async () => {
    expect((await replace()).backup).toBe(backup);
    expect(files.texts.get(backup)).toBe(
      `# From ${credentialsPath}, 2026-11-24T12:30:05Z, before rolekey took the keys out:\n[me]\naws_access_key_id = AKIAME\naws_secret_access_key = SECRETME\n# mine\n`,
    );
    expect(files.writes[0]).toMatchObject({ path: backup, options: { createMode: 0o600, tighten: true } });
    expect(files.texts.get(credentialsPath)).toBe('[you]\naws_access_key_id = AKIAYOU\n[me]\n# mine\n');
    expect(files.texts.get(configPath)).toContain(section);
    expect(files.texts.get(configPath)).toContain('region = x\n');
    expect(stored.awsProfile).toBe('me');
  });

  it('takes keys out of the config file as well', async () => {
    files.texts.set(configPath, `${config}aws_access_key_id = AKIACONF\n`);
    await replace();
    expect(files.texts.get(configPath)).not.toContain('AKIACONF');
    expect(files.texts.get(backup)).toContain('AKIACONF');
    expect(files.texts.get(backup)).toContain('AKIAME');
  });

  it('frees an account’s own profile of keys that stand before it', async () => {
    stored = account('dev', { awsProfile: 'me' });
    files.texts.set(
      configPath,
      `${section}credential_process = "${cliPath}" credential-process --account dev\n`,
    );
    const before = files.texts.get(configPath);
    await replace();
    expect(files.texts.get(configPath)).toBe(before);
    expect(files.texts.get(credentialsPath)).not.toContain('AKIAME');
  });

  it('puts everything back where the account cannot be put in', async () => {
    const edit = () => Promise.reject(new AppError('file-readonly'));
    expect((await failureOf(replace({ edit }))).code).toBe('file-readonly');
    expect(files.texts.get(credentialsPath)).toBe(credentials);
    expect(files.texts.get(configPath)).toBe(config);
  });

  it('says where the keys are when they cannot be put back', async () => {
    const edit = () => {
      files.texts.set(credentialsPath, '[new]\n');
      return Promise.reject(new AppError('file-readonly'));
    };
    const failure = await failureOf(replace({ edit }));
    expect(failure.remedy).toContain(backup);
    expect(files.texts.get(credentialsPath)).toBe('[new]\n');
  });

  it('takes nothing out where no copy can be made', async () => {
    const edit: Files['edit'] = (path, ...rest) =>
      path === backup ? Promise.reject(new AppError('disk-full')) : files.edit(path, ...rest);
    const read: Files['read'] = (path) => files.read(path);
    expect((await failureOf(replace({ files: { read, edit } }))).code).toBe('disk-full');
    expect(files.texts.get(credentialsPath)).toBe(credentials);
  });

  it('takes nothing out of a file that changed since it was copied', async () => {
    const changed = `${credentials}# new\n`;
    const edit: Files['edit'] = (path, ...rest) => {
      if (path === credentialsPath) files.texts.set(path, changed);
      return files.edit(path, ...rest);
    };
    const read: Files['read'] = (path) => files.read(path);
    expect((await failureOf(replace({ files: { read, edit } }))).code).toBe('file-busy');
    expect(files.texts.get(credentialsPath)).toBe(changed);
  });

  it.each([
    ['a profile without keys', { profile: 'none' }, {}, 'usage-invalid'],
    ['a name that no AWS profile can have', { profile: 'no such name' }, {}, 'account-invalid'],
    ['an account that serves no profile', {}, { outlet: 'none' }, 'account-invalid'],
  ] as const)('is refused for %s', async (_what, input, fields, code) => {
    stored = account('dev', fields);
    expect((await failureOf(replace({}, input))).code).toBe(code);
    expect(files.writes).toEqual([]);
  });

  it('is refused for the profile of another account', async () => {
    files.texts.set(configPath, '[profile me]\n# managed by rolekey: other\ncredential_process = x\n');
    expect((await failureOf(replace())).code).toBe('section-foreign');
    expect(files.writes).toEqual([]);
  });
});
