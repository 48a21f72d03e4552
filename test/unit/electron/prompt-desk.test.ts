import { describe, expect, it } from 'vitest';
import type { Prompt, PromptAnswer } from '../../../src/shared/model.ts';
import { PromptDesk, promptsPerMinute } from '../../../src/main/electron/prompt-desk.ts';
import { failureOf } from '../failure-of.ts';
import { FakeClock } from '../../support/fakes/clock.ts';
import { FakeLogger } from '../../support/fakes/logger.ts';

type Pin = Extract<Prompt, { kind: 'pin' }>;

function pin(id: string, change: Partial<Pin> = {}): Pin {
  return {
    id,
    kind: 'pin',
    token: { label: 'demo', serial: '1' },
    accounts: ['Development'],
    askedBy: 'the Rolekey window',
    triesLeft: 3,
    finalTry: false,
    previous: null,
    mayRemember: true,
    ...change,
  };
}

/** A desk whose engine closes a question when it is answered. */
/** @param agree null: nobody answers the dialog. */
function createDesk(agree: boolean | null = true) {
  const clock = new FakeClock();
  const logger = new FakeLogger();
  const answers: { readonly id: string; readonly answer: PromptAnswer }[] = [];
  const shown: string[] = [];
  let closeByUser: (() => void) | null = null;
  const desk: PromptDesk = new PromptDesk({
    answer: async (id, answer) => {
      answers.push({ id, answer });
      desk.hear({ name: 'promptClosed', payload: { id } });
    },
    openView: (prompt, onClosed) => {
      shown.push(`open ${prompt.id}`);
      closeByUser = onClosed;
      return {
        ask: (prompt) => shown.push(`ask ${prompt.id}`),
        close: () => shown.push('close'),
      };
    },
    confirm: async ({ id }, signal) => {
      shown.push(`confirm ${id}`);
      signal.addEventListener('abort', () => shown.push(`away ${id}`));
      return agree ?? new Promise<boolean>(() => undefined);
    },
    clock,
    logger,
  });
  const prompt = (payload: Prompt): void => desk.hear({ name: 'prompt', payload });
  return { desk, clock, logger, answers, shown, prompt, closeByUser: () => closeByUser?.() };
}

it('opens a window for a question, and closes it a moment after the answer', async () => {
  const { desk, clock, answers, shown, prompt } = createDesk();
  prompt(pin('p-1'));
  expect(desk.current?.id).toBe('p-1');
  await desk.answer('p-1', { secret: '123456' });
  expect(answers).toEqual([{ id: 'p-1', answer: { secret: '123456' } }]);
  expect(desk.current).toBeNull();
  await clock.advance(1000);
  expect(shown).toEqual(['open p-1', 'close']);
});

it('asks again in the same window where the PIN was wrong', async () => {
  const { desk, clock, shown, prompt } = createDesk();
  prompt(pin('p-1'));
  await desk.answer('p-1', { secret: 'wrong' });
  await clock.advance(100);
  prompt(pin('p-2', { previous: 'incorrect' }));
  await clock.advance(5000);
  expect(shown).toEqual(['open p-1', 'ask p-2']);
});

it('asks one question at a time, the others after it', async () => {
  const { desk, clock, shown, prompt } = createDesk();
  prompt(pin('p-1'));
  prompt(pin('p-2'));
  prompt(pin('p-3'));
  expect(shown).toEqual(['open p-1']);
  desk.hear({ name: 'promptClosed', payload: { id: 'p-2' } }); // nobody waits for it any more
  await desk.answer('p-1', { secret: '1' });
  expect(shown).toEqual(['open p-1']); // it may have been wrong
  await clock.advance(1000);
  expect(shown).toEqual(['open p-1', 'ask p-3']);
});

it('asks again for the token whose PIN was wrong before it asks for another', async () => {
  const { desk, clock, shown, prompt } = createDesk();
  prompt(pin('p-1'));
  prompt(pin('other', { token: { label: 'second', serial: '2' } }));
  await desk.answer('p-1', { secret: 'wrong' });
  expect(desk.current).toBeNull();
  await clock.advance(100);
  prompt(pin('p-2', { previous: 'incorrect' }));
  await clock.advance(5000);
  expect(shown).toEqual(['open p-1', 'ask p-2']);
  await desk.answer('p-2', { secret: 'right' });
  await clock.advance(1000);
  expect(shown).toEqual(['open p-1', 'ask p-2', 'ask other']);
});

