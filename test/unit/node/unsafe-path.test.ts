import { describe, expect, it } from 'vitest';
import { unsafePart } from '../../../src/main/node/unsafe-path.ts';

const me = 501;
const staff = 20;
const admin = 80;
const wheel = 0;

const part = (mode: number, gid: number, uid = me, isFolder = true) => ({
  ...{ mode, gid, uid },
  isDirectory: () => isFolder,
});

describe('a part of a path', () => {
  it.each<[string, NodeJS.Platform, ReturnType<typeof part>, boolean]>([
    ['Homebrew’s folder, as admin may write to it', 'darwin', part(0o775, admin), true],
    ['Homebrew’s module', 'darwin', part(0o664, admin, me, false), true],
    ['a folder of wheel', 'darwin', part(0o775, wheel, 0), true],
    ['a folder of everybody’s group', 'darwin', part(0o775, staff), false],
    ['a folder of admin’s that all may write to', 'darwin', part(0o777, admin), false],
    ['a folder of admin’s that belongs to another user', 'darwin', part(0o775, admin, 502), false],
    ['a folder of a group with that number', 'linux', part(0o775, admin), false],
    ['a folder that the group root may write to', 'linux', part(0o775, wheel), false],
    ['a folder that nobody else may write to', 'linux', part(0o755, staff), true],
    ['a sticky folder', 'linux', part(0o1777, staff), true],
    ['a file with that bit', 'linux', part(0o1666, staff, me, false), false],
  ])('%s, on %s', (_, platform, stats, isSafe) => {
    const reason = unsafePart('/some/part', stats, { platform, uid: me });
    expect(reason === null).toBe(isSafe);
    if (reason !== null) expect(reason).toMatch(/^\/some\/part (belongs to|can be written by)/);
  });
});
