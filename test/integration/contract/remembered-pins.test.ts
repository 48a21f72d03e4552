/** PINs in the keyring: a real gnome-keyring, SoftHSM behind a spy that counts every C_Login, and an agent that is killed. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Keyring } from '../../support/keyring/keyring.ts';
import { filesBelow } from '../../support/world/files-below.ts';
import { endProcesses } from '../../support/world/processes.ts';
import type { Result } from '../../support/world/program.ts';
import type { Terminal } from '../../support/world/terminal.ts';
import { pin, textOf, World } from '../../support/world/world.ts';
import { documentOf } from './expectations.ts';
import { connected, type State } from './shapes.ts';
import { spiedLogins, spyModule } from './spy.ts';

const otherPin = '918273';

let world: World;
let keyring: Keyring;
let spyLog: string;

beforeAll(async () => {
  keyring = await Keyring.open();
  world = await World.open();
  spyLog = join(world.home, 'spy.log');
  await startAgent();
  const confirming = world.terminal(['tokens', '--pkcs11-lib', spyModule()]);
  await confirming.shows('Type yes');
  confirming.type('yes\r');
  expect(await confirming.ended).toBe(0);
  for (const [id, outlet] of [
    ['dev', 'credential-process'],
    ['file', 'credentials-file'],
  ] as const) {
    await world.addAccount(id, '--pkcs11-lib', spyModule(), '--outlet', outlet);
  }
});
afterAll(async () => {
  await world.dispose();
  await keyring.dispose();
});
beforeEach(async () => {
  await keyring.vanish();
  await keyring.appear();
  world.server.faults.clear();
  await world.rolekey(['disconnect', '--all']);
  expect((await world.rolekey(['lock', '--forget-pins'])).code).toBe(0);
  expect(await keyring.labels()).toEqual([]);
  world.file('home/spy.log', '');
});

function startAgent(): Promise<void> {
  return world.startAgent({
    ...{ PKCS11SPY: world.hsm.module, PKCS11SPY_OUTPUT: spyLog },
    ...keyring.environment,
  });
}

/** As when the computer was switched off: nothing is said, nothing is cleaned up. */
async function killAgent(): Promise<void> {
  for (const { pid } of world.processes()) process.kill(pid, 'SIGKILL');
  await endProcesses(() => world.processes());
}

