/** What an edit of an AWS file would change, fit to be shown: a unified diff without secrets. Pure. */
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import { decodeLines, readLines } from './ini-document.ts';
import type { Reading } from './ini-document.ts';
import type { Preview } from './preview.ts';

/** Stands for a value that is not shown. */
export const mask = '********';

const secretWord = /secret|token|passw|private|api_?key|access_?key/i;
/** The word and what it is set to, also in a comment or in the arguments of a command. */
const secretValue = new RegExp(`^(.*?(?:${secretWord.source})[^=:]*[=:]\\s*)\\S.*$`, 'i');
/** What a file could use to command the terminal it is shown on. */
const terminalControl = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/**
 * Values of keys that name a secret are masked, whoever wrote them. Empty where no change is left to show.
 * @throws AppError `file-undecodable`.
 */
export function unifiedDiff({ path, before, after }: Preview): string {
  const from = showable(before);
  const to = showable(after);
  if (from === to) return '';
  const nameOf = (bytes: Uint8Array | null): string => (bytes === null ? '/dev/null' : path);
  return createTwoFilesPatch(nameOf(before), nameOf(after), from, to, undefined, undefined, {
    context: 3,
    headerOptions: FILE_HEADERS_ONLY,
  });
}

function showable(bytes: Uint8Array | null): string {
  const { lines } = decodeLines(bytes ?? new Uint8Array());
  const readings = readLines(lines);
  let secret = false;
  const shown = lines.map(({ text, end }, index) => {
    const reading = readings[index];
    if (reading?.kind === 'key') secret = secretWord.test(reading.key);
    return `${masked(text, reading, secret)}${end === '' ? '' : '\n'}`;
  });
  return shown.join('').replaceAll(terminalControl, '\ufffd');
}

function masked(text: string, reading: Reading | undefined, secret: boolean): string {
  return secret && reading?.kind === 'continuation' ? mask : text.replace(secretValue, `$1${mask}`);
}
