import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  maxArgumentBytes,
  maySpeak,
  readAnotherStart,
  thisStart,
} from '../../../src/main/electron/another-start.ts';

const nothing = { version: null, screen: null };

describe('a start', () => {
  it.each([
    ['without a link', ['rolekey'], null],
    ['with a link', ['rolekey', 'rolekey://accounts'], 'accounts'],
    ['with a link that is none', ['rolekey', 'rolekey://accounts?quit'], null],
  ])('%s says its version and the screen it asks for', (_what, argv, screen) => {
    expect(thisStart('1.2.3', argv)).toEqual({ version: '1.2.3', screen });
  });

  it('is understood by the one that runs', () => {
    const sent: unknown = JSON.parse(JSON.stringify(thisStart('1.2.3-rc.1+x', ['rolekey://accounts'])));
    expect(readAnotherStart(sent)).toEqual({ version: '1.2.3-rc.1+x', screen: 'accounts' });
  });
});

describe('what another program sends', () => {
  it.each([
    ['null', null, nothing],
    ['a text', 'accounts', nothing],
    ['a list', ['1.2.3'], nothing],
    ['no version', { screen: 'accounts' }, { version: null, screen: 'accounts' }],
    ['a version that is no text', { version: { toString: 1 } }, nothing],
    ['a version that steers', { version: '1\u202e2' }, nothing],
    ['a version of two lines', { version: '1\n2' }, nothing],
    ['a version that is too long', { version: '1'.repeat(65) }, nothing],
    ['a screen there is not', { version: '1', screen: 'quit' }, { version: '1', screen: null }],
    ['more than that', { version: '1', account: 'prod' }, { version: '1', screen: null }],
  ])('%s is believed as far as it can be', (_what, data, believed) => {
    expect(readAnotherStart(data)).toEqual(believed);
  });

  it('is never thrown at', () => {
    fc.assert(
      fc.property(fc.anything(), (data) => {
        const { version, screen } = readAnotherStart(data);
        expect([version === null || /^[\w.+-]+$/.test(version), [null, 'accounts'].includes(screen)]).toEqual(
          [true, true],
        );
      }),
    );
  });
});

describe('arguments', () => {
  it.each([
    ['of a usual start', ['/usr/lib/rolekey/rolekey', 'rolekey://accounts'], true],
    ['as long as can be', ['x'.repeat(maxArgumentBytes)], true],
    ['a byte longer', ['x'.repeat(maxArgumentBytes + 1)], false],
    ['that are long together', Array<string>(100).fill('x'.repeat(100)), false],
    ['of many bytes a character', ['…'.repeat(maxArgumentBytes / 2)], false],
  ])('%s', (_what, argv, may) => {
    expect(maySpeak(argv)).toBe(may);
  });
});
