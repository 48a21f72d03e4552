import { describe, expect, it } from 'vitest';
import { configDialect, credentialsDialect } from '../../../src/main/outlets/dialects.ts';
import { listSections, putSections, removeSections } from '../../../src/main/outlets/managed-sections.ts';
import type { KeyValue, SectionEntry } from '../../../src/main/outlets/managed-sections.ts';
import { block, credentialsEntry, decode, encode, putCredentials, removeCredentials } from './sections.ts';

const work = credentialsEntry('id', 'work');
const ours = block('id', 'work');
const code = (expected: string): Error => expect.objectContaining({ code: expected }) as Error;

function putConfig(text: string, values: readonly KeyValue[], rest: Partial<SectionEntry> = {}): string {
  const entry = { accountId: 'id', profile: 'work', adopt: false, written: [], values, ...rest };
  return decode(putSections(encode(text), configDialect, [entry]));
}

function removeConfig(text: string, written: readonly KeyValue[] = [], forget = false): string {
  return decode(removeSections(encode(text), configDialect, [{ accountId: 'id', written, forget }]));
}

describe('a new section', () => {
  it.each([
    ['a file that is not there', null, ours],
    ['an empty file', '', ours],
    ['a file of a byte order mark', '\ufeff', `\ufeff${ours}`],
    ['a file', '[a]\nk = v\n', `[a]\nk = v\n\n${ours}`],
    ['a file that ends in blank lines', '[a]\n\n\n', `[a]\n\n\n\n${ours}`],
    ['a file of one line end', '\n', `\n\n${ours}`],
    ['a file without last line end', '[a]\nk = v', `[a]\nk = v\n \t\n${ours}`],
    ['CRLF', '[a]\r\n', `[a]\r\n\r\n${block('id', 'work', { end: '\r\n' })}`],
    ['CR alone', '[a]\r', `[a]\r\r${block('id', 'work', { end: '\r' })}`],
    ['mixed line ends: the last one', '[a]\r\nk = v\n', `[a]\r\nk = v\n\n${ours}`],
  ])('is appended to %s', (_, before, after) => {
    expect(putCredentials(before, work)).toBe(after);
    expect(removeCredentials(after, 'id')).toBe(before ?? '');
  });

  it('comes in the order of the entries', () => {
    const other = credentialsEntry('b', 'other');
    expect(putCredentials('', work, other)).toBe(`${ours}\n${block('b', 'other')}`);
  });
});

