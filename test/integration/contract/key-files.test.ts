/** Keys in PKCS#12 files and in a real ssh-agent, from the built command line to IAM Roles Anywhere. */
import { execFileSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { chmodSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Identity } from '../../support/pki/authority.ts';
import { pkcs12 } from '../../support/pki/pkcs12.ts';
import { openSshKey } from '../../support/ssh-agent/open-ssh-key.ts';
import { SshAgent } from '../../support/ssh-agent/ssh-agent.ts';
import type { Terminal } from '../../support/world/terminal.ts';
import { textOf, World } from '../../support/world/world.ts';
import { documentOf, jsonFailure, success } from './expectations.ts';
import { accounts, connected, imported, status, type State } from './shapes.ts';

const password = 'correct horse';
let world: World;
let ec: Identity;
let rsa: Identity;

beforeAll(async () => {
  world = await World.open();
  ec = world.authority.identity({ subject: '/O=Example/CN=file-ec' });
  rsa = world.authority.identity({ subject: '/O=Example/CN=file-rsa', holder: { key: 'RSA-2048' } });
});
afterAll(() => world.dispose());

const fileOf = ({ privateKeyPem, pem }: Identity, secret: string, ...flags: string[]): Buffer =>
  pkcs12({
    privatePem: privateKeyPem,
    certificates: [pem, world.authority.certificate.pem],
    password: secret,
    flags,
  });

async function connect(id: string, stdin?: string): Promise<{ code: number; state: State }> {
  const flags = stdin === undefined ? [] : ['--pin-stdin'];
  const result = await world.rolekey(['connect', id, ...flags, '--json'], { stdin });
  return { code: result.code, state: documentOf(result, connected).results[0]!.state };
}

/** What `status` shows of the account's key. */
async function keyOf(id: string) {
  return success(await world.rolekey(['status', id, '--json']), status).accounts[0]!.key;
}

/** Types an answer to the next question, as a person does: a moment after it was shown. */
async function type(terminal: Terminal, question: string, keys: string, from = 0): Promise<number> {
  const at = await terminal.shows(question, from);
  await new Promise((resolve) => setTimeout(resolve, 200));
  terminal.type(`${keys}\r`);
  return at;
}

describe('a key in a PKCS#12 file', () => {
  beforeAll(async () => {
    world.file('home/ec.p12', fileOf(ec, password));
    world.file('home/rsa.pfx', fileOf(rsa, password));
    world.file('home/open.p12', fileOf(rsa, ''));
    for (const [id, file] of [
      ['ec', 'ec.p12'],
      ['second', 'ec.p12'],
      ['rsa', 'rsa.pfx'],
      ['open', 'open.p12'],
    ] as const) {
      await world.addAccount(id, '--private-key', file);
    }
  });
  beforeEach(async () => {
    await world.rolekey(['disconnect', '--all']);
    await world.rolekey(['lock']);
  });

  it('is stored by its absolute path', async () => {
    const stored = success(await world.rolekey(['accounts', 'list', '--json']), accounts).accounts;
    expect(stored.find(({ id }) => id === 'ec')?.keys).toEqual([join(world.home, 'ec.p12')]);
  });

  it('asks for its passphrase once for all accounts, hidden, again where it was wrong, and is no hardware', async () => {
    const terminal = world.terminal(['connect', 'ec', 'second']);
    const question = `Passphrase of ${join(world.home, 'ec.p12')} for ec, second: `;
    const at = await type(terminal, question, 'wrong one');
    await type(terminal, question, password, await terminal.shows('The passphrase was wrong', at));
    expect(await terminal.ended).toBe(0);
    expect(terminal.output).not.toContain(password);
    expect(await keyOf('ec')).toEqual({
      uri: join(world.home, 'ec.p12'),
      token: null,
      serial: null,
      hardware: false,
    });
  });

  it.each(['ec', 'rsa'])('connects with the first line of standard input: %s', async (id) => {
    expect(await connect(id, `${password}\n`)).toMatchObject({
      code: 0,
      state: { activity: 'idle', error: null },
    });
    expect((await world.rolekey(['credential-process', '--account', id])).code).toBe(0);
  });

  it('asks nobody where it needs no passphrase', async () => {
    expect(await connect('open')).toMatchObject({ code: 0, state: { activity: 'idle' } });
  });

  it('needs a person where nobody types it, and where it is wrong', async () => {
    expect(await connect('ec')).toMatchObject({
      code: 3,
      state: { activity: 'needs-you', reason: 'pin', error: { code: 'pin-needed' } },
    });
    expect(await connect('ec', 'wrong\n')).toMatchObject({
      code: 3,
      state: { activity: 'needs-you', reason: 'pin', error: { code: 'passphrase-incorrect' } },
    });
  });

  it('stays open until it is locked', async () => {
    await connect('ec', `${password}\n`);
    await world.rolekey(['disconnect', 'ec']);
    expect(await connect('ec')).toMatchObject({ code: 0 });
    await world.rolekey(['disconnect', 'ec']);
    await world.rolekey(['lock']);
    expect(await connect('ec')).toMatchObject({ code: 3 });
  });

  it('is told at once where it is of an old kind, with a command that converts it as it stands', async () => {
    world.file('home/my old.p12', fileOf(ec, password, '-legacy'));
    const precious = join(world.home, 'my old-converted.pem');
    world.file('home/my old-converted.pem', 'of old');
    chmodSync(precious, 0o000);
    await world.addAccount('old', '--private-key', 'my old.p12');
    const { code, state } = await connect('old', `${password}\n`);
    expect(code).toBe(1);
    expect(state.error).toMatchObject({ code: 'key-unsupported' });
    const command =
      /^Convert it with: (openssl .*); then name that file: rolekey accounts edit old --private-key FILE\.$/.exec(
        state.error?.remedy ?? '',
      )?.[1] ?? '';
    const converting = world.runAtTerminal('/bin/sh', ['-c', command]);
    await type(converting, 'Enter Import Password:', password);
    const at = await type(converting, 'Enter PEM pass phrase:', 'another secret');
    await type(converting, 'Verifying - Enter PEM pass phrase:', 'another secret', at);
    expect(await converting.ended).toBe(0);
    const pem = join(world.home, 'my old-converted-2.pem');
    chmodSync(precious, 0o600);
    expect(textOf(precious)).toBe('of old');
    expect(statSync(pem).mode & 0o077).toBe(0);
    expect(textOf(pem)).toContain('BEGIN ENCRYPTED PRIVATE KEY');
    await world.rolekey(['accounts', 'edit', 'old', '--private-key', pem]);
    expect(await connect('old', 'another secret\n')).toMatchObject({ code: 0 });
  });

  it('is taken over from a line of aws_signing_helper', async () => {
    const arns = world.accountFlags('imported').slice(0, 6);
    const file = join(world.home, 'ec.p12');
    const line = ['aws_signing_helper', 'credential-process', ...arns, '--certificate', file].join(' ');
    const result = await world.rolekey(['accounts', 'import', '-', '--id', 'imported', '--json'], {
      stdin: `${line}\n`,
    });
    expect(success(result, imported).imported[0]).toMatchObject({ keys: [file], certificate: null });
    await world.rolekey(['accounts', 'edit', 'imported', '--endpoint', world.server.url]);
    expect(await connect('imported', `${password}\n`)).toMatchObject({ code: 0 });
  });

  it.each(['dist/main/index.cjs', 'dist/cli/commands/agent.cjs'])(
    'is opened by a bundle of its own, which others only name: %s',
    (bundle) => {
      const text = textOf(bundle)!;
      const [, path = ''] = /require\("([^"]*pkcs12\.cjs)"\)/.exec(text) ?? [];
      const own = textOf(join(dirname(bundle), path))!;
      // What such files alone are encrypted with.
      expect(own).toContain('aes-192-cbc');
      expect(text).not.toContain('aes-192-cbc');
    },
  );

  it('is what the doctor asks nobody about', async () => {
    const { stdout } = await world.rolekey(['doctor']);
    expect(stdout).toContain('ec.p12 needs its passphrase');
  });
});

