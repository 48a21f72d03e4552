import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Authority } from '../../support/pki/authority.ts';
import { deviations } from '../../support/pki/deviations.ts';
import { makeTlsIdentity } from '../../support/pki/tls.ts';
import { describedAccount, openAccount } from '../../support/roles-anywhere/account.ts';
import {
  send,
  signRequest,
  type Draft,
  type SessionReply,
} from '../../support/roles-anywhere/reference-client.ts';
import { startServer, type RunningServer } from '../../support/roles-anywhere/server.ts';
import { arns, deviceOf, equalsRoleArn, exchange, goodDraft, makeWorld } from './world.ts';

const world = makeWorld();
let server: RunningServer;

afterEach(() => server.close());
afterAll(() => world.remove());

const start = async (): Promise<void> => {
  server = await world.start();
};

describe('a good request', () => {
  it('gets 201 and everything AWS documents', async () => {
    await start();
    const { reply, record } = await exchange(server, goodDraft(server, world.device));

    expect(reply.status).toBe(201);
    expect(reply.headers['content-type']).toBe('application/json');
    expect(reply.headers['x-amzn-requestid']).toBe(record.requestId);
    expect(reply.headers.date).toBe(new Date(server.now()).toUTCString());
    const session = JSON.parse(reply.body) as SessionReply;
    expect(session).toEqual({
      credentialSet: [
        {
          assumedRoleUser: {
            arn: 'arn:aws:sts::123456789012:assumed-role/reader/1000',
            assumedRoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}:1000$/) as string,
          },
          credentials: {
            accessKeyId: expect.stringMatching(/^ASIA[A-Z2-7]{16}$/) as string,
            secretAccessKey: expect.stringMatching(/^[\w+/]{40}$/) as string,
            sessionToken: expect.stringMatching(/^IQoJ[\w+/=]{300,}$/) as string,
            expiration: new Date(server.now() + 3_600_000).toISOString().replace('.000Z', 'Z'),
          },
          packedPolicySize: expect.any(Number) as number,
          roleArn: arns.roleArn,
          sourceIdentity: 'CN=device',
        },
      ],
      subjectArn: expect.stringMatching(
        /^arn:aws:rolesanywhere:eu-central-1:123456789012:subject\/[0-9a-f-]{36}$/,
      ) as string,
    });
    expect(record).toMatchObject({
      ...arns,
      verdict: 'accepted',
      reason: null,
      status: 201,
      signatureValid: true,
      serial: '4096',
      durationSeconds: 3600,
      remarks: [],
    });
  });

  it('gets other secrets each time', async () => {
    await start();
    const draft = goodDraft(server, world.device);
    const [a, b] = [await exchange(server, draft), await exchange(server, draft)];
    expect(a.reply.body).not.toBe(b.reply.body);
    expect(a.record.accessKeyId).not.toBe(b.record.accessKeyId);
  });

  it('may be sent again as it is, and can be told from one signed anew', async () => {
    await start();
    const request = signRequest(goodDraft(server, world.device));
    for (let i = 0; i < 3; i += 1) expect((await send(server.url, request)).status).toBe(201);
    expect(new Set(server.requests.map(({ signature }) => signature)).size).toBe(1);
    await exchange(server, goodDraft(server, world.device));
    expect(new Set(server.requests.map(({ signature }) => signature)).size).toBe(2);
  });
});

