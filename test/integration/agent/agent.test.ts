/** A whole agent of plain Node adapters behind its socket, with a key in a file and AWS on loopback. */
import { createPrivateKey } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { AgentClient } from '../../../src/agent-client/agent-client.ts';
import { startAgent, type RunningAgent } from '../../../src/main/start-agent.ts';
import type { EngineEvent } from '../../../src/shared/api.ts';
import { AppError } from '../../../src/shared/errors.ts';
import type { Prompt } from '../../../src/shared/model.ts';
import { pathsOf } from '../../../src/shared/paths.ts';
import { Authority } from '../../support/pki/authority.ts';
import { openAccount } from '../../support/roles-anywhere/account.ts';
import { startServer, type RunningServer } from '../../support/roles-anywhere/server.ts';

const passphrase = 'correct horse battery staple';
const roleArn = 'arn:aws:iam::123456789012:role/Reader';
const arn = (kind: string): string =>
  `arn:aws:rolesanywhere:eu-west-2:123456789012:${kind}/1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d`;

let pki: string;
let server: RunningServer;
/** Key files with their certificate: open, and behind the passphrase. */
let plainKey: string;
let lockedKey: string;

beforeAll(async () => {
  pki = fs.mkdtempSync(join(tmpdir(), 'rolekey-pki-'));
  const authority = Authority.root(join(pki, 'ca'));
  const device = authority.identity({ name: 'device' });
  plainKey = join(pki, 'plain.pem');
  fs.writeFileSync(plainKey, device.pem + device.privateKeyPem, { mode: 0o600 });
  lockedKey = join(pki, 'locked.pem');
  const encrypted = createPrivateKey(device.privateKeyPem).export({
    format: 'pem',
    type: 'pkcs8',
    cipher: 'aes-256-cbc',
    passphrase,
  });
  fs.writeFileSync(lockedKey, device.pem + String(encrypted), { mode: 0o600 });
  server = await startServer({ account: openAccount(authority.certificate.pem) });
});
afterAll(async () => {
  await server.close();
  fs.rmSync(pki, { recursive: true, force: true });
});

let root: string;
let agent: RunningAgent;

const options = () => {
  const env = {
    XDG_RUNTIME_DIR: join(root, 'run'),
    XDG_CONFIG_HOME: join(root, 'config'),
    XDG_STATE_HOME: join(root, 'state'),
    AWS_ENDPOINT_URL_ROLESANYWHERE: server.url,
    AWS_ENDPOINT_URL_STS: server.url,
  };
  return {
    version: '1.2.3',
    paths: pathsOf({ platform: 'linux', env, uid: process.getuid!(), home: root }),
    cliPath: '/opt/rolekey/bin/rolekey',
    home: root,
    env,
    tokenHostBundle: join(root, 'not-built.cjs'),
    keyringBundle: join(root, 'not-built.cjs'),
    plugFolder: join(root, 'usb'),
    endsWhenIdle: false,
  };
};

beforeEach(async () => {
  root = fs.mkdtempSync(join(tmpdir(), 'rolekey-agent-'));
  fs.mkdirSync(join(root, 'usb'));
  server.requests.length = 0;
  server.faults.clear();
  agent = (await startAgent(options()))!;
});
afterEach(async () => {
  await agent.stop();
  fs.rmSync(root, { recursive: true, force: true });
});

const client = (name?: string): AgentClient =>
  new AgentClient({
    socket: options().paths.socket,
    command: 'rolekey test',
    ...(name === undefined ? {} : { client: name }),
  });

const addAccount = (id: string, key = plainKey, more: object = {}) =>
  client().call('accountsAdd', {
    id,
    fields: {
      roleArn,
      profileArn: arn('profile'),
      trustAnchorArn: arn('trust-anchor'),
      keys: [key],
      ...more,
    },
    ...{ adopt: false, allowDefault: false, dryRun: false },
  });

const connect = (id: string, name?: string, timeoutMs = 5000) =>
  client(name).call('connect', { select: { accounts: [id] }, timeoutMs });

