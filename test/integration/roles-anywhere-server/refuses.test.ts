/** One seeded fault per rule: a good request with that one thing wrong is refused, and for that reason. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Authority } from '../../support/pki/authority.ts';
import { deviations } from '../../support/pki/deviations.ts';
import { construct, parts, resigned } from '../../support/pki/resign.ts';
import {
  describedAccount,
  openAccount,
  type AccountDescription,
} from '../../support/roles-anywhere/account.ts';
import {
  amzDateOf,
  send,
  signRequest,
  type Draft,
  type SignedRequest,
} from '../../support/roles-anywhere/reference-client.ts';
import { refusals, type Reason } from '../../support/roles-anywhere/refusal.ts';
import { startServer, type RunningServer } from '../../support/roles-anywhere/server.ts';
import { arns, deviceOf, exchange, goodDraft, makeWorld, otherRoleArn, region } from './world.ts';

const world = makeWorld();
const { root } = world;
const rsa = Authority.root(join(world.directory, 'rsa'), { key: 'RSA-2048' });
let server: RunningServer;
const proven = new Set<Reason>();

beforeEach(async () => {
  server = await world.start();
});
afterEach(() => server.close());
afterAll(() => world.remove());

const accessDenied = [403, 'AccessDeniedException'] as const;
const validation = [400, 'ValidationException'] as const;
const notFound = [404, 'ResourceNotFoundException'] as const;

interface Answered {
  readonly reason: Reason;
  readonly status: number;
  readonly type: string;
  readonly message?: string | RegExp;
}

async function expectRefusal(
  request: SignedRequest,
  { reason, status, type, message }: Answered,
): Promise<void> {
  const reply = await send(server.url, request);
  const record = server.requests.at(-1)!;
  expect(record).toMatchObject({ verdict: 'refused', reason, status, accessKeyId: null });
  expect(reply.status).toBe(status);
  expect(reply.headers).toMatchObject({
    'x-amzn-errortype': type,
    'content-type': 'application/json',
    'x-amzn-requestid': record.requestId,
  });
  expect(reply.headers.date).toBeDefined();
  const answer = JSON.parse(reply.body) as { message: string };
  expect(Object.keys(answer)).toEqual(['message']);
  expect(answer.message).toMatch(message ?? refusals[reason].message);
  proven.add(reason);
}

type Case = readonly [
  what: string,
  reason: Reason,
  answer: readonly [status: number, type: string, message?: string | RegExp],
  change: (draft: Draft) => Partial<Draft>,
];

function eachDraft(cases: readonly Case[]): void {
  it.each(cases)('%s: %s', async (_, reason, [status, type, message], change) => {
    const draft = goodDraft(server, world.device);
    expect((await exchange(server, draft)).reply.status).toBe(201);
    await expectRefusal(signRequest({ ...draft, ...change(draft) }), {
      reason,
      status,
      type,
      ...(message === undefined ? {} : { message }),
    });
  });
}

const malformed = { status: 400, type: 'ValidationException' } as const;
const denied = { status: 403, type: 'AccessDeniedException' } as const;

const without = (headers: Readonly<Record<string, string>>, name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
const asBody = (members: object): Partial<Draft> => ({ body: JSON.stringify(members) });
const withArn = (changed: Partial<Record<keyof typeof arns, string>>): Partial<Draft> => ({
  parameters: { ...arns, ...changed },
});

describe('the request', () => {
  eachDraft([
    ['another path', 'path-unknown', [404, 'UnknownOperationException'], () => ({ path: '/session' })],
    ['a final slash', 'path-unknown', [404, 'UnknownOperationException'], () => ({ path: '/sessions/' })],
    ['another method', 'method-unknown', [405, 'UnknownOperationException'], () => ({ method: 'PUT' })],
    ['a body that is no JSON', 'body-malformed', validation, () => ({ body: 'durationSeconds=3600' })],
    ['a body that is a list', 'body-malformed', validation, () => ({ body: '[]' })],
    ['a body that is null', 'body-malformed', validation, () => ({ body: 'null' })],
    [
      'a body that is not UTF-8',
      'body-malformed',
      validation,
      () => ({ body: Buffer.from('{"other":"\xff"}', 'latin1') }),
    ],
    [
      'a body over 1 MiB',
      'body-too-long',
      [413, 'RequestEntityTooLargeException'],
      () => asBody({ other: 'x'.repeat(1024 * 1024) }),
    ],
  ]);

  it('a broken escape in the query: query-malformed', async () => {
    const request = signRequest(goodDraft(server, world.device));
    await expectRefusal(
      { ...request, target: `${request.target}%2` },
      { reason: 'query-malformed', status: 400, type: 'ValidationException' },
    );
  });
});

describe('headers', () => {
  eachDraft([
    ...(['Host', 'Content-Type', 'X-Amz-Date', 'X-Amz-X509'] as const).map((name): Case => [
      `without ${name}`,
      'header-missing',
      validation,
      () => ({ withoutHeader: name }),
    ]),
    ...(['Host', 'Content-Type', 'X-Amz-Date', 'X-Amz-X509'] as const).map((name): Case => [
      `${name} empty`,
      'header-missing',
      validation,
      () => ({ extraHeaders: { [name]: '' } }),
    ]),
    ...(['Host', 'Content-Type', 'X-Amz-Date', 'X-Amz-X509'] as const).map((name): Case => [
      `${name} unsigned`,
      'header-unsigned',
      [...accessDenied, 'Invalid signature'],
      () => ({ unsigned: [name] }),
    ]),
    [
      'X-Amz-X509-Chain unsigned',
      'header-unsigned',
      accessDenied,
      ({ device }) => ({
        device: { ...device, chain: [root.certificate.pem] },
        unsigned: ['X-Amz-X509-Chain'],
      }),
    ],
    [
      'another x-amz- header unsigned',
      'header-unsigned',
      accessDenied,
      () => ({ extraHeaders: { 'X-Amz-Meta': 'x' }, unsigned: ['X-Amz-Meta'] }),
    ],
    [
      'a wrong hash of the body',
      'body-hash-mismatch',
      accessDenied,
      () => ({ extraHeaders: { 'X-Amz-Content-Sha256': 'e3b0c442'.padEnd(64, '0') } }),
    ],
    [
      'X-Amz-Date in another form',
      'date-malformed',
      validation,
      (draft) => ({ amzDate: amzDateOf(draft.time).slice(0, 8) }),
    ],
    ['X-Amz-Date that is no day', 'date-malformed', validation, () => ({ amzDate: '20260231T100000Z' })],
    ['X-Amz-Date that is no hour', 'date-malformed', validation, () => ({ amzDate: '20260228T250000Z' })],
  ]);

  type EditCase = readonly [
    what: string,
    reason: Reason,
    answer: readonly [number, string],
    edit: (headers: Readonly<Record<string, string>>) => Record<string, string>,
  ];
  const edited: readonly EditCase[] = [
    [
      'no Authorization',
      'authorization-missing',
      [403, 'MissingAuthenticationTokenException'],
      (headers) => without(headers, 'Authorization'),
    ],
    ...(
      [
        ['another scheme', () => 'Bearer x'],
        ['no Credential', (value) => value.replace('Credential=', 'Kredential=')],
        ['a short scope', (value) => value.replace('/aws4_request', '')],
        ['another end of the scope', (value) => value.replace('/aws4_request', '/aws5_request')],
        ['no Signature', (value) => value.replace(/, Signature=.*/, '')],
        [
          'a signature in capitals',
          (value) => value.replace(/[0-9a-f]+$/, (hex) => `A${hex.slice(1).toUpperCase()}`),
        ],
        ['half a byte of signature', (value) => `${value}0`],
        ['signed headers out of order', (value) => value.replace('content-type;host', 'host;content-type')],
        ['a signed header in capitals', (value) => value.replace(';host;', ';Host;')],
        ['a signed header twice', (value) => value.replace(';host;', ';host;host;')],
      ] as readonly [string, (value: string) => string][]
    ).map(([what, edit]): EditCase => [
      what,
      'authorization-malformed',
      [400, 'IncompleteSignatureException'],
      (headers: Readonly<Record<string, string>>) => ({
        ...headers,
        Authorization: edit(headers.Authorization!),
      }),
    ]),
    [
      'a signed header that is not sent',
      'signed-header-absent',
      accessDenied,
      (headers) => ({
        ...headers,
        Authorization: headers.Authorization!.replace(';x-amz-x509,', ';x-amz-x509;x-other,'),
      }),
    ],
    [
      'a signature over nothing',
      'signature-invalid',
      accessDenied,
      (headers) => ({ ...headers, Authorization: headers.Authorization!.replace(/[0-9a-f]+$/, '00') }),
    ],
    [
      'another Host than was signed',
      'signature-invalid',
      accessDenied,
      (headers) => ({ ...headers, Host: 'elsewhere.test' }),
    ],
    [
      'another Content-Type than was signed',
      'signature-invalid',
      accessDenied,
      (headers) => ({ ...headers, 'Content-Type': 'text/plain' }),
    ],
    [
      'X-Amz-X509 with white space',
      'certificate-malformed',
      validation,
      (headers) => ({ ...headers, 'X-Amz-X509': headers['X-Amz-X509']!.replace(/^.{4}/, '$& ') }),
    ],
    [
      'X-Amz-X509 that is no certificate',
      'certificate-malformed',
      validation,
      (headers) => ({ ...headers, 'X-Amz-X509': 'VEVTVA==' }),
    ],
    [
      'X-Amz-X509 with bytes after the certificate',
      'certificate-malformed',
      validation,
      (headers) => ({
        ...headers,
        'X-Amz-X509': Buffer.concat([
          Buffer.from(headers['X-Amz-X509']!, 'base64'),
          Buffer.alloc(3),
        ]).toString('base64'),
      }),
    ],
  ];

  it.each(edited)('%s: %s', async (_, reason, [status, type], edit) => {
    const request = signRequest(goodDraft(server, world.device));
    await expectRefusal({ ...request, headers: edit(request.headers) }, { reason, status, type });
  });

  it.each(['Authorization', 'Host', 'Content-Type', 'X-Amz-Date', 'X-Amz-X509', 'X-Amz-X509-Chain'])(
    '%s twice: header-duplicated',
    async (twice) => {
      const device = { ...world.device, chain: [root.certificate.pem] };
      const request = signRequest(goodDraft(server, device));
      expect((await send(server.url, request)).status).toBe(201);
      await expectRefusal({ ...request, twice }, { reason: 'header-duplicated', ...malformed });
    },
  );

  it.each([
    ['that is no certificate', 'chain-malformed', ['VEVTVA==']],
    ['that is empty', 'chain-malformed', []],
    ['with an empty place', 'chain-malformed', [root.certificate.der.toString('base64'), '']],
    ['of six', 'chain-too-long', Array<string>(6).fill(root.certificate.der.toString('base64'))],
  ] as const)('a chain %s: %s', async (_, reason, chain) => {
    const draft = {
      ...goodDraft(server, world.device),
      extraHeaders: { 'X-Amz-X509-Chain': chain.join(',') },
    };
    await expectRefusal(signRequest(draft), { reason, status: 400, type: 'ValidationException' });
  });
});