describe('allowed forms of a request', () => {
  const inBody = (extra: object = {}): Partial<Draft> => ({
    parameters: {},
    body: JSON.stringify({ durationSeconds: 3600, ...arns, ...extra }),
  });
  const forms: Record<string, Partial<Draft>> = {
    'ARNs in the query': {},
    'ARNs in the body': inBody(),
    'ARNs in both, the same': { body: inBody().body! },
    'some in the query, some in the body': {
      parameters: { profileArn: arns.profileArn },
      body: JSON.stringify({ roleArn: arns.roleArn, trustAnchorArn: arns.trustAnchorArn }),
    },
    'a role with = in the query, encoded once': { parameters: { ...arns, roleArn: equalsRoleArn } },
    'a role with = in the query, encoded twice': {
      parameters: { ...arns, roleArn: equalsRoleArn },
      equalsSign: 'twice',
    },
    'a role with = in the query, sent encoded twice': {
      parameters: { ...arns, roleArn: equalsRoleArn },
      equalsSign: 'twice-sent',
    },
    'a role in query and body, encoded differently': {
      parameters: { ...arns, roleArn: equalsRoleArn },
      equalsSign: 'twice-sent',
      body: inBody({ roleArn: equalsRoleArn }).body!,
    },
    'a role with = in the body': inBody({ roleArn: equalsRoleArn }),
    'more headers, signed': {
      extraHeaders: { 'Amz-Sdk-Invocation-Id': 'c0ffee', 'Amz-Sdk-Request': 'attempt=1;  max=3 ' },
    },
    'Content-Length signed': { extraHeaders: { 'Content-Length': '24' } },
    'User-Agent unsigned': { extraHeaders: { 'User-Agent': 'x' }, unsigned: ['User-Agent'] },
    'the hash of the body in a header': {
      extraHeaders: {
        'X-Amz-Content-Sha256': '1a15f67f6619aa540b13e9a4c37d149fb2c9bdea25d82b73a3878826694dfe27',
      },
    },
    'unknown members in the body': inBody({ instanceProperties: { host: 'a' }, other: [1] }),
    'no duration': { body: '{}' },
  };

  it.each(Object.entries(forms))('%s', async (_, change) => {
    await start();
    const { reply, record } = await exchange(server, { ...goodDraft(server, world.device), ...change });
    expect(record).toMatchObject({ verdict: 'accepted', reason: null, detail: null, remarks: [] });
    expect(reply.status).toBe(201);
  });

  it.each([
    [
      'an unsigned header of its own',
      { extraHeaders: { 'X-Other': 'x' }, unsigned: ['X-Other'] },
      'headers-unsigned',
    ],
    ['an empty body', { body: '' }, 'body-empty'],
  ] as const)('%s passes with a remark', async (_, change, remark) => {
    await start();
    const { reply, record } = await exchange(server, { ...goodDraft(server, world.device), ...change });
    expect(reply.status).toBe(201);
    expect(record.remarks).toEqual([remark]);
  });
});

describe('allowed keys and certificates', () => {
  it.each(['P-256', 'P-384', 'P-521', 'RSA-2048', 'RSA-3072', 'RSA-4096'] as const)('%s', async (key) => {
    await start();
    const device = deviceOf(world.root.identity({ holder: { key } }));
    const { reply, record } = await exchange(server, goodDraft(server, device));
    expect(reply.status).toBe(201);
    expect(record.algorithm).toBe(key.startsWith('RSA') ? 'AWS4-X509-RSA-SHA256' : 'AWS4-X509-ECDSA-SHA256');
  });

  it.each(
    (
      [
        ['sha384'],
        ['sha512'],
        ['highBitSerial'],
        ['twentyByteSerial'],
        ['withoutExtendedKeyUsage'],
        ['withoutBasicConstraints'],
        ['repeatedUnits'],
        ['directoryName'],
        ['nonAsciiSubject'],
      ] as const
    ).map(([name]) => name),
  )('%s', async (name) => {
    await start();
    const device = deviceOf(world.root.identity(deviations()[name]));
    const { reply, record } = await exchange(server, goodDraft(server, device));
    expect(record).toMatchObject({ verdict: 'accepted', reason: null, detail: null, remarks: [] });
    expect(reply.status).toBe(201);
  });

  it('a signature of the authority in RSASSA-PSS', async () => {
    const root = Authority.root(join(world.directory, 'rsa-root'), { key: 'RSA-2048' });
    server = await world.start(world.describe(root.certificate.pem));
    const { record } = await exchange(server, goodDraft(server, deviceOf(root.identity({ pss: true }))));
    expect(record).toMatchObject({ verdict: 'accepted', reason: null });
  });

  it('an extended key usage without clientAuth, with a remark', async () => {
    await start();
    const device = deviceOf(world.root.identity(deviations().serverAuthOnly));
    const { record } = await exchange(server, goodDraft(server, device));
    expect(record).toMatchObject({ verdict: 'accepted', remarks: ['no-client-auth'] });
  });
});

