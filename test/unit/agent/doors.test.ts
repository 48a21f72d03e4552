/** The socket reaches the calls that are marked for it and no other, and hears no other events. */
import { expect, it } from 'vitest';
import { calls, events, type CallName, type EngineEvent } from '../../../src/shared/api.ts';
import { callPath } from '../../../src/shared/wire.ts';
import { createWorld } from './world.ts';

const names = Object.keys(calls) as Exclude<CallName, 'answerPrompt'>[];
const isForAgent = (name: CallName): boolean => (calls[name].doors as readonly string[]).includes('agent');
const elsewhere = names.filter((name) => !isForAgent(name));

it('there are calls that are not for the socket', () => {
  expect(elsewhere).toContain('addAccount');
  expect(elsewhere).toContain('currentPrompt');
});

it.each(elsewhere)('%s cannot be reached', async (name) => {
  const { send, asked } = createWorld();
  expect(await send({ path: callPath(name) })).toMatchObject({
    status: 400,
    json: { error: { code: 'usage-invalid' } },
  });
  expect(asked).toEqual([]);
});

it.each(['/v1/to-string', '/v1/constructor', '/v1/__proto__', '/v1/answer-prompt'])(
  '%s is no call',
  async (path) => {
    const { send, asked } = createWorld();
    expect((await send({ path })).status).toBe(400);
    expect(asked).toEqual([]);
  },
);

it('an event of the window alone is not told', async () => {
  expect(events.reveal.doors).toEqual(['window']);
  const { hub, listen } = createWorld();
  const { heard } = await listen();
  const told = heard.length;
  hub.emit({ name: 'reveal', payload: { account: 'dev' } } satisfies EngineEvent);
  expect(heard).toHaveLength(told);
  hub.emit({ name: 'accounts', payload: {} });
  expect(heard).toHaveLength(told + 1);
});
