/**
 * AWS's INI files as a list of lines: read as the SDKs read them, and put together again byte for byte.
 *
 * The reference reader is botocore (Python's RawConfigParser: `=` and `:` part key from value, keys are lower-cased,
 * a line indented deeper than its key continues the value, only whole lines are comments). One rule follows the other
 * SDKs: an indented header is a header, where botocore would take it for a continuation.
 */
import { AppError } from '../../shared/errors.ts';

export type LineEnd = '' | '\n' | '\r\n' | '\r';

export interface Line {
  readonly text: string;
  /** Empty on the last line of a file that does not end in a line end. */
  readonly end: LineEnd;
}

export interface IniText {
  /** Whether the file begins with a UTF-8 byte order mark. */
  readonly bom: boolean;
  readonly lines: readonly Line[];
}

/** What a line is to a reader, given the lines before it. */
export type Reading =
  | { readonly kind: 'blank' | 'comment' | 'unknown' }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'key'; readonly key: string; readonly value: string }
  | { readonly kind: 'continuation'; readonly value: string };

export interface IniSection {
  /** As written inside the brackets, spaces and quotes included. */
  readonly name: string;
  /** Line of the header, counted from 1. */
  readonly line: number;
  /** Lower-case names; of a name given twice the last value; the lines of a continued value are joined by `\n`. */
  readonly keys: ReadonlyMap<string, string>;
}

const bomText = '\ufeff';

/**
 * The lines of a file; `\n`, `\r\n` and `\r` end one.
 * @throws AppError `file-undecodable` for what is not UTF-8, and for NUL (UTF-16 without its mark).
 */
export function decodeLines(bytes: Uint8Array): IniText {
  const text = decodeUtf8(bytes);
  if (text.includes('\0')) throw new AppError('file-undecodable');
  const bom = text.startsWith(bomText);
  const lines: Line[] = [];
  for (const [, content = '', end = ''] of text.slice(bom ? 1 : 0).matchAll(/([^\r\n]*)(\r\n|\n|\r|$)/g)) {
    if (content !== '' || end !== '') lines.push({ text: content, end: end as LineEnd });
  }
  return { bom, lines };
}

/** The bytes `decodeLines` was given, or those of changed lines. */
export function encodeLines({ bom, lines }: IniText): Uint8Array {
  const text = lines.map((line) => line.text + line.end).join('');
  return new TextEncoder().encode((bom ? bomText : '') + text);
}

/** Reads lines in order, from the first of a file or from a header on. */
export function readLines(lines: readonly Line[]): Reading[] {
  /** Columns before the key whose value may go on; infinite where there is none. */
  let keyIndent = Infinity;
  return lines.map(({ text }): Reading => {
    const content = strip(text);
    if (content === '') return { kind: 'blank' };
    if (/^[#;]/.test(content)) return { kind: 'comment' };
    const name = headerName(content);
    if (name !== null) {
      keyIndent = Infinity;
      return { kind: 'header', name };
    }
    const indent = indentOf(text).length;
    if (indent > keyIndent) return { kind: 'continuation', value: content };
    const [, key, value = ''] = /^([^=:]+)[=:](.*)$/s.exec(content) ?? [];
    if (key === undefined) return { kind: 'unknown' };
    keyIndent = indent;
    return { kind: 'key', key: strip(key).toLowerCase(), value: strip(value) };
  });
}

/**
 * Every section of a credentials or config file in file order, duplicates apart. Lines before the first header and
 * lines no reader understands are passed over.
 * @throws AppError `file-undecodable`.
 */
export function readSections(bytes: Uint8Array): IniSection[] {
  const sections: (IniSection & { readonly keys: Map<string, string> })[] = [];
  let key = '';
  readLines(decodeLines(bytes).lines).forEach((reading, index) => {
    const keys = sections.at(-1)?.keys;
    if (reading.kind === 'header') {
      sections.push({ name: reading.name, line: index + 1, keys: new Map() });
    } else if (reading.kind === 'key') {
      key = reading.key;
      keys?.set(key, reading.value);
    } else if (reading.kind === 'continuation') {
      keys?.set(key, `${keys.get(key) ?? ''}\n${reading.value}`);
    }
  });
  return sections;
}

/** The white space a line begins with, as Python tells it: unlike for JavaScript, a byte order mark is none. */
export function indentOf(text: string): string {
  return /^[^\S\ufeff]*/.exec(text)?.[0] ?? '';
}

function strip(text: string): string {
  return text.replace(/^[^\S\ufeff]+|[^\S\ufeff]+$/g, '');
}

function headerName(content: string): string | null {
  return /^\[([^\]]*)\]/.exec(content)?.[1] ?? null;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new AppError('file-undecodable', { cause });
  }
}
