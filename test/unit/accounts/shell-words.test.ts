import { describe, expect, it } from 'vitest';
import { commandWords, posixWords, windowsWords } from '../../../src/main/accounts/shell-words.ts';

const home = '/home/me';
const usesShell: Error = expect.objectContaining({
  code: 'account-invalid',
  message: expect.stringContaining('uses the shell') as string,
}) as Error;
const leftOpen: Error = expect.objectContaining({
  code: 'account-invalid',
  message: 'A quotation in the line is left open.',
}) as Error;

describe('words of a POSIX line', () => {
  it.each<[string, string[]]>([
    ['', []],
    [' \t\r\n ', []],
    ['a b', ['a', 'b']],
    ['  a\tb\r\nc  ', ['a', 'b', 'c']],
    [`a 'b c' d`, ['a', 'b c', 'd']],
    [`a "b c" d`, ['a', 'b c', 'd']],
    [`a''b ""`, ['ab', '']],
    [`--x='a b'"c d"e\\ f`, ['--x=a bc de f']],
    [`'a\\b' "a\\b" a\\b`, ['a\\b', 'a\\b', 'ab']],
    [`"a\\"b" "a\\\\b" 'a"b' "a'b"`, ['a"b', 'a\\b', 'a"b', "a'b"]],
    ['"a\\$b" "a\\`b"', ['a$b', 'a`b']],
    ['a\\\nb', ['ab']],
    ['a \\\r\n  b', ['a', 'b']],
    ['"a\\\nb"', ['ab']],
    [`'a\nb'`, ['a\nb']],
    ['a # the rest', ['a']],
    ['a # the rest\n b', ['a', 'b']],
    [`a # it's; fine`, ['a']],
    [`a # don't\n b 'c' # "`, ['a', 'b', 'c']],
    ['a\\ #b c', ['a #b', 'c']],
    ['a#b', ['a#b']],
    [`'# x' \\#`, ['# x', '#']],
    ['~/k.pem ~', ['/home/me/k.pem', '/home/me']],
    ['a~/k.pem --x=~/k', ['a~/k.pem', '--x=~/k']],
    [`'~/k' \\~/k`, ['~/k', '~/k']],
    ['$HOME/k ${HOME}/k "$HOME/my k"', ['/home/me/k', '/home/me/k', '/home/me/my k']],
    [`'$HOME/k' \\$HOME "\\$HOME"`, ['$HOME/k', '$HOME', '$HOME']],
    ['pkcs11:token=a;object=b?x=c&y=d', ['pkcs11:token=a;object=b?x=c&y=d']],
    ['--private-key=pkcs11:a=b;c=d', ['--private-key=pkcs11:a=b;c=d']],
    ['PKCS11:a=b;c=d', ['PKCS11:a=b;c=d']],
    ['größe ✓ 😀', ['größe', '✓', '😀']],
    ['a*b ? [x] {a,b} !', ['a*b', '?', '[x]', '{a,b}', '!']],
  ])('%j are %j', (line, words) => {
    expect(posixWords(line, home)).toEqual(words);
  });

  it.each([
    'a; b',
    'a ;b',
    'a;',
    'a && b',
    'a & b',
    'a | b',
    'a > b',
    'a < b',
    'a 2>&1',
    'a $(b)',
    'a "$(b)"',
    'a `b`',
    'a "`b`"',
    'a $B',
    'a "$B"',
    'a ${B}',
    'a ${HOME:-x}',
    'a "${HOME:-x}"',
    'a $HOMELESS',
    'a "$HOMELESS"',
    '(a)',
    'a ~root/k',
    'pkcs11:a=b; c',
    'pkcs11:a=b;',
    'pkcs11:a=b && c',
    'pkcs11:a=b;;c',
    'pkcs11:a=$(b)',
    'x=pkcs11:a;b',
    'a\n& b',
  ])('are refused where the line uses the shell: %j', (line) => {
    expect(() => posixWords(line, home)).toThrow(usesShell);
  });

  it.each([`a "b`, `a 'b`, 'a\\', `"a'`, `'a\\'b'`])(
    'are refused where a quotation is left open: %j',
    (line) => {
      expect(() => posixWords(line, home)).toThrow(leftOpen);
    },
  );

  it('take a home directory as it is, whatever it holds', () => {
    expect(posixWords('~/k "$HOME/k" $HOME', `/h o'me/$&`)).toEqual([
      `/h o'me/$&/k`,
      `/h o'me/$&/k`,
      `/h o'me/$&`,
    ]);
  });

  it('come in a time that grows with the line alone', () => {
    const began = performance.now();
    for (const unit of ['a ', `"\\"`, `"a`, '\\\\', '$HOME', '~/', '#', ' ', `'`]) {
      try {
        posixWords(unit.repeat(100_000), home);
      } catch (error) {
        expect(error).toMatchObject({ code: 'account-invalid' });
      }
    }
    expect(performance.now() - began).toBeLessThan(5000);
  });
});

