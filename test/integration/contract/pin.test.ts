/** PINs: typed at a hidden prompt, held in one process, and found nowhere else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { filesBelow } from '../../support/world/files-below.ts';
import type { Terminal } from '../../support/world/terminal.ts';
import { pin, textOf, World } from '../../support/world/world.ts';
import { documentOf } from './expectations.ts';
import { connected } from './shapes.ts';
import { spiedLogins, spyModule } from './spy.ts';

let world: World;
let spyLog: string;

beforeAll(async () => {
  world = await World.open();
  spyLog = join(world.home, 'spy.log');
  await world.startAgent({ PKCS11SPY: world.hsm.module, PKCS11SPY_OUTPUT: spyLog });
  const spy = spyModule();
  const confirming = world.terminal(['tokens', '--pkcs11-lib', spy]);
  await confirming.shows('Type yes');
  confirming.type('yes\r');
  expect(await confirming.ended).toBe(0);
  for (const id of ['dev', 'test', 'prod']) await world.addAccount(id, '--pkcs11-lib', spy);
});
afterAll(() => world.dispose());
beforeEach(async () => {
  world.server.faults.clear();
  await world.rolekey(['disconnect', '--all']);
  await world.rolekey(['lock']);
  world.file('home/spy.log', '');
});

/** Tries at the token since the test began. */
const logins = (): number => spiedLogins(textOf(spyLog) ?? '');
const hidden = () => new Promise((resolve) => setTimeout(resolve, 200));

/** Types an answer to the next prompt, as a person does: a moment after it was shown. */
async function answer(terminal: Terminal, keys: string, from = 0): Promise<number> {
  const at = await terminal.shows('PIN of laptop', from);
  await hidden();
  terminal.type(keys);
  return at;
}

describe('the prompt at a terminal', () => {
  it('names token, serial and accounts, takes the PIN once for all of them, and shows nothing of it', async () => {
    const terminal = world.terminal(['connect', 'dev', 'test', 'prod']);
    await answer(terminal, `${pin}\r`);
    expect(await terminal.ended).toBe(0);
    expect(terminal.output).toMatch(/PIN of laptop \(serial [0-9a-f]{16}\) for dev, test, prod: /);
    expect(terminal.output.match(/PIN of/g)).toHaveLength(1);
    expect(terminal.output).not.toContain(pin);
    expect(logins()).toBe(1);
  });

  it('shows nothing of a PIN that is typed the moment it appears', async () => {
    for (let round = 0; round < 3; round += 1) {
      await world.rolekey(['lock']);
      await world.rolekey(['disconnect', '--all']);
      const terminal = world.terminal(['connect', 'dev']);
      await terminal.shows('PIN of laptop');
      terminal.type(`${pin}\r`);
      expect(await terminal.ended).toBe(0);
      expect(terminal.output).not.toContain(pin);
    }
  });

  it('goes to standard error, so that standard output is the document’s', async () => {
    const stdoutFile = join(world.home, 'connected.json');
    const terminal = world.terminal(['connect', 'dev', '--json'], { stdoutFile });
    await answer(terminal, `${pin}\r`);
    expect(await terminal.ended).toBe(0);
    const stdout = textOf(stdoutFile)!;
    documentOf({ code: 0, stdout, stderr: '', ms: 0, json: () => JSON.parse(stdout) as unknown }, connected);
  });

  it('says that a PIN was wrong and asks again; every try was typed', async () => {
    const terminal = world.terminal(['connect', 'dev']);
    const first = await answer(terminal, '000000\r');
    await terminal.shows('The PIN was wrong', first);
    await answer(terminal, `${pin}\r`, first);
    expect(await terminal.ended).toBe(0);
    expect(terminal.output).not.toContain('000000');
    expect(logins()).toBe(2);
  });

  it('given up after a wrong PIN is exit 3 and one try', async () => {
    const terminal = world.terminal(['connect', 'dev', 'test']);
    const first = await answer(terminal, '000000\r');
    await answer(terminal, '\u0003', first);
    expect(await terminal.ended).toBe(3);
    expect(terminal.output).toContain('dev: The PIN was wrong, and no other one was tried.');
    expect(logins()).toBe(1);
  });

  it.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
    ['Enter alone', '\r'],
  ])('given up with %s is exit 3, with no try spent and the terminal as it was', async (_key, keys) => {
    const script = '"$0" connect dev; echo "exit $?"; stty -a';
    const terminal = world.runAtTerminal('sh', ['-c', script, world.cli]);
    await answer(terminal, keys);
    await terminal.ended;
    expect(terminal.output).toContain('exit 3');
    expect(terminal.output).toContain('dev: You gave no PIN. Connect again with: rolekey connect dev.');
    expect(terminal.output).toMatch(/[; ]icanon\b/);
    expect(terminal.output).toMatch(/[; ]echo\b/);
    expect(logins()).toBe(0);
  });

  it('can be corrected with Backspace, and keeps control keys to itself', async () => {
    const terminal = world.terminal(['connect', 'dev']);
    await answer(terminal, `${pin.slice(0, -1)}xy\u007f\u007f${pin.slice(-1)}\r`);
    expect(await terminal.ended).toBe(0);
    expect(logins()).toBe(1);
  });

  it('remembers no PIN for the arrow keys of the next', async () => {
    const terminal = world.terminal(['connect', 'dev']);
    const first = await answer(terminal, '111111\r');
    await answer(terminal, '\u001b[A\r', first);
    expect(await terminal.ended).toBe(3);
    expect(logins()).toBe(1);
  });

  it('ends with --timeout when nobody types', async () => {
    const started = performance.now();
    const terminal = world.terminal(['connect', 'dev', '--timeout', '1']);
    expect(await terminal.ended).toBe(3);
    expect(performance.now() - started).toBeLessThan(2500);
    expect(terminal.output).toContain('PIN of laptop');
    expect(terminal.output).toMatch(/dev: (Nobody typed the PIN in time|Somebody is still being asked)/);
    expect(logins()).toBe(0);
  });

  it('takes what is typed while its time runs out to the end: nothing of it goes to the shell', async () => {
    const shell = world.runAtTerminal('/bin/sh', ['-c', '"$0" connect dev --timeout 1; cat', world.cli]);
    const asked = await shell.shows('PIN of');
    shell.type(pin.slice(0, 3));
    await shell.shows('Nobody answered in time', asked);
    shell.type(`${pin.slice(3)}\r`);
    await shell.shows('rolekey: dev:', asked);
    shell.type('end\r\u0004');
    await shell.shows('end', asked);
    expect(shell.output).not.toContain(pin.slice(3));
    shell.type('\u0004');
    await shell.ended;
  });

  it('is not shown where standard input is no terminal, though standard output is', async () => {
    const terminal = world.runAtTerminal('sh', ['-c', '"$0" connect dev </dev/null', world.cli]);
    expect(await terminal.ended).toBe(3);
    expect(terminal.output).not.toContain('PIN of');
  });
});