describe('a key or certificate file that is none', () => {
  it.each([
    [
      'a pipe',
      'is not a regular file',
      (path: string) => {
        execFileSync('mkfifo', [path]);
      },
    ],
    ['a device', 'is not a regular file', (path: string) => symlinkSync('/dev/zero', path)],
    [
      '300 megabytes',
      'longer than 1024 KiB',
      (path: string) => writeFileSync(path, Buffer.alloc(300_000_000)),
    ],
  ])('is told for what it is: %s', async (what, words, make) => {
    const id = `odd-${what.replace(/\W/g, '-')}`;
    const path = join(world.home, id);
    make(path);
    const key = world.file('home/plain.pem', ec.privateKeyPem);
    for (const flags of [
      ['--private-key', path],
      ['--private-key', key, '--certificate', path],
    ]) {
      await world.addAccount(id, ...flags);
      const { code, state } = await connect(id);
      expect(code).toBe(1);
      expect(state.error).toMatchObject({ code: 'file-unreadable' });
      expect(state.error?.message).toContain(words);
      await world.rolekey(['accounts', 'remove', id, '--yes']);
    }
    rmSync(path);
  });
});

describe('a key in an ssh-agent', () => {
  let agent: SshAgent;
  const names: Record<string, string> = {};

  const folder = (): string => world.folder('ssh');

  beforeAll(async () => {
    await world.rolekey(['agent', 'stop']); // the next one is started with the ssh-agent in its environment
    for (const [id, { pem, file }] of Object.entries({ 'agent-ec': ec, 'agent-rsa': rsa })) {
      const publicPem = createPublicKey(pem).export({ format: 'pem', type: 'spki' }) as string;
      names[id] = `ssh-agent:${openSshKey(publicPem).fingerprint}`;
      const flags = ['--private-key', names[id], '--certificate', file];
      await world.rolekey(['accounts', 'add', id, ...world.accountFlags(id), ...flags], {
        env: environment(),
      });
    }
  });
  beforeEach(async () => {
    agent = await SshAgent.start(folder());
    agent.add(ec.privateKeyPem);
    agent.add(rsa.privateKeyPem);
    await rolekey(['disconnect', '--all']);
    return () => agent.stop();
  });

  const environment = () => ({ SSH_AUTH_SOCK: join(folder(), 'socket') });

  /** The command line with the ssh-agent in its environment: it starts Rolekey's agent where none runs. */
  const rolekey = (args: readonly string[]) => world.rolekey(args, { env: environment() });

  async function attempt(id: string): Promise<{ code: number; state: State }> {
    const result = await rolekey(['connect', id, '--json']);
    return { code: result.code, state: documentOf(result, connected).results[0]!.state };
  }

  it('connects without asking anybody, and is no hardware: P-256 and RSA', async () => {
    for (const id of ['agent-ec', 'agent-rsa']) {
      expect(await attempt(id)).toMatchObject({ code: 0, state: { activity: 'idle', error: null } });
      expect((await rolekey(['credential-process', '--account', id])).code).toBe(0);
      expect(await keyOf(id)).toEqual({ uri: names[id], token: null, serial: null, hardware: false });
    }
    const { stdout } = await rolekey(['doctor']);
    expect(stdout).toContain(`in the ssh-agent (${names['agent-ec']!})`);
  });

  it('says what is the matter: locked, removed, killed', async () => {
    agent.setLocked(true);
    expect(await attempt('agent-ec')).toMatchObject({
      code: 1,
      state: { activity: 'failed', error: { code: 'ssh-key-missing' } },
    });
    agent.setLocked(false);
    expect(await attempt('agent-ec')).toMatchObject({ code: 0 });

    await rolekey(['disconnect', 'agent-ec']);
    agent.remove(ec.privateKeyPem);
    expect(await attempt('agent-ec')).toMatchObject({
      code: 1,
      state: { error: { code: 'ssh-key-missing', message: expect.stringContaining('SHA256:') as string } },
    });
    agent.add(ec.privateKeyPem);
    expect(await attempt('agent-ec')).toMatchObject({ code: 0 });

    await rolekey(['disconnect', 'agent-ec']);
    await agent.stop();
    expect(await attempt('agent-ec')).toMatchObject({
      code: 1,
      state: { error: { code: 'ssh-agent-missing' } },
    });
  });

  /** An account whose key and certificate a test may choose. */
  const add = (id: string, ...flags: string[]) =>
    rolekey(['accounts', 'add', id, ...world.accountFlags(id), ...flags]);

  it('gives way to the account’s next key while it is missing', async () => {
    agent.remove(ec.privateKeyPem);
    const keys = ['--private-key', names['agent-ec']!, '--private-key', names['agent-rsa']!];
    await add('either', ...keys, '--certificate', rsa.file);
    expect(await attempt('either')).toMatchObject({ code: 0 });
    expect((await keyOf('either')).uri).toBe(names['agent-rsa']);
  });

  it('needs its certificate named', async () => {
    await add('bare', '--private-key', names['agent-ec']!);
    expect(await attempt('bare')).toMatchObject({ code: 1, state: { error: { code: 'cert-missing' } } });
  });

  it('is refused before anything is sent where AWS and SSH do not agree on the hash', async () => {
    agent.generate('ecdsa', 384);
    const name = `ssh-agent:${agent.fingerprints().at(-1)!}`;
    await add('p384', '--private-key', name, '--certificate', ec.file);
    const before = world.server.requests.length;
    expect(await attempt('p384')).toMatchObject({
      code: 1,
      state: { error: { code: 'key-unsupported', message: expect.stringContaining('SHA-384') as string } },
    });
    expect(world.server.requests).toHaveLength(before);
  });

  it('is not found where nobody says where the agent is', async () => {
    await rolekey(['agent', 'stop']);
    const unaware = await world.rolekey(['connect', 'agent-ec', '--json']);
    expect(documentOf(unaware, connected).results[0]!.state.error).toMatchObject({
      code: 'ssh-agent-missing',
    });
    await rolekey(['agent', 'stop']);
  });

  it('of another form is refused when it is stored', async () => {
    jsonFailure(await add('x', '--private-key', 'ssh-agent:MD5:aa', '--json'), 'account-invalid');
  });
});
