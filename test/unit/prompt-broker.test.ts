import { describe, expect, it } from 'vitest';
import { EventHub } from '../../src/main/event-hub.ts';
import type { PromptQuestion } from '../../src/main/ports.ts';
import { PromptBroker } from '../../src/main/prompt-broker.ts';
import { FakeClock, settle } from '../support/fakes/clock.ts';
import { AppError } from '../../src/shared/errors.ts';
import type { EngineEvent } from '../../src/shared/api.ts';
import type { Prompt, PromptAnswer } from '../../src/shared/model.ts';
import { pinQuestion as pin } from './prompt-questions.ts';

const passphrase: PromptQuestion = {
  kind: 'passphrase',
  file: '/k.pem',
  accounts: ['Work'],
  askedBy: 'rolekey connect',
  previous: null,
};
const touch: PromptQuestion = {
  kind: 'touch',
  token: { label: 'T', serial: '1' },
  accounts: ['Work'],
  askedBy: 'rolekey connect',
};
const confirmation: PromptQuestion = {
  kind: 'confirm-module',
  path: '/m.so',
  sha256: 'ab'.repeat(32),
  askedBy: 'rolekey tokens',
};

/** A broker, and a client `x` that listens. */
function world() {
  const clock = new FakeClock();
  const hub = new EventHub();
  const broker = new PromptBroker(clock, hub);
  const heard: EngineEvent[] = [];
  const leave = hub.subscribe('x', (event) => heard.push(event));
  const asked = (): Prompt[] => heard.flatMap((event) => (event.name === 'prompt' ? [event.payload] : []));
  return { clock, hub, broker, heard, asked, leave };
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return 'nothing thrown';
}

