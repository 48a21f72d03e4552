/** AWS files that cannot be read, understood or written: each told by its own code, and not a byte lost. */
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Result } from '../../support/world/program.ts';
import { pin, textOf, World } from '../../support/world/world.ts';
import { documentOf, jsonFailure, success } from './expectations.ts';
import { accounts, connected, credentials, exitCodeOf, type State } from './shapes.ts';

const isRoot = process.getuid?.() === 0;
const canMount = isRoot && spawnSync('unshare', ['--mount', 'true']).status === 0;

let world: World;

beforeAll(async () => {
  world = await World.open();
  await world.addAccount('file', '--outlet', 'credentials-file');
  await world.connect('file');
});
afterAll(() => world.dispose());
beforeEach(async () => {
  await world.rolekey(['disconnect', 'file']);
  fs.rmSync(join(world.home, '.aws'), { recursive: true, force: true });
});

const flagsOf = (id: string): string[] => [
  ...world.accountFlags(id),
  ...['--private-key', world.device.uri, '--json'],
];
const add = (id: string, ...flags: readonly string[]): Promise<Result> =>
  world.rolekey(['accounts', 'add', id, ...flagsOf(id), ...flags]);

/** What is refused, and leaves AWS file and account list as they were. */
async function addRefused(id: string, code: string, ...flags: readonly string[]): Promise<string> {
  const { message } = jsonFailure(await add(id, ...flags), code);
  const { accounts: all } = success(await world.rolekey(['accounts', 'list', '--json']), accounts);
  expect(all.map((account) => account.id)).not.toContain(id);
  return message;
}

/** A connect whose credentials find no place: told by code and exit, though they are had. */
async function connectRefused(code: string): Promise<State> {
  const result = await world.rolekey(['connect', 'file', '--pin-stdin', '--json'], { stdin: `${pin}\n` });
  const { state } = documentOf(result, connected).results[0]!;
  expect(state.error, JSON.stringify(state)).toMatchObject({ code });
  expect(result.code).toBe(exitCodeOf(code));
  return state;
}

describe('an AWS file', () => {
  const utf16 = Buffer.from('\ufeff[default]\r\nregion = x\r\n', 'utf16le');
  const contents: readonly (readonly [what: string, code: string, bytes: string | Buffer])[] = [
    ['in Latin-1', 'file-undecodable', Buffer.from('# Žofie\n[a]\nx = \xe9\n', 'latin1')],
    ['in UTF-16', 'file-undecodable', utf16],
    ['with half a character', 'file-undecodable', Buffer.from([0x5b, 0x61, 0x5d, 0x0a, 0xc3])],
  ];

  it.each(contents)('%s is %s, and left as it is', async (_what, code, bytes) => {
    for (const name of ['config', 'credentials']) world.file(`home/.aws/${name}`, bytes);
    expect(await addRefused('x', code)).toMatch(/\.aws\/(config|credentials)/);
    await connectRefused(code);
    for (const file of [world.configFile, world.credentialsFile]) {
      expect(fs.readFileSync(file)).toEqual(Buffer.from(bytes));
    }
    expect(fs.readdirSync(dirname(world.configFile)).sort()).toEqual(['config', 'credentials']);
  });

  it('that is a folder is file-unreadable', async () => {
    world.folder('home/.aws/config');
    world.folder('home/.aws/credentials');
    expect(await addRefused('x', 'file-unreadable')).toMatch(/\.aws\/(config|credentials)/);
    await connectRefused('file-unreadable');
  });

  it('that is a link to itself is file-unreadable', async () => {
    world.folder('home/.aws');
    fs.symlinkSync('config', world.configFile);
    fs.symlinkSync('credentials', world.credentialsFile);
    await addRefused('x', 'file-unreadable');
    await connectRefused('file-unreadable');
    expect(fs.readlinkSync(world.configFile)).toBe('config');
  });

  it('whose folder is a file is file-readonly or file-unreadable', async () => {
    world.file('home/.aws', 'a file\n');
    const result = await add('x');
    const { code } = result.json() as { code?: string };
    expect(code).toBeUndefined();
    expect(result.code).toBe(1);
    expect(textOf(join(world.home, '.aws'))).toBe('a file\n');
  });
});

