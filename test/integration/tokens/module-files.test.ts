import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createModuleFiles } from '../../../src/main/node/module-files.ts';
import { moduleLines } from '../../../src/main/tokens/p11-kit.ts';
import { softHsmModule } from '../../support/soft-token/soft-hsm.ts';

const moduleFiles = createModuleFiles();
const inspect = (path: string) => moduleFiles.inspect(path);
const directory = realpathSync(mkdtempSync(join(tmpdir(), 'module-files-')));
const folder = join(directory, 'folder');
const module = join(folder, 'module.so');
const anotherUser = 12_345;

beforeAll(() => {
  execFileSync('gcc', ['-shared', '-fPIC', '-o', join(directory, 'other.so'), '-x', 'c', '/dev/null']);
  execFileSync('gcc', ['-c', '-o', join(directory, 'object.o'), '-x', 'c', '/dev/null']);
  execFileSync('mkfifo', [join(directory, 'pipe')]);
  writeFileSync(join(directory, 'text.so'), 'INPUT(libreal.so)\n');
  writeFileSync(join(directory, 'empty.so'), '');
  symlinkSync('loop', join(directory, 'loop'));
});

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o755 });
  copyFileSync(softHsmModule(), module);
  chmodSync(module, 0o644);
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('a module file', () => {
  it('is named by its real path and SHA-256', async () => {
    symlinkSync(module, join(folder, 'link.so'));
    expect(await inspect(join(folder, 'link.so'))).toEqual({
      path: module,
      sha256: createHash('sha256').update(readFileSync(module)).digest('hex'),
      unsafe: null,
    });
  });

  it('of the system is safe', async () => {
    expect(await inspect(softHsmModule())).toMatchObject({
      path: realpathSync(softHsmModule()),
      unsafe: null,
    });
  });

  it.each([
    ['nothing.so', /was not found/],
    ['text.so/below.so', /was not found/],
    ['loop', /was not found/],
  ])('that is not there (%s) is module-missing', async (name, message) => {
    await expect(inspect(join(directory, name))).rejects.toMatchObject({
      code: 'module-missing',
      message: expect.stringMatching(message) as string,
    });
  });

  it.each([
    ['.', /not a file/],
    ['pipe', /not a file/],
    ['text.so', /no shared library of this system/],
    ['empty.so', /no shared library of this system/],
    ['other.so', /exports no C_GetFunctionList/],
    ['object.o', /not a shared library/],
  ])('that is no module (%s) says why', async (name, message) => {
    await expect(inspect(join(directory, name))).rejects.toMatchObject({
      code: 'module-not-pkcs11',
      message: expect.stringMatching(message) as string,
    });
  });

  it('that is larger than any module is not read', async () => {
    truncateSync(module, 300 * 1024 * 1024);
    await expect(inspect(module)).rejects.toMatchObject({ code: 'module-not-pkcs11' });
  });
});

describe('a module that another user could change', () => {
  const expectUnsafe = async (part: string): Promise<void> => {
    const { unsafe } = await inspect(module);
    expect(unsafe).toMatch(/another user|other users/);
    expect(unsafe).toContain(`${part} `);
  };

  it.each([
    ['writable by all', () => chmodSync(module, 0o666), module],
    ['writable by its group', () => chmodSync(module, 0o664), module],
    ['in a folder writable by all', () => chmodSync(folder, 0o777), folder],
    ['in a folder writable by its group', () => chmodSync(folder, 0o775), folder],
    ['with the sticky bit, which guards folders only', () => chmodSync(module, 0o1666), module],
  ])('is unsafe, and the reason names the part of the path: %s', async (_, spoil, part) => {
    spoil();
    await expectUnsafe(part);
  });

  it.skipIf(process.getuid?.() !== 0).each([
    ['the file', () => chownSync(module, anotherUser, anotherUser), module],
    ['a folder', () => chownSync(folder, anotherUser, anotherUser), folder],
    [
      'a sticky folder',
      () => {
        chownSync(folder, anotherUser, anotherUser);
        chmodSync(folder, 0o1777);
      },
      folder,
    ],
  ])(
    'is unsafe where another user owns a part of the path (only root can try): %s',
    async (_, give, part) => {
      give();
      await expectUnsafe(part);
    },
  );

  it('is safe in a sticky folder where its own part of the path is not theirs', async () => {
    chmodSync(folder, 0o1777);
    expect((await inspect(module)).unsafe).toBeNull();
  });

  it('is judged by where it really is', async () => {
    chmodSync(folder, 0o777);
    const link = join(dirname(folder), 'link.so');
    symlinkSync(module, link);
    expect((await inspect(link)).unsafe).toContain(folder);
  });

  describe('by a link on the way to it', () => {
    const links = join(directory, 'links');
    const safe = join(directory, 'safe');

    beforeEach(() => {
      for (const each of [links, safe]) {
        rmSync(each, { recursive: true, force: true });
        mkdirSync(each, { mode: 0o755 });
      }
      symlinkSync(module, join(links, 'module.so'));
      symlinkSync('../links/module.so', join(safe, 'relative.so'));
      symlinkSync(links, join(safe, 'folder'));
    });

    const ways = [join(links, 'module.so'), join(safe, 'relative.so'), join(safe, 'folder/module.so')];

    it.each(ways)('is unsafe where the link’s folder is, and the reason names that: %s', async (way) => {
      chmodSync(links, 0o777);
      expect((await inspect(way)).unsafe).toBe(`${links} can be written by other users`);
    });

    it.each(ways)('is safe where every link’s folder is: %s', async (way) => {
      expect(await inspect(way)).toMatchObject({ path: module, unsafe: null });
    });

    it('is read from p11-kit’s file on the same terms', async () => {
      writeFileSync(join(folder, 'a.module'), 'module: a.so', { mode: 0o644 });
      symlinkSync(join(folder, 'a.module'), join(links, 'a.module'));
      const unsafe = async () => (await moduleFiles.configurations(links)).map((file) => file.unsafe);
      expect(await unsafe()).toEqual([null]);
      chmodSync(links, 0o777);
      expect(await unsafe()).toEqual([`${links} can be written by other users`]);
    });
  });
});

