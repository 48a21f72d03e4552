/** PKCS#11 modules as files: what they are and whether another user could change what would be loaded. */
import { createHash } from 'node:crypto';
import { open, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import type { ModuleConfiguration, ModuleFiles } from '../ports.ts';
import { libraryProblem } from '../tokens/shared-library.ts';
import { lookAtPath } from './path-look.ts';

/** Larger than any module; keeps a wrongly named disk image out of memory. */
const maxBytes = 256n * 1024n * 1024n;
/** A module file of p11-kit has a few lines. */
const maxConfigurationBytes = 64 * 1024;

const writableByOthers = 0o022;
const sticky = 0o1000;

export function createModuleFiles(): ModuleFiles {
  /** What was read, by path and the state of the file: modules are looked at before every signature. */
  const known = new Map<string, { readonly state: string; readonly sha256: string }>();

  async function sha256Of(path: string, real: string): Promise<string> {
    const state = await describe(path, real);
    const last = known.get(real);
    if (last?.state === state) return last.sha256;
    const bytes = await readModule(path, real);
    const problem = libraryProblem(bytes, process);
    if (problem !== null) throw notPkcs11(path, problem);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    known.set(real, { state, sha256 });
    return sha256;
  }

  return {
    inspect: async (path) => {
      const real = await resolve(path);
      return {
        path: real,
        sha256: await sha256Of(path, real),
        unsafe: process.platform === 'win32' ? null : await unsafeReason(real),
      };
    },
    configurations: async (folder) => {
      const names = await readdir(folder).catch(() => []);
      const modules = names.filter((name) => name.endsWith('.module')).sort();
      const read = await Promise.all(modules.map((name) => readConfiguration(folder, name)));
      return read.flat();
    },
    look: lookAtPath,
  };
}

/** None where it is no file, or cannot be read. */
async function readConfiguration(folder: string, name: string): Promise<ModuleConfiguration[]> {
  try {
    const real = await realpath(join(folder, name));
    const stats = await stat(real);
    if (!stats.isFile() || stats.size > maxConfigurationBytes) return [];
    return [{ name, text: await readFile(real, 'utf8'), unsafe: await unsafeReason(real) }];
  } catch {
    return [];
  }
}

function notPkcs11(path: string, problem: string): AppError {
  return new AppError('module-not-pkcs11', { message: `${path} is not a PKCS#11 module: ${problem}.` });
}

async function resolve(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    throw missing(path, cause);
  }
}

function missing(path: string, cause: unknown): AppError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : null;
  const why = code === 'EACCES' || code === 'EPERM' ? 'may not be read' : 'was not found';
  return new AppError('module-missing', { message: `The PKCS#11 module ${path} ${why}.`, cause });
}

async function readModule(path: string, real: string): Promise<Buffer> {
  try {
    const file = await open(real, 'r');
    try {
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw missing(path, cause);
  }
}

/**
 * What changes whenever the file does; ctime cannot be set by who changes the content.
 * Looked at before the file is opened: opening a named pipe or a device waits or acts.
 */
async function describe(path: string, real: string): Promise<string> {
  const stats = await stat(real, { bigint: true }).catch((cause: unknown) => {
    throw missing(path, cause);
  });
  if (!stats.isFile()) throw notPkcs11(path, 'it is not a file');
  if (stats.size > maxBytes) throw notPkcs11(path, 'it is too large');
  return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ');
}

/**
 * Null where root or we own the file and every folder above it, and nobody else may write to them. A folder everybody
 * writes to is taken if it is sticky: in it only owners rename, and the next part of the path has a trusted one.
 * @param real absolute, links resolved.
 */
async function unsafeReason(real: string): Promise<string | null> {
  const trustedOwners = [0, process.getuid?.()];
  for (let path = real; ; path = dirname(path)) {
    const stats = await stat(path);
    if (!trustedOwners.includes(stats.uid)) return `${path} belongs to another user`;
    const guarded = stats.isDirectory() && (stats.mode & sticky) !== 0;
    if ((stats.mode & writableByOthers) !== 0 && !guarded) return `${path} can be written by other users`;
    if (path === dirname(path)) return null;
  }
}