describe('words of a Windows line', () => {
  it.each<[string, string[]]>([
    ['', []],
    [`"C:\\Program Files\\x.exe" a`, ['C:\\Program Files\\x.exe', 'a']],
    [`C:\\a\\b.exe C:\\c\\`, ['C:\\a\\b.exe', 'C:\\c\\']],
    [`"C:\\a b\\\\" c`, ['C:\\a b\\', 'c']],
    [`a\\"b a\\\\"b c"`, ['a"b', 'a\\b c']],
    [`a\\\\\\"b`, ['a\\"b']],
    [`""`, ['']],
    [`'a b'`, [`'a`, `b'`]],
    [`a\r\n b`, ['a', 'b']],
    [`"a & b | c"`, ['a & b | c']],
    ['pkcs11:id=%ab%cd;object=x', ['pkcs11:id=%ab%cd;object=x']],
    ['%USERPROFILE%\\k.pem "%userprofile%\\my k"', ['C:\\Users\\me\\k.pem', 'C:\\Users\\me\\my k']],
    ['100% sure', ['100%', 'sure']],
  ])('%j are %j', (line, words) => {
    expect(windowsWords(line, 'C:\\Users\\me')).toEqual(words);
  });

  it.each([
    'a & b',
    'a && b',
    'a | b',
    'a > b',
    'a < b',
    'a ^b',
    'a %APPDATA%\\k',
    '"%APPDATA%\\k"',
    '& "C:\\x.exe"',
  ])('are refused where the line uses cmd.exe: %j', (line) => {
    expect(() => windowsWords(line, 'C:\\Users\\me')).toThrow(usesShell);
  });

  it('are refused where a quotation is left open', () => {
    expect(() => windowsWords('"a b', 'C:\\Users\\me')).toThrow(leftOpen);
  });
});

describe('a line is read by the rules of the system it was written for', () => {
  it.each([
    [`"C:\\x y\\z.exe" C:\\k`, false, ['C:\\x y\\z.exe', 'C:\\k']],
    [` D:\\z.exe C:\\k`, false, ['D:\\z.exe', 'C:\\k']],
    [`C:/z C:\\k`, false, ['C:/z', 'C:\\k']],
    [`\\\\host\\share\\z C:\\k`, false, ['\\\\host\\share\\z', 'C:\\k']],
    [`z.exe C:\\k`, false, ['z.exe', 'C:\\k']],
    [`z C:\\k`, true, ['z', 'C:\\k']],
    [`z C:\\k`, false, ['z', 'C:k']],
    [`/mnt/c/z.exe 'C:\\k'`, false, ['/mnt/c/z.exe', 'C:\\k']],
  ])('%j, Windows %j: %j', (line, windows, words) => {
    expect(commandWords(line, home, windows)).toEqual(words);
  });
});
