import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAppError } from '../../../src/shared/errors.ts';
import { parseUri, printUri, type Pkcs11Uri } from '../../../src/main/tokens/uri.ts';

const text = fc.option(fc.string({ unit: 'binary', maxLength: 20 }));
const uris: fc.Arbitrary<Pkcs11Uri> = fc.record({
  token: text,
  manufacturer: text,
  serial: text,
  model: text,
  slotId: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)),
  id: fc.option(fc.uint8Array({ maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'))),
  object: text,
  type: fc.option(fc.constantFrom('public', 'private', 'cert', 'secret-key', 'data')),
  modulePath: text,
});

/** RFC 7512, 2.3, as one expression: what a printed URI may look like. */
const pchar = "(?:[A-Za-z0-9._~:\\[\\]@!$'()*+,=&-]|%[0-9A-Fa-f]{2})*";
const qchar = "(?:[A-Za-z0-9._~:\\[\\]@!$'()*+,=/?|-]|%[0-9A-Fa-f]{2})*";
const grammar = new RegExp(`^pkcs11:(?:[a-z-]+=${pchar}(?:;[a-z-]+=${pchar})*)?(?:\\?[a-z-]+=${qchar})?$`);

describe('PKCS#11 URIs', () => {
  it('are read back as they were printed', () => {
    fc.assert(
      fc.property(uris, (uri) => {
        expect(parseUri(printUri(uri))).toEqual(uri);
      }),
    );
  });

  it('are printed in the grammar of RFC 7512', () => {
    fc.assert(
      fc.property(uris, (uri) => {
        expect(printUri(uri)).toMatch(grammar);
      }),
    );
  });

  it('are read the same when every character of a value is percent-encoded', () => {
    fc.assert(
      fc.property(uris, (uri) => {
        const encoded = printUri(uri).replace(/(?<==)[^;?]*/g, (value) =>
          value.replace(/%..|./g, (part) =>
            part.length === 3 ? part : `%${part.charCodeAt(0).toString(16).padStart(2, '0')}`,
          ),
        );
        fc.pre(uri.modulePath === null); // its raw “?” would end the value above
        expect(parseUri(encoded)).toEqual(uri);
      }),
    );
  });

  it('are refused with account-invalid or read, whatever the text', () => {
    const pieces = fc.constantFrom(
      'token=',
      'id=',
      'pin-value=',
      ';',
      '?',
      '&',
      '%',
      '%41',
      '%zz',
      '=',
      'é',
      '/',
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(fc.oneof(pieces, fc.string({ maxLength: 3 }))).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (rest) => {
        try {
          const uri = parseUri(`pkcs11:${rest}`);
          expect(parseUri(printUri(uri))).toEqual(uri);
        } catch (error) {
          if (!isAppError(error, 'account-invalid')) throw error;
        }
      }),
    );
  });
});
