/** `status` and `status --watch`. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { pin, World } from '../../support/world/world.ts';
import { documentOf, jsonFailure, success } from './expectations.ts';
import { idle, status } from './shapes.ts';

let world: World;

beforeAll(async () => {
  world = await World.open();
  await world.addAccount('dev', '--label', 'Development', '--aws-profile', 'work', '--outlet', 'none');
  await world.addAccount('idle');
  await world.connect('dev');
});
afterAll(() => world.dispose());

type Status = z.output<typeof status>;
type State = Status['accounts'][number]['state'];
const shown = async (...words: readonly string[]): Promise<Status> =>
  success(await world.rolekey(['status', ...words, '--json']), status);

/** Agents that run; what they start for modules comes and goes. */
const agents = () => world.processes().filter(({ argv }) => argv.includes('agent')).length;

describe('status', () => {
  it('of an agent that hangs fails in time, and says what to do', async () => {
    const { pid: agent } = world.processes().find(({ argv }) => argv.includes('agent'))!;
    process.kill(agent, 'SIGSTOP');
    try {
      const result = await world.rolekey(['status', '--json'], { timeoutMs: 15_000 });
      expect(jsonFailure(result, 'agent-failed').remedy).toContain('End the process “rolekey agent”');
    } finally {
      process.kill(agent, 'SIGCONT');
    }
  });

  it('tells of the agent', async () => {
    const { agent } = await shown();
    const running = world.processes().find(({ argv }) => argv.includes('agent'))!;
    const version = (await world.rolekey(['--version'])).stdout.trim().split(' ')[1];
    expect(agent).toMatchObject({
      pid: running.pid,
      version,
      mode: 'headless',
      credentialsFile: world.credentialsFile,
      configFile: world.configFile,
    });
    expect(Math.abs(Date.parse(agent!.startedAt) - Date.now())).toBeLessThan(60_000);
  });

  it('tells of every account, in file order, with the key that serves it', async () => {
    const { accounts } = await shown();
    expect(accounts.map(({ account }) => account)).toEqual(['dev', 'idle']);
    expect(accounts[0]).toMatchObject({
      account: 'dev',
      label: 'Development',
      awsProfile: 'work',
      outlet: 'none',
      state: { activity: 'idle', reason: null, retryAt: null, error: null },
      key: { token: 'laptop', hardware: false },
    });
    expect(accounts[0]!.assumedRoleArn).toMatch(/^arn:aws:sts::123456789012:assumed-role\/dev\/.+$/);
    expect(accounts[1]).toMatchObject({ account: 'idle', state: idle, assumedRoleArn: null });
  });

  it('the key’s URI and serial are those of tokens', async () => {
    const { key } = (await shown('dev')).accounts[0]!;
    const tokens = (await world.rolekey(['tokens', '--json'])).stdout;
    expect(tokens).toContain(JSON.stringify(key.uri));
    expect(tokens).toContain(JSON.stringify(key.serial));
  });

  it('of named accounts tells of those', async () => {
    expect((await shown('idle')).accounts.map(({ account }) => account)).toEqual(['idle']);
    expect((await shown('idle', 'dev')).accounts).toHaveLength(2);
  });

  it('of an unknown account is account-unknown', async () => {
    jsonFailure(await world.rolekey(['status', 'dev', 'nobody', '--json']), 'account-unknown');
  });

  it('holds no secret', async () => {
    const { stdout } = await world.rolekey(['status', '--json']);
    const { SecretAccessKey, SessionToken } = (
      await world.rolekey(['credential-process', '--account', 'dev'])
    ).json() as Record<string, string>;
    expect(stdout).not.toContain(SecretAccessKey);
    expect(stdout).not.toContain(SessionToken);
  });

  it('as text is one line an account below a head', async () => {
    const { stdout, stderr, code } = await world.rolekey(['status']);
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain('connected until');
    expect(lines[1]).toContain('not hardware');
    expect(lines[2]).toContain('not connected');
  });
});

