import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalQuery } from '../../../src/main/roles-anywhere/canonical-request.ts';
import { canonicalQueryOracle } from './query-oracle.ts';

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom(...Array.from("aAbB0-._~!*'();:@&=+$,/?#[] %\u00fc\u20ac\u{1f511}")) }),
);
const parameters = fc.array(fc.tuple(text, text), { maxLength: 6 });

it('the canonical query is the one RFC 3986 gives', () => {
  fc.assert(
    fc.property(parameters, (parameters) => {
      expect(canonicalQuery(parameters)).toBe(canonicalQueryOracle(parameters));
    }),
  );
});

it('the canonical query does not depend on the order of the parameters', () => {
  fc.assert(
    fc.property(parameters, (parameters) => {
      expect(canonicalQuery(parameters.toReversed())).toBe(canonicalQuery(parameters));
    }),
  );
});

it('a server reads the query sent as the parameters meant', () => {
  fc.assert(
    fc.property(parameters, (parameters) => {
      const url = new URL(`https://example.com/sessions?${canonicalQuery(parameters)}`);
      const sort = (pairs: [string, string][]) => pairs.map((pair) => JSON.stringify(pair)).sort();
      expect(sort([...url.searchParams])).toEqual(sort(parameters));
    }),
  );
});
