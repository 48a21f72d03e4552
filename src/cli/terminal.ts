/** The process that runs a command, as the command may see it. */
import { writeSync } from 'node:fs';
import { AppError } from '../shared/errors.ts';
import type { Terminal } from './command.ts';
import { plainText } from './plain-text.ts';

/** @param json whether one JSON document is wanted in place of text. */
export function processTerminal(commandName: string, json: boolean): Terminal {
  return {
    env: process.env,
    get directory() {
      return currentFolder();
    },
    commandName: `rolekey ${commandName}`,
    json,
    get interactive() {
      return process.stdin.isTTY;
    },
    print: (document, text) => {
      writeOut(json ? `${JSON.stringify({ version: 1, ...document })}\n` : ensureNewline(text()));
    },
    write: writeOut,
    say: (text) => {
      writeFully(2, `${plainText(text)}\n`);
    },
  };
}

/** The reader of standard output went away (`rolekey status --watch | head`): no failure, and nothing left to do. */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone';
}

/**
 * All of `text` to standard output. The stream that `process.stdout` would be is not set up for it: that takes as long
 * as the agent's answer.
 * @throws ReaderGone; AppError `disk-full`, `output-failed`.
 */
export function writeOut(text: string): void {
  try {
    writeFully(1, text);
  } catch (cause) {
    const code = codeOf(cause);
    if (code === 'EPIPE') throw new ReaderGone();
    const full = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code);
    throw new AppError(full ? 'disk-full' : 'output-failed', {
      message: full ? 'There is no space left for the output.' : `The output cannot be written (${code}).`,
      remedy: 'Send it elsewhere and try again.',
      cause,
    });
  }
}

/** A pipe that takes no more for now (EAGAIN, where its other end made it so) is tried again. */
function writeFully(descriptor: number, text: string): void {
  let left = Buffer.from(text);
  while (left.length > 0) {
    try {
      left = left.subarray(writeSync(descriptor, left));
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5); // milliseconds
    }
  }
}

/** @throws AppError `folder-gone`: the folder this was started in was removed. */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch (cause) {
    throw new AppError('folder-gone', { cause });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function ensureNewline(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