describe('the signature', () => {
  const invalid = [...accessDenied, 'Invalid signature'] as const;
  eachDraft([
    ['an algorithm nobody has', 'algorithm-unknown', invalid, () => ({ algorithm: 'AWS4-HMAC-SHA256' })],
    [
      'the algorithm of another key',
      'algorithm-mismatch',
      invalid,
      () => ({ algorithm: 'AWS4-X509-RSA-SHA256' }),
    ],
    ['the serial in hex', 'serial-mismatch', invalid, () => ({ serial: '1000' })],
    ['a serial with a leading zero', 'serial-mismatch', invalid, () => ({ serial: '04096' })],
    [
      'the day before in the scope',
      'scope-date',
      invalid,
      (draft) => ({ scope: { date: amzDateOf(draft.time - 86_400_000).slice(0, 8) } }),
    ],
    ['another region in the scope', 'scope-region', invalid, () => ({ scope: { region: 'us-east-1' } })],
    ['a FIPS region in the scope', 'scope-region', invalid, () => ({ scope: { region: `${region}-fips` } })],
    ['another service in the scope', 'scope-service', invalid, () => ({ scope: { service: 'sts' } })],
    ['a clock that is slow', 'clock-skew', invalid, (draft) => ({ time: draft.time - 301_000 })],
    ['a clock that is fast', 'clock-skew', invalid, (draft) => ({ time: draft.time + 301_000 })],
    ['another digest', 'signature-invalid', invalid, () => ({ digest: 'sha384' })],
    [
      'another key than the certificate’s',
      'signature-invalid',
      invalid,
      ({ device }) => ({ device: { ...device, privateKey: root.identity().privateKeyPem } }),
    ],
  ]);

  it.each([
    ['the body', (request) => ({ ...request, body: '{"durationSeconds":3601}' })],
    [
      'the query',
      (request) => ({ ...request, target: request.target.replace('reader', 'admin').replace('team%2F', '') }),
    ],
    ['one more parameter', (request) => ({ ...request, target: `${request.target}&x=1` })],
    [
      'the time, by seconds',
      ({ headers, ...request }) => ({
        ...request,
        headers: {
          ...headers,
          'X-Amz-Date': headers['X-Amz-Date']!.replace(/\d(?=Z)/, (digit) =>
            String((Number(digit) + 1) % 10),
          ),
        },
      }),
    ],
  ] as readonly [string, (request: SignedRequest) => SignedRequest][])(
    'changed after signing: %s: signature-invalid',
    async (_, change) => {
      const request = signRequest(goodDraft(server, world.device));
      await expectRefusal(change(request), {
        reason: 'signature-invalid',
        status: 403,
        type: 'AccessDeniedException',
        message: 'Invalid signature',
      });
      expect(server.requests.at(-1)!.signatureValid).toBe(false);
    },
  );

  it('of an RSA key with the algorithm of EC keys: algorithm-mismatch', async () => {
    const device = deviceOf(root.identity({ holder: { key: 'RSA-2048' } }));
    await expectRefusal(signRequest({ ...goodDraft(server, device), algorithm: 'AWS4-X509-ECDSA-SHA256' }), {
      reason: 'algorithm-mismatch',
      status: 403,
      type: 'AccessDeniedException',
    });
  });

  it('is judged by the clock of the server: clock-skew', async () => {
    const draft = goodDraft(server, world.device);
    server.clockOffsetSeconds = 400;
    await expectRefusal(signRequest(draft), {
      reason: 'clock-skew',
      status: 403,
      type: 'AccessDeniedException',
    });
  });

  it('is judged with the skew that was set: clock-skew', async () => {
    await server.close();
    server = await startServer({ account: describedAccount(world.describe()), skewSeconds: 10 });
    const draft = goodDraft(server, world.device);
    expect((await exchange(server, { ...draft, time: draft.time - 8000 })).reply.status).toBe(201);
    await expectRefusal(signRequest({ ...draft, time: draft.time - 13_000 }), {
      reason: 'clock-skew',
      status: 403,
      type: 'AccessDeniedException',
    });
  });
});

