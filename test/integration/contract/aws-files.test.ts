/** "What is written into AWS files", byte for byte. */
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { textOf, World } from '../../support/world/world.ts';
import { jsonFailure, success } from './expectations.ts';
import { accounts, added, credentials, removed } from './shapes.ts';

let world: World;

beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.dispose());
afterEach(async () => {
  const { accounts: all } = success(await world.rolekey(['accounts', 'list', '--json']), accounts);
  const ids = all.map(({ id }) => id);
  await world.rolekey(['accounts', 'remove', ...ids, '--yes']);
  await world.run('rm', ['-rf', join(world.home, '.aws'), join(world.home, 'real')]);
});

/** The lines of a section of ours in the config file. */
const configSection = (id: string, header: string, ...more: readonly string[]): string =>
  [
    `[${header}]`,
    `# managed by rolekey: ${id}`,
    `credential_process = "${world.cli}" credential-process --account ${id}`,
    ...more,
    '',
  ].join('\n');

async function credentialsSection(id: string, profile = id): Promise<string> {
  const given = success(await world.rolekey(['credential-process', '--account', id]), credentials);
  return [
    `[${profile}]`,
    `# managed by rolekey: ${id}`,
    `aws_access_key_id = ${given.AccessKeyId}`,
    `aws_secret_access_key = ${given.SecretAccessKey}`,
    `aws_session_token = ${given.SessionToken}`,
    `x_security_token_expires = ${given.Expiration}`,
    '',
  ].join('\n');
}

/** AWS's own client with that profile. */
const callerIdentity = (profile: string) =>
  world.run(
    '/usr/bin/aws',
    ['sts', 'get-caller-identity', '--profile', profile, '--endpoint-url', world.server.url],
    { env: { AWS_DEFAULT_REGION: 'eu-west-1' } },
  );

describe('the config file', () => {
  it('gets a section from add to remove, which connecting does not touch', async () => {
    await world.addAccount('dev', '--aws-profile', 'work', '--profile-region', 'eu-west-1');
    const written = configSection('dev', 'profile work', 'region = eu-west-1');
    expect(textOf(world.configFile)).toBe(written);
    const { ino, mtimeMs } = statSync(world.configFile);
    await world.connect('dev');
    await world.rolekey(['disconnect', 'dev']);
    await world.rolekey(['agent', 'stop']);
    expect(statSync(world.configFile)).toMatchObject({ ino, mtimeMs });
    success(await world.rolekey(['accounts', 'remove', 'dev', '--yes', '--json']), removed);
    expect(existsSync(world.configFile)).toBe(false);
  });

  it('of default is [default]', async () => {
    await world.addAccount('dev', '--aws-profile', 'default', '--allow-default');
    expect(textOf(world.configFile)).toBe(configSection('dev', 'default'));
  });

  it('has a blank line before a header only where it is not empty', async () => {
    await world.addAccount('one');
    await world.addAccount('two');
    expect(textOf(world.configFile)).toBe(
      `${configSection('one', 'profile one')}\n${configSection('two', 'profile two')}`,
    );
  });

  it('is private where we make it', async () => {
    await world.addAccount('dev');
    expect(statSync(world.configFile).mode & 0o777).toBe(0o600);
    expect(statSync(join(world.home, '.aws')).mode & 0o777).toBe(0o700);
  });

  it('has the line of an account that is edited changed where it stands', async () => {
    await world.addAccount('one');
    await world.addAccount('two');
    await world.rolekey(['accounts', 'edit', 'one', '--profile-region', 'us-east-2']);
    expect(textOf(world.configFile)).toBe(
      `${configSection('one', 'profile one', 'region = us-east-2')}\n${configSection('two', 'profile two')}`,
    );
    await world.rolekey(['accounts', 'edit', 'one', '--unset', 'profileRegion']);
    expect(textOf(world.configFile)).toBe(
      `${configSection('one', 'profile one')}\n${configSection('two', 'profile two')}`,
    );
  });

  it('calls the command where it lies, for every program that reads it', async () => {
    await world.addAccount('dev');
    await world.connect('dev');
    const line = /credential_process = (.*)\n/.exec(textOf(world.configFile)!)![1]!;
    const result = await world.run('sh', ['-c', line], { env: { PATH: world.env.PATH } });
    success(result, credentials);
  });
});

