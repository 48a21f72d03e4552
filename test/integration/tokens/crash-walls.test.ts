import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTokenHosts } from '../../../src/main/node/token-hosts.ts';
import type { Clock } from '../../../src/main/ports.ts';
import { HostClient } from '../../../src/main/tokens/host-client.ts';
import { SoftHsm } from '../../support/soft-token/soft-hsm.ts';
import { fastClock, ManualClock, silentLog } from '../../unit/tokens/doubles.ts';
import { bundleTokenHost, type HostBundle } from './host-bundle.ts';
import { processesWith, until } from './host-process.ts';
import { buildRogue, signOnce } from './rogue.ts';

/** Places in CK_FUNCTION_LIST. */
const functions = { C_Initialize: 0, C_GetSlotList: 4, C_Login: 18, C_FindObjects: 27, C_Sign: 43 } as const;

const hsm = new SoftHsm();
const directory = mkdtempSync(join(tmpdir(), 'crash-walls-'));
const modules = { rogue: join(directory, 'rogue.so'), deadly: join(directory, 'deadly.so') };
let bundle: HostBundle;
let clients: HostClient[] = [];
let faults = 0;

beforeAll(async () => {
  bundle = await bundleTokenHost();
  buildRogue(modules.rogue);
  buildRogue(modules.deadly, '-DDIES_WHEN_LOADED');
  execFileSync('gcc', ['-shared', '-fPIC', '-o', join(directory, 'other.so'), '-x', 'c', '/dev/null']);
  writeFileSync(
    join(directory, 'text.so'),
    'this is text, long enough to be looked at as a library would be',
  );
  hsm.token('walls').generateKey('EC:prime256v1', { id: '01', label: 'key' });
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.end()));
  clients = [];
});

afterAll(() => {
  bundle.remove();
  hsm.dispose();
  rmSync(directory, { recursive: true, force: true });
});

function clientOf(
  path: string,
  options: { environment?: NodeJS.ProcessEnv; clock?: Clock } = {},
): HostClient {
  const environment = { ...process.env, ...hsm.environment, ...options.environment };
  const client = new HostClient({
    path,
    hosts: createTokenHosts({ bundle: bundle.path, environment }),
    clock: options.clock ?? fastClock(),
    log: silentLog,
    onEnd: () => undefined,
  });
  clients.push(client);
  return client;
}

interface Fault {
  readonly environment: NodeJS.ProcessEnv;
  /** Whether it has happened. */
  readonly happened: () => boolean;
  /** Whether the function came to its end all the same. */
  readonly returned: () => boolean;
}

function fault(functionName: keyof typeof functions, action: string): Fault {
  faults += 1;
  const once = join(directory, `happened-${String(faults)}`);
  return {
    environment: {
      ROGUE_REAL: hsm.module,
      ROGUE_FUNCTION: String(functions[functionName]),
      ROGUE_ACTION: action,
      ROGUE_ONCE: once,
    },
    happened: () => existsSync(once),
    returned: () => existsSync(`${once}.returned`),
  };
}

const places = Object.keys(functions) as (keyof typeof functions)[];

describe('a module that goes wrong', () => {
  it.each(
    places.flatMap((place) => ['segv', 'abort', 'kill', 'exit'].map((action) => [place, action] as const)),
  )('in %s by %s: a typed error, and the next call works', async (place, action) => {
    const { environment, happened } = fault(place, action);
    const client = clientOf(modules.rogue, { environment });
    await expect(signOnce(client)).rejects.toMatchObject({
      code: 'token-failed',
      message: expect.stringMatching(/SIGSEGV|SIGABRT|SIGKILL|exit code 0/) as string,
    });
    expect(happened()).toBe(true);
    expect(await signOnce(client)).toHaveLength(88);
  });

  it.each(places)(
    'by hanging in %s: killed at the deadline, a typed error, and the next call works',
    async (place) => {
      const { environment, happened } = fault(place, 'hang');
      const clock = new ManualClock();
      const client = clientOf(modules.rogue, { environment, clock });
      const signed = expect(signOnce(client)).rejects.toMatchObject({
        code: 'token-failed',
        message: expect.stringMatching(/no answer to .* within \d+ s/) as string,
      });
      await until(happened, 'the module hangs');
      const [pid] = processesWith(bundle.path);
      clock.expire();
      await signed;
      await until(() => !processesWith(bundle.path).includes(pid!), 'the hanging process is gone');
      expect(await signOnce(client)).toHaveLength(88);
    },
  );

  it('when it is loaded', async () => {
    const { environment } = fault('C_Initialize', 'segv');
    const client = clientOf(modules.deadly, { environment });
    await expect(signOnce(client)).rejects.toMatchObject({ code: 'token-failed' });
    expect(await signOnce(client)).toHaveLength(88);
  });

  it('by printing megabytes: nobody notices', async () => {
    const { environment, happened } = fault('C_Login', 'flood');
    expect(await signOnce(clientOf(modules.rogue, { environment }))).toHaveLength(88);
    expect(happened()).toBe(true);
  });

  it('for one request: those that wait for their turn are answered by the next process', async () => {
    const { environment } = fault('C_GetSlotList', 'segv');
    const client = clientOf(modules.rogue, { environment });
    const [first, second] = await Promise.allSettled([
      client.request('tokens', { fresh: false }),
      client.request('tokens', { fresh: false }),
    ]);
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'token-failed' } });
    expect(second).toMatchObject({ status: 'fulfilled' });
  });
});

