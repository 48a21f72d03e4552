import { describe, expect, it } from 'vitest';
import {
  emptyUri,
  isPkcs11Uri,
  matchesObject,
  matchesToken,
  parseUri,
  printUri,
} from '../../../src/main/tokens/uri.ts';

describe('reading a PKCS#11 URI', () => {
  it.each([
    ['pkcs11:', {}],
    ['pkcs11:?', {}],
    ['PKCS11:token=a', { token: 'a' }],
    ['pkcs11:token=', { token: '' }],
    ['pkcs11:token=The%20Software%20PKCS%2311%20Softtoken', { token: 'The Software PKCS#11 Softtoken' }],
    ['pkcs11:manufacturer=Snake%20Oil,%20Inc.', { manufacturer: 'Snake Oil, Inc.' }],
    ['pkcs11:model=1.0;serial=0123', { model: '1.0', serial: '0123' }],
    ['pkcs11:object=my-key;type=private', { object: 'my-key', type: 'private' }],
    ['pkcs11:type=cert', { type: 'cert' }],
    ['pkcs11:id=%69%95%3E%5C%F4%BD%EC%91', { id: '69953e5cf4bdec91' }],
    ['pkcs11:id=a%00', { id: '6100' }],
    ['pkcs11:id=', { id: '' }],
    ['pkcs11:token=%EF%BB%BFa', { token: '\ufeffa' }],
    ['pkcs11:slot-id=327', { slotId: '327' }],
    ['pkcs11:slot-id=0', { slotId: '0' }],
    ['pkcs11:slot-id=007', { slotId: '7' }],
    ['pkcs11:token=%C4%8Cesk%C3%BD', { token: 'Český' }],
    ["pkcs11:token=:[]@!$'()*+,=&-._~", { token: ":[]@!$'()*+,=&-._~" }],
    ['pkcs11:token=%2F%3B%3F%25', { token: '/;?%' }],
    ['pkcs11:?module-path=/usr/lib/a?b|c.so', { modulePath: '/usr/lib/a?b|c.so' }],
    ['pkcs11:token=a?module-path=/usr/lib/x%26y.so', { token: 'a', modulePath: '/usr/lib/x&y.so' }],
  ])('%s', (text, expected) => {
    expect(parseUri(text)).toEqual({ ...emptyUri, ...expected });
  });

  it.each([
    ['not a URI', 'token=a', /begin with pkcs11:/],
    ['another scheme', 'pkcs12:token=a', /begin with pkcs11:/],
    ['a space', 'pkcs11:token=a b', /“token” holds a character/],
    ['a slash in the path', 'pkcs11:token=a/b', /“token” holds a character/],
    ['a letter beyond ASCII', 'pkcs11:token=é', /“token” holds a character/],
    ['half a percent encoding', 'pkcs11:token=%4', /“token” holds a character .* place 1/],
    ['a percent encoding of no hex', 'pkcs11:token=ab%GG', /“token” holds a character .* place 3/],
    ['a fragment', 'pkcs11:token=a#b', /“token” holds a character/],
    ['no value', 'pkcs11:token', /“token” has no value/],
    ['an empty attribute', 'pkcs11:token=a;', /does not know/],
    ['an attribute twice', 'pkcs11:token=a;token=a', /“token” stands twice/],
    ['a query attribute twice', 'pkcs11:?module-path=/a&module-path=/a', /“module-path” stands twice/],
    ['an unknown attribute', 'pkcs11:x-vendor=1', /“x-vendor” is not an attribute/],
    [
      'a standard attribute that is not taken',
      'pkcs11:library-version=3',
      /“library-version” is not an attribute/,
    ],
    ['a path attribute in the query', 'pkcs11:?token=a', /“token” is not an attribute/],
    ['a query attribute in the path', 'pkcs11:module-path=a', /“module-path” is not an attribute/],
    ['an attribute in capitals', 'pkcs11:Token=a', /does not know/],
    ['a name of the prototype', 'pkcs11:constructor=a', /“constructor” is not an attribute/],
    ['an unknown type', 'pkcs11:type=key', /“type” must be one of/],
    ['a slot-id that is no number', 'pkcs11:slot-id=1a', /“slot-id” must be/],
    ['a negative slot-id', 'pkcs11:slot-id=-1', /“slot-id” must be/],
    ['an empty slot-id', 'pkcs11:slot-id=', /“slot-id” must be/],
    ['text that is not UTF-8', 'pkcs11:token=%FF', /“token” is not UTF-8/],
    ['pin-source', 'pkcs11:token=a?pin-source=file:/etc/pin', /“pin-source” is refused/],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseUri(text)).toThrow(
      expect.objectContaining({
        code: 'account-invalid',
        message: expect.stringMatching(message) as string,
      }) as Error,
    );
  });

  it.each([
    'pkcs11:token=a?pin-value=31415926',
    'pkcs11:token=a;pin-value=31415926',
    'pkcs11:token=a?pin-value=3141;31415926',
    'pkcs11:token=a;31415926=x',
    'pkcs11:token=a?PIN31415926',
    'pkcs11:token=a&pin-value=31415926',
    'pkcs11:token=a%3BPIN-VALUE=31415926',
    'pkcs11:?module-path=/m.so?pin-value=31415926',
  ])('refuses a PIN and never repeats it: %s', (text) => {
    let message = '';
    try {
      parseUri(text);
    } catch (error) {
      message = String(error) + JSON.stringify(error);
    }
    expect(message).toContain('not valid');
    expect(message).not.toContain('3141');
  });

  it('never repeats a PIN of letters that stands alone', () => {
    expect(() => parseUri('pkcs11:token=a?geheim')).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('geheim') as string }) as Error,
    );
  });
});

describe('printing a PKCS#11 URI', () => {
  it('encodes what may not stand raw, and all of an id', () => {
    const uri = { ...emptyUri, token: 'a b;c/d', id: '61ff', object: '%', modulePath: '/a b&c?d' };
    expect(printUri(uri)).toBe('pkcs11:token=a%20b%3Bc%2Fd;id=%61%FF;object=%25?module-path=/a%20b%26c?d');
  });
});

describe('comparing', () => {
  const token = { label: 'Work', serial: '12', manufacturer: 'Maker', model: 'M', slotId: '7' };

  it.each([
    ['pkcs11:', true],
    ['pkcs11:token=Work', true],
    ['pkcs11:token=work', false],
    ['pkcs11:token=Work%20', false],
    ['pkcs11:token=Work;serial=12;manufacturer=Maker;model=M;slot-id=07', true],
    ['pkcs11:token=Work;serial=13', false],
    ['pkcs11:manufacturer=Other', false],
    ['pkcs11:model=', false],
    ['pkcs11:slot-id=8', false],
    ['pkcs11:object=nothing;id=%01', true],
  ])('%s means the token: %s', (text, expected) => {
    expect(matchesToken(parseUri(text), token)).toBe(expected);
  });

  it.each([
    ['pkcs11:token=other', true],
    ['pkcs11:id=%01', true],
    ['pkcs11:id=%01%00', false],
    ['pkcs11:object=private', true],
    ['pkcs11:object=public;id=%01', true],
    ['pkcs11:object=public;id=%02', false],
    ['pkcs11:object=other', false],
  ])('%s means the key: %s', (text, expected) => {
    expect(matchesObject(parseUri(text), { id: '01', labels: ['private', 'public'] })).toBe(expected);
  });

  it('tells URIs from paths', () => {
    expect(['pkcs11:', 'PKCS11:token=a', '/pkcs11:', 'pkcs11'].map(isPkcs11Uri)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
