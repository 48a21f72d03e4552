import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { moduleLines, parseModuleFile } from '../../../src/main/tokens/p11-kit.ts';

const file = (text: string, name = 'a.module') => ({ name, text });

describe('a module file', () => {
  it.each<[string, string, Record<string, string> | null]>([
    ['settings', 'module: a.so\nx-init-reserved:\n', { module: 'a.so', 'x-init-reserved': '' }],
    ['comments and empty lines', '# module: no.so\n\n  \n  # no\nmodule: a.so', { module: 'a.so' }],
    ['white space', '  module\t:  a b.so \t\r\n', { module: 'a b.so' }],
    ['a value with colons and a hash', 'remote: |ssh a:b # c', { remote: '|ssh a:b # c' }],
    ['a setting twice: the last counts', 'module: a.so\nmodule: b.so', { module: 'b.so' }],
    ['nothing', '', {}],
    ['a line that is no setting', 'module: a.so\nnonsense', null],
    ['a section', '[module]\nmodule: a.so', null],
    ['a setting without a name', ': a.so', null],
    ['a name with spaces', 'my module: a.so', null],
    ['a NUL', 'module: a\0b.so', null],
    ['an escape', 'module: a\x1b[2J.so', null],
  ])('is read as p11-kit reads it: %s', (_, text, settings) => {
    const parsed = parseModuleFile(text);
    expect(parsed && Object.fromEntries(parsed)).toEqual(settings);
  });

  const names = fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/);
  const values = fc.string({ unit: 'binary', maxLength: 30 }).filter((text) => !/[\p{Cc}]/u.test(text));

  it('gives back what was written, with any white space and comments around it', () => {
    const blank = fc.constantFrom('', ' ', '\t', '  ');
    const line = fc.tuple(names, values, blank, blank, fc.constantFrom('', '\n', '# module: other.so\n'));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), fc.constantFrom('\n', '\r\n'), (lines, end) => {
        const text = lines
          .map(
            ([name, value, before, after, next]) =>
              `${before}${name}${after}:${before}${value}${after}${end}${next}`,
          )
          .join('');
        const expected = Object.fromEntries(lines.map(([name, value]) => [name, value.trim()]));
        expect(Object.fromEntries(parseModuleFile(text) ?? [['not', 'read']])).toEqual(expected);
      }),
    );
  });

  it('of any bytes is read or refused, and never names what a path cannot hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, name) => {
        parseModuleFile(text);
        for (const line of moduleLines([[file(text), file(`module: ${text}`), file(text, name)]])) {
          expect(line).not.toMatch(/\p{Cc}/u);
          expect(line.trim()).toBe(line);
          expect(line).not.toBe('');
        }
      }),
    );
  });
});

describe('the modules of p11-kit', () => {
  it.each<[string, string, string[]]>([
    ['one that is named', 'module: a.so', ['a.so']],
    ['none that is run elsewhere', 'module: a.so\nremote: |ssh host p11-kit remote a.so', []],
    ['none of trusted CAs', 'module: a.so\ntrust-policy: yes', []],
    ['one that says it has no trusted CAs', 'module: a.so\ntrust-policy: no', ['a.so']],
    ['none that is switched off', 'module:', []],
    ['none where nothing is said', 'critical: no', []],
    ['none for named programs', 'module: a.so\nenable-in: ssh, seahorse', []],
    ['one for us', 'module: a.so\nenable-in: ssh,rolekey', ['a.so']],
    ['none that is not for us', 'module: a.so\ndisable-in: ssh rolekey', []],
    ['one that is not for others', 'module: a.so\ndisable-in: p11-kit-proxy', ['a.so']],
    ['one for us, where both are said', 'module: a.so\nenable-in: rolekey\ndisable-in: rolekey', ['a.so']],
    ['none in somebody’s home', 'module: ~/a.so', []],
    ['none of p11-kit itself', 'module: p11-kit-proxy.so', []],
    ['none that asks another computer', 'module: /usr/lib/pkcs11/p11-kit-client.so', []],
  ])('are: %s', (_, text, lines) => {
    expect(moduleLines([[file(text)]])).toEqual(lines);
  });

  it.each(['a.conf', '.hidden.module', 'a.module~', 'a b.module', '../a.module'])(
    'are not named by a file called %s',
    (name) => {
      expect(moduleLines([[file('module: a.so', name)]])).toEqual([]);
    },
  );

  it('are in the order of their priority, then of their names', () => {
    const folder = [
      file('module: c.so', 'c.module'),
      file('module: b.so\npriority: -1', 'b.module'),
      file('module: a.so\npriority: no number', 'a.module'),
      file('module: d.so\npriority: 5', 'd.module'),
    ];
    expect(moduleLines([folder])).toEqual(['d.so', 'a.so', 'c.so', 'b.so']);
  });

  it('have the settings of the first folder, and of the second what that one does not say', () => {
    const lines = moduleLines([
      [file('priority: 1'), file('module:', 'off.module')],
      [
        file('module: a.so\npriority: -1'),
        file('module: off.so', 'off.module'),
        file('module: b.so', 'b.module'),
      ],
    ]);
    expect(lines).toEqual(['a.so', 'b.so']);
  });
});
