/** PKCS#11 modules as files: what they are and whether another user could change what would be loaded. */
import { createHash } from 'node:crypto';
import { open, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import type { ModuleConfiguration, ModuleFiles } from '../ports.ts';
import { libraryProblem } from '../tokens/shared-library.ts';
import { lookAtPath } from './path-look.ts';
import { unsafeReason } from './unsafe-path.ts';

/** Larger than any module; keeps a wrongly named disk image out of memory. */
const maxBytes = 256n * 1024n * 1024n;
/** A module file of p11-kit has a few lines. */
const maxConfigurationBytes = 64 * 1024;

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
        unsafe: process.platform === 'win32' ? null : await unsafeWay(path, real),
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
    const path = join(folder, name);
    const real = await realpath(path);
    const stats = await stat(real);
    if (!stats.isFile() || stats.size > maxConfigurationBytes) return [];
    return [{ name, text: await readFile(real, 'utf8'), unsafe: await unsafeWay(path, real) }];
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

/** Of what was read, and of the links that led there. */
async function unsafeWay(path: string, real: string): Promise<string | null> {
  return (await unsafeReason(real)) ?? (await unsafeReason(path));
}