describe('the credentials file', () => {
  it('gets a section from connect to disconnect', async () => {
    await world.addAccount('dev', '--outlet', 'credentials-file', '--aws-profile', 'work');
    expect(existsSync(world.credentialsFile)).toBe(false);
    await world.connect('dev');
    expect(textOf(world.credentialsFile)).toBe(await credentialsSection('dev', 'work'));
    expect(statSync(world.credentialsFile).mode & 0o777).toBe(0o600);
    await world.rolekey(['disconnect', 'dev']);
    expect(existsSync(world.credentialsFile)).toBe(false);
    expect(existsSync(world.configFile)).toBe(false);
  });

  it('of default is [default]', async () => {
    await world.addAccount(
      ...['dev', '--outlet', 'credentials-file', '--aws-profile', 'default', '--allow-default'],
    );
    await world.connect('dev');
    expect(textOf(world.credentialsFile)).toBe(await credentialsSection('dev', 'default'));
  });

  it('of two accounts has a blank line between them, in one write', async () => {
    await world.addAccount('one', '--outlet', 'credentials-file');
    await world.addAccount('two', '--outlet', 'credentials-file');
    await world.connect('one', 'two');
    const sections = [await credentialsSection('one'), await credentialsSection('two')];
    expect([sections.join('\n'), sections.reverse().join('\n')]).toContain(textOf(world.credentialsFile));
    await world.rolekey(['disconnect', 'one']);
    expect(textOf(world.credentialsFile)).toBe(await credentialsSection('two'));
  });

  it('is tightened to 0600 once, and the config file keeps its mode', async () => {
    world.file('home/.aws/credentials', '[mine]\naws_access_key_id = A\n');
    world.file('home/.aws/config', '[profile mine]\nregion = x\n');
    chmodSync(world.credentialsFile, 0o644);
    chmodSync(world.configFile, 0o644);
    await world.addAccount('file', '--outlet', 'credentials-file');
    await world.addAccount('process');
    await world.connect('file');
    expect(statSync(world.credentialsFile).mode & 0o777).toBe(0o600);
    expect(statSync(world.configFile).mode & 0o777).toBe(0o644);
  });

  it('that somebody else removed is put there again by connect', async () => {
    await world.addAccount('dev', '--outlet', 'credentials-file');
    await world.connect('dev');
    const section = await credentialsSection('dev');
    rmSync(world.credentialsFile);
    await world.connect('dev');
    expect(textOf(world.credentialsFile)).toBe(section);
  });

  it('of the outlets none and container-endpoint is not touched, nor is the config file', async () => {
    await world.addAccount('nothing', '--outlet', 'none');
    await world.addAccount('endpoint', '--outlet', 'container-endpoint');
    await world.connect('nothing', 'endpoint');
    expect([existsSync(world.credentialsFile), existsSync(world.configFile)]).toEqual([false, false]);
    success(await world.rolekey(['credential-process', '--account', 'nothing']), credentials);
  });
});

describe('removing the last of ours gives back byte for byte what was there', () => {
  it.each([
    ['an ordinary file', '[default]\nregion = eu-west-1\n\n[profile mine]\noutput = json\n'],
    ['no final line end', '[default]\nregion = eu-west-1'],
    ['line ends of Windows', '[default]\r\nregion = eu-west-1\r\n'],
    ['mixed line ends', '[a]\nx = 1\r\n\n\r\n[b]\r\n'],
    ['a byte order mark', '\ufeff[default]\nregion = x\n'],
    ['comments alone', '# nothing but\n; comments\n'],
    ['blank lines at the end', '[a]\nx = 1\n\n\n\n'],
    ['odd spacing', ' [ a ] # note\n\tx=1\n  y :  2  \n  z\n'],
    ['sections twice', '[a]\nx = 1\n[a]\ny = 2\n'],
    ['a line of 100 KiB', `[a]\nx = ${'y'.repeat(102_400)}\n`],
    ['an empty file', ''],
    ['a single line end', '\n'],
  ])('%s', async (_what, text) => {
    world.file('home/.aws/config', text);
    world.file('home/.aws/credentials', text);
    await world.addAccount('process', '--profile-region', 'eu-west-1');
    await world.addAccount('file', '--outlet', 'credentials-file');
    await world.connect('file');
    expect(textOf(world.configFile)).not.toBe(text);
    expect(textOf(world.credentialsFile)).not.toBe(text);
    await world.rolekey(['disconnect', 'file']);
    expect(textOf(world.credentialsFile)).toBe(text);
    await world.rolekey(['accounts', 'remove', 'process', 'file', '--yes']);
    expect(textOf(world.configFile)).toBe(text);
    expect(textOf(world.credentialsFile)).toBe(text);
  });
});

