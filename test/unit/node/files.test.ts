import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFiles } from '../../../src/main/node/files.ts';
import type { EditOptions, EditResult, Files } from '../../../src/main/ports.ts';

let root: string;
let path: string;
let files: Files;

beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'rolekey-files-'));
  path = join(root, 'file');
  files = createFiles(join(root, 'run'));
});

afterEach(() => {
  fs.rmSync(root, { recursive: true });
});

const loose: EditOptions = { createMode: 0o600, tighten: false };

const text = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString();
const modeOf = (of: string): number => fs.statSync(of).mode & 0o777;
const code = (expected: string): unknown => expect.objectContaining({ code: expected });

async function append(line: string, to = path, options = loose): Promise<EditResult> {
  return await files.edit(to, (before) => Buffer.from(`${text(before) ?? ''}${line}\n`), options);
}

/** Everything in the folder of the files but the lock folder. */
function listing(): string[] {
  return fs
    .readdirSync(root)
    .filter((name) => name !== 'run')
    .sort();
}

describe('read', () => {
  it('gives the bytes, through links, and null for no file', async () => {
    expect(await files.read(path)).toBeNull();
    fs.writeFileSync(path, Buffer.from([0, 255, 13, 10]));
    fs.symlinkSync('file', join(root, 'link'));
    fs.symlinkSync('nowhere', join(root, 'dangling'));
    expect(await files.read(join(root, 'link'))).toEqual(Buffer.from([0, 255, 13, 10]));
    expect(await files.read(join(root, 'dangling'))).toBeNull();
    expect(await files.read(join(root, 'no-folder', 'file'))).toBeNull();
  });

  it('gives files of any size', async () => {
    const bytes = Buffer.alloc(3_000_001, 'abc');
    fs.writeFileSync(path, bytes);
    expect(bytes.equals((await files.read(path))!)).toBe(true);
  });

  it('takes a device for no file', async () => {
    expect(await files.read('/dev/null')).toBeNull();
  });

  it('gives a file as long as it may be, and says of a longer one that it is', async () => {
    fs.writeFileSync(path, Buffer.alloc(1024));
    expect(await files.read(path, 1024)).toHaveLength(1024);
    fs.appendFileSync(path, 'x');
    await expect(files.read(path, 1024)).rejects.toMatchObject({
      code: 'file-unreadable',
      message: `${path} is longer than 1 KiB, the most such a file may have.`,
    });
    expect(await files.read(join(root, 'none'), 1024)).toBeNull();
  });

  it('does not read further where a file has no end', async () => {
    fs.writeFileSync(path, '');
    fs.truncateSync(path, 2 ** 40);
    await expect(files.read(path, 1024)).rejects.toEqual(code('file-unreadable'));
  });

  it.each([
    [
      'a pipe',
      () => {
        execFileSync('mkfifo', [path]);
        return path;
      },
    ],
    ['a device', () => '/dev/zero'],
    [
      'a link to one',
      () => {
        fs.symlinkSync('/dev/null', path);
        return path;
      },
    ],
  ])('does not take %s for a file that has to be one', async (_, of) => {
    const bad = of();
    await expect(files.read(bad, 1024)).rejects.toMatchObject({
      code: 'file-unreadable',
      message: `${bad} is not a regular file.`,
    });
  });

  it.each([
    ['a folder', () => root],
    [
      'a file used as a folder',
      () => {
        fs.writeFileSync(path, '');
        return join(path, 'x');
      },
    ],
    [
      'a circle of links',
      () => {
        fs.symlinkSync('file', path);
        return path;
      },
    ],
  ])('of %s is file-unreadable', async (_, of) => {
    const bad = of();
    await expect(files.read(bad)).rejects.toEqual(code('file-unreadable'));
    await expect(append('a', bad)).rejects.toEqual(code('file-unreadable'));
    await expect(files.read(bad)).rejects.toMatchObject({ message: expect.stringContaining(bad) as string });
  });
});

