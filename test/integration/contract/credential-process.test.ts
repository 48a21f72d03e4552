/** `credential-process`: what AWS SDKs call. */
import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pin, World } from '../../support/world/world.ts';
import { documentOf, success, textFailure } from './expectations.ts';
import { connected, credentials, status } from './shapes.ts';

let world: World;

beforeAll(async () => {
  world = await World.open();
  await world.addAccount('dev', '--profile-region', 'eu-west-1');
  await world.addAccount('idle');
  await world.addAccount('plugged-out', '--private-key', 'pkcs11:token=elsewhere;id=%01');
  await world.addAccount('refused', '--session-duration', '900');
  await world.connect('dev');
  await world.rolekey(['connect', 'plugged-out']);
  world.server.faults.add({ kind: 'redirect', location: 'https://elsewhere.example/' });
  await world.rolekey(['connect', 'refused']);
});
afterAll(() => world.dispose());

const call = (id: string, ...flags: readonly string[]) =>
  world.rolekey(['credential-process', '--account', id, ...flags]);
/** Agents that run; what they start for modules comes and goes. */
const agents = () => world.processes().filter(({ argv }) => argv.includes('agent')).length;
const agentPid = () => world.processes().find(({ argv }) => argv.includes('agent'))!.pid;

describe('on success', () => {
  it('the credentials are on one line, and nothing else anywhere', async () => {
    const result = await call('dev');
    const document = success(result, credentials);
    expect(result.stderr).toBe('');
    const { accounts } = success(await world.rolekey(['status', 'dev', '--json']), status);
    expect(document.Expiration).toBe(accounts[0]!.state.serving!.expiresAt);
    expect(document.AccessKeyId).toBe(world.server.requests[0]!.accessKeyId);
  });

  it('the members stand in the order of the contract', async () => {
    const members = Object.keys((await call('dev')).json() as object);
    expect(members).toEqual(['Version', 'AccessKeyId', 'SecretAccessKey', 'SessionToken', 'Expiration']);
  });

  it('--json changes nothing', async () => {
    expect((await call('dev', '--json')).stdout).toBe((await call('dev')).stdout);
  });

  it('every call answers the same cached session', async () => {
    const before = world.server.requests.length;
    const answers = await Promise.all(Array.from({ length: 5 }, () => call('dev')));
    expect(new Set(answers.map(({ stdout }) => stdout)).size).toBe(1);
    expect(world.server.requests.length).toBe(before);
  });

  it('AWS’s own client proves the profile with it', async () => {
    const aws = await world.run('/usr/bin/aws', [
      ...['sts', 'get-caller-identity', '--profile', 'dev', '--endpoint-url', world.server.url],
      ...['--query', 'Arn', '--output', 'text'],
    ]);
    expect(aws).toMatchObject({ code: 0, stderr: '' });
    expect(aws.stdout).toMatch(/^arn:aws:sts::123456789012:assumed-role\/dev\/\w+\n$/);
  });
});

describe('on failure standard output is empty and standard error one line', () => {
  it.each([
    ['idle', 3, 'never connected'],
    ['plugged-out', 4, 'the token is absent'],
    ['refused', 1, 'AWS gave no answer of its own'],
    ['nobody', 2, 'no such account'],
  ])('%s: exit %d (%s)', async (id, exit) => {
    textFailure(await call(id), exit);
    textFailure(await call(id, '--json'), exit);
  });

  it('refused by AWS: exit 5', async () => {
    const stranger = await World.open();
    try {
      await world.addAccount('denied');
      await world.rolekey(['accounts', 'edit', 'denied', '--endpoint', stranger.server.url]);
      const result = await world.rolekey(['connect', 'denied', '--pin-stdin', '--json'], {
        stdin: `${pin}\n`,
      });
      expect(documentOf(result, connected).results[0]!.state.error!.code).toMatch(/^aws-/);
      expect(result.code).toBe(5);
      textFailure(await call('denied'), 5);
    } finally {
      await stranger.dispose();
    }
  });

  it('no agent: exit 6, and none is started', async () => {
    const env = { ROLEKEY_SOCKET: join(world.folder('home/quiet'), 'agent.sock') };
    const before = agents();
    for (const autostart of [undefined, '0', 'yes', '']) {
      const options = { env: { ...env, ROLEKEY_AUTOSTART: autostart } };
      textFailure(await world.rolekey(['credential-process', '--account', 'dev'], options), 6);
    }
    expect(agents()).toBe(before);
  });

  it('no agent and ROLEKEY_AUTOSTART=1: one is started, with nothing connected', async () => {
    const env = {
      ROLEKEY_SOCKET: join(world.folder('home/wanted'), 'agent.sock'),
      ROLEKEY_AUTOSTART: '1',
    };
    const result = await world.rolekey(['credential-process', '--account', 'dev'], { env });
    textFailure(result, 3);
    expect((await world.rolekey(['status'], { env })).code).toBe(0);
    await world.rolekey(['agent', 'stop'], { env });
  });

  it('an expired session is nothing to hand out', async () => {
    await world.addAccount('brief');
    world.server.faults.add({ kind: 'session-seconds', seconds: 3 });
    await world.connect('brief');
    expect((await call('brief')).code).toBe(0);
    world.server.faults.add({ kind: 'error', status: 500, times: 'until-cleared' });
    await new Promise((resolve) => setTimeout(resolve, 3500));
    const result = await call('brief');
    world.server.faults.clear();
    expect(result.stdout).toBe('');
    expect([1, 3, 5]).toContain(result.code);
    await world.rolekey(['disconnect', 'brief']);
  });
});

