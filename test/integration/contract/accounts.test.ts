/** `accounts add`, `edit`, `list`, `export`, `remove`, and the grammar of every value. */
import { createHash } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { softHsmModule } from '../../support/soft-token/soft-hsm.ts';
import { region, textOf, World } from '../../support/world/world.ts';
import { jsonFailure, success, textFailure } from './expectations.ts';
import { accounts, added, credentials, previewed, removed, status, type Account } from './shapes.ts';

let world: World;
let configuration: string;

beforeAll(async () => {
  world = await World.open();
  configuration = join(world.env.XDG_CONFIG_HOME!, 'rolekey', 'config.json');
  await world.rolekey(['accounts', 'list']);
});
afterAll(() => world.dispose());

const withKey = (role: string): string[] => [...world.accountFlags(role), '--private-key', world.device.uri];
const run = (...words: readonly string[]) => world.rolekey(['accounts', ...words, '--json']);
const add = (id: string, ...flags: readonly string[]) => run('add', id, ...withKey('reader'), ...flags);
/** Without the key of the device. */
const addWith = (id: string, ...flags: readonly string[]) =>
  run('add', id, ...world.accountFlags('reader'), ...flags);
const edit = (id: string, ...flags: readonly string[]) => run('edit', id, ...flags);
const listed = async (): Promise<Account[]> => success(await run('list'), accounts).accounts;

async function removeAll(): Promise<void> {
  const ids = (await listed()).map(({ id }) => id);
  if (ids.length > 0) success(await run('remove', ...ids, '--yes'), removed);
}

/** Everything a command must leave alone when it refuses or only shows. */
const everything = () => [configuration, world.configFile, world.credentialsFile].map(textOf);

