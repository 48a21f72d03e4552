/** `connect`, `disconnect` and `lock`, without a terminal. */
import { chmodSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pin, textOf, World } from '../../support/world/world.ts';
import { documentOf, jsonFailure, success, textFailure } from './expectations.ts';
import { connected, done, idle, status, type State } from './shapes.ts';

let world: World;

beforeAll(async () => {
  world = await World.open();
  const spare = world.hsm.token('spare', pin);
  spare.generateKey('EC:prime256v1', { id: '05', label: 'spare' });
  for (const id of ['dev', 'test', 'prod']) await world.addAccount(id);
  await world.addAccount('plugged-out', '--private-key', 'pkcs11:token=elsewhere;id=%01');
  await world.addAccount(
    ...['spare', '--private-key', 'pkcs11:token=spare;id=%05'],
    ...['--certificate', world.certify(spare, '05').file],
  );
});
afterAll(() => world.dispose());

/** Every test begins with nothing connected and no PIN held. */
beforeEach(async () => {
  world.server.faults.clear();
  world.server.requests.length = 0;
  await world.rolekey(['disconnect', '--all']);
  await world.rolekey(['lock']);
});

/** Connects, and answers the states by account. */
async function connect(
  ids: readonly string[],
  { stdin, flags = [] }: { stdin?: string; flags?: readonly string[] } = {},
): Promise<{ code: number; ms: number; states: Record<string, State> }> {
  const pinStdin = stdin === undefined ? [] : ['--pin-stdin'];
  const result = await world.rolekey(['connect', ...ids, ...pinStdin, ...flags, '--json'], { stdin });
  const { results } = documentOf(result, connected);
  const states = Object.fromEntries(results.map(({ account, state }) => [account, state]));
  return { code: result.code, ms: result.ms, states };
}

const created = () => world.server.requests.filter(({ operation }) => operation === 'create-session');

