import { chownSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { checkHome } from '../../../src/main/node/own-home.ts';

const home = mkdtempSync(join(tmpdir(), 'rolekey-home-'));
if (process.getuid?.() === 0) chownSync(home, 65_534, 65_534);
const owner = statSync(home).uid;
afterAll(() => rmSync(home, { recursive: true, force: true }));

it('a home directory of one’s own is fine; so is one that is not there, and where nobody has a number', () => {
  expect(() => checkHome(home, owner)).not.toThrow();
  expect(() => checkHome(join(home, 'none'), owner + 1)).not.toThrow();
  expect(() => checkHome(home, null)).not.toThrow();
});

it('root’s is fine: containers run users without a name', () => {
  expect(() => checkHome('/', owner + 1)).not.toThrow();
});

it('another user’s is refused, by name', () => {
  for (const uid of [0, owner + 1]) {
    expect(() => checkHome(home, uid)).toThrow(
      expect.objectContaining({ code: 'agent-unsafe', message: expect.stringContaining(home) as string }),
    );
  }
});
