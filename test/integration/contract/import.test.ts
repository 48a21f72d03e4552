/** `accounts import`: helper command lines become accounts; nothing is ever executed. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { region, textOf, World } from '../../support/world/world.ts';
import { documentOf, jsonFailure, success, textFailure } from './expectations.ts';
import { accounts, imported, removed } from './shapes.ts';

let world: World;
const prefix = `arn:aws:rolesanywhere:${region}:123456789012`;
/** What every helper line needs. */
const arns = (role: string): string =>
  `--role-arn arn:aws:iam::123456789012:role/${role} --profile-arn ${prefix}:profile/1 --trust-anchor-arn ${prefix}:trust-anchor/1`;
const helper = (role: string, rest = '--private-key /k/key.pem --certificate /k/cert.pem'): string =>
  `/opt/bin/aws_signing_helper credential-process ${arns(role)} ${rest}`;

beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.dispose());
afterEach(async () => {
  const { accounts: all } = success(await world.rolekey(['accounts', 'list', '--json']), accounts);
  const ids = all.map(({ id }) => id);
  if (ids.length > 0) {
    success(await world.rolekey(['accounts', 'remove', ...ids, '--yes', '--json']), removed);
  }
  await world.run('rm', ['-f', world.configFile]);
});

const importing = async (...flags: readonly string[]) =>
  success(await world.rolekey(['accounts', 'import', ...flags, '--json']), imported);
const fromStdin = async (line: string, ...flags: readonly string[]) =>
  success(await world.rolekey(['accounts', 'import', '-', ...flags, '--json'], { stdin: line }), imported);

/** The document of an import that lacks something asked for by name, with its exit code. */
const lacking = async (words: readonly string[], stdin = '') => {
  const result = await world.rolekey(['accounts', 'import', ...words, '--json'], { stdin });
  expect(result).toMatchObject({ code: 2, stderr: '' });
  return documentOf(result, imported);
};

