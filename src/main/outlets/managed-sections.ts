/**
 * Rolekey's own sections in a file that belongs to the user. Pure: bytes in, bytes out.
 *
 * Ours are the marker line, the values we wrote, header and blank line above it where we wrote them, and the comment
 * lines that keep what was displaced. Every other byte is the user's and stays.
 * docs/decisions/0005-lossless-ini-editor.md has the reasons.
 */
import { AppError } from '../../shared/errors.ts';
import { indentOf, readLines } from './ini-document.ts';
import type { Line, Reading } from './ini-document.ts';
import { keep, kept, markedAccount, markerOf } from './owner-marks.ts';
import { closeFile, hasOwnHeader, keptHeader, newSection, openFile } from './section-file.ts';
import type { Dialect, Section, SectionFile } from './section-file.ts';

export type KeyValue = readonly [key: string, value: string];

export interface SectionRemoval {
  readonly accountId: string;
  /** Values we wrote under keys that users set as well (`region`): ours while they read as written. */
  readonly written: readonly KeyValue[];
  /** Take the marker, too, from a section that stays because the user has lines in it. */
  readonly forget: boolean;
}

export interface SectionEntry {
  readonly accountId: string;
  readonly profile: string;
  /** In the order they are to stand. */
  readonly values: readonly KeyValue[];
  /** As in {@link SectionRemoval}, of the time before. */
  readonly written: readonly KeyValue[];
  /** Take over a section of that name that is not ours. */
  readonly adopt: boolean;
}

export interface ManagedSection {
  readonly accountId: string;
  readonly profile: string;
  /** False where nothing but the marker and lines of the user is left. */
  readonly active: boolean;
  /** What our keys are set to there; ours may have been changed since. */
  readonly values: ReadonlyMap<string, string>;
}

/** What decides whose credentials a profile has (AWS SDKs reference, settings): put out of effect on adoption. */
const credentialKeys = [
  'aws_access_key_id',
  'aws_secret_access_key',
  'aws_session_token',
  'aws_security_token',
  'x_security_token_expires',
  'credential_process',
  'credential_source',
  'source_profile',
  'role_arn',
  'web_identity_token_file',
  'sso_session',
  'sso_start_url',
  'sso_account_id',
  'sso_role_name',
  'sso_region',
  'login_session',
];

/**
 * Writes a section for every entry: changed where it stands, moved where the account had another profile, else
 * appended.
 * @throws AppError `section-foreign`, `marker-damaged`, `file-undecodable`, `account-invalid` for a value that readers
 * would not read back.
 */
export function putSections(
  bytes: Uint8Array | null,
  dialect: Dialect,
  entries: readonly SectionEntry[],
): Uint8Array {
  const file = openFile(bytes, dialect);
  const index = indexOf(file);
  for (const entry of entries) putSection(file, index, entry);
  return closeFile(file);
}

/**
 * Takes away what is ours. With no other writer in between, removing the last of ours gives back the bytes from before
 * the first, whatever the order.
 * @throws AppError `marker-damaged`, `file-undecodable`.
 */
export function removeSections(
  bytes: Uint8Array,
  dialect: Dialect,
  removals: readonly SectionRemoval[],
): Uint8Array {
  const file = openFile(bytes, dialect);
  const { byAccount } = indexOf(file);
  for (const removal of removals) {
    const section = byAccount.get(removal.accountId);
    if (section !== undefined) releaseSection(section, dialect, removal);
    byAccount.delete(removal.accountId); // the same ID again must find nothing: what is left is the user's
  }
  return closeFile(file);
}

/** Sections with our marker, in file order. @throws AppError `marker-damaged`, `file-undecodable`. */
export function listSections(bytes: Uint8Array, dialect: Dialect): ManagedSection[] {
  return openFile(bytes, dialect).sections.flatMap((section) => {
    const { accountId, profile } = section;
    if (accountId === null || profile === null) return [];
    const values = ownValues(section, dialect);
    return [{ accountId, profile, active: values.size > 0, values }];
  });
}

interface Index {
  readonly byAccount: Map<string, Section>;
  readonly byProfile: Map<string, Section[]>;
}

function indexOf(file: SectionFile): Index {
  const index: Index = { byAccount: new Map(), byProfile: new Map() };
  for (const section of file.sections) addToIndex(index, section);
  return index;
}