describe('chains', () => {
  const first = world.root.intermediate(join(world.directory, 'first'));
  const second = first.intermediate(join(world.directory, 'second'));
  const { root } = world;
  const leafOfSecond = second.identity();
  const leafOfRoot = root.identity();

  it.each([
    ['none', leafOfRoot, undefined, []],
    ['one', first.identity(), [first], []],
    ['two, the issuer first', leafOfSecond, [second, first], []],
    ['two, the root first', leafOfSecond, [first, second], ['chain-order']],
    ['two and the root', leafOfSecond, [second, first, root], ['chain-has-anchor']],
    ['one that has nothing to do with it', leafOfRoot, [first], ['chain-has-unrelated']],
  ] as const)('%s', async (_, leaf, authorities, remarks) => {
    await start();
    const chain = authorities?.map(({ certificate }) => certificate.pem);
    const { record } = await exchange(server, goodDraft(server, deviceOf(leaf, chain)));
    expect(record).toMatchObject({ verdict: 'accepted', reason: null, remarks });
  });

  it('takes the leaf in the chain header, as its peers send it, with a remark', async () => {
    await start();
    const device = deviceOf(
      leafOfSecond,
      [leafOfSecond, second.certificate, first.certificate].map(({ pem }) => pem),
    );
    const { record } = await exchange(server, goodDraft(server, device));
    expect(record).toMatchObject({ verdict: 'accepted', remarks: ['chain-has-leaf'] });
  });

  it('takes an intermediate as the trust anchor', async () => {
    server = await world.start(world.describe(first.certificate.pem));
    const device = deviceOf(leafOfSecond, [second.certificate.pem]);
    const { record } = await exchange(server, goodDraft(server, device));
    expect(record).toMatchObject({ verdict: 'accepted', remarks: [] });
  });

  it('takes any certificate of a bundle as the trust anchor', async () => {
    const other = Authority.root(join(world.directory, 'other-root'), { subject: '/CN=Other' });
    server = await world.start(world.describe(other.certificate.pem + root.certificate.pem));
    const { record } = await exchange(server, goodDraft(server, deviceOf(leafOfRoot)));
    expect(record).toMatchObject({ verdict: 'accepted', remarks: [] });
  });

  it('takes a list that names other certificates, and a list of another issuer', async () => {
    const revoked = root.identity();
    root.revoke(revoked);
    const crls = [root.crl().pem, first.crl().pem];
    const description = world.describe();
    server = await world.start({
      ...description,
      trustAnchors: [{ ...description.trustAnchors[0]!, crls }],
    });
    const { record } = await exchange(server, goodDraft(server, deviceOf(leafOfRoot)));
    expect(record).toMatchObject({ verdict: 'accepted' });
  });
});

describe('durations', () => {
  const limits = { profile: 7200, role: 7200 };
  it.each([
    [900, limits, 900],
    [7200, limits, 7200],
    [43_200, limits, 7200],
    [null, limits, 7200],
    [43_200, { profile: 43_200, role: 43_200 }, 43_200],
  ] as const)('asked for %s with %o: %s seconds', async (asked, { profile, role }, expected) => {
    const description = world.describe();
    server = await world.start({
      ...description,
      profiles: [{ ...description.profiles[0]!, durationSeconds: profile }],
      roles: [{ arn: arns.roleArn, maxSessionDuration: role }],
    });
    const body = JSON.stringify(asked === null ? {} : { durationSeconds: asked });
    const { reply } = await exchange(server, { ...goodDraft(server, world.device), body });
    const { expiration } = (JSON.parse(reply.body) as SessionReply).credentialSet[0]!.credentials;
    expect(Date.parse(expiration) - server.now()).toBe(expected * 1000);
  });
});

describe('names of a session', () => {
  it.each([
    [
      'the session name asked for',
      {},
      '{"roleSessionName":"alice@example.com"}',
      'alice@example.com',
      'CN=device',
    ],
    ['the deprecated member', {}, '{"sessionName":"bob"}', 'bob', 'CN=device'],
    [
      'the newer member where both are given',
      {},
      '{"roleSessionName":"alice","sessionName":"bob"}',
      'alice',
      'CN=device',
    ],
    ['the serial in hex', { serial: '0abc' }, '{}', '0abc', 'CN=device'],
    ['no common name', { subject: '/O=x', serial: 'abd' }, '{}', '0abd', 'ID=0abd'],
    ['61 characters', { subject: `/CN=${'n'.repeat(61)}` }, '{}', /./, `CN=${'n'.repeat(61)}`],
    ['62 characters', { subject: `/CN=${'n'.repeat(62)}` }, '{}', /./, 'n'.repeat(62)],
  ] as const)('%s', async (_, options, body, name, source) => {
    await start();
    const device = deviceOf(world.root.identity(options));
    const { reply } = await exchange(server, { ...goodDraft(server, device), body });
    const [set] = (JSON.parse(reply.body) as SessionReply).credentialSet;
    expect(set!.assumedRoleUser.arn.split('/').at(-1)).toMatch(name);
    expect(set!.assumedRoleUser.assumedRoleId.split(':').at(-1)).toMatch(name);
    expect(set!.sourceIdentity).toBe(source);
  });
});

