/** A key that wants a touch, at the command line: who is told, how the waiting ends, and what it costs the card. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KeyPolicy } from '../../support/virtual-yubikey/piv-key.ts';
import type { VirtualYubikey } from '../../support/virtual-yubikey/virtual-yubikey.ts';
import { YubikeyWorld } from '../../support/virtual-yubikey/yubikey-world.ts';
import type { Terminal } from '../../support/world/terminal.ts';
import { pin, World } from '../../support/world/world.ts';
import { documentOf, success } from './expectations.ts';
import { connected, status, type State } from './shapes.ts';

let world: World;
let ports: YubikeyWorld;
let key: VirtualYubikey;
/** What the card was asked before the test. */
let before: VirtualYubikey['counts'];

beforeAll(async () => {
  world = await World.open();
  ports = await YubikeyWorld.start();
  key = await ports.insert({ serial: 12345678 });
  keyWith('always');
  await world.startAgent(ports.environment);
  for (const id of ['dev', 'prod']) {
    await world.addAccount(id, '--private-key', 'pkcs11:serial=12345678;id=%01');
  }
  await world.addAccount('soft');
});
afterAll(async () => {
  await world.dispose();
  await ports.dispose();
});
beforeEach(async () => {
  key.touchTimeoutMs = 15_000;
  key.isHeld = false;
  await world.rolekey(['disconnect', '--all']);
  await world.rolekey(['lock']);
  before = key.counts;
});

function keyWith(touchPolicy: KeyPolicy['touchPolicy']): void {
  const publicKey = key.generate('9a', 'P-256', { touchPolicy });
  const { der } = world.authority.issue({ subject: '/CN=laptop-1', holder: { publicKey } });
  key.importCertificate('9a', der);
}

const spent = () => ({
  verify: key.counts.verify - before.verify,
  generalAuthenticate: key.counts.generalAuthenticate - before.generalAuthenticate,
});
const moment = (ms = 200) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until the card waits, or does not. */
async function untilWaiting(waits = true): Promise<void> {
  while (key.isWaitingForTouch !== waits) await moment(10);
}

/** Types the PIN as a person does: a moment after the question was shown. */
async function typePin(terminal: Terminal, word = key.pin, token = 'YubiKey'): Promise<number> {
  const at = await terminal.shows(`PIN of ${token}`);
  await moment();
  terminal.type(`${word}\r`);
  return at;
}

const stateOf = async (id: string): Promise<State> => {
  const { accounts } = success(await world.rolekey(['status', id, '--json']), status);
  return accounts[0]!.state;
};

const touchLine = (accounts: string): string =>
  `Touch YubiKey PIV #12345678 (serial 12345678) for ${accounts} while it blinks.`;

