/** A call is reachable at the doors that show it and at no other: one is made up for the window alone. */
import { expect, it, vi } from 'vitest';
import type * as Api from '../../../src/shared/api.ts';

vi.mock(import('../../../src/shared/api.ts'), async (importOriginal) => {
  const original = await importOriginal();
  const { status, lock } = original.calls;
  return {
    ...original,
    calls: {
      ...original.calls,
      onlyWindow: { ...status, doors: ['window'] },
      onlyPinWindow: { ...lock, doors: ['pin-window'] },
      answerPrompt: { ...original.calls.answerPrompt, doors: ['pin-window'] },
    } as unknown as typeof Api.calls,
  };
});

const { createWorld } = await import('./world.ts');

it.each(['/v1/only-window', '/v1/only-pin-window'])('%s is not there', async (path) => {
  const { send, asked } = createWorld();
  expect(await send({ path })).toMatchObject({ status: 400, json: { error: { code: 'usage-invalid' } } });
  expect(asked).toEqual([]);
});

it('the made-up calls do not take others away', async () => {
  const { send, asked } = createWorld();
  expect((await send({})).status).toBe(200);
  expect(asked).toHaveLength(1);
});

it('answers to prompts come in at this door because they are marked for it, and only then', async () => {
  const { send, asked } = createWorld();
  expect((await send({ path: '/v1/prompts/p-1', body: '{"cancel":true}' })).status).toBe(400);
  expect(asked).toEqual([]);
});
