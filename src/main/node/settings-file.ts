/**
 * Rolekey's configuration file on disk: `config.json`, mode 0600, two-space JSON.
 *
 * `conf` writes the new content beside it; it is put in place here, since conf does not notice that a full disk cut
 * what it wrote, writes in place under Snap (and in every terminal a Snap opened), and replaces a symbolic link whose
 * target is not there yet. Reading is done here too: conf's creates the folder, and takes bytes that are not UTF-8.
 */
import * as fs from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError, errorTable } from '../../shared/errors.ts';
import type { Decoded, DocumentFormat } from '../accounts/document-format.ts';
import type { SettingsFile } from '../ports.ts';
import { Conf } from './conf.ts';

const fileMode = 0o600;
const directoryMode = 0o700;

/**
 * @param directory absolute; created (mode 0700) with the first write.
 */
export function createSettingsFile<Document extends object>(
  directory: string,
  format: DocumentFormat<Document>,
): SettingsFile<Document> {
  const path = join(directory, 'config.json');
  /** What was last seen on disk; null stands for no file. */
  let seen: ({ readonly bytes: Buffer } & Decoded<Document>) | null = null;

  function read(): Document | undefined {
    const bytes = readBytes(path);
    if (bytes === null) seen = null;
    else if (seen?.bytes.equals(bytes) !== true) seen = { bytes, ...format.decode(parse(bytes, path), path) };
    return seen?.document;
  }

  function write(document: Document): void {
    if (seen !== null && seen.storedVersion < format.version) {
      backUp(seen.bytes, `${path}.v${String(seen.storedVersion)}-backup`);
    }
    const bytes = Buffer.from(serialize(document));
    replace(path, document, bytes, refuseIfChanged);
    seen = { bytes, document, storedVersion: format.version };
  }

  function refuseIfChanged(): void {
    const now = readBytes(path);
    if (now === null ? seen === null : seen?.bytes.equals(now) === true) return;
    throw new AppError('file-busy', { message: `${path} was changed by another program just now.` });
  }

  return { path, read, write };
}

function serialize(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The file's bytes; null where there is none. Permissions of group and others are taken from it where that can be done. */
function readBytes(path: string): Buffer | null {
  try {
    tighten(path);
    return fs.readFileSync(path);
  } catch (cause) {
    if (errno(cause) === 'ENOENT') return null;
    const message = `${path} cannot be read (${errno(cause)}).`;
    throw new AppError('config-unreadable', { message, remedy: errorTable['file-unreadable'].remedy, cause });
  }
}

function tighten(path: string): void {
  const { mode } = fs.statSync(path);
  if ((mode & 0o077) === 0) return;
  try {
    fs.chmodSync(path, mode & 0o700);
  } catch {
    // Linked from a read-only store by a dotfile manager, for one; it holds no secret.
  }
}

function parse(bytes: Buffer, path: string): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new AppError('config-unreadable', { message: `${path} is not text in UTF-8.`, cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    // The engine's words tell what is wrong. They quote the file, so what is no text in it is taken out.
    const why = cause instanceof SyntaxError ? `: ${cause.message.replace(/\p{Cc}+/gu, ' ')}` : '';
    throw new AppError('config-unreadable', {
      message: `${path} is not JSON${why}${lineIn(text, why)}.`,
      cause,
    });
  }
}

/** ` (line 3, column 7)` where the engine tells a position, or the text ends too early; newer engines say it themselves. */
function lineIn(text: string, why: string): string {
  if (/\bline \d/.test(why)) return '';
  const position = / at position (\d+)/.exec(why)?.[1];
  const before = text.slice(0, position === undefined ? text.length : Number(position)).split('\n');
  return ` (line ${String(before.length)}, column ${String((before.at(-1)?.length ?? 0) + 1)})`;
}

/**
 * Puts `bytes`, the serialized `document`, in the place of `path` through symbolic links: all of them or none.
 * @param lastCheck may still refuse when everything is ready.
 */
function replace(path: string, document: object, bytes: Buffer, lastCheck: () => void): void {
  try {
    fs.mkdirSync(dirname(path), { recursive: true, mode: directoryMode });
    const target = linkTarget(path);
    const staged = `${target}.new`;
    fs.accessSync(dirname(target), fs.constants.W_OK); // conf would try for a second, with the process at a halt
    try {
      sweep(staged);
      stage(staged, document, bytes);
      lastCheck();
      fs.renameSync(staged, target);
    } finally {
      sweep(staged);
    }
  } catch (cause) {
    throw writeFailure(path, cause);
  }
}

/** Where a chain of symbolic links leads, whether or not there is a file yet. */
function linkTarget(path: string): string {
  const here = join(fs.realpathSync(dirname(path)), basename(path));
  if (fs.statSync(here, { throwIfNoEntry: false }) !== undefined) return fs.realpathSync(here);
  return fs.lstatSync(here, { throwIfNoEntry: false })?.isSymbolicLink() === true
    ? linkTarget(resolve(dirname(here), fs.readlinkSync(here)))
    : here;
}

/** Removes a staged file and what `conf` left of one in a process that was killed. */
function sweep(staged: string): void {
  const name = basename(staged);
  for (const entry of fs.readdirSync(dirname(staged))) {
    if (entry === name || entry.startsWith(`${name}.tmp-`))
      fs.rmSync(join(dirname(staged), entry), { force: true });
  }
}

function stage(staged: string, document: object, bytes: Buffer): void {
  const conf = new Conf({
    cwd: dirname(staged),
    configName: basename(staged),
    fileExtension: '',
    configFileMode: fileMode,
    clearInvalidConfig: false,
    accessPropertiesByDotNotation: false,
    serialize,
  });
  conf.store = document;
  if (!fs.readFileSync(staged).equals(bytes)) throw Object.assign(new Error('cut short'), { code: 'ENOSPC' });
  sync(staged);
}

function backUp(bytes: Buffer, path: string): void {
  try {
    fs.writeFileSync(path, bytes, { mode: fileMode });
    sync(path);
  } catch (cause) {
    throw writeFailure(path, cause);
  }
}

function sync(path: string): void {
  const descriptor = fs.openSync(path, 'r+');
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

const full = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

function writeFailure(path: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const code = errno(cause);
  return full.has(code)
    ? new AppError('disk-full', { message: `The disk of ${path} is full.`, cause })
    : new AppError('file-readonly', { message: `${path} cannot be written (${code}).`, cause });
}

function errno(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