describe('the ARNs', () => {
  eachDraft([
    ...(['trustAnchorArn', 'profileArn', 'roleArn'] as const).flatMap((name): Case[] => [
      [
        `no ${name}`,
        'arn-missing',
        validation,
        () => ({ parameters: Object.fromEntries(Object.entries(arns).filter(([key]) => key !== name)) }),
      ],
      [
        `${name} of another kind`,
        'arn-malformed',
        validation,
        () => withArn({ [name]: 'arn:aws:s3:::bucket' }),
      ],
      [`${name} empty`, 'arn-malformed', validation, () => withArn({ [name]: '' })],
      [`two different ${name}`, 'arn-ambiguous', validation, () => asBody({ [name]: 'arn:aws:s3:::bucket' })],
    ]),
    [
      'a role in a region',
      'arn-malformed',
      validation,
      () => withArn({ roleArn: arns.roleArn.replace('iam::', 'iam:eu-central-1:') }),
    ],
    [
      'a role in a partition AWS does not have',
      'arn-malformed',
      validation,
      () => withArn({ roleArn: arns.roleArn.replace('arn:aws:', 'arn:aws-foo:') }),
    ],
    [
      'a number for an ARN',
      'arn-malformed',
      validation,
      () => ({ parameters: {}, ...asBody({ ...arns, roleArn: 7 }) }),
    ],
    [
      'a role of another account',
      'arn-mismatch',
      accessDenied,
      () => withArn({ roleArn: arns.roleArn.replace('1234', '9234') }),
    ],
    [
      'a profile of another account',
      'arn-mismatch',
      accessDenied,
      () => withArn({ profileArn: arns.profileArn.replace(':1234', ':9234') }),
    ],
    [
      'a profile of another region',
      'arn-mismatch',
      accessDenied,
      () => withArn({ profileArn: arns.profileArn.replace(region, 'us-east-1') }),
    ],
    [
      'a role of another partition',
      'arn-mismatch',
      accessDenied,
      () => withArn({ roleArn: arns.roleArn.replace('aws', 'aws-cn') }),
    ],
    [
      'an unknown anchor',
      'anchor-unknown',
      notFound,
      () => withArn({ trustAnchorArn: `${arns.trustAnchorArn}0` }),
    ],
    ['an unknown profile', 'profile-unknown', notFound, () => withArn({ profileArn: `${arns.profileArn}0` })],
    [
      'an unknown role',
      'role-unknown',
      [...accessDenied, `Unable to assume role for ${arns.roleArn}2.`],
      () => withArn({ roleArn: `${arns.roleArn}2` }),
    ],
    [
      'an anchor of another account',
      'anchor-unknown',
      notFound,
      () => withArn({ trustAnchorArn: arns.trustAnchorArn.replace(':1234', ':9234') }),
    ],
    [
      'a duration over the role’s',
      'duration-exceeds-role',
      [
        ...accessDenied,
        /^Unable to assume role for arn:aws:iam::123456789012:role\/admin\. The requested DurationSeconds exceeds the MaxSessionDuration set for this role\.$/,
      ],
      () => ({ ...withArn({ roleArn: otherRoleArn }), ...asBody({ durationSeconds: 7200 }) }),
    ],
  ]);

  it('of a profile in another partition: arn-mismatch', async () => {
    const profileArn = arns.profileArn.replace(
      `aws:rolesanywhere:${region}`,
      'aws-cn:rolesanywhere:cn-north-1',
    );
    const draft = goodDraft(server, world.device);
    await expectRefusal(signRequest({ ...draft, ...withArn({ profileArn }) }), {
      reason: 'arn-mismatch',
      ...denied,
    });
    expect(server.requests.at(-1)!.detail).toBe('partitions differ');
  });

  it.each([
    ['a partition AWS does not have', 'aws-foo', region, 'x'],
    ['a partition that only begins like one', 'aws-iso-c', 'us-iso-east-1', 'x'],
    ['a region outside of China in aws-cn', 'aws-cn', region, 'x'],
    ['a region of China in aws', 'aws', 'cn-north-1', 'x'],
    ['a commercial region in aws-us-gov', 'aws-us-gov', 'us-east-1', 'x'],
    ['a region of aws-us-gov in aws', 'aws', 'us-gov-west-1', 'x'],
    ['a region of aws-iso-b in aws-iso', 'aws-iso', 'us-isob-east-1', 'x'],
    ['a commercial region in aws-iso-b', 'aws-iso-b', 'us-east-1', 'x'],
    ['a commercial region in aws-iso-e', 'aws-iso-e', 'eu-west-1', 'x'],
    ['a commercial region in aws-iso-f', 'aws-iso-f', 'us-west-1', 'x'],
    ['a commercial region in aws-eusc', 'aws-eusc', region, 'x'],
    ['a name with a space', 'aws', region, 'a b'],
    ['a name of 65 characters', 'aws', region, 'x'.repeat(65)],
  ])(
    'with %s are refused also where every ARN is known: arn-malformed',
    async (_, partition, place, name) => {
      await server.close();
      server = await startServer({ account: openAccount(root.certificate.pem) });
      const prefix = `arn:${partition}:rolesanywhere:${place}:123456789012`;
      const parameters = {
        trustAnchorArn: `${prefix}:trust-anchor/1`,
        profileArn: `${prefix}:profile/1`,
        roleArn: `arn:${partition}:iam::123456789012:role/${name}`,
      };
      await expectRefusal(signRequest({ ...goodDraft(server, world.device), region: place, parameters }), {
        reason: 'arn-malformed',
        ...malformed,
      });
    },
  );

  it.each(['a%3Db', 'a!', 'a"', '<a>', 'a~'])(
    'with the name %s, which IAM does not take, are refused also where every ARN is known: role-unknown',
    async (name) => {
      await server.close();
      server = await startServer({ account: openAccount(root.certificate.pem) });
      const roleArn = `arn:aws:iam::123456789012:role/${name}`;
      const draft = { ...goodDraft(server, world.device), parameters: {}, ...asBody({ ...arns, roleArn }) };
      await expectRefusal(signRequest(draft), {
        reason: 'role-unknown',
        ...denied,
        message: /^Unable to assume role/,
      });
    },
  );

  it('that disagree are refused also where every ARN is known: arn-mismatch', async () => {
    await server.close();
    server = await startServer({ account: openAccount(root.certificate.pem) });
    const draft = goodDraft(server, world.device);
    expect((await exchange(server, draft)).reply.status).toBe(201);
    await expectRefusal(
      signRequest({ ...draft, ...withArn({ roleArn: arns.roleArn.replace('1234', '9234') }) }),
      { reason: 'arn-mismatch', status: 403, type: 'AccessDeniedException' },
    );
  });
});

