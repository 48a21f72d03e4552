import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepLink, deepLinkIn } from '../../../src/main/electron/deep-link.ts';

describe('a link', () => {
  it.each(['rolekey://accounts', 'rolekey://accounts/'])('%s opens the accounts', (link) => {
    expect(deepLink(link)).toBe('accounts');
  });

  it.each([
    '',
    'accounts',
    'rolekey:accounts',
    'rolekey:/accounts',
    'rolekey:///accounts',
    'rolekey://accounts//',
    'rolekey://',
    'rolekey://settings',
    'rolekey://constructor',
    'rolekey://__proto__',
    'rolekey://accounts/..',
    'rolekey://accounts/../settings',
    'rolekey://../../etc/passwd',
    'rolekey://accounts?connect=prod',
    'rolekey://accounts/?action=quit',
    'rolekey://accounts#connect',
    'rolekey://user@accounts',
    'rolekey://accounts:80',
    'rolekey://accounts ',
    ' rolekey://accounts',
    'rolekey://accounts\n',
    'rolekey://accounts\0',
    'rolekey://acc%6funts',
    'rolekey://accounts%00',
    'rolekey://accounts%2f..',
    'rolekey:%2f%2faccounts',
    'ROLEKEY://accounts',
    'rolekey://Accounts',
    'rolekey:\\\\accounts',
    'rolekey://аccounts', // a Cyrillic а
    'rolekey://accounts\u200b',
    'rolekey://\u202eaccounts',
    'rolekey://accountſ',
    'rolekeys://accounts',
    'http://accounts',
    'https://rolekey/accounts',
    'file:///accounts',
    'javascript:rolekey://accounts',
    'rolekey://rolekey://accounts',
    `rolekey://${'a'.repeat(10_240)}`,
    `rolekey://accounts/${'../'.repeat(3_400)}`,
  ])('%j opens nothing', (link) => {
    expect(deepLink(link)).toBeNull();
  });

  it('opens nothing with anything before or behind it', () => {
    const some = fc.string({ minLength: 1, unit: 'binary' });
    fc.assert(
      fc.property(some, (text) => {
        expect(deepLink(`${text}rolekey://accounts`)).toBeNull();
        if (text !== '/') expect(deepLink(`rolekey://accounts${text}`)).toBeNull();
      }),
    );
  });
});

describe('a start', () => {
  it.each<[string, string[], string | null]>([
    ['without arguments', [], null],
    ['without a link', ['/opt/rolekey', '--hidden'], null],
    ['with a link', ['/opt/rolekey', '--switch', 'rolekey://accounts'], 'accounts'],
    ['with the arguments in another order', ['rolekey://accounts/', '/opt/rolekey', '--switch'], 'accounts'],
    ['with a bad link before a good one', ['rolekey://accounts?quit', 'rolekey://accounts'], 'accounts'],
    ['with a bad link', ['/opt/rolekey', 'rolekey://quit'], null],
    ['with a link inside of an option', ['/opt/rolekey', '--open=rolekey://accounts'], null],
  ])('%s', (_, argv, screen) => {
    expect(deepLinkIn(argv)).toBe(screen);
  });
});
