/** One seeded fault per rule: a good request with that one thing wrong is refused, and for that reason. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Authority } from '../../support/pki/authority.ts';
import { deviations } from '../../support/pki/deviations.ts';
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
    ['X-Amz-Date that is no day', 'date-malformed', validation, () => ({ amzDate: '20260231T250000Z' })],
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

  it('X-Amz-Date twice: header-duplicated', async () => {
    const { headers, ...request } = signRequest(goodDraft(server, world.device));
    const twice = { ...headers, 'x-amz-date': [headers['X-Amz-Date'], headers['X-Amz-Date']] };
    await expectRefusal(
      { ...request, headers: twice as unknown as Record<string, string> },
      { reason: 'header-duplicated', status: 400, type: 'ValidationException' },
    );
  });

  it.each([
    ['that is no certificate', 'chain-malformed', ['VEVTVA==']],
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
  const rsa = Authority.root(join(world.directory, 'rsa'), { key: 'RSA-2048' });
  const cases = [
    ['version1', 'leaf-version', insufficient, root],
    ['authority', 'leaf-is-ca', insufficient, root],
    ['withoutKeyUsage', 'leaf-no-digital-signature', insufficient, root],
    ['withoutDigitalSignature', 'leaf-no-digital-signature', insufficient, root],
    ['sha1', 'leaf-weak-signature', insufficient, root],
    ['sha224', 'leaf-weak-signature', insufficient, root],
    ['md5', 'leaf-weak-signature', insufficient, rsa],
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

  it('on a curve AWS does not name: key-unsupported', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
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
  const cases: readonly [
    what: string,
    reason: Reason,
    make: () => { leaf: Authority; chain: Authority[] },
  ][] = [
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
      'an issuer signed with SHA-1',
      'chain-weak-signature',
      () => {
        const weak = root.intermediate(at('sha1'), { digest: 'sha1' });
        return { leaf: weak, chain: [weak] };
      },
    ],
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
    const { leaf, chain } = make();
    const device = deviceOf(
      leaf.identity(),
      chain.length === 0 ? undefined : chain.map((one) => one.certificate.pem),
    );
    await expectRefusal(signRequest(goodDraft(server, device)), { reason, ...untrusted });
  });

  it('of an anchor that has expired: chain-validity', async () => {
    const old = Authority.root(at('old-root'), {
      notBefore: new Date(Date.now() - 9 * day),
      notAfter: new Date(Date.now() - day),
    });
    server.account = describedAccount(world.describe(old.certificate.pem));
    await expectRefusal(signRequest(goodDraft(server, deviceOf(old.identity()))), {
      reason: 'chain-validity',
      ...untrusted,
    });
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