describe('a wrong PIN on standard input', () => {
  it('is one try, and never a second', async () => {
    const words = ['connect', 'dev', 'test', 'prod', '--pin-stdin', '--json'];
    const result = await world.rolekey(words, { stdin: `000000\n${pin}\n` });
    expect(result.code).toBe(3);
    expect(logins()).toBe(1);
    // Neither by itself nor with the next command that has no PIN to give.
    await world.rolekey(['connect', 'dev']);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(logins()).toBe(1);
  });

  it('of impossible length is no try', async () => {
    const words = ['connect', 'dev', '--pin-stdin', '--json'];
    const { results } = documentOf(await world.rolekey(words, { stdin: `${'1'.repeat(300)}\n` }), connected);
    expect(results[0]!.state.error!.code).toMatch(/^pin-/);
    expect(logins()).toBe(0);
  });
});

describe('one signature a session', () => {
  it('counted at the module', async () => {
    await world.rolekey(['connect', 'dev', 'test', '--pin-stdin'], { stdin: `${pin}\n` });
    expect((textOf(spyLog) ?? '').match(/: C_Sign\n/g)).toHaveLength(2);
  });
});

describe('a PIN is never', () => {
  it('in an argument or the environment of any process', async () => {
    world.server.faults.add({ kind: 'latency', milliseconds: 700 });
    const connecting = world.rolekey(['connect', 'dev', '--pin-stdin'], { stdin: `${pin}\n` });
    const progress = { ended: false };
    void connecting.then(() => (progress.ended = true));
    const seen = new Set<string>();
    while (!progress.ended) {
      for (const { argv, environment } of world.processes()) {
        const shown = [...argv, ...environment].join('\0');
        seen.add(argv.slice(0, 3).join(' '));
        expect(shown).not.toContain(pin);
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    expect((await connecting).code).toBe(0);
    for (const part of ['connect', 'agent', 'token-host']) {
      expect(
        [...seen].some((name) => name.includes(part)),
        `${part} was seen`,
      ).toBe(true);
    }
  });

  it('in a file: log, configuration, AWS files or any other', async () => {
    await world.rolekey(['connect', 'dev', '--pin-stdin'], { stdin: `${pin}\n` });
    await world.rolekey(['connect', 'test', '--pin-stdin'], { stdin: '918273\n' });
    for (const file of filesBelow(world.directory)) {
      if (file === spyLog) continue; // the spy shows what it sees
      const bytes = readFileSync(file);
      expect(bytes.includes(pin), file).toBe(false);
      expect(bytes.includes('918273'), file).toBe(false);
    }
  });

  it('nor are session credentials in a log or in the configuration', async () => {
    await world.rolekey(['connect', 'dev', '--pin-stdin'], { stdin: `${pin}\n` });
    const given = (await world.rolekey(['credential-process', '--account', 'dev'])).json();
    const { SecretAccessKey, SessionToken } = given as Record<string, string>;
    for (const file of filesBelow(world.directory)) {
      const text = readFileSync(file, 'latin1');
      for (const secret of [SecretAccessKey!, SessionToken!]) expect(text.includes(secret), file).toBe(false);
    }
  });
});