describe('durations and session names', () => {
  eachDraft([
    ['899 seconds', 'duration-range', validation, () => asBody({ durationSeconds: 899 })],
    ['43201 seconds', 'duration-range', validation, () => asBody({ durationSeconds: 43_201 })],
    ['a duration in text', 'duration-malformed', validation, () => asBody({ durationSeconds: '3600' })],
    ['half a second', 'duration-malformed', validation, () => asBody({ durationSeconds: 3600.5 })],
    [
      'a session name of one letter',
      'session-name-malformed',
      validation,
      () => asBody({ roleSessionName: 'a' }),
    ],
    [
      'a session name of 65',
      'session-name-malformed',
      validation,
      () => asBody({ roleSessionName: 'a'.repeat(65) }),
    ],
    [
      'a session name with a space',
      'session-name-malformed',
      validation,
      () => asBody({ roleSessionName: 'a b' }),
    ],
    [
      'a session name that is none',
      'session-name-malformed',
      validation,
      () => asBody({ roleSessionName: 12 }),
    ],
    [
      'a deprecated session name that is none, beside a good one',
      'session-name-malformed',
      validation,
      () => asBody({ roleSessionName: 'alice', sessionName: 12 }),
    ],
    ...[5, 'x', ['x'], { host: 5 }, { host: null }].map((instanceProperties): Case => [
      `instance properties ${JSON.stringify(instanceProperties)}`,
      'instance-properties-malformed',
      validation,
      () => asBody({ instanceProperties }),
    ]),
  ]);
});

