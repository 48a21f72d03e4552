/** `explain`: answers without an agent, and starts none. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { World } from '../../support/world/world.ts';
import { documentOf, jsonFailure, success, textFailure } from './expectations.ts';
import { explained } from './shapes.ts';

let world: World;

beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.dispose());

const explain = (...words: readonly string[]) => world.rolekey(['explain', ...words, '--json']);

it('explains what AWS says, as words or as one text', async () => {
  const whole = success(await explain('Untrusted signing certificate'), explained);
  expect(whole).toMatchObject({ known: true, code: 'aws-access-denied' });
  expect(success(await explain('Untrusted', 'signing', 'certificate'), explained)).toEqual(whole);
});

it('explains a code of Rolekey’s own, and what it printed', async () => {
  const { code, cause, remedy } = success(await explain('pin-locked'), explained);
  expect([code, cause]).toEqual(['pin-locked', 'The PIN is locked.']);
  const { stderr } = await world.rolekey(['connect', '--no-start', '--all']);
  expect(success(await explain(stderr), explained).code).toBe('agent-not-running');
  const text = await world.rolekey(['explain', 'pin-locked']);
  expect(text).toMatchObject({ code: 0, stdout: `${cause} ${remedy}\n`, stderr: '' });
});

it('reads standard input with “-”, over several lines', async () => {
  const stdin = 'An error occurred (AccessDeniedException)\nUntrusted signing certificate\n';
  const result = await world.rolekey(['explain', '-', '--json'], { stdin });
  expect(success(result, explained)).toMatchObject({ known: true, code: 'aws-access-denied' });
});

it('says of an unknown text that it is, exit 1', async () => {
  const result = await explain('The moon is in the wrong phase');
  expect(documentOf(result, explained)).toMatchObject({ known: false, code: null });
  expect(result).toMatchObject({ code: 1, stderr: '' });
  const text = await world.rolekey(['explain', 'nonsense']);
  expect(text.code).toBe(1);
  expect(text.stdout).toMatch(/^Rolekey does not know this text\. \S[^\n]*\.\n$/);
});

it.each([
  ['no text', [], ''],
  ['an empty text', [''], ''],
  ['an empty standard input', ['-'], ' \n'],
  ['a megabyte', ['-'], 'x'.repeat(1 << 20)],
])('refuses %s, exit 2', async (_what, words, stdin) => {
  textFailure(await world.rolekey(['explain', ...words], { stdin }), 2);
  const result = await world.rolekey(['explain', ...words, '--json'], { stdin });
  expect(result.code).toBe(2);
  expect((result.json() as { error: { code: string } }).error.code).toBe('usage-invalid');
});

it('needs no agent, no home and no configuration that can be read', async () => {
  world.file('home/.config/rolekey/config.json', 'not JSON');
  success(
    await world.rolekey(['explain', 'pin-locked', '--json'], { env: { HOME: '/nonexistent' } }),
    explained,
  );
  expect(world.processes()).toEqual([]);
  jsonFailure(await world.rolekey(['accounts', 'list', '--json']), 'config-unreadable');
});
