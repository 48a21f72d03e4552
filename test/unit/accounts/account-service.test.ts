import { describe, expect, it } from 'vitest';
import { AccountService } from '../../../src/main/accounts/account-service.ts';
import { createAccountStore } from '../../../src/main/accounts/account-store.ts';
import type { Settings } from '../../../src/main/accounts/settings.ts';
import { createConfigFile } from '../../../src/main/outlets/config-file.ts';
import { createCredentialsFile } from '../../../src/main/outlets/credentials-file.ts';
import { createOutlets } from '../../../src/main/outlets/outlets.ts';
import type { EditOptions, EditResult } from '../../../src/main/ports.ts';
import { calls, type AccountFields } from '../../../src/shared/api.ts';
import { AppError } from '../../../src/shared/errors.ts';
import { FakeSettingsFile } from '../../support/fakes/settings-file.ts';
import { MemoryFiles } from '../outlets/memory-files.ts';
import { fields, keyUri, profileArn, roleArn, trustAnchorArn } from './sample.ts';

const configPath = '/home/user/.aws/config';
const credentialsPath = '/home/user/.aws/credentials';
const cliPath = '/opt/rolekey/bin/rolekey';

/** Files of which some cannot be written. */
class FailingFiles extends MemoryFiles {
  readonly failures = new Map<string, AppError>();

  override async edit(
    path: string,
    change: (before: Uint8Array | null) => Uint8Array | null,
    options: EditOptions,
  ): Promise<EditResult> {
    const failure = this.failures.get(path);
    if (failure !== undefined) throw failure;
    return super.edit(path, change, options);
  }
}

/** Accounts, AWS files in memory, and sessions that remember what they are told. */
function open(texts: Readonly<Record<string, string>> = {}, rolesAnywhereUrl: string | null = null) {
  const settingsFile = new FakeSettingsFile<Settings>();
  const store = createAccountStore(settingsFile);
  const files = new FailingFiles(texts);
  const shared = { files, createdFiles: store.createdFiles };
  const outlets = createOutlets({
    credentialsFile: createCredentialsFile({ ...shared, path: credentialsPath, configPath }),
    configFile: createConfigFile({ ...shared, path: configPath, credentialsPath, cliPath }),
    mayAdopt: store.adoptions.has,
    onTightened: () => undefined,
  });
  const connected = new Set<string>();
  const told: string[] = [];
  const changes = { count: 0 };
  const live = {
    credentials: { accessKeyId: 'ASIA1', secretAccessKey: 'S', sessionToken: 'T' },
    expiresAt: Date.UTC(2026, 3, 14, 10, 0, 0),
  };
  const service = new AccountService({
    store,
    outlets,
    sessions: {
      isConnected: (id) => connected.has(id),
      disconnect: async (ids) => {
        told.push(`disconnect ${ids.join()}`);
        for (const id of ids) {
          if (connected.delete(id)) await outlets.withdraw(store.get(id));
        }
      },
      republish: async (id) => {
        told.push(`republish ${id}`);
        if (connected.has(id)) await outlets.publish(store.get(id), live);
      },
      forget: (id) => told.push(`forget ${id}`),
    },
    onChange: () => (changes.count += 1),
    environment: { rolesAnywhereUrl, useFips: false, useDualstack: false },
    files,
    configPath,
    credentialsPath,
    refuseUnconfirmed: async (path) => {
      told.push(`module ${path}`);
      if (path !== '/confirmed.so') throw new AppError('module-unconfirmed');
    },
    importContext: { home: '/home/user', windows: false, isBuiltInModule: () => true },
  });

  const options = { adopt: false, allowDefault: false, dryRun: false };
  return {
    settingsFile,
    store,
    files,
    connected,
    told,
    changes,
    service,
    config: () => files.texts.get(configPath) ?? null,
    credentials: () => files.texts.get(credentialsPath) ?? null,
    ids: () => store.list().map(({ id }) => id),
    add: (id: string, more: AccountFields = {}, change: Partial<typeof options> = {}) =>
      service.add({ id, fields: { ...fields, ...more }, ...options, ...change }),
    edit: (id: string, changed: AccountFields, change: Partial<typeof options> = {}) =>
      service.edit({ id, fields: changed, unset: [], ...options, ...change }),
    connect: async (id: string) => {
      connected.add(id);
      await outlets.publish(store.get(id), live);
    },
  };
}