describe('the account', () => {
  type AccountCase = readonly [
    what: string,
    reason: Reason,
    message: string,
    change: (description: AccountDescription) => Partial<AccountDescription>,
    draft: Partial<Draft>,
  ];
  const changes: readonly AccountCase[] = [
    [
      'a disabled anchor',
      'anchor-disabled',
      'Untrusted signing certificate',
      ({ trustAnchors: [anchor] }) => ({ trustAnchors: [{ ...anchor!, enabled: false }] }),
      {},
    ],
    [
      'a disabled profile',
      'profile-disabled',
      'Profile is disabled',
      ({ profiles: [profile] }) => ({ profiles: [{ ...profile!, enabled: false }] }),
      {},
    ],
    [
      'a profile without the role',
      'role-not-in-profile',
      `Unable to assume role for ${arns.roleArn}.`,
      ({ profiles: [profile] }) => ({ profiles: [{ ...profile!, roleArns: [otherRoleArn] }] }),
      {},
    ],
    [
      'a profile that takes no session name',
      'session-name-not-accepted',
      'Access denied',
      ({ profiles: [profile] }) => ({ profiles: [{ ...profile!, acceptRoleSessionName: false }] }),
      asBody({ roleSessionName: 'alice' }),
    ],
    [
      'a profile longer than the role, no duration asked for',
      'duration-exceeds-role',
      'exceeds the MaxSessionDuration set for this role.',
      () => ({ roles: [{ arn: arns.roleArn }] }),
      asBody({}),
    ],
    ...(
      [
        { 'x509SAN/Name/CN': ['desk'] },
        { 'x509Subject/CN': ['other'] },
        { 'x509Subject/L': ['Berlin'] },
        { 'x509Issuer/CN': ['Other CA'] },
        { SourceArn: [`${arns.trustAnchorArn}0`] },
        { 'x509Subject/CN': ['device'], 'x509Subject/OU': ['Servers'] },
      ] as const
    ).map((condition): AccountCase => [
      `a role that asks for ${JSON.stringify(condition)}`,
      'role-condition',
      'sts:AssumeRole, sts:TagSession, or sts:SetSourceIdentity on provided role',
      () => ({ roles: [{ arn: arns.roleArn, maxSessionDuration: 7200, condition: { ...condition } }] }),
      {},
    ]),
  ];

  it.each(changes)('%s: %s', async (_, reason, message, change, draft) => {
    const description = world.describe();
    server.account = describedAccount({ ...description, ...change(description) });
    await expectRefusal(signRequest({ ...goodDraft(server, world.device), ...draft }), {
      reason,
      status: 403,
      type: 'AccessDeniedException',
      message,
    });
  });
});

const spkiPem = (key: KeyObject): string => key.export({ format: 'pem', type: 'spki' }) as string;

