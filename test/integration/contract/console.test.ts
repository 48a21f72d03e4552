/** `console`: an address that signs in to the AWS console, printed or opened by way of a page that only the user can read. */
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { World } from '../../support/world/world.ts';
import { documentOf, jsonFailure, success, textFailure } from './expectations.ts';
import { failure } from './shapes.ts';

const document = z.strictObject({ version: z.literal(1), account: z.string(), url: z.url() });

let world: World;

beforeAll(async () => {
  world = await World.open();
  await world.startAgent({ AWS_ENDPOINT_URL_SIGNIN: world.server.url });
  for (const id of ['dev', 'idle']) await world.addAccount(id);
  await world.addAccount('plugged-out', '--private-key', 'pkcs11:token=elsewhere;id=%01');
  await world.connect('dev');
  await world.rolekey(['connect', 'plugged-out']);
});
afterAll(() => world.dispose());
beforeEach(() => {
  world.server.faults.clear();
  world.server.requests.length = 0;
});

const ask = (...args: readonly string[]) => world.rolekey(['console', 'dev', '--json', ...args]);
const seen = () =>
  world.server.requests.map(({ verdict, reason, detail, durationSeconds }) => [
    verdict,
    reason ?? detail,
    durationSeconds,
  ]);

/** Follows the address as a browser does, once. @returns where it leads. */
async function browse(url: string): Promise<string | null> {
  const answer = await fetch(url, { redirect: 'manual' });
  expect(answer.status).toBe(302);
  return answer.headers.get('location');
}

