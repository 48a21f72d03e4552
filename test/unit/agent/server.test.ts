import { describe, expect, it } from 'vitest';
import { AppError, errorTable } from '../../../src/shared/errors.ts';
import type { State } from '../../../src/shared/model.ts';
import { createWorld, requestOf } from './world.ts';

const idle: State = { activity: 'idle', reason: null, serving: null, retryAt: null, error: null };

function error(code: string) {
  return { error: expect.objectContaining({ code }) as unknown };
}

describe('a call', () => {
  it.each([
    ['/v1/status', 'status', {}],
    ['/v1/status', 'status', { accounts: ['a'] }],
    ['/v1/accounts-list', 'accountsList', {}],
    ['/v1/accounts-remove', 'accountsRemove', { accounts: ['a'] }],
    ['/v1/connect', 'connect', { select: { all: true }, timeoutMs: 1000 }],
    ['/v1/disconnect', 'disconnect', { select: { accounts: ['a'] } }],
    ['/v1/lock', 'lock', {}],
    ['/v1/credentials', 'credentials', { account: 'a' }],
    ['/v1/tokens', 'tokens', { pkcs11Lib: null, login: false }],
    ['/v1/whoami', 'whoami', { account: 'a' }],
    ['/v1/shutdown', 'shutdown', {}],
  ])('%s is %s', async (path, name, input) => {
    const { world, send, asked } = createWorld();
    world.respond = () => ({ answer: name });
    const answer = await send({ path, body: JSON.stringify(input) });
    expect(answer).toMatchObject({ status: 200, json: { answer: name } });
    expect(asked).toEqual([expect.objectContaining({ name, input })]);
  });

  it('may have no body', async () => {
    const { send, asked } = createWorld();
    expect((await send({ body: '' })).status).toBe(200);
    expect(asked).toEqual([expect.objectContaining({ name: 'status', input: {} })]);
  });

  it('is answered as JSON that no one keeps, with the protocol’s version', async () => {
    const { send } = createWorld();
    for (const path of ['/v1/status', '/v1/bogus']) {
      expect((await send({ path })).headers).toEqual({
        'rolekey-protocol': '1',
        'content-type': 'application/json',
        'cache-control': 'no-store',
      });
    }
  });
});

describe('who calls', () => {
  const callerOf = async (headers: Record<string, string>) => {
    const { send, asked } = createWorld();
    await send({ headers: { 'rolekey-protocol': '1', ...headers } });
    return asked[0]!.caller;
  };

  it('is at the agent’s door, nameless without a name', async () => {
    expect(await callerOf({})).toEqual({ door: 'agent', client: null, saysItIs: 'a program' });
  });

  it('is who it says', async () => {
    const caller = await callerOf({ 'rolekey-client': 'c-1', 'rolekey-command': 'rolekey%20connect' });
    expect(caller).toEqual({ door: 'agent', client: 'c-1', saysItIs: 'rolekey connect' });
  });

  it.each([
    ['%E2%80%AEevil', 'evil'],
    ['a%0D%0Ab%00c%1B%5B2J', 'abc[2J'],
    ['x'.repeat(200), 'x'.repeat(80)],
    ['%E0%A4%A', 'a program'],
    ['%0A', 'a program'],
    ['Team-Portal (v2)', 'Team-Portal (v2)'],
    ['rolekey%E2%80%9D%20or%20%E2%80%9Cthe%20%22window%22%20%C2%BBit%C2%AB', 'rolekey or the window it'],
  ])('%s is shown as %j', async (encoded, shown) => {
    expect((await callerOf({ 'rolekey-command': encoded })).saysItIs).toBe(shown);
  });
});

it('shutdown is taken from a client of any version, and nothing else is', async () => {
  const { world, send, asked } = createWorld();
  world.respond = () => ({});
  for (const headers of [{}, { 'rolekey-protocol': '2' }]) {
    expect((await send({ path: '/v1/shutdown', headers })).status).toBe(200);
    expect((await send({ path: '/v1/shutdown', method: 'GET', headers })).status).toBe(426);
    expect((await send({ path: '/v1/shutdown/', headers })).status).toBe(426);
  }
  expect(asked.map(({ name }) => name)).toEqual(['shutdown', 'shutdown']);
});

