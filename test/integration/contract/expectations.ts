/** What every answer of the command line has in common. */
import { expect } from 'vitest';
import type { z } from 'zod';
import type { Result } from '../../support/world/program.ts';
import { exitCodeOf, failure } from './shapes.ts';

/** Exactly one JSON document and a newline, of that shape. */
export function documentOf<Shape extends z.ZodType>(result: Result, shape: Shape): z.output<Shape> {
  expect(result.stdout, shown(result)).toMatch(/^\{[^\n]*\}\n$/);
  return shape.parse(result.json());
}

/** A success with that document. */
export function success<Shape extends z.ZodType>(result: Result, shape: Shape): z.output<Shape> {
  expect(result, shown(result)).toMatchObject({ code: 0 });
  return documentOf(result, shape);
}

/** A failure told with `--json`: its document, nothing on standard error, and the exit code of its error code. */
export function jsonFailure(result: Result, code: string): z.output<typeof failure>['error'] {
  const { error } = documentOf(result, failure);
  expect(error, shown(result)).toMatchObject({ code });
  expect(result, shown(result)).toMatchObject({ code: exitCodeOf(code), stderr: '' });
  return error;
}

/** A failure told to people: nothing on standard output, one line `rolekey: MESSAGE REMEDY` on standard error. */
export function textFailure(result: Result, exit: number): string {
  expect(result, shown(result)).toMatchObject({ code: exit, stdout: '' });
  expect(result.stderr, shown(result)).toMatch(/^rolekey: [^\n]*[.!?] [^\n]*[.!?]\n$/);
  return result.stderr;
}

/** For the message of a test that fails. */
function shown({ code, stdout, stderr }: Result): string {
  return `exit ${String(code)}\nstdout: ${stdout}\nstderr: ${stderr}\n`;
}