describe('accounts add', () => {
  afterEach(removeAll);

  it('with what is needed alone has the defaults of the contract', async () => {
    const { account } = success(await add('work-dev'), added);
    const prefix = `arn:aws:rolesanywhere:${region}:123456789012`;
    expect(account).toEqual({
      id: 'work-dev',
      label: 'work-dev',
      group: null,
      favourite: false,
      roleArn: 'arn:aws:iam::123456789012:role/reader',
      profileArn: `${prefix}:profile/0a1b2c3d-1111-4222-8333-944455556666`,
      trustAnchorArn: `${prefix}:trust-anchor/7b6f1d0e-1111-4222-8333-944455556666`,
      region,
      sessionDuration: 3600,
      roleSessionName: null,
      keys: [world.device.uri],
      certificate: null,
      intermediates: null,
      pkcs11Lib: null,
      awsProfile: 'work-dev',
      profileRegion: null,
      outlet: 'credential-process',
      endpoint: world.server.url,
      useFipsEndpoint: false,
      useDualstackEndpoint: false,
      source: { kind: 'local' },
    });
  });

  it('takes every flag', async () => {
    const { account } = success(
      await addWith(
        'full',
        ...['--private-key', 'pkcs11:token=first;id=%01', '--private-key', 'keys/second.pem'],
        ...['--private-key', `ssh-agent:SHA256:${'A'.repeat(43)}`],
        ...['--certificate', 'keys/device.pem', '--intermediates', '../chain.pem'],
        ...['--pkcs11-lib', 'lib/module.so', '--region', region, '--session-duration', '900'],
        ...['--role-session-name', 'me@laptop', '--label', 'Žofie’s account', '--group', 'Work'],
        ...['--aws-profile', 'Full.Profile_1@x', '--profile-region', 'us-gov-west-1', '--outlet', 'none'],
        ...['--endpoint', 'https://rolesanywhere.example', '--use-fips-endpoint'],
      ),
      added,
    );
    expect(account).toMatchObject({
      keys: [
        'pkcs11:token=first;id=%01',
        join(world.home, 'keys/second.pem'),
        `ssh-agent:SHA256:${'A'.repeat(43)}`,
      ],
      certificate: join(world.home, 'keys/device.pem'),
      intermediates: join(world.directory, 'chain.pem'),
      pkcs11Lib: join(world.home, 'lib/module.so'),
      sessionDuration: 900,
      roleSessionName: 'me@laptop',
      label: 'Žofie’s account',
      group: 'Work',
      awsProfile: 'Full.Profile_1@x',
      profileRegion: 'us-gov-west-1',
      outlet: 'none',
      endpoint: 'https://rolesanywhere.example',
      useFipsEndpoint: true,
      useDualstackEndpoint: false,
    });
  });

  it('takes --use-dualstack-endpoint', async () => {
    const { account } = success(await add('dual', '--use-dualstack-endpoint'), added);
    expect(account.useDualstackEndpoint).toBe(true);
  });

  it('stores paths absolute, from where the command runs', async () => {
    const cwd = world.folder('home/elsewhere');
    const words = ['accounts', 'add', 'here', ...world.accountFlags('x'), '--private-key', 'key.pem'];
    const { account } = success(await world.rolekey([...words, '--json'], { cwd }), added);
    expect(account.keys).toEqual([join(cwd, 'key.pem')]);
  });

  it('tells people account number, role and profile', async () => {
    const result = await world.rolekey(['accounts', 'add', 'told', ...withKey('reader')]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toContain('123456789012');
    expect(result.stdout).toContain('role/reader');
  });

  it('says in every list that an endpoint is overridden', async () => {
    await add('overridden');
    for (const words of [['accounts', 'list'], ['status']]) {
      expect((await world.rolekey(words)).stdout, words.join(' ')).toContain(world.server.url);
    }
  });

  it('of an ID that is taken is account-exists, and changes nothing', async () => {
    await add('taken');
    const before = everything();
    jsonFailure(await add('taken', '--label', 'other'), 'account-exists');
    expect(everything()).toEqual(before);
  });

  it('of a profile another account has is account-exists', async () => {
    await add('first', '--aws-profile', 'shared');
    jsonFailure(await add('second', '--aws-profile', 'shared'), 'account-exists');
    jsonFailure(
      await add('second', '--aws-profile', 'shared', '--outlet', 'credentials-file'),
      'account-exists',
    );
    success(await add('second', '--aws-profile', 'shared', '--outlet', 'none'), added);
  });

  it.each(['--role-arn', '--profile-arn', '--trust-anchor-arn', '--private-key'])(
    'without %s is exit 2',
    async (flag) => {
      const flags = withKey('reader');
      flags.splice(flags.indexOf(flag), 2);
      const result = await run('add', 'lacking', ...flags);
      expect(result.code).toBe(2);
      expect(await listed()).toEqual([]);
    },
  );
});

describe('an account is kept as it was shown', () => {
  afterEach(removeAll);

  it('in a file of one’s own, whatever becomes of the agent', async () => {
    const { account } = success(await add('kept', '--group', 'g', '--label', '"quoted" – label'), added);
    await world.rolekey(['agent', 'stop']);
    expect(await listed()).toEqual([account]);
    expect(success(await run('export', 'kept'), accounts).accounts).toEqual([account]);
  });

  it('with export printing the same document without --json', async () => {
    await add('kept');
    await add('also');
    const { accounts: all } = success(await world.rolekey(['accounts', 'export']), accounts);
    expect(all.map(({ id }) => id)).toEqual(['kept', 'also']);
    const { accounts: chosen } = success(await world.rolekey(['accounts', 'export', 'also']), accounts);
    expect(chosen).toEqual(all.slice(1));
    jsonFailure(await run('export', 'kept', 'nobody'), 'account-unknown');
  });

  it('in file order', async () => {
    for (const id of ['zebra', 'ant', 'mole']) await add(id);
    await edit('ant', '--label', 'changed');
    expect((await listed()).map(({ id }) => id)).toEqual(['zebra', 'ant', 'mole']);
  });
});

describe('an ID', () => {
  afterEach(removeAll);

  it.each(['a', '7', '0-0', 'a-', `a${'-'.repeat(62)}`, 'x'.repeat(63)])('%s is one', async (id) => {
    success(await add(id, '--outlet', 'none'), added);
  });

  it.each([
    '',
    'A',
    'ä',
    'a_b',
    'a.b',
    'a b',
    'a/b',
    '../a',
    'x'.repeat(64),
    'a\n',
    '__proto__',
    'constructor\u0000',
  ])('%j is none', async (id) => {
    if (id.includes('\u0000')) return; // no program can be given one
    expect((await add(id, '--outlet', 'none')).code).toBe(2);
  });

  it.each(['-', '-a'])('%j is none, even behind “--”', async (id) => {
    expect((await add(id, '--outlet', 'none')).code).toBe(2);
  });
});

describe('a PROFILE', () => {
  afterEach(removeAll);

  it.each(['a', '0', 'Ab_c.d@e-f', 'x'.repeat(64), 'profile', 'preview'])('%s is one', async (name) => {
    success(await add('p', '--aws-profile', name), added);
  });

  it.each(['', '_a', '.a', '@a', '-a', 'a b', 'a/b', 'a]b', 'a#b', 'ä', 'x'.repeat(65), 'a\nb', 'a"b'])(
    '%j is none',
    async (name) => {
      expect((await add('p', `--aws-profile=${name}`)).code).toBe(2);
      expect(textOf(world.configFile)).toBeNull();
    },
  );

  it('default needs --allow-default', async () => {
    const { code } = await add('p', '--aws-profile', 'default');
    expect(code).toBe(2);
    success(await add('p', '--aws-profile', 'default', '--allow-default'), added);
    expect(textOf(world.configFile)).toContain('[default]\n');
  });

  it('default needs it for an account of that ID, too', async () => {
    expect((await add('default')).code).toBe(2);
    success(await add('default', '--aws-profile', 'other'), added);
  });

  it('default needs it no more when something else of the account is changed', async () => {
    await add('p', '--aws-profile', 'default', '--allow-default');
    success(await edit('p', '--label', 'new'), added);
    expect((await edit('p', '--aws-profile', 'other')).code).toBe(0);
    expect((await edit('p', '--aws-profile', 'default')).code).toBe(2);
  });
});

describe('a LABEL', () => {
  afterEach(removeAll);

  it.each(['x', 'ä'.repeat(64), '🔑'.repeat(64), 'with “quotes” & <b>', 'שלום', ' '])(
    '%j is one',
    async (label) => {
      expect(success(await add('l', '--label', label), added).account.label).toBe(label);
    },
  );

  it.each([
    ['nothing', ''],
    ['65 characters', 'x'.repeat(65)],
    ['a line end', 'a\nb'],
    ['a tab', 'a\tb'],
    ['escape', 'a\u001b[31mb'],
    ['delete', 'a\u007fb'],
    ['a C1 control', 'a\u0085b'],
    ['right-to-left override', 'a\u202eb'],
    ['left-to-right embedding', 'a\u202ab'],
    ['an isolate', 'a\u2066b'],
  ])('%s is none', async (_what, label) => {
    expect((await add('l', `--label=${label}`)).code).toBe(2);
  });
});

describe('an ARN', () => {
  afterEach(removeAll);
  const anchor = (text: string): string[] => ['--trust-anchor-arn', text];
  const profile = (text: string): string[] => ['--profile-arn', text];
  const role = (text: string): string[] => ['--role-arn', text];

  it.each([
    ['empty', role('')],
    ['no ARN', role('reader')],
    ['of a user', role('arn:aws:iam::123456789012:user/x')],
    ['of another service', role('arn:aws:sts::123456789012:role/x')],
    ['of 11 digits', role('arn:aws:iam::12345678901:role/x')],
    ['without a role', role('arn:aws:iam::123456789012:role/')],
    ['with a region', role('arn:aws:iam:eu-central-1:123456789012:role/x')],
    ['with a space', role('arn:aws:iam::123456789012:role/x y')],
    ['with a line end', role('arn:aws:iam::123456789012:role/x\n')],
    ['of an unknown partition', role('arn:aws-mars:iam::123456789012:role/x')],
    ['a role as anchor', anchor('arn:aws:iam::123456789012:role/x')],
    ['a profile as anchor', anchor(`arn:aws:rolesanywhere:${region}:123456789012:profile/1`)],
    ['an anchor without region', anchor('arn:aws:rolesanywhere::123456789012:trust-anchor/1')],
    ['an anchor as profile', profile(`arn:aws:rolesanywhere:${region}:123456789012:trust-anchor/1`)],
    ['a profile without id', profile(`arn:aws:rolesanywhere:${region}:123456789012:profile/`)],
  ])('%s is arn-malformed', async (_what, flags) => {
    jsonFailure(await add('m', ...flags), 'arn-malformed');
    expect(await listed()).toEqual([]);
  });

  it.each([
    ['a role of another account', role('arn:aws:iam::999999999999:role/x')],
    ['a profile of another account', profile(`arn:aws:rolesanywhere:${region}:999999999999:profile/1`)],
    ['an anchor of another account', anchor(`arn:aws:rolesanywhere:${region}:999999999999:trust-anchor/1`)],
    ['a profile of another region', profile('arn:aws:rolesanywhere:us-east-1:123456789012:profile/1')],
    ['an anchor of another region', anchor('arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/1')],
    ['a role of another partition', role('arn:aws-cn:iam::123456789012:role/x')],
    ['a --region that is not theirs', ['--region', 'us-east-1']],
  ])('%s is arn-mismatch', async (_what, flags) => {
    jsonFailure(await add('m', ...flags), 'arn-mismatch');
    expect(await listed()).toEqual([]);
  });
});

describe('a session duration', () => {
  afterEach(removeAll);

  it.each(['900', '3600', '43200'])('of %s s is one', async (seconds) => {
    const { account } = success(await add('d', '--session-duration', seconds), added);
    expect(account.sessionDuration).toBe(Number(seconds));
  });

  it.each([
    '899',
    '43201',
    '0',
    '-900',
    '1e3',
    '900.5',
    '0x400',
    '',
    ' 900',
    'an hour',
    '99999999999999999999',
  ])('of %j is duration-range', async (seconds) => {
    jsonFailure(await add('d', `--session-duration=${seconds}`), 'duration-range');
  });
});

describe('a KEY', () => {
  afterEach(removeAll);

  it.each([
    'pkcs11:token=laptop;manufacturer=SoftHSM%20project;serial=0123;model=SoftHSM%20v2;id=%01;object=device;type=private',
    'pkcs11:slot-id=17;id=%01%FF',
    'pkcs11:object=a%20b?module-path=/usr/lib/softhsm/libsofthsm2.so',
    'pkcs11:',
  ])('%s is one', async (key) => {
    const { account } = success(await addWith('k', '--private-key', key), added);
    expect(account.keys).toEqual([key]);
  });

  it.each([
    'pkcs11:token=laptop?pin-value=271828',
    'pkcs11:token=laptop;pin-value=271828',
    'pkcs11:token=laptop?pin-source=file:/etc/271828',
    'pkcs11:token=laptop;colour=blue',
    'pkcs11:token=laptop?module-name=softhsm2',
    'pkcs11:token=laptop;token=laptop',
    'pkcs11:token=a b',
    'pkcs11:token=%zz',
    'pkcs11:token',
    // The scheme of a URI is the same in any case (RFC 3986, 3.1).
    'PKCS11:token=laptop?pin-value=271828',
    'Pkcs11:token=laptop;pin-value=271828',
    // Spelled so that it looks like a part of a name, or a path.
    'pkcs11:token=laptop&pin-value=271828',
    'pkcs11:token=laptop%3Fpin-value=271828',
    'pkcs11:token=laptop?PIN-VALUE=271828',
    ' pkcs11:token=laptop?pin-value=271828',
    // Without the beginning, which would make it a file's name.
    'token=laptop;pin-value=271828',
    'id=%01;object=device',
    '"pkcs11:token=laptop?pin-value=271828"',
    'ssh-agent:SHA256:short',
    'ssh-agent:MD5:00',
    '',
  ])('%s is exit 2, and a PIN in it is neither kept nor repeated', async (key) => {
    const result = await addWith('k', `--private-key=${key}`);
    const files = everything().join('');
    await removeAll();
    expect(result.code).toBe(2);
    expect(result.stdout + result.stderr + files).not.toContain('271828');
  });

  it.each(['--certificate', '--intermediates', '--pkcs11-lib'])('nor is nothing a %s', async (flag) => {
    expect((await add('k', `${flag}=`)).code).toBe(2);
  });

  it('may name a module that was confirmed, and no other', async () => {
    const module = join(world.env.HOME!, 'own module.so');
    copyFileSync(softHsmModule(), module);
    const key = `pkcs11:id=%01?module-path=${module.replaceAll(' ', '%20')}`;
    const result = await addWith('k', '--private-key', key);
    expect(result.code).toBe(1);
    const { remedy } = jsonFailure(result, 'module-unconfirmed');
    expect(remedy).toContain(`rolekey tokens --pkcs11-lib '${module}' at`);
    expect(await listed()).toEqual([]);
  });

  it('in capitals is the same key', async () => {
    const { account } = success(await addWith('k', '--private-key', 'PKCS11:token=laptop;id=%01'), added);
    expect(account.keys[0]).toMatch(/^pkcs11:/i);
  });

  it('a --certificate URI follows the same rules', async () => {
    for (const uri of ['pkcs11:id=%01?pin-value=271828', 'PKCS11:id=%01?pin-value=271828']) {
      const result = await add('k', '--certificate', uri);
      await removeAll();
      expect(result.code, uri).toBe(2);
    }
    success(await add('k', '--certificate', 'pkcs11:token=laptop;id=%01;type=cert'), added);
  });
});

describe('other values', () => {
  afterEach(removeAll);

  it.each([
    ['--outlet', 'clipboard'],
    ['--outlet', ''],
    ['--profile-region', 'Frankfurt'],
    ['--profile-region', 'eu-west-1\n[x]'],
    ['--region', 'nowhere'],
    ['--role-session-name', 'x'],
    ['--role-session-name', 'a b'],
    ['--role-session-name', 'x'.repeat(65)],
    ['--group', 'a\u202eb'],
    ['--endpoint', 'not a URL'],
    ['--endpoint', 'https://user:secret@host.example'],
    ['--endpoint', 'https://host.example/path'],
    ['--endpoint', 'https://host.example/?query'],
    ['--endpoint', 'ftp://host.example'],
  ])('%s %j is refused', async (flag, value) => {
    const before = everything();
    const result = await add('v', `${flag}=${value}`);
    expect(flag === '--endpoint' ? [1, 2] : [2]).toContain(result.code);
    expect(result.stdout).not.toContain('secret');
    expect(everything()).toEqual(before);
  });

  it.each(['http://127.0.0.1:8080', 'http://localhost:1', 'http://[::1]:9', 'https://host.example:8443'])(
    '--endpoint %s is one',
    async (url) => {
      success(await add('v', '--endpoint', url), added);
    },
  );
});

describe('accounts edit', () => {
  beforeEach(async () => {
    success(
      await add('e', '--outlet', 'credentials-file', '--group', 'g', '--profile-region', region),
      added,
    );
  });
  afterEach(removeAll);

  it('changes what is given and nothing else, and answers as add', async () => {
    const before = (await listed())[0]!;
    const { account } = success(await edit('e', '--label', 'new', '--session-duration', '7200'), added);
    expect(account).toEqual({ ...before, label: 'new', sessionDuration: 7200 });
    expect(await listed()).toEqual([account]);
  });

  it('--unset takes fields back to their default, by the name of flag or field', async () => {
    const { account } = success(
      await edit('e', '--unset', 'group', '--unset', 'profile-region', '--unset', 'outlet'),
      added,
    );
    expect(account).toMatchObject({ group: null, profileRegion: null, outlet: 'credential-process' });
    await edit('e', '--profile-region', region);
    expect(success(await edit('e', '--unset', 'profileRegion'), added).account.profileRegion).toBeNull();
  });

  it.each(['roleArn', 'role-arn', 'keys', 'id', 'source', 'nonsense', 'constructor', ''])(
    '--unset %j is exit 2',
    async (field) => {
      expect((await edit('e', `--unset=${field}`)).code).toBe(2);
    },
  );

  it('of a field both given and unset is exit 2', async () => {
    expect((await edit('e', '--label', 'x', '--unset', 'label')).code).toBe(2);
  });

  it('of an unknown account is account-unknown', async () => {
    jsonFailure(await edit('nobody', '--label', 'x'), 'account-unknown');
  });

  it('refuses as add does, and changes nothing then', async () => {
    const before = everything();
    jsonFailure(await edit('e', '--session-duration', '1'), 'duration-range');
    jsonFailure(await edit('e', '--role-arn', 'x'), 'arn-malformed');
    jsonFailure(await edit('e', '--role-arn', 'arn:aws:iam::999999999999:role/x'), 'arn-mismatch');
    jsonFailure(await edit('e', '--endpoint', 'http://elsewhere.example'), 'endpoint-insecure');
    expect(everything()).toEqual(before);
  });

  it.each([
    ['the role', ['--role-arn', 'arn:aws:iam::123456789012:role/other']],
    ['the profile', ['--profile-arn', `arn:aws:rolesanywhere:${region}:123456789012:profile/2`]],
    ['the anchor', ['--trust-anchor-arn', `arn:aws:rolesanywhere:${region}:123456789012:trust-anchor/2`]],
    ['the key', ['--private-key', 'pkcs11:object=device']],
    ['the endpoint', ['--endpoint', 'https://elsewhere.example']],
  ])('of %s while connected drops the session, says so and empties the outlet', async (_what, flags) => {
    await world.connect('e');
    expect(textOf(world.credentialsFile)).toContain('aws_access_key_id');
    const result = await world.rolekey(['accounts', 'edit', 'e', ...flags]);
    expect(result.code).toBe(0);
    expect(result.stdout + result.stderr).toMatch(/\be\b[^\n]*(dropped|disconnected)/);
    expect(textOf(world.credentialsFile)).toBeNull();
    const [shown] = success(await world.rolekey(['status', 'e', '--json']), status).accounts;
    expect(shown!.state).toMatchObject({ activity: 'idle', serving: null });
    textFailure(await world.rolekey(['credential-process', '--account', 'e']), 3);
  });

  it('of both region and anchor while connected does so, too', async () => {
    await world.connect('e');
    const prefix = 'arn:aws:rolesanywhere:us-east-1:123456789012';
    const flags = ['--profile-arn', `${prefix}:profile/1`, '--trust-anchor-arn', `${prefix}:trust-anchor/1`];
    const { account } = success(await edit('e', ...flags), added);
    expect(account.region).toBe('us-east-1');
    expect(textOf(world.credentialsFile)).toBeNull();
  });

  it.each([
    ['the label', ['--label', 'new']],
    ['the group', ['--unset', 'group']],
    ['the duration', ['--session-duration', '900']],
  ])('of %s while connected keeps the session', async (_what, flags) => {
    await world.connect('e');
    const before = textOf(world.credentialsFile);
    const result = await world.rolekey(['accounts', 'edit', 'e', ...flags]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(textOf(world.credentialsFile)).toBe(before);
    expect((await world.rolekey(['credential-process', '--account', 'e'])).code).toBe(0);
  });

  it('of the AWS profile while connected moves the credentials', async () => {
    await world.connect('e');
    success(await edit('e', '--aws-profile', 'moved'), added);
    expect(textOf(world.credentialsFile)).toMatch(/^\[moved\]\n/);
  });

  it('of the outlet while connected moves the credentials', async () => {
    await world.connect('e');
    success(await edit('e', '--outlet', 'credential-process'), added);
    expect(textOf(world.credentialsFile)).toBeNull();
    expect(textOf(world.configFile)).toContain('credential_process');
    success(await world.rolekey(['credential-process', '--account', 'e']), credentials);
    success(await edit('e', '--outlet', 'credentials-file'), added);
    expect(textOf(world.credentialsFile)).toContain('aws_access_key_id');
    expect(textOf(world.configFile)).toBeNull();
  });

  it('of an account that only tried to connect says nothing of a session', async () => {
    await world.rolekey(['lock']);
    expect((await world.rolekey(['connect', 'e'])).code).toBe(3);
    const result = await world.rolekey(['accounts', 'edit', 'e', '--endpoint', 'https://elsewhere.example']);
    expect(result).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('--dry-run changes nothing and shows the diff of the AWS files', () => {
  afterEach(removeAll);

  it('of accounts add', async () => {
    const before = everything();
    const { account, diff } = success(await add('d', '--dry-run', '--profile-region', region), previewed);
    expect(account.id).toBe('d');
    expect(diff).toContain(world.configFile);
    for (const line of ['[profile d]', '# managed by rolekey: d', `region = ${region}`]) {
      expect(diff).toContain(`\n+${line}\n`);
    }
    expect(everything()).toEqual(before);
    expect(await listed()).toEqual([]);
    const text = await world.rolekey(['accounts', 'add', 'd', ...withKey('x'), '--dry-run']);
    expect(text.stdout).toContain('\n+[profile d]\n');
  });

  it('of accounts add with credentials, of which it shows no secret', async () => {
    const { diff } = success(await add('d', '--dry-run', '--outlet', 'credentials-file'), previewed);
    expect(diff).toContain('\n+[d]\n');
    expect(diff).toContain(world.credentialsFile);
  });

  it('of accounts edit', async () => {
    await add('d', '--profile-region', region);
    const before = everything();
    const { diff } = success(await edit('d', '--aws-profile', 'new', '--dry-run'), previewed);
    expect(diff).toContain('\n-[profile d]\n');
    expect(diff).toContain('\n+[profile new]\n');
    expect(everything()).toEqual(before);
  });

  it('of accounts edit that moves from one outlet to the other shows both files', async () => {
    await add('d');
    const { diff } = success(await edit('d', '--outlet', 'credentials-file', '--dry-run'), previewed);
    expect(diff).toContain('-[profile d]\n');
    expect(diff).toContain(world.configFile);
  });

  it('shows none of the user’s secrets beside it', async () => {
    world.file(
      'home/.aws/credentials',
      '[mine]\naws_access_key_id = AKIAOWN\naws_secret_access_key = hush/hush\n',
    );
    const { diff } = success(await add('d', '--dry-run', '--outlet', 'credentials-file'), previewed);
    await world.run('rm', [world.credentialsFile]);
    expect(diff).not.toContain('hush');
  });

  it('keeps the session of an account it would drop', async () => {
    await add('d', '--outlet', 'credentials-file');
    await world.connect('d');
    const before = everything();
    await edit('d', '--role-arn', 'arn:aws:iam::123456789012:role/other', '--dry-run');
    expect(everything()).toEqual(before);
    expect((await world.rolekey(['credential-process', '--account', 'd'])).code).toBe(0);
  });

  it('refuses what would be refused', async () => {
    await add('d');
    jsonFailure(await add('d', '--dry-run'), 'account-exists');
    jsonFailure(await add('x', '--dry-run', '--session-duration', '1'), 'duration-range');
    world.file('home/.aws/config', '[profile foreign]\nregion = x\n');
    jsonFailure(await add('foreign', '--dry-run'), 'section-foreign');
    await world.run('rm', [world.configFile]);
  });
});

describe('accounts remove', () => {
  afterEach(removeAll);

  it('disconnects, removes the sections and answers the IDs', async () => {
    await add('r', '--outlet', 'credentials-file');
    await add('s');
    await world.connect('r', 's');
    expect(success(await run('remove', 'r', 's', '--yes'), removed).removed).toEqual(['r', 's']);
    expect(await listed()).toEqual([]);
    expect([textOf(world.credentialsFile), textOf(world.configFile)]).toEqual([null, null]);
    expect((await world.rolekey(['status', 'r'])).code).toBe(2);
  });

  it('without a terminal and without --yes is exit 2, and removes nothing', async () => {
    await add('r');
    textFailure(await world.rolekey(['accounts', 'remove', 'r']), 2);
    expect((await run('remove', 'r')).code).toBe(2);
    expect(await listed()).toHaveLength(1);
  });

  it('of one that is unknown removes none', async () => {
    await add('r');
    jsonFailure(await run('remove', 'r', 'nobody', '--yes'), 'account-unknown');
    expect(await listed()).toHaveLength(1);
  });

  it('of one ID twice removes it once', async () => {
    await add('r');
    expect(success(await run('remove', 'r', 'r', '--yes'), removed).removed).toEqual(['r']);
  });

  it.each([
    ['yes', 0, 0],
    ['y', 1, 1],
    ['no', 1, 1],
    ['', 1, 1],
  ])('at a terminal asks, and %j is exit %d', async (answer, exit, left) => {
    await add('r');
    const terminal = world.terminal(['accounts', 'remove', 'r']);
    await terminal.shows('yes');
    terminal.type(`${answer}\r`);
    expect(await terminal.ended).toBe(exit);
    expect(await listed()).toHaveLength(left);
  });

  it('at a terminal refuses what is unknown before it asks', async () => {
    await add('r');
    const terminal = world.terminal(['accounts', 'remove', 'r', 'nonesuch']);
    expect(await terminal.ended).toBe(2);
    expect(terminal.output).not.toContain('Type yes');
    expect(await listed()).toHaveLength(1);
  });

  it('at a terminal with --yes does not ask', async () => {
    await add('r');
    const terminal = world.terminal(['accounts', 'remove', 'r', '--yes']);
    expect(await terminal.ended).toBe(0);
    expect(terminal.output).toContain('r');
    expect(await listed()).toEqual([]);
  });
});

describe('the configuration', () => {
  it('holds what the contract calls an account, and is replaced as a whole', async () => {
    await add('c');
    const first = textOf(configuration)!;
    expect(JSON.parse(first)).toMatchObject({ accounts: [{ id: 'c' }] });
    const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
    await run('list');
    expect(hash(textOf(configuration)!)).toBe(hash(first));
    await removeAll();
  });
});