describe('refused, with nothing done, is', () => {
  it.each<[string, Parameters<typeof requestOf>[0], number, string]>([
    ['no version', { headers: {} }, 426, 'agent-version'],
    ['another version', { headers: { 'rolekey-protocol': '2' } }, 426, 'agent-version'],
    ['nearly the version', { headers: { 'rolekey-protocol': '1.0' } }, 426, 'agent-version'],
    ['another method', { method: 'GET' }, 400, 'usage-invalid'],
    ['yet another', { method: 'DELETE' }, 400, 'usage-invalid'],
    ['events by POST', { path: '/v1/events' }, 400, 'usage-invalid'],
    ['no path', { path: '' }, 400, 'usage-invalid'],
    ['the root', { path: '/' }, 400, 'usage-invalid'],
    ['an unknown path', { path: '/v1/bogus' }, 400, 'usage-invalid'],
    ['another version’s path', { path: '/v2/status' }, 400, 'usage-invalid'],
    ['the name in place of the path', { path: '/v1/accountsList' }, 400, 'usage-invalid'],
    ['a slash more', { path: '/v1/status/' }, 400, 'usage-invalid'],
    ['a path that climbs', { path: '/v1/../v1/status' }, 400, 'usage-invalid'],
    ['capital letters', { path: '/V1/STATUS' }, 400, 'usage-invalid'],
    ['a prototype’s name', { path: '/v1/to-string' }, 400, 'usage-invalid'],
    ['another prototype’s name', { path: '/v1/__proto__' }, 400, 'usage-invalid'],
    ['a prompt’s answer without its prompt', { path: '/v1/answer-prompt' }, 400, 'usage-invalid'],
    ['no JSON', { body: '{' }, 400, 'usage-invalid'],
    ['JSON that is no object', { body: '[]' }, 400, 'usage-invalid'],
    ['null', { body: 'null' }, 400, 'usage-invalid'],
    ['a member too many', { body: '{"x":1}' }, 400, 'usage-invalid'],
    ['a prototype', { body: '{"__proto__":{"accounts":["a"]}}' }, 400, 'usage-invalid'],
    ['a constructor', { body: '{"constructor":{"prototype":{"x":1}}}' }, 400, 'usage-invalid'],
    ['a member of another type', { body: '{"accounts":"a"}' }, 400, 'usage-invalid'],
    [
      'an id too long',
      { path: '/v1/credentials', body: `{"account":"${'a'.repeat(201)}"}` },
      400,
      'usage-invalid',
    ],
    [
      'a prompt id that is no text',
      { path: '/v1/prompts/%E0%A4%A', body: '{"cancel":true}' },
      400,
      'usage-invalid',
    ],
  ])('%s', async (_, request, status, code) => {
    const { send, asked, logger } = createWorld();
    expect(await send(request)).toMatchObject({ status, json: error(code) });
    expect(asked).toEqual([]);
    expect(logger.entries).toEqual([]);
  });

  it('a fields object with a prototype', async () => {
    const { send, asked } = createWorld();
    const body =
      '{"id":"a","fields":{"__proto__":{"roleArn":"x"}},"adopt":false,"allowDefault":false,"dryRun":true}';
    expect(await send({ path: '/v1/accounts-add', body })).toMatchObject({ status: 400 });
    expect(asked).toEqual([]);
    expect(({} as Record<string, unknown>).roleArn).toBeUndefined();
  });

  it('says where it is not valid', async () => {
    const { send } = createWorld();
    const { json } = await send({
      path: '/v1/connect',
      body: '{"select":{"all":true},"timeoutMs":-1}',
    });
    expect(json).toMatchObject({
      error: { message: expect.stringMatching(/^The request is not valid: timeoutMs: .+\.$/) as string },
    });
  });
});