describe('edit', () => {
  it('creates a file with the mode asked for, whatever the umask, and its folder for the user alone', async () => {
    const umask = process.umask(0);
    try {
      expect(await append('a', join(root, 'x/y/file'))).toEqual({ changed: true, tightened: false });
    } finally {
      process.umask(umask);
    }
    expect(modeOf(join(root, 'x/y/file'))).toBe(0o600);
    expect([modeOf(join(root, 'x')), modeOf(join(root, 'x/y'))]).toEqual([0o700, 0o700]);
  });

  it('replaces the content and keeps the mode', async () => {
    fs.writeFileSync(path, 'a\n', { mode: 0o640 });
    fs.chmodSync(path, 0o640);
    await append('b');
    expect(fs.readFileSync(path, 'utf8')).toBe('a\nb\n');
    expect(modeOf(path)).toBe(0o640);
    expect(listing()).toEqual(['file']);
  });

  it('does not write the same bytes again', async () => {
    fs.writeFileSync(path, 'a\n');
    const before = fs.statSync(path);
    expect(await files.edit(path, (bytes) => bytes, loose)).toEqual({ changed: false, tightened: false });
    expect(await files.edit(join(root, 'none'), () => null, loose)).toEqual({
      changed: false,
      tightened: false,
    });
    const after = fs.statSync(path);
    expect([after.ino, after.mtimeMs, after.ctimeMs]).toEqual([before.ino, before.mtimeMs, before.ctimeMs]);
    expect(listing()).toEqual(['file']);
  });

  it.each([
    ['changed', (): Buffer => Buffer.from('b')],
    ['unchanged', (before: Uint8Array | null): Uint8Array | null => before],
  ])('takes permissions from others once, with %s bytes', async (_, change) => {
    fs.writeFileSync(path, 'a');
    fs.chmodSync(path, 0o664);
    const tight = { createMode: 0o600, tighten: true };
    expect(await files.edit(path, change, tight)).toMatchObject({ tightened: true });
    expect(modeOf(path)).toBe(0o600);
    expect(await files.edit(path, change, tight)).toMatchObject({ tightened: false });
  });

  it('deletes the file for null', async () => {
    fs.writeFileSync(path, 'a');
    expect(await files.edit(path, () => null, loose)).toEqual({ changed: true, tightened: false });
    expect(listing()).toEqual([]);
  });

  it('leaves everything as it was where the change throws', async () => {
    fs.writeFileSync(path, 'a');
    const refuse = (): never => {
      throw new RangeError('no');
    };
    await expect(files.edit(path, refuse, loose)).rejects.toThrow(RangeError);
    expect(fs.readFileSync(path, 'utf8')).toBe('a');
    expect(listing()).toEqual(['file']);
    expect(fs.readdirSync(join(root, 'run/locks'))).toEqual([]);
  });

  it('removes what a killed process left staged, and nothing that only looks like it', async () => {
    const others = ['.other.rolekey-0.tmp', '.file.rolekey', '.file.tmp', 'file.rolekey-x.tmp'];
    for (const name of [...others, '.file.rolekey-0123456789ab.tmp']) fs.writeFileSync(join(root, name), '');
    await append('a');
    expect(listing()).toEqual([...others, 'file'].sort());
  });

  it('removes that also where there is nothing to write, of copies for a write in place, too', async () => {
    fs.writeFileSync(path, 'a');
    fs.writeFileSync(join(root, '.file.rolekey-0123456789ab.tmp'), 'secret');
    fs.writeFileSync(join(root, '.file.rolekey-after.rolekey-0123456789ab.tmp'), 'secret');
    await files.edit(path, (before) => before, loose);
    expect(listing()).toEqual(['file']);
  });

  it('does not touch a device', async () => {
    await expect(append('a', '/dev/null')).rejects.toEqual(code('file-unreadable'));
    expect(fs.statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  it('of one file by many at once loses none', async () => {
    const others = [files, createFiles(join(root, 'run'))];
    const lines = Array.from({ length: 20 }, (_, index) => String(index));
    await Promise.all(
      lines.map((line, index) =>
        others[index % 2]!.edit(path, (before) => Buffer.from(`${text(before) ?? ''}${line}\n`), loose),
      ),
    );
    expect(fs.readFileSync(path, 'utf8').trim().split('\n').sort()).toEqual(lines.sort());
  }, 30_000);
});

describe('a symbolic link', () => {
  it.each([
    ['a relative one', () => fs.symlinkSync('real/target', path)],
    ['an absolute one', () => fs.symlinkSync(join(root, 'real/target'), path)],
    [
      'one to another',
      () => {
        fs.symlinkSync('real/again', path);
        fs.symlinkSync('target', join(root, 'real/again'));
      },
    ],
    [
      'one of the folder',
      () => {
        fs.symlinkSync('real', join(root, 'folder'));
        path = join(root, 'folder/target');
      },
    ],
  ])('(%s) stays, and its target is written', async (_, link) => {
    fs.mkdirSync(join(root, 'real'));
    fs.writeFileSync(join(root, 'real/target'), 'a\n');
    link();
    await append('b');
    expect(fs.readFileSync(join(root, 'real/target'), 'utf8')).toBe('a\nb\n');
    expect(fs.lstatSync(path).isSymbolicLink() || fs.lstatSync(join(root, 'folder')).isSymbolicLink()).toBe(
      true,
    );
    expect(fs.lstatSync(join(root, 'real/target')).isFile()).toBe(true);
  });

  it('that leads nowhere gets its target, and loses it again', async () => {
    fs.symlinkSync('target', path);
    await append('a');
    expect(listing()).toEqual(['file', 'target']);
    await files.edit(path, () => null, loose);
    expect(listing()).toEqual(['file']);
    expect(fs.readlinkSync(path)).toBe('target');
  });

  it('that leads nowhere is followed from where it really is', async () => {
    fs.mkdirSync(join(root, 'real/deep'), { recursive: true });
    fs.symlinkSync('real/deep', join(root, 'folder'));
    fs.symlinkSync('../target', join(root, 'real/deep/file'));
    await append('a', join(root, 'folder/file'));
    expect(fs.readFileSync(join(root, 'real/target'), 'utf8')).toBe('a\n');
  });

  it('into a folder that is missing gets none', async () => {
    fs.symlinkSync('unmounted/target', path);
    await expect(append('a')).rejects.toEqual(code('file-readonly'));
    expect(listing()).toEqual(['file']);
  });

  it('for a folder that is missing gets none, either', async () => {
    fs.symlinkSync('unmounted', join(root, 'folder'));
    await expect(append('a', join(root, 'folder/file'))).rejects.toEqual(code('file-readonly'));
    expect(listing()).toEqual(['folder']);
  });

  it('and its target have one lock', async () => {
    fs.symlinkSync('target', path);
    await Promise.all(
      Array.from({ length: 6 }, (_, i) => append(String(i), i % 2 ? path : join(root, 'target'))),
    );
    expect(fs.readFileSync(path, 'utf8').split('\n').sort()).toEqual(['', '0', '1', '2', '3', '4', '5']);
  }, 30_000);
});

describe('another program', () => {
  it('that writes before the file is replaced is heard', async () => {
    fs.writeFileSync(path, 'a\n');
    const seen: (string | null)[] = [];
    await files.edit(
      path,
      (before) => {
        seen.push(text(before));
        if (seen.length === 1) fs.appendFileSync(path, 'theirs\n');
        return Buffer.from(`${text(before) ?? ''}ours\n`);
      },
      loose,
    );
    expect(seen).toEqual(['a\n', 'a\ntheirs\n']);
    expect(fs.readFileSync(path, 'utf8')).toBe('a\ntheirs\nours\n');
    expect(listing()).toEqual(['file']);
  });

  it.each<[string, () => void, string]>([
    ['creates it', () => fs.writeFileSync(path, 'theirs\n'), 'theirs\nours\n'],
    [
      'replaces it',
      () => {
        fs.writeFileSync(`${path}2`, 'theirs\n');
        fs.renameSync(`${path}2`, path);
      },
      'theirs\nours\n',
    ],
    ['removes it', () => fs.rmSync(path, { force: true }), 'ours\n'],
  ])('that %s in between is heard', async (what, act, after) => {
    if (what !== 'creates it') fs.writeFileSync(path, 'a\n');
    let calls = 0;
    await files.edit(
      path,
      (before) => {
        calls += 1;
        if (calls === 1) act();
        return Buffer.from(`${text(before) ?? ''}ours\n`);
      },
      loose,
    );
    expect(fs.readFileSync(path, 'utf8')).toBe(after);
  });

  it('that removes it from under a deletion is heard', async () => {
    fs.writeFileSync(path, 'a');
    const result = await files.edit(
      path,
      (before) => {
        if (before !== null) fs.writeFileSync(path, 'theirs');
        return text(before) === 'a' ? null : before;
      },
      loose,
    );
    expect(result.changed).toBe(false);
    expect(fs.readFileSync(path, 'utf8')).toBe('theirs');
  });

  it('that truncates it and takes its time is waited for', async () => {
    fs.writeFileSync(path, 'a\n');
    const theirs = fs.openSync(path, 'r+');
    let calls = 0;
    await files.edit(
      path,
      (before) => {
        calls += 1;
        if (calls === 1) {
          fs.ftruncateSync(theirs);
          setTimeout(() => {
            fs.writeSync(theirs, 'a\ntheirs\n', 0);
            fs.closeSync(theirs);
          }, 100);
        }
        return Buffer.from(`${text(before) ?? ''}ours\n`);
      },
      loose,
    );
    expect(fs.readFileSync(path, 'utf8')).toBe('a\ntheirs\nours\n');
  });

  it('that has just truncated it is waited for, also when it was never seen before', async () => {
    fs.writeFileSync(path, '');
    setTimeout(() => fs.writeFileSync(path, 'theirs\n'), 50);
    await append('ours');
    expect(fs.readFileSync(path, 'utf8')).toBe('theirs\nours\n');
  });

  it('that empties a file we know and is slow to fill it is waited for longer', async () => {
    await append('a');
    fs.truncateSync(path);
    setTimeout(() => fs.writeFileSync(path, 'a\ntheirs\n'), 500);
    await append('ours');
    expect(fs.readFileSync(path, 'utf8')).toBe('a\ntheirs\nours\n');
  });

  it('that empties a file for good is believed in the end', async () => {
    await append('a');
    fs.truncateSync(path);
    await append('ours');
    expect(fs.readFileSync(path, 'utf8')).toBe('ours\n');
  });

  it('that never stops is given up on', async () => {
    fs.writeFileSync(path, '');
    let calls = 0;
    const write = (): Buffer => {
      calls += 1;
      fs.appendFileSync(path, 'x');
      return Buffer.from('ours');
    };
    await expect(files.edit(path, write, loose)).rejects.toEqual(code('file-busy'));
    expect(fs.readFileSync(path, 'utf8')).toBe('x'.repeat(calls));
    expect(calls).toBe(10);
    expect(listing()).toEqual(['file']);
  });
});

describe('a file with several hard links', () => {
  beforeEach(() => {
    fs.writeFileSync(path, 'a\n');
    fs.chmodSync(path, 0o644);
    fs.linkSync(path, join(root, 'twin'));
  });

  it.each([
    ['longer', 'a\nb\n'],
    ['shorter', 'b'],
    ['empty', ''],
  ])('is written in place: %s', async (_, after) => {
    const { ino } = fs.statSync(path);
    await files.edit(path, () => Buffer.from(after), { createMode: 0o600, tighten: true });
    expect(fs.readFileSync(join(root, 'twin'), 'utf8')).toBe(after);
    expect(fs.statSync(path)).toMatchObject({ ino, nlink: 2 });
    expect(modeOf(path)).toBe(0o600);
    expect(listing()).toEqual(['file', 'twin']);
  });

  it('is looked at again before it is', async () => {
    let calls = 0;
    await files.edit(
      path,
      (before) => {
        calls += 1;
        if (calls === 1) fs.appendFileSync(join(root, 'twin'), 'theirs\n');
        return Buffer.from(`${text(before) ?? ''}ours\n`);
      },
      loose,
    );
    expect(fs.readFileSync(path, 'utf8')).toBe('a\ntheirs\nours\n');
    expect(listing()).toEqual(['file', 'twin']);
  });
});

describe('a write in place that was cut off', () => {
  function leaveBehind(now: string, before: string | null, after: string | null): void {
    fs.writeFileSync(path, now);
    if (before !== null) fs.writeFileSync(`${path}.rolekey-before`, before);
    if (after !== null) fs.writeFileSync(`${path}.rolekey-after`, after);
  }

  it.each([
    ['before it began', 'one two\n', 'one two\n', 'ONE TWO THREE\n', 'one two\n'],
    ['in the middle', 'ONE two\n', 'one two\n', 'ONE TWO THREE\n', 'one two\n'],
    ['past the old end', 'ONE TWO THR', 'one two\n', 'ONE TWO THREE\n', 'one two\n'],
    ['before the rest was cut', 'ONE\ntwo\n', 'one\ntwo\n', 'ONE\n', 'one\ntwo\n'],
    ['before the rest was cut, to nothing', 'one\n', 'one\n', '', 'one\n'],
    ['when it was done', 'ONE\n', 'one two\n', 'ONE\n', 'ONE\n'],
  ])('%s leaves the old or the new content', async (_, now, before, after, expected) => {
    leaveBehind(now, before, after);
    await append('next');
    expect(fs.readFileSync(path, 'utf8')).toBe(`${expected}next\n`);
    expect(listing()).toEqual(['file']);
  });

  it.each([
    ['before', 'old\n', null],
    ['after', null, 'new\n'],
  ])('while the copies were made or removed (%s alone) touches nothing', async (_, before, after) => {
    leaveBehind('a\n', before, after);
    await append('next');
    expect(fs.readFileSync(path, 'utf8')).toBe('a\nnext\n');
    expect(listing()).toEqual(['file']);
  });

  it('and that another program wrote to since is left to the user', async () => {
    leaveBehind('ONE\n[theirs]\n', 'one two\n', 'ONE TWO\n');
    await expect(append('next')).rejects.toMatchObject({
      code: 'file-unreadable',
      remedy: expect.stringContaining(`${path}.rolekey-before`) as string,
    });
    expect(fs.readFileSync(path, 'utf8')).toBe('ONE\n[theirs]\n');
    fs.rmSync(`${path}.rolekey-before`);
    await append('next');
    expect(listing()).toEqual(['file']);
  });
});
