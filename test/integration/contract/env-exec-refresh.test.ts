/** `exec --refresh` and `env --refresh`: programs that ask the container endpoint for credentials themselves. */
import { spawn, type ChildProcess } from 'node:child_process';
import { request } from 'node:http';
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { World } from '../../support/world/world.ts';
import { jsonFailure, textFailure } from './expectations.ts';

let world: World;

beforeAll(async () => {
  world = await World.open();
  await world.addAccount('dev', '--profile-region', 'eu-west-1');
  await world.addAccount('file', '--outlet', 'credentials-file');
  await world.addAccount('nothing', '--outlet', 'none');
  await world.addAccount('served', '--outlet', 'container-endpoint', '--profile-region', 'eu-west-1');
  await world.addAccount('idle', '--outlet', 'container-endpoint');
  await world.addAccount('plugged-out', '--private-key', 'pkcs11:token=elsewhere;id=%01');
  await world.connect('dev', 'file', 'nothing', 'served');
  await world.rolekey(['connect', 'plugged-out']);
});
afterAll(() => world.dispose());

const agentPid = (): number => world.processes().find(({ argv }) => argv.includes('agent'))!.pid;

/** TCP ports a process listens on, as the kernel tells. */
function listeningPorts(pid: number): number[] {
  const files = readdirSync(`/proc/${String(pid)}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${String(pid)}/fd/${fd}`);
    } catch {
      return ''; // closed meanwhile
    }
  });
  const inodes = new Set(files.flatMap((file) => /^socket:\[(\d+)\]$/.exec(file)?.[1] ?? []));
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state = '', , , , , , inode = '']) => state === '0A' && inodes.has(inode))
      .map(([, local = '']) => parseInt(local.split(':')[1] ?? '', 16)),
  );
}

interface Opened {
  readonly url: string;
  readonly token: string;
}

/** What the endpoint says; null where nobody listens. */
async function ask({ url, token }: Opened): Promise<{ status: number; body: Record<string, string> } | null> {
  try {
    const response = await fetch(url, { headers: { authorization: token } });
    return { status: response.status, body: (await response.json()) as Record<string, string> };
  } catch {
    return null;
  }
}
const statusOf = async (opened: Opened): Promise<number | null> => (await ask(opened))?.status ?? null;

/** What a test that failed left behind. */
const stillRunning = new Set<Running>();
afterEach(async () => {
  await Promise.all([...stillRunning].map((running) => running.end()));
});

/** `exec --refresh` with a command that tells what it was given and waits. */
class Running {
  readonly exec: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly opened: Promise<Opened>;
  /** Standard error. */
  said = '';

  constructor(id: string) {
    const print = 'echo "$AWS_CONTAINER_CREDENTIALS_FULL_URI $AWS_CONTAINER_AUTHORIZATION_TOKEN"; exec cat';
    this.exec = spawn(world.cli, ['exec', id, '--refresh', '--', 'sh', '-c', print], {
      env: world.env,
      cwd: world.home,
      stdio: 'pipe',
    });
    this.exec.stderr!.setEncoding('utf8').on('data', (text: string) => (this.said += text));
    stillRunning.add(this);
    this.ended = new Promise((resolve) => this.exec.on('exit', resolve));
    this.opened = new Promise((resolve) =>
      createInterface(this.exec.stdout!).on('line', (line) => {
        const [url = '', token = ''] = line.split(' ');
        resolve({ url, token });
      }),
    );
  }

  async end(): Promise<number | null> {
    stillRunning.delete(this);
    this.exec.stdin!.end();
    return this.ended;
  }
}