describe('conditions of a trust policy', () => {
  it('that hold', async () => {
    const condition = {
      'x509Subject/OU': ['A/B'],
      'x509Issuer/CN': ['Other', 'Test Root'],
      'x509SAN/DNS': ['device.test'],
      'x509SAN/Name/CN': ['desk'],
      SourceArn: [arns.trustAnchorArn],
    };
    server = await world.start({ ...world.describe(), roles: [{ arn: arns.roleArn, condition }] });
    const certificate = world.root.identity({
      ...deviations().repeatedUnits,
      extensions: {
        subjectAltName: deviations().directoryName.extensions.subjectAltName.replace(/^/, 'DNS:device.test,'),
      },
    });
    const { record } = await exchange(server, {
      ...goodDraft(server, deviceOf(certificate)),
      body: '{"durationSeconds":900}',
    });
    expect(record).toMatchObject({ verdict: 'accepted', reason: null, detail: null });
  });
});

describe('other places', () => {
  it('HTTPS, under a CA of its own', async () => {
    const tls = makeTlsIdentity(join(world.directory, 'tls'));
    server = await startServer({ account: describedAccount(world.describe()), tls });
    expect(server.url).toMatch(/^https:/);
    const draft = goodDraft(server, world.device);
    await expect(exchange(server, draft)).rejects.toThrow();
    expect((await exchange(server, draft, tls.ca)).reply.status).toBe(201);
  });

  it('a host of any name, as long as it is signed', async () => {
    await start();
    const draft = { ...goodDraft(server, world.device), host: 'rolesanywhere.eu-central-1.amazonaws.com' };
    expect((await exchange(server, draft)).reply.status).toBe(201);
  });

  it.each([
    ['aws', 'xx-test-1'], // regions are added without notice
    ['aws-cn', 'cn-north-1'],
    ['aws-us-gov', 'us-gov-west-1'],
    ['aws-iso', 'us-iso-east-1'],
    ['aws-iso-b', 'us-isob-east-1'],
    ['aws-iso-e', 'eu-isoe-west-1'],
    ['aws-iso-f', 'us-isof-south-1'],
    ['aws-eusc', 'eusc-de-east-1'],
  ])('partition %s, region %s, any ARNs in agreement', async (partition, region) => {
    server = await startServer({ account: openAccount(world.root.certificate.pem) });
    const arn = (kind: string): string => `arn:${partition}:rolesanywhere:${region}:210987654321:${kind}/1`;
    const { reply } = await exchange(server, {
      ...goodDraft(server, world.device),
      region,
      parameters: {
        profileArn: arn('profile'),
        trustAnchorArn: arn('trust-anchor'),
        roleArn: `arn:${partition}:iam::210987654321:role/x`,
      },
      body: '{"durationSeconds":43200,"roleSessionName":"me"}',
    });
    expect(reply.status).toBe(201);
    const session = JSON.parse(reply.body) as SessionReply;
    expect(session.credentialSet[0]!.assumedRoleUser.arn).toBe(
      `arn:${partition}:sts::210987654321:assumed-role/x/me`,
    );
    expect(session.subjectArn).toContain(`arn:${partition}:rolesanywhere:${region}:210987654321:subject/`);
  });

  it('a clock of its own: skew and Date follow it', async () => {
    await start();
    const before = server.now();
    server.clockOffsetSeconds = 86_400;
    const { reply } = await exchange(server, goodDraft(server, world.device));
    expect(reply.status).toBe(201);
    expect(Date.parse(reply.headers.date!)).toBe(before + 86_400_000);
  });

  it('a skew within the limit', async () => {
    await start();
    for (const seconds of [-300, 300]) {
      const { reply } = await exchange(server, {
        ...goodDraft(server, world.device),
        time: server.now() + seconds * 1000,
      });
      expect(reply.status).toBe(201);
    }
  });
});