function addToIndex({ byAccount, byProfile }: Index, section: Section): void {
  if (section.accountId !== null) byAccount.set(section.accountId, section);
  if (section.profile === null) return;
  const same = byProfile.get(section.profile);
  if (same === undefined) byProfile.set(section.profile, [section]);
  else same.push(section);
}

function putSection(file: SectionFile, index: Index, entry: SectionEntry): void {
  for (const [key, value] of [...entry.values, ['profile', entry.profile] as const])
    refuseUnreadable(key, value);
  const former = index.byAccount.get(entry.accountId);
  if (former !== undefined && former.profile !== entry.profile) {
    releaseSection(former, file.dialect, { ...entry, forget: true });
  }
  const named = (index.byProfile.get(entry.profile) ?? []).filter(({ state }) => state !== 'removed');
  const [section = appendSection(file, index, entry)] = named;
  if (named.length > 1) throw foreign(entry, named, 'stands more than once', 'Leave one of the sections.');
  if (section.accountId === null) {
    if (!entry.adopt) throw foreign(entry, named, 'is not managed by Rolekey');
    adoptSection(file, section, entry);
  } else if (section.accountId !== entry.accountId && ownValues(section, file.dialect).size > 0) {
    const remedy = 'Choose another name with --aws-profile.';
    throw foreign(entry, named, `belongs to the account ${section.accountId}`, remedy);
  }
  if (section.accountId !== null) index.byAccount.delete(section.accountId);
  section.accountId = entry.accountId;
  index.byAccount.set(entry.accountId, section);
  updateSection(section, file.dialect, entry);
}

function appendSection(
  { dialect, lineEnd, sections }: SectionFile,
  index: Index,
  entry: SectionEntry,
): Section {
  const header = { text: `[${dialect.headerOf(entry.profile)}]`, end: lineEnd };
  const section = newSection('new', entry.profile, header, 0);
  section.accountId = entry.accountId;
  section.body = [{ text: markerOf(entry.accountId), end: lineEnd }];
  sections.push(section);
  addToIndex(index, section);
  return section;
}

/** Makes a section of the user's ours; its header and what would overrule our values stay as comments. */
function adoptSection({ dialect, lineEnd }: SectionFile, section: Section, entry: SectionEntry): void {
  const { header, body } = section;
  const end = header.end === '' ? lineEnd : header.end;
  const displaced = new Set([...credentialKeys, ...entry.values.map(([key]) => key)]);
  // What looks kept already gets a second mark, so that taking one away gives back what was there.
  const escaped = body.map((line) => (kept(line.text) === null ? line : keepLine(line)));
  section.header = { text: `[${dialect.headerOf(entry.profile)}]`, end };
  section.body = [
    { text: markerOf(entry.accountId), end },
    keepLine(header),
    ...displace(escaped, ({ key }) => displaced.has(key)),
  ];
}