// What `aws_signing_helper update` 1.8.0 does to a credentials file, case by case.
describe('the nine ways in which another editor damages the file', () => {
  const other = credentialsEntry('b', 'other');

  it.each([
    ['a key', 'region = eu-west-2'],
    ['a comment', '# mine'],
  ])('a: %s of the user’s as the last line of our section stays', (_, line) => {
    const before = `[x]\nk = v\n\n${ours}${line}`;
    const updated = putCredentials(before, credentialsEntry('id', 'work', { version: 2 }));
    expect(updated).toBe(`[x]\nk = v\n\n${block('id', 'work', { version: 2 })}${line}`);
    expect(removeCredentials(updated, 'id')).toBe(`[x]\nk = v\n\n[work]\n# managed by rolekey: id\n${line}`);
  });

  it('b: an empty section on the last line stays', () => {
    const added = putCredentials('[x]\nk = v\n[empty]', work);
    expect(added).toBe(`[x]\nk = v\n[empty]\n \t\n${ours}`);
    expect(removeCredentials(added, 'id')).toBe('[x]\nk = v\n[empty]');
  });

  it.each(['[work]', '[work]\n'])('c: %j at the end of the file is not given a second header', (before) => {
    expect(() => putCredentials(before, work)).toThrow(code('section-foreign'));
    const adopted = putCredentials(before, { ...work, adopt: true });
    expect(adopted.match(/^\[work\]/gm)).toHaveLength(1);
    expect(removeCredentials(adopted, 'id')).toBe(before);
  });

  it.each(['[work] # note', '[ work ]', '[work]   ', '[work];x', '  [work]', '["work"]', '[work]\t'])(
    'd: %j is recognised as the section of that name',
    (header) => {
      const before = `${header}\naws_access_key_id = A\n`;
      expect(() => putCredentials(before, work)).toThrow(code('section-foreign'));
      const adopted = putCredentials(before, { ...work, adopt: true });
      expect(adopted.match(/^\s*\[/gm)).toHaveLength(1);
      expect(removeCredentials(adopted, 'id')).toBe(before);
    },
  );

  it('e: indented keys are not written a second time', () => {
    const indented = ours.replaceAll(/^aws/gm, '  aws').replace(/^x_/m, '  x_');
    const updated = putCredentials(indented, credentialsEntry('id', 'work', { version: 2 }));
    expect(updated).toBe(indented.replaceAll('-1', '-2'));
    const adopted = putCredentials('[work]\n  aws_access_key_id = A\n  region = x\n', {
      ...work,
      adopt: true,
    });
    expect(adopted.match(/^\s*aws_access_key_id/gm)).toHaveLength(1);
  });

  it('f: CRLF stays CRLF', () => {
    const before = '[x]\r\nk = v\r\n';
    const added = putCredentials(before, work, other);
    expect(added).not.toMatch(/[^\r]\n/);
    expect(removeCredentials(added, 'b', 'id')).toBe(before);
  });

  it('g: a line over 64 KiB and what follows it stay', () => {
    const before = `[x]\nk = ${'v'.repeat(70_000)}\n[y]\nk = v\n`;
    expect(putCredentials(before, work)).toBe(`${before}\n${ours}`);
    expect(removeCredentials(`${before}\n${ours}`, 'id')).toBe(before);
  });

  it('h: a key that begins as one of ours is not ours', () => {
    const before = ours + 'aws_access_key_id_backup = A\naws_session_tokens = B\n';
    const updated = putCredentials(before, credentialsEntry('id', 'work', { version: 2 }));
    expect(updated).toBe(before.replaceAll('-1\n', '-2\n'));
    expect(removeCredentials(updated, 'id')).toContain(
      'aws_access_key_id_backup = A\naws_session_tokens = B\n',
    );
  });

  it('i: a byte order mark before the first header does not hide it', () => {
    const before = `\ufeff[work]\naws_access_key_id = A\n`;
    expect(() => putCredentials(before, work)).toThrow(code('section-foreign'));
    const managed = `\ufeff${ours}`;
    expect(putCredentials(managed, work)).toBe(managed);
    expect(removeCredentials(managed, 'id')).toBe('\ufeff');
  });
});

describe('an update', () => {
  it('writes the same values without changing a byte', () => {
    const text = `[a]\n\n${ours}\n\n[b]\n`;
    expect(putCredentials(text, work)).toBe(text);
  });

  it('stays where the section is, and keeps what the user put among our lines', () => {
    const text = ours
      .replace('aws_secret', '# mine\nregion = eu-west-2\naws_secret')
      .replace('aws_session', '\naws_session');
    const before = `[a]\nk = v\n\n${text}\n[b]\nk = v\n`;
    const after = putCredentials(before, credentialsEntry('id', 'work', { version: 2 }));
    expect(after).toBe(before.replaceAll('OURS-id-1', 'OURS-id-2'));
  });

  it('writes a missing value after the others, and one that is there twice once', () => {
    const broken = ours
      .replace(/aws_session.*\n/, '')
      .replace('aws_secret', 'aws_access_key_id=B\naws_secret');
    const after = putCredentials(broken, work);
    expect(after).toBe(ours.replace(/(aws_session.*\n)(x_.*\n)/, '$2$1'));
  });

  it('follows the account to another profile, in one step', () => {
    const before = `[a]\n\n${ours}\n${block('b', 'other')}`;
    expect(putCredentials(before, credentialsEntry('id', 'new'))).toBe(
      `[a]\n\n${block('b', 'other')}\n${block('id', 'new')}`,
    );
  });

  it('leaves a section behind that has lines of the user, as the user’s', () => {
    expect(putCredentials(`${ours}region = x\n`, credentialsEntry('id', 'new'))).toBe(
      `[work]\nregion = x\n\n${block('id', 'new')}`,
    );
  });
});

describe('a removal', () => {
  it('in between leaves no trace, and the sections around it alone', () => {
    const text = `[a]\nk = v\n\n${ours}\n${block('b', 'other')}\n[c]\n`;
    expect(removeCredentials(text, 'id')).toBe(`[a]\nk = v\n\n${block('b', 'other')}\n[c]\n`);
    expect(removeCredentials(text, 'b')).toBe(`[a]\nk = v\n\n${ours}\n[c]\n`);
    expect(removeCredentials(text, 'id', 'b')).toBe('[a]\nk = v\n\n[c]\n');
  });

  it.each([
    ['[x]\n', 'a = 1\n[x]\n'],
    ['\n[x]\n', 'a = 1\n\n[x]\n'],
    ['\n# about x\n[x]\n', 'a = 1\n\n# about x\n[x]\n'],
    ['\n\n', 'a = 1\n\n\n'],
    ['\n# last words', 'a = 1\n\n# last words'],
  ])('glues no lines when the file had no last line end and %j came behind', (appended, after) => {
    expect(removeCredentials(putCredentials('a = 1', work) + appended, 'id')).toBe(after);
  });

  it('leaves a line end behind where one came between', () => {
    const text = putCredentials('a = 1', work).replace('\n \t\n', '\n\n'); // an editor that trims lines
    expect(removeCredentials(text, 'id')).toBe('a = 1\n');
  });

  it.each([
    ['a key right behind', 'region = x\n', true],
    ['a key after a blank line', '\nregion = x\n', true],
    ['a comment right behind', '# mine\n', true],
    ['a comment and a key', '# mine\n\nregion = x\n', true],
    ['a line that says nothing', 'junk\n', true],
    ['a comment after a blank line', '\n# of what follows\n', false],
    ['blank lines', '\n\n', false],
  ])('with %s in the section: header and marker stay, %s', (_, rest, stays) => {
    const after = removeCredentials(`[a]\n\n${ours}${rest}[b]\n`, 'id');
    const left = stays ? `\n[work]\n# managed by rolekey: id\n` : '';
    expect(after).toBe(`[a]\n${left}${rest}[b]\n`);
  });

  it('keeps a header that the user changed', () => {
    const text = ours.replace('[work]', '[work] # mine');
    expect(removeCredentials(text, 'id')).toBe('[work] # mine\n# managed by rolekey: id\n');
  });

  it('takes the marker, too, where the account is gone for good', () => {
    const text = encode(`${ours}region = x\n`);
    const after = removeSections(text, credentialsDialect, [{ accountId: 'id', written: [], forget: true }]);
    expect(decode(after)).toBe('[work]\nregion = x\n');
  });

  it('leaves a blank line that the user put above us at the beginning of the file', () => {
    expect(removeCredentials(`\n${ours}`, 'id')).toBe('\n');
  });

  it('leaves the blank line above a section that was adopted', () => {
    const adopted = putCredentials(`${ours}\n[x]\nk = v\n`, credentialsEntry('b', 'x', { adopt: true }));
    expect(removeCredentials(removeCredentials(adopted, 'id'), 'b')).toBe('\n[x]\nk = v\n');
  });

  it('of an account that has no section changes nothing', () => {
    expect(removeCredentials(ours, 'nobody')).toBe(ours);
  });

  it('takes an ID given twice once, and keys that came back with it are not taken', () => {
    const before = '[work]\naws_access_key_id = A\n';
    expect(removeCredentials(putCredentials(before, { ...work, adopt: true }), 'id', 'id')).toBe(before);
  });
});

describe('a section that stayed for lines of the user', () => {
  const released = '[work]\n# managed by rolekey: id\nregion = x\n';

  it('is ours again on the next connect, and the same after it', () => {
    const again = putCredentials(released, work);
    expect(again).toBe(`${ours}region = x\n`);
    expect(removeCredentials(again, 'id')).toBe(released);
  });

  it('is free for another account, which takes it over', () => {
    expect(putCredentials(released, credentialsEntry('b', 'work'))).toBe(`${block('b', 'work')}region = x\n`);
  });

  it('is free although its own account goes elsewhere in the same batch', () => {
    const after = putCredentials(released, credentialsEntry('b', 'work'), credentialsEntry('id', 'other'));
    expect(after).toBe(`${block('b', 'work')}region = x\n\n${block('id', 'other')}`);
  });

  it('goes altogether when the line has gone', () => {
    const emptied = `[a]\n\n${released.replace('region = x\n', '')}`;
    expect(removeCredentials(emptied, 'id')).toBe('[a]\n');
  });

  it('gets its values as deep as the line that follows, so that this does not continue them', () => {
    const again = putCredentials(released.replace('region', '  region'), work);
    expect(again).toContain('\n  x_security_token_expires = OURS-id-1\n  region = x\n');
  });

  it('takes no byte order mark in the middle of a file for indentation', () => {
    const again = putCredentials(released.replace('region', '\ufeffregion'), work);
    expect(again).toContain('\nx_security_token_expires = OURS-id-1\n\ufeffregion = x\n');
    expect(removeCredentials(again, 'id')).toBe(released.replace('region', '\ufeffregion'));
  });

  it('is listed as not active', () => {
    expect(listSections(encode(`${released}\n${block('b', 'other')}`), credentialsDialect)).toMatchObject([
      { accountId: 'id', profile: 'work', active: false },
      { accountId: 'b', profile: 'other', active: true },
    ]);
  });
});

describe('adopting', () => {
  it('keeps what is displaced as comments, in place', () => {
    const before = '[a]\n[ work ] # mine\n# note\naws_access_key_id=A\nregion = x\nrole_arn = r\n\n[b]\n';
    const adopted = putCredentials(before, { ...work, adopt: true });
    expect(adopted).toBe(
      `[a]\n${ours}# rolekey-kept: [ work ] # mine\n# note\n# rolekey-kept: aws_access_key_id=A\nregion = x\n` +
        '# rolekey-kept: role_arn = r\n\n[b]\n',
    );
    expect(putCredentials(adopted, work)).toBe(adopted);
    expect(removeCredentials(adopted, 'id')).toBe(before);
  });

  it('keeps a value of several lines as a whole', () => {
    const before = '[work]\ncredential_process =\n  /opt/helper\n# note\n  --flag\nregion = x\n';
    const adopted = putCredentials(before, { ...work, adopt: true });
    expect(adopted).toContain(
      '# rolekey-kept: credential_process =\n# rolekey-kept:   /opt/helper\n# note\n# rolekey-kept:   --flag\nregion',
    );
    expect(removeCredentials(adopted, 'id')).toBe(before);
  });

  it('gives back what looked kept already', () => {
    const before = '[work]\n# rolekey-kept: of another day\n';
    expect(removeCredentials(putCredentials(before, { ...work, adopt: true }), 'id')).toBe(before);
  });

  it('does not take over a section in use by another account', () => {
    expect(() => putCredentials(ours, { ...credentialsEntry('b', 'work'), adopt: true })).toThrow(
      code('section-foreign'),
    );
  });

  it.each([`[work]\n[ work ]\n`, `${ours}[work]\nk = v\n`])('does not choose between two: %j', (before) => {
    expect(() => putCredentials(before, { ...work, adopt: true })).toThrow(code('section-foreign'));
  });
});

describe('a section that is not ours', () => {
  it.each([
    '[profile work]',
    '[profile  work]',
    '[profile "work"]',
    "[profile 'work'] # x",
    '[ profile work ]',
    '  [profile work]',
  ])('is refused in the config file when spelled %s', (header) => {
    expect(() => putConfig(`${header}\nregion = x\n`, [['credential_process', 'c']])).toThrow(
      code('section-foreign'),
    );
  });

  it('is told by name and line', () => {
    expect(() => putCredentials('[a]\n[work]\n', work)).toThrow(
      'The AWS profile work (line 2) is not managed by Rolekey.',
    );
  });

  it('of another kind or name is no obstacle', () => {
    const text = '[sso-session work]\n[work]\n[profile work2]\n[services work]\n';
    expect(putConfig(text, [['credential_process', 'c']])).toContain('[profile work]\n');
  });
});

describe('region, which people set in any section', () => {
  const process: KeyValue = ['credential_process', 'c'];
  const written = putConfig('', [process, ['region', 'eu-west-1']]);

  it('is ours while it reads as we wrote it', () => {
    expect(removeConfig(written, [['region', 'eu-west-1']])).toBe('');
    expect(
      putConfig(written, [process, ['region', 'us-east-1']], { written: [['region', 'eu-west-1']] }),
    ).toBe(written.replace('eu-west-1', 'us-east-1'));
    expect(putConfig(written, [process], { written: [['region', 'eu-west-1']] })).toBe(
      putConfig('', [process]),
    );
  });

  it('is the user’s when it was changed or added, and stays', () => {
    const changed = written.replace('eu-west-1', 'us-east-1');
    const left = '[profile work]\n# managed by rolekey: id\nregion = us-east-1\n';
    expect(removeConfig(changed, [['region', 'eu-west-1']])).toBe(left);
    expect(removeConfig(putConfig('', [process]) + 'region = us-east-1\n')).toBe(left);
  });

  it('of the user’s makes room for ours and comes back', () => {
    const theirs = putConfig('', [process]) + 'region = us-east-1\n';
    const both = putConfig(theirs, [process, ['region', 'eu-west-1']]);
    expect(both).toBe(`${written}# rolekey-kept: region = us-east-1\n`);
    expect(removeConfig(both, [['region', 'eu-west-1']], true)).toBe('[profile work]\nregion = us-east-1\n');
  });

  it('inside a nested setting is not the region of the profile', () => {
    const text = `${written}s3 =\n  region = x\n`;
    expect(putConfig(text, [process, ['region', 'eu-west-1']])).toBe(text);
  });
});

describe('a damaged marker', () => {
  it.each([
    ['an ID that is none', ours.replace(': id', ': ID')],
    ['no ID', ours.replace(': id', ':')],
    ['a space behind', ours.replace(': id', ': id ')],
    ['no space', ours.replace('# managed', '#managed')],
    ['another comment sign', ours.replace('# managed', '; managed')],
    ['no comment sign', ours.replace('# managed', 'managed')],
    ['indentation', ours.replace('# managed', '  # managed')],
    ['capitals', ours.replace('managed', 'Managed')],
    ['a letter lost', ours.replace('rolekey', 'rolekei')],
    ['nothing above it', ours.replace('[work]\n', '')],
    ['a key above it', ours.replace('[work]\n', '[work]\nk = v\n')],
    ['a blank line above it', ours.replace('[work]\n', '[work]\n\n')],
    ['another marker above it', ours.replace('# managed', '# managed by rolekey: b\n# managed')],
    ['a second section with it', `${ours}\n${block('id', 'other')}`],
  ])('(%s) stops every edit', (_, text) => {
    const file = `[a]\nk = v\n${text}`;
    for (const edit of [
      () => putCredentials(file, work),
      () => putCredentials(file, credentialsEntry('b', 'other')),
      () => removeCredentials(file, 'id'),
      () => listSections(encode(file), credentialsDialect),
    ]) {
      expect(edit).toThrow(code('marker-damaged'));
    }
  });

  it('is one below a header that names no profile', () => {
    const text = putConfig('', [['credential_process', 'c']]).replace('profile', 'sso-session');
    expect(() => removeConfig(text)).toThrow(code('marker-damaged'));
  });

  it('is told by line', () => {
    expect(() => removeCredentials(`[a]\n${ours.replace(': id', ': ID')}`, 'id')).toThrow('Line 3');
  });

  it.each(['# managed by ansible', '# rolekey is great', 'note = managed by rolekey'])(
    'is not %j',
    (line) => {
      expect(putCredentials(`[a]\n${line}\n`, work)).toContain(ours);
    },
  );

  it('is not one that has comments between it and the header', () => {
    const text = ours.replace('[work]\n', '[work]\n# mine\n');
    expect(removeCredentials(text, 'id')).toBe('[work]\n# mine\n# managed by rolekey: id\n');
  });
});

describe('a value', () => {
  it.each(['\n', '\r', '\0', '\u001b', '\u007f', '\u0085', '\u2028', '\ud800'])(
    'with %j is refused',
    (character) => {
      expect(() => putConfig('', [['region', `a${character}b`]])).toThrow(code('account-invalid'));
    },
  );

  it.each(['', ' a', 'a ', '\u00a0a', 'a # b', 'a ;b', '#a', ';a'])(
    '%j, which some reader reads otherwise, is refused',
    (value) => {
      expect(() => putConfig('', [['region', value]])).toThrow(code('account-invalid'));
    },
  );

  it.each(['a', 'a#b', 'a=b:c', '"a b" c', '%x$y', 'ü'])('%j is written as it is', (value) => {
    expect(putConfig('', [['region', value]])).toContain(`\nregion = ${value}\n`);
  });

  it('of a profile is checked as well', () => {
    expect(() => putCredentials('', { ...work, profile: 'a\nb' })).toThrow(code('account-invalid'));
  });
});