describe('a section', () => {
  const foreign = '[file]\naws_access_key_id = AKIAOWN\naws_secret_access_key = own\n';

  it('of that name that is not ours is section-foreign', async () => {
    world.file('home/.aws/config', '[profile x]\nregion = y\n');
    const message = await addRefused('x', 'section-foreign');
    expect(message).toContain(world.configFile);
    expect(message).toContain('line 1');
    expect(textOf(world.configFile)).toBe('[profile x]\nregion = y\n');
  });

  it('that came since the account was added is section-foreign when it connects', async () => {
    world.file('home/.aws/credentials', foreign);
    await connectRefused('section-foreign');
    expect(textOf(world.credentialsFile)).toBe(foreign);
  });

  it.each([
    ['the same account named twice', '[x]\n# managed by rolekey: file\n\n[y]\n# managed by rolekey: file\n'],
    ['a marker below no header', '# managed by rolekey: file\n[x]\n'],
    ['a marker cut off', '[x]\n# managed by rolekey:\naws_access_key_id = A\n'],
  ])('of ours with %s is marker-damaged, and nothing is changed', async (_what, text) => {
    world.file('home/.aws/credentials', text);
    await connectRefused('marker-damaged');
    expect(textOf(world.credentialsFile)).toBe(text);
  });

  it('of ours that a person took away is written again', async () => {
    await world.connect('file');
    fs.writeFileSync(world.credentialsFile, '[mine]\nx = 1\n');
    await world.rolekey(['disconnect', 'file']);
    expect(textOf(world.credentialsFile)).toBe('[mine]\nx = 1\n');
    await world.connect('file');
    expect(textOf(world.credentialsFile)).toMatch(/^\[mine\]\nx = 1\n\n\[file\]\n/);
  });

  it('of ours with lines of the user’s keeps those', async () => {
    await world.connect('file');
    fs.appendFileSync(world.credentialsFile, 'region = eu-west-3\n# mine\n');
    await world.rolekey(['disconnect', 'file']);
    expect(textOf(world.credentialsFile)).toContain('region = eu-west-3\n# mine\n');
    expect(textOf(world.credentialsFile)).not.toContain('aws_access_key_id');
  });
});

describe('credentials that found no place', () => {
  it('are handed out all the same, and put there when there is one', async () => {
    world.folder('home/.aws/credentials');
    const state = await connectRefused('file-unreadable');
    expect(state.serving).not.toBeNull();
    success(await world.rolekey(['credential-process', '--account', 'file']), credentials);
    fs.rmdirSync(world.credentialsFile);
    await world.connect('file');
    expect(textOf(world.credentialsFile)).toContain('[file]');
  });
});

describe('a full disk', () => {
  const folder = () => join(world.home, '.aws');
  afterEach(() => {
    spawnSync('umount', [folder()]);
  });

  it.skipIf(!canMount)('is disk-full, with the old file and nothing else on it', async () => {
    world.folder('home/.aws');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k,mode=0700', 'tmpfs', folder()]);
    const theirs = '[mine]\nx = 1\n';
    fs.writeFileSync(world.credentialsFile, theirs);
    fs.writeFileSync(world.configFile, theirs);
    fs.writeFileSync(join(folder(), 'filler'), Buffer.alloc(8 * 1024));
    await addRefused('x', 'disk-full');
    const state = await connectRefused('disk-full');
    expect(state.error!.message).toContain(world.credentialsFile);
    expect([world.configFile, world.credentialsFile].map(textOf)).toEqual([theirs, theirs]);
    expect(fs.readdirSync(folder()).sort()).toEqual(['config', 'credentials', 'filler']);

    fs.rmSync(join(folder(), 'filler'));
    await world.connect('file');
    expect(textOf(world.credentialsFile)).toMatch(/^\[mine\]\nx = 1\n\n\[file\]\n/);
    await world.rolekey(['disconnect', 'file']);
    expect(textOf(world.credentialsFile)).toBe(theirs);
  });
});

