/** The built agent on a network such as a company's: a real forward proxy, TLS with a CA of its own, a clock that is wrong. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeTlsIdentity, type TlsIdentity } from '../../support/pki/tls.ts';
import { Tinyproxy } from '../../support/proxy/tinyproxy.ts';
import { openAccount } from '../../support/roles-anywhere/account.ts';
import { startServer, type RunningServer } from '../../support/roles-anywhere/server.ts';
import { pin, World, type EnvironmentChange } from '../../support/world/world.ts';
import { documentOf, success } from './expectations.ts';
import { connected, failure, whoami } from './shapes.ts';

/** Leads to this computer, and is no loopback address by name: Rolekey takes the proxy to it. */
const name = '0.0.0.0';
const user = { name: 'rolekey', password: 'geheim7' };

let world: World;
let tls: TlsIdentity;
let proxy: Tinyproxy;
let aws: RunningServer;
let address: string;

beforeAll(async () => {
  world = await World.open();
  tls = makeTlsIdentity(world.folder('tls'), `IP:${name}`);
  aws = await startServer({ account: openAccount(world.authority.certificate.pem), tls });
  proxy = await Tinyproxy.start({ user });
  address = aws.url.replace('127.0.0.1', name);
  await world.addAccount('dev', '--endpoint', address);
  await world.rolekey(['agent', 'stop']);
});
afterAll(async () => {
  await world.dispose();
  await aws.close();
  await proxy.close();
});
beforeEach(() => {
  aws.requests.length = 0;
  aws.faults.clear();
  aws.clockOffsetSeconds = 0;
});
afterEach(async () => {
  await world.rolekey(['agent', 'stop']);
});

const host = () => new URL(address).host;
/** Starts the agent by hand, and connects the account. */
async function connectIn(env: EnvironmentChange) {
  await world.startAgent({ AWS_ENDPOINT_URL_STS: address, ...env });
  return world.rolekey(['connect', 'dev', '--pin-stdin', '--json'], { stdin: `${pin}\n` });
}
const errorOf = (json: unknown) =>
  (json as { results: { state: { error: { code: string; message: string } } }[] }).results[0]!.state.error;

describe('behind a proxy that wants a password', () => {
  it.each(['HTTPS_PROXY', 'https_proxy'])(
    'an account connects through what %s says, trusting the CA of AWS_CA_BUNDLE',
    async (variable) => {
      const before = proxy.tunnels.length;
      const result = await connectIn({ [variable]: proxy.url, AWS_CA_BUNDLE: tls.caFile });
      expect(success(result, connected).results[0]!.state.serving).not.toBeNull();
      success(await world.rolekey(['whoami', 'dev', '--json']), whoami);
      expect(aws.requests.map(({ operation, verdict }) => [operation, verdict])).toEqual([
        ['create-session', 'accepted'],
        ['get-caller-identity', 'accepted'],
      ]);
      // One connection, made while the token signed, and kept for the next question.
      expect(proxy.tunnels.slice(before)).toEqual([host()]);
    },
  );

  it('the clock of AWS counts, as the verified answer tells it', async () => {
    aws.clockOffsetSeconds = 3 * 3600;
    success(await connectIn({ HTTPS_PROXY: proxy.url, AWS_CA_BUNDLE: tls.caFile }), connected);
    expect(aws.requests.map(({ verdict, reason }) => reason ?? verdict)).toEqual(['clock-skew', 'accepted']);
    success(await world.rolekey(['whoami', 'dev', '--json']), whoami);
  });

  it('without the password the error names proxy and host, and no part of what was given', async () => {
    const before = proxy.tunnels.length;
    const wrong = proxy.url.replace(user.password, 'not-it-9');
    const result = await connectIn({ HTTPS_PROXY: wrong, AWS_CA_BUNDLE: tls.caFile });
    const error = errorOf(result.json());
    // Asked once and not at once again: companies lock who is wrong too often.
    expect(proxy.tunnels.slice(before).length).toBeLessThanOrEqual(2);
    expect(error).toMatchObject({
      code: 'proxy-password',
      message: `The proxy ${proxy.host} wants a name and a password, or refused them, on the way to ${host()}.`,
    });
    expect(result.stdout + result.stderr).not.toContain('not-it-9');
    expect(aws.requests).toEqual([]);
  });

  it('NO_PROXY leads straight there', async () => {
    const before = proxy.tunnels.length;
    const env = { HTTPS_PROXY: proxy.url, NO_PROXY: `example.org,${name}/32`, AWS_CA_BUNDLE: tls.caFile };
    success(await connectIn(env), connected);
    expect(proxy.tunnels).toHaveLength(before);
  });
});

describe('whom the agent trusts', () => {
  const stranger = () => makeTlsIdentity(world.folder('other-tls')).caFile;

  it('those of NODE_EXTRA_CA_CERTS, which Node reads', async () => {
    success(await connectIn({ NODE_EXTRA_CA_CERTS: tls.caFile }), connected);
  });

  it('those of AWS_CA_BUNDLE and no others where both are set', async () => {
    success(await connectIn({ NODE_EXTRA_CA_CERTS: stranger(), AWS_CA_BUNDLE: tls.caFile }), connected);
    await world.rolekey(['agent', 'stop']);
    const result = await connectIn({ NODE_EXTRA_CA_CERTS: tls.caFile, AWS_CA_BUNDLE: stranger() });
    expect(errorOf(result.json()).code).toBe('tls-untrusted');
  });

  it('nobody else', async () => {
    const result = await connectIn({});
    expect(errorOf(result.json())).toMatchObject({
      code: 'tls-untrusted',
      message: expect.stringContaining(host()) as string,
    });
    expect(aws.requests).toEqual([]);
  });

  it('an agent that a command started inherits both, and the proxy', async () => {
    const before = proxy.tunnels.length;
    const env = { HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: tls.caFile };
    const stdin = `${pin}\n`;
    success(await world.rolekey(['connect', 'dev', '--pin-stdin', '--json'], { stdin, env }), connected);
    expect(proxy.tunnels.slice(before)).toEqual([host()]);
  });

  it('not who it was told not to start with: a bundle that is none', async () => {
    const bundle = world.file('bundle.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    const started = await world.rolekey(['agent', '--json'], { env: { AWS_CA_BUNDLE: bundle } });
    const { error } = documentOf(started, failure);
    expect(error.code).toBe('file-undecodable');
    expect(error.message).toContain(bundle);
  });
});

it.each([false, true])('429 with Retry-After (as a date: %s) is waited for', async (asDate) => {
  aws.faults.add({ kind: 'throttle', retryAfterSeconds: 120, asDate, times: 'until-cleared' });
  const result = await connectIn({ AWS_CA_BUNDLE: tls.caFile });
  const [{ state }] = (
    result.json() as { results: [{ state: { retryAt: string; error: { code: string } } }] }
  ).results;
  expect(state.error.code).toBe('aws-throttled');
  const wait = Date.parse(state.retryAt) - Date.now();
  expect(wait).toBeGreaterThan(60_000); // the first back-off alone would be 5 s at most
  expect(wait).toBeLessThanOrEqual(121_000);
});