describe('a host that is killed', () => {
  it('in the middle of a signature: a typed error, the PIN is gone, nothing is sent again', async () => {
    const { environment, happened } = fault('C_Sign', 'slow');
    const client = clientOf(modules.rogue, { environment });
    const signed = expect(signOnce(client)).rejects.toMatchObject({ code: 'token-failed' });
    await until(happened, 'C_Sign is under way');
    for (const pid of processesWith(bundle.path)) process.kill(pid, 'SIGKILL');
    await signed;
    expect(client.running).toBe(false);
    const [token] = await client.request('tokens', { fresh: false });
    expect(token).toMatchObject({ pinHeld: false });
    expect(await client.request('counts', {})).toEqual({ sign: 0, login: 0 });
    expect(await signOnce(client)).toHaveLength(88);
  });

  it('by a lock in the middle of a signature: pin-needed', async () => {
    const { environment, happened } = fault('C_Sign', 'slow');
    const client = clientOf(modules.rogue, { environment });
    const signed = expect(signOnce(client)).rejects.toMatchObject({ code: 'pin-needed' });
    await until(happened, 'C_Sign is under way');
    await client.end();
    await signed;
    expect(processesWith(bundle.path)).toEqual([]);
  });
});

describe('a host that is ended', () => {
  it('in the middle of a login: pin-needed at once, the login is not cut, and the next process is another', async () => {
    const { environment, happened, returned } = fault('C_Login', 'linger');
    const client = clientOf(modules.rogue, { environment });
    const signed = expect(signOnce(client)).rejects.toMatchObject({ code: 'pin-needed' });
    await until(happened, 'C_Login is under way');
    const gone = client.end();
    await signed;
    expect(returned()).toBe(false);
    const again = client.request('tokens', { fresh: false });
    await gone;
    expect(returned()).toBe(true);
    expect(await again).toMatchObject([{ pinHeld: false }]);
    expect(processesWith(bundle.path)).toHaveLength(1);
  });

  it('in a login that hangs: killed after the grace', async () => {
    const { environment, happened, returned } = fault('C_Login', 'hang');
    const client = clientOf(modules.rogue, { environment });
    const signed = expect(signOnce(client)).rejects.toMatchObject({ code: 'pin-needed' });
    await until(happened, 'C_Login is under way');
    const began = performance.now();
    await client.end();
    expect(performance.now() - began).toBeGreaterThan(1900);
    await signed;
    await until(() => processesWith(bundle.path).length === 0, 'the process is gone');
    expect(returned()).toBe(false);
    expect(await signOnce(client)).toHaveLength(88);
  });

  it('by SIGTERM in the middle of a login: after the login', async () => {
    const { environment, happened, returned } = fault('C_Login', 'linger');
    const client = clientOf(modules.rogue, { environment });
    const [token] = await client.request('tokens', { fresh: false });
    void client.request('login', { token: token!, pin: '123456' }).catch(() => undefined);
    await until(happened, 'C_Login is under way');
    for (const pid of processesWith(bundle.path)) process.kill(pid, 'SIGTERM');
    await until(() => processesWith(bundle.path).length === 0, 'the process is gone');
    expect(returned()).toBe(true);
    await until(() => !client.running, 'the engine knows');
  });
});

describe('a host whose engine is killed', () => {
  it.each([
    ['C_Login', 'linger', true],
    ['C_Sign', 'slow', true],
    ['C_Sign', 'hang', false],
  ] as const)('in the middle of %s (%s): ends after it, or after the grace', async (name, action, ends) => {
    const { environment, happened, returned } = fault(name, action);
    const script = `
      const host = require('node:child_process').fork(process.argv[1], [process.argv[2]]);
      const ask = (id, method, params) => host.send({ id, method, params });
      host.on('message', ({ id, result }) => {
        if (id !== 1) return;
        const [token] = result;
        const key = { id: '01', label: null, type: 'EC' };
        ask(2, 'login', { token, pin: '123456' });
        ask(3, 'sign', { token, key, mechanism: 'CKM_ECDSA', data: Buffer.alloc(32, 7).toString('base64') });
      });
      ask(1, 'tokens', { fresh: false });`;
    const engine = spawn(process.execPath, ['-e', script, bundle.path, modules.rogue], {
      env: { ...process.env, ...hsm.environment, ...environment },
      stdio: 'ignore',
    });
    await until(happened, 'the call is under way');
    engine.kill('SIGKILL');
    await until(() => processesWith(bundle.path).length === 0, 'the host is gone');
    expect(returned()).toBe(ends);
  });
});

describe('what is no PKCS#11 module', () => {
  it.each([
    ['another library', join(directory, 'other.so'), /exports no C_GetFunctionList/],
    ['a folder', '/usr/lib', /cannot read|directory/i],
    ['a text file', join(directory, 'text.so'), /invalid ELF header|file too short/],
    ['nothing', join(directory, 'nothing.so'), /No such file/],
  ])('%s: its own error, the process ends, and another module works', async (_, path, reason) => {
    writeFileSync(
      join(directory, 'text.so'),
      'this is text, long enough to be looked at as a library would be',
    );
    const client = clientOf(path);
    await expect(client.request('open', {})).rejects.toMatchObject({
      code: 'module-not-pkcs11',
      message: expect.stringMatching(reason) as string,
    });
    expect(client.running).toBe(false);
    await expect(client.request('tokens', { fresh: false })).rejects.toMatchObject({
      code: 'module-not-pkcs11',
    });
    expect(await signOnce(clientOf(hsm.module))).toHaveLength(88);
  });
});