const section = (profile: string, id: string): string =>
  `[profile ${profile}]\n# managed by rolekey: ${id}\ncredential_process = "${cliPath}" credential-process --account ${id}\n`;

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'nothing thrown',
    (error: unknown) => {
      if (error instanceof AppError) return error.code;
      throw error;
    },
  );
}

describe('the list', () => {
  it('is all there are, or those named, in the order asked for', async () => {
    const { service, add } = open();
    await add('a');
    await add('b');
    expect(service.list(undefined).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(service.list(['b', 'a']).map(({ id }) => id)).toEqual(['b', 'a']);
    expect(() => service.list(['a', 'x'])).toThrow(AppError);
  });
});

describe('the endpoints', () => {
  it('are those of accounts that have one from themselves, else from the environment', async () => {
    const plain = open();
    await plain.add('own', { endpoint: 'https://own.example' });
    await plain.add('other');
    expect(plain.service.endpoints(plain.service.list(undefined))).toEqual({ own: 'https://own.example' });
    const { add, service } = open({}, 'https://environment.example');
    await add('own', { endpoint: 'https://own.example' });
    await add('other');
    expect(service.endpoints(service.list(undefined))).toEqual({
      own: 'https://own.example',
      other: 'https://environment.example',
    });
  });
});

describe('a module that a URI names', () => {
  const withModule = (path: string) => ({ keys: [`pkcs11:id=%01?module-path=${path}`] });

  it('must be confirmed before an account may have it', async () => {
    const { add, edit, ids, told, config } = open();
    for (const dryRun of [true, false]) {
      expect(await codeOf(add('a', withModule('/own.so'), { dryRun }))).toBe('module-unconfirmed');
    }
    expect(await codeOf(add('a', { certificate: 'pkcs11:?module-path=/own.so' }))).toBe('module-unconfirmed');
    expect([ids(), config()]).toEqual([[], null]);
    await add('b', withModule('/confirmed.so'));
    expect(await codeOf(edit('b', withModule('/own.so')))).toBe('module-unconfirmed');
    expect(told).toEqual([
      ...Array<string>(3).fill('module /own.so'),
      'module /confirmed.so',
      'module /own.so',
    ]);
  });

  it('is not asked about again where the account has it already', async () => {
    const { add, edit, told } = open();
    await add('a', withModule('/confirmed.so'));
    await edit('a', { ...withModule('/confirmed.so'), label: 'Other' });
    expect(told).toEqual(['module /confirmed.so']);
  });
});

describe('add', () => {
  it('remembers the account and writes its profile', async () => {
    const { add, ids, config, credentials } = open();
    const { account, diff, warnings } = await add('dev', { awsProfile: 'work' });
    expect(account).toMatchObject({ id: 'dev', label: 'dev', awsProfile: 'work', region: 'eu-west-2' });
    expect([diff, warnings]).toEqual([null, []]);
    expect(ids()).toEqual(['dev']);
    expect([config(), credentials()]).toEqual([section('work', 'dev'), null]);
  });

  it.each(['credentials-file', 'container-endpoint', 'none'] as const)(
    'writes no file for %s',
    async (outlet) => {
      const { add, ids, files } = open();
      await add('dev', { outlet });
      expect(ids()).toEqual(['dev']);
      expect(files.texts.size).toBe(0);
    },
  );

  it('to look at changes nothing, and shows what it would', async () => {
    const { add, ids, files, settingsFile } = open({ [configPath]: '[default]\nregion = x\n' });
    const { account, diff } = await add('dev', {}, { dryRun: true });
    expect(account.id).toBe('dev');
    expect(diff).toContain(`+# managed by rolekey: dev\n`);
    expect(diff).toContain(configPath);
    expect([ids(), files.writes, settingsFile.writes]).toEqual([[], [], 0]);
  });

  it('warns of what may be wrong', async () => {
    const { add } = open();
    const odd = 'arn:aws:rolesanywhere:eu-west-2:111122223333:profile/abc';
    expect((await add('dev', { profileArn: odd })).warnings).toMatchObject([{ code: 'arn-unusual' }]);
  });

  it.each([
    ['container-endpoint', null, []],
    ['container-endpoint', 'eu-west-1', ['region-not-written']],
    ['credentials-file', 'eu-west-1', ['region-not-written']],
    ['credentials-file', null, []],
    ['credential-process', 'eu-west-1', []],
    ['none', 'eu-west-1', ['region-not-written']],
  ] as const)('with outlet %s and region %s warns: %j', async (outlet, profileRegion, codes) => {
    const { add } = open();
    const { warnings } = await add('dev', { outlet, profileRegion });
    expect(warnings.map(({ code }) => code)).toEqual(codes);
  });

  it.each<[string, AccountFields, string]>([
    ['a role that is none', { roleArn: 'x' }, 'arn-malformed'],
    ['ARNs of two accounts', { roleArn: 'arn:aws:iam::999999999999:role/R' }, 'arn-mismatch'],
    ['a duration', { sessionDuration: 60 }, 'duration-range'],
    ['an endpoint', { endpoint: 'http://example.org' }, 'endpoint-insecure'],
    ['a key', { keys: [] }, 'account-invalid'],
    ['a profile', { awsProfile: '-x' }, 'account-invalid'],
  ])('refuses %s', async (_, more, code) => {
    const { add, ids, files } = open();
    expect(await codeOf(add('dev', more))).toBe(code);
    expect([ids(), files.writes]).toEqual([[], []]);
  });

  it.each<[string, string, AccountFields]>([
    ['an ID', 'dev', { awsProfile: 'other' }],
    ['an AWS profile', 'other', { awsProfile: 'dev' }],
  ])('refuses %s that is taken, also when it is only looked at', async (_, id, more) => {
    const { add, ids } = open();
    await add('dev');
    expect(await codeOf(add(id, more))).toBe('account-exists');
    expect(await codeOf(add(id, more, { dryRun: true }))).toBe('account-exists');
    expect(ids()).toEqual(['dev']);
  });

  it('refuses a section that is not ours, and takes it over where that is allowed', async () => {
    const foreign = '[profile dev]\nregion = eu-west-1\n';
    const { add, ids, config } = open({ [configPath]: foreign });
    expect(await codeOf(add('dev'))).toBe('section-foreign');
    expect([ids(), config()]).toEqual([[], foreign]);
    await add('dev', {}, { adopt: true });
    expect(ids()).toEqual(['dev']);
    expect(config()).toContain('# managed by rolekey: dev');
  });

  it('refuses a section in the credentials file that is not ours, before anything is remembered', async () => {
    const foreign = '[dev]\naws_access_key_id = AKIA\n';
    const { add, ids, credentials } = open({ [credentialsPath]: foreign });
    expect(await codeOf(add('dev', { outlet: 'credentials-file' }))).toBe('section-foreign');
    expect([ids(), credentials()]).toEqual([[], foreign]);
  });

  it('is forgotten where its profile cannot be written', async () => {
    const { add, ids, files } = open();
    files.failures.set(configPath, new AppError('file-readonly'));
    expect(await codeOf(add('dev'))).toBe('file-readonly');
    expect(ids()).toEqual([]);
  });

  it('writes no profile where it cannot be remembered', async () => {
    const { add, config, settingsFile } = open();
    settingsFile.writeFailure = new AppError('disk-full');
    expect(await codeOf(add('dev'))).toBe('disk-full');
    expect(config()).toBeNull();
  });
});

describe('edit', () => {
  it('changes what was given and nothing else', async () => {
    const { add, edit, told, config } = open();
    await add('dev');
    const before = config();
    const { account, disconnected } = await edit('dev', { label: 'Development' });
    expect(account.label).toBe('Development');
    expect([disconnected, told, config()]).toEqual([false, [], before]);
  });

  it('of an unknown account changes nothing', async () => {
    const { edit } = open();
    expect(await codeOf(edit('x', { label: 'L' }))).toBe('account-unknown');
  });

  it('moves the section of the config file to another profile', async () => {
    const { add, edit, config } = open();
    await add('dev');
    await edit('dev', { awsProfile: 'work' });
    expect(config()).toBe(section('work', 'dev'));
  });

  it('takes the section away with the outlet, and the file it created', async () => {
    const { add, edit, config } = open();
    await add('dev');
    await edit('dev', { outlet: 'none' });
    expect(config()).toBeNull();
  });

  it('to look at changes nothing, says what it would, and drops no session', async () => {
    const { add, edit, connect, connected, config, store, told } = open();
    await add('dev');
    await connect('dev');
    const before = config();
    const { diff, disconnected } = await edit(
      'dev',
      { awsProfile: 'work', roleArn: 'arn:aws:iam::111122223333:role/Other' },
      { dryRun: true },
    );
    expect(diff).toContain('+[profile work]');
    expect([config(), store.get('dev').awsProfile, told]).toEqual([before, 'dev', []]);
    expect(connected.has('dev')).toBe(true);
    expect(disconnected).toBe(false); // who is told so says that the session was dropped
  });

  describe('of a connected account', () => {
    it.each<[string, AccountFields]>([
      ['its role', { roleArn: 'arn:aws:iam::111122223333:role/Other' }],
      ['its profile', { profileArn: profileArn.replace('3f1c', '0000') }],
      ['its anchor', { trustAnchorArn: trustAnchorArn.replace('8b7d', '0000') }],
      ['its key', { keys: ['pkcs11:token=Other'] }],
      ['its endpoint', { endpoint: 'https://example.org' }],
    ])('drops the session where %s changes', async (_, changed) => {
      const { add, edit, connect, credentials, connected } = open();
      await add('dev', { outlet: 'credentials-file' });
      await connect('dev');
      expect((await edit('dev', changed)).disconnected).toBe(true);
      expect(connected.has('dev')).toBe(false);
      expect(credentials()).toBeNull();
    });

    it.each<[string, AccountFields]>([
      ['its label', { label: 'L' }],
      ['its duration', { sessionDuration: 900 }],
      ['its group', { group: 'G' }],
      ['the same role again', { roleArn }],
      ['the same key again', { keys: [keyUri] }],
    ])('keeps the session where %s changes', async (_, changed) => {
      const { add, edit, connect, credentials } = open();
      await add('dev', { outlet: 'credentials-file' });
      await connect('dev');
      const before = credentials();
      expect((await edit('dev', changed)).disconnected).toBe(false);
      expect(credentials()).toBe(before);
    });

    it('hands what is served to another outlet', async () => {
      const { add, edit, connect, credentials, config } = open();
      await add('dev');
      await connect('dev');
      await edit('dev', { outlet: 'credentials-file' });
      expect(config()).toBeNull();
      expect(credentials()).toContain('aws_access_key_id = ASIA1');
      await edit('dev', { outlet: 'credential-process' });
      expect(credentials()).toBeNull();
      expect(config()).toBe(section('dev', 'dev'));
    });

    it('hands what is served to another profile', async () => {
      const { add, edit, connect, credentials } = open();
      await add('dev', { outlet: 'credentials-file' });
      await connect('dev');
      await edit('dev', { awsProfile: 'work' });
      expect(credentials()).toMatch(/^\[work\]\n# managed by rolekey: dev\n/);
      expect(credentials()).not.toContain('[dev]');
    });
  });

  it('to look at shows both files where the outlet moves, and no secret', async () => {
    const { add, edit, connect, config, credentials } = open();
    await add('dev');
    await connect('dev');
    const { diff } = await edit('dev', { outlet: 'credentials-file' }, { dryRun: true });
    expect(diff).toContain('-[profile dev]\n');
    expect(diff).toContain('+[dev]\n');
    expect([config(), credentials()]).toEqual([section('dev', 'dev'), null]);
    await edit('dev', { outlet: 'credentials-file' });
    const back = await edit('dev', { outlet: 'credential-process' }, { dryRun: true });
    expect(back.diff).toContain('-[dev]\n');
    expect(back.diff).toContain('+[profile dev]\n');
    expect(back.diff).not.toContain('ASIA1');
  });

  it('asks no second time for a section that was adopted and is the user’s while nothing is connected', async () => {
    const foreign = '[dev]\nregion = eu-west-1\naws_access_key_id = AKIA\n';
    const { add, edit, connect, service, connected, credentials } = open({ [credentialsPath]: foreign });
    await add('dev', { outlet: 'credentials-file' }, { adopt: true });
    expect((await edit('dev', { label: 'L' })).account.label).toBe('L');
    await connect('dev');
    expect(credentials()).toContain('aws_access_key_id = ASIA1');
    expect((await edit('dev', { group: 'G' })).account.group).toBe('G');
    expect(connected.has('dev')).toBe(true);
    await service.remove(['dev']);
    expect(credentials()).toBe(foreign);
  });

  it('asks anew for a section of another name', async () => {
    const { add, edit } = open({ [credentialsPath]: '[dev]\na = b\n[work]\na = b\n' });
    await add('dev', { outlet: 'credentials-file' }, { adopt: true });
    expect(await codeOf(edit('dev', { awsProfile: 'work' }))).toBe('section-foreign');
    expect((await edit('dev', { awsProfile: 'work' }, { adopt: true })).account.awsProfile).toBe('work');
  });

  it('at the same time as another: both count', async () => {
    const { add, edit, store } = open();
    await add('dev');
    await Promise.all([edit('dev', { label: 'Development' }), edit('dev', { group: 'Work' })]);
    expect(store.get('dev')).toMatchObject({ label: 'Development', group: 'Work' });
  });

  it('ends what is under way for an account that serves nothing, and says nothing of it', async () => {
    const { add, edit, told } = open();
    await add('dev');
    const { disconnected } = await edit('dev', { endpoint: 'https://example.org' });
    expect([disconnected, told]).toEqual([false, ['disconnect dev']]);
  });

  it('drops the session and moves the outlet at once: nothing is left where it was', async () => {
    const { add, edit, connect, connected, config, credentials } = open();
    await add('dev', { outlet: 'credentials-file' });
    await connect('dev');
    const endpoint = 'https://example.org';
    expect((await edit('dev', { outlet: 'credential-process', endpoint })).disconnected).toBe(true);
    expect(connected.has('dev')).toBe(false);
    expect([credentials(), config()]).toEqual([null, section('dev', 'dev')]);
  });

  describe('that cannot be done is not done at all', () => {
    it('where the credentials cannot be taken from where they are', async () => {
      const { add, edit, connect, credentials, config, store, files } = open();
      await add('dev', { outlet: 'credentials-file' });
      await connect('dev');
      const before = credentials();
      files.failures.set(credentialsPath, new AppError('file-readonly'));
      const endpoint = 'https://example.org';
      expect(await codeOf(edit('dev', { outlet: 'credential-process', endpoint }))).toBe('file-readonly');
      expect(store.get('dev')).toMatchObject({ outlet: 'credentials-file', endpoint: null });
      expect([credentials(), config()]).toEqual([before, null]);
    });

    it('where the config file cannot be written', async () => {
      const { add, edit, connect, credentials, store, files } = open();
      await add('dev', { outlet: 'credentials-file' });
      await connect('dev');
      const before = credentials();
      files.failures.set(configPath, new AppError('file-readonly'));
      expect(await codeOf(edit('dev', { outlet: 'credential-process' }))).toBe('file-readonly');
      expect(store.get('dev').outlet).toBe('credentials-file');
      expect(credentials()).toBe(before);
    });

    it('where it cannot be remembered: credentials stay where they are', async () => {
      const { add, edit, connect, credentials, store, settingsFile } = open();
      await add('dev', { outlet: 'credentials-file' });
      await connect('dev');
      const before = credentials();
      settingsFile.writeFailure = new AppError('disk-full');
      expect(await codeOf(edit('dev', { awsProfile: 'work' }))).toBe('disk-full');
      settingsFile.writeFailure = null;
      expect(store.get('dev').awsProfile).toBe('dev');
      expect(credentials()).toBe(before);
    });

    it('where it cannot be remembered: the session stays', async () => {
      const { add, edit, connect, connected, settingsFile } = open();
      await add('dev');
      await connect('dev');
      settingsFile.writeFailure = new AppError('disk-full');
      expect(await codeOf(edit('dev', { endpoint: 'https://example.org' }))).toBe('disk-full');
      expect(connected.has('dev')).toBe(true);
    });

    it.each<[string, AccountFields, string]>([
      ['a clash', { awsProfile: 'other' }, 'account-exists'],
      ['a foreign section', { awsProfile: 'theirs' }, 'section-foreign'],
      ['a bad field', { sessionDuration: 1 }, 'duration-range'],
    ])('for %s', async (_, changed, code) => {
      const { add, edit, connect, connected, store, told } = open({
        [configPath]: '[profile theirs]\na = b\n',
      });
      await add('dev');
      await add('other');
      await connect('dev');
      expect(await codeOf(edit('dev', changed))).toBe(code);
      expect([store.get('dev').awsProfile, told, connected.has('dev')]).toEqual(['dev', [], true]);
    });
  });
});

describe('remove', () => {
  it('disconnects, takes every trace away and forgets', async () => {
    const text = '[default]\nregion = x\n';
    const { add, connect, service, ids, config, credentials, told } = open({
      [configPath]: text,
      [credentialsPath]: text,
    });
    await add('a');
    await add('b', { outlet: 'credentials-file' });
    await connect('b');
    expect(await service.remove(['b', 'a'])).toEqual(['b', 'a']);
    expect([ids(), config(), credentials()]).toEqual([[], text, text]);
    expect(told).toEqual(['disconnect b,a', 'forget b', 'forget a']);
  });

  it('of an unknown account removes none', async () => {
    const { add, service, ids, told } = open();
    await add('a');
    expect(await codeOf(service.remove(['a', 'x']))).toBe('account-unknown');
    expect([ids(), told]).toEqual([['a'], []]);
  });

  it('is told like every change that was made, and no other', async () => {
    const { add, edit, service, changes } = open();
    await add('a', {}, { dryRun: true });
    expect(await codeOf(add('A'))).not.toBeNull();
    expect(changes.count).toBe(0);
    await add('a');
    await edit('a', { label: 'x' }, { dryRun: true });
    expect(changes.count).toBe(1);
    await edit('a', { label: 'x' });
    await service.remove(['a']);
    expect(changes.count).toBe(3);
  });

  it('keeps the account where its section cannot be taken away', async () => {
    const { add, service, ids, files } = open();
    await add('a');
    files.failures.set(configPath, new AppError('file-readonly'));
    expect(await codeOf(service.remove(['a']))).toBe('file-readonly');
    expect(ids()).toEqual(['a']);
  });

  it('of one named twice is one', async () => {
    const { add, service } = open();
    await add('a');
    expect(await service.remove(['a', 'a'])).toEqual(['a']);
  });
});

describe('import', () => {
  const helper = `aws_signing_helper credential-process --certificate /c.pem --private-key /k.pem --role-arn ${roleArn} --profile-arn ${profileArn} --trust-anchor-arn ${trustAnchorArn}`;
  const text = `[profile old]\nregion = eu-west-1\ncredential_process = ${helper}\n\n[profile plain]\nregion = x\n`;
  const fromConfig = { configFile: null, profiles: null };

  it('takes accounts out of the config file, remembers them and writes their profiles beside', async () => {
    const { service, ids, config } = open({ [configPath]: text });
    const { imported, skipped } = await service.import({ from: fromConfig, id: null, dryRun: false });
    expect(imported).toHaveLength(1);
    expect(skipped).toEqual([]);
    expect(ids()).toEqual(imported.map(({ id }) => id));
    expect(config()!.startsWith(text)).toBe(true);
    expect(config()).toContain(`# managed by rolekey: ${imported[0]!.id}`);
  });

  it('takes one out of a command line', async () => {
    const { service } = open();
    const { imported } = await service.import({
      from: { commandLine: helper, directory: '/home/user' },
      id: 'mine',
      dryRun: false,
    });
    expect(imported).toMatchObject([{ id: 'mine', keys: ['/k.pem'], certificate: '/c.pem' }]);
  });

  it('to look at changes nothing', async () => {
    const { service, ids, files, settingsFile } = open({ [configPath]: text });
    const { imported } = await service.import({ from: fromConfig, id: null, dryRun: true });
    expect(imported).toHaveLength(1);
    expect([ids(), files.writes, settingsFile.writes]).toEqual([[], [], 0]);
  });

  it('of a file that was named and is not there is refused, and names it', async () => {
    const { service } = open();
    const from = { configFile: '/no/such/config', profiles: null };
    await expect(service.import({ from, id: null, dryRun: true })).rejects.toMatchObject({
      code: 'file-unreadable',
      message: expect.stringContaining('/no/such/config') as string,
    });
  });

  it('of a config file nobody made yet imports nothing', async () => {
    const { service } = open();
    expect(await service.import({ from: fromConfig, id: null, dryRun: false })).toEqual({
      imported: [],
      skipped: [],
      dropped: [],
    });
  });

  it('says which could not be written, and why', async () => {
    const { service, ids, files } = open({ [configPath]: text });
    files.failures.set(configPath, new AppError('file-readonly'));
    const { imported, skipped } = await service.import({ from: fromConfig, id: null, dryRun: false });
    expect(imported).toEqual([]);
    expect(skipped).toMatchObject([{ code: 'file-readonly' }]);
    expect(ids()).toEqual([]);
  });

  it('fails as a whole for what nobody expected', async () => {
    const { service, settingsFile } = open({ [configPath]: text });
    settingsFile.writeFailure = new TypeError('broken');
    await expect(service.import({ from: fromConfig, id: null, dryRun: false })).rejects.toThrow(TypeError);
  });
});

describe('a check', () => {
  const none = { problems: [], warnings: [] };

  it.each<[string, string, AccountFields, Readonly<Record<string, string>>]>([
    ['a good account', 'other', {}, {}],
    ['a section that is not ours', 'other', {}, { [configPath]: '[profile other]\nregion = eu-west-1\n' }],
    [
      'keys in the credentials file',
      'other',
      { outlet: 'credentials-file' },
      { [credentialsPath]: '[other]\naws_access_key_id = AKIA\n' },
    ],
    ['an ID that is taken', 'dev', { awsProfile: 'p' }, {}],
    ['a profile that is taken', 'other', { awsProfile: 'dev' }, {}],
    ['the default profile', 'default', {}, {}],
    ['a damaged marker', 'other', {}, { [configPath]: '[profile x]\n# managed by rolekey: -\n' }],
    ['two faults', 'other', { sessionDuration: 1, keys: ['x'] }, {}],
    ['a mismatch', 'other', { region: 'us-east-1' }, {}],
  ])('of %s says what adding it says, and changes nothing', async (_, id, more, texts) => {
    const { add, service, files, settingsFile } = open();
    await add('dev', { outlet: 'credentials-file' }); // writes no file of AWS
    for (const [path, text] of Object.entries(texts)) files.texts.set(path, text);
    const writes = [files.writes.length, settingsFile.writes];
    const { problems } = await service.check({ id, fields: { ...fields, ...more } });
    const codes: string[] = problems.map(({ code }) => code);
    expect([files.writes.length, settingsFile.writes]).toEqual(writes);
    expect(await codeOf(add(id, more))).toBe(codes[0] ?? 'nothing thrown');
  });

  it('names the section that is in the way', async () => {
    const { service } = open({ [configPath]: '[profile dev]\nregion = eu-west-1\n' });
    expect(await service.check({ id: 'dev', fields })).toEqual({
      ...none,
      problems: [
        {
          field: 'awsProfile',
          code: 'section-foreign',
          message: `${configPath}: The AWS profile dev (line 1) is not managed by Rolekey.`,
        },
      ],
    });
  });
});

describe('a command line that is read', () => {
  const arns = `--role-arn ${roleArn} --profile-arn ${profileArn} --trust-anchor-arn ${trustAnchorArn}`;
  const line = `aws_signing_helper credential-process ${arns} --certificate c.pem --private-key /k.pem`;

  it('is what an import of it would bring, with a free profile, and changes nothing', async () => {
    const { service, ids, files, settingsFile } = open({ [configPath]: '[profile dev-admin]\n' });
    const read = await service.readCommandLine(line);
    expect(read).toMatchObject({
      account: { id: 'dev-admin', awsProfile: 'dev-admin-rolekey', certificate: '/home/user/c.pem' },
      problem: null,
    });
    expect(read.dropped).toEqual([
      {
        flag: '--certificate',
        reason: 'the path is relative and was taken from your home directory, /home/user',
      },
    ]);
    expect(calls.readCommandLine.output.parse(read)).toEqual(read);
    expect([ids(), files.writes, settingsFile.writes]).toEqual([[], [], 0]);
    const from = { commandLine: line, directory: '/home/user' };
    const { imported } = await service.import({ from, id: null, dryRun: true });
    expect(imported).toEqual([read.account]);
  });

  it.each<[string, string, string]>([
    ['another program’s', 'ls -l', 'account-invalid'],
    ['none', '', 'account-invalid'],
    ['with an ARN that is none', line.replace(roleArn, 'x'), 'arn-malformed'],
    ['Rolekey’s own', `${cliPath} credential-process --account dev`, 'account-exists'],
  ])('and is %s says why it can be no account', async (_, text, code) => {
    const { service } = open();
    const { account, problem, dropped } = await service.readCommandLine(text);
    expect([account, problem?.code, dropped]).toEqual([null, code, []]);
    expect(problem?.message).toMatch(/\.$/);
  });

  it('is refused where that account is there already', async () => {
    const { service } = open();
    const from = { commandLine: line, directory: '/home/user' };
    await service.import({ from, id: null, dryRun: false });
    expect(await service.readCommandLine(line)).toMatchObject({
      account: null,
      problem: { code: 'account-exists', message: 'It is account dev-admin already.' },
    });
  });
});
