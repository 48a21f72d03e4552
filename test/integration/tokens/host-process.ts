import { readdirSync, readFileSync } from 'node:fs';

/** Ids of the running processes that were started with `argument` on their command line (Linux). */
export function processesWith(argument: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => commandLine(pid).includes(argument))
    .map(Number);
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return []; // it has ended meanwhile
  }
}

/** Waits until `condition` holds. @throws Error after `patienceMs` milliseconds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  patienceMs = 10_000,
): Promise<void> {
  for (const deadline = Date.now() + patienceMs; !(await condition());) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${String(patienceMs / 1000)} s`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