it('asks next for the token whose PIN was wrong where that took long to tell', async () => {
  const { desk, clock, shown, prompt } = createDesk();
  prompt(pin('p-1'));
  prompt(pin('other'));
  prompt(pin('third'));
  await desk.answer('p-1', { secret: 'wrong' });
  await clock.advance(2000);
  prompt(pin('p-2', { previous: 'incorrect' }));
  await desk.answer('other', { secret: 'right' });
  await clock.advance(1000);
  expect(shown).toEqual(['open p-1', 'ask other', 'ask p-2']);
});

it('takes a dialog away whose question became void', async () => {
  const { desk, clock, answers, shown, prompt } = createDesk(null);
  prompt({ id: 'm-1', kind: 'confirm-module', path: '/m.so', sha256: 'ab', askedBy: 'x' });
  prompt(pin('p-1'));
  desk.hear({ name: 'promptClosed', payload: { id: 'm-1' } });
  await clock.advance(1000);
  expect(shown).toEqual(['confirm m-1', 'away m-1', 'open p-1']);
  expect(answers).toEqual([]);
});

it('takes a closed window for a no, and goes on with the next question', async () => {
  const { clock, answers, shown, prompt, closeByUser } = createDesk();
  prompt(pin('p-1'));
  prompt(pin('p-2'));
  closeByUser();
  await clock.advance(1000);
  expect(answers).toEqual([{ id: 'p-1', answer: { cancel: true } }]);
  expect(shown).toEqual(['open p-1', 'open p-2']);
});

it('forgets a question that became void, and closes its window', async () => {
  const { desk, clock, answers, shown, prompt } = createDesk();
  prompt(pin('p-1'));
  desk.hear({ name: 'promptClosed', payload: { id: 'p-1' } });
  await clock.advance(1000);
  expect(shown).toEqual(['open p-1', 'close']);
  expect(answers).toEqual([]);
});

describe('an answer that was not asked for is refused', () => {
  it.each([
    ['of a question that waits', 'p-2'],
    ['of none', 'p-9'],
  ])('%s', async (_what, id) => {
    const { desk, answers, prompt } = createDesk();
    prompt(pin('p-1'));
    prompt(pin('p-2'));
    expect(await failureOf(desk.answer(id, { secret: 'x' }))).toMatchObject({ code: 'usage-invalid' });
    expect(answers).toEqual([]);
  });

  it('of one that only a dialog of the system may answer', async () => {
    const { desk, prompt } = createDesk();
    prompt({ id: 'm-1', kind: 'confirm-module', path: '/m.so', sha256: 'ab', askedBy: 'x' });
    expect(await failureOf(desk.answer('m-1', { accept: true }))).toMatchObject({
      code: 'usage-invalid',
    });
  });
});

it.each([
  [true, { accept: true }],
  [false, { cancel: true }],
])('asks for a module in a dialog of the system: %s', async (agree, answer) => {
  const { clock, answers, shown, prompt } = createDesk(agree);
  prompt({ id: 'm-1', kind: 'confirm-module', path: '/m.so', sha256: 'ab', askedBy: 'x' });
  await clock.advance(0);
  expect(answers).toEqual([{ id: 'm-1', answer }]);
  expect(shown).toEqual(['confirm m-1']);
});

describe('how many questions may come up', () => {
  it('is capped a minute; the others are refused without a word to the user', async () => {
    const { desk, clock, answers, logger, prompt } = createDesk();
    for (let n = 0; n < promptsPerMinute; n += 1) {
      prompt(pin(`p-${String(n)}`));
      await desk.answer(`p-${String(n)}`, { cancel: true });
      await clock.advance(1000);
    }
    prompt(pin('late'));
    expect(answers.at(-1)).toEqual({ id: 'late', answer: { cancel: true } });
    expect(desk.current).toBeNull();
    expect(logger.entries).toHaveLength(1);
    await clock.advance(60_000);
    prompt(pin('later'));
    expect(desk.current?.id).toBe('later');
  });

  it('does not count those that are answered', async () => {
    const { desk, clock, prompt } = createDesk();
    for (let n = 0; n < 3 * promptsPerMinute; n += 1) {
      prompt(pin(`p-${String(n)}`));
      expect(desk.current?.id).toBe(`p-${String(n)}`);
      await desk.answer(`p-${String(n)}`, { secret: '123456' });
      await clock.advance(1000);
    }
  });

  it('does not count those that follow a wrong PIN', async () => {
    const { desk, clock, prompt } = createDesk();
    for (let n = 0; n < promptsPerMinute; n += 1) prompt(pin(`p-${String(n)}`, { previous: 'incorrect' }));
    for (let n = 0; n < promptsPerMinute; n += 1)
      desk.hear({ name: 'promptClosed', payload: { id: `p-${String(n)}` } });
    await clock.advance(1000);
    prompt(pin('first'));
    expect(desk.current?.id).toBe('first');
  });

  it('counts those that follow a remembered PIN that was wrong: nobody typed that', async () => {
    const { desk, clock, prompt } = createDesk();
    for (let n = 0; n < promptsPerMinute; n += 1) prompt(pin(`p-${String(n)}`, { previous: 'remembered' }));
    for (let n = 0; n < promptsPerMinute; n += 1)
      desk.hear({ name: 'promptClosed', payload: { id: `p-${String(n)}` } });
    await clock.advance(1000);
    prompt(pin('first'));
    expect(desk.current).toBeNull();
  });

  it('is not lifted for ever by a clock that was set back', async () => {
    const { desk, clock, prompt } = createDesk();
    for (let n = 0; n < promptsPerMinute; n += 1) {
      prompt(pin(`p-${String(n)}`));
      desk.hear({ name: 'promptClosed', payload: { id: `p-${String(n)}` } });
      await clock.advance(1000);
    }
    clock.jump(-3_600_000);
    prompt(pin('after'));
    expect(desk.current?.id).toBe('after');
    await clock.advance(0);
  });
});

