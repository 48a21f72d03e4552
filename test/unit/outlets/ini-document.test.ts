import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLines, encodeLines, readSections } from '../../../src/main/outlets/ini-document.ts';
import { encode } from './sections.ts';

function read(text: string): [string, number, Record<string, string>][] {
  return readSections(encode(text)).map(({ name, line, keys }) => [name, line, Object.fromEntries(keys)]);
}

describe('lines', () => {
  it('come back byte for byte', () => {
    const piece = fc.oneof(
      fc.constantFrom('\r', '\n', '\r\n', '\ufeff', ' ', '\u2028'),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const bytes = encode(pieces.join('').replaceAll('\0', ''));
        expect(Buffer.from(encodeLines(decodeLines(bytes))).equals(bytes)).toBe(true);
      }),
    );
  });

  it.each([
    ['', []],
    ['a', ['a']],
    ['a\n', ['a\n']],
    ['a\r\nb\rc\n\nd', ['a\r\n', 'b\r', 'c\n', '\n', 'd']],
    ['\u2028\u0085\v\f', ['\u2028\u0085\v\f']],
  ])('%j are %j', (text, lines) => {
    expect(decodeLines(encode(text)).lines.map((line) => line.text + line.end)).toEqual(lines);
  });

  it.each([
    ['Latin-1', Buffer.from('[caf\u00e9]\n', 'latin1')],
    ['UTF-16 with its mark', Buffer.from('\ufeff[a]\n', 'utf16le')],
    ['UTF-16 without', Buffer.from('[a]\n', 'utf16le')],
    ['a cut character', Buffer.from([0x5b, 0xe2, 0x82, 0x5d])],
    ['a surrogate', Buffer.from([0xed, 0xa0, 0x80])],
  ])('of %s are file-undecodable', (_, bytes) => {
    expect(() => decodeLines(bytes)).toThrow(expect.objectContaining({ code: 'file-undecodable' }) as Error);
  });
});

describe('readSections', () => {
  it.each<[string, string, ReturnType<typeof read>]>([
    ['keys and values', '[a]\nk = v\nx=y\nu: w', [['a', 1, { k: 'v', x: 'y', u: 'w' }]]],
    ['the first of = and :', '[a]\narn = a:b\nurl: x=y', [['a', 1, { arn: 'a:b', url: 'x=y' }]]],
    ['key names in lower case', '[A]\nRegion = EU', [['A', 1, { region: 'EU' }]]],
    ['the last of a repeated key', '[a]\nk = 1\nk = 2', [['a', 1, { k: '2' }]]],
    [
      'sections of one name apart',
      '[a]\nk = 1\n[a]\nk = 2',
      [
        ['a', 1, { k: '1' }],
        ['a', 3, { k: '2' }],
      ],
    ],
    [
      'names as they are spelled',
      '[ a ]\n[profile  "b c"] # x\n[d];\n[e]]',
      [
        [' a ', 1, {}],
        ['profile  "b c"', 2, {}],
        ['d', 3, {}],
        ['e', 4, {}],
      ],
    ],
    ['continued values', '[a]\nk = 1\n  2 = x\n\t3\nj = 4', [['a', 1, { k: '1\n2 = x\n3', j: '4' }]]],
    ['values that begin on the next line', '[a]\nk =\n  one\n  two', [['a', 1, { k: '\none\ntwo' }]]],
    ['values continued past comments and blank lines', '[a]\nk = 1\n# c\n\n  2', [['a', 1, { k: '1\n2' }]]],
    [
      'nested settings as one value',
      '[a]\ns3 =\n  region = x\nregion = y',
      [['a', 1, { s3: '\nregion = x', region: 'y' }]],
    ],
    ['keys indented alike', '[a]\n  k = 1\n  j = 2', [['a', 1, { k: '1', j: '2' }]]],
    [
      'an indented header',
      '[a]\nk = 1\n  [b]\nj = 2',
      [
        ['a', 1, { k: '1' }],
        ['b', 3, { j: '2' }],
      ],
    ],
    ['no comments', '# [x]\n[a]\n#k = 1\n ; j = 2\nl = 3 # kept', [['a', 2, { l: '3 # kept' }]]],
    ['nothing above the first header', 'k = 1\n  2\n[a]', [['a', 3, {}]]],
    ['past lines that say nothing', '[a]\njunk\n= v\n[b\nk = 1', [['a', 1, { k: '1' }]]],
    ['past a byte order mark', '\ufeff[a]\nk = 1', [['a', 1, { k: '1' }]]],
    [
      'every line end',
      '[a]\r\nk = 1\r[b]\nk = 2\r\n',
      [
        ['a', 1, { k: '1' }],
        ['b', 3, { k: '2' }],
      ],
    ],
    [
      'lines over 64 KiB',
      `[a]\nk = ${'x'.repeat(70_000)}\nj = 1`,
      [['a', 1, { k: 'x'.repeat(70_000), j: '1' }]],
    ],
    ['an empty file', '', []],
  ])('reads %s', (_, text, sections) => {
    expect(read(text)).toEqual(sections);
  });
});
