import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { documentFormat } from '../../../src/main/accounts/document-format.ts';
import { createSettingsFile } from '../../../src/main/node/settings-file.ts';

const schema = z.strictObject({ version: z.literal(1), names: z.array(z.string()) });
const format = documentFormat(1, schema, {});
const stored = '{ "version": 1, "names": ["a"] }';

let root: string;
let directory: string;
let path: string;
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'rolekey-settings-'));
  directory = join(root, 'config', 'rolekey');
  path = join(directory, 'config.json');
});
afterEach(() => {
  fs.rmSync(root, { recursive: true, force: true });
});

function put(content: string | Uint8Array, mode = 0o600): void {
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(path, content, { mode });
  fs.chmodSync(path, mode);
}

const modeOf = (file: string): number => fs.statSync(file).mode & 0o777;
const text = (file = path): string => fs.readFileSync(file, 'utf8');

describe('a configuration file', () => {
  it('reads as nothing where there is none, and leaves no trace of that', () => {
    expect(createSettingsFile(directory, format).read()).toBeUndefined();
    expect(fs.readdirSync(root)).toEqual([]);
  });

  it('is written as two-space JSON, for its owner alone, in a folder of the same kind', () => {
    const file = createSettingsFile(directory, format);
    file.write({ version: 1, names: ['a'] });
    expect(text()).toBe('{\n  "version": 1,\n  "names": [\n    "a"\n  ]\n}\n');
    expect([modeOf(path), modeOf(directory)]).toEqual([0o600, 0o700]);
    expect(fs.readdirSync(directory)).toEqual(['config.json']);
  });

  it.each([0o644, 0o660, 0o604])('loses permissions of others: %o', (mode) => {
    put(stored, mode);
    createSettingsFile(directory, format).read();
    expect(modeOf(path)).toBe(0o600);
    expect(text()).toBe(stored);
  });

  it('is 0600 after a write whatever it was and whatever the umask is', () => {
    put(stored, 0o600);
    const file = createSettingsFile(directory, format);
    file.read();
    fs.chmodSync(path, 0o666);
    const umask = process.umask(0);
    try {
      file.write({ version: 1, names: [] });
    } finally {
      process.umask(umask);
    }
    expect(modeOf(path)).toBe(0o600);
  });

  it('answers the same object until the file changes, by whatever means', () => {
    put(stored);
    const file = createSettingsFile(directory, format);
    const first = file.read();
    expect(file.read()).toBe(first);
    fs.writeFileSync(path, stored.replace('"a"', '"b"'));
    expect(file.read()).toEqual({ version: 1, names: ['b'] });
    fs.rmSync(path);
    expect(file.read()).toBeUndefined();
  });

  it('is read after a byte order mark', () => {
    put(`\ufeff${stored}`);
    expect(createSettingsFile(directory, format).read()).toEqual({ version: 1, names: ['a'] });
  });
});

describe('a file somebody else changed', () => {
  it.each([
    ['edited', () => fs.writeFileSync(path, stored.replace('"a"', '"z"'))],
    ['removed', () => fs.rmSync(path)],
    ['made anew as garbage', () => fs.writeFileSync(path, '{')],
  ])('is not overwritten unread: %s', (_how, change) => {
    put(stored);
    const file = createSettingsFile(directory, format);
    file.read();
    change();
    const before = fs.existsSync(path) ? text() : null;
    expect(() => file.write({ version: 1, names: ['mine'] })).toThrow(
      expect.objectContaining({ code: 'file-busy' }),
    );
    expect(fs.existsSync(path) ? text() : null).toBe(before);
    expect(fs.readdirSync(directory)).toEqual(before === null ? [] : ['config.json']);
  });

  it('is not overwritten where it was never read', () => {
    put(stored);
    const write = (): void => createSettingsFile(directory, format).write({ version: 1, names: [] });
    expect(write).toThrow(expect.objectContaining({ code: 'file-busy' }));
    expect(text()).toBe(stored);
  });
});

