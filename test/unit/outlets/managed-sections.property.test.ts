import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { credentialsDialect } from '../../../src/main/outlets/dialects.ts';
import { removeSections } from '../../../src/main/outlets/managed-sections.ts';
import { foreignLines, splitLines } from './foreign-lines-oracle.ts';
import type { ForeignLine } from './foreign-lines-oracle.ts';
import { credentialsEntry, decode, encode, putCredentials, removeCredentials } from './sections.ts';

const profiles = ['p0', 'p1', 'p2'];

const foreignText = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('', '', '   ', '\t', '# note', '; note', '  # indented note') },
  fc.constantFrom(
    '[a]',
    '[ a ]',
    '[a] # note',
    '[profile b]',
    '[profile  "b"]',
    '  [c]',
    '[c];x',
    '[[d]]',
    '[]',
  ),
  fc.constantFrom(
    'k = v',
    'k=v',
    '  k = v',
    'k: v',
    'k =',
    '   continued',
    'junk',
    '= no key',
    'region = eu-west-2',
  ),
  fc.constantFrom('aws_access_key_id=AKIAFOREIGN', 'aws_access_key_id_backup = x', 'source_profile = a'),
  fc.constantFrom(
    '# managed by ansible',
    '#[p0]',
    '[p0',
    'p0]',
    'üñí = ✓',
    '\ufeffk = v',
    `long = ${'x'.repeat(70_000)}`,
  ),
  fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replaceAll(/[\r\n\0]/g, '.')),
);

const lineEnd = fc.constantFrom('\n', '\r\n', '\r');

/** A file of the user's: every line end on its own, or one for all; with or without BOM and last line end. */
const foreignFile = fc
  .record({
    texts: fc.array(foreignText, { maxLength: 12 }),
    ends: fc.oneof(
      lineEnd.map((end) => [end]),
      fc.array(lineEnd, { minLength: 1, maxLength: 12 }),
    ),
    bom: fc.boolean(),
    open: fc.boolean(),
  })
  .map(({ texts, ends, bom, open }) => {
    const lines = texts.map((text, index) => {
      const last = open && index === texts.length - 1;
      return text + (last ? '' : ends[index % ends.length]!);
    });
    return (bom ? '\ufeff' : '') + lines.join('');
  });

vi.setConfig({ testTimeout: 60_000 });

