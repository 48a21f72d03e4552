import { beforeEach, expect, it } from 'vitest';
import { createLineNotifier } from '../../../src/main/node/line-notifier.ts';
import type { Notification, Notifier } from '../../../src/main/ports.ts';

let written: string[];
/** Of what is being written, oldest first. */
let pending: (() => void)[];
let notifier: Notifier;

beforeEach(() => {
  written = [];
  pending = [];
  notifier = createLineNotifier((text, done) => {
    written.push(text);
    pending.push(done);
  });
});

const connect = (...accounts: string[]): Notification['button'] => ({
  label: 'Connect',
  action: { kind: 'connect', accounts },
});
const notification = (more: Partial<Notification> = {}): Notification => ({
  id: 'x',
  title: 'Title',
  body: 'One sentence. Another.',
  accounts: ['a'],
  button: { label: 'Show', action: { kind: 'open', account: 'a' } },
  ...more,
});

it.each<[string, Partial<Notification>, string]>([
  ['what it is about', {}, 'Title. One sentence. Another.\n'],
  ['how to connect', { button: connect('a', 'b') }, 'Title. One sentence. Another. (rolekey connect a b)\n'],
  [
    'no command that is longer than the rest',
    { button: connect('a', 'b', 'c', 'd', 'e', 'f') },
    'Title. One sentence. Another.\n',
  ],
  [
    'nothing a terminal would obey',
    { title: 'A\u001b[31mB\u0007\u009b', body: 'one\r\ntwo\u2028\u202ethree' },
    'A[31mB. onetwothree\n',
  ],
])('a line says %s', (_, more, line) => {
  notifier.show(notification(more));
  expect(written).toEqual([line]);
});

it('lines follow one another, and one is not written before the last is', () => {
  for (const title of ['1', '2', '3']) notifier.show(notification({ title, body: '' }));
  expect(written).toEqual(['1. \n']);
  pending.shift()?.();
  expect(written).toEqual(['1. \n', '2. \n']);
  pending.shift()?.();
  pending.shift()?.();
  notifier.show(notification({ title: '4', body: '' }));
  expect(written.slice(2)).toEqual(['3. \n', '4. \n']);
});

it('a reader that takes nothing is waited for with few lines', () => {
  for (let index = 0; index < 1000; index += 1) notifier.show(notification({ title: String(index) }));
  while (pending.length > 0) pending.shift()?.();
  expect(written).toHaveLength(21);
  notifier.show(notification({ title: 'after all' }));
  expect(written[21]).toMatch(/^after all/);
});

it('what was printed is not taken back', () => {
  notifier.withdraw('x');
  expect(written).toEqual([]);
});
