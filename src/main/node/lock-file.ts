/**
 * A lock between processes that dies with its holder.
 *
 * Whoever wants it puts a file of its own beside those of the others, then looks: alone, it holds the lock; else it
 * takes its file back and tries again. The name tells process and start, so that the file of a dead process is known
 * and removed by whoever meets it. No file has two owners, hence nobody can remove a lock somebody else just took.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface Lock {
  release(): Promise<void>;
}

/**
 * @param directory for lock files alone; created (mode 0700) where it is missing.
 * @param name of the lock: letters, digits and `-`.
 * @param waitMs how long to wait for another holder, milliseconds.
 * @returns null where another process held it all the time.
 * @throws what node:fs throws where the directory cannot be used.
 */
export async function takeLock(directory: string, name: string, waitMs: number): Promise<Lock | null> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const start = (await processStart(process.pid)) ?? '';
  const own = [name, String(process.pid), start, randomBytes(6).toString('hex')].join('.');
  const path = join(directory, own);
  const deadline = performance.now() + waitMs;
  do {
    if (!(await isHeld(directory, name, own))) {
      await (await open(path, 'wx', 0o600)).close();
      if (!(await isHeld(directory, name, own))) return { release: () => rm(path, { force: true }) };
      await rm(path, { force: true });
    }
    await delay(2 + Math.random() * 20);
  } while (performance.now() < deadline);
  return null;
}

async function isHeld(directory: string, name: string, own: string): Promise<boolean> {
  for (const file of await readdir(directory)) {
    if (file === own || !file.startsWith(`${name}.`)) continue;
    const [, pid = '', start = ''] = file.split('.');
    if (await isAlive(Number(pid), start)) return true;
    await rm(join(directory, file), { force: true });
  }
  return false;
}

async function isAlive(pid: number, start: string): Promise<boolean> {
  if (start !== '') return (await processStart(pid)) === start;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** When a process started, in the kernel's own count; null for a dead one (a zombie is), and where there is no /proc. */
async function processStart(pid: number): Promise<string | null> {
  try {
    const text = await readFile(`/proc/${String(pid)}/stat`, 'latin1');
    // proc(5): the command's name ends at the last parenthesis; state is field 3, starttime field 22.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return /[ZX]/.test(fields[0] ?? '') ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