describe('it never waits for a human and never signs', () => {
  it('at a terminal as well', async () => {
    const terminal = world.terminal(['credential-process', '--account', 'idle']);
    expect(await terminal.ended).toBe(3);
    expect(terminal.output).not.toContain('PIN of');
  });
});

describe('it always ends within --timeout-ms + 300 ms', () => {
  it.each([1, 300, 1000])('%d ms, the agent stopped in its tracks', async (timeoutMs) => {
    process.kill(agentPid(), 'SIGSTOP');
    try {
      const result = await world.inTime(timeoutMs + 300, () =>
        call('dev', '--timeout-ms', String(timeoutMs)),
      );
      textFailure(result, 6);
      expect(result.ms).toBeGreaterThan(timeoutMs);
    } finally {
      process.kill(agentPid(), 'SIGCONT');
    }
  });

  it('2000 ms where nothing is said', async () => {
    process.kill(agentPid(), 'SIGSTOP');
    try {
      const result = await world.inTime(2300, () => call('dev'));
      textFailure(result, 6);
      expect(result.ms).toBeGreaterThan(2000);
    } finally {
      process.kill(agentPid(), 'SIGCONT');
    }
  });

  it.each([
    ['says nothing', () => undefined],
    ['sends garbage', (to: Socket) => to.write('\u0000\u0001 no HTTP \r\n\r\n')],
    [
      'never ends its answer',
      (to: Socket) => {
        to.write('HTTP/1.1 200 OK\r\nrolekey-protocol: 1\r\ntransfer-encoding: chunked\r\n\r\n');
        const timer = setInterval(() => to.write('1\r\nx\r\n'), 20);
        to.on('close', () => clearInterval(timer));
      },
    ],
    [
      'answers something that is no JSON',
      (to: Socket) => to.write('HTTP/1.1 200 OK\r\nrolekey-protocol: 1\r\ncontent-length: 5\r\n\r\nhello'),
    ],
    [
      'answers JSON without credentials',
      (to: Socket) => to.write('HTTP/1.1 200 OK\r\nrolekey-protocol: 1\r\ncontent-length: 2\r\n\r\n{}'),
    ],
  ])('what listens %s', async (_what, act) => {
    const path = join(world.folder('home/odd'), 'agent.sock');
    const server = await listen(path, act);
    try {
      const words = ['credential-process', '--account', 'dev', '--timeout-ms', '500'];
      const result = await world.inTime(800, () => world.rolekey(words, { env: { ROLEKEY_SOCKET: path } }));
      expect([1, 6]).toContain(result.code);
      textFailure(result, result.code);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('an agent that is slow to start with ROLEKEY_AUTOSTART=1', async () => {
    const env = {
      ROLEKEY_SOCKET: join(world.folder('home/slow'), 'agent.sock'),
      ROLEKEY_AUTOSTART: '1',
    };
    const words = ['credential-process', '--account', 'dev', '--timeout-ms', '50'];
    const result = await world.inTime(350, async () => {
      await world.rolekey(['agent', 'stop'], { env });
      return world.rolekey(words, { env });
    });
    textFailure(result, 6);
    await world.rolekey(['agent', 'stop'], { env });
  });
});

/** A server that does `act` to whoever connects. */
async function listen(path: string, act: (to: Socket) => unknown): Promise<Server> {
  const server = createServer((connection) => {
    connection.on('error', () => undefined).resume();
    act(connection);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  chmodSync(path, 0o600);
  return server;
}
