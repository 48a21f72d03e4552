/**
 * What the demo happens on: a device with a certified key on a software token, and three accounts of a local IAM Roles
 * Anywhere.
 */
import { join } from 'node:path';
import { Authority } from '../pki/authority.ts';
import { openAccount } from '../roles-anywhere/account.ts';
import { startServer, type RunningServer } from '../roles-anywhere/server.ts';
import { certificateRequest } from '../soft-token/certificate-request.ts';
import type { SoftToken } from '../soft-token/soft-hsm.ts';
import type { Laptop } from './laptop.ts';
import type { Steps } from './steps.ts';

export const demoAccounts = ['dev', 'staging', 'prod'] as const;

const awsAccount = '111122223333';
const key = { id: '01', label: 'device' };

export interface Device {
  readonly authority: Authority;
  readonly token: SoftToken;
}

export async function makeDevice(laptop: Laptop, pin: string, steps: Steps): Promise<Device> {
  steps.title('A device with a key of its own');
  const authority = await steps.step('Make a demo CA', () =>
    Authority.root(join(laptop.folder, 'ca'), { subject: '/O=Example/CN=Example Device CA' }),
  );
  const token = await steps.step('Make a P-256 key on a software token', () => {
    const made = laptop.hsm.token('demo-token', pin);
    made.generateKey('EC:prime256v1', key);
    return made;
  });
  await steps.step('Certify it from a request the key itself signed', () => {
    const csr = certificateRequest(token, key, [
      ['O', 'Example'],
      ['CN', 'laptop-1'],
    ]);
    const certificate = authority.issue({ subject: '/O=Example/CN=laptop-1', holder: { csr } });
    token.importCertificate(certificate.der, key);
  });
  return { authority, token };
}

/** A server that trusts the demo's CA, whatever role and account are asked for. */
export async function startDemoServer({ authority }: Device, steps: Steps): Promise<RunningServer> {
  return steps.step('Start a strict IAM Roles Anywhere on loopback', () =>
    startServer({ account: openAccount(authority.certificate.pem) }),
  );
}

export async function addAccounts(laptop: Laptop, server: RunningServer, steps: Steps): Promise<void> {
  const prefix = `arn:aws:rolesanywhere:eu-west-2:${awsAccount}`;
  for (const account of demoAccounts) {
    await steps.step(`Add the account ${account}`, () =>
      laptop.rolekey([
        ...['accounts', 'add', account, '--role-arn', `arn:aws:iam::${awsAccount}:role/demo-${account}`],
        ...['--profile-arn', `${prefix}:profile/0a1b2c3d-1111-4222-8333-944455556666`],
        ...['--trust-anchor-arn', `${prefix}:trust-anchor/7b6f1d0e-1111-4222-8333-944455556666`],
        ...['--private-key', 'pkcs11:token=demo-token;id=%01', '--endpoint', server.url],
      ]),
    );
  }
}