describe('at a terminal', () => {
  it('the touch is told, with who waits for it, and the line is taken back once it was given', async () => {
    const terminal = world.terminal(['connect', 'dev']);
    await typePin(terminal);
    const at = await terminal.shows(`${touchLine('dev')} Ctrl-C ends the waiting.`);
    expect(await stateOf('dev')).toMatchObject({ activity: 'connecting', reason: 'touch', error: null });
    key.touch();
    await terminal.shows('\r\u001b[J', at);
    expect(await terminal.ended).toBe(0);
    expect(spent()).toEqual({ verify: 1, generalAuthenticate: 1 });
  });

  it('Ctrl-C ends the waiting: exit 3, and neither the PIN is lost nor anything signed again', async () => {
    const terminal = world.terminal(['connect', 'dev']);
    await typePin(terminal);
    await terminal.shows('Ctrl-C ends the waiting.');
    await moment();
    terminal.type('\u0003');
    expect(await terminal.ended).toBe(3);
    expect(terminal.output).toContain('dev: You ended the waiting for a touch.');
    expect(await stateOf('dev')).toMatchObject({
      activity: 'needs-you',
      reason: 'touch',
      serving: null,
      error: { code: 'touch-needed' },
    });
    expect(key.isWaitingForTouch).toBe(true);
    key.touch();
    const again = world.terminal(['connect', 'dev']);
    await again.shows(touchLine('dev'));
    expect(spent()).toEqual({ verify: 1, generalAuthenticate: 2 });
    key.touch();
    expect(await again.ended).toBe(0);
    expect(again.output).not.toContain('PIN of');
    expect(spent()).toEqual({ verify: 1, generalAuthenticate: 2 });
  });

  it('each signature of a token is told in turn, and its PIN asked once', async () => {
    const terminal = world.terminal(['connect', 'dev', 'prod']);
    await typePin(terminal);
    const at = await terminal.shows(touchLine('dev, prod'));
    key.touch();
    await terminal.shows('Touch YubiKey PIV #12345678 (serial 12345678) for ', at);
    await untilWaiting();
    key.touch();
    expect(await terminal.ended).toBe(0);
    expect(spent()).toEqual({ verify: 1, generalAuthenticate: 2 });
  });

  it('Ctrl-C ends the waiting of all accounts that wait for the token', async () => {
    const terminal = world.terminal(['connect', 'dev', 'prod']);
    await typePin(terminal);
    await terminal.shows(touchLine('dev, prod'));
    await moment();
    terminal.type('\u0003');
    expect(await terminal.ended).toBe(3);
    key.touch();
    await moment(500);
    expect(spent()).toEqual({ verify: 1, generalAuthenticate: 1 });
    expect([(await stateOf('dev')).reason, (await stateOf('prod')).reason]).toEqual(['touch', 'touch']);
  });

  it('what is typed meanwhile, as a YubiKey does that is touched too early, is not shown', async () => {
    const terminal = world.terminal(['connect', 'dev']);
    await typePin(terminal);
    await terminal.shows('Ctrl-C ends the waiting.');
    await moment();
    terminal.type('ccccccbtvlrn\r');
    await moment();
    expect(key.isWaitingForTouch).toBe(true);
    key.touch();
    expect(await terminal.ended).toBe(0);
    expect(terminal.output).not.toContain('cccccc');
  });

  it('gives way to the PIN of another token, and is told again after it', async () => {
    const first = world.terminal(['connect', 'dev']);
    await typePin(first);
    await first.shows(touchLine('dev'));
    key.touch();
    expect(await first.ended).toBe(0);
    await world.rolekey(['disconnect', 'dev']);
    const terminal = world.terminal(['connect', 'dev', 'soft']);
    await typePin(terminal, '000000', 'laptop');
    await untilWaiting();
    const wrong = await terminal.shows('The PIN was wrong.');
    await terminal.shows('PIN of laptop', wrong);
    await moment();
    terminal.type(`${pin}\r`);
    await terminal.shows(touchLine('dev'), wrong);
    await untilWaiting();
    key.touch();
    expect(await terminal.ended).toBe(0);
    expect(spent().generalAuthenticate).toBe(2);
    expect(terminal.output).not.toContain('PIN of YubiKey');
  });

  it('a touch that is not given is exit 3, and no other signature', async () => {
    key.touchTimeoutMs = 6000;
    const terminal = world.terminal(['connect', 'dev']);
    await typePin(terminal);
    await terminal.shows(touchLine('dev'));
    expect(await terminal.ended).toBe(3);
    expect(terminal.output).toContain('dev: The token was not touched in time.');
    expect(terminal.output.match(/PIN of/g)).toHaveLength(1);
    expect(spent()).toEqual({ verify: 1, generalAuthenticate: 1 });
    expect(await stateOf('dev')).toMatchObject({ activity: 'needs-you', reason: 'touch' });
  });
});

describe('without a terminal', () => {
  it('a line on standard error tells, and the answer is the same', async () => {
    const connecting = world.rolekey(['connect', 'dev', '--pin-stdin'], { stdin: `${key.pin}\n` });
    await untilWaiting();
    await moment(1000);
    key.touch();
    const { code, stderr } = await connecting;
    expect([code, stderr]).toEqual([0, `rolekey: ${touchLine('dev')}\n`]);
    await world.rolekey(['disconnect', 'dev']);
    const again = world.rolekey(['connect', 'dev']);
    await untilWaiting();
    await moment(1000);
    key.touch();
    const answer = await again;
    expect([answer.code, answer.stderr]).toEqual([0, 'rolekey: Touch the token for dev while it blinks.\n']);
    expect(spent()).toEqual({ verify: 1, generalAuthenticate: 2 });
  });

  it('with --json there is the document alone', async () => {
    await world.rolekey(['connect', 'dev', '--pin-stdin', '--timeout', '0'], { stdin: 'wrong\n' });
    const connecting = world.rolekey(['connect', 'dev', '--pin-stdin'], { stdin: `${key.pin}\n` });
    await untilWaiting();
    key.touch();
    await connecting;
    await world.rolekey(['disconnect', 'dev']);
    const again = world.rolekey(['connect', 'dev', '--json']);
    await untilWaiting();
    await moment(1000);
    key.touch();
    const result = await again;
    expect(result.stderr).toBe('');
    expect(documentOf(result, connected).results[0]!.state.serving).not.toBeNull();
  });

  it('time that is up before the touch is exit 3, and the touch is still taken', async () => {
    const words = ['connect', 'dev', '--pin-stdin', '--timeout', '3', '--json'];
    const result = await world.rolekey(words, { stdin: `${key.pin}\n` });
    expect(result.code).toBe(3);
    const [answer] = documentOf(result, connected).results;
    expect(answer!.state).toMatchObject({
      activity: 'connecting',
      reason: 'touch',
      error: { code: 'touch-needed', message: 'The token still waits for a touch.' },
    });
    key.touch();
    while ((await stateOf('dev')).serving === null) await moment(50);
    expect(spent()).toEqual({ verify: 1, generalAuthenticate: 1 });
  });
});