/** Brings marker and values up to date where they stand; what is missing comes after the last line of ours. */
function updateSection(section: Section, dialect: Dialect, entry: SectionEntry): void {
  const missing = new Map(entry.values);
  const ours = ownership(dialect, [...entry.written, ...entry.values]);
  const lines = displace(section.body, (reading) => missing.has(reading.key) && !ours(reading));
  const readings = readLines(lines);
  const body: Line[] = [];
  let end = 0;
  let indent: string | null = null;
  for (const [index, line] of lines.entries()) {
    const reading = readings[index];
    if (markedAccount(line.text) !== null) {
      end = body.push({ ...line, text: markerOf(entry.accountId) });
    } else if (reading?.kind === 'key' && ours(reading)) {
      const value = missing.get(reading.key);
      if (value === undefined) continue; // not wanted any more, or there twice
      missing.delete(reading.key);
      indent = indentOf(line.text);
      end = body.push({ ...line, text: `${indent}${reading.key} = ${value}` });
    } else {
      body.push(line);
    }
  }
  // A line indented deeper than the key above it would continue that value: ours stand as deep as what follows.
  const next = body.slice(end).find(({ text }) => !/^\s*([#;]|$)/.test(text));
  indent ??= next === undefined ? '' : indentOf(next.text);
  const added = Array.from(missing, ([key, value]) => ({
    text: `${indent}${key} = ${value}`,
    end: section.header.end,
  }));
  section.body = [...body.slice(0, end), ...added, ...body.slice(end)];
}

/** Takes out what is ours. Header and marker stay where lines of the user are left that belong to them. */
function releaseSection(
  section: Section,
  dialect: Dialect,
  { written, forget }: Pick<SectionRemoval, 'written' | 'forget'>,
): void {
  const ours = ownership(dialect, written);
  const readings = readLines(section.body);
  const original = keptHeader(section);
  const parts = section.body.map((line, index) => {
    const reading = readings[index];
    if (markedAccount(line.text) !== null) return { line, owner: 'marker' };
    const own = line === original || (reading?.kind === 'key' && ours(reading));
    return own ? { line, owner: 'ours' } : { line: restoreLine(line), owner: 'theirs' };
  });
  const linesOf = (chosen: typeof parts): Line[] =>
    chosen.flatMap(({ line, owner }) => (owner === 'theirs' ? [line] : []));
  const ourEnd = parts.findLastIndex(({ owner }) => owner !== 'theirs') + 1;
  const usersOwn =
    linesOf(parts.slice(0, ourEnd)).some(({ text }) => text.trim() !== '') ||
    countBelonging(linesOf(parts.slice(ourEnd))) > 0;

  if (original !== undefined) {
    section.header = restoreLine(original);
    section.body = linesOf(parts);
    section.accountId = null;
  } else if (hasOwnHeader(section, dialect) && !usersOwn) {
    section.state = 'removed';
    section.body = linesOf(parts);
  } else {
    const left = parts.filter(({ owner }) => owner === 'theirs' || (owner === 'marker' && !forget));
    section.body = left.map(({ line }) => line);
    if (forget) section.accountId = null;
  }
}

/**
 * How many of a section's last lines are its own: comments after a blank line, with no key behind them, speak of what
 * follows.
 */
function countBelonging(lines: readonly Line[]): number {
  const readings = readLines(lines);
  const lastLive = readings.findLastIndex(({ kind }) => kind !== 'blank' && kind !== 'comment');
  const blank = readings.findIndex(({ kind }, index) => index > lastLive && kind === 'blank');
  return blank === -1 ? lines.length : blank;
}

type KeyReading = Extract<Reading, { kind: 'key' }>;

function ownership(dialect: Dialect, written: readonly KeyValue[]): (reading: KeyReading) => boolean {
  return ({ key, value }) =>
    dialect.keys.includes(key) || written.some((pair) => pair[0] === key && pair[1] === value);
}

function ownValues({ body }: Section, { keys }: Dialect): Map<string, string> {
  const values = new Map<string, string>();
  for (const reading of readLines(body)) {
    if (reading.kind === 'key' && keys.includes(reading.key)) values.set(reading.key, reading.value);
  }
  return values;
}

/** Makes comments of the keys that `which` picks and of the lines that continue them. */
function displace(lines: readonly Line[], which: (reading: KeyReading) => boolean): Line[] {
  const readings = readLines(lines);
  let displacing = false;
  return lines.map((line, index) => {
    const reading = readings[index];
    if (reading?.kind === 'key') displacing = which(reading);
    const live = reading?.kind === 'key' || reading?.kind === 'continuation';
    return displacing && live ? keepLine(line) : line;
  });
}

function keepLine(line: Line): Line {
  return { ...line, text: keep(line.text) };
}

function restoreLine(line: Line): Line {
  return { ...line, text: kept(line.text) ?? line.text };
}

/**
 * What every reader takes back as it was written: no control characters, no white space at either end, not empty
 * (a nested section would begin), nothing the SDKs other than botocore cut off as a comment.
 */
function refuseUnreadable(key: string, value: string): void {
  const readable =
    value !== '' &&
    value === value.trim() &&
    !/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\p{Surrogate}]/u.test(value) &&
    !/(^|\s)[#;]/.test(value);
  if (readable) return;
  throw new AppError('account-invalid', {
    message: `The value of ${key} holds characters that cannot stand in an AWS file.`,
    remedy: 'Use a value of one line without control characters, and without # or ; after a space.',
  });
}

function foreign(entry: SectionEntry, sections: readonly Section[], what: string, remedy?: string): AppError {
  const places = sections.map(({ line }) => String(line)).join(' and ');
  return new AppError('section-foreign', {
    message: `The AWS profile ${entry.profile} (line ${places}) ${what}.`,
    ...(remedy === undefined ? {} : { remedy }),
  });
}
