import { describe, expect, it } from 'vitest';
import {
  bitString,
  boolean,
  DerError,
  DerReader,
  integer,
  namedBits,
  oid,
  readDer,
  text,
  time,
} from '../../../support/roles-anywhere/der.ts';

const der = (hex: string) => readDer(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

describe('DER that is none', () => {
  it.each([
    ['nothing', ''],
    ['a tag alone', '02'],
    ['content cut short', '02 02 01'],
    ['bytes after the value', '02 01 01 00'],
    ['an indefinite length', '30 80 00 00'],
    ['a long length that fits a short one', '04 81 01 00'],
    ['a length with a leading zero', `04 82 00 80 ${'00'.repeat(128)}`],
    ['a length of five octets', '04 85 00 00 00 00 01 00'],
    ['a high tag number', '1f 81 01 00'],
  ])('%s', (_, hex) => {
    expect(() => der(hex)).toThrow(DerError);
  });

  it.each([
    ['an empty INTEGER', integer, '02 00'],
    ['an INTEGER with a needless zero', integer, '02 02 00 7f'],
    ['an INTEGER with a needless ff', integer, '02 02 ff 80'],
    ['an INTEGER of another tag', integer, '04 01 01'],
    ['a BOOLEAN of 01', boolean, '01 01 01'],
    ['a BOOLEAN of two octets', boolean, '01 02 ff ff'],
    ['an empty OBJECT IDENTIFIER', oid, '06 00'],
    ['an OBJECT IDENTIFIER cut short', oid, '06 02 2a 86'],
    ['an OBJECT IDENTIFIER with padding', oid, '06 03 2a 80 01'],
    ['a BIT STRING of seven bits', bitString, '03 02 01 fe'],
    ['a time without seconds', time, '17 0b 323631313232303330305a'],
    ['a time with a zone', time, '17 11 3236313132323033303030302b30313030'],
    ['a time that is no day', time, '17 0d 3236303233313130303030305a'],
    ['a time that is no hour', time, '17 0d 3236303232383234303030305a'],
    ['a number for a string', text, '02 01 01'],
    ['a UTF8String that is none', text, '0c 02 c3 28'],
    ['a BMPString of half a character', text, '1e 03 00 41 65'],
    ['a UniversalString of half a character', text, '1c 06 00 00 00 41 00 00'],
    ['a UniversalString beyond Unicode', text, '1c 04 00 11 00 00'],
  ] as const)('%s', (_, read, hex) => {
    expect(() => read(der(hex))).toThrow(DerError);
  });
});

describe('values', () => {
  it.each([
    ['02 01 00', 0n],
    ['02 01 7f', 127n],
    ['02 02 00 80', 128n],
    ['02 01 80', -128n],
    ['02 09 00 f1 00 00 00 00 00 00 01', 0xf100000000000001n],
  ])('INTEGER %s', (hex, value) => {
    expect(integer(der(hex))).toBe(value);
  });

  it.each([
    ['06 03 55 04 03', '2.5.4.3'],
    ['06 09 2a 86 48 86 f7 0d 01 01 0b', '1.2.840.113549.1.1.11'],
    ['06 01 00', '0.0'],
    ['06 02 88 37', '2.999'],
  ])('OBJECT IDENTIFIER %s', (hex, value) => {
    expect(oid(der(hex))).toBe(value);
  });

  it.each([
    ['17 0d 3439313233313233353935395a', '2049-12-31T23:59:59.000Z'],
    ['17 0d 3530303130313030303030305a', '1950-01-01T00:00:00.000Z'],
    ['18 0f 32303530303130313030303030305a', '2050-01-01T00:00:00.000Z'],
  ])('time %s', (hex, value) => {
    expect(new Date(time(der(hex))).toISOString()).toBe(value);
  });

  it('named bits', () => {
    expect(namedBits(der('03 02 01 86'))).toEqual(new Set([0, 5, 6]));
    expect(namedBits(der('03 01 00'))).toEqual(new Set());
  });

  it.each([
    ['UTF8String', '0c 02 c3 a9', 'é'],
    ['PrintableString', '13 01 41', 'A'],
    ['BMPString', '1e 04 00 41 65 e5', 'A日'],
    ['UniversalString', '1c 04 00 01 f6 00', '😀'],
  ])('%s', (_, hex, value) => {
    expect(text(der(hex))).toBe(value);
  });

  it('a length of two octets', () => {
    expect(der(`04 82 01 00 ${'ab'.repeat(256)}`).content).toHaveLength(256);
  });

  it('a reader goes through a SEQUENCE and minds its end', () => {
    const reader = new DerReader(der('30 06 02 01 05 01 01 ff').content);
    expect(reader.optional(0xa0)).toBeNull();
    expect(integer(reader.next(0x02))).toBe(5n);
    expect(() => {
      reader.end();
    }).toThrow(DerError);
    expect(() => reader.next(0x02)).toThrow(DerError);
    expect(boolean(reader.next())).toBe(true);
    reader.end();
  });
});