describe('the certificate', () => {
  const insufficient = 'Untrusted certificate. Insufficient certificate';
  const cases = [
    ['version1', 'leaf-version', insufficient, root],
    ['authority', 'leaf-is-ca', insufficient, root],
    ['withoutKeyUsage', 'leaf-no-digital-signature', insufficient, root],
    ['withoutDigitalSignature', 'leaf-no-digital-signature', insufficient, root],
    ['sha1', 'leaf-weak-signature', insufficient, root],
    ['sha224', 'leaf-weak-signature', insufficient, root],
    ['md5', 'leaf-weak-signature', insufficient, rsa],
    ['ripemd160', 'leaf-weak-signature', insufficient, rsa],
    ['emptySubject', 'leaf-empty-subject', insufficient, root],
    ['notYetValid', 'leaf-not-yet-valid', 'Untrusted certificate. Certificate not yet valid', root],
    ['expired', 'leaf-expired', 'Untrusted certificate. Certificate expired', root],
    [
      'apostropheInSubject',
      'attributes-unmappable',
      `Unable to assume role for ${arns.roleArn}. Some attributes failed to be mapped into session tags. Issuer: [  ]; Subject: [ CN ]; SAN: [  ]`,
      root,
    ],
    [
      'unmappableName',
      'attributes-unmappable',
      'Some attributes failed to be mapped into session tags. Issuer: [  ]; Subject: [  ]; SAN: [ DNS/2 ]',
      root,
    ],
    [
      'unmappableDirectoryName',
      'attributes-unmappable',
      'Some attributes failed to be mapped into session tags. Issuer: [  ]; Subject: [  ]; SAN: [ Name/CN ]',
      root,
    ],
  ] as const;

  it.each(cases)('%s: %s', async (name, reason, message, authority) => {
    server.account = describedAccount(world.describe(authority.certificate.pem));
    const device = deviceOf(authority.identity(deviations()[name]));
    await expectRefusal(signRequest(goodDraft(server, device)), {
      reason,
      status: 403,
      type: 'AccessDeniedException',
      message: new RegExp(`${message.replace(/[.[\]]/g, '\\$&')}$`),
    });
    expect(server.requests.at(-1)!.signatureValid).toBe(true);
  });

  it('with SHA-1 inside RSASSA-PSS: leaf-weak-signature', async () => {
    server.account = describedAccount(world.describe(rsa.certificate.pem));
    const device = deviceOf(rsa.identity({ pss: true, digest: 'sha1' }));
    await expectRefusal(signRequest(goodDraft(server, device)), {
      reason: 'leaf-weak-signature',
      status: 403,
      type: 'AccessDeniedException',
    });
  });

  it('expires while the server runs: leaf-expired', async () => {
    server.clockOffsetSeconds = 40 * 86_400;
    await expectRefusal(signRequest(goodDraft(server, world.device)), {
      reason: 'leaf-expired',
      status: 403,
      type: 'AccessDeniedException',
    });
  });

  it('is good until the last second of its validity, and from the first', async () => {
    const [from, until] = [server.now() + 1000, server.now() + 60_000];
    const device = deviceOf(root.identity({ notBefore: new Date(from), notAfter: new Date(until) }));
    const at = (seconds: number): SignedRequest => {
      server.clockOffsetSeconds = seconds;
      return signRequest(goodDraft(server, device));
    };
    await expectRefusal(at(0), { reason: 'leaf-not-yet-valid', ...denied });
    expect((await send(server.url, at(1))).status).toBe(201);
    expect((await send(server.url, at(60))).status).toBe(201);
    await expectRefusal(at(61), { reason: 'leaf-expired', ...denied });
  });

  it('with a tag of 257 characters, where 256 pass: attributes-unmappable', async () => {
    const units = (last: number): string =>
      [64, 64, 64, last].map((length) => `/OU=${'u'.repeat(length)}`).join('');
    const good = deviceOf(root.identity({ subject: `/O=Test${units(61)}` })); // three slashes join them
    expect((await exchange(server, goodDraft(server, good))).reply.status).toBe(201);
    const long = deviceOf(root.identity({ subject: `/O=Test${units(62)}` }));
    await expectRefusal(signRequest(goodDraft(server, long)), {
      reason: 'attributes-unmappable',
      ...denied,
      message: /Subject: \[ OU \]/,
    });
  });

  it('of more than 16 KiB, where less passes: certificate-too-long', async () => {
    const padded = (bytes: number) => root.identity({ extensions: { nsComment: 'x'.repeat(bytes) } });
    const [good, long] = [padded(15_800), padded(16_384)];
    expect(good.der.length).toBeGreaterThan(16_000);
    expect((await exchange(server, goodDraft(server, deviceOf(good)))).reply.status).toBe(201);
    await expectRefusal(signRequest(goodDraft(server, deviceOf(long))), {
      reason: 'certificate-too-long',
      ...malformed,
    });
  });

  const ecdsaWithSha384 = Buffer.from('300a06082a8648ce3d040303', 'hex');
  it.each([
    ['a negative serial', 'certificate-malformed', (fields) => fields.with(1, Buffer.from('020185', 'hex'))],
    [
      'another signature algorithm inside than outside',
      'certificate-malformed',
      (fields) => fields.with(2, ecdsaWithSha384),
    ],
    [
      'an extension twice',
      'certificate-malformed',
      (fields) => {
        const extensions = parts(parts(fields[7]!)[0]!);
        return fields.with(7, construct([construct([...extensions, extensions[0]!])], 0xa3));
      },
    ],
    ['an issuer of another name that has the key', 'chain-untrusted', (fields) => fields.with(3, fields[5]!)],
  ] as readonly [string, Reason, (fields: Buffer[]) => Buffer[]][])(
    'with %s: %s',
    async (what, reason, change) => {
      const { certificate, privateKey } = world.device;
      const key = root.certificate.privateKeyPem;
      const draftOf = (pem: string): Draft => goodDraft(server, { certificate: pem, privateKey });
      const unchanged = resigned(certificate, key, (fields) => fields);
      expect((await exchange(server, draftOf(unchanged))).reply.status).toBe(201);
      const serial = what === 'a negative serial' ? '-123' : '4096';
      await expectRefusal(signRequest({ ...draftOf(resigned(certificate, key, change)), serial }), {
        reason,
        ...(reason === 'chain-untrusted' ? denied : malformed),
      });
    },
  );

  it('with a name of the issuer that cannot be a tag: attributes-unmappable', async () => {
    const odd = Authority.root(join(world.directory, 'odd'), { subject: "/O=Let's Test/CN=Root (1)" });
    server.account = describedAccount(world.describe(odd.certificate.pem));
    await expectRefusal(signRequest(goodDraft(server, deviceOf(odd.identity()))), {
      reason: 'attributes-unmappable',
      status: 403,
      type: 'AccessDeniedException',
      message: /Issuer: \[ O, CN \]; Subject: \[ {2}\]; SAN: \[ {2}\]$/,
    });
  });

  it('of a kind of key AWS does not name: key-unsupported', async () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const { pem } = root.issue({ holder: { publicKey: spkiPem(publicKey) } });
    const device = { ...world.device, certificate: pem };
    await expectRefusal(signRequest(goodDraft(server, device)), {
      reason: 'key-unsupported',
      status: 403,
      type: 'AccessDeniedException',
    });
  });

  it.each([
    ...['prime192v1', 'secp224r1', 'secp256k1', 'sect283k1'],
    ...['brainpoolP256r1', 'brainpoolP384r1', 'brainpoolP512r1'],
  ])('on the curve %s, which AWS does not name: key-unsupported', async (namedCurve) => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
    const { pem } = root.issue({
      holder: { publicKey: spkiPem(publicKey) },
    });
    const device = {
      certificate: pem,
      privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
    };
    await expectRefusal(signRequest(goodDraft(server, device)), {
      reason: 'key-unsupported',
      status: 403,
      type: 'AccessDeniedException',
    });
  });
});

