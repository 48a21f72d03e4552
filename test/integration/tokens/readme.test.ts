/** The commands README.md gives for a YubiKey and a TPM, run as they stand there: the real tools, a virtual key each. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Tpm } from '../../support/tpm/tpm.ts';
import { YubikeyWorld } from '../../support/virtual-yubikey/yubikey-world.ts';
import { Terminal } from '../../support/world/terminal.ts';
import { World } from '../../support/world/world.ts';
import { documentOf } from '../contract/expectations.ts';
import { tokens } from '../contract/shapes.ts';

/** The lines of the section's one block, without what stands after the command. */
function commandsOf(section: string): string[] {
  const text = readFileSync('README.md', 'utf8').split(`\n### ${section}\n`)[1] ?? '';
  const [, block = ''] = /^```\n(.*?)^```$/ms.exec(text) ?? [];
  return block.split('\n').map((line) => (line.startsWith('#') ? line : line.replace(/ {2,}# .*/, '')));
}

let world: World;

beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.dispose());
afterEach(() => world.rolekey(['agent', 'stop']));

/** Runs what the user runs; where the CA has its turn, the CA does. @param lines not those that set up the computer. */
async function follow(
  lines: readonly string[],
  env: Readonly<Record<string, string>>,
  pin: string,
): Promise<void> {
  for (const line of lines) {
    if (/^(sudo|rolekey|$)/.test(line)) continue;
    if (line.startsWith('#')) {
      const csr = readFileSync(join(world.home, 'request.pem'), 'utf8');
      world.file('home/certificate.pem', world.authority.issue({ holder: { csr } }).pem);
      continue;
    }
    if (line.startsWith('certtool')) {
      await request(line, env, pin);
      continue;
    }
    const { code, stdout, stderr } = await world.run('bash', ['-ec', line], { env });
    expect(code, `${line}\n${stdout}${stderr}`).toBe(0);
  }
}

/** certtool asks at its terminal: for the PIN, and for a password that nobody needs. */
async function request(line: string, env: Readonly<Record<string, string>>, pin: string): Promise<void> {
  const terminal = new Terminal(['bash', '-ec', line], { env: { ...world.env, ...env }, cwd: world.home });
  const at = await terminal.shows('Enter PIN:');
  terminal.type(`${pin}\r`);
  await terminal.shows('challenge password', at);
  terminal.type('\r');
  expect(await terminal.ended, terminal.output).toBe(0);
}

async function usableKeys(env: Readonly<Record<string, string>>, kind: string): Promise<string[]> {
  await world.startAgent(env);
  const list = documentOf(await world.rolekey(['tokens', '--json'], { env }), tokens);
  const keys = list.tokens.filter((token) => token.kind === kind).flatMap((token) => token.keys);
  return keys
    .filter(({ usable, certificate }) => usable && certificate !== null)
    .map(({ type, size }) => `${type} ${size}`);
}

describe('README', () => {
  it('makes a key and a certificate on a YubiKey that Rolekey can use', async () => {
    const yubikeys = await YubikeyWorld.start();
    try {
      const key = await yubikeys.insert({ serial: 1_234_567 });
      const lines = commandsOf('A YubiKey').filter((line) => !line.includes('-a change-pin'));
      expect(lines.length).toBeGreaterThan(5);
      await follow(lines, yubikeys.environment, key.pin);
      expect(await usableKeys(yubikeys.environment, 'yubikey')).toEqual(['EC P-256']);
    } finally {
      await yubikeys.dispose();
    }
  });

  it('makes a store, a token, a key and a certificate in a TPM that Rolekey can use', async () => {
    const tpm = await Tpm.create();
    try {
      const lines = commandsOf('A TPM');
      expect(lines.length).toBeGreaterThan(7);
      await follow(lines, tpm.environment, '123456');
      expect(await usableKeys(tpm.environment, 'tpm')).toEqual(['EC P-256']);
    } finally {
      await tpm.dispose();
    }
  });
});
