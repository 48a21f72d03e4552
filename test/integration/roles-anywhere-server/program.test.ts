/** The server as a program: its command line, its first line, its end. */
import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { send, signRequest, type Draft } from '../../support/roles-anywhere/reference-client.ts';
import { arns, deviceOf, equalsRoleArn, makeWorld, region } from './world.ts';

const world = makeWorld();
const at = (name: string): string => join(world.directory, name);
const program = at('server.cjs');
const anchor = world.root.certificate.file;
let child: ChildProcessWithoutNullStreams | null = null;

beforeAll(async () => {
  const result = await build({
    entryPoints: [join(import.meta.dirname, '../../support/roles-anywhere/main.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'es2022',
    logLevel: 'silent',
  });
  expect(result.warnings).toEqual([]);
});
afterEach(() => child?.kill('SIGKILL'));
afterAll(() => world.remove());

/** Starts the program and answers its first lines, and a reader of those that follow. */
async function run(args: readonly string[], firstLines = 1) {
  const started = spawn(process.execPath, [program, ...args]);
  child = started;
  const lines = createInterface(started.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line: IteratorResult<string, unknown> = await lines.next();
    if (line.done === true) throw new Error('the program ended');
    return line.value;
  };
  const first: string[] = [];
  for (let i = 0; i < firstLines; i += 1) first.push(await next());
  return { first, next, started };
}

const draftFor = (url: string, change: Partial<Draft> = {}): Draft => ({
  device: world.device,
  host: new URL(url).host,
  time: Date.now(),
  region,
  parameters: arns,
  ...change,
});

describe('roles-anywhere-server', () => {
  it('prints the URL first, serves, logs each request, and ends on SIGTERM', async () => {
    const { first, next, started } = await run(['--trust-anchor', anchor, '--port', '0']);
    const [url] = first;
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await send(url!, signRequest(draftFor(url!)))).status).toBe(201);
    expect(await next()).toMatch(
      /POST \/sessions 201 accepted arn:aws:sts::123456789012:assumed-role\/reader\/1000$/,
    );
    expect((await send(url!, signRequest(draftFor(url!, { serial: '1' })))).status).toBe(403);
    expect(await next()).toContain('POST /sessions 403 refused serial-mismatch');
    started.kill('SIGTERM');
    expect(await once(started, 'exit')).toEqual([0, null]);
  });

  it('ends on SIGTERM also while a request is kept waiting', async () => {
    const { first, started } = await run(['--trust-anchor', anchor]);
    const url = first[0]!;
    const fault = JSON.stringify({ kind: 'latency', milliseconds: 600_000 });
    const control = { method: 'POST', target: '/_control/faults', headers: { Host: 'x' }, body: fault };
    expect((await send(url, control)).status).toBe(200);
    const waiting = send(url, signRequest(draftFor(url))).catch((error: unknown) => error);
    const seen = { method: 'GET', target: '/_control/requests', headers: { Host: 'x' }, body: '' };
    await expect.poll(async () => (await send(url, seen)).body).toContain('"verdict":"accepted"');
    started.kill('SIGTERM');
    expect(await once(started, 'exit')).toEqual([0, null]);
    expect(await waiting).toMatchObject({ code: 'ECONNRESET' });
  });

  it('serves https with a CA of its own, named on the second line', async () => {
    const { first } = await run(['--trust-anchor', anchor, '--tls', at('tls')], 2);
    const [url, second] = first;
    expect(url).toMatch(/^https:/);
    const file = /^CA file: (.+)$/.exec(second!)![1]!;
    expect((await send(url!, signRequest(draftFor(url!)), readFileSync(file, 'utf8'))).status).toBe(201);
  });

  it('knows what --account-config describes, with --trust-anchor for the anchors', async () => {
    const lost = world.root.identity();
    world.root.revoke(lost);
    writeFileSync(at('crl.pem'), world.root.crl().pem);
    writeFileSync(
      at('account.json'),
      JSON.stringify({
        trustAnchors: [{ arn: arns.trustAnchorArn, crls: [{ file: 'crl.pem' }] }],
        profiles: [{ arn: arns.profileArn, roleArns: [arns.roleArn] }],
        roles: [{ arn: arns.roleArn }],
      }),
    );
    const { first } = await run(['--trust-anchor', anchor, '--account-config', at('account.json')]);
    const url = first[0]!;
    const ask = async (change: Partial<Draft>): Promise<string> =>
      (await send(url, signRequest(draftFor(url, change)))).body;
    expect(await ask({})).toContain('"credentialSet"');
    expect(await ask({ parameters: { ...arns, roleArn: equalsRoleArn } })).toContain(
      'Unable to assume role for',
    );
    expect(await ask({ device: deviceOf(lost) })).toBe('{"message":"Certificate revoked"}');
  });

  it('takes revocation lists and a skew without a configuration', async () => {
    const lost = world.root.identity();
    world.root.revoke(lost);
    const { file } = world.root.crl();
    const { first } = await run(['--trust-anchor', anchor, '--crl', file, '--skew', '10']);
    const url = first[0]!;
    const status = async (change: Partial<Draft>): Promise<number> =>
      (await send(url, signRequest(draftFor(url, change)))).status;
    expect(await status({})).toBe(201);
    expect(await status({ device: deviceOf(lost) })).toBe(403);
    expect(await status({ time: Date.now() - 15_000 })).toBe(403);
  });

  it('explains itself', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [program, '--help']);
    expect(stdout).toContain('--account-config FILE');
  });

  it.each([
    ['no anchor', [], '--trust-anchor FILE is needed'],
    ['an unknown flag', ['--trust-ancor', 'x'], "Unknown option '--trust-ancor'"],
    ['a word too many', ['--trust-anchor', anchor, 'x'], 'Unexpected argument'],
    [
      'a port that is none',
      ['--trust-anchor', anchor, '--port', '70000'],
      '--port must be a whole number from 0 to 65535',
    ],
    ['a skew that is none', ['--trust-anchor', anchor, '--skew', '-1'], '--skew'],
    ['a missing file', ['--trust-anchor', '/nonexistent'], 'ENOENT'],
    [
      'a device’s certificate as the anchor',
      ['--trust-anchor', world.root.identity().file],
      'Incorrect basic constraints',
    ],
    ['a list beside a configuration', ['--account-config', 'x', '--crl', 'y'], '--crl belongs into'],
  ] as const)('%s is exit 2', async (_, args, text) => {
    const failed = await promisify(execFile)(process.execPath, [program, ...args]).catch(
      (error: unknown) => error,
    );
    expect(failed).toMatchObject({ code: 2, stdout: '' });
    expect((failed as { stderr: string }).stderr).toMatch(/^roles-anywhere-server: /);
    expect((failed as { stderr: string }).stderr).toContain(text);
  });

  it('a port that is taken is exit 1', async () => {
    const { first } = await run(['--trust-anchor', anchor]);
    const { port } = new URL(first[0]!);
    const args = [program, '--trust-anchor', anchor, '--port', port];
    const failed = await promisify(execFile)(process.execPath, args).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('EADDRINUSE') as string });
  });
});
