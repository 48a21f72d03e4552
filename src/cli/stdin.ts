/** Standard input that is no terminal, or one where what is typed may be seen. */
import { createInterface } from 'node:readline';

/** The first line, without its end; empty where there is none. */
export async function firstLineOfStdin(): Promise<string> {
  for await (const line of stdinLines()) return line;
  return '';
}

/** The first command line, as a shell reads it: behind blank lines, and over several where a backslash ends one. */
export async function commandLineOfStdin(): Promise<string> {
  let command = '';
  for await (const line of stdinLines()) {
    if (command === '' && line.trim() === '') continue;
    const goesOn = isContinued(line);
    command += goesOn ? line.slice(0, -1) : line;
    if (!goesOn) break;
  }
  return command;
}

/** Whether the backslash at the end is one, and not the second of an escaped pair. */
function isContinued(line: string): boolean {
  return (/\\*$/.exec(line)?.[0].length ?? 0) % 2 === 1;
}

async function* stdinLines(): AsyncGenerator<string> {
  const reader = createInterface({ input: process.stdin, crlfDelay: Infinity });
  try {
    yield* reader;
  } finally {
    reader.close();
    process.stdin.destroy();
  }
}