describe('with no other writer in between', () => {
  it('gives back every byte, whatever the order of adding, updating and removing', () => {
    fc.assert(
      fc.property(
        foreignFile,
        fc.shuffledSubarray(profiles, { minLength: 1 }),
        fc.infiniteStream(fc.nat()),
        (file, added, random) => {
          const pick = (): number => random.next().value as number;
          let text = file;
          for (const profile of added) text = putCredentials(text, credentialsEntry(profile, profile));
          expect(putCredentials(text, ...added.map((profile) => credentialsEntry(profile, profile)))).toBe(
            text,
          );
          for (const left = [...added]; left.length > 0;) {
            const [updated] = left.slice(pick() % left.length);
            text = putCredentials(text, credentialsEntry(updated!, updated!, { version: 2 }));
            text = removeCredentials(text, ...left.splice(pick() % left.length, 1));
          }
          expect(text).toBe(file);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('leaves what it would have been had the removed section never been there', () => {
    fc.assert(
      fc.property(
        foreignFile,
        fc.shuffledSubarray(profiles, { minLength: 3 }),
        fc.nat(2),
        (file, added, gone) => {
          const entries = added.map((profile) => credentialsEntry(profile, profile));
          const removed = removeCredentials(putCredentials(file, ...entries), added[gone]!);
          expect(removed).toBe(putCredentials(file, ...entries.filter((_, index) => index !== gone)));
        },
      ),
    );
  });
});

describe('adopting', () => {
  const workHeader = fc.constantFrom(
    '[work]',
    '[ work ]',
    '[work] # note',
    '  [work]',
    '["work"]',
    '[work];',
  );
  const inner = foreignText.filter((text) => !text.trimStart().startsWith('['));

  it('gives back every byte of the section that was there', () => {
    fc.assert(
      fc.property(
        foreignFile,
        workHeader,
        fc.array(inner, { maxLength: 6 }),
        foreignFile,
        (above, header, lines, below) => {
          const end = splitLines(above).at(-1)?.[1] ?? '\n';
          const gap = end === '' ? '\n' : '';
          const section = [header, ...lines].map((line) => line + (end || '\n')).join('');
          for (const file of [
            above + gap + section + below.replace(/^\ufeff/, ''),
            above + gap + section.trimEnd(),
          ]) {
            const adopted = putCredentials(file, credentialsEntry('id', 'work', { adopt: true }));
            expect(adopted).toContain('# managed by rolekey: id');
            const two = putCredentials(adopted, credentialsEntry('p0', 'p0'));
            expect(removeCredentials(removeCredentials(two, 'id'), 'p0')).toBe(file);
            expect(removeCredentials(removeCredentials(two, 'p0'), 'id')).toBe(file);
            expect(removeCredentials(two, 'id', 'p0', 'id')).toBe(file);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('with other writers in between', () => {
  /** Whether a line put there leaves every section of ours in one piece, and the blank line above it ours. */
  function leavesWhole(text: string, lines: readonly [string, string][], index: number): boolean {
    const [next = ''] = lines[index] ?? [];
    const isBlank = (line = ''): boolean => line === '' || line === ' \t';
    if (profiles.some((profile) => next === `[${profile}]`)) {
      return !isBlank(text) && !isBlank(lines[index - 1]?.[0] ?? 'nothing');
    }
    if (next === ' \t') return !isBlank(text);
    const rest = lines.slice(index).map(([line]) => line);
    const nextHeader = rest.findIndex(isHeader);
    const section = nextHeader === -1 ? rest : rest.slice(0, nextHeader);
    if (section.some((line) => line.startsWith('# managed by rolekey: '))) return text.startsWith('#');
    // A blank line left of a section that goes may come to stand above the next header of ours.
    if (isBlank(text) && section.some((line) => line.includes('OURS-'))) return false;
    return !isHeader(text) || !section.some((line) => /^# rolekey-kept: |OURS/.test(line));
  }

  function isHeader(text: string): boolean {
    return /^\s*\[[^\]]*\]/.test(text);
  }

  function insert(file: string, text: string, at: number): string {
    const bom = file.startsWith('\ufeff') ? '\ufeff' : '';
    const lines = splitLines(file);
    const end = lines.findLast(([, lineEnd]) => lineEnd !== '')?.[1] ?? '\n';
    const index = at % (lines.length + 1);
    if (!leavesWhole(text, lines, index)) return file;
    const above = lines[index - 1];
    if (above?.[1] === '') above[1] = end; // as an editor does, or AWS's `configure set`
    lines.splice(index, 0, [text, end]);
    return bom + lines.map((line) => line.join('')).join('');
  }

  /** Takes out a value of ours, or the blank line above a header of ours. */
  function strike(file: string, at: number): string {
    const lines = splitLines(file);
    const ours = lines.flatMap(([text], index) => {
      const above =
        profiles.some((profile) => lines[index + 1]?.[0] === `[${profile}]`) && /^( \t)?$/.test(text);
      return text.includes(' = OURS-') || above ? [index] : [];
    });
    if (ours.length === 0) return file;
    lines.splice(ours[at % ours.length]!, 1);
    return (file.startsWith('\ufeff') ? '\ufeff' : '') + lines.map((line) => line.join('')).join('');
  }

  function expectUnchanged(actual: readonly ForeignLine[], expected: readonly ForeignLine[]): void {
    const texts = (lines: readonly ForeignLine[]): string[] => lines.map(({ text }) => text);
    expect(texts(actual)).toEqual(texts(expected));
    expected.forEach((line, index) => {
      const now = actual[index]!;
      if (line.end !== '') expect(now.end).toBe(line.end);
      // A comment or blank line has no meaning that hangs on its section.
      if (!/^\s*([#;]|$)/.test(line.text)) expect(now.under).toBe(line.under);
    });
  }

  /**
   * A header of ours that stayed for a line of the user keeps the blank line above it. Where everything before it goes,
   * that is the first line of the file, of which nobody can tell whose it is.
   */
  function withoutStrandedBlank(text: string, expected: number): readonly ForeignLine[] {
    const lines = foreignLines(text, profiles);
    const isStranded = /^\ufeff?( \t)?(\r\n|\n|\r)\[p\d\]/.test(text) && lines.length === expected + 1;
    return isStranded ? lines.slice(1) : lines;
  }

  /** Not one of the contract's keys, which in a section of ours are ours. */
  const insertedText = foreignText.filter((text) => !text.startsWith('aws_access_key_id='));
  const step = fc.oneof(
    fc.record({ kind: fc.constant('put'), profile: fc.constantFrom(...profiles), version: fc.nat(2) }),
    fc.record({ kind: fc.constant('remove'), profile: fc.constantFrom(...profiles), forget: fc.boolean() }),
    fc.record({ kind: fc.constant('insert'), text: insertedText, at: fc.nat() }),
    fc.record({ kind: fc.constant('strike'), strike: fc.nat() }),
  );

  it('changes no byte of theirs, moves none to another section and glues no lines', () => {
    fc.assert(
      fc.property(foreignFile, fc.array(step, { maxLength: 20 }), (file, steps) => {
        let text = file;
        let expected = foreignLines(text, profiles);
        for (const next of steps) {
          if ('text' in next || 'strike' in next) {
            text = 'text' in next ? insert(text, next.text, next.at) : strike(text, next.strike);
            expected = foreignLines(text, profiles);
            continue;
          }
          const { profile } = next;
          if ('version' in next) {
            text = putCredentials(
              text,
              credentialsEntry(profile, profile, { version: next.version, adopt: true }),
            );
            expect(text).toContain(`aws_access_key_id = OURS-${profile}-${String(next.version)}`);
          } else {
            const removal = { accountId: profile, written: [], forget: next.forget };
            text = decode(removeSections(encode(text), credentialsDialect, [removal]));
            expect(text).not.toContain(`OURS-${profile}-`);
          }
          expectUnchanged(withoutStrandedBlank(text, expected.length), expected);
        }
      }),
      {
        numRuns: 1000,
        examples: [
          [
            '',
            [
              { kind: 'put', profile: 'p0', version: 0 },
              { kind: 'put', profile: 'p2', version: 0 },
              { kind: 'insert', text: 'k = v', at: 9 },
              { kind: 'remove', profile: 'p2', forget: true },
              { kind: 'remove', profile: 'p0', forget: false },
            ],
          ],
        ],
      },
    );
  });
});