describe('module files of p11-kit', () => {
  const read = async () => moduleFiles.configurations(folder);

  it('are read by name, and nothing else is', async () => {
    writeFileSync(join(folder, 'b.module'), 'module: b.so', { mode: 0o644 });
    writeFileSync(join(folder, 'a.module'), 'module: a.so', { mode: 0o644 });
    writeFileSync(join(folder, 'c.conf'), 'module: c.so', { mode: 0o644 });
    mkdirSync(join(folder, 'd.module'));
    execFileSync('mkfifo', [join(folder, 'e.module')]);
    symlinkSync('nowhere', join(folder, 'f.module'));
    writeFileSync(join(folder, 'g.module'), '#'.repeat(70_000), { mode: 0o644 });
    expect(await read()).toEqual([
      { name: 'a.module', text: 'module: a.so', unsafe: null },
      { name: 'b.module', text: 'module: b.so', unsafe: null },
    ]);
  });

  it.each([
    ['it', 0o666, 0o755],
    ['its folder', 0o644, 0o777],
  ])('say why one is not to be trusted: others may write %s', async (_, fileMode, folderMode) => {
    writeFileSync(join(folder, 'a.module'), 'module: a.so');
    chmodSync(join(folder, 'a.module'), fileMode);
    chmodSync(folder, folderMode);
    const files = await read();
    expect(files.map(({ name }) => name)).toEqual(['a.module']);
    expect(files[0]?.unsafe).toMatch(/can be written by other users/);
  });

  it('of the system are safe, and name what is installed', async () => {
    const installed = await moduleFiles.configurations('/usr/share/p11-kit/modules');
    expect(installed.filter(({ unsafe }) => unsafe !== null)).toEqual([]);
    const lines = moduleLines([installed]);
    expect(lines).toContain('libtpm2_pkcs11.so'); // as Debian's package has it
    expect(lines.filter((line) => line.includes('p11-kit'))).toEqual([]); // its trusted CAs
  });

  it('are none where there is no folder', async () => {
    expect(await moduleFiles.configurations(join(directory, 'nothing'))).toEqual([]);
    expect(await moduleFiles.configurations(module)).toEqual([]);
  });
});

describe('a path', () => {
  it('that cannot be seen does not exist', async () => {
    expect(await moduleFiles.look(join(directory, 'nothing'))).toEqual({
      exists: false,
      usable: false,
      group: null,
      members: [],
    });
  });

  it('of ours is usable, as is a device that everybody may use', async () => {
    expect(await moduleFiles.look(module)).toMatchObject({ exists: true, usable: true });
    expect(await moduleFiles.look(folder)).toMatchObject({ exists: true, usable: true });
    expect(await moduleFiles.look('/dev/null')).toMatchObject({ exists: true, usable: true });
  });

  it.skipIf(process.getuid?.() !== 0)('says its group, and who may do what (only root can try)', async () => {
    const tss = Number(execFileSync('getent', ['group', 'tss'], { encoding: 'utf8' }).split(':')[2]);
    chownSync(module, 0, tss);
    expect(await moduleFiles.look(module)).toMatchObject({ exists: true, usable: true, group: 'tss' });
    chownSync(module, 0, anotherUser);
    expect(await moduleFiles.look(module)).toMatchObject({ group: null, members: [] });
  });
});

describe('as another user', () => {
  /** The adapter, run by a process that is nobody. */
  const lookAs = (path: string): unknown => {
    const bundle = join(directory, 'look.cjs');
    buildSync({
      entryPoints: ['src/main/node/path-look.ts'],
      outfile: bundle,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      logLevel: 'warning',
    });
    chmodSync(directory, 0o755);
    chmodSync(bundle, 0o644);
    const program = `require(${JSON.stringify(bundle)}).lookAtPath(${JSON.stringify(path)}).then((look) => console.log(JSON.stringify(look)))`;
    const output = execFileSync(process.execPath, ['-e', program], {
      encoding: 'utf8',
      uid: 65_534,
      gid: 65_534,
    });
    return JSON.parse(output);
  };

  it.skipIf(process.getuid?.() !== 0).each([
    ['may be read and written', 0o666, { exists: true, usable: true }],
    ['may only be read', 0o644, { exists: true, usable: false }],
    ['may neither', 0o600, { exists: true, usable: false }],
  ])('a path that %s (only root can try)', (_, mode, expected) => {
    chmodSync(module, mode);
    expect(lookAs(module)).toMatchObject({ ...expected, group: 'root' });
  });

  it.skipIf(process.getuid?.() !== 0)('a path in a folder that is closed does not exist', () => {
    chmodSync(folder, 0o700);
    expect(lookAs(module)).toMatchObject({ exists: false });
  });
});
