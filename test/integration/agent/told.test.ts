/** What a whole engine gives its notifier: the certificate and the clock come from what was signed and answered. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AgentClient } from '../../../src/agent-client/agent-client.ts';
import type { Notification } from '../../../src/main/ports.ts';
import { startAgent, type RunningAgent } from '../../../src/main/start-agent.ts';
import { pathsOf } from '../../../src/shared/paths.ts';
import { Authority } from '../../support/pki/authority.ts';
import { makeTlsIdentity } from '../../support/pki/tls.ts';
import { openAccount } from '../../support/roles-anywhere/account.ts';
import { startServer, type RunningServer } from '../../support/roles-anywhere/server.ts';

const dayMs = 86_400_000;
const shown: Notification[] = [];
let root: string;
let server: RunningServer;
let agent: RunningAgent;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'rolekey-told-'));
  const tls = makeTlsIdentity(root);
  const notBefore = new Date(Date.now() - 90 * dayMs);
  const authority = Authority.root(join(root, 'ca'), { notBefore });
  const notAfter = new Date(Date.now() + 6 * dayMs);
  const device = authority.identity({ name: 'device', notBefore, notAfter });
  writeFileSync(join(root, 'key.pem'), device.pem + device.privateKeyPem, { mode: 0o600 });
  server = await startServer({ account: openAccount(authority.certificate.pem), tls });
  server.clockOffsetSeconds = 600;
  const env = {
    XDG_RUNTIME_DIR: join(root, 'run'),
    XDG_CONFIG_HOME: join(root, 'config'),
    XDG_STATE_HOME: join(root, 'state'),
    AWS_ENDPOINT_URL_ROLESANYWHERE: server.url,
    AWS_CA_BUNDLE: tls.caFile,
  };
  const paths = pathsOf({ platform: 'linux', env, uid: process.getuid!(), home: root });
  agent = (await startAgent({
    ...{ version: '1.2.3', paths, cliPath: '/opt/rolekey/bin/rolekey', home: root, env },
    tokenHostBundle: join(root, 'not-built.cjs'),
    keyringBundle: join(root, 'not-built.cjs'),
    endsWhenIdle: false,
    notifier: { show: (notification) => shown.push(notification), withdraw: () => undefined },
  }))!;
  const client = new AgentClient({ socket: paths.socket, command: 'rolekey test' });
  const arn = (kind: string): string =>
    `arn:aws:rolesanywhere:eu-west-2:123456789012:${kind}/1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d`;
  await client.call('accountsAdd', {
    id: 'dev',
    fields: {
      roleArn: 'arn:aws:iam::123456789012:role/Reader',
      profileArn: arn('profile'),
      trustAnchorArn: arn('trust-anchor'),
      keys: [join(root, 'key.pem')],
    },
    ...{ adopt: false, allowDefault: false, dryRun: false },
  });
  await client.call('connect', { select: { accounts: ['dev'] }, timeoutMs: 20_000 });
});
afterAll(async () => {
  await agent.stop();
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

it('tells of a certificate that expires, and of a clock that is wrong', async () => {
  await expect
    .poll(() => shown.map(({ id, title, accounts }) => [id, title, ...accounts]), { timeout: 20_000 })
    .toEqual([
      ['certificate-expires', 'The certificate of “dev” expires within 7 days', 'dev'],
      ['clock-wrong', 'The clock of this computer is wrong'],
    ]);
  expect(shown[1]?.body).toMatch(/^It is more than 5 minutes behind AWS’s\./);
});
