/** `whoami`: STS GetCallerIdentity with the credentials an account serves. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { World } from '../../support/world/world.ts';
import { documentOf, jsonFailure, success, textFailure } from './expectations.ts';
import { whoami } from './shapes.ts';

let world: World;

beforeAll(async () => {
  world = await World.open();
  await world.startAgent({ AWS_ENDPOINT_URL_STS: world.server.url });
  for (const id of ['dev', 'prod', 'idle']) await world.addAccount(id);
  await world.addAccount('plugged-out', '--private-key', 'pkcs11:token=elsewhere;id=%01');
  await world.connect('dev', 'prod');
  await world.rolekey(['connect', 'plugged-out']);
});
afterAll(() => world.dispose());
beforeEach(() => world.server.faults.clear());

const ask = (...ids: readonly string[]) => world.rolekey(['whoami', ...ids, '--json']);

describe('whoami', () => {
  it('answers who each account is, in argument order, and that it matches', async () => {
    const { results } = success(await ask('prod', 'dev'), whoami);
    expect(results.map(({ account }) => account)).toEqual(['prod', 'dev']);
    for (const { account, Account, Arn, UserId, matches } of results) {
      expect(Account).toBe('123456789012');
      expect(Arn).toMatch(new RegExp(`^arn:aws:sts::123456789012:assumed-role/${account}/.+$`));
      expect(UserId).toMatch(/^AROA[A-Z0-9]+:.+$/);
      expect(matches).toBe(true);
    }
  });

  it('really asks STS, with a good signature', async () => {
    world.server.requests.length = 0;
    await ask('dev');
    expect(world.server.requests.map(({ operation, verdict }) => [operation, verdict])).toEqual([
      ['get-caller-identity', 'accepted'],
    ]);
  });

  it('tells people account and ARN on a line', async () => {
    const result = await world.rolekey(['whoami', 'dev']);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toMatch(/^dev\b.*arn:aws:sts::123456789012:assumed-role\/dev\/[^\n]*\n$/);
  });

  it.each([
    ['idle', 3],
    ['plugged-out', 4],
    ['nobody', 2],
  ])('of %s is exit %d', async (id, exit) => {
    expect((await ask(id)).code).toBe(exit);
    textFailure(await world.rolekey(['whoami', id]), exit);
  });

  it('of several is as the first that failed', async () => {
    expect((await ask('dev', 'idle', 'plugged-out')).code).toBe(3);
    expect((await ask('plugged-out', 'dev', 'idle')).code).toBe(4);
  });

  it.each([
    ['AWS is overloaded', { kind: 'throttle' }, 'aws-throttled'],
    ['AWS fails', { kind: 'error', status: 500 }, 'aws-failed'],
    ['a web page comes', { kind: 'html' }, 'response-invalid'],
    ['nothing comes', { kind: 'nothing' }, 'response-invalid'],
    ['garbage comes', { kind: 'garbage' }, 'response-invalid'],
    [
      'it is sent elsewhere',
      { kind: 'redirect', location: 'https://elsewhere.example/' },
      'response-invalid',
    ],
    ['the connection is cut', { kind: 'drop' }, 'network-unreachable'],
  ] as const)('where %s', async (_what, fault, code) => {
    world.server.faults.add({ ...fault, operation: 'get-caller-identity', times: 'until-cleared' });
    jsonFailure(await ask('dev'), code);
  });
});

describe('another identity than the account’s', () => {
  it('is matches false and exit 5, with the document all the same', async () => {
    // AWS’s words for the session change, and no request of ours is at fault.
    const other = 'arn:aws:sts::999999999999:assumed-role/admin/x';
    const { createServer } = await import('node:http');
    const server = createServer((_request, response) => {
      response
        .writeHead(200, { 'content-type': 'text/xml' })
        .end(
          `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>${other}</Arn><UserId>AROAX:x</UserId><Account>999999999999</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>`,
        );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const env = {
      ROLEKEY_SOCKET: `${world.folder('home/second')}/agent.sock`,
      AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${String(port)}`,
    };
    try {
      await world.startAgent(env);
      const connect = ['connect', 'dev', '--pin-stdin'];
      await world.rolekey(connect, { env, stdin: '274519\n' });
      const result = await world.rolekey(['whoami', 'dev', '--json'], { env });
      expect(documentOf(result, whoami).results).toEqual([
        { account: 'dev', Account: '999999999999', Arn: other, UserId: 'AROAX:x', matches: false },
      ]);
      expect(result.code).toBe(5);
      const text = await world.rolekey(['whoami', 'dev'], { env });
      expect(text.code).toBe(5);
      expect(text.stderr).toMatch(/^rolekey: dev: [^\n]+\n$/);

      // Where another cannot be asked there is one error, that of the first that failed.
      const first = async (...ids: string[]) => world.rolekey(['whoami', ...ids, '--json'], { env });
      jsonFailure(await first('dev', 'idle'), 'identity-mismatch');
      expect(await first('idle', 'dev')).toMatchObject({ code: 3 });
      jsonFailure(await first('nobody', 'dev', 'idle'), 'account-unknown');
    } finally {
      server.closeAllConnections();
      server.close();
      await world.rolekey(['agent', 'stop'], { env });
    }
  });
});