describe('a file that cannot be used', () => {
  it.each([
    ['not JSON', '{"version": 1,\n\u001b "names": [}', 'config.json is not JSON: '],
    ['empty', '', 'is not JSON'],
    ['an array', '[]', 'does not hold a JSON object'],
    ['null', 'null', 'does not hold a JSON object'],
    ['without version', '{"names": []}', 'version must be a whole number'],
    ['with a version in words', '{"version": "1", "names": []}', 'version must be a whole number'],
    ['with half a version', '{"version": 0.5, "names": []}', 'version must be a whole number'],
    [
      'with a field of the wrong type',
      '{"version": 1, "names": [1]}',
      'names[0] is missing or not of type string',
    ],
    ['with a typo', '{"version": 1, "names": [], "nmaes": []}', 'has an unknown field "nmaes"'],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'is not text in UTF-8'],
  ])('is told by name and left as it is: %s', (_what, content, message) => {
    put(content);
    const file = createSettingsFile(directory, format);
    const error = expect.objectContaining({
      code: 'config-unreadable',
      message: expect.stringContaining(message) as string,
    }) as Error;
    expect(() => file.read()).toThrow(error);
    const printable = /^[\x20-\x7e]*\/config\.json[\x20-\x7e]*$/;
    expect(() => file.read()).toThrow(
      expect.objectContaining({ message: expect.stringMatching(printable) as string }),
    );
    expect(() => file.write({ version: 1, names: [] })).toThrow(
      expect.objectContaining({ code: 'file-busy' }),
    );
    expect(fs.readFileSync(path)).toEqual(Buffer.from(content));
  });

  it.each([
    ['{"version": 1,\n  "names": [\n    "a" "b"]}', 'line 3, column 9'],
    ['{"version": 1,\r\n "names": [],\r\n}', 'line 3, column 1'],
    ['{"version": 1,\n', 'line 2, column 1'],
    ['', 'line 1, column 1'],
  ])('is told with the line of its fault: %j', (content, place) => {
    put(content);
    expect(() => createSettingsFile(directory, format).read()).toThrow(
      expect.objectContaining({ message: expect.stringContaining(place) as string }),
    );
  });

  it('is told where it is a folder', () => {
    fs.mkdirSync(path, { recursive: true });
    expect(() => createSettingsFile(directory, format).read()).toThrow(
      expect.objectContaining({ code: 'config-unreadable', message: `${path} cannot be read (EISDIR).` }),
    );
  });

  it('is told where its folder is a file', () => {
    fs.mkdirSync(join(root, 'config'));
    fs.writeFileSync(directory, '');
    const file = createSettingsFile(directory, format);
    expect(() => file.read()).toThrow(expect.objectContaining({ code: 'config-unreadable' }));
    expect(() => file.write({ version: 1, names: [] })).toThrow(
      expect.objectContaining({ code: 'file-readonly' }),
    );
  });

  it('is told where links lead round', () => {
    fs.mkdirSync(directory, { recursive: true });
    fs.symlinkSync('config.json', path);
    const file = createSettingsFile(directory, format);
    expect(() => file.read()).toThrow(expect.objectContaining({ code: 'config-unreadable' }));
    expect(() => file.write({ version: 1, names: [] })).toThrow(
      expect.objectContaining({ code: 'file-readonly', message: `${path} cannot be written (ELOOP).` }),
    );
  });

  it('is never written by an older program', () => {
    put('{"version": 2, "shape": "unknown"}');
    const file = createSettingsFile(directory, format);
    expect(() => file.read()).toThrow(
      expect.objectContaining({
        code: 'config-newer',
        message: `${path} has version 2; this Rolekey knows versions up to 1.`,
      }),
    );
    expect(() => file.write({ version: 1, names: [] })).toThrow(
      expect.objectContaining({ code: 'file-busy' }),
    );
    expect(text()).toBe('{"version": 2, "shape": "unknown"}');
  });
});

