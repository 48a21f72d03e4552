/** What the agent reads of its environment, what only one started by hand reads, and what nobody reads. */
import { symlinkSync } from 'node:fs';
import {
  connect as connectTcp,
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
} from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeTlsIdentity, type TlsIdentity } from '../../support/pki/tls.ts';
import { openAccount } from '../../support/roles-anywhere/account.ts';
import { startServer, type RunningServer } from '../../support/roles-anywhere/server.ts';
import { pin, region, textOf, World, type EnvironmentChange } from '../../support/world/world.ts';
import { documentOf, jsonFailure, success, textFailure } from './expectations.ts';
import { added, connected, status } from './shapes.ts';

let world: World;
let tls: TlsIdentity;
/** AWS over https, and a second one over http. */
let secure: RunningServer;
let other: RunningServer;
/**
 * Notes where it is asked to connect to, and leads to a server that nobody trusts for that: a connection refused would
 * be tried again for 20 s.
 */
let proxy: Server;
let tunnels: string[] = [];

beforeAll(async () => {
  world = await World.open();
  tls = makeTlsIdentity(world.folder('tls'));
  const account = openAccount(world.authority.certificate.pem);
  secure = await startServer({ account, tls });
  other = await startServer({ account });
  proxy = createTcpServer((connection) => {
    connection.on('error', () => undefined);
    connection.once('data', (head: Buffer) => {
      tunnels.push(head.toString('latin1').split('\r\n')[0]!);
      connection.write('HTTP/1.1 200 Connection established\r\n\r\n');
      const stranger = connectTcp(Number(new URL(secure.url).port), '127.0.0.1');
      stranger.on('error', () => undefined);
      connection.pipe(stranger).pipe(connection);
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  await world.addAccount('field');
  await world.addAccount('fips', '--use-fips-endpoint');
  await world.addAccount('dualstack', '--use-dualstack-endpoint');
  await world.addAccount('https', '--endpoint', secure.url);
  // AWS's own address, whatever else is said.
  await world.addAccount('plain');
  for (const id of ['fips', 'dualstack', 'plain']) {
    success(await world.rolekey(['accounts', 'edit', id, '--unset', 'endpoint', '--json']), added);
  }
  await world.endProcesses();
});
afterAll(async () => {
  proxy.close();
  await secure.close();
  await other.close();
  await world.dispose();
});
afterEach(async () => {
  await world.endProcesses();
  tunnels = [];
  for (const server of [world.server, secure, other]) server.requests.length = 0;
});

const proxyUrl = () => `http://127.0.0.1:${String((proxy.address() as AddressInfo).port)}`;
/** Requests that leave this computer end at the proxy. */
const throughProxy = (): EnvironmentChange => ({ HTTPS_PROXY: proxyUrl() });

async function connect(id: string, env: EnvironmentChange = {}) {
  const result = await world.rolekey(['connect', id, '--pin-stdin', '--json'], { env, stdin: `${pin}\n` });
  const [first] = documentOf(result, connected).results;
  return { code: result.code, error: first!.state.error?.code ?? null };
}
const asked = (server: RunningServer) => server.requests.length;

/** The agent may be started by hand or by a command: both are given `env`. */
const starts = [
  ['by hand', (env: EnvironmentChange) => world.startAgent(env)],
  [
    'by a command',
    async (env: EnvironmentChange) => {
      await world.rolekey(['accounts', 'list'], { env });
    },
  ],
] as const;

describe.each(starts)('an agent started %s', (_how, start) => {
  it('writes the files AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE name', async () => {
    const env = {
      AWS_SHARED_CREDENTIALS_FILE: join(world.home, 'own', 'keys'),
      AWS_CONFIG_FILE: join(world.home, 'own', 'settings'),
    };
    await start(env);
    const { agent } = success(await world.rolekey(['status', '--json']), status);
    expect(agent).toMatchObject({
      credentialsFile: env.AWS_SHARED_CREDENTIALS_FILE,
      configFile: env.AWS_CONFIG_FILE,
    });
    const flags = [...world.accountFlags('own'), '--private-key', world.device.uri];
    await world.rolekey(['accounts', 'add', 'own', ...flags, '--outlet', 'credentials-file'], { env });
    expect(await connect('own', env)).toEqual({ code: 0, error: null });
    expect(textOf(env.AWS_SHARED_CREDENTIALS_FILE)).toContain('[own]');
    await world.rolekey(['accounts', 'edit', 'own', '--outlet', 'credential-process'], { env });
    expect(textOf(env.AWS_CONFIG_FILE)).toContain('[profile own]');
    await world.rolekey(['accounts', 'remove', 'own', '--yes'], { env });
    expect([textOf(env.AWS_SHARED_CREDENTIALS_FILE), textOf(env.AWS_CONFIG_FILE)]).toEqual([null, null]);
  });

  it('takes a leading ~/ of theirs for the home directory, as the AWS CLI does', async () => {
    await start({ AWS_SHARED_CREDENTIALS_FILE: '~/own/keys', AWS_CONFIG_FILE: '~/own/settings' });
    const { agent } = success(await world.rolekey(['status', '--json']), status);
    expect(agent).toMatchObject({
      credentialsFile: join(world.home, 'own', 'keys'),
      configFile: join(world.home, 'own', 'settings'),
    });
  });

  it('trusts the CAs of AWS_CA_BUNDLE, and those alone', async () => {
    await start({ AWS_CA_BUNDLE: tls.caFile });
    expect(await connect('https')).toEqual({ code: 0, error: null });
    await world.endProcesses();
    await start({});
    expect(await connect('https')).toEqual({ code: 1, error: 'tls-untrusted' });
  });

  it('goes through HTTPS_PROXY, but not to loopback', async () => {
    await start(throughProxy());
    expect(await connect('plain')).toEqual({ code: 1, error: 'tls-untrusted' });
    expect(tunnels[0]).toBe(`CONNECT rolesanywhere.${region}.amazonaws.com:443 HTTP/1.1`);
    expect((await connect('field')).code).toBe(0);
  });

  it('does not go through it where NO_PROXY says so', async () => {
    await start({ ...throughProxy(), NO_PROXY: '127.0.0.1', AWS_CA_BUNDLE: tls.caFile });
    expect((await connect('https')).code).toBe(0);
    expect(tunnels).toEqual([]);
  });

  it.each([
    ['AWS_USE_FIPS_ENDPOINT', `rolesanywhere-fips.${region}.amazonaws.com`],
    ['AWS_USE_DUALSTACK_ENDPOINT', `rolesanywhere.${region}.api.aws`],
  ])('reads %s', async (name, host) => {
    await start({ ...throughProxy(), [name]: 'true' });
    await connect('plain');
    expect(tunnels[0]).toBe(`CONNECT ${host}:443 HTTP/1.1`);
  });

  it('ignores AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and kin', async () => {
    const env = {
      ...throughProxy(),
      AWS_PROFILE: 'nobody',
      AWS_DEFAULT_PROFILE: 'nobody',
      AWS_REGION: 'us-west-2',
      AWS_DEFAULT_REGION: 'us-west-2',
      AWS_ENDPOINT_URL: other.url,
      AWS_ACCESS_KEY_ID: 'AKIAX',
      AWS_SECRET_ACCESS_KEY: 'x',
      AWS_SESSION_TOKEN: 'x',
    };
    await start(env);
    expect(await connect('field', env)).toEqual({ code: 0, error: null });
    await connect('plain', env);
    expect(tunnels[0]).toBe(`CONNECT rolesanywhere.${region}.amazonaws.com:443 HTTP/1.1`);
    expect(asked(other)).toBe(0);
    expect((await world.rolekey(['credential-process', '--account', 'field'], { env })).code).toBe(0);
  });

  it('sends what an account’s own endpoint, FIPS or dual-stack says there', async () => {
    await start(throughProxy());
    await connect('fips');
    await connect('dualstack');
    expect(tunnels.map((line) => line.split(' ')[1])).toEqual(
      expect.arrayContaining([
        `rolesanywhere-fips.${region}.amazonaws.com:443`,
        `rolesanywhere.${region}.api.aws:443`,
      ]),
    );
  });
});

describe('AWS_ENDPOINT_URL_ROLESANYWHERE', () => {
  it('counts for an agent started by hand, below an account’s own endpoint', async () => {
    await world.startAgent({ AWS_ENDPOINT_URL_ROLESANYWHERE: other.url });
    expect(await connect('plain')).toEqual({ code: 0, error: null });
    expect([asked(other), asked(world.server)]).toEqual([1, 0]);
    expect(await connect('field')).toEqual({ code: 0, error: null });
    expect([asked(other), asked(world.server)]).toEqual([1, 1]);
  });

  it('is said in every list, of the accounts it counts for', async () => {
    await world.startAgent({ AWS_ENDPOINT_URL_ROLESANYWHERE: other.url });
    for (const words of [['accounts', 'list'], ['status']]) {
      const { stdout } = await world.rolekey(words);
      const lineOf = (id: string) => stdout.split('\n').find((line) => line.startsWith(`${id} `));
      expect(lineOf('plain'), words.join(' ')).toContain(other.url);
      expect(lineOf('field'), words.join(' ')).toContain(world.server.url);
      expect(lineOf('field'), words.join(' ')).not.toContain(other.url);
    }
  });

  it('is not inherited by an agent a command starts', async () => {
    const env = { AWS_ENDPOINT_URL_ROLESANYWHERE: other.url, ...throughProxy() };
    expect((await connect('plain', env)).code).toBe(1);
    expect(asked(other)).toBe(0);
    expect(tunnels[0]).toContain(`rolesanywhere.${region}.amazonaws.com`);
  });

  it('that is plain http off loopback is refused', async () => {
    await world.startAgent({ AWS_ENDPOINT_URL_ROLESANYWHERE: 'http://elsewhere.example' });
    expect(await connect('plain')).toEqual({ code: 1, error: 'endpoint-insecure' });
  });
});

describe('AWS_ENDPOINT_URL_STS', () => {
  it('counts for an agent started by hand alone', async () => {
    await world.startAgent({ AWS_ENDPOINT_URL_STS: world.server.url });
    await connect('field');
    expect((await world.rolekey(['whoami', 'field'])).code).toBe(0);
    await world.endProcesses();
    world.server.requests.length = 0;
    const env = { AWS_ENDPOINT_URL_STS: world.server.url, ...throughProxy() };
    await connect('field', env);
    expect((await world.rolekey(['whoami', 'field'], { env })).code).not.toBe(0);
    expect(world.server.requests.map(({ operation }) => operation)).toEqual(['create-session']);
    expect(tunnels[0]).toBe(`CONNECT sts.${region}.amazonaws.com:443 HTTP/1.1`);
  });
});

describe('a clock that differs from AWS’s, as verified TLS tells it', () => {
  afterEach(() => {
    secure.clockOffsetSeconds = 0;
  });

  it.each([3600, -3600])(
    'by %d s is corrected, and times are told by the clock of this computer',
    async (offset) => {
      secure.clockOffsetSeconds = offset;
      await world.startAgent({ AWS_CA_BUNDLE: tls.caFile });
      expect(await connect('https')).toEqual({ code: 0, error: null });
      const { accounts } = success(await world.rolekey(['status', 'https', '--json']), status);
      const left = Date.parse(accounts[0]!.state.serving!.expiresAt) - Date.now();
      expect(Math.abs(left - 3600_000)).toBeLessThan(10_000);
    },
  );

  it('by three days is clock-skew, exit 5', async () => {
    secure.clockOffsetSeconds = 3 * 86_400;
    await world.startAgent({ AWS_CA_BUNDLE: tls.caFile });
    expect(await connect('https')).toEqual({ code: 5, error: 'clock-skew' });
  });
});

describe('a command whose environment names other AWS files than the agent writes', () => {
  it('is refused where it changes AWS files or counts on them, naming both', async () => {
    await world.startAgent();
    await connect('field');
    const before = textOf(world.configFile);
    const refused = async (words: readonly string[], env: EnvironmentChange, file: string): Promise<void> => {
      const result = await world.rolekey([...words, '--json'], { env });
      const { message, remedy } = jsonFailure(result, 'agent-other-files');
      expect(message, words.join(' ')).toMatch(/\/home\/\.aws\/(credentials|config)/);
      expect(message).toContain(file);
      expect(remedy).toContain('rolekey agent stop');
    };
    const flags = [...world.accountFlags('x'), '--private-key', world.device.uri];
    for (const words of [
      ['accounts', 'add', 'x', ...flags],
      ['accounts', 'edit', 'field', '--label', 'x'],
      ['accounts', 'remove', 'field', '--yes'],
      ['accounts', 'import', '--all'],
      ['connect', 'field', '--no-start'],
      ['disconnect', '--all'],
    ]) {
      await refused(words, { AWS_CONFIG_FILE: '/other/settings' }, '/other/settings');
    }
    await refused(['connect', 'field'], { AWS_SHARED_CREDENTIALS_FILE: '/other/keys' }, '/other/keys');
    const home = world.folder('other-home');
    await refused(['disconnect', 'field'], { HOME: home }, join(home, '.aws', 'config'));
    const text = await world.rolekey(['disconnect', 'field'], { env: { HOME: home } });
    expect(textFailure(text, 6)).toContain(home);
    expect(textOf(world.configFile)).toBe(before);
    const { accounts } = success(await world.rolekey(['status', 'field', '--json']), status);
    expect(accounts[0]!.state.serving).not.toBeNull();
  });

  it('is answered where it only asks; status warns, and names both', async () => {
    await world.startAgent();
    await connect('field');
    const env = { AWS_CONFIG_FILE: '/other/settings' };
    for (const words of [
      ['accounts', 'list'],
      ['env', 'field'],
      ['credential-process', '--account', 'field'],
    ]) {
      expect(await world.rolekey(words, { env }), words.join(' ')).toMatchObject({ code: 0, stderr: '' });
    }
    const text = await world.rolekey(['status'], { env });
    expect(text.code).toBe(0);
    expect(text.stderr).toMatch(/^rolekey: [^\n]*\/home\/\.aws\/config[^\n]*\/other\/settings[^\n]*\n$/);
    expect(success(await world.rolekey(['status', '--json'], { env }), status).agent!.configFile).toBe(
      world.configFile,
    );
    expect((await world.rolekey(['status'])).stderr).toBe('');
  });

  it('may name the same by another path: through links, or with what is not there yet', async () => {
    await world.startAgent();
    symlinkSync(world.home, join(world.directory, 'linked'));
    for (const env of [
      { HOME: join(world.directory, 'linked') },
      { AWS_CONFIG_FILE: join(world.home, '..', 'home', '.aws', 'config') },
      { AWS_SHARED_CREDENTIALS_FILE: '~/.aws/credentials' },
      { AWS_SHARED_CREDENTIALS_FILE: join(world.directory, 'linked/.aws/credentials') },
    ]) {
      expect((await world.rolekey(['disconnect', 'field'], { env })).code, JSON.stringify(env)).toBe(0);
    }
  });

  it('starts an agent for its own where none runs', async () => {
    const env = { AWS_CONFIG_FILE: join(world.home, 'new', 'config') };
    expect((await world.rolekey(['accounts', 'edit', 'plain', '--label', 'plain'], { env })).code).toBe(0);
    expect(success(await world.rolekey(['status', '--json']), status).agent!.configFile).toBe(
      env.AWS_CONFIG_FILE,
    );
    await world.rolekey(['agent', 'stop']);
    await world.rolekey(['accounts', 'edit', 'plain', '--label', 'plain']);
  });
});

describe('the environment of a command', () => {
  it('changes nothing in an agent that runs', async () => {
    await world.startAgent();
    const env = { AWS_SHARED_CREDENTIALS_FILE: join(world.home, 'late', 'keys') };
    const { agent } = success(await world.rolekey(['status', '--json'], { env }), status);
    expect(agent!.credentialsFile).toBe(world.credentialsFile);
  });

  it('relative paths in it mean the folder of the command', async () => {
    const cwd = world.folder('home/work');
    const env = { AWS_CONFIG_FILE: 'aws/config', AWS_SHARED_CREDENTIALS_FILE: './keys' };
    await world.rolekey(['accounts', 'list'], { cwd, env });
    const { agent } = success(await world.rolekey(['status', '--json']), status);
    expect(agent).toMatchObject({
      configFile: join(cwd, 'aws/config'),
      credentialsFile: join(cwd, 'keys'),
    });
  });

  it('relative paths mean the folder of an agent started by hand, too', async () => {
    await world.startAgent({ AWS_CONFIG_FILE: 'aws/config' });
    const { agent } = success(await world.rolekey(['status', '--json']), status);
    expect(agent!.configFile).toBe(join(world.home, 'aws/config'));
  });

  it('ROLEKEY_AUTOSTART=0 lets a running agent be used', async () => {
    await world.startAgent();
    const env = { ROLEKEY_AUTOSTART: '0' };
    expect((await world.rolekey(['accounts', 'list'], { env })).code).toBe(0);
    await world.endProcesses();
    jsonFailure(await world.rolekey(['accounts', 'list', '--json'], { env }), 'agent-not-running');
  });
});