describe('a section of that name that is not ours', () => {
  const theirs = '[profile work]\nregion = eu-west-1\ncredential_process = /usr/bin/own\n';

  it('is section-foreign, and --adopt takes it over until the account is removed', async () => {
    world.file('home/.aws/config', theirs);
    const words = ['accounts', 'add', 'dev', ...world.accountFlags('dev'), '--private-key', world.device.uri];
    words.push('--aws-profile', 'work', '--json');
    const error = jsonFailure(await world.rolekey(words), 'section-foreign');
    expect(error.message).toContain(world.configFile);
    expect(error.remedy).toContain('--adopt');
    expect(textOf(world.configFile)).toBe(theirs);
    expect(success(await world.rolekey(['accounts', 'list', '--json']), accounts).accounts).toEqual([]);

    success(await world.rolekey([...words, '--adopt']), added);
    expect(textOf(world.configFile)).toContain(`"${world.cli}" credential-process --account dev`);
    expect(textOf(world.configFile)).toContain('region = eu-west-1\n');
    await world.connect('dev');
    expect((await callerIdentity('work')).code).toBe(0);
    await world.rolekey(['accounts', 'remove', 'dev', '--yes']);
    expect(textOf(world.configFile)).toBe(theirs);
  });

  it('in the credentials file is found out when the account is added, not when it connects', async () => {
    const keys = '[work]\naws_access_key_id = AKIAOWN\naws_secret_access_key = own\n';
    world.file('home/.aws/credentials', keys);
    for (const outlet of ['credentials-file', 'credential-process']) {
      const words = ['accounts', 'add', 'dev', ...world.accountFlags('dev'), '--outlet', outlet, '--json'];
      words.push('--private-key', world.device.uri, '--aws-profile', 'work');
      jsonFailure(await world.rolekey(words), 'section-foreign');
    }
    expect(textOf(world.credentialsFile)).toBe(keys);
  });

  it('in the credentials file is adopted for as long as it is connected', async () => {
    const keys = '[work]\naws_access_key_id = AKIAOWN\naws_secret_access_key = own\n';
    world.file('home/.aws/credentials', keys);
    await world.addAccount('dev', '--outlet', 'credentials-file', '--aws-profile', 'work', '--adopt');
    expect(textOf(world.credentialsFile)).toBe(keys);
    await world.connect('dev');
    expect((await callerIdentity('work')).code).toBe(0);
    await world.rolekey(['disconnect', 'dev']);
    expect(textOf(world.credentialsFile)).toBe(keys);
  });

  it('stays when edit is refused for it, and the account as well', async () => {
    world.file('home/.aws/config', theirs);
    await world.addAccount('dev');
    const before = textOf(world.configFile);
    jsonFailure(
      await world.rolekey(['accounts', 'edit', 'dev', '--aws-profile', 'work', '--json']),
      'section-foreign',
    );
    expect(textOf(world.configFile)).toBe(before);
    const [account] = success(await world.rolekey(['accounts', 'list', '--json']), accounts).accounts;
    expect(account!.awsProfile).toBe('dev');
  });
});

describe('a file that is a link', () => {
  it('stays one, and what it names is written', async () => {
    const real = world.file('home/real/config', '[profile mine]\nregion = x\n');
    world.folder('home/.aws');
    symlinkSync(real, world.configFile);
    await world.addAccount('dev');
    expect(lstatSync(world.configFile).isSymbolicLink()).toBe(true);
    expect(readlinkSync(world.configFile)).toBe(real);
    expect(textOf(real)).toBe(`[profile mine]\nregion = x\n\n${configSection('dev', 'profile dev')}`);
    await world.rolekey(['accounts', 'remove', 'dev', '--yes']);
    expect(textOf(real)).toBe('[profile mine]\nregion = x\n');
  });

  it('with two names keeps both', async () => {
    world.file('home/.aws/config', '[profile mine]\nregion = x\n');
    const twin = join(world.home, '.aws', 'twin');
    linkSync(world.configFile, twin);
    await world.addAccount('dev');
    expect(textOf(twin)).toBe(textOf(world.configFile));
    expect(statSync(twin).ino).toBe(statSync(world.configFile).ino);
  });
});

describe('the path of the command', () => {
  it('that programs may misread is cli-path-unsafe, and nothing is written', async () => {
    const odd = join(world.folder('odd'), 'it’s $HOME');
    symlinkSync(join(world.cli, '..', '..'), odd);
    const socket = join(world.folder('home/odd'), 'agent.sock');
    const flags = [...world.accountFlags('dev'), '--private-key', world.device.uri, '--json'];
    const result = await world.run(join(odd, 'bin', 'rolekey'), ['accounts', 'add', 'dev', ...flags], {
      env: { ROLEKEY_SOCKET: socket },
    });
    await world.endProcesses();
    jsonFailure(result, 'cli-path-unsafe');
    expect(existsSync(world.configFile)).toBe(false);
  });

  it('with a space is fine', async () => {
    const spaced = join(world.folder('spaced'), 'my tools');
    symlinkSync(join(world.cli, '..', '..'), spaced);
    const cli = join(spaced, 'bin', 'rolekey');
    const env = { ROLEKEY_SOCKET: join(world.folder('home/spaced'), 'agent.sock') };
    const flags = [...world.accountFlags('dev'), '--private-key', world.device.uri, '--json'];
    success(await world.run(cli, ['accounts', 'add', 'dev', ...flags], { env }), added);
    expect(textOf(world.configFile)).toContain(`credential_process = "${cli}" credential-process`);
    await world.run(cli, ['agent', 'stop'], { env });
  });
});