describe('connect', () => {
  it('serves until the session ends and is renewed at half of its life', async () => {
    const { code, states } = await connect(['dev'], { stdin: `${pin}\n` });
    expect(code).toBe(0);
    const { serving } = states.dev!;
    expect(states.dev).toEqual({ ...idle, serving });
    const left = Date.parse(serving!.expiresAt) - Date.now();
    expect(left).toBeGreaterThan(3590_000);
    expect(left).toBeLessThanOrEqual(3600_000);
    const half = Date.parse(serving!.expiresAt) - Date.parse(serving!.renewAt);
    expect(Math.abs(half - 1800_000)).toBeLessThanOrEqual(1000);
  });

  it('that does not connect says why: time is up, or somebody disconnected it', async () => {
    world.server.faults.add({ kind: 'latency', milliseconds: 3000 });
    const late = await connect(['dev'], { stdin: `${pin}\n`, flags: ['--timeout', '1'] });
    expect(late).toMatchObject({
      code: 1,
      states: { dev: { activity: 'connecting', error: { code: 'timed-out' } } },
    });
    const { accounts } = success(await world.rolekey(['status', 'dev', '--json']), status);
    expect(accounts[0]!.state, 'the session itself is in no trouble').toMatchObject({ error: null });
    const ended = connect(['dev'], { stdin: `${pin}\n` });
    await new Promise((resolve) => setTimeout(resolve, 700));
    await world.rolekey(['disconnect', 'dev']);
    expect(await ended).toMatchObject({ code: 1, states: { dev: { error: { code: 'cancelled' } } } });
  });

  it('takes one PIN for all accounts of a token, and asks AWS once for each', async () => {
    const { code, states } = await connect(['dev', 'test', 'prod'], { stdin: `${pin}\n` });
    expect(code).toBe(0);
    expect(Object.keys(states)).toEqual(['dev', 'test', 'prod']);
    expect(created().map(({ verdict, remarks }) => [verdict, remarks])).toEqual(
      Array(3).fill(['accepted', []]),
    );
  });

  it('needs no PIN while one is held', async () => {
    await connect(['dev'], { stdin: `${pin}\n` });
    expect((await connect(['test'])).code).toBe(0);
  });

  it('answers in argument order, each account once', async () => {
    const { states } = await connect(['prod', 'dev', 'prod', 'test', 'dev'], { stdin: `${pin}\n` });
    expect(Object.keys(states)).toEqual(['prod', 'dev', 'test']);
    expect(created()).toHaveLength(3);
  });

  it('with --all answers in file order', async () => {
    const { states } = await connect(['--all'], { stdin: `${pin}\n` });
    expect(Object.keys(states)).toEqual(['dev', 'test', 'prod', 'plugged-out', 'spare']);
  });

  it('of what is connected already asks AWS nothing', async () => {
    await connect(['dev'], { stdin: `${pin}\n` });
    world.server.requests.length = 0;
    expect((await connect(['dev'])).code).toBe(0);
    expect(created()).toEqual([]);
  });

  it('two at once for one account are one', async () => {
    world.server.faults.add({ kind: 'latency', milliseconds: 500 });
    const both = await Promise.all([
      connect(['dev'], { stdin: `${pin}\n` }),
      connect(['dev'], { stdin: `${pin}\n` }),
    ]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(created()).toHaveLength(1);
  });

  it('tells people one line an account', async () => {
    const result = await world.rolekey(['connect', 'dev', 'test', '--pin-stdin'], { stdin: `${pin}\n` });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(/^dev: connected until \d\d:\d\d\ntest: connected until \d\d:\d\d\n$/);
  });

  it('says what AWS may refuse and what was changed, each on a line of standard error, and goes on', async () => {
    const { file, privateKeyFile } = world.authority.identity({
      extensions: { extendedKeyUsage: 'serverAuth' },
    });
    const flags = ['--private-key', privateKeyFile, '--certificate', file, '--outlet', 'credentials-file'];
    await world.addAccount('odd', ...flags);
    world.file('home/.aws/credentials', '[mine]\nregion = eu-west-1\n');
    chmodSync(world.credentialsFile, 0o644);
    const first = await world.rolekey(['connect', 'odd', '--pin-stdin'], { stdin: '' });
    expect(first.code).toBe(0);
    expect(first.stderr.split('\n')).toEqual([
      expect.stringMatching(/^rolekey: odd: .* lacks clientAuth/),
      expect.stringMatching(/^rolekey: Others could read .*credentials; it is yours alone now/),
      '',
    ]);
    await world.rolekey(['disconnect', 'odd']);
    const again = await world.rolekey(['connect', 'odd', '--pin-stdin'], { stdin: '' });
    expect(again.stderr).toMatch(/^rolekey: odd: [^\n]*\n$/);
    await world.rolekey(['accounts', 'remove', 'odd', '--yes']);
    rmSync(world.credentialsFile);
  });

  it('warns of a name that cannot be a session tag, and asks AWS all the same', async () => {
    const { file, privateKeyFile } = world.authority.identity({ subject: "/O=Example/CN=O'Neil" });
    await world.addAccount('odd', '--private-key', privateKeyFile, '--certificate', file);
    const { code, stderr } = await world.rolekey(['connect', 'odd', '--pin-stdin'], { stdin: '' });
    expect(code).toBe(5);
    expect(stderr).toMatch(
      /^rolekey: odd: The subject’s CN “O'Neil” [^\n]*session tag[^\n]*\nrolekey: odd: [^\n]*\n$/,
    );
    expect(created()).toHaveLength(1);
    await world.rolekey(['accounts', 'remove', 'odd', '--yes']);
  });

  it('of an unknown account is refused as a whole', async () => {
    const result = await world.rolekey(['connect', 'dev', 'nobody', '--pin-stdin', '--json'], {
      stdin: `${pin}\n`,
    });
    jsonFailure(result, 'account-unknown');
    expect(created()).toEqual([]);
  });

  it('of a token that is not plugged in is exit 4, and the others are connected', async () => {
    const { code, states } = await connect(['plugged-out', 'dev'], { stdin: `${pin}\n` });
    expect(code).toBe(4);
    expect(states['plugged-out']).toMatchObject({
      activity: 'needs-you',
      reason: 'token-absent',
      serving: null,
      error: { code: 'token-absent' },
    });
    expect(states.dev!.serving).not.toBeNull();
  });

  it('of a key that is pulled out meanwhile says so, and of one plugged in again works', async () => {
    world.token.remove();
    try {
      const { code, states } = await connect(['dev'], { stdin: `${pin}\n` });
      expect(code).toBe(4);
      expect(states.dev).toMatchObject({ reason: 'token-absent', error: { code: 'token-absent' } });
    } finally {
      world.token.restore();
    }
    expect((await connect(['dev'], { stdin: `${pin}\n` })).code).toBe(0);
  });
});

describe('without a terminal a PIN that is needed is exit 3, at once', () => {
  it('and nothing is asked of AWS', async () => {
    const { code, ms, states } = await connect(['dev', 'test']);
    expect(code).toBe(3);
    expect(ms).toBeLessThan(2000);
    for (const state of Object.values(states)) {
      expect(state).toMatchObject({ activity: 'needs-you', reason: 'pin', error: { code: 'pin-needed' } });
    }
    expect(created()).toEqual([]);
  });

  it('and is told to people on one line', async () => {
    const result = await world.rolekey(['connect', 'dev']);
    expect(result.code).toBe(3);
    expect(result.stderr).toMatch(/^rolekey: [^\n]*PIN[^\n]*\n$/);
  });
});

describe('--pin-stdin takes the first line, for one token, once', () => {
  it.each([
    ['a line', `${pin}\n`],
    ['a line of Windows', `${pin}\r\n`],
    ['no line end', pin],
    ['more lines', `${pin}\n000000\n111111\n`],
  ])('%s', async (_what, stdin) => {
    expect((await connect(['dev'], { stdin })).code).toBe(0);
  });

  it.each([
    ['nothing', ''],
    ['an empty line', '\n'],
    ['the PIN on the second line', `\n${pin}\n`],
  ])('%s is no PIN: exit 3, pin-needed', async (_what, stdin) => {
    const { code, states } = await connect(['dev'], { stdin });
    expect(code).toBe(3);
    expect(states.dev!.error).toMatchObject({ code: 'pin-needed' });
  });

  it('a wrong PIN is exit 3, pin-incorrect, and not asked for again', async () => {
    const { code, ms, states } = await connect(['dev'], { stdin: `000000\n${pin}\n` });
    expect(code).toBe(3);
    expect(ms).toBeLessThan(2000);
    expect(states.dev).toMatchObject({
      activity: 'needs-you',
      reason: 'pin',
      serving: null,
      error: { code: 'pin-incorrect' },
    });
    expect(created()).toEqual([]);
  });

  it('the PIN of one token is not tried at another', async () => {
    const { code, states } = await connect(['dev', 'spare'], { stdin: `${pin}\n` });
    const served = Object.values(states).filter(({ serving }) => serving !== null);
    expect(served).toHaveLength(1);
    expect(code).toBe(3);
    expect(Object.values(states).find(({ serving }) => serving === null)!.error).toMatchObject({
      code: 'pin-needed',
    });
  });

  it('at a terminal it is refused: what is typed would be seen', async () => {
    const terminal = world.terminal(['connect', 'dev', '--pin-stdin']);
    expect(await terminal.ended).toBe(2);
  });
});

describe('--pin-stdin with a line longer than any PIN', () => {
  const words = ['connect', 'dev', '--pin-stdin'];

  it('is refused', async () => {
    const refused = await world.rolekey(words, { stdin: `${'1'.repeat(5000)}\n` });
    expect(textFailure(refused, 2)).toContain('4 KiB');
  });

  it('is refused at once where it does not end', async () => {
    const endless = `cat /dev/zero | "${world.cli}" ${words.join(' ')}`;
    textFailure(await world.run('sh', ['-c', endless], { timeoutMs: 10_000 }), 2);
  });

  it('behind the PIN does not matter', async () => {
    const { code } = await connect(['dev'], { stdin: `${pin}\n${'x'.repeat(5000)}` });
    expect(code).toBe(0);
  });
});

describe('--timeout', () => {
  it('0 asks nobody', async () => {
    const { code } = await connect(['dev'], { stdin: `${pin}\n`, flags: ['--timeout', '0'] });
    expect(code).toBe(3);
  });

  it('ends a connect whose agent hangs', async () => {
    const { pid } = world.processes().find(({ argv }) => argv.includes('agent'))!;
    process.kill(pid, 'SIGSTOP');
    try {
      const words = ['connect', 'dev', '--timeout', '1'];
      const { code } = await world.inTime(1300, () => world.rolekey(words, { timeoutMs: 5000 }));
      expect(code).toBe(6);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });

  it('ends a connect whose AWS is slow', async () => {
    world.server.faults.add({ kind: 'latency', milliseconds: 4000 });
    const { code, ms } = await connect(['dev'], { stdin: `${pin}\n`, flags: ['--timeout', '1'] });
    expect(code).toBe(1);
    expect(ms).toBeLessThan(2000);
  });
});

describe('without an agent', () => {
  const gone = { env: { ROLEKEY_SOCKET: '' } };
  beforeAll(() => {
    gone.env.ROLEKEY_SOCKET = `${world.folder('home/quiet')}/agent.sock`;
  });
  const agents = () => world.processes().filter(({ argv }) => argv.includes('agent')).length;

  it.each([
    ['--no-start', ['connect', 'dev', '--no-start'], {}],
    ['ROLEKEY_AUTOSTART=0', ['connect', 'dev'], { ROLEKEY_AUTOSTART: '0' }],
    ['ROLEKEY_AUTOSTART=0 and --all', ['connect', '--all'], { ROLEKEY_AUTOSTART: '0' }],
    ['ROLEKEY_AUTOSTART=0', ['accounts', 'list'], { ROLEKEY_AUTOSTART: '0' }],
    ['ROLEKEY_AUTOSTART=0', ['tokens'], { ROLEKEY_AUTOSTART: '0' }],
    ['ROLEKEY_AUTOSTART=0', ['whoami', 'dev'], { ROLEKEY_AUTOSTART: '0' }],
  ])('%s: %j is exit 6 and starts none', async (_how, words, env) => {
    const before = agents();
    const options = { env: { ...gone.env, ...env } };
    textFailure(await world.rolekey(words, options), 6);
    jsonFailure(await world.rolekey([...words, '--json'], options), 'agent-not-running');
    expect(agents()).toBe(before);
  });

  it('disconnect is exit 0 and starts none', async () => {
    const before = agents();
    const { results } = success(await world.rolekey(['disconnect', 'dev', '--json'], gone), connected);
    expect(results).toEqual([{ account: 'dev', state: idle }]);
    expect(success(await world.rolekey(['disconnect', '--all', '--json'], gone), connected)).toEqual({
      version: 1,
      results: [],
    });
    expect(await world.rolekey(['disconnect', 'dev'], gone)).toMatchObject({ code: 0, stderr: '' });
    expect(agents()).toBe(before);
  });

  it('disconnect of what cannot be an ID is exit 2 all the same', async () => {
    expect((await world.rolekey(['disconnect', 'No ID', '--json'], gone)).code).toBe(2);
  });

  it('lock is exit 0 and starts none', async () => {
    const before = agents();
    success(await world.rolekey(['lock', '--json'], gone), done);
    expect(agents()).toBe(before);
  });
});

describe('disconnect', () => {
  it('takes the session away, and a second time does nothing', async () => {
    await connect(['dev', 'test'], { stdin: `${pin}\n` });
    for (let time = 1; time <= 2; time += 1) {
      const result = await world.rolekey(['disconnect', 'dev', '--json']);
      expect(success(result, connected).results).toEqual([{ account: 'dev', state: idle }]);
    }
    const { accounts } = success(await world.rolekey(['status', 'test', '--json']), status);
    expect(accounts[0]!.state.serving).not.toBeNull();
    textFailure(await world.rolekey(['credential-process', '--account', 'dev']), 3);
  });

  it('of one that failed leaves nothing of the failure', async () => {
    await connect(['plugged-out']);
    const result = await world.rolekey(['disconnect', 'plugged-out', '--json']);
    expect(success(result, connected).results).toEqual([{ account: 'plugged-out', state: idle }]);
  });

  it('while it is connecting ends with nothing connected', async () => {
    world.server.faults.add({ kind: 'latency', milliseconds: 800 });
    const connecting = connect(['dev'], { stdin: `${pin}\n` });
    while (created().length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await world.rolekey(['disconnect', 'dev'])).code).toBe(0);
    expect((await connecting).code).not.toBe(0);
    const { accounts } = success(await world.rolekey(['status', 'dev', '--json']), status);
    expect(accounts[0]!.state).toEqual(idle);
  });

  it('of an unknown account is account-unknown', async () => {
    jsonFailure(await world.rolekey(['disconnect', 'dev', 'nobody', '--json']), 'account-unknown');
  });
});

describe('lock', () => {
  it('forgets the PIN and keeps the sessions', async () => {
    await connect(['dev'], { stdin: `${pin}\n` });
    success(await world.rolekey(['lock', '--json']), done);
    const hosts = world.processes().filter(({ argv }) => argv.some((word) => word.includes('token-host')));
    expect(hosts, 'the process that held the PIN').toEqual([]);
    expect((await world.rolekey(['credential-process', '--account', 'dev'])).code).toBe(0);
    expect((await connect(['test'])).code).toBe(3);
  });
});

describe('the agent is started by connect where none runs', () => {
  it('and serves from then on', async () => {
    await world.rolekey(['agent', 'stop']);
    expect((await world.rolekey(['status'])).code).toBe(6);
    expect((await connect(['dev'], { stdin: `${pin}\n` })).code).toBe(0);
    expect((await world.rolekey(['credential-process', '--account', 'dev'])).code).toBe(0);
  });

  it('also where the one before was killed', async () => {
    await connect(['dev'], { stdin: `${pin}\n` });
    for (const { pid } of world.processes()) process.kill(pid, 'SIGKILL');
    expect((await connect(['dev'], { stdin: `${pin}\n` })).code).toBe(0);
    expect(textOf(world.credentialsFile)).toBeNull();
  });
});