describe('a question', () => {
  it('reaches the client whole, with an id nobody can guess, and brings its answer back', async () => {
    const { broker, asked, clock } = world();
    const answer = broker.promptsFor('x', 60_000).ask(pin);
    const [prompt] = asked();
    expect(prompt).toEqual({ ...pin, id: prompt!.id });
    expect(prompt!.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    broker.answer(prompt!.id, { secret: '123456' });
    expect(await answer).toEqual({ secret: '123456' });
    expect(clock.pending).toBe(0);
  });

  it('is heard by no other client, and neither is its answer', async () => {
    const { hub, broker, asked } = world();
    const others: EngineEvent[] = [];
    hub.subscribe('y', (event) => others.push(event));
    hub.subscribe(null, (event) => others.push(event));
    const answer = broker.promptsFor('x', 60_000).ask(pin);
    expect(others).toEqual([]);
    broker.answer(asked()[0]!.id, { secret: '123456' });
    await answer;
    expect(JSON.stringify(others)).not.toContain('123456');
    expect(others.map(({ name }) => name)).toEqual(['promptClosed', 'promptClosed']);
  });

  it('is one of several that are open, each with its own answer', async () => {
    const { broker, asked } = world();
    const prompts = broker.promptsFor('x', 60_000);
    const [first, second] = [prompts.ask(pin), prompts.ask(pin)];
    const [one, two] = asked();
    broker.answer(two!.id, { secret: '2' });
    broker.answer(one!.id, { secret: '1' });
    expect(await Promise.all([first, second])).toEqual([{ secret: '1' }, { secret: '2' }]);
  });

  it('is closed once it is answered, and everybody told', async () => {
    const { broker, heard, asked } = world();
    const answer = broker.promptsFor('x', 60_000).ask(pin);
    const { id } = asked()[0]!;
    broker.answer(id, { cancel: true });
    expect(await answer).toBe('cancelled');
    expect(heard.at(-1)).toEqual({ name: 'promptClosed', payload: { id } });
    expect(codeOf(() => broker.answer(id, { secret: '123456' }))).toBe('usage-invalid');
  });
});

describe('nobody answers', () => {
  it.each([
    ['who asks has no name', null, 60_000],
    ['no client of that name listens', 'y', 60_000],
    ['no time is given', 'x', 0],
  ] as const)('where %s, at once', async (_, client, timeoutMs) => {
    const { broker, heard, clock } = world();
    expect(await broker.promptsFor(client, timeoutMs).ask(pin)).toBeNull();
    expect(heard).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('in time: the question is closed', async () => {
    const { clock, broker, heard } = world();
    const answer = broker.promptsFor('x', 60_000).ask(pin);
    await clock.advance(59_999);
    expect(heard).toHaveLength(1);
    await clock.advance(1);
    expect(await answer).toBe('late');
    expect(heard.at(-1)?.name).toBe('promptClosed');
  });

  it('in the time given for all questions together', async () => {
    const { clock, broker, asked } = world();
    const prompts = broker.promptsFor('x', 60_000);
    const first = prompts.ask(pin);
    await clock.advance(50_000);
    broker.answer(asked()[0]!.id, { secret: 'wrong' });
    await first;
    const second = prompts.ask({ ...pin, previous: 'incorrect' });
    await clock.advance(10_000);
    expect(await second).toBe('late');
    expect(await prompts.ask(pin)).toBeNull();
    expect(asked()).toHaveLength(2);
  });

  it('longer than was given, whatever the clock is set to', async () => {
    const { clock, broker } = world();
    const prompts = broker.promptsFor('x', 60_000);
    clock.jump(-86_400_000);
    let answered = false;
    const answer = prompts.ask(pin).then(() => (answered = true));
    await clock.advance(60_000);
    await answer;
    expect(answered).toBe(true);
  });

  it('because the client went away; another’s question stays open', async () => {
    const { hub, broker, leave } = world();
    const leaveY = hub.subscribe('y', () => undefined);
    const ofX = broker.promptsFor('x', 60_000).ask(pin);
    let yEnded = false;
    const ofY = broker
      .promptsFor('y', 60_000)
      .ask(pin)
      .then(() => (yEnded = true));
    leave();
    expect(await ofX).toBeNull();
    await settle();
    expect(yEnded).toBe(false);
    leaveY();
    await ofY;
  });
});

describe('the app’s window', () => {
  it.each<[string, string | null, boolean, number]>([
    ['is asked where who began has no name', null, false, 1],
    ['is asked where who began does not listen', 'y', false, 1],
    ['is not asked where who began listens', 'x', false, 0],
    ['is not asked where who began listened and went away', 'x', true, 0],
  ])('%s', async (_, client, goes, expected) => {
    const { hub, broker, leave } = world();
    const heard: EngineEvent[] = [];
    hub.subscribe('window', (event) => heard.push(event));
    broker.askThrough('window');
    const prompts = broker.promptsFor(client, 60_000);
    if (goes) leave();
    const answer = prompts.ask(pin);
    expect(heard.filter(({ name }) => name === 'prompt')).toHaveLength(expected);
    broker.close();
    expect(await answer).toBeNull();
  });

  it('is not asked where who began listened later and went away', async () => {
    const { hub, broker } = world();
    const heard: EngineEvent[] = [];
    hub.subscribe('window', (event) => heard.push(event));
    broker.askThrough('window');
    const prompts = broker.promptsFor('z', 60_000);
    const leave = hub.subscribe('z', () => undefined);
    const first = prompts.ask(pin);
    leave();
    expect([await first, await prompts.ask(pin)]).toEqual([null, null]);
    expect(heard.map(({ name }) => name)).toEqual(['promptClosed']);
  });
});

describe('a question that nobody needs answered any more', () => {
  it('is closed, takes no answer and leaves nothing behind; another one stays open', async () => {
    const { clock, broker, heard, asked } = world();
    const unneeded = new AbortController();
    const prompts = broker.promptsFor('x', 60_000);
    const answer = prompts.ask(pin, unneeded.signal);
    const other = prompts.ask(pin, new AbortController().signal);
    const [first, second] = asked();
    unneeded.abort();
    expect(await answer).toBeNull();
    expect(heard.at(-1)).toEqual({ name: 'promptClosed', payload: { id: first!.id } });
    expect(codeOf(() => broker.answer(first!.id, { secret: '123456' }))).toBe('usage-invalid');
    broker.answer(second!.id, { secret: '123456' });
    expect(await other).toEqual({ secret: '123456' });
    expect([clock.pending, broker.isAsking]).toEqual([0, false]);
  });

  it('is not put to anybody', async () => {
    const { clock, broker, heard } = world();
    expect(await broker.promptsFor('x', 60_000).ask(pin, AbortSignal.abort())).toBeNull();
    expect([heard, clock.pending]).toEqual([[], 0]);
  });

  it('keeps the answer it had', async () => {
    const { broker, heard, asked } = world();
    const unneeded = new AbortController();
    const answer = broker.promptsFor('x', 60_000).ask(pin, unneeded.signal);
    broker.answer(asked()[0]!.id, { secret: '123456' });
    unneeded.abort();
    expect(await answer).toEqual({ secret: '123456' });
    expect(heard.map(({ name }) => name)).toEqual(['prompt', 'promptClosed']);
  });
});

describe('a broker that is closed', () => {
  it('makes every question void, and asks none', async () => {
    const { clock, hub, broker, heard } = world();
    hub.subscribe('y', () => undefined);
    const open = ['x', 'y'].map((client) => broker.promptsFor(client, 60_000).ask(pin));
    broker.close();
    expect(await Promise.all(open)).toEqual([null, null]);
    expect(heard.map(({ name }) => name)).toEqual(['prompt', 'promptClosed', 'promptClosed']);
    expect(await broker.promptsFor('x', 60_000).ask(pin)).toBeNull();
    expect([heard.length, clock.pending, broker.isAsking]).toEqual([3, 0, false]);
  });
});

describe('an answer', () => {
  it.each<[PromptQuestion['kind'], PromptQuestion, PromptAnswer, boolean]>([
    ['pin', pin, { secret: '123456' }, true],
    ['pin', pin, { accept: true }, false],
    ['passphrase', passphrase, { secret: 'x' }, true],
    ['passphrase', passphrase, { accept: true }, false],
    ['confirm-module', confirmation, { accept: true }, true],
    ['confirm-module', confirmation, { secret: 'x' }, false],
    ['pin', pin, { cancel: true }, true],
    ['confirm-module', confirmation, { cancel: true }, true],
  ])('to a question for %s: %j fits: %s', async (_, question, answer, fits) => {
    const { broker, asked } = world();
    const answered = broker.promptsFor('x', 60_000).ask(question);
    const { id } = asked()[0]!;
    expect(codeOf(() => broker.answer(id, answer))).toBe(fits ? 'nothing thrown' : 'usage-invalid');
    if (!fits) broker.answer(id, { cancel: true }); // it is open still
    expect(await answered).toEqual(fits && !('cancel' in answer) ? answer : 'cancelled');
  });

  it.each(['', 'x', '__proto__', '00000000-0000-0000-0000-000000000000'])(
    'to no question is refused and says no secret: %j',
    (id) => {
      const { broker } = world();
      void broker.promptsFor('x', 60_000).ask(pin);
      let text = '';
      try {
        broker.answer(id, { secret: '123456' });
      } catch (error) {
        text = JSON.stringify(error) + String(error);
      }
      expect(text).toContain('usage-invalid');
      expect(text).not.toContain('123456');
    },
  );
});

describe('a touch that a token waits for', () => {
  it('is told until it is over, however long that takes, and leaves nothing behind', async () => {
    const { clock, broker, heard, asked } = world();
    const over = new AbortController();
    const answer = broker.promptsFor('x', 1000).ask(touch, over.signal);
    expect(clock.pending).toBe(0);
    await clock.advance(3_600_000);
    expect(heard.map(({ name }) => name)).toEqual(['prompt']);
    over.abort();
    expect(await answer).toBeNull();
    expect(heard.at(-1)).toEqual({ name: 'promptClosed', payload: { id: asked()[0]!.id } });
  });

  it.each([1000, 0])('is told also where no time is left for questions (%i ms)', async (timeoutMs) => {
    const { clock, broker, asked } = world();
    const prompts = broker.promptsFor('x', timeoutMs);
    await clock.advance(2000);
    expect(await prompts.ask(pin)).toBeNull();
    void prompts.ask(touch);
    expect(asked()).toEqual([{ ...touch, id: asked()[0]!.id }]);
  });

  it('is no question that anybody is asked', async () => {
    const { broker, asked } = world();
    const prompts = broker.promptsFor('x', 60_000);
    void prompts.ask(touch);
    expect(broker.isAsking).toBe(false);
    void prompts.ask(pin);
    expect(broker.isAsking).toBe(true);
    broker.answer(asked()[1]!.id, { secret: '1' });
    expect(broker.isAsking).toBe(false);
  });

  it('can be cancelled, and nothing else', async () => {
    const { broker, asked } = world();
    const answer = broker.promptsFor('x', 60_000).ask(touch);
    const { id } = asked()[0]!;
    expect(codeOf(() => broker.answer(id, { secret: '123456' }))).toBe('usage-invalid');
    expect(codeOf(() => broker.answer(id, { accept: true }))).toBe('usage-invalid');
    broker.answer(id, { cancel: true });
    expect(await answer).toBe('cancelled');
  });

  it.each<[string, string | null, readonly string[]]>([
    ['the client that began', 'x', ['x']],
    ['the app’s window where there is none', null, ['window']],
    ['the app’s window where that does not listen', 'y', ['window']],
  ])('is told %s', (_, client, expected) => {
    const { hub, broker, heard } = world();
    const window: EngineEvent[] = [];
    hub.subscribe('window', (event) => window.push(event));
    broker.askThrough('window');
    void broker.promptsFor(client, 0).ask(touch);
    expect([...heard.map(() => 'x'), ...window.map(() => 'window')]).toEqual(expected);
  });

  it('is told nobody where nobody is there', async () => {
    const { broker } = world();
    expect(await broker.promptsFor(null, 0).ask(touch)).toBeNull();
  });
});