/** Tries at the token since the test began. */
const logins = (): number => spiedLogins(textOf(spyLog) ?? '');
const configuration = (): string => textOf(join(world.home, '.config', 'rolekey', 'config.json')) ?? '';
const isRemembered = (): boolean => /"rememberedTokens":\s*\[\s*\{/.test(configuration());

/** Types the PIN where it is asked for, as a person does: a moment after it was shown. */
async function typePin(terminal: Terminal, typed = pin): Promise<void> {
  await terminal.shows('PIN of laptop');
  await new Promise((resolve) => setTimeout(resolve, 200));
  terminal.type(`${typed}\r`);
}

async function remember(id = 'dev'): Promise<Terminal> {
  const terminal = world.terminal(['connect', id, '--remember-pin']);
  await typePin(terminal);
  expect(await terminal.ended).toBe(0);
  return terminal;
}

/** Where nobody can type anything. */
async function connectAlone(id = 'dev'): Promise<{ result: Result; state: State }> {
  const result = await world.rolekey(['connect', id, '--json']);
  return { result, state: documentOf(result, connected).results[0]!.state };
}

function changePin(from: string, to: string): void {
  const module = ['--module', world.hsm.module, '--token-label', 'laptop'];
  const change = ['--login', '--pin', from, '--change-pin', '--new-pin', to];
  execFileSync('pkcs11-tool', [...module, ...change], {
    env: { ...process.env, ...world.hsm.environment },
    stdio: 'pipe',
  });
}

describe('connect --remember-pin', () => {
  it('says what it means before the PIN is typed, and keeps it in the keyring alone', async () => {
    const terminal = await remember();
    const [before = ''] = terminal.output.split('PIN of laptop');
    expect(before).toContain('any program of yours could read it');
    expect(terminal.output).not.toContain(pin);
    expect(await keyring.labels()).toEqual([expect.stringMatching(/^Rolekey PIN\/laptop [0-9a-f]{16}$/)]);
    expect(isRemembered()).toBe(true);
    for (const file of filesBelow(world.directory)) {
      if (file !== spyLog) expect(readFileSync(file).includes(pin), file).toBe(false);
    }
  });

  it('is nothing a connect does by itself: without the flag the keyring is left alone', async () => {
    const terminal = world.terminal(['connect', 'dev']);
    await typePin(terminal);
    expect(await terminal.ended).toBe(0);
    expect(terminal.output).not.toContain('keyring');
    expect(await keyring.labels()).toEqual([]);
    expect(isRemembered()).toBe(false);
  });

  it('says so where no PIN was typed, so that none is remembered', async () => {
    await world.rolekey(['connect', 'dev', '--pin-stdin'], { stdin: `${pin}\n` });
    const terminal = world.terminal(['connect', 'dev', '--remember-pin']);
    expect(await terminal.ended).toBe(0);
    expect(terminal.output).toContain('none is remembered');
    expect(isRemembered()).toBe(false);
    await world.rolekey(['lock']);
    expect((await remember('file')).output).not.toContain('none is remembered');
  });

  it('keeps no PIN the token did not take', async () => {
    const terminal = world.terminal(['connect', 'dev', '--remember-pin']);
    await typePin(terminal, '000000');
    await terminal.shows('The PIN was wrong');
    terminal.type('\r');
    expect(await terminal.ended).toBe(3);
    expect(await keyring.labels()).toEqual([]);
  });

  it.each([
    ['without a terminal', []],
    ['with a PIN on standard input', ['--pin-stdin']],
  ])('%s is exit 2, and tries nothing', async (_, flags) => {
    const result = await world.rolekey(['connect', 'dev', '--remember-pin', ...flags], { stdin: `${pin}\n` });
    expect(result.code).toBe(2);
    expect(logins()).toBe(0);
  });

  it.each([
    ['is locked', () => keyring.lock(), 'The keyring is locked.'],
    ['is not there', () => keyring.vanish(), 'There is no keyring on this desktop'],
  ])('where the keyring %s connects all the same, and says it', async (_, trouble, sentence) => {
    await trouble();
    const terminal = await remember();
    expect(terminal.output).toContain(`The PIN of “laptop” was not remembered. ${sentence}`);
    expect(isRemembered()).toBe(false);
    expect(keyring.questions).toBe(0);
  });
});

describe('a remembered PIN', () => {
  it('connects in an agent that was started anew, with no PIN typed and one login', async () => {
    await remember();
    await killAgent();
    await startAgent();
    const before = logins();
    expect((await connectAlone()).state.serving).not.toBeNull();
    expect(logins() - before).toBe(1);
  });

  it('renews by itself what an agent that was killed served', async () => {
    world.server.faults.add({ kind: 'session-seconds', seconds: 20, times: 'until-cleared' });
    await remember('file');
    await killAgent();
    const [requests, before] = [world.server.requests.length, logins()];
    await startAgent();
    await expect.poll(() => world.server.requests.length, { timeout: 30_000 }).toBeGreaterThan(requests);
    await expect.poll(async () => (await world.rolekey(['status', 'file', '--json'])).code).toBe(0);
    expect(logins() - before).toBe(1);
  });

  it('renews by itself after its token host has died', async () => {
    world.server.faults.add({ kind: 'session-seconds', seconds: 16, times: 'until-cleared' });
    await remember();
    const [requests, before] = [world.server.requests.length, logins()];
    for (const { pid, argv } of world.processes()) {
      if (argv.some((word) => word.endsWith('token-host.cjs'))) process.kill(pid, 'SIGKILL');
    }
    await expect.poll(() => world.server.requests.length, { timeout: 30_000 }).toBeGreaterThan(requests);
    expect(logins() - before).toBe(1);
  });

  it('that was changed elsewhere costs one try, is gone from keyring and configuration, and told', async () => {
    await remember();
    await killAgent();
    changePin(pin, otherPin);
    try {
      await startAgent();
      const before = logins();
      const { result, state } = await connectAlone();
      expect(result.code).toBe(3);
      expect(state).toMatchObject({ reason: 'pin', error: { code: 'pin-needed' } });
      expect(logins() - before).toBe(1);
      expect(await keyring.labels()).toEqual([]);
      expect(isRemembered()).toBe(false);
      await connectAlone();
      await connectAlone('file');
      expect(logins() - before).toBe(1);
    } finally {
      changePin(otherPin, pin);
    }
  });

  it('that was changed elsewhere is told at the terminal, where the right one is typed', async () => {
    await remember();
    await world.rolekey(['lock']);
    await world.rolekey(['disconnect', '--all']);
    changePin(pin, otherPin);
    try {
      const terminal = world.terminal(['connect', 'dev']);
      await terminal.shows('The token did not take the remembered PIN, which is forgotten.');
      await typePin(terminal, otherPin);
      expect(await terminal.ended).toBe(0);
      expect(terminal.output).toContain('It was tried once and is forgotten.');
    } finally {
      await world.rolekey(['lock']);
      changePin(otherPin, pin);
    }
  });
});

describe('a keyring that', () => {
  it.each<[string, () => Promise<void>, string, boolean]>([
    ['is locked', () => keyring.lock(), 'The keyring is locked.', true],
    ['is not there', () => keyring.vanish(), 'There is no keyring on this desktop', true],
    ['is empty', () => keyring.empty(), 'is not in the keyring any more', false],
  ])('%s has a sentence of its own, and the PIN is asked for', async (_, trouble, sentence, stays) => {
    await remember();
    await killAgent();
    await startAgent();
    await world.rolekey(['disconnect', '--all']);
    await trouble();
    const terminal = world.terminal(['connect', 'dev']);
    await typePin(terminal);
    expect(await terminal.ended).toBe(0);
    expect(terminal.output).toContain(sentence);
    expect(isRemembered()).toBe(stays);
    expect(keyring.questions).toBe(0);
  });
});

describe('lock', () => {
  it('is not undone by a remembered PIN before somebody connects', async () => {
    world.server.faults.add({ kind: 'session-seconds', seconds: 16, times: 'until-cleared' });
    await remember();
    const requests = world.server.requests.length;
    await world.rolekey(['lock']);
    const before = logins();
    const status = async (): Promise<string> => (await world.rolekey(['status', 'dev', '--json'])).stdout;
    await expect.poll(status, { timeout: 30_000 }).toContain('"reason":"pin"');
    expect(logins()).toBe(before);
    expect(world.server.requests).toHaveLength(requests);
    expect((await connectAlone()).state.serving).not.toBeNull();
    expect(logins() - before).toBe(1);
  });

  it('--forget-pins takes it out of the keyring, also where no agent runs', async () => {
    await remember();
    await killAgent();
    const started = await world.rolekey(['lock', '--forget-pins', '--json'], { env: keyring.environment });
    expect(started).toMatchObject({ code: 0, stdout: '{"version":1}\n' });
    expect(await keyring.labels()).toEqual([]);
    expect(isRemembered()).toBe(false);
    await world.rolekey(['agent', 'stop']);
    await startAgent();
    expect((await connectAlone()).result.code).toBe(3);
  });

  it('--forget-pins says where the keyring is locked, uses nothing more, and works later', async () => {
    await remember();
    await keyring.lock();
    const result = await world.rolekey(['lock', '--forget-pins', '--json']);
    expect(result.code).toBe(1);
    expect(result.json()).toMatchObject({ error: { code: 'keyring-locked' } });
    await keyring.vanish();
    await keyring.appear();
    await world.rolekey(['disconnect', '--all']);
    expect((await connectAlone()).result.code).toBe(3);
    expect((await world.rolekey(['lock', '--forget-pins'])).code).toBe(0);
    expect(await keyring.labels()).toEqual([]);
  });
});