describe('from the AWS config file', () => {
  const config = [
    '# mine',
    '[default]',
    `credential_process = ${helper('Default')}`,
    '[profile work]',
    'region = eu-west-1',
    `credential_process = ${helper('Work', `--private-key "/k/with space.pem" --certificate '/k/c.pem' --session-duration 900`)}`,
    '[profile multi]',
    'credential_process =',
    `  ${helper('Multi')}`,
    '[profile relative]',
    `credential_process = aws_signing_helper credential-process ${arns('Rel')} --private-key keys/k.pem`,
    '[profile tool]',
    'credential_process = /usr/bin/other --json',
    '[profile plain]',
    'region = us-east-1',
    '',
  ].join('\n');

  it('--all takes every profile that calls the helper and says why it skips the others', async () => {
    world.file('home/.aws/config', config);
    const { imported: taken, skipped, dropped } = await importing('--all');
    expect(taken.map(({ roleArn }) => roleArn.split('/')[1])).toEqual(
      expect.arrayContaining(['Default', 'Work', 'Rel']),
    );
    expect(taken.find(({ roleArn }) => roleArn.endsWith('Work'))).toMatchObject({
      keys: ['/k/with space.pem'],
      certificate: '/k/c.pem',
      sessionDuration: 900,
      profileRegion: 'eu-west-1',
      source: { kind: 'local' },
    });
    expect(taken.find(({ roleArn }) => roleArn.endsWith('Rel'))!.keys).toEqual([
      join(world.home, 'keys/k.pem'),
    ]);
    expect(skipped.map(({ source }) => source)).toContain('tool');
    for (const { code, message } of skipped) expect([code, message]).not.toContain('');
    expect(dropped.map(({ source }) => source)).toContain('relative');
  });

  it('a value on the next line is read', async () => {
    world.file('home/.aws/config', config);
    const { imported: taken } = await importing('--from-profile', 'multi');
    expect(taken.map(({ roleArn }) => roleArn)).toEqual(['arn:aws:iam::123456789012:role/Multi']);
  });

  it('leaves every byte of the user’s as it was', async () => {
    world.file('home/.aws/config', config);
    await importing('--all');
    const { accounts: all } = success(await world.rolekey(['accounts', 'list', '--json']), accounts);
    expect(textOf(world.configFile)!.startsWith(config)).toBe(true);
    await world.rolekey(['accounts', 'remove', ...all.map(({ id }) => id), '--yes']);
    expect(textOf(world.configFile)).toBe(config);
  });

  it('--from-profile takes those named, each once', async () => {
    world.file('home/.aws/config', config);
    const { imported: taken } = await importing(
      ...['--from-profile', 'work', '--from-profile', 'default', '--from-profile', 'work'],
    );
    expect(taken.map(({ roleArn }) => roleArn.split('/')[1]).sort()).toEqual(['Default', 'Work']);
  });

  it('--from-profile of one that cannot be taken is listed as skipped, and is exit 2', async () => {
    world.file('home/.aws/config', config);
    const named = ['tool', 'nobody', 'work', 'plain'].flatMap((name) => ['--from-profile', name]);
    const { imported: taken, skipped } = await lacking(named);
    expect(taken.map(({ id }) => id)).toEqual(['work']);
    expect(skipped.map(({ source, code }) => [source, code])).toEqual([
      ['tool', 'account-invalid'],
      ['nobody', 'account-unknown'],
      ['plain', 'account-invalid'],
    ]);
  });

  it('tells people which was skipped first', async () => {
    world.file('home/.aws/config', config);
    const words = ['accounts', 'import', '--from-profile', 'nobody', '--from-profile', 'plain'];
    const { code, stdout, stderr } = await world.rolekey(words);
    expect([code, stdout.split('\n').length]).toEqual([2, 3]);
    expect(stderr).toBe('rolekey: nobody: There is no such profile in the file.\n');
  });

  it('--id names the account of one profile, and of several is exit 2', async () => {
    world.file('home/.aws/config', config);
    const { imported: taken } = await importing('--from-profile', 'work', '--id', 'my-work');
    expect(taken.map(({ id }) => id)).toEqual(['my-work']);
    const several = ['accounts', 'import', '--all', '--id', 'x'];
    textFailure(await world.rolekey(several), 2);
  });

  it('--config-file reads another file, taken from where the command runs', async () => {
    world.file('home/else/config', `[profile other]\ncredential_process = ${helper('Other')}\n`);
    const words = ['accounts', 'import', '--all', '--config-file', 'else/config', '--json'];
    const { imported: taken } = success(await world.rolekey(words, { cwd: world.home }), imported);
    expect(taken.map(({ id }) => id)).toEqual(['other']);
    expect(textOf(join(world.home, 'else/config'))).not.toContain('rolekey');
  });

  it('--config-file that is not there is a failure that names it', async () => {
    const words = ['accounts', 'import', '--all', '--config-file', '/no/such/config'];
    expect(textFailure(await world.rolekey(words), 1)).toContain('/no/such/config');
    jsonFailure(await world.rolekey([...words, '--json']), 'file-unreadable');
  });

  it('--dry-run answers the same and changes nothing', async () => {
    world.file('home/.aws/config', config);
    const planned = await importing('--all', '--dry-run');
    expect(textOf(world.configFile)).toBe(config);
    expect(success(await world.rolekey(['accounts', 'list', '--json']), accounts).accounts).toEqual([]);
    expect(await importing('--all')).toEqual(planned);
  });

  it('done twice brings nothing the second time', async () => {
    world.file('home/.aws/config', config);
    const first = await importing('--all');
    const second = await importing('--all');
    expect(first.imported.length).toBeGreaterThan(2);
    expect(second.imported).toEqual([]);
    expect(second.skipped.filter(({ code }) => code === 'account-exists').length).toBeGreaterThan(2);
  });
});

