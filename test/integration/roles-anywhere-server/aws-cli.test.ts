/** The STS half, asked by Debian's AWS CLI: a real client proves a profile, and fails to with anything less. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describedAccount } from '../../support/roles-anywhere/account.ts';
import { send, type SessionReply } from '../../support/roles-anywhere/reference-client.ts';
import { startServer, type RunningServer } from '../../support/roles-anywhere/server.ts';
import { exchange, goodDraft, makeWorld } from './world.ts';

const world = makeWorld();
let server: RunningServer;

beforeAll(async () => {
  server = await startServer({ account: describedAccount(world.describe()) });
});
afterAll(async () => {
  await server.close();
  world.remove();
});

type Credentials = SessionReply['credentialSet'][number]['credentials'];

async function connect(): Promise<Credentials> {
  const { reply } = await exchange(server, goodDraft(server, world.device));
  return (JSON.parse(reply.body) as SessionReply).credentialSet[0]!.credentials;
}

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `aws sts get-caller-identity` with these credentials in a profile of its own. */
async function getCallerIdentity(credentials: Credentials): Promise<Run> {
  const file = join(world.directory, 'credentials');
  writeFileSync(
    file,
    `[proven]
aws_access_key_id = ${credentials.accessKeyId}
aws_secret_access_key = ${credentials.secretAccessKey}
aws_session_token = ${credentials.sessionToken}
`,
    { mode: 0o600 },
  );
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    AWS_SHARED_CREDENTIALS_FILE: file,
    AWS_CONFIG_FILE: join(world.directory, 'no-config'),
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_MAX_ATTEMPTS: '1',
    AWS_PAGER: '',
  };
  const args = [
    '--endpoint-url',
    server.url,
    '--profile',
    'proven',
    '--output',
    'json',
    'sts',
    'get-caller-identity',
  ];
  try {
    return { code: 0, ...(await promisify(execFile)('/usr/bin/aws', args, { env })) };
  } catch (error) {
    return error as Run;
  }
}

describe('aws sts get-caller-identity', () => {
  it('names the role that was assumed', async () => {
    const run = await getCallerIdentity(await connect());
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(run.stdout)).toEqual({
      Account: '123456789012',
      Arn: 'arn:aws:sts::123456789012:assumed-role/reader/1000',
      UserId: expect.stringMatching(/^AROA[A-Z2-7]{17}:1000$/) as string,
    });
    expect(server.requests.at(-1)).toMatchObject({
      operation: 'get-caller-identity',
      verdict: 'accepted',
      status: 200,
    });
  });

  it.each([
    ['another secret', 'SignatureDoesNotMatch', 'signature-invalid', { secretAccessKey: 'x'.repeat(40) }],
    ['another token', 'InvalidClientTokenId', 'token-mismatch', { sessionToken: 'IQoJtampered' }],
    ['an unknown key', 'InvalidClientTokenId', 'key-unknown', { accessKeyId: 'ASIAAAAAAAAAAAAAAAAA' }],
  ] as const)('fails with %s: %s', async (_, code, reason, change) => {
    const run = await getCallerIdentity({ ...(await connect()), ...change });
    expect(run.code).not.toBe(0);
    expect(run.stderr).toContain(`An error occurred (${code}) when calling the GetCallerIdentity operation`);
    expect(server.requests.at(-1)).toMatchObject({ verdict: 'refused', reason, status: 403 });
  });

  it('fails when the session is over: ExpiredToken', async () => {
    server.faults.add({ kind: 'session-seconds', seconds: -1 });
    const run = await getCallerIdentity(await connect());
    expect(run.code).not.toBe(0);
    expect(run.stderr).toContain('An error occurred (ExpiredToken)');
    expect(server.requests.at(-1)).toMatchObject({ verdict: 'refused', reason: 'session-expired' });
  });

  it('fails with a wrong clock', async () => {
    const credentials = await connect();
    server.clockOffsetSeconds = 1000;
    const run = await getCallerIdentity(credentials);
    server.clockOffsetSeconds = 0;
    expect(run.stderr).toContain('An error occurred (SignatureDoesNotMatch)');
    expect(server.requests.at(-1)!.reason).toBe('clock-skew');
  });

  it.each([
    [
      'without a signature',
      'Action=GetCallerIdentity&Version=2011-06-15',
      {},
      403,
      'MissingAuthenticationToken',
    ],
    ['for another action', 'Action=GetSessionToken&Version=2011-06-15', {}, 400, 'InvalidAction'],
    [
      'with a scheme of its own',
      'Action=GetCallerIdentity&Version=2011-06-15',
      { Authorization: 'Bearer x' },
      400,
      'IncompleteSignature',
    ],
  ] as const)('%s it is refused', async (_, body, headers, status, code) => {
    const reply = await send(server.url, {
      method: 'POST',
      target: '/',
      headers: { Host: 'sts.amazonaws.com', ...headers },
      body,
    });
    expect(reply.status).toBe(status);
    expect(reply.headers['content-type']).toBe('text/xml');
    expect(reply.body).toContain(`<Code>${code}</Code>`);
  });
});
