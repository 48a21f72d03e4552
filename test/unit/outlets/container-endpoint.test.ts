/** What the container endpoint answers: one row per rule, and a property over requests of all kinds. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  answerContainerRequest,
  containerPath,
  tokenDigest,
  type ContainerEndpoint,
  type ContainerRequest,
} from '../../../src/main/outlets/container-endpoint.ts';
import { AppError } from '../../../src/shared/errors.ts';

const now = Date.UTC(2026, 10, 24, 12, 0, 0);
const tokens = { dev: 'T'.repeat(43), ops: 'U'.repeat(43), gone: 'V'.repeat(43), broken: 'W'.repeat(43) };
const secrets = ['ASIAEXAMPLE', 'SECRET', 'SESSION'];

const endpoint = (expiresAt = now + 3_600_000): ContainerEndpoint => ({
  port: 4711,
  grants: Object.entries(tokens).map(([account, token]) => ({ account, tokenDigest: tokenDigest(token) })),
  serving: (account) => {
    if (account === 'gone') {
      throw new AppError('not-connected', {
        message: 'The account gone is not connected.',
        remedy: 'Connect it.',
      });
    }
    if (account === 'broken') throw new TypeError(`undefined is not SECRET`);
    return {
      credentials: {
        accessKeyId: `ASIAEXAMPLE${account}`,
        secretAccessKey: 'SECRET',
        sessionToken: 'SESSION',
      },
      expiresAt,
      roleArn: `arn:aws:iam::123456789012:role/${account}`,
    };
  },
});

const asked = (account: keyof typeof tokens): ContainerRequest => ({
  method: 'GET',
  target: `/accounts/${account}`,
  headers: [
    ['Host', '127.0.0.1:4711'],
    ['Authorization', tokens[account]],
    ['Accept', 'application/json'],
  ],
});
const answerTo = (request: ContainerRequest, given = endpoint()) => {
  const answer = answerContainerRequest(request, given, now);
  return { ...answer, json: JSON.parse(answer.body) as { code?: string; message?: string } };
};
const withHeader = (...line: readonly [string, string]): ContainerRequest => {
  const request = asked('dev');
  const others = request.headers.filter(([name]) => name.toLowerCase() !== line[0].toLowerCase());
  return { ...request, headers: [...others, line] };
};
const without = (name: string): ContainerRequest => {
  const request = asked('dev');
  return { ...request, headers: request.headers.filter(([each]) => each !== name) };
};
const also = (...lines: readonly (readonly [string, string])[]): ContainerRequest => {
  const request = asked('dev');
  return { ...request, headers: [...request.headers, ...lines] };
};

describe('who has the token and asks as SDKs do', () => {
  it('gets what the account serves, in the members SDKs read', () => {
    expect(answerTo(asked('dev'))).toMatchObject({
      status: 200,
      json: {
        AccessKeyId: 'ASIAEXAMPLEdev',
        SecretAccessKey: 'SECRET',
        Token: 'SESSION',
        Expiration: '2026-11-24T13:00:00Z',
        RoleArn: 'arn:aws:iam::123456789012:role/dev',
      },
    });
  });

  it.each([
    ['another name of this computer', withHeader('Host', 'localhost:4711')],
    ['a name in capitals', withHeader('host', 'LocalHost:4711')],
    [
      'header names in any case',
      { ...asked('dev'), headers: asked('dev').headers.map(([n, v]) => [n.toUpperCase(), v] as const) },
    ],
    ['a body of no bytes', also(['Content-Length', '0'])],
    ['what clients of Node’s fetch send', also(['Sec-Fetch-Mode', 'cors'], ['Accept-Language', '*'])],
  ])('also by %s', (_, request) => {
    expect(answerTo(request).status).toBe(200);
  });
});

describe('everybody else is refused, and told no more than why', () => {
  it.each<[string, ContainerRequest, number, string]>([
    ['no Host', without('Host'), 403, 'host-refused'],
    ['a Host of elsewhere', withHeader('Host', 'evil.example:4711'), 403, 'host-refused'],
    ['a Host without the port', withHeader('Host', '127.0.0.1'), 403, 'host-refused'],
    ['a Host of another port', withHeader('Host', '127.0.0.1:80'), 403, 'host-refused'],
    ['a Host of another loopback address', withHeader('Host', '127.0.0.2:4711'), 403, 'host-refused'],
    ['a Host of IPv6', withHeader('Host', '[::1]:4711'), 403, 'host-refused'],
    ['a Host that begins as ours', withHeader('Host', 'localhost:4711.evil.example'), 403, 'host-refused'],
    ['a Host with a user', withHeader('Host', 'me@127.0.0.1:4711'), 403, 'host-refused'],
    ['a Host with a dot behind it', withHeader('Host', 'localhost.:4711'), 403, 'host-refused'],
    ['two Hosts', also(['Host', 'evil.example']), 403, 'host-refused'],
    ['an Origin', also(['Origin', 'http://127.0.0.1:4711']), 403, 'origin-refused'],
    ['an Origin of null', also(['origin', 'null']), 403, 'origin-refused'],
    ['a browser’s mark', also(['Sec-Fetch-Site', 'none']), 403, 'origin-refused'],
    ['X-Forwarded-For', also(['X-Forwarded-For', '10.0.0.1']), 403, 'origin-refused'],
    ['X-Forwarded-Host', also(['x-forwarded-host', '127.0.0.1:4711']), 403, 'origin-refused'],
    ['X-Real-IP', also(['X-Real-IP', '10.0.0.1']), 403, 'origin-refused'],
    ['Forwarded', also(['Forwarded', 'for=10.0.0.1']), 403, 'origin-refused'],
    ['Via', also(['Via', '1.1 proxy']), 403, 'origin-refused'],
    ...['POST', 'PUT', 'HEAD', 'OPTIONS', 'TRACE', 'DELETE', 'get'].map(
      (method): [string, ContainerRequest, number, string] => [
        method,
        { ...asked('dev'), method },
        405,
        'method-refused',
      ],
    ),
    ['a body', also(['Content-Length', '1']), 400, 'body-refused'],
    ['a body in chunks', also(['Transfer-Encoding', 'chunked']), 400, 'body-refused'],
    ['two lengths', also(['Content-Length', '0'], ['Content-Length', '4']), 400, 'body-refused'],
    ['no token', without('Authorization'), 403, 'token-refused'],
    ['an empty token', withHeader('Authorization', ''), 403, 'token-refused'],
    ['a wrong token', withHeader('Authorization', 'X'.repeat(43)), 403, 'token-refused'],
    ['the token cut short', withHeader('Authorization', tokens.dev.slice(1)), 403, 'token-refused'],
    ['the token and more', withHeader('Authorization', `${tokens.dev}T`), 403, 'token-refused'],
    [
      'the token in another case',
      withHeader('Authorization', tokens.dev.toLowerCase()),
      403,
      'token-refused',
    ],
    ['two tokens', also(['Authorization', tokens.dev]), 403, 'token-refused'],
    ['another account’s token', withHeader('Authorization', tokens.ops), 403, 'token-refused'],
    ...[
      ...['/', '', '*', '/accounts', '/accounts/', '/accounts/nobody', '/accounts/dev/', '//accounts/dev'],
      ...['/accounts//dev', '/accounts/./dev', '/accounts/ops/../dev', '/accounts/%64ev', '/accounts/dev%00'],
      ...['/accounts/dev?x=1', '/accounts/dev#x', '/accounts/dev;x', '/Accounts/dev', '/accounts/DEV'],
      ...['http://127.0.0.1:4711/accounts/dev', '/accounts\\dev', '/accounts/dev ', '/accounts/__proto__'],
    ].map((target): [string, ContainerRequest, number, string] => [
      `the path “${target}”`,
      { ...asked('dev'), target },
      403,
      'token-refused',
    ]),
    ['an account that is not connected', asked('gone'), 404, 'not-connected'],
    ['a fault of ours', asked('broken'), 500, 'internal'],
  ])('for %s', (_, request, status, code) => {
    const answer = answerTo(request);
    expect(answer).toMatchObject({ status, json: { code } });
    expect(answer.json.message).toMatch(/^[A-Z].*\.$/);
    for (const secret of [...secrets, ...Object.values(tokens)]) expect(answer.body).not.toContain(secret);
  });

  it('in the words of the agent where the account does not serve', () => {
    expect(answerTo(asked('gone')).json.message).toBe('The account gone is not connected. Connect it.');
  });

  it('names what is answered where the method is another', () => {
    expect(answerTo({ ...asked('dev'), method: 'POST' }).headers.allow).toBe('GET');
  });

  it.each([now, now - 1, 0])('for credentials that expired at %d', (expiresAt) => {
    expect(answerTo(asked('dev'), endpoint(expiresAt))).toMatchObject({
      status: 404,
      json: { code: 'session-expired' },
    });
  });

  it('where nobody was given a token', () => {
    const nobody = { ...endpoint(), grants: [] };
    for (const request of [asked('dev'), without('Authorization'), withHeader('Authorization', '')]) {
      expect(answerTo(request, nobody)).toMatchObject({ status: 403, json: { code: 'token-refused' } });
    }
  });
});

it('no answer may be kept, or read by a web page', () => {
  for (const request of [
    asked('dev'),
    asked('gone'),
    without('Host'),
    { ...asked('dev'), method: 'OPTIONS' },
  ]) {
    const { headers } = answerTo(request);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-type': 'application/json',
      connection: 'close',
    });
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  }
});

it('several tokens open one account, each nothing else', () => {
  const second = 'Y'.repeat(43);
  const grants = [...endpoint().grants, { account: 'dev', tokenDigest: tokenDigest(second) }];
  const given = { ...endpoint(), grants };
  expect(answerTo(asked('dev'), given).status).toBe(200);
  expect(answerTo(withHeader('Authorization', second), given).status).toBe(200);
  expect(
    answerTo({ ...withHeader('Authorization', second), target: containerPath('ops') }, given).status,
  ).toBe(403);
});

it('whatever is asked: credentials for the right token, path, Host and method alone', () => {
  const often = <T>(usual: fc.Arbitrary<T>, other: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 5, arbitrary: usual }, { weight: 1, arbitrary: other });
  const host = often(fc.constantFrom('127.0.0.1:4711', 'LOCALHOST:4711'), fc.constantFrom('127.0.0.1', 'x'));
  const token = often(fc.constantFrom(...Object.values(tokens)), fc.string());
  const more = fc.constantFrom<[string, string]>(
    ...([
      ['Host', '127.0.0.1:4711'],
      ['Origin', 'null'],
      ['Content-Length', '0'],
    ] as [string, string][]),
    ...([
      ['Content-Length', '1'],
      ['Accept', '*/*'],
      ['Via', 'x'],
      ['AUTHORIZATION', tokens.dev],
    ] as [string, string][]),
  );
  const request = fc.record({
    method: often(fc.constant('GET'), fc.constantFrom('POST', 'HEAD', 'OPTIONS')),
    target: often(fc.constantFrom('/accounts/dev', '/accounts/ops', '/accounts/gone'), fc.string()),
    headers: fc
      .tuple(host, token, fc.array(more, { maxLength: 2 }))
      .map(([h, t, lines]): [string, string][] => [['Host', h], ['Authorization', t], ...lines]),
  });
  let served = 0;
  fc.assert(
    fc.property(request, (given) => {
      const { status, body } = answerTo(given);
      const values = (name: string) =>
        given.headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
      const account = given.target.slice('/accounts/'.length);
      const mayHave =
        given.method === 'GET' &&
        ['/accounts/dev', '/accounts/ops'].includes(given.target) &&
        values('authorization').length === 1 &&
        values('authorization')[0] === tokens[account as 'dev'] &&
        values('host').length === 1 &&
        ['127.0.0.1:4711', 'localhost:4711'].includes(values('host')[0]!.toLowerCase()) &&
        values('origin').length + values('via').length === 0 &&
        values('content-length').every((value) => value === '0');
      if (mayHave) served += 1;
      expect(status === 200).toBe(mayHave);
      expect(body.includes('SECRET')).toBe(mayHave);
      expect(status).not.toBe(500);
    }),
    { numRuns: 1500, seed: 11 },
  );
  expect(served).toBeGreaterThan(50); // else it proves little
});