describe('“-” reads one helper command line from standard input', () => {
  it.each([
    ['a line', `${helper('Std')}\n`],
    ['without line end', helper('Std')],
    ['of Windows', `${helper('Std')}\r\n`],
    [
      'parted over lines by backslashes, as it is pasted',
      `${helper('Std').replaceAll(' --', ' \\\n  --')}\n`,
    ],
    [
      'parted in the midst of a word, as a shell joins it',
      `${helper('Std').replace('--role-arn', '--role\\\n-arn')}\nrm -rf /\n`,
    ],
    ['behind blank lines', `\n\n${helper('Std')}\n`],
    ['of update', `aws_signing_helper update ${arns('Std')} --private-key /k/key.pem --profile std\n`],
    ['copied with its key', `credential_process = ${helper('Std')}\n`],
    ['of a file with a byte order mark', `\u{feff}${helper('Std')}\n`],
    ['with = in place of space', `${helper('Std').replaceAll(/(--[a-z-]+) /g, '$1=')}\n`],
  ])('%s', async (_what, text) => {
    const { imported: taken, skipped } = await fromStdin(text);
    expect(skipped).toEqual([]);
    expect(taken.map(({ roleArn }) => roleArn)).toEqual(['arn:aws:iam::123456789012:role/Std']);
  });

  it('takes relative paths from where the command runs', async () => {
    const cwd = world.folder('home/project');
    const words = ['accounts', 'import', '-', '--json'];
    const stdin = `aws_signing_helper credential-process ${arns('Here')} --private-key ./k.pem`;
    const { imported: taken } = success(await world.rolekey(words, { cwd, stdin }), imported);
    expect(taken[0]!.keys).toEqual([join(cwd, 'k.pem')]);
  });

  it('names what was set for the helper alone, and keeps nothing of it', async () => {
    const { dropped } = await fromStdin(`AWS_REGION=eu-west-1 TOKEN='s3cret x' ${helper('Std')}`);
    expect(dropped.map(({ flag }) => flag)).toEqual(['AWS_REGION', 'TOKEN']);
    expect(JSON.stringify(dropped)).not.toContain('s3cret');
  });

  it('that is endless is refused', async () => {
    const words = ['accounts', 'import', '-'];
    expect(textFailure(await world.rolekey(words, { stdin: 'x'.repeat(70_000) }), 2)).toContain('64 KiB');
  });

  it('never sets an endpoint or a module, and lists what it left out by name', async () => {
    const line = helper(
      'Drop',
      '--private-key pkcs11:token=t --endpoint http://evil.example --with-proxy --debug --no-verify-ssl --pkcs11-lib /tmp/evil.so',
    );
    const { imported: taken, dropped } = await fromStdin(line);
    expect(taken[0]).toMatchObject({ endpoint: null, pkcs11Lib: null });
    expect(dropped.map(({ flag }) => flag).sort()).toEqual(
      ['--debug', '--endpoint', '--no-verify-ssl', '--pkcs11-lib', '--with-proxy'].sort(),
    );
  });

  it.each([
    ['nothing', ''],
    ['another program', 'rm -rf /'],
    ['a pipe', `${helper('X')} | tee /tmp/x`],
    ['a substitution', helper('X', '--private-key $(touch TRACE)')],
    ['a substitution of old', helper('X', '--private-key `touch TRACE`')],
    ['two commands', `touch TRACE; ${helper('X')}`],
    ['a redirection', `${helper('X')} > TRACE`],
    ['a PIN in a URI', helper('X', '--private-key "pkcs11:token=t?pin-value=271828"')],
    ['an ARN that is none', helper('X').replace('arn:aws:iam', 'arn:aws:sts')],
    ['no key', `aws_signing_helper credential-process ${arns('X')}`],
    ['an unclosed quote', `${helper('X')} --private-key "x`],
  ])('%s brings no account and runs nothing', async (_what, line) => {
    const trace = join(world.home, 'TRACE');
    const result = await world.rolekey(['accounts', 'import', '-', '--json'], { stdin: line });
    expect(result.stdout + result.stderr).not.toContain('271828');
    const { accounts: all } = success(await world.rolekey(['accounts', 'list', '--json']), accounts);
    if (_what !== 'a PIN in a URI') expect(all).toEqual([]);
    expect(JSON.stringify(all)).not.toContain('271828');
    expect(existsSync(trace)).toBe(false);
    const { imported: taken, skipped } = documentOf(result, imported);
    expect(result.code).toBe(skipped.length === 0 ? 0 : 2);
    expect(taken.length + skipped.length).toBe(1);
  });

  it('--id names the account', async () => {
    expect((await fromStdin(helper('Std'), '--id', 'mine')).imported[0]!.id).toBe('mine');
  });

  it('--id of an account there is does not touch that', async () => {
    await fromStdin(helper('One'), '--id', 'mine');
    const { imported: taken, skipped } = await lacking(['-', '--id', 'mine'], helper('Two'));
    expect([taken.length, skipped[0]!.code]).toEqual([0, 'account-exists']);
  });

  it('--id that is none is refused', async () => {
    const { imported: taken } = await lacking(['-', '--id', 'Not An ID'], helper('Std'));
    expect(taken).toEqual([]);
  });
});
