/** A token that locks: no try is spent that a person did not mean to spend. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pin, textOf, World } from '../../support/world/world.ts';
import { documentOf, success } from './expectations.ts';
import { connected, tokens, type State } from './shapes.ts';

let world: World;
let module: string;

beforeAll(async () => {
  world = await World.open();
  module = join(world.folder('home/lib'), 'locking.so');
  const source = join(import.meta.dirname, 'pin-states-module.c');
  execFileSync('gcc', ['-shared', '-fPIC', '-O1', '-o', module, source, '-ldl']);
  await world.startAgent({ LOCKING_REAL: world.hsm.module, LOCKING_TRIES: world.file('home/tries', '3') });
  const confirming = world.terminal(['tokens', '--pkcs11-lib', module]);
  await confirming.shows('Type yes');
  confirming.type('yes\r');
  expect(await confirming.ended).toBe(0);
  await world.addAccount('dev', '--pkcs11-lib', module);
  await world.addAccount('test', '--pkcs11-lib', module);
});
afterAll(() => world.dispose());
beforeEach(async () => {
  await world.rolekey(['disconnect', '--all']);
  await world.rolekey(['lock']);
  setTries(3);
});

const setTries = (left: number): unknown => world.file('home/tries', String(left));
const tries = (): number => Number(textOf(join(world.home, 'tries')));
const typed = () => new Promise((resolve) => setTimeout(resolve, 200));

async function connect(stdin: string): Promise<{ code: number; state: State }> {
  const result = await world.rolekey(['connect', 'dev', '--pin-stdin', '--json'], { stdin });
  return { code: result.code, state: documentOf(result, connected).results[0]!.state };
}

describe('tokens tells the state of the PIN', () => {
  it.each([
    [3, 'ok'],
    [2, 'low'],
    [1, 'final'],
    [0, 'locked'],
  ])('%d tries: %s', async (left, state) => {
    setTries(left);
    const words = ['tokens', '--pkcs11-lib', module, '--json'];
    const [token] = success(await world.rolekey(words), tokens).tokens;
    expect(token!.pin.state).toBe(state);
    expect(tries()).toBe(left);
  });
});

describe('a locked PIN', () => {
  it('is pin-locked, exit 3, without asking and without a try', async () => {
    setTries(0);
    const { code, state } = await connect(`${pin}\n`);
    expect(code).toBe(3);
    expect(state).toMatchObject({
      activity: 'needs-you',
      reason: 'pin-locked',
      serving: null,
      error: { code: 'pin-locked' },
    });
    const terminal = world.terminal(['connect', 'dev']);
    expect(await terminal.ended).toBe(3);
    expect(terminal.output).not.toContain('PIN of');
  });

  it('is said when the last try locks it', async () => {
    setTries(1);
    const terminal = world.terminal(['connect', 'dev']);
    await terminal.shows('ONE TRY');
    await terminal.shows('PIN of');
    await typed();
    terminal.type('000000\r');
    expect(await terminal.ended).toBe(3);
    expect(terminal.output).toMatch(/locked/);
    expect(tries()).toBe(0);
  });
});

describe('the last try', () => {
  it('is not spent by --pin-stdin: pin-final, exit 3', async () => {
    setTries(1);
    const { code, state } = await connect('000000\n');
    expect(tries()).toBe(1);
    expect(code).toBe(3);
    expect(state).toMatchObject({ reason: 'pin', error: { code: 'pin-final' } });
  });

  it('is not asked for where nobody can be: pin-final or pin-needed', async () => {
    setTries(1);
    const result = await world.rolekey(['connect', 'dev', '--json']);
    expect(documentOf(result, connected).results[0]!.state.error!.code).toMatch(/^pin-(final|needed)$/);
    expect(result.code).toBe(3);
    expect(tries()).toBe(1);
  });

  it('is announced at a terminal, and Enter keeps it', async () => {
    setTries(1);
    const terminal = world.terminal(['connect', 'dev']);
    await terminal.shows('ONE TRY');
    await terminal.shows('PIN of');
    await typed();
    terminal.type('\r');
    expect(await terminal.ended).toBe(3);
    expect(tries()).toBe(1);
  });

  it('with the right PIN at a terminal connects', async () => {
    setTries(1);
    const terminal = world.terminal(['connect', 'dev']);
    await terminal.shows('PIN of');
    await typed();
    terminal.type(`${pin}\r`);
    expect(await terminal.ended).toBe(0);
    expect(tries()).toBe(3);
  });
});

describe('a wrong PIN', () => {
  it('for several accounts costs one try', async () => {
    const words = ['connect', 'dev', 'test', '--pin-stdin'];
    expect((await world.rolekey(words, { stdin: '000000\n' })).code).toBe(3);
    expect(tries()).toBe(2);
  });

  it('costs one try for each time it is typed, with a warning before the last', async () => {
    const terminal = world.terminal(['connect', 'dev', 'test']);
    let at = 0;
    for (const shown of ['PIN of', 'The PIN was wrong', 'ONE TRY']) {
      at = await terminal.shows(shown, at);
      if (shown !== 'PIN of') at = await terminal.shows('PIN of', at);
      await typed();
      terminal.type('000000\r');
    }
    expect(await terminal.ended).toBe(3);
    expect(tries()).toBe(0);
  });
});