describe('as a user who may not', () => {
  /** Nobody, on every Linux; who is not root is bound by modes already. */
  const nobody = 65_534;
  let cli: string;
  let env: Record<string, string>;
  const aws = (): string => join(env.HOME!, '.aws');

  beforeAll(async () => {
    // A copy that this user can read, wherever the checkout is.
    const app = world.folder('app');
    for (const part of ['bin', 'dist']) {
      fs.cpSync(join(world.cli, '..', '..', part), join(app, part), { recursive: true });
    }
    cli = join(app, 'bin', 'rolekey');
    const identity = world.authority.identity({ name: 'nobody' });
    const home = world.folder('nobody');
    env = { HOME: home, PATH: world.env.PATH!, XDG_RUNTIME_DIR: world.folder('nobody/run'), TZ: 'UTC' };
    fs.copyFileSync(identity.privateKeyFile, join(home, 'key.pem'));
    fs.copyFileSync(identity.file, join(home, 'cert.pem'));
    fs.chmodSync(world.directory, 0o711);
    if (isRoot)
      for (const folder of [app, home])
        execFileSync('chown', ['-R', `${String(nobody)}:${String(nobody)}`, folder]);
    const flags = ['--private-key', 'key.pem', '--certificate', 'cert.pem', '--outlet', 'credentials-file'];
    const added = await rolekey(['accounts', 'add', 'file', ...world.accountFlags('file'), ...flags]);
    expect(added, added.stderr).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    await rolekey(['agent', 'stop']);
  });
  beforeEach(async () => {
    await rolekey(['disconnect', 'file']);
    execFileSync('chmod', ['-R', 'u+rwX', env.HOME!]);
    fs.rmSync(aws(), { recursive: true, force: true });
  });

  function rolekey(args: readonly string[]): Promise<Result> {
    const as = isRoot ? ['--reuid', String(nobody), '--regid', String(nobody), '--clear-groups'] : [];
    const unset = Object.fromEntries(Object.keys(world.env).map((name) => [name, undefined]));
    return world.run('setpriv', [...as, cli, ...args], { cwd: env.HOME!, env: { ...unset, ...env } });
  }

  /** Files of that user with that content and mode, in a folder of that mode. */
  function prepare(mode: number, folderMode = 0o700): void {
    fs.mkdirSync(aws());
    for (const name of ['config', 'credentials']) {
      fs.writeFileSync(join(aws(), name), theirs);
      fs.chmodSync(join(aws(), name), mode);
    }
    if (isRoot) execFileSync('chown', ['-R', `${String(nobody)}:${String(nobody)}`, aws()]);
    fs.chmodSync(aws(), folderMode);
  }
  const theirs = '[mine]\nx = 1\n';
  const contents = () => ['config', 'credentials'].map((name) => textOf(join(aws(), name)));

  async function bothRefused(code: string): Promise<void> {
    const listing = isRoot ? fs.readdirSync(aws()).sort() : [];
    const flags = ['--private-key', 'key.pem', '--certificate', 'cert.pem', '--json'];
    const added = await rolekey(['accounts', 'add', 'x', ...world.accountFlags('x'), ...flags]);
    expect(jsonFailure(added, code).message).toContain(join(aws(), 'c'));
    const result = await rolekey(['connect', 'file', '--json']);
    const { state } = documentOf(result, connected).results[0]!;
    expect(state.error, JSON.stringify(state)).toMatchObject({ code });
    expect(result.code).toBe(1);
    const { accounts: all } = success(await rolekey(['accounts', 'list', '--json']), accounts);
    expect(all.map(({ id }) => id)).toEqual(['file']);
    if (!isRoot) return;
    expect(contents()).toEqual([theirs, theirs]);
    expect(fs.readdirSync(aws()).sort()).toEqual(listing);
  }

  it('files that may not be read are file-unreadable', async () => {
    prepare(0o000);
    await bothRefused('file-unreadable');
  });

  it('files that may not be written are file-readonly', async () => {
    prepare(0o400);
    await bothRefused('file-readonly');
  });

  it('a folder that may not be written is file-readonly', async () => {
    prepare(0o600, 0o500);
    await bothRefused('file-readonly');
  });

  it('a folder that may not be entered is file-unreadable', async () => {
    prepare(0o600, 0o000);
    await bothRefused('file-unreadable');
  });

  it('a linked file that may not be written is file-readonly, and the link stays', async () => {
    prepare(0o400);
    for (const name of ['config', 'credentials']) {
      fs.renameSync(join(aws(), name), join(aws(), `${name}.real`));
      fs.symlinkSync(`${name}.real`, join(aws(), name));
    }
    await bothRefused('file-readonly');
    expect(fs.readlinkSync(join(aws(), 'config'))).toBe('config.real');
  });

  it('the account is served from memory meanwhile', async () => {
    prepare(0o400);
    await rolekey(['connect', 'file']);
    success(await rolekey(['credential-process', '--account', 'file']), credentials);
  });
});
