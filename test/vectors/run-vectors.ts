/** Runs every vector of a folder. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { checkDer, checkMessage, checkRequest, checkSession, type Check } from './checks.ts';
import type { Comparison } from './comparison.ts';
import {
  derVectorSchema,
  fileSchema,
  messageVectorSchema,
  requestVectorSchema,
  sessionVectorSchema,
} from './shapes.ts';

export interface Outcome {
  /** File and vector. */
  readonly name: string;
  /** What is wrong; none where it passed. */
  readonly failures: readonly string[];
  /** Fields the vector gives that no check looks at. */
  readonly uncompared: readonly string[];
}

interface Shape {
  /** A field no other shape has. */
  readonly mark: string;
  readonly check: (vector: unknown, folder: string) => Comparison;
}

const shapes: readonly Shape[] = [
  shape('input', sessionVectorSchema, checkSession),
  shape('query_string', requestVectorSchema, checkRequest),
  shape('raw_r_s_hex', derVectorSchema, checkDer),
  shape('message_hex', messageVectorSchema, checkMessage),
];

function shape<Vector>(mark: string, schema: z.ZodType<Vector>, check: Check<Vector>): Shape {
  return { mark, check: (vector, folder) => check(schema.parse(vector), folder) };
}

/** One outcome for each vector, and one for each file or folder that has none or cannot be read. */
export function runVectors(folder: string): Outcome[] {
  let files: string[];
  try {
    files = jsonFilesIn(folder);
  } catch (error) {
    return [failed(folder, describe(error))];
  }
  return files.length === 0 ? [failed(folder, 'no vectors in this folder')] : files.flatMap(runFile);
}

function jsonFilesIn(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .flatMap((path) => {
      if (statSync(path).isDirectory()) return jsonFilesIn(path);
      return path.endsWith('.json') ? [path] : [];
    });
}

function runFile(path: string): Outcome[] {
  let vectors: readonly unknown[];
  try {
    vectors = fileSchema.parse(JSON.parse(readFileSync(path, 'utf8'))).vectors;
  } catch (error) {
    return [failed(path, `not a file of vectors: ${describe(error)}`)];
  }
  return vectors.map((vector, index) => runVector(vector, path, index));
}

function runVector(vector: unknown, path: string, index: number): Outcome {
  const name = `${path} ${nameOf(vector) ?? `vectors[${String(index)}]`}`;
  const found = shapes.find(({ mark }) => typeof vector === 'object' && vector !== null && mark in vector);
  if (found === undefined) return failed(name, 'unknown shape');
  try {
    const comparison = found.check(vector, dirname(path));
    return { name, failures: comparison.differences, uncompared: comparison.uncompared() };
  } catch (error) {
    return failed(name, describe(error));
  }
}

function nameOf(vector: unknown): string | null {
  return z.object({ name: z.string() }).safeParse(vector).data?.name ?? null;
}

function failed(name: string, why: string): Outcome {
  return { name, failures: [why], uncompared: [] };
}

function describe(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error).replaceAll('\n', ' ');
  return error instanceof Error ? error.message : String(error);
}