/** A file that passes for a PKCS#11 module of this computer until it is loaded. */
function moduleIn(folder: string): string {
  const path = join(folder, 'module.so');
  const header = Buffer.alloc(64);
  const program = fs.openSync(process.execPath, 'r');
  fs.readSync(program, header);
  fs.closeSync(program);
  if (process.platform === 'darwin') header.writeUInt32LE(6, 12);
  else header.writeUInt16LE(3, 16);
  fs.writeFileSync(path, Buffer.concat([header, Buffer.from('\0C_GetFunctionList\0')]));
  return path;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'nothing thrown',
    (error: unknown) => (error instanceof AppError ? error.code : String(error)),
  );
}

describe('an agent', () => {
  it('looks after tokens when something is plugged in, until it ends', async () => {
    const plugged = vi.spyOn(agent.engine.machine, 'plugged');
    fs.writeFileSync(join(root, 'usb', '004'), '');
    await expect.poll(() => plugged.mock.calls.length, { timeout: 10_000 }).toBe(1);
    await agent.stop();
    fs.writeFileSync(join(root, 'usb', '005'), '');
    await new Promise((resolve) => setTimeout(resolve, 1000)); // longer than it waits for quiet
    expect(plugged).toHaveBeenCalledTimes(1);
  });

  it('says who it is', async () => {
    const { agent: info, accounts } = await client().call('status', {});
    expect(info).toMatchObject({ pid: process.pid, version: '1.2.3', protocol: 1, mode: 'headless' });
    expect([info.credentialsFile, info.configFile]).toEqual([
      join(root, '.aws', 'credentials'),
      join(root, '.aws', 'config'),
    ]);
    expect(accounts).toEqual([]);
  });

  it('is one: a second one steps back', async () => {
    expect(await startAgent(options())).toBeNull();
    expect((await client().call('status', {})).agent.pid).toBe(process.pid);
  });

  it('connects an account, serves it, proves it at STS, and lets it go', async () => {
    await addAccount('dev', plainKey, { outlet: 'credentials-file', profileRegion: 'eu-west-1' });
    const { results } = await connect('dev');
    expect(results).toMatchObject([{ account: 'dev', state: { activity: 'idle', error: null } }]);
    const { credentials, profileRegion } = await client().call('credentials', { account: 'dev' });
    expect(profileRegion).toBe('eu-west-1');
    const file = join(root, '.aws', 'credentials');
    expect(fs.readFileSync(file, 'utf8')).toContain(`aws_access_key_id = ${credentials.accessKeyId}\n`);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(await client().call('whoami', { account: 'dev' })).toMatchObject({
      Account: '123456789012',
      matches: true,
    });
    const [account] = (await client().call('status', { accounts: ['dev'] })).accounts;
    expect(account).toMatchObject({ key: { uri: plainKey, hardware: false, token: null } });
    await client().call('disconnect', { select: { all: true } });
    expect(fs.existsSync(file)).toBe(false);
    expect(await codeOf(client().call('credentials', { account: 'dev' }))).toBe('not-connected');
    expect(server.requests.map(({ operation, verdict }) => `${operation} ${verdict}`)).toEqual([
      'create-session accepted',
      'get-caller-identity accepted',
    ]);
  });

  it('tells every state as it comes', async () => {
    await addAccount('dev');
    const states: string[] = [];
    const stop = await client().events((event) => {
      if (event.name === 'state') states.push(event.payload.state.activity);
    });
    await connect('dev');
    await expect.poll(() => states).toEqual(['connecting', 'idle']);
    stop();
  });

  it('keeps AWS’s words and request id', async () => {
    await addAccount('dev');
    server.faults.add({ kind: 'throttle', retryAfterSeconds: 30 });
    const [result] = (await connect('dev')).results;
    expect(result!.state).toMatchObject({ activity: 'retrying', error: { code: 'aws-throttled' } });
    expect(result!.state.error!.requestId).toBe(server.requests[0]!.requestId);
  });

  it('asked for an account twice in one call connects it once', { timeout: 10_000 }, async () => {
    await addAccount('dev');
    const call = client().call('connect', { select: { accounts: ['dev', 'dev'] }, timeoutMs: 1000 });
    const outcome = await Promise.race([
      call.then(() => 'done'),
      new Promise((resolve) => setTimeout(() => resolve('waits for itself'), 3000)),
    ]);
    expect(outcome).toBe('done');
  });

  it('tells how far a connect is when its time is up, and goes on', async () => {
    await addAccount('dev');
    server.faults.add({ kind: 'latency', milliseconds: 1500 });
    const started = performance.now();
    const [result] = (await connect('dev', undefined, 200)).results;
    expect(performance.now() - started).toBeLessThan(1400);
    expect(result!.state).toMatchObject({
      activity: 'connecting',
      serving: null,
      error: { code: 'timed-out' },
    });
    await expect
      .poll(() => codeOf(client().call('credentials', { account: 'dev' })), { timeout: 5000 })
      .toBe('nothing thrown');
  });

  it('says what is wrong with a request that is too long', async () => {
    const from = { commandLine: 'x'.repeat(2 * 1024 * 1024), directory: '/' };
    expect(await codeOf(client().call('accountsImport', { from, id: null, dryRun: true }))).toBe(
      'usage-invalid',
    );
  });
});