/** Waits for what another process is about to do. */
async function until(holds: () => boolean | Promise<boolean>, limitMs = 10_000): Promise<void> {
  for (const deadline = Date.now() + limitMs; !(await holds());) {
    if (Date.now() > deadline) throw new Error(`not within ${String(limitMs)} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const exec = (id: string, ...command: readonly string[]) =>
  world.rolekey(['exec', id, '--refresh', '--', ...command]);
const listing = 'env | grep ^AWS_ | sort';

describe('exec --refresh', () => {
  it('opens a port while its command runs, and at no other time', async () => {
    expect(listeningPorts(agentPid())).toEqual([]);
    const [one, two] = [new Running('dev'), new Running('file')];
    const [{ url }, other] = await Promise.all([one.opened, two.opened]);
    expect(listeningPorts(agentPid())).toEqual([Number(new URL(url).port)]);
    expect(new URL(other.url).port).toBe(new URL(url).port);
    expect(await one.end()).toBe(0);
    await until(async () => (await statusOf(await one.opened)) === 403);
    expect(await statusOf(other)).toBe(200);
    expect(await two.end()).toBe(0);
    await until(() => listeningPorts(agentPid()).length === 0);
  });

  it('gives the command an endpoint in place of keys, and nothing of others', async () => {
    const foreign = {
      AWS_PROFILE: 'x',
      AWS_ACCESS_KEY_ID: 'AKIAX',
      AWS_SECRET_ACCESS_KEY: 'x',
      AWS_SESSION_TOKEN: 'x',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1/',
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/x',
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'x',
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/x',
      AWS_WEB_IDENTITY_TOKEN_FILE: '/x',
      AWS_REGION: 'us-east-1',
      AWS_PAGER: 'cat',
    };
    const result = await world.rolekey(['exec', 'dev', '--refresh', '--', 'sh', '-c', listing], {
      env: foreign,
    });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout.replace(/:\d+/, ':PORT').replace(/[\w-]{43}/, 'TOKEN')).toBe(
      [
        'AWS_CONTAINER_AUTHORIZATION_TOKEN=TOKEN',
        'AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:PORT/accounts/dev',
        'AWS_PAGER=cat',
        'AWS_REGION=eu-west-1',
        '',
      ].join('\n'),
    );
  });

  it.each(['dev', 'file', 'nothing', 'served'])('lets AWS’s own client in, as %s', async (id) => {
    const aws = ['/usr/bin/aws', 'sts', 'get-caller-identity', '--endpoint-url', world.server.url];
    const output = ['--region', 'eu-west-1', '--query', 'Arn', '--output', 'text'];
    const result = await exec(id, ...aws, ...output);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toContain(`assumed-role/${id}/`);
  });

  it('serves what the account serves', async () => {
    const running = new Running('dev');
    const { body } = (await ask(await running.opened))!;
    const printed = (await world.rolekey(['credential-process', '--account', 'dev'])).json();
    expect(printed).toEqual({
      Version: 1,
      AccessKeyId: body.AccessKeyId,
      SecretAccessKey: body.SecretAccessKey,
      SessionToken: body.Token,
      Expiration: body.Expiration,
    });
    expect(body.RoleArn).toBe('arn:aws:iam::123456789012:role/dev');
    await running.end();
  });

  it('has fresh credentials at every moment, across three renewals', async () => {
    world.server.faults.add({ kind: 'session-seconds', seconds: 6, times: 'until-cleared' });
    await world.rolekey(['disconnect', 'dev']);
    await world.connect('dev');
    const running = new Running('dev');
    const opened = await running.opened;
    const keys = new Set<string>();
    await until(async () => {
      const { status, body } = (await ask(opened))!;
      expect([status, body]).toEqual([200, expect.anything()]);
      expect(Date.parse(body.Expiration!)).toBeGreaterThan(Date.now());
      keys.add(body.AccessKeyId!);
      return keys.size === 4;
    }, 40_000).finally(() => world.server.faults.clear());
    await world.rolekey(['disconnect', 'dev']);
    await world.connect('dev');
    await running.end();
  }, 60_000);

  it('answers nothing while the account is disconnected, fresh ones afterwards', async () => {
    const running = new Running('dev');
    const opened = await running.opened;
    const before = (await ask(opened))!.body;
    await world.rolekey(['disconnect', 'dev']);
    expect(await ask(opened)).toEqual({
      status: 404,
      body: {
        code: 'not-connected',
        message: 'The account dev is not connected. Connect it with: rolekey connect dev.',
      },
    });
    await world.connect('dev');
    const { status, body } = (await ask(opened))!;
    expect(status).toBe(200);
    expect(body.AccessKeyId).not.toBe(before.AccessKeyId);
    await running.end();
  });

  it('ends with its account', async () => {
    await world.addAccount('passing');
    await world.connect('passing');
    const [running, other] = [new Running('passing'), new Running('dev')];
    const [opened, kept] = await Promise.all([running.opened, other.opened]);
    await world.rolekey(['accounts', 'remove', 'passing', '--yes']);
    expect([await statusOf(opened), await statusOf(kept)]).toEqual([403, 200]);
    await running.end();
    await other.end();
  });

  it('opens no other account’s path with its token', async () => {
    const [dev, file] = [new Running('dev'), new Running('file')];
    const [one, two] = await Promise.all([dev.opened, file.opened]);
    expect(await statusOf({ url: two.url, token: one.token })).toBe(403);
    expect(await statusOf({ url: one.url, token: two.token })).toBe(403);
    await dev.end();
    await file.end();
  });

  it('takes its token back also where it is killed and the command lives on', async () => {
    const running = new Running('dev');
    const opened = await running.opened;
    running.exec.kill('SIGKILL');
    await running.ended;
    await until(async () => (await statusOf(opened)) === null);
  });

  it('tells its token to nobody: no command line, no log, no status', async () => {
    const running = new Running('dev');
    const { token } = await running.opened;
    const commandLines = world.processes().map(({ argv }) => argv.join(' '));
    expect(commandLines.join('\n')).not.toContain(token);
    const { stdout } = await world.rolekey(['status', '--json']);
    expect(stdout).not.toContain(token);
    await fetch(`${(await running.opened).url}?${token}`).then((response) => response.text());
    expect(readFileSync(join(world.home, '.local/state/rolekey/rolekey.log'), 'utf8')).not.toContain(token);
    await running.end();
  });

  it.each([
    ['a caller without a name', {}],
    ['one that listens to nothing', { 'rolekey-client': 'nobody' }],
  ])('%s is given no token, for which there would be no end', async (_, more) => {
    const headers = { 'rolekey-protocol': '1', ...more };
    const socketPath = join(world.directory, 'run', 'rolekey', 'agent.sock');
    const answer = await new Promise<string>((resolve, reject) => {
      const call = request({ socketPath, method: 'POST', path: '/v1/container-endpoint', headers });
      call.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve(text));
      });
      call.on('error', reject).end(JSON.stringify({ account: 'dev', lasting: false }));
    });
    expect(JSON.parse(answer)).toMatchObject({ error: { code: 'usage-invalid' } });
    expect(listeningPorts(agentPid())).toEqual([]);
  });

  it.each([0, 7, 255])('exits %d as its command did', async (code) => {
    expect((await exec('dev', 'sh', '-c', `exit ${String(code)}`)).code).toBe(code);
  });

  it('exits as without --refresh where the command cannot be run, or a signal ended it', async () => {
    expect((await exec('dev', 'no-such-command-anywhere')).code).toBe(127);
    expect((await exec('dev', world.home)).code).toBe(126);
    expect((await exec('dev', 'sh', '-c', 'kill -TERM $$')).code).toBe(143);
    await until(() => listeningPorts(agentPid()).length === 0);
  });

  it.each([
    ['idle', 3],
    ['plugged-out', 4],
    ['nobody', 2],
  ])('of %s is exit %d, no command is run and no port opened', async (id, exit) => {
    const trace = join(world.home, 'trace');
    textFailure(await exec(id, 'touch', trace), exit);
    expect(existsSync(trace)).toBe(false);
    expect(listeningPorts(agentPid())).toEqual([]);
  });

  it('without an agent is exit 6', async () => {
    const quiet = { env: { ROLEKEY_SOCKET: join(world.folder('home/quiet'), 'agent.sock') } };
    textFailure(await world.rolekey(['exec', 'dev', '--refresh', '--', 'true'], quiet), 6);
    const told = await world.rolekey(['exec', 'dev', '--refresh', '--json', '--', 'true'], quiet);
    jsonFailure(told, 'agent-not-running');
  });

  it('ends within two seconds where the agent hangs, exit 6', async () => {
    const pid = agentPid();
    process.kill(pid, 'SIGSTOP');
    try {
      textFailure(await world.rolekey(['exec', 'dev', '--refresh', '--', 'true'], { timeoutMs: 4000 }), 6);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });
});

describe('where the AWS profile “default” has credentials of its own', () => {
  const other =
    '[default]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = other\nregion = eu-north-1\n';
  let config: string;

  beforeAll(() => {
    config = readFileSync(world.configFile, 'utf8');
  });
  afterEach(() => {
    writeFileSync(world.configFile, config);
    writeFileSync(world.credentialsFile, '');
  });

  it.each([
    ['the credentials file', (): void => writeFileSync(world.credentialsFile, other)],
    ['the config file', (): void => writeFileSync(world.configFile, `${config}\n${other}`)],
  ])('in %s, the command still is who the account says', async (_, write) => {
    write();
    const aws = ['/usr/bin/aws', 'sts', 'get-caller-identity', '--endpoint-url', world.server.url];
    const result = await exec('nothing', ...aws, '--query', 'Arn', '--output', 'text');
    expect(result.stderr).toMatch(/^rolekey: The AWS profile “default” has credentials of its own[^\n]*\n$/);
    expect(result).toMatchObject({ code: 0 });
    expect(result.stdout).toContain('assumed-role/nothing/');
  });

  it('env refuses, and names the way', async () => {
    writeFileSync(world.credentialsFile, other);
    const told = textFailure(await world.rolekey(['env', 'served', '--refresh']), 2);
    expect(told).toContain('rolekey exec served --refresh -- CMD');
  });
});

describe('env --refresh', () => {
  const script = `export AWS_ACCESS_KEY_ID=AKIAX AWS_SECRET_ACCESS_KEY=x AWS_SESSION_TOKEN=x AWS_PROFILE=x`;
  /** What a shell has after it took the variables. */
  const taken = async (shell: string, format: string): Promise<Record<string, string>> => {
    const call = `"${world.cli}" env served --refresh --format ${format}`;
    const take = {
      env: `${script}; eval "$(${call})"`,
      'env-no-export': `${script}; set -a; eval "$(${call})"`,
      fish: `set -gx AWS_ACCESS_KEY_ID AKIAX; set -gx AWS_PROFILE x; ${call} | source`,
    }[format];
    const result = await world.run(shell, ['-c', `${String(take)}; ${listing}`]);
    expect(result).toMatchObject({ stderr: '' });
    return Object.fromEntries(
      result.stdout.split('\n').flatMap((line) => {
        const [name = '', ...value] = line.split('=');
        return name === '' ? [] : [[name, value.join('=')]];
      }),
    );
  };
  const openedBy = (variables: Record<string, string>): Opened => ({
    url: variables.AWS_CONTAINER_CREDENTIALS_FULL_URI!,
    token: variables.AWS_CONTAINER_AUTHORIZATION_TOKEN!,
  });

  it.each([
    ['sh', 'env'],
    ['bash', 'env'],
    ['zsh', 'env'],
    ['bash', 'env-no-export'],
    ['fish', 'fish'],
  ])('%s takes --format %s, and what would go before it is unset', async (shell, format) => {
    const variables = await taken(shell, format);
    expect(Object.keys(variables).sort()).toEqual([
      'AWS_CONTAINER_AUTHORIZATION_TOKEN',
      'AWS_CONTAINER_CREDENTIALS_FULL_URI',
      'AWS_REGION',
    ]);
    expect(await statusOf(openedBy(variables))).toBe(200);
  });

  it.each([
    ['powershell', '$Env:AWS_PROFILE=$null', /^\$Env:AWS_CONTAINER_CREDENTIALS_FULL_URI="http:[^"]+"$/m],
    ['windows-cmd', 'set AWS_PROFILE=', /^set AWS_CONTAINER_CREDENTIALS_FULL_URI=http:\S+$/m],
  ])('prints --format %s', async (format, unset, set) => {
    const { stdout } = await world.rolekey(['env', 'served', '--refresh', '--format', format]);
    expect(stdout.split('\n')).toContain(unset);
    expect(stdout).toMatch(set);
  });

  it('gives one token that outlives the command and a disconnect, and ends with the outlet', async () => {
    const opened = openedBy(await taken('sh', 'env'));
    expect(openedBy(await taken('bash', 'env'))).toEqual(opened);
    await world.rolekey(['disconnect', 'served']);
    expect(await statusOf(opened)).toBe(404);
    await world.connect('served');
    expect(await statusOf(opened)).toBe(200);
    await world.rolekey(['accounts', 'edit', 'served', '--outlet', 'none']);
    expect(await statusOf(opened)).toBe(null);
    await world.rolekey(['accounts', 'edit', 'served', '--outlet', 'container-endpoint']);
    expect(openedBy(await taken('sh', 'env')).token).not.toBe(opened.token);
  });

  it.each([
    ['dev', 2],
    ['idle', 3],
    ['nobody', 2],
  ])('of %s is exit %d', async (id, exit) => {
    textFailure(await world.rolekey(['env', id, '--refresh']), exit);
  });

  it('is no document for a credential process', async () => {
    textFailure(await world.rolekey(['env', 'served', '--refresh', '--format', 'process']), 2);
    const told = await world.rolekey(['env', 'served', '--refresh', '--json']);
    expect(told.code).toBe(2);
    expect(told.json()).toMatchObject({ version: 1, error: { code: 'usage-invalid' } });
  });

  it('without --refresh prints fixed keys, whatever the outlet', async () => {
    expect((await world.rolekey(['env', 'served'])).stdout).toMatch(/^export AWS_ACCESS_KEY_ID=ASIA/);
  });
});

// The last, since it ends the agent.
it('no port and no token outlives the agent', async () => {
  const running = new Running('dev');
  const opened = await running.opened;
  expect(await statusOf(opened)).toBe(200);
  expect((await world.rolekey(['agent', 'stop'])).code).toBe(0);
  expect(await statusOf(opened)).toBe(null);
  await until(() => running.said !== '');
  expect(running.said).toMatch(/^rolekey: The agent has ended, [^\n]* once dev is connected\.\n$/);
  await world.connect('dev');
  expect(await statusOf(opened)).toBe(null);
  const next = new Running('dev');
  expect(await statusOf({ ...opened, url: (await next.opened).url })).toBe(403);
  await running.end();
  expect([await next.end(), next.said]).toEqual([0, '']);
});
