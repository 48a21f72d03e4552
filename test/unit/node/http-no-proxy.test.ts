import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isExcepted } from '../../../src/main/node/http-no-proxy.ts';

const excepted = (address: string, list: string): boolean => isExcepted(new URL(address), list);
const sts = 'https://sts.eu-west-2.amazonaws.com';

describe('reached without the proxy', () => {
  it.each([
    ['everything', sts, '*'],
    ['everything, in a list', sts, 'a.test, *'],
    ['the name', sts, 'sts.eu-west-2.amazonaws.com'],
    ['the name in capitals', sts, 'STS.EU-West-2.AmazonAWS.com'],
    ['its domain', sts, 'amazonaws.com'],
    ['its domain with a dot', sts, '.amazonaws.com'],
    ['its domain with a star', sts, '*.amazonaws.com'],
    ['the name with a dot before it', 'https://example.org', '.example.org'],
    ['the name with a dot behind it', sts, 'amazonaws.com.'],
    ['a name with a dot behind it', 'https://sts.amazonaws.com.', 'amazonaws.com'],
    ['one of a list', sts, 'a.test,b.test,amazonaws.com'],
    ['one of a list of blanks', sts, 'a.test  amazonaws.com\tb.test'],
    ['one of a list with nothing in it', sts, ',, ,amazonaws.com,'],
    ['the port of https', sts, 'amazonaws.com:443'],
    ['the port of http', 'http://example.org', 'example.org:80'],
    ['a port', 'https://example.org:8443', 'example.org:8443'],
    ['a port with zeros', 'https://example.org:8443', 'example.org:08443'],
    ['any port', 'https://example.org:8443', 'example.org'],
    ['an address', 'https://192.0.2.7', '192.0.2.7'],
    ['an address with a port', 'https://192.0.2.7:8443', '192.0.2.7:8443'],
    ['a block', 'https://10.200.3.4', '10.0.0.0/8'],
    ['a block that ends inside a byte', 'https://172.31.255.255', '172.16.0.0/12'],
    ['a block of one', 'https://10.0.0.1', '10.0.0.1/32'],
    ['a block of all', 'https://10.0.0.1', '0.0.0.0/0'],
    ['an address of version 6', 'https://[fd00::2]', 'fd00::2'],
    ['the same in brackets', 'https://[fd00::2]', '[fd00::2]'],
    ['the same in brackets with a port', 'https://[fd00::2]:8443', '[fd00::2]:8443'],
    ['the same written at length', 'https://[fd00::2]', 'FD00:0:0:0:0:0:0:2'],
    ['a block of version 6', 'https://[fd00:1::2]', 'fd00::/8'],
  ])('%s', (_what, address, list) => {
    expect(excepted(address, list)).toBe(true);
  });
});

describe('reached through the proxy', () => {
  it.each([
    ['nothing', sts, ''],
    ['blanks', sts, ' , '],
    ['another name', sts, 'example.org'],
    ['a name that ends alike', 'https://notexample.org', 'example.org'],
    ['a name that begins alike', 'https://example.org.test', 'example.org'],
    ['a subdomain of it', 'https://example.org', 'www.example.org'],
    ['another port', 'https://example.org:8443', 'example.org:443'],
    ['the other scheme’s port', 'https://example.org', 'example.org:80'],
    ['an address that ends alike', 'https://192.0.2.7', '2.7'],
    ['an address with a dot before it', 'https://192.0.2.7', '.2.7'],
    ['another address', 'https://192.0.2.7', '192.0.2.8'],
    ['a block beside it', 'https://11.0.0.1', '10.0.0.0/8'],
    ['a block for a name', 'https://ten.test', '10.0.0.0/8'],
    ['a block that is none', 'https://10.0.0.1', '10.0.0.0/33'],
    ['a block without a length', 'https://10.0.0.1', '10.0.0.0/'],
    ['a block with a word', 'https://10.0.0.1', '10.0.0.0/x'],
    ['a negative block', 'https://10.0.0.1', '10.0.0.0/-1'],
    ['a block of the other version', 'https://[fd00::2]', '0.0.0.0/0'],
    ['an address of version 6 beside it', 'https://[fd00::2]', 'fd00::3'],
    ['dots', sts, '.'],
    ['a star and a dot', sts, '*.'],
    ['a star amid', sts, 'sts.*.amazonaws.com'],
    ['half a bracket', 'https://[fd00::2]', '[fd00::2'],
  ])('%s', (_what, address, list) => {
    expect(excepted(address, list)).toBe(false);
  });
});

it('any text is a list', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string({ unit: fc.constantFrom('a', '.', '*', ':', '/', '[', ']', '1', ',', ' ', '%') }),
      ),
      (list) => {
        expect(typeof excepted(sts, list)).toBe('boolean');
        expect(typeof excepted('https://[fd00::2]', list)).toBe('boolean');
      },
    ),
  );
});

it('an entry counts wherever it stands, and others change nothing', () => {
  const entry = fc.constantFrom(
    'amazonaws.com',
    '.eu-west-2.amazonaws.com',
    'example.org',
    '10.0.0.0/8',
    ':',
    'x:1',
  );
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      const isIn = entries.some((text) => text.endsWith('amazonaws.com'));
      expect(excepted(sts, entries.join(','))).toBe(isIn);
      expect(excepted(sts, entries.join(' , '))).toBe(isIn);
    }),
  );
});