describe('in the place of another agent', () => {
  const app = () => ({ ...options(), mode: 'app' as const });
  const succeed = async () => (await client().call('takeover', {})).sessions;

  it('an app serves on what that one served, and nothing is signed or written anew', async () => {
    await addAccount('memory');
    await addAccount('file', plainKey, { outlet: 'credentials-file' });
    await addAccount('idle');
    await client().call('connect', { select: { accounts: ['memory', 'file'] }, timeoutMs: 5000 });
    const before = await client().call('status', { accounts: ['memory', 'file'] });
    const { credentials } = await client().call('credentials', { account: 'memory' });
    const file = join(root, '.aws', 'credentials');
    const written = fs.statSync(file).mtimeMs;
    const signed = server.requests.length;

    const first = agent;
    agent = (await startAgent({ ...app(), succeed }))!;
    await first.ended;
    const after = await client().call('status', { accounts: ['memory', 'file'] });
    expect(after.agent.mode).toBe('app');
    expect(
      after.accounts.map(({ account, state }) => [account, state.activity, state.serving?.expiresAt]),
    ).toEqual(before.accounts.map(({ account, state }) => [account, 'idle', state.serving?.expiresAt]));
    expect(after.accounts[0]!.assumedRoleArn).toBe(before.accounts[0]!.assumedRoleArn);
    expect((await client().call('credentials', { account: 'memory' })).credentials).toEqual(credentials);
    expect(fs.statSync(file).mtimeMs).toBe(written);
    expect(server.requests).toHaveLength(signed);

    await client().call('disconnect', { select: { all: true } });
    expect(fs.existsSync(file)).toBe(false);
  });

  it('an app hands over to nobody', async () => {
    await agent.stop();
    agent = (await startAgent(app()))!;
    expect(await codeOf(client().call('takeover', {}))).toBe('usage-invalid');
    expect((await client().call('status', {})).agent.mode).toBe('app');
  });

  it('nobody starts where the other lives on', async () => {
    expect(await startAgent({ ...app(), succeed: async () => null })).toBeNull();
    expect((await client().call('status', {})).agent.mode).toBe('headless');
  });
});

describe('whatever becomes of the files meanwhile', () => {
  it('an agent starts, and serves what does not need the one that cannot be read', async () => {
    await addAccount('file', plainKey, { outlet: 'credentials-file' });
    await addAccount('memory', plainKey, { outlet: 'none' });
    await agent.stop();
    fs.mkdirSync(join(root, '.aws'), { recursive: true });
    fs.writeFileSync(join(root, '.aws', 'credentials'), Buffer.from([0xff, 0xfe, 0x00]));
    agent = (await startAgent(options()))!;
    const { results } = await client().call('connect', { select: { all: true }, timeoutMs: 5000 });
    expect(results.map(({ state }) => state.error?.code ?? null)).toEqual(['file-undecodable', null]);
    expect(fs.readFileSync(options().paths.logFile, 'utf8')).toContain('left-not-taken-up');
  });

  it('credentials are handed out with a broken configuration, too', async () => {
    await addAccount('dev', plainKey, { profileRegion: 'eu-west-1' });
    await connect('dev');
    fs.writeFileSync(join(options().paths.configFolder, 'config.json'), '{ broken');
    expect((await client().call('credentials', { account: 'dev' })).profileRegion).toBe('eu-west-1');
  });
});