describe('a failure of the engine', () => {
  it('crosses whole: code, message, remedy, request id', async () => {
    const { world, send, logger } = createWorld();
    world.respond = () => {
      throw new AppError('aws-access-denied', { message: 'M.', remedy: 'R.', requestId: 'q-1' });
    };
    expect(await send({})).toMatchObject({
      status: 400,
      json: { error: { code: 'aws-access-denied', message: 'M.', remedy: 'R.', requestId: 'q-1' } },
    });
    expect(logger.entries).toEqual([]);
  });

  it('that nobody expected is logged, and keeps its text from the caller', async () => {
    const { world, send, logger } = createWorld();
    world.respond = () => {
      throw new TypeError('inner text');
    };
    const answer = await send({});
    expect(answer).toMatchObject({
      status: 500,
      json: { error: { code: 'internal', message: errorTable.internal.message } },
    });
    expect(answer.text).not.toContain('inner text');
    expect(logger.entries).toMatchObject([
      { level: 'error', event: 'call-failed', fields: { path: '/v1/status' } },
    ]);
  });
});

describe('an answer to a prompt', () => {
  it.each([
    ['p-1', '{"secret":"123456"}', { secret: '123456' }],
    ['p-1', '{"cancel":true}', { cancel: true }],
    ['a/b', '{"accept":true}', { accept: true }],
  ])('to %s: %s', async (id, body, answer) => {
    const { send, asked } = createWorld();
    await send({ path: `/v1/prompts/${encodeURIComponent(id)}`, body });
    expect(asked).toEqual([expect.objectContaining({ name: 'answerPrompt', input: { id, answer } })]);
  });

  it.each([
    '{"secret":123456}',
    '{"secret":"123456","accept":true}',
    '{"id":"p-2","secret":"123456"}',
    `{"secret":"123456${'x'.repeat(1020)}"}`,
    '"123456"',
    '{"pin":"123456"}',
    '{"secret":"123456"',
  ])('%s is none, and is not repeated', async (body) => {
    const { send, asked, logger } = createWorld();
    const answer = await send({ path: '/v1/prompts/p-1', body });
    expect(answer).toMatchObject({ status: 400, json: error('usage-invalid') });
    expect(asked).toEqual([]);
    expect(answer.text + JSON.stringify(logger.entries)).not.toContain('123456');
  });

  it('is in no log and no event, also where the engine fails over it', async () => {
    const { world, send, listen, logger } = createWorld();
    const { heard } = await listen('c');
    world.respond = () => {
      throw new Error('broken');
    };
    const answer = await send({ path: '/v1/prompts/p-1', body: '{"secret":"123456"}' });
    expect(answer.text + JSON.stringify(logger.entries) + heard.join('')).not.toContain('123456');
  });
});

describe('the event stream', () => {
  it('begins at once, and says what happens as server-sent events', async () => {
    const { listen, hub } = createWorld();
    const { heard } = await listen();
    expect(heard).toEqual([': listening\n\n']);
    hub.emit({ name: 'state', payload: { account: 'a', state: idle } });
    expect(heard[1]).toBe(`event: state\ndata: ${JSON.stringify({ account: 'a', state: idle })}\n\n`);
  });

  it('carries text of several lines in one', async () => {
    const { listen, hub } = createWorld();
    const { heard } = await listen();
    const failed: State = {
      ...idle,
      activity: 'failed',
      error: { code: 'internal', message: 'a\n\nevent: prompt\ndata: {}', remedy: '', requestId: null },
    };
    hub.emit({ name: 'state', payload: { account: 'a', state: failed } });
    expect(heard[1]!.split('\n')).toHaveLength(4);
  });

  it('brings a question to the client that is asked, and to no other', async () => {
    const { listen, hub } = createWorld();
    const [mine, other, nameless] = [await listen('c-1'), await listen('c-2'), await listen()];
    hub.emitTo('c-1', { name: 'promptClosed', payload: { id: 'p' } });
    expect(mine.heard).toHaveLength(2);
    expect([other.heard, nameless.heard]).toEqual([[': listening\n\n'], [': listening\n\n']]);
  });

  it('ends with its client, who is told to be gone', async () => {
    const { listen, hub } = createWorld();
    const gone: string[] = [];
    hub.onGone((client) => gone.push(client));
    const { heard, close } = await listen('c-1');
    close();
    hub.emit({ name: 'promptClosed', payload: { id: 'p' } });
    expect(heard).toHaveLength(1);
    expect(gone).toEqual(['c-1']);
  });

  it('is refused to another version', async () => {
    const { server } = createWorld();
    const answer = await server(requestOf({ method: 'GET', path: '/v1/events', headers: {} }));
    expect(answer.status).toBe(426);
  });
});
