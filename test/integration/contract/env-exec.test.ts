/** `env` and `exec`. */
import { chmodSync, closeSync, copyFileSync, existsSync, openSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Result } from '../../support/world/program.ts';
import { World } from '../../support/world/world.ts';
import { jsonFailure, success, textFailure } from './expectations.ts';
import { credentials } from './shapes.ts';

let world: World;
let given: ReturnType<typeof credentials.parse>;

beforeAll(async () => {
  world = await World.open();
  await world.addAccount('dev', '--profile-region', 'eu-west-1');
  await world.addAccount('plain');
  await world.addAccount('idle');
  await world.addAccount('plugged-out', '--private-key', 'pkcs11:token=elsewhere;id=%01');
  await world.connect('dev', 'plain');
  await world.rolekey(['connect', 'plugged-out']);
  given = success(await world.rolekey(['credential-process', '--account', 'dev']), credentials);
});
afterAll(() => world.dispose());

/** The variables of account `dev`, in the contract's order. */
const variables = () => ({
  AWS_ACCESS_KEY_ID: given.AccessKeyId,
  AWS_SECRET_ACCESS_KEY: given.SecretAccessKey,
  AWS_SESSION_TOKEN: given.SessionToken,
  AWS_CREDENTIAL_EXPIRATION: given.Expiration,
  AWS_REGION: 'eu-west-1',
});
const env = (id: string, ...flags: readonly string[]) => world.rolekey(['env', id, ...flags]);
const exec = (id: string, ...command: readonly string[]) => world.rolekey(['exec', id, '--', ...command]);
/** A shell’s listing of the AWS variables, sorted by name. */
const listing = 'env | grep ^AWS_ | sort';
const listed = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${value}\n`)
    .sort()
    .join('');

describe('env', () => {
  it.each([
    ['env', (name: string, value: string) => `export ${name}=${value}`],
    ['env-no-export', (name: string, value: string) => `${name}=${value}`],
    ['fish', (name: string, value: string) => `set -gx ${name} ${value}`],
    ['powershell', (name: string, value: string) => `$Env:${name}="${value}"`],
    ['windows-cmd', (name: string, value: string) => `set ${name}=${value}`],
  ])('--format %s is one line a variable', async (format, line) => {
    const result = await env('dev', '--format', format);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    const expected = Object.entries(variables()).map(([name, value]) => `${line(name, value)}\n`);
    expect(result.stdout).toBe(expected.join(''));
  });

  it('without --format is --format env', async () => {
    expect((await env('dev')).stdout).toBe((await env('dev', '--format', 'env')).stdout);
  });

  it('--format process is the document of credential-process', async () => {
    expect(success(await env('dev', '--format', 'process'), credentials)).toEqual(given);
  });

  it('names no region where the account has none', async () => {
    expect((await env('plain')).stdout).not.toContain('REGION');
  });

  it.each(['env', 'env-no-export', 'fish', 'powershell', 'windows-cmd', 'process'])(
    '--format %s is what aws configure export-credentials prints',
    async (format) => {
      const aws = await world.run('/usr/bin/aws', [
        ...['configure', 'export-credentials', '--profile', 'plain', '--format', format],
      ]);
      if (aws.code !== 0) {
        expect(aws.stderr).toContain('nvalid choice');
        return;
      } // older ones know fewer
      const ours = await env('plain', '--format', format);
      const plain = (text: string): string =>
        format === 'process' ? JSON.stringify(JSON.parse(text)) : text.trim();
      // It writes the same time as +00:00.
      expect(plain(ours.stdout)).toBe(plain(aws.stdout.replaceAll('+00:00', 'Z')));
    },
  );

  it.each(['sh', 'dash', 'bash', 'zsh'])('%s takes it by eval', async (shell) => {
    if (!existsSync(join('/usr/bin', shell))) return;
    const result = await world.run(shell, ['-c', `eval "$("${world.cli}" env dev)" && ${listing}`]);
    expect(result).toMatchObject({ code: 0, stderr: '', stdout: listed(variables()) });
  });

  it.each(['sh', 'dash', 'bash', 'zsh'])('%s takes env-no-export with set -a', async (shell) => {
    if (!existsSync(join('/usr/bin', shell))) return;
    const script = `set -a; eval "$("${world.cli}" env dev --format env-no-export)"; ${listing}`;
    expect(await world.run(shell, ['-c', script])).toMatchObject({ stdout: listed(variables()) });
  });

  it('fish takes it by source', async () => {
    if (!existsSync('/usr/bin/fish')) return;
    const script = `'${world.cli}' env dev --format fish | source; ${listing}`;
    expect(await world.run('fish', ['-c', script])).toMatchObject({ stdout: listed(variables()) });
  });

  it('needs no agent of its own: exits as credential-process', async () => {
    const quiet = { env: { ROLEKEY_SOCKET: join(world.folder('home/quiet'), 'agent.sock') } };
    textFailure(await world.rolekey(['env', 'dev'], quiet), 6);
    jsonFailure(await world.rolekey(['env', 'dev', '--json'], quiet), 'agent-not-running');
  });

  it.each([
    ['idle', 3],
    ['plugged-out', 4],
    ['nobody', 2],
  ])('of %s is exit %d with nothing on standard output', async (id, exit) => {
    textFailure(await env(id), exit);
  });
});

describe('exec', () => {
  it('runs the command with the account’s credentials and nothing of others', async () => {
    const foreign = {
      AWS_PROFILE: 'x',
      AWS_DEFAULT_PROFILE: 'x',
      AWS_ACCESS_KEY_ID: 'AKIAX',
      AWS_SECRET_ACCESS_KEY: 'x',
      AWS_SESSION_TOKEN: 'x',
      AWS_SECURITY_TOKEN: 'x',
      AWS_CREDENTIAL_EXPIRATION: 'x',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1/',
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/x',
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'x',
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/x',
      AWS_WEB_IDENTITY_TOKEN_FILE: '/x',
      AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/x',
      AWS_ROLE_SESSION_NAME: 'x',
      AWS_ACCOUNT_ID: '999999999999',
      AWS_BEARER_TOKEN_BEDROCK: 'x',
      AWS_SSO_SESSION: 'x',
      AWS_LOGIN_CACHE_DIRECTORY: '/x',
      AWS_REGION: 'us-east-1',
      AWS_PAGER: 'cat',
    };
    const words = ['exec', 'dev', '--', 'sh', '-c', listing];
    const result = await world.rolekey(words, { env: foreign });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toBe(listed({ ...variables(), AWS_PAGER: 'cat' }));
  });

  it('keeps AWS_REGION where the account has no region of its own', async () => {
    const words = ['exec', 'plain', '--', 'printenv', 'AWS_REGION'];
    expect(await world.rolekey(words, { env: { AWS_REGION: 'us-east-1' } })).toMatchObject({
      code: 0,
      stdout: 'us-east-1\n',
    });
  });

  it('hands on standard input, standard output and standard error', async () => {
    const script = 'cat; echo two >&2';
    const result = await world.rolekey(['exec', 'dev', '--', 'sh', '-c', script], { stdin: 'one\n' });
    expect(result).toMatchObject({ code: 0, stdout: 'one\n', stderr: 'two\n' });
  });

  it('hands on every argument as it is', async () => {
    const words = ['--json', '-x', '', 'a b', '$HOME', '--', '*'];
    const result = await exec('dev', 'printf', '%s\\n', ...words);
    expect(result.stdout).toBe(words.map((word) => `${word}\n`).join(''));
  });

  it('lets AWS’s own client in', async () => {
    const aws = ['/usr/bin/aws', 'sts', 'get-caller-identity', '--endpoint-url', world.server.url];
    const result = await exec('dev', ...aws, '--query', 'Arn', '--output', 'text');
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toContain('assumed-role/dev/');
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 42, 126, 255])('exits %d as its command did', async (code) => {
    const result = await exec('dev', 'sh', '-c', `exit ${String(code)}`);
    expect(result).toMatchObject({ code, stdout: '', stderr: '' });
  });

  it.each([
    ['TERM', 143],
    ['KILL', 137],
    ['INT', 130],
    ['HUP', 129],
    ['USR1', 138],
    ['SEGV', 139],
  ])('exits 128 + signal where SIG%s ended its command', async (signal, code) => {
    expect((await exec('dev', 'sh', '-c', `kill -${signal} $$`)).code).toBe(code);
  });

  it('of a command that is not there is 127', async () => {
    const result = await exec('dev', 'no-such-command-anywhere');
    expect(result).toMatchObject({ code: 127, stdout: '' });
    expect(result.stderr).toMatch(/^rolekey: [^\n]*no-such-command-anywhere[^\n]*\n$/);
    expect((await exec('dev', '/no/such/path')).code).toBe(127);
  });

  it('of a command that cannot be run is 126', async () => {
    const plainFile = world.file('home/not-runnable', '#!/bin/sh\n');
    chmodSync(plainFile, 0o644);
    for (const command of [plainFile, world.home]) {
      const result = await exec('dev', command);
      expect(result).toMatchObject({ code: 126, stdout: '' });
      expect(result.stderr).toMatch(/^rolekey: [^\n]+\n$/);
    }
  });

  it('of nothing is 127', async () => {
    expect(await exec('dev', '')).toMatchObject({
      code: 127,
      stdout: '',
      stderr: 'rolekey: “”: not found.\n',
    });
  });

  it('of what the system refuses in any other way is 126', async () => {
    const loop = join(world.home, 'loop');
    symlinkSync(loop, loop);
    const busy = join(world.home, 'busy');
    copyFileSync('/bin/true', busy);
    const writer = openSync(busy, 'r+');
    try {
      for (const command of [join(world.file('home/file', ''), 'foo'), loop, `./${'x'.repeat(300)}`, busy]) {
        expect(await exec('dev', command)).toMatchObject({
          code: 126,
          stdout: '',
          stderr: `rolekey: “${command}”: cannot be run.\n`,
        });
      }
    } finally {
      closeSync(writer);
    }
  });

  it.each([
    'SIGUSR1',
    'SIGUSR2',
    'SIGALRM',
    'SIGWINCH',
    'SIGCONT',
    'SIGTERM',
    'SIGHUP',
    'SIGINT',
    'SIGQUIT',
  ] as const)('hands %s on where no terminal sends it', async (signal) => {
    const script = `trap "echo got it; exit 7" ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`;
    expect(await signalled(script, signal)).toMatchObject({ code: 7, stdout: 'ready\ngot it\n' });
  });

  it('ends as its command does where that does not catch the signal', async () => {
    const script = 'echo ready; while :; do sleep 0.05; done';
    expect(await signalled(script, 'SIGUSR2')).toMatchObject({ code: 140, stdout: 'ready\n' });
  });

  it('Ctrl-C at a terminal reaches the command, whose answer counts', async () => {
    const script = 'trap "exit 9" INT; echo ready; while :; do sleep 0.05; done';
    const terminal = world.terminal(['exec', 'dev', '--', 'sh', '-c', script]);
    await terminal.shows('ready');
    terminal.type('\u0003');
    expect(await terminal.ended).toBe(9);
  });

  it.each([
    ['idle', 3],
    ['plugged-out', 4],
    ['nobody', 2],
  ])('of %s is exit %d, and the command is not run', async (id, exit) => {
    const trace = join(world.home, 'trace');
    textFailure(await exec(id, 'touch', trace), exit);
    expect(existsSync(trace)).toBe(false);
  });

  it('without an agent is exit 6', async () => {
    const quiet = { env: { ROLEKEY_SOCKET: join(world.folder('home/quiet'), 'agent.sock') } };
    const result = await world.rolekey(['exec', 'dev', '--', 'true'], quiet);
    textFailure(result, 6);
    expect(result.stderr).toContain('rolekey connect dev.');
    jsonFailure(await world.rolekey(['exec', 'dev', '--json', '--', 'true'], quiet), 'agent-not-running');
  });
});

describe('env and exec end as credential-process does where the agent hangs', () => {
  it.each([
    ['env', ['env', 'dev']],
    ['exec', ['exec', 'dev', '--', 'true']],
  ])('%s: within two seconds, exit 6', async (_name, words) => {
    const { pid } = world.processes().find(({ argv }) => argv.includes('agent'))!;
    process.kill(pid, 'SIGSTOP');
    try {
      textFailure(await world.rolekey(words, { timeoutMs: 4000 }), 6);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });
});

/** Sends the signal to `exec` alone once the script it runs is there. */
async function signalled(script: string, signal: NodeJS.Signals): Promise<Result> {
  const running = world.rolekey(['exec', 'dev', '--', 'sh', '-c', script], { timeoutMs: 10_000 });
  const { pid } = await waitFor(() =>
    world.processes().find(({ argv }) => argv[2] === 'exec' && argv.includes(script)),
  );
  await waitFor(() => world.processes().find(({ argv }) => argv[0] === 'sh' && argv.includes(script)));
  await new Promise((resolve) => setTimeout(resolve, 200));
  process.kill(pid, signal);
  return running;
}

async function waitFor<T>(look: () => T | undefined): Promise<T> {
  for (const deadline = Date.now() + 5000; Date.now() < deadline;) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('not within 5 s');
}