describe('symbolic links', () => {
  const elsewhere = (): string => join(root, 'dotfiles');
  const write = (): void => {
    const file = createSettingsFile(directory, format);
    file.read();
    file.write({ version: 1, names: ['new'] });
  };

  it.each([
    ['a file', (target: string) => fs.writeFileSync(target, stored)],
    ['nothing yet', () => undefined],
  ])('to %s stay links and are written through', (_what, prepare) => {
    fs.mkdirSync(elsewhere());
    prepare(join(elsewhere(), 'rolekey.json'));
    fs.mkdirSync(directory, { recursive: true });
    fs.symlinkSync('../../dotfiles/rolekey.json', path);
    write();
    expect(fs.readlinkSync(path)).toBe('../../dotfiles/rolekey.json');
    expect(JSON.parse(text(join(elsewhere(), 'rolekey.json')))).toEqual({ version: 1, names: ['new'] });
    expect([fs.readdirSync(directory), fs.readdirSync(elsewhere())]).toEqual([
      ['config.json'],
      ['rolekey.json'],
    ]);
  });

  it('on the way, several of them, are followed', () => {
    fs.mkdirSync(elsewhere());
    fs.mkdirSync(join(root, 'config'));
    fs.symlinkSync('../dotfiles', directory);
    fs.symlinkSync('second', path);
    fs.symlinkSync('third.json', join(elsewhere(), 'second'));
    write();
    expect(fs.lstatSync(directory).isSymbolicLink()).toBe(true);
    expect(JSON.parse(text(join(elsewhere(), 'third.json')))).toEqual({ version: 1, names: ['new'] });
    expect(fs.readdirSync(elsewhere()).sort()).toEqual(['config.json', 'second', 'third.json']);
  });

  it('into a folder that is not there are told', () => {
    fs.mkdirSync(directory, { recursive: true });
    fs.symlinkSync('../gone/rolekey.json', path);
    expect(write).toThrow(expect.objectContaining({ code: 'file-readonly' }));
    expect(fs.readlinkSync(path)).toBe('../gone/rolekey.json');
  });
});

describe('migration', () => {
  const third = documentFormat(3, z.strictObject({ version: z.literal(3), names: z.array(z.string()) }), {
    1: ({ names, ...rest }) => ({ ...rest, words: names }),
    2: ({ words, ...rest }) => ({ ...rest, names: [...(words as string[]), `from ${String(rest.version)}`] }),
  });
  const failing = documentFormat(3, z.strictObject({ version: z.literal(3), names: z.array(z.string()) }), {
    1: ({ names, ...rest }) => ({ ...rest, words: names }),
    2: () => {
      throw new Error('cannot be');
    },
  });
  const odd = '{"version":1,\n\t"names": [ "a"  ] }';

  it('goes step by step, and touches the file with the next write only', () => {
    put(odd);
    const file = createSettingsFile(directory, third);
    expect(file.read()).toEqual({ version: 3, names: ['a', 'from 2'] });
    expect([text(), fs.readdirSync(directory)]).toEqual([odd, ['config.json']]);
    file.write({ version: 3, names: ['b'] });
    expect(JSON.parse(text())).toEqual({ version: 3, names: ['b'] });
    expect(fs.readdirSync(directory)).toEqual(['config.json', 'config.json.v1-backup']);
    expect(text(`${path}.v1-backup`)).toBe(odd);
    expect(modeOf(`${path}.v1-backup`)).toBe(0o600);
  });

  it('keeps no second copy once the file is of the current version', () => {
    put(odd);
    const file = createSettingsFile(directory, third);
    file.read();
    file.write({ version: 3, names: ['b'] });
    fs.rmSync(`${path}.v1-backup`);
    file.write({ version: 3, names: ['c'] });
    expect(fs.readdirSync(directory)).toEqual(['config.json']);
  });

  it('starts in the middle for a document of the middle', () => {
    put('{"version":2,"words":["w"]}');
    expect(createSettingsFile(directory, third).read()).toEqual({ version: 3, names: ['w', 'from 2'] });
  });

  it('that fails names its step and leaves every byte', () => {
    put(odd);
    const file = createSettingsFile(directory, failing);
    expect(() => file.read()).toThrow(
      expect.objectContaining({
        code: 'config-unreadable',
        message: `${path} could not be brought from version 2 to 3.`,
      }),
    );
    expect([text(), fs.readdirSync(directory)]).toEqual([odd, ['config.json']]);
  });

  it('that yields a document of the wrong shape leaves every byte', () => {
    put('{"version":2,"words":[7]}');
    expect(() => createSettingsFile(directory, third).read()).toThrow(
      expect.objectContaining({ code: 'config-unreadable' }),
    );
    expect(text()).toBe('{"version":2,"words":[7]}');
  });

  it('without a step from that version is told', () => {
    put('{"version":1,"names":[]}');
    const gap = documentFormat(3, z.strictObject({ version: z.literal(3) }), {
      2: (document) => ({ ...document }),
    });
    expect(() => createSettingsFile(directory, gap).read()).toThrow(
      expect.objectContaining({ message: `${path} could not be brought from version 1 to 2.` }),
    );
  });
});
