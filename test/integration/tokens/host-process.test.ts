import { readdirSync, readFileSync, readlinkSync, existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTokenHosts } from '../../../src/main/node/token-hosts.ts';
import { HostClient } from '../../../src/main/tokens/host-client.ts';
import { SoftHsm } from '../../support/soft-token/soft-hsm.ts';
import { fastClock, silentLog } from '../../unit/tokens/doubles.ts';
import { bundleTokenHost, type HostBundle } from './host-bundle.ts';
import { processesWith } from './host-process.ts';

const pin = '31415926';
const hsm = new SoftHsm();
let bundle: HostBundle;
let client: HostClient;

beforeAll(async () => {
  bundle = await bundleTokenHost();
  hsm.token('process', pin);
  const environment = {
    ...process.env,
    ...hsm.environment,
    NODE_OPTIONS: '--inspect=0',
    AWS_SECRET_ACCESS_KEY: 'not for modules',
    AWS_SESSION_TOKEN: 'not for modules',
    TPM2_PKCS11_STORE: '',
  };
  client = new HostClient({
    path: hsm.module,
    hosts: createTokenHosts({ bundle: bundle.path, environment }),
    clock: fastClock(),
    log: silentLog,
    onEnd: () => undefined,
  });
});

afterEach(() => client.end());

afterAll(() => {
  bundle.remove();
  hsm.dispose();
});

async function startedHost(): Promise<number> {
  await client.request('open', {});
  const [pid, ...others] = processesWith(bundle.path);
  expect(others).toEqual([]);
  return pid!;
}

/** Inodes of listening TCP sockets of a process. */
function listeningSockets(pid: number): string[] {
  const own = readdirSync(`/proc/${String(pid)}/fd`).map((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${String(pid)}/fd/${fd}`))?.[1];
    } catch {
      return undefined;
    }
  });
  const listen = '0A';
  const listening = ['tcp', 'tcp6']
    .map((name) => `/proc/${String(pid)}/net/${name}`)
    .filter((path) => existsSync(path))
    .flatMap((path) => readFileSync(path, 'utf8').split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === listen)
    .map((fields) => fields[9]);
  return listening.filter((inode): inode is string => own.includes(inode));
}

describe('the process of a token host', () => {
  it('gets the module’s settings, and neither NODE_OPTIONS nor AWS secrets', async () => {
    const pid = await startedHost();
    const environment = readFileSync(`/proc/${String(pid)}/environ`, 'utf8').split('\0');
    expect(environment).toContain(`SOFTHSM2_CONF=${hsm.environment.SOFTHSM2_CONF}`);
    expect(environment.filter((line) => /^(NODE_OPTIONS|AWS_)/.test(line))).toEqual([]);
    // tpm2-pkcs11 would take it for the root folder.
    expect(environment.filter((line) => line.startsWith('TPM2_PKCS11_STORE'))).toEqual([]);
    expect(listeningSockets(pid)).toEqual([]);
  });

  it('has the module’s path on its command line, and never the PIN', async () => {
    const pid = await startedHost();
    const [token] = await client.request('tokens', { fresh: false });
    await client.request('login', { token: token!, pin });
    const shown = readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8');
    expect(shown).toContain(hsm.module);
    expect(shown + readFileSync(`/proc/${String(pid)}/environ`, 'utf8')).not.toContain(pin);
  });

  it('opens no inspector on SIGUSR1, and stays through Ctrl-C and hang-up', async () => {
    const pid = await startedHost();
    for (const signal of ['SIGUSR1', 'SIGINT', 'SIGQUIT', 'SIGHUP']) process.kill(pid, signal);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(listeningSockets(pid)).toEqual([]);
    expect(await startedHost()).toBe(pid);
  });

  it('leaves no zombie when it is ended', async () => {
    const pid = await startedHost();
    await client.end();
    expect(existsSync(`/proc/${String(pid)}`)).toBe(false);
  });
});