describe('the chain', () => {
  const at = (name: string): string => join(world.directory, name);
  const untrusted = { status: 403, type: 'AccessDeniedException', message: 'Untrusted signing certificate' };

  const day = 86_400_000;
  type ChainCase = readonly [
    what: string,
    reason: Reason,
    make: () => { leaf: Authority; chain: Authority[]; anchor?: Authority },
  ];
  const cases: readonly ChainCase[] = [
    [
      'an issuer that is not sent',
      'chain-untrusted',
      () => ({ leaf: root.intermediate(at('unsent')), chain: [] }),
    ],
    [
      'a link that is missing',
      'chain-untrusted',
      () => {
        const first = root.intermediate(at('gap1'));
        const second = first.intermediate(at('gap2'));
        return { leaf: second, chain: [second] };
      },
    ],
    [
      'another root',
      'chain-untrusted',
      () => {
        const other = Authority.root(at('stranger'), { subject: '/CN=Stranger' });
        return { leaf: other, chain: [other] };
      },
    ],
    [
      'another root of the same name',
      'chain-untrusted',
      () => {
        const twin = Authority.root(at('twin'));
        return { leaf: twin, chain: [twin] };
      },
    ],
    [
      'an issuer that is no CA',
      'chain-issuer-not-ca',
      () => {
        const fake = root.intermediate(at('fake'), { extensions: { basicConstraints: 'critical,CA:FALSE' } });
        return { leaf: fake, chain: [fake] };
      },
    ],
    [
      'an issuer without keyCertSign',
      'chain-issuer-not-ca',
      () => {
        const weak = root.intermediate(at('nosign'), { extensions: { keyUsage: 'critical,cRLSign' } });
        return { leaf: weak, chain: [weak] };
      },
    ],
    [
      'an issuer without any key usage',
      'chain-issuer-not-ca',
      () => {
        const weak = root.intermediate(at('nousage'), { extensions: { keyUsage: null } });
        return { leaf: weak, chain: [weak] };
      },
    ],
    [
      'an issuer without basic constraints',
      'chain-issuer-not-ca',
      () => {
        const weak = root.intermediate(at('noconstraints'), { extensions: { basicConstraints: null } });
        return { leaf: weak, chain: [weak] };
      },
    ],
    ...(['sha1', 'sha224', 'md5', 'ripemd160'] as const).map((digest): ChainCase => [
      `an issuer signed with ${digest}`,
      'chain-weak-signature',
      () => {
        const weak = rsa.intermediate(at(digest), { digest });
        return { leaf: weak, chain: [weak], anchor: rsa };
      },
    ]),
    [
      'an issuer that has expired',
      'chain-validity',
      () => {
        const old = root.intermediate(at('old'), {
          notBefore: new Date(Date.now() - 9 * day),
          notAfter: new Date(Date.now() - day),
        });
        return { leaf: old, chain: [old] };
      },
    ],
    [
      'an issuer that is not valid yet',
      'chain-validity',
      () => {
        const early = root.intermediate(at('early'), { notBefore: new Date(Date.now() + day) });
        return { leaf: early, chain: [early] };
      },
    ],
    [
      'more links than the path length allows',
      'chain-path-length',
      () => {
        const first = root.intermediate(at('short'), {
          extensions: { basicConstraints: 'critical,CA:TRUE,pathlen:0' },
        });
        const second = first.intermediate(at('below'));
        return { leaf: second, chain: [second, first] };
      },
    ],
  ];

  it.each(cases)('%s: %s', async (_, reason, make) => {
    const { leaf, chain, anchor = root } = make();
    server.account = describedAccount(world.describe(anchor.certificate.pem));
    const device = deviceOf(
      leaf.identity(),
      chain.length === 0 ? undefined : chain.map((one) => one.certificate.pem),
    );
    await expectRefusal(signRequest(goodDraft(server, device)), { reason, ...untrusted });
  });

  it('of an anchor is good until the last second of its validity, and from the first: chain-validity', async () => {
    const [from, until] = [server.now() + 1000, server.now() + 60_000];
    const brief = Authority.root(at('brief'), { notBefore: new Date(from), notAfter: new Date(until) });
    server.account = describedAccount(world.describe(brief.certificate.pem));
    const device = deviceOf(brief.identity());
    const when = (seconds: number): SignedRequest => {
      server.clockOffsetSeconds = seconds;
      return signRequest(goodDraft(server, device));
    };
    await expectRefusal(when(0), { reason: 'chain-validity', ...untrusted });
    expect((await send(server.url, when(1))).status).toBe(201);
    expect((await send(server.url, when(60))).status).toBe(201);
    await expectRefusal(when(61), { reason: 'chain-validity', ...untrusted });
  });

  it.each([
    ['no key usage', { keyUsage: null }],
    ['no keyCertSign', { keyUsage: 'critical,cRLSign' }],
    ['no basic constraints', { basicConstraints: null }],
    ['CA:FALSE', { basicConstraints: 'critical,CA:FALSE' }],
  ])('of a trust anchor with %s cannot be configured', (what, extensions) => {
    const { certificate } = Authority.root(at(`anchor ${what}`), { extensions });
    expect(() => describedAccount(world.describe(certificate.pem))).toThrow(
      'Incorrect basic constraints for CA certificate',
    );
  });
});