describe('a passphrase', () => {
  /** Listens under a name, and answers the questions that come. */
  async function answering(name: string, answer: (prompt: Prompt) => string | null) {
    const heard: EngineEvent[] = [];
    const stop = await client(name).events((event) => {
      heard.push(event);
      if (event.name !== 'prompt') return;
      const secret = answer(event.payload);
      if (secret !== null) void client(name).answer(event.payload.id, { secret });
    });
    return { heard, stop, prompts: () => heard.filter(({ name: kind }) => kind === 'prompt') };
  }

  it('is asked of who connects, and of nobody else', async () => {
    await addAccount('dev', lockedKey);
    const me = await answering('me', () => passphrase);
    const other = await answering('other', () => passphrase);
    const { results } = await connect('dev', 'me');
    expect(results[0]!.state.serving).not.toBeNull();
    expect(me.prompts()).toMatchObject([
      {
        payload: {
          kind: 'passphrase',
          file: lockedKey,
          accounts: ['dev'],
          askedBy: 'a command that says it is “rolekey test”',
        },
      },
    ]);
    expect(other.prompts()).toEqual([]);
    me.stop();
    other.stop();
  });

  it('is in no event, no answer and no log', async () => {
    await addAccount('dev', lockedKey);
    const wrong = 'hunter2hunter2';
    let asked = 0;
    const me = await answering('me', () => ((asked += 1) === 1 ? wrong : passphrase));
    const output = await connect('dev', 'me');
    const status = await client().call('status', {});
    const log = fs.readFileSync(options().paths.logFile, 'utf8');
    const everything = JSON.stringify([me.heard, output, status]) + log;
    expect(asked).toBe(2);
    expect(everything).not.toContain(passphrase);
    expect(everything).not.toContain(wrong);
    me.stop();
  });

  it('nobody can be asked for leaves the account needing a person', async () => {
    await addAccount('dev', lockedKey);
    const [result] = (await connect('dev')).results;
    expect(result!.state).toMatchObject({ activity: 'needs-you', reason: 'pin', serving: null });
  });

  it('nobody gives in time is given up', async () => {
    await addAccount('dev', lockedKey);
    const me = await answering('me', () => null);
    const started = performance.now();
    const [result] = (await connect('dev', 'me', 300)).results;
    expect(performance.now() - started).toBeLessThan(2000);
    expect(result!.state.activity).toBe('needs-you');
    expect(me.heard.map(({ name }) => name)).toContain('promptClosed');
    me.stop();
  });

  it('is given up when who was asked goes away', async () => {
    await addAccount('dev', lockedKey);
    const me = await answering('me', () => null);
    const connecting = connect('dev', 'me', 60_000);
    await expect.poll(() => me.prompts().length).toBe(1);
    me.stop();
    expect((await connecting).results[0]!.state.activity).toBe('needs-you');
  });

  it('is not asked any more once the account is disconnected', async () => {
    await addAccount('dev', lockedKey);
    const me = await answering('me', () => null);
    const connecting = connect('dev', 'me', 60_000);
    await expect.poll(() => me.prompts().length).toBe(1);
    const { id } = (me.prompts()[0] as { payload: Prompt }).payload;
    await client().call('disconnect', { select: { accounts: ['dev'] } });
    expect((await connecting).results[0]!.state).toMatchObject({ activity: 'idle', serving: null });
    await expect.poll(() => me.heard).toContainEqual({ name: 'promptClosed', payload: { id } });
    expect(await codeOf(client('me').answer(id, { secret: passphrase }))).toBe('usage-invalid');
    expect(server.requests).toEqual([]);
    const { results } = await connect('dev');
    expect(results[0]!.state).toMatchObject({ activity: 'needs-you', reason: 'pin' });
    me.stop();
  });

  it.each(['shutdown', 'takeover'] as const)('is not asked any more after %s', async (call) => {
    await addAccount('dev', lockedKey);
    const me = await answering('me', () => null);
    const connecting = connect('dev', 'me', 60_000).catch(() => null);
    await expect.poll(() => me.prompts().length).toBe(1);
    await client().call(call, {});
    await agent.ended;
    await connecting;
    expect(me.heard.map(({ name }) => name)).toContain('promptClosed');
    expect(server.requests).toEqual([]);
    me.stop();
  });

  it.each(['shutdown', 'takeover'] as const)(
    'like what a look at tokens asks, which is void after %s',
    async (call) => {
      const me = await answering('me', () => null);
      const pkcs11Lib = moduleIn(root);
      const looking = codeOf(client('me').call('tokens', { pkcs11Lib, login: false }));
      await expect.poll(() => me.prompts()).toMatchObject([{ payload: { kind: 'confirm-module' } }]);
      await client().call(call, {});
      await agent.ended;
      await looking;
      expect(me.heard.map(({ name }) => name)).toContain('promptClosed');
      me.stop();
    },
  );

  it('answered under another id, or with what is no answer, is refused and stays asked', async () => {
    await addAccount('dev', lockedKey);
    const me = await answering('me', () => null);
    const connecting = connect('dev', 'me', 60_000);
    await expect.poll(() => me.prompts().length).toBe(1);
    const { id } = (me.prompts()[0] as { payload: Prompt }).payload;
    expect(
      await codeOf(client().answer('00000000-0000-0000-0000-000000000000', { secret: passphrase })),
    ).toBe('usage-invalid');
    expect(await codeOf(client().answer(id, { accept: true }))).toBe('usage-invalid');
    await client('me').answer(id, { secret: passphrase });
    expect((await connecting).results[0]!.state.serving).not.toBeNull();
    me.stop();
  });

  it('is forgotten by lock; what is served stays', async () => {
    await addAccount('dev', lockedKey);
    await addAccount('two', lockedKey);
    const me = await answering('me', () => passphrase);
    await connect('dev', 'me');
    await client().call('lock', {});
    expect((await client().call('credentials', { account: 'dev' })).credentials.accessKeyId).toMatch(/^ASIA/);
    expect((await connect('two')).results[0]!.state.activity).toBe('needs-you');
    me.stop();
  });
});

