/** A stored document with a version: recognised, brought up to date step by step, and checked. Pure. */
import type * as z from 'zod';
import { AppError } from '../../shared/errors.ts';
import { fieldPath, firstIssue, whatIsWrong } from './field-issue.ts';

/** A document of one version made into one of the next. Pure; may throw where the document is not what it should be. */
export type Migration = (document: Readonly<Record<string, unknown>>) => Record<string, unknown>;

export interface Decoded<Document> {
  readonly document: Document;
  /** The version it was stored as; below the format's own where it was migrated. */
  readonly storedVersion: number;
}

export interface DocumentFormat<Document> {
  /** The version this program writes. */
  readonly version: number;
  /**
   * A parsed JSON value as the current document.
   * @param path names the file in messages.
   * @throws AppError `config-newer`; `config-unreadable` naming the field or the migration step.
   */
  decode(value: unknown, path: string): Decoded<Document>;
}

/**
 * A format with its migrations: `migrations[n]` makes version n + 1 out of version n.
 * @param schema of the document as of `version`.
 */
export function documentFormat<Document>(
  version: number,
  schema: z.ZodType<Document>,
  migrations: Readonly<Record<number, Migration>>,
): DocumentFormat<Document> {
  return {
    version,
    decode(value, path) {
      const stored = versioned(value, path);
      if (stored.version > version) {
        throw new AppError('config-newer', {
          message: `${path} has version ${String(stored.version)}; this Rolekey knows versions up to ${String(version)}.`,
        });
      }
      const current = migrate(stored, version, migrations, path);
      const checked = schema.safeParse(current);
      if (!checked.success) {
        const issue = firstIssue(checked.error);
        throw unreadable(`In ${path}, ${fieldPath(issue.path)} ${whatIsWrong(issue)}.`);
      }
      return { document: checked.data, storedVersion: stored.version };
    },
  };
}

type Versioned = Record<string, unknown> & { version: number };

function versioned(value: unknown, path: string): Versioned {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unreadable(`${path} does not hold a JSON object.`);
  }
  const version = 'version' in value ? value.version : undefined;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) {
    throw unreadable(`In ${path}, version must be a whole number from 1 on.`);
  }
  return { ...value, version };
}

function migrate(
  stored: Versioned,
  to: number,
  migrations: Readonly<Record<number, Migration>>,
  path: string,
): Versioned {
  let document = stored;
  for (let from = stored.version; from < to; from += 1) {
    try {
      const step = migrations[from];
      if (step === undefined) throw new Error(`no migration from version ${String(from)}`);
      document = { ...step(document), version: from + 1 };
    } catch (cause) {
      throw unreadable(
        `${path} could not be brought from version ${String(from)} to ${String(from + 1)}.`,
        cause,
      );
    }
  }
  return document;
}

function unreadable(message: string, cause?: unknown): AppError {
  return new AppError('config-unreadable', { message, cause });
}