describe('without an agent', () => {
  it.each([[[]], [['dev']], [['nobody']], [['--watch']]])(
    'status %j is exit 6 and starts none',
    async (words) => {
      const env = { ROLEKEY_SOCKET: `${world.folder('home/quiet')}/agent.sock` };
      const before = agents();
      for (const autostart of [undefined, '1', '0']) {
        const options = { env: { ...env, ROLEKEY_AUTOSTART: autostart } };
        const result = await world.rolekey(['status', ...words, '--json'], options);
        expect(documentOf(result, status)).toEqual({ version: 1, agent: null, accounts: [] });
        expect(result.code).toBe(6);
      }
      expect(agents()).toBe(before);
      const text = await world.rolekey(['status'], { env });
      expect(text.code).toBe(6);
      expect(text.stdout + text.stderr).toContain('rolekey connect ID.');
      const all = await world.rolekey(['disconnect', '--all'], { env });
      expect(all).toMatchObject({ code: 0, stdout: 'Nothing was connected.\n' });
    },
  );
});

describe('status --watch', () => {
  /** Starts watching; `next` is the next line, parsed. */
  function watch(...words: readonly string[]) {
    const child = spawn(world.cli, ['status', '--watch', ...words], {
      env: world.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const next = async (): Promise<Status | null> => {
      const line: IteratorResult<string, unknown> = await lines.next();
      return line.done === true ? null : status.parse(JSON.parse(line.value));
    };
    /** The first state from now on that serves, or that does not. */
    const state = async (serves: boolean): Promise<State> => {
      for (;;) {
        const [account] = (await next())!.accounts;
        if ((account!.state.serving !== null) === serves) return account!.state;
      }
    };
    return { next, state, ended, child };
  }

  it('prints one JSON document a line: now, and after every change', async () => {
    await world.rolekey(['disconnect', 'idle']);
    const { next, state, child, ended } = watch('idle');
    expect((await next())!.accounts.map(({ state }) => state)).toEqual([idle]);
    await world.rolekey(['connect', 'idle', '--pin-stdin'], { stdin: `${pin}\n` });
    await state(true);
    await world.rolekey(['disconnect', 'idle']);
    expect(await state(false)).toEqual(idle);
    child.kill('SIGINT');
    await ended;
  });

  it('tells of accounts that are added, edited and removed, and ends where one that is watched goes', async () => {
    const all = watch();
    const labels = async (): Promise<string[]> => (await all.next())!.accounts.map(({ label }) => label);
    const before = await labels();
    await world.addAccount('late', '--label', 'Late');
    expect(await labels()).toEqual([...before, 'Late']);
    const one = watch('late', '--json');
    await one.next();
    await world.rolekey(['accounts', 'edit', 'late', '--label', 'Later']);
    expect(await labels()).toEqual([...before, 'Later']);
    await world.rolekey(['accounts', 'remove', 'late', '--yes']);
    while ((await labels()).includes('Later')); // its session ends first
    expect(await one.ended).toBe(2);
    all.child.kill('SIGINT');
    await all.ended;
  });

  it('shows the key an account names before any was used', async () => {
    const { key } = (await shown('idle')).accounts[0]!;
    expect(key.uri).toMatch(/^pkcs11:/);
    expect(key.hardware).toBe(false);
  });

  it('of an unknown account is account-unknown', async () => {
    jsonFailure(await world.rolekey(['status', 'nobody', '--watch', '--json']), 'account-unknown');
  });

  it('ends quietly when its reader has gone', async () => {
    const { next, child, ended } = watch();
    await next();
    child.stdout.destroy();
    await world.rolekey(['connect', 'idle', '--pin-stdin'], { stdin: `${pin}\n` });
    await world.rolekey(['disconnect', 'idle']);
    expect(await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 3000, 'hangs'))])).toBe(0);
  });

  it('ends with the agent: JSON to the last line, which says that there is none, and exit 6', async () => {
    for (const words of [[], ['--json']]) {
      await world.rolekey(['accounts', 'list']);
      const { next, ended } = watch(...words);
      await next();
      await world.rolekey(['agent', 'stop']);
      let last: Status | null = null;
      for (let line = await next(); line !== null; line = await next()) last = line;
      expect(last).toEqual({ version: 1, agent: null, accounts: [] });
      expect(await ended).toBe(6);
    }
  });

  it('ends where the agent is killed, too', async () => {
    await world.rolekey(['accounts', 'list']);
    const { next, ended } = watch();
    await next();
    for (const { pid, argv } of world.processes()) if (argv.includes('agent')) process.kill(pid, 'SIGKILL');
    while ((await next()) !== null);
    expect(await ended).toBe(6);
  });
});