describe('revocation', () => {
  const revoked = {
    reason: 'certificate-revoked',
    status: 403,
    type: 'AccessDeniedException',
    message: 'Certificate revoked',
  } as const;
  const withCrls = (...crls: string[]): void => {
    const description = world.describe();
    server.account = describedAccount({
      ...description,
      trustAnchors: [{ ...description.trustAnchors[0]!, crls }],
    });
  };

  it('of the certificate: certificate-revoked', async () => {
    const lost = root.identity();
    root.revoke(lost);
    withCrls(root.crl().pem);
    await expectRefusal(signRequest(goodDraft(server, deviceOf(lost))), revoked);
  });

  it('by the list of an intermediate, and of the intermediate itself: certificate-revoked', async () => {
    const first = root.intermediate(join(world.directory, 'revoking'));
    const [lost, kept] = [first.identity(), first.identity()];
    first.revoke(lost);
    const chain = [first.certificate.pem];
    withCrls(first.crl().pem);
    await expectRefusal(signRequest(goodDraft(server, deviceOf(lost, chain))), revoked);
    expect((await exchange(server, goodDraft(server, deviceOf(kept, chain)))).reply.status).toBe(201);

    root.revoke(first.certificate);
    withCrls(root.crl().pem);
    await expectRefusal(signRequest(goodDraft(server, deviceOf(kept, chain))), revoked);
  });

  it('by a list with the name of another issuer does not count, though the key is right', async () => {
    const holder = Authority.root(join(world.directory, 'two-names'));
    const lost = holder.identity();
    holder.revoke(lost);
    const described = world.describe(holder.certificate.pem);
    const listed = (crl: string): AccountDescription => ({
      ...described,
      trustAnchors: [{ ...described.trustAnchors[0]!, crls: [crl] }],
    });
    const renamed = resigned(holder.crl().pem, holder.certificate.privateKeyPem, (fields) =>
      fields.with(2, construct([])),
    );
    server.account = describedAccount(listed(holder.crl().pem));
    await expectRefusal(signRequest(goodDraft(server, deviceOf(lost))), revoked);
    server.account = describedAccount(listed(renamed));
    expect((await exchange(server, goodDraft(server, deviceOf(lost)))).reply.status).toBe(201);
  });

  it('by a list that somebody else signed does not count', async () => {
    const twin = Authority.root(join(world.directory, 'revoking-twin'));
    const victim = twin.identity({ serial: '1000' });
    twin.revoke(victim);
    withCrls(twin.crl().pem);
    expect((await exchange(server, goodDraft(server, world.device))).reply.status).toBe(201);
  });
});

it('every reason there is has been proven above', () => {
  expect(Object.keys(refusals).filter((reason) => !proven.has(reason as Reason))).toEqual([]);
});
