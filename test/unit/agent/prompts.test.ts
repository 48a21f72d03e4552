/** Questions from engine to client and back, through the server's door. */
import { expect, it } from 'vitest';
import { PromptBroker } from '../../../src/main/prompt-broker.ts';
import { FakeClock, settle } from '../../support/fakes/clock.ts';
import { createWorld } from './world.ts';
import { pinQuestion as pin } from '../prompt-questions.ts';

function open() {
  const parts = createWorld();
  const broker = new PromptBroker(new FakeClock(), parts.hub);
  return { ...parts, broker };
}

const promptIn = (heard: readonly string[]): { id: string } =>
  JSON.parse(/^event: prompt\ndata: (.*)\n\n$/m.exec(heard.join(''))![1]!) as { id: string };

it('a question reaches who began the work, and the answer is handed to the engine alone', async () => {
  const { broker, listen, send, asked, logger } = open();
  const [mine, other] = [await listen('c-1'), await listen('c-2')];
  const answer = broker.promptsFor('c-1', 1000).ask(pin);
  const { id } = promptIn(mine.heard);
  expect(other.heard).toHaveLength(1);
  await send({ path: `/v1/prompts/${id}`, body: '{"secret":"123456"}' });
  const { input } = asked[0]!;
  expect(input).toEqual({ id, answer: { secret: '123456' } });
  broker.answer(id, { secret: '123456' });
  expect(await answer).toEqual({ secret: '123456' });
  expect([...mine.heard, ...other.heard, JSON.stringify(logger.entries)].join('')).not.toContain('123456');
});

it('a client that goes away cancels its questions', async () => {
  const { broker, listen } = open();
  const { heard, close } = await listen('c-1');
  const answer = broker.promptsFor('c-1', 60_000).ask(pin);
  expect(promptIn(heard).id).not.toBe('');
  close();
  expect(await answer).toBeNull();
});

it('one that listens twice is gone only when it has left twice', async () => {
  const { broker, listen } = open();
  const [first, second] = [await listen('c-1'), await listen('c-1')];
  let answered = false;
  const answer = broker
    .promptsFor('c-1', 60_000)
    .ask(pin)
    .then(() => (answered = true));
  first.close();
  await settle();
  expect(answered).toBe(false);
  second.close();
  await answer;
});
