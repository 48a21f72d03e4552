/** A user's AWS file taken apart into sections, ours told from theirs, and put together again. Pure. */
import { AppError } from '../../shared/errors.ts';
import { decodeLines, encodeLines, readLines } from './ini-document.ts';
import type { Line, LineEnd, Reading } from './ini-document.ts';
import { kept, markedAccount, resemblesMarker } from './owner-marks.ts';

/** How one of AWS's two files names its sections, and which keys in a section of ours are always ours. */
export interface Dialect {
  /** The text between the brackets that every reader takes for `profile`. */
  headerOf(profile: string): string;
  /** The profile a section is for some reader, however it is spelled; null for a section of another kind. */
  profileOf(sectionName: string): string | null;
  readonly keys: readonly string[];
}

export interface Section {
  readonly profile: string | null;
  /** Line of the header, counted from 1; 0 for a section not yet in the file. */
  readonly line: number;
  header: Line;
  /** The lines up to the next header. */
  body: Line[];
  /** Whom our marker names; null where there is none. */
  accountId: string | null;
  /** The blank line above the header that came with it; null where there is none. */
  separator: Line | null;
  /** `new`: to be appended. `removed`: header and separator go, the lines left in `body` stay. */
  state: 'present' | 'new' | 'removed';
}

export interface SectionFile {
  readonly dialect: Dialect;
  readonly bom: boolean;
  /** The lines above the first header. */
  readonly preamble: Line[];
  readonly sections: Section[];
  /** Ends the lines we add: the last line end there is. */
  readonly lineEnd: LineEnd;
}

/**
 * Stands in for the blank line above a section of ours where the line before had no line end. Readers take it for
 * the blank line it looks like; it tells removal that the line end before it came with us, too.
 */
const joint = ' \t';

/** @throws AppError `file-undecodable`, `marker-damaged`. */
export function openFile(bytes: Uint8Array | null, dialect: Dialect): SectionFile {
  const { bom, lines } = decodeLines(bytes ?? new Uint8Array());
  const readings = readLines(lines);
  const preamble: Line[] = [];
  const sections: Section[] = [];
  lines.forEach((line, index) => {
    const reading = readings[index];
    if (reading?.kind === 'header') {
      sections.push(newSection('present', dialect.profileOf(reading.name), line, index + 1));
    } else {
      (sections.at(-1)?.body ?? preamble).push(line);
    }
  });
  claimMarkers(lines, readings, sections);
  claimSeparators(preamble, sections, dialect);
  const lineEnd = lines.findLast(({ end }) => end !== '')?.end ?? '\n';
  return { dialect, bom, preamble, sections, lineEnd };
}

export function closeFile({ dialect, bom, preamble, sections, lineEnd }: SectionFile): Uint8Array {
  const lines: Line[] = [];
  const add = (added: readonly Line[]): void => {
    for (const line of added) {
      const last = lines.at(-1);
      if (last?.end === '') lines[lines.length - 1] = { ...last, end: lineEnd };
      lines.push(line);
    }
  };
  /** The separator before removed sections that left no line; undefined where none was removed just before. */
  let freed: Line | null | undefined;

  add(preamble);
  for (const section of sections) {
    if (section.state === 'removed') {
      if (freed === undefined) freed = section.separator;
      if (section.body.length > 0) freed = undefined;
      add(section.body);
      continue;
    }
    let separator = section.state === 'new' ? separatorAfter(lines.at(-1), lineEnd) : section.separator;
    if (freed !== undefined && hasOwnHeader(section, dialect)) separator = freed;
    freed = undefined;
    if (separator !== null) add([separator]);
    add([section.header]);
    add(section.body);
  }
  const last = lines.at(-1);
  if (freed?.text === joint && last !== undefined) lines[lines.length - 1] = { ...last, end: '' };
  return encodeLines({ bom, lines });
}

export function newSection(
  state: 'present' | 'new',
  profile: string | null,
  header: Line,
  line: number,
): Section {
  return { state, profile, header, line, body: [], accountId: null, separator: null };
}

/** The header a section had before it was adopted, as the comment line that keeps it. */
export function keptHeader(section: Section): Line | undefined {
  return section.body.find(({ text }) => kept(text)?.trimStart().startsWith('['));
}

/** Whether the header, and with it the separator, is one that we wrote: neither adopted nor changed since. */
export function hasOwnHeader(section: Section, dialect: Dialect): boolean {
  const { accountId, profile, header } = section;
  if (accountId === null || profile === null || keptHeader(section) !== undefined) return false;
  return header.text === `[${dialect.headerOf(profile)}]`;
}

function separatorAfter(last: Line | undefined, lineEnd: LineEnd): Line | null {
  if (last === undefined) return null;
  return { text: last.end === '' ? joint : '', end: lineEnd };
}

/**
 * Gives every section its marker. A marker stands under the header; only comments may come between, so that it never
 * speaks for keys it was not written for.
 */
function claimMarkers(
  lines: readonly Line[],
  readings: readonly Reading[],
  sections: readonly Section[],
): void {
  const seen = new Map<string, number>();
  let next = 0;
  /** The section whose marker may still come. */
  let open: Section | undefined;
  lines.forEach(({ text }, index) => {
    const line = index + 1;
    const kind = readings[index]?.kind;
    if (kind === 'header') {
      open = sections[next];
      next += 1;
      return;
    }
    if (resemblesMarker(text)) throw damaged(line, 'is not a marker any more');
    const accountId = markedAccount(text);
    if (accountId === null) {
      if (kind !== 'comment') open = undefined;
      return;
    }
    if (open === undefined || open.profile === null)
      throw damaged(line, 'is not below the header of a profile');
    const twin = seen.get(accountId);
    if (twin !== undefined) throw damaged(line, `names the same account as line ${String(twin)}`);
    seen.set(accountId, line);
    open.accountId = accountId;
    open = undefined;
  });
}

function claimSeparators(preamble: Line[], sections: readonly Section[], dialect: Dialect): void {
  sections.forEach((section, index) => {
    const above = sections[index - 1]?.body ?? preamble;
    const last = above.at(-1);
    // Nothing is above the first line of a file, so a separator there is none of ours.
    if (last === undefined || (above === preamble && above.length === 1)) return;
    if ((last.text === '' || last.text === joint) && hasOwnHeader(section, dialect)) {
      section.separator = last;
      above.pop();
    }
  });
}

function damaged(line: number, what: string): AppError {
  return new AppError('marker-damaged', {
    message: `Line ${String(line)}, which should mark a section as Rolekey’s, ${what}.`,
  });
}