describe('the end of an agent', () => {
  it('by a call answers it, takes credentials and socket away, and ends', async () => {
    await addAccount('dev', plainKey, { outlet: 'credentials-file' });
    await connect('dev');
    expect(await client().call('shutdown', {})).toEqual({ unemptied: [] });
    await agent.ended;
    expect(fs.existsSync(join(root, '.aws', 'credentials'))).toBe(false);
    expect(fs.existsSync(options().paths.socket)).toBe(false);
    expect(await codeOf(client().call('status', {}))).toBe('agent-not-running');
  });

  it('tells who listens', async () => {
    const ended = new Promise<void>((resolve) => void client('me').events(() => undefined, resolve));
    await client().call('status', {});
    await agent.stop();
    await ended;
  });

  it('can be asked for twice, and the socket be taken again', async () => {
    await Promise.all([agent.stop(), agent.stop()]);
    agent = (await startAgent(options()))!;
    expect(agent).not.toBeNull();
    expect((await client().call('status', {})).accounts).toEqual([]);
  });

  it('does not wait for AWS', async () => {
    await addAccount('dev');
    server.faults.add({ kind: 'latency', milliseconds: 8000 });
    const connecting = connect('dev').catch(() => null);
    await expect.poll(() => server.requests.length, { timeout: 3000 }).toBe(1);
    const started = performance.now();
    await agent.stop();
    expect(performance.now() - started).toBeLessThan(3000);
    await connecting;
  });

  // Whatever became of the configuration meanwhile: what was handed out is taken back.
  it('comes with a configuration that cannot be read any more, too', async () => {
    await addAccount('dev', plainKey, { outlet: 'credentials-file' });
    await connect('dev');
    fs.writeFileSync(join(options().paths.configFolder, 'config.json'), '{ broken');
    await client().call('shutdown', {});
    await agent.ended;
    expect(fs.existsSync(join(root, '.aws', 'credentials'))).toBe(false);
  });
});
