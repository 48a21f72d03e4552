import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { profilePlaces, withoutStaticKeys } from '../../../src/main/doctor/static-keys.ts';
import { configDialect, credentialsDialect } from '../../../src/main/outlets/dialects.ts';
import { readSections } from '../../../src/main/outlets/ini-document.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const without = (text: string, profile = 'me', dialect = credentialsDialect) => {
  const { after, sections } = withoutStaticKeys(bytes(text), dialect, profile);
  return { after: new TextDecoder('utf-8', { ignoreBOM: true }).decode(after), sections };
};

describe('a file without the keys of a profile', () => {
  const rows: readonly (readonly [string, string, string])[] = [
    [
      'loses the five key lines and no other',
      '# top\n[me]\nregion = x\naws_access_key_id = A\naws_secret_access_key = S\naws_session_token = T\naws_security_token = T\nx_security_token_expires = E\n# end\n',
      '# top\n[me]\nregion = x\n# end\n',
    ],
    ['keeps line ends', '[me]\r\naws_access_key_id=A\r\noutput=json\r\n', '[me]\r\noutput=json\r\n'],
    ['keeps a byte order mark', '\ufeff[me]\naws_access_key_id=A\n', '\ufeff[me]\n'],
    ['keeps a missing last line end', '[me]\noutput=x\naws_access_key_id=A', '[me]\noutput=x\n'],
    ['loses lines that continue a key', '[me]\naws_access_key_id =\n  A\n  B\nx = 1\n', '[me]\nx = 1\n'],
    ['keeps comments in between', '[me]\naws_access_key_id =\n# c\n  A\nx = 1\n', '[me]\n# c\nx = 1\n'],
    [
      'loses them in every section of the profile',
      '[me]\naws_access_key_id=A\n[me]\naws_access_key_id=B\n',
      '[me]\n[me]\n',
    ],
    [
      'keeps those of others',
      '[you]\naws_access_key_id=A\n[me]\nx=1\n',
      '[you]\naws_access_key_id=A\n[me]\nx=1\n',
    ],
    [
      'keeps what Rolekey wrote',
      '[me]\n# managed by rolekey: a\naws_access_key_id=A\n',
      '[me]\n# managed by rolekey: a\naws_access_key_id=A\n',
    ],
    [
      'keeps what is out of effect',
      '[me]\n# aws_access_key_id=A\n# rolekey-kept: aws_access_key_id=B\n',
      '[me]\n# aws_access_key_id=A\n# rolekey-kept: aws_access_key_id=B\n',
    ],
  ];

  it.each(rows)('%s', (_what, before, after) => {
    expect(without(before).after).toBe(after);
  });

  it('is that of the config file, too, where a section of Rolekey’s may hold keys of the user', () => {
    const head = '[profile me]\n# managed by rolekey: a\ncredential_process = x\n';
    expect(without(`${head}aws_access_key_id=A\n`, 'me', configDialect).after).toBe(head);
  });

  it('comes with the sections that change, as they were', () => {
    const me = '[me]\naws_access_key_id = A\n# mine\n';
    expect(without(`[a]\nx=1\n${me}[b]\ny=1\n`).sections).toBe(me);
    expect(without('[me]\nx=1\n').sections).toBe('');
    expect(without('[me]\naws_access_key_id = A').sections).toBe('[me]\naws_access_key_id = A\n');
  });
});

it('has every other setting as before, whatever the file', () => {
  const line = fc.oneof(
    fc.constantFrom('[me]', '[you]', '[ me ]', '', '# c', '; c', '# managed by rolekey: a'),
    fc.constantFrom(
      'aws_access_key_id = A',
      ' aws_secret_access_key = S',
      '  B',
      '\tx = 1',
      'region = r',
      'odd',
    ),
    fc.string({ maxLength: 12, unit: fc.constantFrom('a', '=', ':', ' ', '[', ']', '#', '\t') }),
  );
  const file = fc.tuple(fc.array(line, { maxLength: 25 }), fc.constantFrom('\n', '\r\n'));
  const isKey = (key: string): boolean =>
    /^(aws_(access_key_id|secret_access_key|session_token|security_token)|x_security_token_expires)$/.test(
      key,
    );
  fc.assert(
    fc.property(file, ([lines, end]) => {
      const text = lines.join(end);
      let places;
      try {
        places = profilePlaces('f', bytes(text), credentialsDialect);
      } catch {
        return; // a damaged marker is refused by both
      }
      const { after } = withoutStaticKeys(bytes(text), credentialsDialect, 'me');
      const before = readSections(bytes(text));
      const now = readSections(after);
      expect(now.map(({ name }) => name)).toEqual(before.map(({ name }) => name));
      before.forEach(({ keys }, index) => {
        const owned = places[index]!.accountId !== null;
        const left = [...keys].filter(([key]) => !(places[index]!.profile === 'me' && !owned && isKey(key)));
        expect([...now[index]!.keys]).toEqual(left);
      });
    }),
    { numRuns: 500 },
  );
});