describe('the address', () => {
  const home = 'https://eu-central-1.console.aws.amazon.com/console/home?region=eu-central-1';

  it('signs a browser in as the account', async () => {
    const { account, url } = success(await ask(), document);
    expect(account).toBe('dev');
    expect(await browse(url)).toBe(home);
    const [asked, came] = world.server.requests;
    expect(asked).toMatchObject({
      method: 'POST',
      path: '/federation',
      detail: 'token',
      durationSeconds: 3600,
    });
    expect(came!.assumedRoleArn).toMatch(/^arn:aws:sts::123456789012:assumed-role\/dev\//);
  });

  it('is printed alone with --print', async () => {
    const result = await world.rolekey(['console', 'dev', '--print'], { env: { DISPLAY: ':0' } });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(/^http:\S+\n$/);
    expect(await browse(result.stdout.trim())).toBe(home);
  });

  it('is another each time: nothing of it is kept', async () => {
    const urls = [success(await ask(), document).url, success(await ask(), document).url];
    expect(new Set(urls).size).toBe(2);
    expect(seen()).toHaveLength(2);
  });

  it('leads where it should, for as long as it should', async () => {
    const { url } = success(await ask('--destination', 's3', '--duration', '7200'), document);
    expect(await browse(url)).toBe(
      'https://eu-central-1.console.aws.amazon.com/go/view?service=s3&region=eu-central-1',
    );
    expect(world.server.requests[0]!.durationSeconds).toBe(7200);
  });

  it('comes without a duration where AWS takes none, which is told to who asked for one', async () => {
    world.server.faults.add({ kind: 'duration-refused', operation: 'federation', times: 'until-cleared' });
    await browse(success(await ask(), document).url);
    expect(seen()).toEqual([
      ['refused', 'duration-refused', null],
      ['accepted', 'token', null],
      ['accepted', 'login', null],
    ]);
    const asked = await world.rolekey(['console', 'dev', '--print', '--duration', '900']);
    expect(asked.code).toBe(0);
    expect(asked.stderr).toMatch(/^rolekey: AWS took no duration; [^\n]+\n$/);
  });
});

describe('no address', () => {
  it.each([
    ['idle', 3],
    ['plugged-out', 4],
    ['nobody', 2],
  ])('for %s: exit %d', async (id, exit) => {
    const result = await world.rolekey(['console', id, '--json']);
    documentOf(result, failure);
    expect(result).toMatchObject({ code: exit, stderr: '' });
    textFailure(await world.rolekey(['console', id, '--print']), exit);
    expect(world.server.requests).toEqual([]);
  });

  it.each([
    ['--duration', '899'],
    ['--duration', '43201'],
    ['--duration', 'long'],
    ['--destination', 'https://example.org/'],
  ])('with %s %s: exit 2', async (...flags) => {
    const result = await ask(...flags);
    expect(documentOf(result, failure).error.code).toBe('usage-invalid');
    expect(result.code).toBe(2);
    expect(world.server.requests).toEqual([]);
  });

  it.each([
    ['AWS is overloaded', { kind: 'throttle' }, 'aws-throttled'],
    ['AWS fails', { kind: 'error', status: 500 }, 'aws-failed'],
    ['a web page comes', { kind: 'html' }, 'response-invalid'],
    ['it is sent elsewhere', { kind: 'redirect', location: 'https://e.example/' }, 'response-invalid'],
    ['the connection is cut', { kind: 'drop' }, 'network-unreachable'],
  ] as const)('where %s', async (_what, fault, code) => {
    world.server.faults.add({ ...fault, operation: 'federation', times: 'until-cleared' });
    jsonFailure(await ask(), code);
  });
});

describe('the browser', () => {
  /** A folder with an `xdg-open` that keeps what it was started with, the page, and how that page could be read. */
  function desktop(name: string, exit = 0) {
    const folder = world.folder(name);
    const opener = world.file(
      `${name}/xdg-open`,
      `#!/bin/sh
printf '%s\\n' "$0" "$@" > '${folder}/argv'
tr '\\0' '\\n' < /proc/$PPID/cmdline > '${folder}/parent'
stat -c %a "$1" > '${folder}/mode'
cat "$1" > '${folder}/page'
exit ${String(exit)}
`,
    );
    chmodSync(opener, 0o755);
    const of = (file: string): string => readFileSync(`${folder}/${file}`, 'utf8');
    return { of, env: { DISPLAY: ':99', PATH: `${folder}:${world.env.PATH!}` } };
  }
  const pages = () =>
    readdirSync(`${world.env.XDG_RUNTIME_DIR!}/rolekey`).filter((name) => name.endsWith('.html'));

  it('is led there by a page of the user’s own, and no argument list holds the address', async () => {
    const { env, of } = desktop('good');
    const result = await world.rolekey(['console', 'dev'], { env });
    expect(result).toMatchObject({
      code: 0,
      stdout: 'The AWS console of dev opens in your browser.\n',
      stderr: '',
    });
    const [, page, ...more] = of('argv').trim().split('\n');
    expect(more).toEqual([]);
    expect(page).toMatch(/\/run\/rolekey\/sign-in-[0-9a-f]{32}\.html$/);
    expect(of('mode')).toBe('600\n');
    const encoded = /content="0;url=([^"]+)"/.exec(of('page'))![1]!;
    const url = encoded.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
    expect(await browse(url)).toContain('console.aws.amazon.com');
    const token = new URL(url).searchParams.get('SigninToken')!;
    for (const file of ['argv', 'parent']) expect(of(file)).not.toContain(token.slice(0, 20));
    for (const { argv } of world.processes()) expect(argv.join(' ')).not.toContain('SigninToken');
  });

  it.each([
    ['fails', () => desktop('bad', 4).env],
    ['is missing', () => ({ DISPLAY: ':99', PATH: `${world.folder('none')}:${nodeFolder()}` })],
    ['has no desktop to open it on', () => ({ ...desktop('unseen').env, DISPLAY: undefined })],
  ] as const)('that %s leaves the address to be copied', async (_what, env) => {
    const before = pages();
    const result = await world.rolekey(['console', 'dev'], { env: env() });
    expect(result.code).toBe(0);
    expect(await browse(result.stdout.trim())).toContain('console.aws.amazon.com');
    expect(result.stderr).toMatch(/^rolekey: No browser could be opened here\. [^\n]+\n$/);
    expect(pages()).toEqual(before);
  });

  it('is not opened where the address is printed', async () => {
    const { env } = desktop('idle-opener');
    for (const flag of ['--json', '--print']) await world.rolekey(['console', 'dev', flag], { env });
    expect(existsSync(`${world.directory}/idle-opener/argv`)).toBe(false);
  });

  it('finds the page gone soon, and nothing of it is in the log', async () => {
    await expect.poll(pages, { timeout: 40_000, interval: 250 }).toEqual([]);
    const log = readFileSync(`${world.env.XDG_STATE_HOME!}/rolekey/rolekey.log`, 'utf8');
    expect(log).not.toMatch(/SigninToken|sessionKey|federation\?/);
  });

  function nodeFolder(): string {
    return world.env.PATH!.split(':')[0]!;
  }
});

it('an agent that a command started takes no other address of AWS sign-in', async () => {
  const env = {
    ROLEKEY_SOCKET: `${world.folder('home/second')}/agent.sock`,
    AWS_ENDPOINT_URL_SIGNIN: 'not an address',
    HTTPS_PROXY: 'http://127.0.0.1:9', // and reaches nobody else's either
  };
  try {
    await world.rolekey(['connect', 'dev', '--pin-stdin'], { env, stdin: '274519\n' });
    const { message } = jsonFailure(
      await world.rolekey(['console', 'dev', '--json'], { env }),
      'network-unreachable',
    );
    expect(message).toBe(
      'The proxy 127.0.0.1:9 could not be reached (ECONNREFUSED), nor signin.aws.amazon.com through it.',
    );
  } finally {
    await world.rolekey(['agent', 'stop'], { env });
  }
});
