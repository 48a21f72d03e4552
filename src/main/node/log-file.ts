/** The log: JSON lines, mode 0600, five files of 1 MiB at most, redacted before anything is written. */
import { appendFileSync, chmodSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { redact } from '../redact.ts';
import type { Clock, Logger } from '../ports.ts';

const maxBytes = 1024 * 1024;
const keptFiles = 5;
const mode = 0o600;

type Fields = Readonly<Record<string, unknown>>;

/** @param path absolute. A log that cannot be written is given up silently: it must not stop a connect. */
export function createLogFile(path: string, clock: Clock): Logger {
  let size: number | null = null;
  return {
    log: (level, event, fields = {}) => {
      const line = lineOf({ time: new Date(clock.now()).toISOString(), level, event }, fields);
      const length = Buffer.byteLength(line);
      try {
        size ??= open(path);
        if (size + length > maxBytes) {
          rotate(path);
          size = 0;
        }
        appendFileSync(path, line, { mode });
        size += length;
      } catch {
        // Nobody is left to tell.
      }
    },
  };
}

/** One entry. Fields that JSON cannot tell (a circle, a getter that throws), or that would fill a file, are left out. */
function lineOf(head: Fields, fields: Fields): string {
  try {
    const line = `${JSON.stringify(redact({ ...head, ...plain(fields) }))}\n`;
    if (Buffer.byteLength(line) <= maxBytes) return line;
  } catch {
    // Said below.
  }
  return `${JSON.stringify(redact({ ...head, fieldsLeftOut: true }))}\n`;
}

/** Makes the folder and sees to it that a file that is there is the owner's alone. @returns its size, bytes. */
function open(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const size = fileSize(path);
  if (size !== null) chmodSync(path, mode);
  return size ?? 0;
}

/** Bytes; null where there is no file. */
function fileSize(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.size ?? null;
}

/** `rolekey.log` becomes `.1`, `.1` becomes `.2` and so on; the last one is overwritten. */
function rotate(path: string): void {
  for (let n = keptFiles - 1; n >= 1; n -= 1) {
    const older = n === 1 ? path : `${path}.${String(n - 1)}`;
    if (fileSize(older) !== null) renameSync(older, `${path}.${String(n)}`);
  }
}

/** Errors as values JSON can carry: with code and causes, without secrets (an AppError holds none). */
function plain(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plainValue(value)]));
}

function plainValue(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  return {
    name: value.name,
    ...(value instanceof AppError ? { code: value.code } : { stack: value.stack }),
    message: value.message,
    ...(value.cause === undefined ? {} : { cause: plainValue(value.cause) }),
  };
}
