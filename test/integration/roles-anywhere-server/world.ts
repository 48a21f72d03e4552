/** A small AWS account behind the server, a few authorities, and a request that is good in every respect. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Authority, type IssuedCertificate } from '../../support/pki/authority.ts';
import { describedAccount, type AccountDescription } from '../../support/roles-anywhere/account.ts';
import {
  send,
  signRequest,
  type Device,
  type Draft,
  type Reply,
} from '../../support/roles-anywhere/reference-client.ts';
import { startServer, type RequestRecord, type RunningServer } from '../../support/roles-anywhere/server.ts';

export const region = 'eu-central-1';
const prefix = `arn:aws:rolesanywhere:${region}:123456789012`;
export const arns = {
  trustAnchorArn: `${prefix}:trust-anchor/7b6f1d0e-1111-4222-8333-944455556666`,
  profileArn: `${prefix}:profile/0a1b2c3d-1111-4222-8333-944455556666`,
  roleArn: 'arn:aws:iam::123456789012:role/team/reader',
} as const;
export const otherRoleArn = 'arn:aws:iam::123456789012:role/admin';
export const equalsRoleArn = 'arn:aws:iam::123456789012:role/a=b=c';

/** Where everything of one test file lives. */
export function makeWorld() {
  const directory = mkdtempSync(join(tmpdir(), 'rolekey-server-'));
  const root = Authority.root(join(directory, 'root'));
  const device = deviceOf(root.identity({ name: 'device' }));
  const now = Math.floor(Date.now() / 1000) * 1000;

  /** The account of the good request. */
  const describe = (anchorPem: string = root.certificate.pem): AccountDescription => ({
    trustAnchors: [{ arn: arns.trustAnchorArn, certificates: anchorPem }],
    profiles: [
      {
        arn: arns.profileArn,
        roleArns: [arns.roleArn, otherRoleArn, equalsRoleArn],
        durationSeconds: 7200,
        acceptRoleSessionName: true,
      },
    ],
    roles: [{ arn: arns.roleArn, maxSessionDuration: 7200 }, { arn: otherRoleArn }, { arn: equalsRoleArn }],
  });
  return {
    directory,
    root,
    device,
    describe,
    /** A server whose clock stands still, so that limits can be tested to the second. */
    start: (account: AccountDescription = describe()) =>
      startServer({ account: describedAccount(account), now: () => now }),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

export type World = ReturnType<typeof makeWorld>;

export function deviceOf(certificate: IssuedCertificate, chain?: readonly string[]): Device {
  return {
    certificate: certificate.pem,
    privateKey: certificate.privateKeyPem!,
    ...(chain === undefined ? {} : { chain }),
  };
}

/** What a flawless client sends: ARNs in the query, one hour, everything signed. */
export const goodDraft = (server: RunningServer, device: Device): Draft => ({
  device,
  host: new URL(server.url).host,
  time: server.now(),
  region,
  parameters: arns,
});

export interface Exchange {
  readonly reply: Reply;
  readonly record: RequestRecord;
}

/** Signs, sends, and answers what came back together with what the server saw. */
export async function exchange(server: RunningServer, draft: Draft, ca?: string): Promise<Exchange> {
  const reply = await send(server.url, signRequest(draft), ca);
  return { reply, record: server.requests.at(-1)! };
}
