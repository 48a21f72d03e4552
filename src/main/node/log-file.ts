/** The log: JSON lines, mode 0600, five files of 1 MiB at most, redacted before anything is written. */
import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { redact } from '../redact.ts';
import type { Clock, Logger } from '../ports.ts';

const maxBytes = 1024 * 1024;
const keptFiles = 5;

/** @param path absolute. A log that cannot be written is given up silently: it must not stop a connect. */
export function createLogFile(path: string, clock: Clock): Logger {
  let size = fileSize(path);
  return {
    log: (level, event, fields = {}) => {
      const line = `${JSON.stringify(redact({ time: new Date(clock.now()).toISOString(), level, event, ...plain(fields) }))}\n`;
      try {
        if (size === 0) mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
        if (size + line.length > maxBytes) {
          rotate(path);
          size = 0;
        }
        appendFileSync(path, line, { mode: 0o600 });
        size += line.length;
      } catch {
        // Nobody is left to tell.
      }
    },
  };
}

function fileSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** `rolekey.log` becomes `.1`, `.1` becomes `.2` and so on; the last one is overwritten. */
function rotate(path: string): void {
  for (let n = keptFiles - 1; n >= 1; n -= 1) {
    const older = n === 1 ? path : `${path}.${String(n - 1)}`;
    if (fileSize(older) > 0) renameSync(older, `${path}.${String(n)}`);
  }
}

/** Errors as values JSON can carry: with code and causes, without secrets (an AppError holds none). */
function plain(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
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
