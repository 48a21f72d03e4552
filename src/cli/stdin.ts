/** Standard input that is no terminal, or one where what is typed may be seen. */
import { AppError } from '../shared/errors.ts';

/** How long a PIN and a command line may be, bytes of UTF-8; no line is longer, and an endless one must end. */
const mostOfPin = 4 * 1024;
const mostOfCommand = 64 * 1024;

/** The first line, without its end; empty where there is none. @throws AppError `usage-invalid` where it is no PIN's. */
export async function firstLineOfStdin(): Promise<string> {
  for await (const line of stdinLines(mostOfPin)) return line;
  return '';
}

/**
 * The first command line, as a shell reads it: behind blank lines, and over several where a backslash ends one.
 * @throws AppError `usage-invalid` where it is longer than any.
 */
export async function commandLineOfStdin(): Promise<string> {
  let command = '';
  for await (const line of stdinLines(mostOfCommand)) {
    if (command === '' && line.trim() === '') continue;
    const goesOn = isContinued(line);
    command += goesOn ? line.slice(0, -1) : line;
    checkLength(command, mostOfCommand);
    if (!goesOn) break;
  }
  return command;
}

/** How long a text to explain may be, bytes of UTF-8. */
const mostOfText = 64 * 1024;

/** All of it. @throws AppError `usage-invalid` where it is longer than any message. */
export async function textOfStdin(): Promise<string> {
  let text = '';
  process.stdin.setEncoding('utf8');
  for await (const chunk of process.stdin as AsyncIterable<string>) {
    text += chunk;
    if (Buffer.byteLength(text) <= mostOfText) continue;
    process.stdin.destroy();
    throw new AppError('usage-invalid', {
      message: `The text on standard input is longer than ${String(mostOfText / 1024)} KiB.`,
      remedy: 'Give the message alone.',
    });
  }
  return text;
}

/** Whether the backslash at the end is one, and not the second of an escaped pair. */
function isContinued(line: string): boolean {
  return (/\\*$/.exec(line)?.[0].length ?? 0) % 2 === 1;
}

/**
 * Lines without their ends: LF, CR LF or CR.
 * @param most how long a line may be, bytes of UTF-8.
 * @throws AppError `usage-invalid` for a longer one, as soon as it is.
 */
async function* stdinLines(most: number): AsyncGenerator<string> {
  let rest = '';
  let afterReturn = false;
  process.stdin.setEncoding('utf8');
  try {
    for await (const chunk of process.stdin as AsyncIterable<string>) {
      const text = rest + (afterReturn && chunk.startsWith('\n') ? chunk.slice(1) : chunk);
      afterReturn = chunk.endsWith('\r');
      const lines = text.split(/\r\n|\n|\r/);
      rest = lines.pop() ?? '';
      for (const line of lines) {
        checkLength(line, most);
        yield line;
      }
      checkLength(rest, most);
    }
    if (rest !== '') yield rest;
  } finally {
    process.stdin.destroy();
  }
}

function checkLength(line: string, most: number): void {
  if (Buffer.byteLength(line) <= most) return;
  throw new AppError('usage-invalid', {
    message: `The line on standard input is longer than ${String(most / 1024)} KiB.`,
  });
}
