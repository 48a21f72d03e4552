/** What a page may send, and what comes back. */
import { describe, expect, it } from 'vitest';
import {
  calls,
  callsAt,
  type Caller,
  type CallName,
  type Door,
  type Handlers,
} from '../../../src/shared/api.ts';
import { AppError } from '../../../src/shared/errors.ts';
import { answerCall } from '../../../src/main/electron/door.ts';
import { FakeLogger } from '../../support/fakes/logger.ts';

function createDoor(door: Exclude<Door, 'agent'>, respond: () => unknown = () => ({})) {
  const asked: { readonly name: string; readonly input: unknown; readonly caller: Caller }[] = [];
  const logger = new FakeLogger();
  // More than the door shows: what is reached is the door's doing, not the lack of a handler.
  const handlers = Object.fromEntries(
    Object.keys(calls).map((name) => [
      name,
      async (input: unknown, caller: Caller) => {
        asked.push({ name, input, caller });
        return respond();
      },
    ]),
  ) as unknown as Handlers<typeof door>;
  const options = { door, handlers: () => handlers, client: 'c-1', logger };
  const send = async (name: unknown, text: unknown, isOurs = true): Promise<unknown> =>
    JSON.parse(await answerCall(options, isOurs, name, text)) as unknown;
  return { send, asked, logger };
}

const refused = { error: { code: 'usage-invalid' } };
const doors = ['window', 'pin-window'] as const;

describe.each(doors)('the door %s', (door) => {
  const shown: readonly CallName[] = callsAt(door);
  const others = (Object.keys(calls) as CallName[]).filter((name) => !shown.includes(name));

  it('shows what is marked for it', () => {
    expect(shown).toEqual(
      (Object.keys(calls) as CallName[]).filter((name) =>
        (calls[name].doors as readonly string[]).includes(door),
      ),
    );
    expect(shown.length).toBeGreaterThan(0);
  });

  it.each(others)('does not show %s', async (name) => {
    const { send, asked } = createDoor(door);
    expect(await send(name, '{}')).toMatchObject(refused);
    expect(asked).toEqual([]);
  });
});

it('the main window has no call for a PIN, for credentials, or to end the agent', () => {
  const shown: readonly string[] = callsAt('window');
  for (const name of [
    'answerPrompt',
    'currentPrompt',
    'credentials',
    'shutdown',
    'takeover',
    'accountsImport',
  ]) {
    expect(shown).not.toContain(name);
  }
});

it('the PIN window can answer its question and nothing else', () => {
  expect(callsAt('pin-window')).toEqual(['answerPrompt', 'currentPrompt']);
});

it('a call is answered with what the handler gives, and knows who calls', async () => {
  const { send, asked } = createDoor('window', () => ({ results: [] }));
  expect(await send('disconnect', '{"select":{"all":true}}')).toEqual({ result: { results: [] } });
  expect(asked).toEqual([
    {
      name: 'disconnect',
      input: { select: { all: true } },
      caller: { door: 'window', client: 'c-1', saysItIs: 'window' },
    },
  ]);
});

describe('what is no call goes no further', () => {
  const status = 'status';
  it.each<readonly [what: string, name: unknown, text: unknown]>([
    ['an unknown name', 'format', '{}'],
    ['a name of every object', 'toString', '{}'],
    ['the prototype’s name', '__proto__', '{}'],
    ['no text as name', 7, '{}'],
    ['an object as name', { toString: () => status }, '{}'],
    ['an object in place of a text', status, {}],
    ['nothing', status, undefined],
    ['no JSON', status, '{'],
    ['an unknown field', status, '{"path":"/etc/passwd"}'],
    ['a field of the wrong type', 'connect', '{"select":{"all":1},"timeoutMs":0}'],
    ['more than 1 MiB', 'readCommandLine', JSON.stringify({ commandLine: 'x'.repeat(1024 * 1024) })],
    [
      'a command line that is too long',
      'readCommandLine',
      JSON.stringify({ commandLine: 'x'.repeat(65_537) }),
    ],
  ])('%s', async (_what, name, text) => {
    const { send, asked } = createDoor('window');
    expect(await send(name, text)).toMatchObject(refused);
    expect(asked).toEqual([]);
  });

  it('another page’s, or a frame’s', async () => {
    const { send, asked, logger } = createDoor('window');
    expect(await send(status, '{}', false)).toMatchObject(refused);
    expect(asked).toEqual([]);
    expect(logger.entries).toHaveLength(1);
  });

  it('a prototype in the input pollutes nothing', async () => {
    const { send, asked } = createDoor('window');
    expect(await send('checkAccount', '{"id":"a","fields":{},"__proto__":{"admin":true}}')).toMatchObject(
      refused,
    );
    await send('checkAccount', '{"id":"a","fields":{"label":"l"}}');
    expect(asked.map(({ input }) => Object.getPrototypeOf(input) as unknown)).toEqual([Object.prototype]);
    expect('admin' in {}).toBe(false);
  });
});

describe('an error', () => {
  it('keeps code, sentence, remedy and request ID', async () => {
    const error = { code: 'aws-failed', message: 'No.', remedy: 'Wait.', requestId: 'r-1' } as const;
    const { send, logger } = createDoor('window', () => {
      throw new AppError(error.code, error);
    });
    expect(await send('lock', '{}')).toEqual({ error });
    expect(logger.entries).toEqual([]);
  });

  it('that nobody expected keeps its text to itself, and is logged', async () => {
    const { send, logger } = createDoor('window', () => {
      throw new Error('secret');
    });
    const answer = await send('lock', '{}');
    expect(answer).toMatchObject({ error: { code: 'internal' } });
    expect(JSON.stringify(answer)).not.toContain('secret');
    expect(logger.entries).toHaveLength(1);
  });
});
