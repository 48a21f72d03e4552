import { beforeEach, describe, expect, it, vi } from 'vitest';
import { AccountsModel, grouped, roleOf } from '../../../../src/renderer/screens/accounts/accounts-model.ts';
import type { State } from '../../../../src/shared/model.ts';
import { ManualTimers, settled } from '../manual-timers.ts';
import { servingFor, state } from '../states.ts';
import { account, FakeEngine, shape } from './fake-engine.ts';

let engine: FakeEngine;
let timers: ManualTimers;
let model: AccountsModel;

const connected = state({ serving: servingFor(42) });

beforeEach(() => {
  engine = new FakeEngine('a', 'b', 'c');
  timers = new ManualTimers();
  model = new AccountsModel(engine.bridge, timers);
});

async function load(): Promise<void> {
  await model.load();
  timers.pass(16);
}

function drawn(): { id: string; state: State }[] {
  timers.pass(16);
  return model.getSnapshot().rows.map((row) => ({ id: row.account.id, state: row.state }));
}

describe('loading', () => {
  it('shows the accounts in the order of the list with state and endpoint', async () => {
    engine.states.set('b', connected);
    engine.endpoints = { c: 'http://127.0.0.1:1' };
    expect(model.getSnapshot().phase).toBe('loading');
    await load();
    expect(model.getSnapshot().phase).toBe('ready');
    expect(drawn().map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(drawn()[1]?.state).toEqual(connected);
    expect(model.getSnapshot().rows.map(({ endpoint }) => endpoint)).toEqual([
      null,
      null,
      'http://127.0.0.1:1',
    ]);
  });

  it('never says ready before the rows are there', async () => {
    await model.load();
    expect(model.getSnapshot()).toMatchObject({ phase: 'ready', rows: [{}, {}, {}] });
  });

  it('says why it failed, and tries again', async () => {
    engine.failure = shape('config-newer');
    await load();
    expect(model.getSnapshot()).toMatchObject({ phase: 'failed', error: { code: 'config-newer' } });
    engine.failure = null;
    const again = model.tryAgain();
    expect(model.getSnapshot()).toMatchObject({ phase: 'loading', error: null });
    await again;
    expect(model.getSnapshot()).toMatchObject({ phase: 'ready', error: null });
  });

  it('does not undo a state that was told while it was under way', async () => {
    const loading = model.load();
    engine.tell('state', { account: 'a', state: connected });
    await loading;
    expect(drawn()[0]).toEqual({ id: 'a', state: connected });
  });

  it('starts over where accounts changed while it was under way', async () => {
    const loading = model.load();
    await Promise.resolve();
    engine.accounts = [account('z')];
    engine.tell('accounts', {});
    await loading;
    expect(drawn().map(({ id }) => id)).toEqual(['z']);
    expect(engine.asked.filter(({ name }) => name === 'status')).toHaveLength(2);
  });

  it('keeps the rows that stayed the same', async () => {
    await load();
    const before = model.getSnapshot().rows;
    engine.accounts = [account('a'), account('b', { label: 'Other' }), account('d')];
    await load();
    const after = model.getSnapshot().rows;
    expect(after.map((row) => row === before.find((other) => other.account.id === row.account.id))).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('events', () => {
  it('change one row alone', async () => {
    await load();
    const before = model.getSnapshot().rows;
    engine.tell('state', { account: 'b', state: connected });
    expect(drawn()[1]?.state).toEqual(connected);
    const after = model.getSnapshot().rows;
    expect(after.map((row, index) => row === before[index])).toEqual([true, false, true]);
  });

  it('of accounts that are not listed come to nothing', async () => {
    await load();
    engine.tell('state', { account: 'x', state: connected });
    expect(drawn().map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it('tell who listens to changes what it was before', async () => {
    const listener = vi.fn();
    model.onChange(listener);
    await load();
    engine.tell('state', { account: 'b', state: connected });
    expect(listener).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ state: connected }),
      expect.objectContaining({ state: state() }),
    );
  });

  it('are drawn once, however many come in a moment, and the last holds', async () => {
    await load();
    const listener = vi.fn();
    model.subscribe(listener);
    for (let turn = 0; turn < 10_000; turn += 1) {
      const told = turn % 2 === 0 ? state({ activity: 'connecting' }) : connected;
      engine.tell('state', { account: 'abc'.charAt(turn % 3), state: told });
    }
    expect(listener).not.toHaveBeenCalled();
    expect(timers.count).toBe(1);
    // Of 10,000 turns the last for a is 9,999, for b 9,997, for c 9,998.
    expect(drawn().map((row) => row.state.activity)).toEqual(['idle', 'idle', 'connecting']);
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it('can wish to see the same account twice', async () => {
    engine.tell('reveal', { account: 'b' });
    const first = model.getSnapshot().reveal;
    engine.tell('reveal', { account: 'b' });
    expect(first).toEqual({ account: 'b', count: 1 });
    expect(model.getSnapshot().reveal).toEqual({ account: 'b', count: 2 });
  });

  it('are not heard any more once it is disposed of', () => {
    expect(engine.listening).toBe(3);
    model.dispose();
    expect(engine.listening).toBe(0);
  });
});

describe('connecting', () => {
  it('is marked until it is answered, and asked once', async () => {
    await load();
    let answer: (given: { error: ReturnType<typeof shape> }) => void = () => undefined;
    engine.connectAnswer = new Promise((resolve) => (answer = resolve));
    const connecting = model.connect(['a', 'b']);
    const again = model.connect(['a']);
    timers.pass(16);
    expect(model.getSnapshot().rows.map(({ pending }) => pending)).toEqual(['connect', 'connect', null]);
    answer({ error: shape('internal') });
    await Promise.all([connecting, again]);
    timers.pass(16);
    expect(model.getSnapshot().rows.map(({ pending }) => pending)).toEqual([null, null, null]);
    expect(engine.asked.filter(({ name }) => name === 'connect')).toEqual([
      { name: 'connect', input: { select: { accounts: ['a', 'b'] }, timeoutMs: 300_000 } },
    ]);
  });

  it('tells the notices with the account’s name', async () => {
    await load();
    const notice = { code: 'clock', message: 'The clock is slow.', account: 'a' };
    engine.connectAnswer = { result: { results: [], notices: [notice, { ...notice, account: null }] } };
    await model.connect(['a']);
    expect(model.getSnapshot().messages).toMatchObject([
      { label: 'A', what: { kind: 'notice', text: 'The clock is slow.' } },
      { label: null, what: { kind: 'notice', text: 'The clock is slow.' } },
    ]);
  });

  it('says the same thing once, and no more than five things', async () => {
    await load();
    const notices = ['1', '1', '2', '3', '4', '5', '6'].map((message) => ({
      ...{ code: 'x', message, account: null },
    }));
    engine.connectAnswer = { result: { results: [], notices } };
    await model.connect(['a']);
    const texts = model.getSnapshot().messages.map(({ what }) => (what.kind === 'notice' ? what.text : ''));
    expect(texts).toEqual(['2', '3', '4', '5', '6']);
  });

  it.each([
    ['is quiet where the person cancelled', 'cancelled', 0],
    ['tells any other failure', 'timed-out', 1],
  ] as const)('%s', async (_, code, count) => {
    await load();
    engine.connectAnswer = { error: shape(code) };
    await model.connect(['a']);
    expect(model.getSnapshot().messages).toHaveLength(count);
  });
});

describe('the other wishes', () => {
  it('disconnects the one account', async () => {
    await load();
    engine.disconnectAnswer = { error: shape('file-readonly') };
    await model.disconnect('b');
    expect(engine.asked.at(-1)).toEqual({ name: 'disconnect', input: { select: { accounts: ['b'] } } });
    expect(model.getSnapshot().messages).toMatchObject([{ label: 'B', what: { kind: 'error' } }]);
  });

  it('reads the list anew once an account is removed', async () => {
    await load();
    engine.accounts = [account('a')];
    expect(await model.remove('b')).toBe(true);
    expect(drawn().map(({ id }) => id)).toEqual(['a']);
  });

  it('leaves everything where the person did not confirm the removal', async () => {
    await load();
    engine.removeAnswer = { result: { removed: false } };
    expect(await model.remove('b')).toBe(false);
    expect(drawn()).toHaveLength(3);
    expect(model.getSnapshot().messages).toEqual([]);
  });

  it('copies a command, and tells where that fails', async () => {
    await load();
    expect(await model.copyCommand('a')).toBe('aws sts get-caller-identity');
    engine.copyAnswer = { error: shape('internal') };
    expect(await model.copyCommand('a')).toBeNull();
    const [message] = model.getSnapshot().messages;
    expect(message).toMatchObject({ label: 'A', what: { kind: 'error', error: { code: 'internal' } } });
    model.dismiss(message?.id ?? 0);
    expect(model.getSnapshot().messages).toEqual([]);
  });

  it('opens the guide', async () => {
    await model.openGuide();
    await settled();
    expect(engine.asked).toEqual([{ name: 'openLink', input: { link: 'roles-anywhere-guide' } }]);
  });
});

describe('grouped', () => {
  const row = (id: string, group: string | null): Parameters<typeof grouped>[0][number] => ({
    ...{ account: account(id, { group }), state: state(), endpoint: null, pending: null },
  });

  it('keeps the order of the list, groups as they first appear, and puts the others last', () => {
    const groups = grouped([row('1', null), row('2', 'B'), row('3', 'A'), row('4', 'B')]);
    expect(groups.map(({ group, rows }) => [group, ...rows.map((each) => each.account.id)])).toEqual([
      ['B', '2', '4'],
      ['A', '3'],
      [null, '1'],
    ]);
  });
});

describe('roleOf', () => {
  it.each([
    ['arn:aws:iam::123456789012:role/Developer', { role: 'Developer', account: '123456789012' }],
    ['arn:aws-cn:iam::123456789012:role/a/b/Developer', { role: 'Developer', account: '123456789012' }],
    ['arn:aws:iam::123456789012:user/Ada', null],
    ['no ARN', null],
  ])('%s', (arn, parsed) => {
    expect(roleOf(arn)).toEqual(parsed);
  });
});