describe('a touch that is waited for', () => {
  const touch = (id: string): Prompt => ({
    id,
    kind: 'touch',
    token: { label: 'demo', serial: '1' },
    accounts: ['Development'],
    askedBy: 'the Rolekey window',
  });

  it('is shown in a window that goes at once when it is over', () => {
    const { desk, shown, prompt } = createDesk();
    prompt(touch('t-1'));
    expect(desk.current?.id).toBe('t-1');
    desk.hear({ name: 'promptClosed', payload: { id: 't-1' } });
    expect(shown).toEqual(['open t-1', 'close']);
  });

  it('is shown in the window whose PIN was right, where it comes in time', async () => {
    const { desk, clock, shown, prompt } = createDesk();
    prompt(pin('p-1'));
    await desk.answer('p-1', { secret: '123456' });
    prompt(touch('t-1'));
    await clock.advance(1000);
    expect(shown).toEqual(['open p-1', 'ask t-1']);
  });

  it('gives way to a question, and comes back after it', async () => {
    const { desk, clock, shown, prompt } = createDesk();
    prompt(touch('t-1'));
    prompt(pin('p-1'));
    expect(desk.current?.id).toBe('p-1');
    await desk.answer('p-1', { secret: '123456' });
    await clock.advance(1000);
    expect(shown).toEqual(['open t-1', 'ask p-1', 'ask t-1']);
  });

  it('waits behind every question that is open, and is not shown any more where it is over by then', async () => {
    const { desk, clock, shown, prompt } = createDesk();
    prompt(pin('p-1'));
    prompt(touch('t-1'));
    prompt(touch('t-2'));
    prompt(pin('p-2'));
    desk.hear({ name: 'promptClosed', payload: { id: 't-1' } });
    await desk.answer('p-1', { secret: '1' });
    await clock.advance(1000);
    await desk.answer('p-2', { secret: '2' });
    await clock.advance(1000);
    expect(shown).toEqual(['open p-1', 'ask p-2', 'ask t-2']);
  });

  it('gives way to a dialog of the system', () => {
    const { shown, prompt } = createDesk(null);
    prompt(touch('t-1'));
    prompt({ id: 'm-1', kind: 'confirm-module', path: '/m.so', sha256: 'ab', askedBy: 'x' });
    expect(shown).toEqual(['open t-1', 'close', 'confirm m-1']);
  });

  it('is cancelled in its window, or with it', async () => {
    const { desk, answers, shown, prompt, closeByUser } = createDesk();
    prompt(touch('t-1'));
    await desk.answer('t-1', { cancel: true });
    prompt(touch('t-2'));
    closeByUser();
    expect(answers).toEqual([
      { id: 't-1', answer: { cancel: true } },
      { id: 't-2', answer: { cancel: true } },
    ]);
    expect(shown).toEqual(['open t-1', 'close', 'open t-2']);
  });

  it('is shown however many came before, and keeps no question from coming up', async () => {
    const { desk, answers, prompt } = createDesk();
    for (let n = 0; n < 5 * promptsPerMinute; n += 1) {
      prompt(touch(`t-${String(n)}`));
      expect(desk.current?.id).toBe(`t-${String(n)}`);
      await desk.answer(`t-${String(n)}`, { cancel: true });
    }
    answers.length = 0;
    prompt(pin('p-1'));
    expect(desk.current?.id).toBe('p-1');
    expect(answers).toEqual([]);
  });
});
