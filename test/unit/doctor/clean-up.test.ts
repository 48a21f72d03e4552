import { beforeEach, describe, expect, it } from 'vitest';
import { cleanUp } from '../../../src/main/doctor/clean-up.ts';
import { createConfigFile } from '../../../src/main/outlets/config-file.ts';
import { createCredentialsFile } from '../../../src/main/outlets/credentials-file.ts';
import { AppError } from '../../../src/shared/errors.ts';
import type { Account } from '../../../src/shared/model.ts';
import { MemoryFiles } from '../outlets/memory-files.ts';
import { account, cliPath, configPath, credentialsPath } from './facts.ts';

let files: MemoryFiles;
let created: Set<string>;
let unemptied: Set<string>;
let disconnected: string[];
let accounts: Account[];

let forgotten: number;
let keyringFailure: AppError | null;

beforeEach(() => {
  forgotten = 0;
  keyringFailure = null;
  files = new MemoryFiles();
  created = new Set();
  unemptied = new Set();
  disconnected = [];
  accounts = [];
});

const outlets = () => ({
  config: createConfigFile({
    files,
    createdFiles: created,
    path: configPath,
    credentialsPath,
    cliPath,
  }),
  credentials: createCredentialsFile({ files, createdFiles: created, path: credentialsPath, configPath }),
});
const clean = () =>
  cleanUp({
    ...outlets(),
    accounts: () => accounts,
    disconnect: async (ids) => {
      disconnected.push(...ids);
    },
    files,
    configPath,
    credentialsPath,
    unemptied: { list: () => [...unemptied], delete: (id) => void unemptied.delete(id) },
    forgetRemembered: async () => {
      forgotten += 1;
      if (keyringFailure !== null) throw keyringFailure;
    },
  });
const credentials = { accessKeyId: 'A', secretAccessKey: 'S', sessionToken: 'T', expiration: 'E' };

describe('cleaning up', () => {
  it('gives both files back as they were, byte for byte, and names each section', async () => {
    const foreign = {
      [configPath]:
        '\ufeff# mine\r\n[default]\r\nregion = x\r\n[profile adopted]\r\nregion=y\r\ncredential_process = old',
      [credentialsPath]: '[mine]\naws_access_key_id = AKIAMINE\n\n\n# end',
    };
    files = new MemoryFiles(foreign);
    accounts = [
      account('dev', { profileRegion: 'eu-west-1' }),
      account('file', { outlet: 'credentials-file' }),
    ];
    const { config, credentials: keys } = outlets();
    await config.put([
      { accountId: 'dev', profile: 'dev', profileRegion: 'eu-west-1' },
      { accountId: 'gone', profile: 'gone', profileRegion: null },
      { accountId: 'taker', profile: 'adopted', profileRegion: null, adopt: true },
    ]);
    await keys.put([
      { accountId: 'file', profile: 'file', credentials },
      { accountId: 'lost', profile: 'lost', credentials },
    ]);
    unemptied.add('file');
    expect(await clean()).toEqual({
      removed: [
        `${configPath} [profile adopted]`,
        `${configPath} [profile dev]`,
        `${configPath} [profile gone]`,
        `${credentialsPath} [file]`,
        `${credentialsPath} [lost]`,
      ],
      failed: [],
    });
    expect(Object.fromEntries(files.texts)).toEqual(foreign);
    expect(disconnected).toEqual(['dev', 'file']);
    expect(unemptied.size).toBe(0);
  });

  it('deletes files it made, and says so; twice does nothing more', async () => {
    await outlets().config.put([{ accountId: 'dev', profile: 'dev', profileRegion: null }]);
    expect((await clean()).removed).toEqual([`${configPath} [profile dev]`, configPath]);
    expect(files.texts.size).toBe(0);
    const writes = files.writes.length;
    expect(await clean()).toEqual({ removed: [], failed: [] });
    expect(files.writes).toHaveLength(writes);
  });

  it('takes remembered PINs out of the keyring, and goes on where one stays', async () => {
    await outlets().config.put([{ accountId: 'dev', profile: 'dev', profileRegion: null }]);
    keyringFailure = new AppError('keyring-locked');
    const { removed, failed } = await clean();
    expect(removed).toEqual([`${configPath} [profile dev]`, configPath]);
    expect(failed).toMatchObject([{ subject: 'keyring', error: { code: 'keyring-locked' } }]);
    expect(forgotten).toBe(1);
  });

  it('names what the disconnect took away', async () => {
    await outlets().credentials.put([{ accountId: 'file', profile: 'file', credentials }]);
    const result = await cleanUp({
      ...outlets(),
      accounts: () => [account('file', { outlet: 'credentials-file' })],
      disconnect: async () => {
        await outlets().credentials.remove(['file']);
      },
      files,
      configPath,
      credentialsPath,
      unemptied: { list: () => [], delete: () => undefined },
      forgetRemembered: async () => undefined,
    });
    expect(result.removed).toEqual([`${credentialsPath} [file]`, credentialsPath]);
  });

  it('leaves files without a section of Rolekey’s alone, permissions too', async () => {
    files = new MemoryFiles({ [configPath]: '[a]\n', [credentialsPath]: '[b]\n' });
    expect(await clean()).toEqual({ removed: [], failed: [] });
    expect(files.writes).toEqual([]);
  });

  it('keeps the region of an account that is gone: nobody knows whose it is', async () => {
    await outlets().config.put([{ accountId: 'gone', profile: 'gone', profileRegion: 'eu-west-1' }]);
    expect((await clean()).failed).toEqual([]);
    expect(files.texts.get(configPath)).toBe('[profile gone]\nregion = eu-west-1\n');
  });

  it('says of a file that cannot be written that it stays, and cleans the other', async () => {
    await outlets().config.put([{ accountId: 'dev', profile: 'dev', profileRegion: null }]);
    await outlets().credentials.put([{ accountId: 'file', profile: 'file', credentials }]);
    const before = files.texts.get(configPath);
    const writable = files.edit.bind(files);
    files.edit = (path, ...rest) =>
      path === configPath ? Promise.reject(new AppError('file-readonly')) : writable(path, ...rest);
    const { removed, failed } = await clean();
    expect(removed).toEqual([`${credentialsPath} [file]`, credentialsPath]);
    expect(failed).toMatchObject([{ subject: configPath, error: { code: 'file-readonly' } }]);
    expect(files.texts.get(configPath)).toBe(before);
  });

  it('cleans one file where the other is damaged, and says which', async () => {
    await outlets().credentials.put([{ accountId: 'file', profile: 'file', credentials }]);
    const damaged = '[profile x]\n# managed by rolekey\n';
    files.texts.set(configPath, damaged);
    const { removed, failed } = await clean();
    expect(removed).toEqual([`${credentialsPath} [file]`, credentialsPath]);
    expect(failed).toMatchObject([{ subject: configPath, error: { code: 'marker-damaged' } }]);
    expect(files.texts.get(configPath)).toBe(damaged);
  });
});
